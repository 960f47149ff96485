"""What is signed of a declared Criteo audience: its definition, and the connection that it uses."""

from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import Decided, Kind, require_as_decided
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord, CriteoAudienceRecord, PersonRecord
from toolkit.state.signing import JSON, without_floats
from toolkit.translatable import _


def decided_audience(record: CriteoAudienceRecord) -> Decided:
    """Return what whoever saves or removes the audience signs of it."""
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
    return Decided(Kind.CRITEO_AUDIENCE, record.id, content, connection=record.connection_id)


def require_signed_audience(session: Session, record: CriteoAudienceRecord) -> None:
    """Raise SignatureError unless the audience is as somebody signed it who could use its connection then.

    A version that is older than the newest that was signed is refused too.
    """
    require_as_decided(
        session,
        decided_audience(record),
        table="criteo_audiences",
        name=f"Criteo audience {record.name!r}",
        remedy=_(
            "Nothing was changed at Criteo. Look at its definition, and save it again if it is right; find out "
            "who changed the database."
        ),
    )


def detach_audiences(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, connection: ConnectionRecord
) -> None:
    """Take a connection that is removed away from the audiences that use it, in the same transaction."""
    using = select(CriteoAudienceRecord).where(CriteoAudienceRecord.connection_id == connection.id)
    for record in session.scalars(using).all():
        record.connection_id = None
        session.flush()
        decides = [decided_audience(record)]
        audit.record(
            session,
            folder,
            actor,
            Action.DETACH_AUDIENCE,
            record.name,
            decides=decides,
            connection=connection.name,
        )
