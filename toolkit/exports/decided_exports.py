"""What is signed of an export: all its settings, and the connection that it uses."""

from datetime import UTC

from sqlalchemy.orm import Session

from toolkit.state.decisions import Decided, Kind, require_as_decided
from toolkit.state.models import ExportRecord
from toolkit.state.signing import JSON, without_floats
from toolkit.translatable import _


def decided_export(record: ExportRecord) -> Decided:
    """Return what whoever saves, detaches or removes the export signs of it."""
    # The connection's name among the settings follows when it is renamed; its id stays.
    settings = {name: it for name, it in record.settings.items() if name != "connection"}
    content: dict[str, JSON] = {
        "id": record.id,
        "name": record.name,
        "connection": record.connection_id,
        "version": record.version,
        "settings": without_floats(settings),
        "saved_by": record.saved_by,
        "saved_at": record.saved_at.astimezone(UTC).isoformat(),
        "removed": record.removed_at is not None,
    }
    return Decided(Kind.EXPORT, record.id, content, connection=record.connection_id)


def require_signed_export(session: Session, record: ExportRecord) -> None:
    """Raise SignatureError unless the export is as somebody signed it who could use its connection then.

    A version that is older than the newest that was signed is refused too.
    """
    require_as_decided(
        session,
        decided_export(record),
        table="exports",
        name=f"Export {record.name!r}",
        remedy=_(
            "Nothing was sent. Look at its settings, and save it again if they are right; find out "
            "who changed the database."
        ),
    )
