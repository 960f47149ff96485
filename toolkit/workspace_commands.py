"""The commands for a workspace itself: make one, save its tables, print the grants of its database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.terminal import say

if TYPE_CHECKING:
    from toolkit.tables import Profiles, SegmentFolder

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="TOOLKIT_WORKSPACE", help="Folder of the workspace.")
]
ProfilesOption = Annotated[str | None, typer.Option(help="Where the profile table is: a file, a folder or a URL.")]
SegmentsOption = Annotated[str | None, typer.Option(help="The folder, or URL, with a table per segment.")]
KeyOption = Annotated[str, typer.Option(help="The column of both that holds the customer's key.")]

workspace = typer.Typer(no_args_is_help=True, help="Set up a workspace for a team.")


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the new workspace.")],
    profiles: ProfilesOption = None,
    segments: SegmentsOption = None,
    key: KeyOption = "CustomerId",
    database: Annotated[
        str | None, typer.Option(help="URL of a PostgreSQL database that a team shares, without user and password.")
    ] = None,
) -> None:
    """Make a workspace, whose first administrator you are; one that is there stays as it is."""
    from toolkit.workspace.locations import Tables, require_database
    from toolkit.workspace.making import open_or_make

    made = open_or_make(folder, Tables(*_tables(profiles, segments, key)), database=database)
    require_database(made, database)
    if made.is_new:
        say(f"New workspace in {made.path}. You are its administrator, as {made.account!r}.")
        return
    _ = made.engine  # brings the database to this version's schema
    say(f"There is a workspace in {made.path} already. Nothing was changed.")


@workspace.command("tables")
def set_tables(
    profiles: ProfilesOption = None,
    segments: SegmentsOption = None,
    key: KeyOption = "CustomerId",
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show where the tables are; with --profiles or --segments, save others for everybody and for scheduled runs."""
    from toolkit.workspace import WorkspaceFolder
    from toolkit.workspace.locations import save_tables

    folder = WorkspaceFolder.open(workspace)
    saved_profiles, saved_segments = _tables(profiles, segments, key)
    folder.use_tables(profiles=saved_profiles, segments=saved_segments)
    save_tables(folder)
    for name, table in (("Profiles", folder.saved.profiles), ("Segments", folder.saved.segments)):
        say(f"{name}: {'not set' if table is None else table.location}")


@workspace.command()
def grants(
    user: Annotated[str, typer.Option(help="The person's user of the database.")],
    role: Annotated[str, typer.Option(help="Their role: viewer, contributor or administrator.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Print the SQL that gives a user of the PostgreSQL database what their role needs, and nothing else."""
    from toolkit.names import one_of
    from toolkit.workspace import Role, WorkspaceFolder
    from toolkit.workspace.grants import grants_for

    say(grants_for(WorkspaceFolder.open(workspace), user, one_of("role", Role, role)), nl=False)


def _tables(profiles: str | None, segments: str | None, key: str) -> "tuple[Profiles | None, SegmentFolder | None]":
    from toolkit.tables import Profiles, SegmentFolder

    here = Path.cwd()
    return (
        None if profiles is None else Profiles(location=profiles, key=key).resolved(here),
        None if segments is None else SegmentFolder(location=segments, key=key).resolved(here),
    )
