"""``toolkit health``: how the workspace is doing, for a person or a monitor."""

from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.errors import ToolkitError
from toolkit.terminal import say
from toolkit.translatable import shown

_UNKNOWN = 3
"""What monitors take for a check that could not be made."""


def show_health(
    json: JsonOption = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print metrics in Prometheus' format.")] = False,
    ask_criteo: Annotated[
        bool,
        typer.Option("--ask-criteo", help="Ask Criteo about lists that no ad set uses, and changed audiences."),
    ] = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show how the workspace is doing. The exit code is 0 ok, 1 warning, 2 critical, 3 unknown, as monitors take it."""
    try:
        found = opened(workspace).health(ask_criteo=ask_criteo)
    except ToolkitError as error:
        say(f"{shown(error.what)}\n{shown(error.remedy)}", err=True)
        raise typer.Exit(_UNKNOWN) from None
    if prometheus:
        say(found.prometheus, nl=False)
    else:
        say(found.frame.write_json() if json else repr(found))
    raise typer.Exit(found.level.value)
