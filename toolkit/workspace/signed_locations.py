"""Where the tables lie, as somebody entitled signed it: who could turn them elsewhere would choose who is sent."""

from sqlalchemy.orm import Session

from toolkit.tables import Profiles, SegmentFolder, SegmentTable
from toolkit.workspace import audit
from toolkit.workspace.audit import Action
from toolkit.workspace.decisions import Decided, Kind, is_as_decided, require_as_decided
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import Role, acting
from toolkit.workspace.settings import Settings
from toolkit.workspace.signing import JSON, without_floats


def save_locations(
    folder: WorkspaceFolder, *, profiles: Profiles | None = None, segments: SegmentFolder | SegmentTable | None = None
) -> None:
    """Set where profiles and segments are read from, and sign it; what is None stays as it is.

    Raises AccessError to viewers.
    """
    with folder.session() as session, session.begin():
        actor = acting(session, folder)
        given = {"profiles": profiles, "segments": segments}
        changed = folder.settings.model_copy(update={name: it for name, it in given.items() if it is not None})
        decided = decided_locations(changed)
        if changed == folder.settings and is_as_decided(session, decided):
            return
        acting(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.SET_LOCATIONS, "tables", decides=[decided])
        folder.read_from(profiles=profiles, segments=segments)


def decided_locations(settings: Settings) -> Decided:
    """Return what is signed of the settings."""
    content: dict[str, JSON] = {
        "profiles": None if settings.profiles is None else without_floats(settings.profiles.model_dump(mode="json")),
        "segments": None if settings.segments is None else without_floats(settings.segments.model_dump(mode="json")),
    }
    return Decided(Kind.LOCATIONS, "tables", content)


def require_signed_locations(session: Session, folder: WorkspaceFolder) -> None:
    """Raise SignatureError unless the tables lie where somebody signed that they lie."""
    require_as_decided(
        session,
        decided_locations(folder.settings),
        table="workspace.toml",
        name="Where profiles and segments lie",
        remedy="Nothing was sent. See that workspace.toml names the right tables, and sign them with "
        "workspace.read_from(profiles=…, segments=…).",
    )
