"""Making a workspace: an act of its own, by which whoever does it becomes its first administrator."""

from pathlib import Path

from toolkit.access import people
from toolkit.access.locations import Tables, decided_locations, locations_of
from toolkit.errors import ConfigurationError
from toolkit.state import audit
from toolkit.state import settings as settings_file
from toolkit.state.audit import Action
from toolkit.state.database import parsed
from toolkit.state.folder import WorkspaceFolder, full_path, named_path
from toolkit.state.settings import Settings
from toolkit.translatable import _


def open_or_make(
    path: Path | str,
    tables: Tables | None = None,
    *,
    database: str | None = None,
) -> WorkspaceFolder:
    """Open the workspace in the folder; make it, on these tables and this database, when there is none.

    Raises ConfigurationError when it can't be made there, or the database holds another workspace.
    """
    folder = full_path(path)
    if not settings_file.is_there(folder):
        made = _made(folder, tables or Tables(), database=database, named=named_path(path))
        if made is not None:
            return made
    return WorkspaceFolder.open(path)


def _made(folder: Path, tables: Tables, *, database: str | None, named: Path) -> WorkspaceFolder | None:
    """Make the workspace; return None when another process was first."""
    settings = Settings(profiles=tables.profiles, segments=tables.segments)
    if database is not None:
        settings = settings.model_copy(update={"database": parsed(database).render_as_string()})
    was_there = folder.exists()
    made = WorkspaceFolder(folder, settings, is_new=True, named=named)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The settings come last: with them the workspace is there, in whole.
        _record_first_administrator(made)
        is_ours = settings_file.write_new(folder, settings)
    except OSError as error:
        raise ConfigurationError(
            _("No workspace can be made in {folder}: {reason}.", folder=folder, reason=error.strerror),
            _("Name another folder, or have this one made writable for you."),
        ) from None
    finally:
        if not was_there and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return made if is_ours else None


def _record_first_administrator(folder: WorkspaceFolder) -> None:
    """Make whoever acts the administrator of a workspace without people.

    Raises ConfigurationError when it has people, and whoever acts is none of them.
    """
    with folder.session() as session, session.begin():
        if people.is_known(session, folder):
            return  # made by this person before, and not to its end
        if people.has_people(session):
            raise ConfigurationError(
                _(
                    "The database of a workspace in {folder} holds the people of another workspace already.",
                    folder=folder.path,
                ),
                _(
                    "Bring its {file_name} back into the folder, or name another folder or database.",
                    file_name=settings_file.FILE_NAME,
                ),
            )
        first = people.add_first_administrator(session, folder)
        if folder.settings.profiles or folder.settings.segments:
            audit.record(
                session,
                folder,
                first,
                Action.SAVE_TABLES,
                folder.path.name,
                decides=[decided_locations(folder.settings)],
                **locations_of(folder.settings),
            )
