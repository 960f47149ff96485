"""``toolkit workspace``: make one, say where its tables are, prepare its database."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, WorkspaceOption, opened
from toolkit.cli.tables import (
    KEY,
    KeyAsTextOption,
    KeyNormalizationOption,
    KeyOption,
    ProfilesOption,
    SegmentColumnOption,
    SegmentsOption,
    tables_at,
)
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Create a workspace, set its tables, prepare its database.")

DatabaseOption = Annotated[
    str | None, typer.Option(help="URL of a PostgreSQL database that a team shares, without user and password.")
]


@commands.command()
def create(
    folder: Annotated[Path, typer.Argument(help="The folder of the new workspace.")],
    profiles: ProfilesOption = None,
    segments: SegmentsOption = None,
    key: KeyOption = KEY,
    segment_column: SegmentColumnOption = "",
    key_as_text: KeyAsTextOption = False,
    key_normalization: KeyNormalizationOption = None,
    database: DatabaseOption = None,
) -> None:
    """Create a workspace, of which you are the first administrator. One that is there stays as it is."""
    from toolkit.access.founding import open_or_make
    from toolkit.access.locations import require_database

    tables = tables_at(
        profiles,
        segments,
        key=key,
        segment_column=segment_column,
        key_as_text=key_as_text,
        key_normalization=key_normalization,
    )
    made = open_or_make(folder, tables, database=database)
    require_database(made, database)
    if made.is_new:
        say(
            _(
                "New workspace in {path}. You are its administrator, as {account!r}.",
                path=made.path,
                account=made.account,
            )
        )
    else:
        say(_("There is a workspace in {path} already. Nothing was changed.", path=made.path))


@commands.command()
def show(workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show the workspace: its connections, its exports with their last run, and what needs attention."""
    say(repr(opened(workspace)))


@commands.command()
def upgrade(workspace: WorkspaceOption = WORKSPACE) -> None:
    """Bring the database to the schema of this version of the toolkit."""
    from toolkit.state.folder import WorkspaceFolder

    folder = WorkspaceFolder.open(workspace)
    _engine = folder.engine  # brings the schema up to date
    say(_("The database of the workspace in {folder} is up to date.", folder=folder.path))


@commands.command("tables")
def set_tables(
    profiles: ProfilesOption = None,
    segments: SegmentsOption = None,
    key: KeyOption = KEY,
    segment_column: SegmentColumnOption = "",
    key_as_text: KeyAsTextOption = False,
    key_normalization: KeyNormalizationOption = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show where the tables are. With --profiles or --segments, save others for everybody and for scheduled runs."""
    from toolkit.access.locations import save_tables
    from toolkit.state.folder import WorkspaceFolder

    folder = WorkspaceFolder.open(workspace)
    tables = tables_at(
        profiles,
        segments,
        key=key,
        segment_column=segment_column,
        key_as_text=key_as_text,
        key_normalization=key_normalization,
    )
    folder.use_tables(profiles=tables.profiles, segments=tables.segments)
    save_tables(folder)
    for name, table in (("Profiles", folder.saved.profiles), ("Segments", folder.saved.segments)):
        say(f"{name}: {'not set' if table is None else table.location}")


@commands.command()
def grants(
    user: Annotated[str, typer.Option(help="The person's user of the database.")],
    role: Annotated[str, typer.Option(help="Their role: viewer, contributor or administrator.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Print the SQL that gives a user of the PostgreSQL database what their role needs, and nothing else."""
    from toolkit.access.grants import grants_for
    from toolkit.access.people import Role
    from toolkit.names import one_of
    from toolkit.state.folder import WorkspaceFolder

    say(grants_for(WorkspaceFolder.open(workspace), user, one_of("role", Role, role)), nl=False)


@commands.command()
def restore(workspace: WorkspaceOption = WORKSPACE) -> None:
    """Restore people, connections and their shares to what administrators signed."""
    text = "\n".join(opened(workspace).restore_signed_rows()) or _("Everything is as it was signed.")
    say(text)
