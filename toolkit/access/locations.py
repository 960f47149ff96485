"""Where the tables lie: what this session reads, what is saved for all, and who may save it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.errors import ConfigurationError
from toolkit.sources import Profiles, SegmentFolder, SegmentTable
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.database import parsed
from toolkit.state.decisions import Decided, Kind, is_as_decided, require_as_decided
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.settings import Settings
from toolkit.state.signing import JSON, without_floats
from toolkit.translatable import _

SAVE_THEM = _("Scheduled runs read what is saved; workspace.save_tables() saves what this session reads.")


@dataclass(frozen=True)
class Tables:
    """Where profiles and segments lie, as far as it was given."""

    profiles: Profiles | None = None
    segments: SegmentFolder | SegmentTable | None = None


def require_database(folder: WorkspaceFolder, url: str | None) -> None:
    """Raise ConfigurationError when the workspace has another database than the one that was named."""
    if url is not None and folder.saved.database != parsed(url).render_as_string():
        raise ConfigurationError(
            _(
                "The workspace in {folder} has another database: {render_as_string}.",
                folder=folder.path,
                render_as_string=parsed(folder.saved.database).render_as_string(),
            ),
            _("Leave out the database, or name another folder."),
        )


def save_tables(folder: WorkspaceFolder) -> None:
    """Save the tables that this session reads, for everybody and for scheduled runs.

    Raises AccessError to viewers. Saving what is saved already does nothing.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder)
        decided = decided_locations(folder.settings)
        if not other_tables(folder) and is_as_decided(session, decided):
            return
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        before = {f"{name}_before": it for name, it in locations_of(folder.saved).items()}
        audit.record(
            session,
            folder,
            actor,
            Action.SAVE_TABLES,
            folder.path.name,
            decides=[decided],
            **locations_of(folder.settings),
            **before,
        )
        folder.write_tables()


def decided_locations(settings: Settings) -> Decided:
    """Return what is signed of the settings: who could turn the tables elsewhere would choose who is sent."""
    content: dict[str, JSON] = {
        "profiles": None if settings.profiles is None else without_floats(settings.profiles.model_dump(mode="json")),
        "segments": None if settings.segments is None else without_floats(settings.segments.model_dump(mode="json")),
    }
    return Decided(Kind.LOCATIONS, "tables", content)


def require_signed_locations(session: Session, folder: WorkspaceFolder) -> None:
    """Raise SignatureError unless the saved tables lie where somebody signed that they lie."""
    require_as_decided(
        session,
        decided_locations(folder.saved),
        table="workspace.toml",
        name=_("Where profiles and segments lie"),
        remedy=_(
            "Nothing was sent. See that workspace.toml names the right tables, and sign them with "
            "workspace.read_from(profiles=…, segments=…)."
        ),
    )


def other_tables(folder: WorkspaceFolder) -> list[str]:
    """Return a sentence for each table that this session reads from elsewhere than what is saved."""
    here, saved = folder.settings, folder.saved
    pairs = {"profiles": (here.profiles, saved.profiles), "segments": (here.segments, saved.segments)}
    return [
        _("This session reads {name} from {told}; saved is {told_2}.", name=name, told=_told(used), told_2=_told(kept))
        for name, (used, kept) in pairs.items()
        if _full(used, folder) != _full(kept, folder)
    ]


def locations_of(settings: Settings) -> dict[str, object]:
    """Return where the tables lie, for the audit."""
    tables = {"profiles": settings.profiles, "segments": settings.segments}
    return {name: table.model_dump(mode="json", exclude_none=True) for name, table in tables.items() if table}


def _full(
    table: Profiles | SegmentFolder | SegmentTable | None, folder: WorkspaceFolder
) -> Profiles | SegmentFolder | SegmentTable | None:
    return None if table is None else table.resolved(folder.path)


def _told(table: Profiles | SegmentFolder | SegmentTable | None) -> str:
    if table is None:
        return _("no table")
    options = table.model_dump(mode="json", exclude_defaults=True, exclude={"location"})
    return _(
        "{location} ({options})",
        location=table.location,
        options=", ".join(f"{name}={value!r}" for name, value in options.items()),
    )
