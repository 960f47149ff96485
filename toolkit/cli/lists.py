"""``toolkit list``: contact lists at Criteo that no export fills any more."""

from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, AllowOption, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import show_value

commands = typer.Typer(no_args_is_help=True, help="Empty, delete or keep lists that no export fills any more.")

ListArgument = Annotated[str, typer.Argument(help="ID of the list at Criteo.")]
HostOption = Annotated[str | None, typer.Option(help="URL of Criteo's API, where lists of several have that ID.")]


@commands.command()
def abandoned(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the contact lists that no export fills any more and that still hold people."""
    left = opened(workspace).lists.left_behind
    show_value(left, left.frame, as_json=json)


@commands.command()
def empty(
    list_id: ListArgument,
    host: HostOption = None,
    allow: AllowOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Remove everybody from a list, and show the lists that are left."""
    left = opened(workspace).lists.empty(list_id, host=host, allow=allow or ())
    show_value(left, left.frame, as_json=json)


@commands.command()
def delete(
    list_id: ListArgument,
    host: HostOption = None,
    allow: AllowOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Delete a list at Criteo, and show the lists that are left."""
    left = opened(workspace).lists.delete(list_id, host=host, allow=allow or ())
    show_value(left, left.frame, as_json=json)


@commands.command()
def keep(
    list_id: ListArgument, host: HostOption = None, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE
) -> None:
    """Leave a list as it is: runs and `toolkit health` no longer warn about it."""
    left = opened(workspace).lists.keep(list_id, host=host)
    show_value(left, left.frame, as_json=json)
