"""The kinds of saved definitions: exports and Criteo audiences. What is signed of each, and who may change it."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.sealing import may_use
from toolkit.errors import AccessError, SignatureError
from toolkit.names import unknown_name
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import Decided, Kind, require_as_decided, state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import (
    AuditRecord,
    ConnectionRecord,
    CriteoAudienceRecord,
    DefinitionRecord,
    ExportRecord,
    PersonRecord,
)
from toolkit.state.signing import JSON, without_floats
from toolkit.translatable import _, mark

R = TypeVar("R", bound=DefinitionRecord)


@dataclass(frozen=True)
class DefinitionKind(Generic[R]):
    """A kind of definition that is saved in rows of its own."""

    record: type[R]
    decided_as: Kind
    noun: str
    title: str
    """What one of a ``name`` is called at the beginning of a sentence."""
    save: Action
    detach: Action
    remove: Action
    remedy_if_altered: str
    remedy_if_missing: str

    def titled(self, name: str) -> str:
        """Return what one of that name is called at the beginning of a sentence."""
        return _(self.title, name=name)

    def decided(self, record: R) -> Decided:
        """Return what whoever saves, detaches or removes the definition signs of it."""
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
        return Decided(self.decided_as, record.id, content, connection=record.connection_id)

    def require_signed(self, session: Session, record: R) -> None:
        """Raise SignatureError unless the definition is as somebody signed it who could use its connection then.

        A version that is older than the newest that was signed is refused too.
        """
        table = record.__tablename__
        name, remedy = self.titled(record.name), self.remedy_if_altered
        require_as_decided(session, self.decided(record), table=table, name=name, remedy=remedy)

    def missing(self, session: Session) -> Iterator[SignatureError]:
        """Return an error for each definition that was signed and whose row is gone."""
        # One that was removed stays in its row.
        there = set(session.scalars(select(self.record.id)))
        for about, decision in state_of(session).decisions.items():
            kind, _colon, number = about.rpartition(":")
            if kind == self.decided_as and decision.sha256 is not None and int(number) not in there:
                row = session.get(AuditRecord, decision.row)
                yield SignatureError(
                    _(
                        "{what} (row {number} of table {table}) is missing: somebody removed it in the database.",
                        what=self.titled("" if row is None else row.name),
                        number=number,
                        table=self.record.__tablename__,
                    ),
                    self.remedy_if_missing,
                )

    def named(self, session: Session, name: str) -> R:
        """Return the row of that name; raises ConfigurationError when there is none, or it was removed."""
        there = select(self.record).where(self.record.removed_at.is_(None))
        record = session.scalar(there.where(self.record.name == name))
        if record is None:
            raise unknown_name(self.noun, name, [it.name for it in session.scalars(there)])
        return record

    def using(self, session: Session, connection: ConnectionRecord) -> Sequence[R]:
        """Return the rows of those that use a connection."""
        return session.scalars(select(self.record).where(self.record.connection_id == connection.id)).all()

    def require_manageable(self, actor: PersonRecord, record: R) -> None:
        """Raise AccessError to whom may not use the definition's connection."""
        if record.connection is not None and not may_use(actor, record.connection):
            raise AccessError(
                _(
                    "{what} uses a connection that is not shared with you ({actor!r}).",
                    what=self.titled(record.name),
                    actor=actor.name,
                ),
                _("Ask an administrator to share the connection, or to do it."),
            )

    def detach_from(
        self,
        session: Session,
        folder: WorkspaceFolder,
        actor: PersonRecord,
        connection: ConnectionRecord,
        *,
        removed: Container[str] = (),
    ) -> None:
        """Take a connection away from the definitions that use it, in the same transaction.

        Those that are named in ``removed`` are removed with it.
        """
        for record in self.using(session, connection):
            record.connection_id = None
            action = self.detach
            if record.name in removed:
                record.removed_at = datetime.now(UTC)
                action = self.remove
            session.flush()
            decides = [self.decided(record)]
            audit.record(session, folder, actor, action, record.name, decides=decides, connection=connection.name)


EXPORT = DefinitionKind(
    ExportRecord,
    Kind.EXPORT,
    noun=mark("export"),
    title=mark("Export {name!r}"),
    save=Action.SAVE_EXPORT,
    detach=Action.DETACH_EXPORT,
    remove=Action.REMOVE_EXPORT,
    remedy_if_altered=_(
        "Nothing was sent. Look at its settings, and save it again if they are right; find out "
        "who changed the database."
    ),
    remedy_if_missing=_("Find out who changed the database, and bring it back from a backup; or save the export anew."),
)

CRITEO_AUDIENCE = DefinitionKind(
    CriteoAudienceRecord,
    Kind.CRITEO_AUDIENCE,
    noun=mark("Criteo audience"),
    title=mark("Criteo audience {name!r}"),
    save=Action.SAVE_AUDIENCE,
    detach=Action.DETACH_AUDIENCE,
    remove=Action.REMOVE_AUDIENCE,
    remedy_if_altered=_(
        "Nothing was changed at Criteo. Look at its definition, and save it again if it is right; find out "
        "who changed the database."
    ),
    remedy_if_missing=_(
        "Find out who changed the database, and bring it back from a backup; or save the audience anew."
    ),
)

DEFINITION_KINDS: tuple[DefinitionKind[Any], ...] = (EXPORT, CRITEO_AUDIENCE)
