"""An export run by its notebook: papermill executes it, and what is kept of it names no person.

An unforeseen error may quote a row of the data. So whatever papermill saves, after each cell, passes here first: of
errors that are not the toolkit's own, only their kind and the places in the code are kept.
"""

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from toolkit import errors
from toolkit.errors import ConfigurationError, ToolkitError, UnavailableError
from toolkit.files import write_atomically
from toolkit.masking import without_addresses
from toolkit.runs import ChangingInputError, GuardError, RunFailedError

if TYPE_CHECKING:
    from traitlets.config import Config

_SCHEME = "without-people://"
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"^(File \S.*:\d+|Cell In\s?\[\d+\], line \d+)", re.MULTILINE)
_OURS = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, ToolkitError)
} | {kind.__name__: kind for kind in (GuardError, ChangingInputError, RunFailedError)}


def execute_notebook(
    notebook: Path, *, to: Path, parameters: Mapping[str, Any], cwd: Path, longest_seconds: int | None = None
) -> None:
    """Execute the notebook with these parameters, and keep it executed, whatever comes of it.

    Raises the ToolkitError that ended it, or UnavailableError for whatever else did.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if not notebook.is_file():
        raise ConfigurationError(
            f"The notebook {notebook} is not there.", "Run from a checkout of the project, or name it with --notebook."
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    _register()
    try:
        # In a folder of their own: the sockets of two kernels in one would meet.
        with TemporaryDirectory() as sockets:
            papermill.execute_notebook(
                str(notebook),
                f"{_SCHEME}{to}",
                parameters=dict(parameters),
                progress_bar=False,
                cwd=str(cwd),
                config=_without_tcp(sockets),
                execution_timeout=longest_seconds,
            )
    except PapermillExecutionError as error:
        raise _told(error.ename, error.evalue, notebook=to) from None
    except (CellTimeoutError, DeadKernelError) as error:
        what = "took too long and was ended" if isinstance(error, CellTimeoutError) else "lost its kernel"
        raise UnavailableError(
            f"The notebook {to} {what}.", "Nothing is lost: the next run sends what is missing. See its log and memory."
        ) from None


def without_people(notebook: dict[str, Any]) -> dict[str, Any]:
    """Take out of the outputs of a notebook, as JSON, what may name a person."""
    for cell in notebook["cells"]:
        if "outputs" not in cell:
            continue
        for output in cell["outputs"]:
            if output["output_type"] == "error" and output["ename"] not in _OURS:
                output["evalue"] = "(its words are left out, because they may quote the data)"
                output["traceback"] = [*_places(output["traceback"]), f"{output['ename']}: {output['evalue']}"]
        cell["outputs"] = _masked(cell["outputs"])
    return notebook


@cache
def _register() -> None:
    from papermill.iorw import papermill_io

    papermill_io.register(_SCHEME, _Writer())


class _Writer:
    """Writes for papermill."""

    def write(self, content: str, path: str, _extensions: Sequence[str] = ()) -> None:
        clean = orjson.dumps(without_people(orjson.loads(content)), option=orjson.OPT_INDENT_2)
        write_atomically(Path(path.removeprefix(_SCHEME)), lambda beside: beside.write_bytes(clean))

    def pretty_path(self, path: str) -> str:
        return path.removeprefix(_SCHEME)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return without_addresses(value)
        case list():
            return [_masked(it) for it in value]
        case dict():
            return {key: _masked(it) for key, it in value.items()}
        case _:
            return value


def _places(traceback: Sequence[str]) -> list[str]:
    return _PLACE.findall(_COLORS.sub("", "\n".join(traceback)))


def _told(kind: str, said: str, *, notebook: Path) -> ToolkitError:
    if kind not in _OURS:
        return UnavailableError(
            f"The notebook {notebook} ended with something unforeseen ({kind}).",
            "Nothing is lost. If it happens again, report it with the places in the code that the notebook shows.",
        )
    # What and remedy come as one text.
    what, _, remedy = said.partition(". ")
    return _OURS[kind](f"{what}.", remedy)


def _without_tcp(sockets: str) -> "Config":
    """Let the kernel be reached through sockets in a folder of this user, where there are such, and not over TCP."""
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}} if os.name == "posix" else {})
