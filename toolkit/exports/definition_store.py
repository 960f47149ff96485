"""Definitions as they are saved: in versions, all of several or none, looked up as they were signed, ended."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.access.sealing import connection_for, require_signed_connection
from toolkit.errors import ConfigurationError
from toolkit.exports.definitions import DefinitionKind, R
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import PersonRecord
from toolkit.translatable import _


class Definition(Protocol):
    """What is saved under a name, and uses a connection: a pydantic model."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def connection(self) -> str: ...  # noqa: D102
    @property
    def advertiser_id(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102

    @classmethod
    def model_validate(cls, _given: Any, /) -> Self: ...  # noqa: D102
    def model_copy(self, *, update: Mapping[str, Any]) -> Self: ...  # noqa: D102
    def model_dump(self, *args: Any, **kwargs: Any) -> dict[str, Any]: ...  # noqa: D102


D = TypeVar("D", bound=Definition)


@dataclass(frozen=True)
class DefinitionStore(Generic[R, D]):
    """The definitions of one kind in a workspace's database."""

    kind: DefinitionKind[R]
    model: type[D]

    def save_all(self, folder: WorkspaceFolder, checked: Iterable[D], *, based_on: int | None) -> list[D]:
        """Save definitions, each in the place of one of that name: all of them, or none.

        Raises:
            ConfigurationError: Somebody saved another version than ``based_on`` meanwhile.
            AccessError: You may not use a connection.
        """
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
            return [self._save(session, folder, actor, it, based_on=based_on) for it in checked]

    def _save(
        self, session: Session, folder: WorkspaceFolder, actor: PersonRecord, given: D, *, based_on: int | None
    ) -> D:
        used = connection_for(session, actor, given.connection)
        record = session.scalar(select(self.kind.record).where(self.kind.record.name == given.name))
        self.require_allowed_name(session, given.name)
        if record is None:
            record = self.new_record(given.name)
            session.add(record)
        else:
            self.kind.require_manageable(actor, record)
        if based_on is not None and record.version != based_on:
            raise ConfigurationError(
                _(
                    "{what} was saved by {saved_by!r} meanwhile: it is at version {version}, "
                    "and yours is based on {based_on}.",
                    what=self.kind.titled(given.name),
                    saved_by=record.saved_by,
                    version=record.version,
                    based_on=based_on,
                ),
                _("Look at it as it is now, and save your change again."),
            )
        record.connection_id = used.id
        record.removed_at = None
        record.version += 1
        saved = given.model_copy(update={"version": record.version})
        record.settings = saved.model_dump(mode="json")
        record.saved_by = actor.name
        record.saved_at = datetime.now(UTC)
        session.flush()
        decides = [self.kind.decided(record)]
        audit.record(session, folder, actor, self.kind.save, given.name, decides=decides, version=record.version)
        return saved

    def require_allowed_name(self, session: Session, name: str) -> None:
        """Raise ConfigurationError when no definition may have that name."""

    def new_record(self, name: str) -> R:
        """Return the row of a definition that is saved for the first time."""
        return self.kind.record(name=name, version=0)

    def all(self, folder: WorkspaceFolder) -> list[D]:
        """Return all definitions, by name; one without a connection is detached."""
        with folder.reading() as session:
            require_actor(session, folder)
            there = select(self.kind.record).where(self.kind.record.removed_at.is_(None))
            return [self.value(session, it) for it in session.scalars(there.order_by(self.kind.record.name))]

    def get(self, folder: WorkspaceFolder, name: str) -> D:
        """Return the definition of that name.

        Raises:
            ConfigurationError: There is none.
            SignatureError: It is not as somebody signed it who could use its connection.
        """
        with folder.reading() as session:
            require_actor(session, folder)
            return self.value(session, self.signed(session, name))

    def signed(self, session: Session, name: str) -> R:
        """Return the row of that name, once it and its connection are as they were signed."""
        record = self.kind.named(session, name)
        self.kind.require_signed(session, record)
        if record.connection is not None:
            # Its name leads to it, and must not lead to another.
            require_signed_connection(session, record.connection)
        return record

    def value(self, session: Session, record: R) -> D:
        """Return the definition of a row; raises SignatureError when nobody signed what can't be read."""
        used = "" if record.connection is None else record.connection.name
        try:
            return self.model.model_validate({**record.settings, "name": record.name, "connection": used})
        except (ConfigurationError, ValidationError):
            self.kind.require_signed(session, record)
            raise

    @contextmanager
    def changing(self, folder: WorkspaceFolder, name: str, action: Action) -> Iterator[R]:
        """Give the row of a definition that somebody ends, and sign what they made of it."""
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
            record = self.kind.named(session, name)
            self.kind.require_manageable(actor, record)
            yield record
            session.flush()
            audit.record(session, folder, actor, action, name, decides=[self.kind.decided(record)])
