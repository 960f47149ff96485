"""What a person confirms: another root, an older database, another host; what does not hold, and how it is put back."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.locations import require_signed_locations
from toolkit.access.people import decided_person, require_actor, signed_people
from toolkit.access.sealing import decided_advertisers, decided_connection, require_signed_connection
from toolkit.errors import AccessError, SignatureError, TrustError
from toolkit.exports.connection import listed
from toolkit.exports.definitions import DEFINITION_KINDS
from toolkit.exports.suites import A_MOMENT, signed_files
from toolkit.exports.trusted_hosts import remember_host
from toolkit.names import unknown_name
from toolkit.state.decisions import State, is_as_decided, replayed, require_chain, root_in, state_of, synced
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.machine_memory import Remembered
from toolkit.state.models import ConnectionRecord, PersonRecord, ShareRecord
from toolkit.state.role import Role
from toolkit.translatable import _, mark, sentences


@dataclass(frozen=True)
class AlteredRow:
    """Something that is not as somebody entitled signed it.

    Examples:
        >>> for row in workspace.altered_rows:
        ...     print(row.what, row.remedy)
    """

    what: str
    remedy: str

    @property
    def sentence(self) -> str:
        """What it is, and what to do about it."""
        return sentences((self.what, self.remedy))

    def __str__(self) -> str:
        return str(self.sentence)


def trust(
    folder: WorkspaceFolder,
    root: str | None = None,
    *,
    newest_row: int | None = None,
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Confirm how the workspace differs from what this machine remembers of it; what was confirmed is remembered.

    Args:
        folder: The workspace.
        root: The fingerprint of its root, as an administrator told it.
        newest_row: The number of the newest row of the audit, when the database was put back to an older state.
        hosts: Where connections go, by their names, when one goes to another host than before.

    Raises:
        TrustError: The workspace is another than the one that is confirmed.
        SignatureError: The audit, or a connection, is not as somebody entitled signed it.
    """
    with folder.session() as session, session.begin():
        here = root_in(session)
        if root is not None and here != root:
            raise TrustError(
                _(
                    "The root of the workspace {folder} is {here}, and not {root}.",
                    folder=folder.path,
                    here=here or _("not made yet"),
                    root=root,
                ),
                _("Ask your administrator for the root, and see that you opened the same folder and database."),
            )
        if root is not None and folder.pins != {here}:
            state = replayed(session)
            before = folder.memory.of(here)
            if before is None or state.head.count >= before.head.count:
                folder.memory.replace(folder.path, _with_what_else_is_known(folder, state))
            folder.pin(here)
        if newest_row is not None:
            _accept_older(session, folder, newest_row)
    for name, host in hosts.items():
        _accept_host(folder, name, host)


def _accept_older(session: Session, folder: WorkspaceFolder, newest_row: int) -> None:
    state = replayed(session)
    if folder.pins - {None, state.root}:
        raise TrustError(
            _("The workspace {folder} has another root: {root}.", folder=folder.path, root=state.root),
            _("Confirm that first, if it is meant."),
        )
    if state.head.count != newest_row:
        raise TrustError(
            _(
                "The newest row of the audit is {count}, and not {newest_row}.",
                count=state.head.count,
                newest_row=newest_row,
            ),
            _("Somebody acted meanwhile, or you look at another database. Look at the audit before you confirm it."),
        )
    folder.memory.replace(folder.path, _with_what_else_is_known(folder, state))


def _with_what_else_is_known(folder: WorkspaceFolder, state: State) -> Remembered:
    remembered = state.remembered(folder.settings.id)
    before = folder.memory.of(state.root)
    # Of the suppressions too: who was forgotten since a backup must not be sent because that one is trusted.
    return (
        remembered
        if before is None
        else remembered.model_copy(update={"hosts": before.hosts, "suppressions": before.suppressions})
    )


def _accept_host(folder: WorkspaceFolder, name: str, host: str) -> None:
    with folder.session() as session, session.begin():
        require_actor(session, folder)
        state = state_of(session)
        signed = {it.name: it for it in state.connections.values() if state.may_use(folder.identity.public_key, it.id)}
        if name not in signed:
            raise unknown_name(mark("connection"), name, signed)
        if signed[name].host != host:
            raise TrustError(
                _(
                    "Connection {name!r} goes to {host}, and not to {host_2}.",
                    name=name,
                    host=signed[name].host,
                    host_2=host,
                ),
                _("Ask the administrator who made the connection where it goes."),
            )
    remember_host(folder, name, host, signed[name].secret_fingerprint)


def altered_rows(folder: WorkspaceFolder) -> list[AlteredRow]:
    """Return what is not as somebody entitled signed it.

    That may be people, connections, exports, Criteo audiences, suites or locations of tables. Raises
    SignatureError or TrustError when the audit itself does not hold.
    """
    found = _altered(folder)
    if not found:
        return found
    # A suite that somebody saves in this very moment is found as it is a moment later.
    time.sleep(A_MOMENT)
    return _altered(folder)


def require_nothing_altered(folder: WorkspaceFolder) -> None:
    """Raise SignatureError with the first thing that is not as somebody entitled signed it."""
    for it in altered_rows(folder):
        raise SignatureError(it.what, it.remedy)


def _altered(folder: WorkspaceFolder) -> list[AlteredRow]:
    with folder.reading() as session:
        if not synced(session, folder).root:
            return []
        require_chain(session)
        return [AlteredRow(it.what, it.remedy) for it in _failures(session, folder)]


def _failures(session: Session, folder: WorkspaceFolder) -> Iterator[SignatureError]:
    checks: list[Callable[[], object]] = [lambda: signed_people(session)]
    checks += [partial(require_signed_connection, session, it) for it in session.scalars(select(ConnectionRecord))]
    for kind in DEFINITION_KINDS:
        checks += [partial(kind.require_signed, session, it) for it in session.scalars(select(kind.record))]
    checks += [lambda: signed_files(session, folder)]
    if folder.settings.profiles is not None or folder.settings.segments is not None:
        checks += [lambda: require_signed_locations(session, folder)]
    for check in checks:
        try:
            check()
        except SignatureError as error:
            yield error
    for kind in DEFINITION_KINDS:
        yield from kind.missing(session)
    there = set(session.scalars(select(ConnectionRecord.id)))
    for it in state_of(session).connections.values():
        if it.id not in there:
            yield SignatureError(
                _(
                    "Connection {name!r} (row {id} of table connections) is missing: somebody removed it "
                    "in the database.",
                    name=it.name,
                    id=it.id,
                ),
                _("Find out who changed the database, and bring it back from a backup, or make the connection anew."),
            )


def restore_signed_rows(folder: WorkspaceFolder) -> list[str]:
    """Put people, connections and their shares back as administrators signed them; return what was put back.

    Nothing is decided anew by it. A seal that is lost or forged is not made again: have an export user seal it, or
    rotate the secret. Raises AccessError to whom is no administrator.
    """
    with folder.session() as session, session.begin():
        state = synced(session, folder)
        me = state.people.get(folder.identity.public_key)
        if me is None or me.role != Role.ADMINISTRATOR:
            raise AccessError(
                _("Rows are put back by an administrator of the workspace, and your key is not one's."),
                _("Ask an administrator to run workspace.restore_signed_rows()."),
            )
        restored = _restore_people(session, state)
        session.flush()
        session.expire_all()
        restored += _restore_connections(session, state)
        session.flush()
    return restored


def _restore_people(session: Session, state: State) -> list[str]:
    restored = []
    signed = {it.id: it for it in state.people.values()}
    there = {it.id: it for it in session.scalars(select(PersonRecord))}
    wrong = [it for it in there.values() if it.id not in signed or not is_as_decided(session, decided_person(it))]
    for record in wrong:
        restored.append(f"person {record.name!r}")
        if record.id not in signed:
            session.delete(record)
    # Names and keys are unique: those that were swapped give them free first.
    for record in wrong:
        if record.id in signed:
            record.name, record.public_key = f"restored {record.id}", f"restored {record.id}"
    session.flush()
    for it in signed.values():
        if it.id not in there:
            restored.append(f"person {it.name!r}")
            session.add(PersonRecord(**it.model_dump()))
        elif there[it.id] in wrong:
            for column, value in it.model_dump().items():
                setattr(there[it.id], column, value)
    return restored


def _restore_connections(session: Session, state: State) -> list[str]:
    restored = []
    people = {it.public_key: it.id for it in session.scalars(select(PersonRecord))}
    wrong = [
        it
        for it in session.scalars(select(ConnectionRecord))
        if str(it.id) in state.connections
        and not all(is_as_decided(session, decided) for decided in (decided_connection(it), decided_advertisers(it)))
    ]
    for record in wrong:
        restored.append(f"connection {state.connections[str(record.id)].name!r}")
        record.name = f"restored {record.id}"
    session.flush()
    for record in wrong:
        signed = state.connections[str(record.id)]
        for column, value in signed.model_dump(exclude={"id", "shared_with", "lost_access"}).items():
            setattr(record, column, value)
        record.advertisers = listed(state.advertisers[str(record.id)])
        record.lost_access = list(signed.lost_access)
        record.shares = [ShareRecord(person_id=people[key]) for key in signed.shared_with if key in people]
    return restored
