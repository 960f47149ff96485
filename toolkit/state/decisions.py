"""What was decided by whom: the audit, replayed, so that each row of the database can be compared with it.

Each row of the audit is signed by whoever acted, and names what it decides: the digest of a person's row, of a
connection, an export and so on, as it became. Replayed from its beginning, with the rights that each actor had at that
row, the audit says how those rows must be. The machine remembers how far it came and what it found, so a row is
replayed once. A row of the database that is not as it was decided last, or that nobody entitled decided, is refused.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from toolkit.errors import SignatureError, TrustError
from toolkit.state.database import serialize_writes
from toolkit.state.machine_memory import Decision, Head, KnownConnection, KnownPerson, Remembered
from toolkit.state.models import AuditRecord
from toolkit.state.role import Role
from toolkit.state.signing import JSON, Signature, SignedKind, digest, sign, verify
from toolkit.translatable import _

if TYPE_CHECKING:
    from toolkit.state.folder import WorkspaceFolder

BEGINNING = "0" * 64
_ROWS_AT_ONCE = 1000
_STATE = "state of the audit"
_COMMITTED = "state of the audit that was committed"


class Kind(StrEnum):
    """What may be decided."""

    PERSON = "person"
    CONNECTION = "connection"
    ADVERTISERS = "advertisers"
    """Those that consent to a connection's credentials."""
    EXPORT = "export"
    CRITEO_AUDIENCE = "Criteo audience"
    SUITE = "suite"
    LOCATIONS = "locations"
    """Where the tables lie."""
    SUPPRESSION = "suppression"
    """An entry of the suppression list that keeps people out."""
    LIFTING = "lifting of suppression"
    """An entry that lifts others, or gives them up."""


class Entry(BaseModel):
    """A decision as a row of the audit keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    id: str
    version: int
    sha256: str | None
    """None when the thing is removed."""
    connection: int | None
    content: dict[str, Any] | None

    @property
    def subject(self) -> str:
        """What it is about."""
        return subject(self.kind, self.id)


class _Advertisers(BaseModel):
    """What is signed of the advertisers of a connection."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    connection: int
    advertisers: dict[str, str]


_OF_ADMINISTRATORS = (Kind.PERSON, Kind.CONNECTION, Kind.LIFTING)
_MADE_ONCE = (Kind.SUPPRESSION, Kind.LIFTING)
"""What stays as it was decided first: who could decide it anew would lift it."""
_KEPT_WHOLE = (Kind.PERSON, Kind.CONNECTION, Kind.ADVERTISERS)
"""What the audit keeps, not only its digest: others are judged by it, and it can be put back."""


@dataclass(frozen=True)
class Decided:
    """How a thing is from now on; ``content`` is None when it is removed."""

    kind: Kind
    id: int | str
    content: Mapping[str, JSON] | None
    connection: int | None = None
    """Of an export and of advertisers: the connection, by its id."""

    @property
    def subject(self) -> str:
        """What it is about."""
        return subject(self.kind, self.id)


def subject(kind: Kind, number: int | str) -> str:
    """Return what a decision is about, such as ``export:3``."""
    return f"{kind.value}:{number}"


class WorkspaceSession(Session):
    """A session that remembers what it added to the audit when it commits, and forgets it when it does not."""


class State:
    """What the audit says up to a row."""

    def __init__(self, remembered: Remembered | None = None) -> None:
        self.root = "" if remembered is None else remembered.root
        self.head = Head(count=0, sha256=BEGINNING) if remembered is None else remembered.head
        self.people = {} if remembered is None else dict(remembered.people)
        self.connections = {} if remembered is None else dict(remembered.connections)
        self.advertisers = {} if remembered is None else dict(remembered.advertisers)
        self.decisions = {} if remembered is None else dict(remembered.decisions)
        self.sealers = set() if remembered is None else set(remembered.sealers)
        self._newest_entry = max(self.suppressions(), default=0)

    def remembered(self, workspace_id: str) -> Remembered:
        """Return what a machine remembers of it."""
        return Remembered(
            root=self.root,
            workspace_id=workspace_id,
            head=self.head,
            people=dict(self.people),
            connections=dict(self.connections),
            advertisers=dict(self.advertisers),
            decisions=dict(self.decisions),
            sealers=tuple(sorted(self.sealers)),
        )

    def may_use(self, public_key: str, connection_id: int) -> bool:
        """Tell whether a person may use a connection."""
        person = self.people.get(public_key)
        if person is None or person.role == Role.VIEWER:
            return False
        if person.role == Role.ADMINISTRATOR:
            return True
        found = self.connections.get(str(connection_id))
        return found is not None and (found.open_to_contributors or public_key in found.shared_with)

    def decision(self, kind: Kind, number: int | str) -> Decision | None:
        """Return the newest decision about a thing; None when there is none, or when it was removed."""
        found = self.decisions.get(subject(kind, number))
        return None if found is None or found.sha256 is None else found

    def suppressions(self) -> set[int]:
        """Return the numbers of the entries of the suppression list that were decided."""
        named = (about.rpartition(":") for about in self.decisions)
        return {int(number) for kind, _, number in named if kind in _MADE_ONCE}

    def entries(self, decided: Iterable[Decided]) -> list[dict[str, Any]]:
        """Return decisions as a row of the audit keeps them."""
        return [self._entry(it) for it in decided]

    def _entry(self, it: Decided) -> dict[str, Any]:
        known = self.decisions.get(it.subject)
        return {
            "kind": it.kind.value,
            "id": str(it.id),
            "version": 1 if known is None else known.version + 1,
            "sha256": None if it.content is None else digest(it.content),
            "connection": it.connection,
            "content": it.content if it.kind in _KEPT_WHOLE else None,
        }

    def apply(self, row: AuditRecord) -> None:
        """Go on to the next row; raises SignatureError when it is altered, or decides what its signer may not."""
        if row.id != self.head.count + 1 or row.previous != self.head.sha256:
            raise wrong_row(self.head.count + 1, _("was removed, or another put in its place"))
        if row.sha256 != row_digest(row):
            raise wrong_row(row.id, _("was altered"))
        try:
            entries = [Entry.model_validate(it) for it in row.decides]
            if row.id == 1:
                self._begin(row, entries)
            else:
                self._check_actor(row)
            for entry in entries:
                self._decide(row, entry)
        except (ValueError, TypeError):
            raise wrong_row(row.id, _("decides something that can't be decided")) from None
        self.head = Head(count=row.id, sha256=row.sha256)

    def _begin(self, row: AuditRecord, entries: list[Entry]) -> None:
        _check_signature(row, root="")
        if [it.kind for it in entries] != [Kind.PERSON]:
            raise wrong_row(row.id, _("does not let in whoever made the workspace"))
        founder = KnownPerson.model_validate(entries[0].content)
        if (founder.public_key, founder.name, founder.role) != (row.public_key, row.person, Role.ADMINISTRATOR):
            raise wrong_row(row.id, _("does not let in whoever made the workspace"))
        self.root = row.sha256
        self.people[founder.public_key] = founder

    def _check_actor(self, row: AuditRecord) -> None:
        actor = self.people.get(row.public_key)
        if actor is None or actor.name != row.person:
            raise wrong_row(
                row.id,
                _("is in the name of {person!r}, whom the workspace did not know by that key", person=row.person),
            )
        _check_signature(row, root=self.root)

    def _decide(self, row: AuditRecord, entry: Entry) -> None:
        known = self.decisions.get(entry.subject)
        if entry.version != (1 if known is None else known.version + 1):
            raise wrong_row(
                row.id,
                _(
                    "decides version {version} of {subject}, which is not the next",
                    version=entry.version,
                    subject=entry.subject,
                ),
            )
        if entry.kind in _MADE_ONCE and not self._is_new_entry(row, entry):
            raise wrong_row(
                row.id, _("decides {subject}, which is not a new entry of the suppression list", subject=entry.subject)
            )
        if not self._is_entitled(row, known, entry):
            raise wrong_row(
                row.id,
                _("decides {subject}, and {person!r} was not entitled to", subject=entry.subject, person=row.person),
            )
        if entry.kind in _KEPT_WHOLE and entry.sha256 != (None if entry.content is None else digest(entry.content)):
            raise wrong_row(row.id, _("was altered"))
        if entry.kind is Kind.PERSON:
            self._take_person(entry)
        if entry.kind is Kind.CONNECTION:
            self._take_connection(entry)
        if entry.kind is Kind.ADVERTISERS:
            self.advertisers[entry.id] = {} if entry.content is None else _Advertisers(**entry.content).advertisers
        if entry.kind in _MADE_ONCE:
            self._newest_entry = max(self._newest_entry, int(entry.id))
        self.decisions[entry.subject] = Decision(
            row=row.id,
            version=entry.version,
            sha256=entry.sha256,
            by=row.public_key,
            connection=entry.connection,
        )

    def _is_entitled(self, row: AuditRecord, known: Decision | None, entry: Entry) -> bool:
        role = self.people[row.public_key].role
        if role == Role.ADMINISTRATOR:
            return True
        used = {entry.connection, None if known is None else known.connection} - {None}
        names_connection = entry.kind is not Kind.ADVERTISERS or entry.connection == int(entry.id)
        return (
            role == Role.CONTRIBUTOR
            and entry.kind not in _OF_ADMINISTRATORS
            and names_connection
            and all(it is None or self.may_use(row.public_key, it) for it in used)
        )

    def _is_new_entry(self, row: AuditRecord, entry: Entry) -> bool:
        number = int(entry.id)
        if str(number) != entry.id or entry.sha256 is None:
            return False
        if self.people[row.public_key].role != Role.ADMINISTRATOR:
            return number == self._newest_entry + 1
        # Who accepts that entries are lost goes on behind those that only other machines know.
        return number > 0 and not any(subject(it, number) in self.decisions for it in _MADE_ONCE)

    def _take_person(self, entry: Entry) -> None:
        self.people = {key: it for key, it in self.people.items() if str(it.id) != entry.id}
        if entry.content is not None:
            person = KnownPerson.model_validate(entry.content)
            self.people[person.public_key] = person
            if person.role != Role.VIEWER:
                self.sealers.add(person.public_key)

    def _take_connection(self, entry: Entry) -> None:
        self.connections.pop(entry.id, None)
        if entry.content is not None:
            self.connections[entry.id] = KnownConnection.model_validate(entry.content)


def row_digest(row: AuditRecord) -> str:
    """Return the hash that chains the row to the next, and that is signed; of a row that can't be written, none."""
    content = {
        "id": row.id,
        "at": row.at.astimezone(UTC).isoformat(),
        "person": row.person,
        "public_key": row.public_key,
        "machine": row.machine,
        "action": row.action,
        "name": row.name,
        "details": row.details,
        "decides": row.decides,
        "previous": row.previous,
    }
    try:
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except orjson.JSONEncodeError:  # half a character, or a number longer than any that was written here
        return ""


def sign_row(folder: "WorkspaceFolder", row: AuditRecord, *, root: str) -> str:
    """Return the actor's signature of the row."""
    return sign(folder.identity, SignedKind.AUDIT, {"row": row.id, "sha256": row.sha256}, root=root).signature


def state_of(session: Session) -> State:
    """Return what the audit says, as the session began with it and what it adds; ``acting`` must come before."""
    state: State = session.info[_STATE]
    return state


def synced(session: Session, folder: "WorkspaceFolder") -> State:
    """Compare the audit with what this machine remembers, replay what is new, and remember that.

    Raises:
        TrustError: The workspace at this place has another root, or its audit was cut off or put back.
        SignatureError: A new row of the audit is altered, not signed, or decides what its signer was not entitled to.
    """
    if _STATE in session.info:
        return state_of(session)
    # Rows are compared with the audit as it is now: nobody changes both meanwhile.
    serialize_writes(session)
    known = _known(session, folder)
    state = State(known)
    if catch_up(session, state):
        folder.memory.keep(folder.path, state.remembered(folder.settings.id))
    if state.root and None in folder.pins:
        folder.pin(state.root)
    session.info[_STATE] = state
    return state


def catch_up(session: Session, state: State) -> int:
    """Replay what the audit holds beyond the state; return how many rows those were."""
    count = state.head.count
    for row in _rows(session, after=count):
        state.apply(row)
    return state.head.count - count


def _rows(session: Session, *, after: int) -> Iterator[AuditRecord]:
    """Return the rows of the audit after a row, in order, some at a time."""
    while True:
        query = select(AuditRecord).where(AuditRecord.id > after).order_by(AuditRecord.id).limit(_ROWS_AT_ONCE)
        rows = session.scalars(query).all()
        yield from rows
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = rows[-1].id


def require_chain(session: Session) -> None:
    """Compare each row of the audit with the hash that the next one names, up to the newest that was replayed.

    Rows are replayed once, and may be altered later. Raises SignatureError for one that was.
    """
    number, previous = 0, BEGINNING
    for row in _rows(session, after=0):
        if row.id != number + 1 or row.previous != previous:
            raise wrong_row(number + 1, _("was removed, or another put in its place"))
        if row.sha256 != row_digest(row):
            raise wrong_row(row.id, _("was altered"))
        number, previous = row.id, row.sha256
    if (number, previous) != (state_of(session).head.count, state_of(session).head.sha256):
        raise wrong_row(number + 1, _("was removed, or another put in its place"))


@event.listens_for(WorkspaceSession, "after_commit")
def _committed(session: Session) -> None:
    if _STATE in session.info:
        session.info[_COMMITTED] = session.info.pop(_STATE)


@event.listens_for(WorkspaceSession, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop(_STATE, None)


def remember_committed(session: Session, folder: "WorkspaceFolder") -> None:
    """Let the machine remember what the session added to the audit, if it committed."""
    state: State | None = session.info.pop(_COMMITTED, None)
    if state is None or not state.root:
        return
    known = folder.memory.of(state.root)
    if known is None or known.head.count < state.head.count:
        folder.memory.keep(folder.path, state.remembered(folder.settings.id))
    folder.pin(state.root)


def is_as_decided(session: Session, decided: Decided) -> bool:
    """Tell whether a thing is as it was decided last."""
    found = state_of(session).decision(decided.kind, decided.id)
    if found is None or decided.content is None:
        return False
    try:
        return found.sha256 == digest(decided.content) and found.connection == decided.connection
    except TypeError:  # it holds what nobody can sign
        return False


def require_as_decided(session: Session, decided: Decided, *, table: str, name: str, remedy: str) -> Decision:
    """Return the decision about a row; raises SignatureError unless the row is as it was decided last."""
    found = state_of(session).decision(decided.kind, decided.id)
    where = _("{name} (row {decided} of table {table})", name=name, decided=decided.id, table=table)
    if found is None:
        raise SignatureError(_("{where} is signed by nobody.", where=where), remedy)
    if not is_as_decided(session, decided):
        raise SignatureError(
            _("{where} is not as it was signed: somebody changed it in the database.", where=where), remedy
        )
    return found


def replayed(session: Session) -> State:
    """Return what the audit says from its beginning, whatever this machine remembers of it."""
    state = State()
    catch_up(session, state)
    return state


def root_in(session: Session) -> str:
    """Return the root that the database tells of; empty when its audit is."""
    first = session.get(AuditRecord, 1)
    return "" if first is None else row_digest(first)


def _known(session: Session, folder: "WorkspaceFolder") -> Remembered | None:
    """Return what is remembered of this workspace, once its root and its newest row that was seen are as they were."""
    # First what is remembered: a session that reads sees the database as of its first look, and meanwhile somebody may
    # commit a row that this machine remembers at once.
    by_pin = {pin: folder.memory.of(pin) for pin in folder.pins if pin}
    here = root_in(session)
    pinned = next(iter(by_pin.keys() - {here}), None) or next(iter(by_pin), None)
    remembered = by_pin[pinned] if pinned else None
    if not here:
        if remembered is not None and remembered.workspace_id == folder.settings.id:
            raise _put_back(folder, remembered, 0)
        return None
    if folder.expected_root not in ("", here):
        raise _other_root(folder, folder.expected_root, here)
    if pinned and pinned != here:
        raise _other_root(folder, pinned, here)
    remembered = remembered or folder.memory.of(here)
    if remembered is not None:
        _require_not_rolled_back(session, folder, remembered)
    return remembered


def _require_not_rolled_back(session: Session, folder: "WorkspaceFolder", remembered: Remembered) -> None:
    row = session.get(AuditRecord, remembered.head.count)
    if row is None or remembered.head.sha256 not in (row.sha256, row_digest(row)):
        newest = session.scalar(select(AuditRecord.id).order_by(AuditRecord.id.desc()).limit(1)) or 0
        raise _put_back(folder, remembered, newest)
    if row.sha256 != row_digest(row):
        raise wrong_row(row.id, _("was altered"))


def _put_back(folder: "WorkspaceFolder", remembered: Remembered, newest: int) -> TrustError:
    return TrustError(
        _(
            "The workspace {folder} was put back or its audit was cut: this machine has seen row {count} "
            "of the audit, and the database has another there, or ends before, at row {newest}.",
            folder=folder.path,
            count=remembered.head.count,
            newest=newest,
        ),
        _(
            "Ask your administrator. If a backup was brought back on purpose, confirm it with "
            "workspace.trust(newest_row={newest}).",
            newest=newest,
        ),
    )


def _other_root(folder: "WorkspaceFolder", known: str, here: str) -> TrustError:
    return TrustError(
        _(
            "The workspace {folder} is another than this machine knows: its root is {here}, and was {known}.",
            folder=folder.path,
            here=here,
            known=known,
        ),
        _(
            'Ask your administrator for the root. If it is this one, confirm it with workspace.trust("{here}").',
            here=here,
        ),
    )


def wrong_row(row: int, what: str) -> SignatureError:
    """Return the error that tells what is wrong with a row of the audit."""
    return SignatureError(
        _("Row {row} of the audit {what}.", row=row, what=what),
        _("Somebody changed table audit in the database. Bring the database back from a backup."),
    )


def _check_signature(row: AuditRecord, *, root: str) -> None:
    payload: dict[str, JSON] = {"row": row.id, "sha256": row.sha256}
    try:
        verify(SignedKind.AUDIT, payload, Signature(row.public_key, row.signature), root=root)
    except SignatureError:
        raise wrong_row(row.id, _("is not signed by {person!r}", person=row.person)) from None
