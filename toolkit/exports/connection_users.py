"""Who may use a connection: shared, taken away, and who could open its secret before."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from toolkit.access.people import Role, person_named, require_actor, signed_people
from toolkit.access.sealing import (
    bring_seals_up_to_date,
    connection_for,
    decided_connection,
    require_signed_connection,
    users_as_shared,
)
from toolkit.errors import ConfigurationError
from toolkit.exports.connection import ADMINISTRATORS, CONTRIBUTORS, Connection, connection_value
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import is_as_decided
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord, PersonRecord, ShareRecord
from toolkit.translatable import _


def share(folder: WorkspaceFolder, name: str, users: str | Sequence[str]) -> Connection:
    """Let contributors, or people by name, use the connection too; the others keep it."""
    return _change_users(folder, name, users, Action.SHARE_CONNECTION, open_to)


def unshare(folder: WorkspaceFolder, name: str, users: str | Sequence[str]) -> Connection:
    """Take the connection away from contributors, or from people by name; the secret should then be rotated."""
    return _change_users(folder, name, users, Action.UNSHARE_CONNECTION, _close_to)


def _change_users(
    folder: WorkspaceFolder,
    name: str,
    users: str | Sequence[str],
    action: Action,
    change: Callable[[Session, ConnectionRecord, str | Sequence[str]], None],
) -> Connection:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        record = connection_for(session, actor, name)
        could_open = _sealed_names(session, record)
        change(session, record, users)
        session.flush()
        # Who may use it is what is signed: signed first, then sealed to them.
        _remember_lost_access(session, record, could_open)
        audit.record(session, folder, actor, action, name, decides=[decided_connection(record)], users=users)
        bring_seals_up_to_date(session, folder, record)
        return connection_value(session, record, actor)


@contextmanager
def remembering_lost_access(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, records: Sequence[ConnectionRecord]
) -> Iterator[None]:
    """After a change of people, sign the connections that it changes, and bring seals up to date.

    It is remembered who could open a secret until then.
    """
    for record in records:
        require_signed_connection(session, record)
    before = [_sealed_names(session, record) for record in records]
    yield
    session.flush()
    for record, could_open in zip(records, before, strict=True):
        session.expire(record, ["shares"])
        _remember_lost_access(session, record, could_open)
        decided = decided_connection(record)
        if not is_as_decided(session, decided):
            users = [it.name for it in users_as_shared(session, record)]
            audit.record(session, folder, actor, Action.UPDATE_USERS, record.name, decides=[decided], users=users)
        bring_seals_up_to_date(session, folder, record)


def _remember_lost_access(session: Session, record: ConnectionRecord, could_open: set[str]) -> None:
    now = {it.name for it in users_as_shared(session, record)}
    record.lost_access = sorted((set(record.lost_access) | could_open) - now)
    session.flush()


def _sealed_names(session: Session, record: ConnectionRecord) -> set[str]:
    keys = {it.public_key for it in record.seals}
    return {it.name for it in signed_people(session) if it.public_key in keys}


def open_to(session: Session, record: ConnectionRecord, users: str | Sequence[str]) -> None:
    """Let contributors, or people by name, use the connection of a row too."""
    if users == ADMINISTRATORS:
        return
    if users == CONTRIBUTORS:
        record.open_to_contributors = True
        return
    for name in [users] if isinstance(users, str) else users:
        person = person_named(session, name)
        if person.role == Role.VIEWER.value:
            raise ConfigurationError(
                _("{name!r} is a viewer, and can't use a connection.", name=name), _("Make them contributor first.")
            )
        if person.id not in {it.person_id for it in record.shares}:
            record.shares.append(ShareRecord(person_id=person.id))


def _close_to(session: Session, record: ConnectionRecord, users: str | Sequence[str]) -> None:
    if users == CONTRIBUTORS:
        record.open_to_contributors = False
        return
    people = {person_named(session, name).id for name in ([users] if isinstance(users, str) else users)}
    record.shares = [it for it in record.shares if it.person_id not in people]
