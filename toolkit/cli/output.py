"""What commands print: text for people, JSON for programs."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from toolkit.errors import ToolkitError
from toolkit.terminal import say

if TYPE_CHECKING:
    import polars as pl

    from toolkit.runs import Run


def show_frame(frame: "pl.DataFrame", *, as_json: bool) -> None:
    """Print a frame as lines of text, or as a JSON array with an object for each row."""
    from toolkit.display import text_table

    say(frame.write_json() if as_json else text_table(frame))


def show_value(value: object, frame: "pl.DataFrame", *, as_json: bool) -> None:
    """Print a value as it shows itself, or the rows of its frame as JSON."""
    say(frame.write_json() if as_json else repr(value))


def show_json(content: Any) -> None:
    """Print what JSON can hold."""
    say(json.dumps(content, indent=2, ensure_ascii=False))


def show_run(run: "Run", *, as_json: bool) -> None:
    """Print a run; exit with 1 when it was not successful."""
    say(run.to_json() if as_json else f"{run!r}\nReport: {run.report}")
    if not is_successful(run):
        raise typer.Exit(1)


def is_successful(ended: "Run | ToolkitError") -> bool:
    """Return whether a run was successful; an error in the place of a run is not."""
    from toolkit.runs import RunStatus

    return not isinstance(ended, ToolkitError) and ended.status is RunStatus.SUCCESSFUL


def named(names: Sequence[str], *, nothing: str) -> str:
    """Return names in a sentence."""
    return ", ".join(names) or nothing
