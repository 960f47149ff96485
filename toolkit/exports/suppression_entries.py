"""The entries of the suppression list: numbered, chained, signed, and compared with what else knows of them.

An entry that is gone from the database must not go unnoticed, because its people would be sent again. So the audit
names each entry by number and hash, each entry the one before, and one's own machine remembers the newest that it saw.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from secrets import token_hex
from typing import NamedTuple

import polars as pl
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from toolkit.audience import Suppression
from toolkit.audience.suppression import HASH_COLUMNS, SCHEMA
from toolkit.errors import DataError, SignatureError, SuppressionsLostError
from toolkit.identifiers import identifier_type_named
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.database import serialize_writes
from toolkit.state.decisions import Decided, Kind, is_as_decided, root_in, state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.machine_memory import Remembered, SuppressionsHead
from toolkit.state.models import AuditRecord, PersonRecord, SuppressionPartRecord, SuppressionRecord
from toolkit.state.signing import JSON, Signature, SignedKind, digest, sign, verify
from toolkit.translatable import _, ngettext

_BEGINNING = "0" * 64
_ROWS_A_PART = 250_000


class Act(StrEnum):
    """What an entry does."""

    ADD = "add"
    LIFT = "lift"
    ACCEPT = "accept loss"


ACTIONS = (Action.SUPPRESS, Action.FORGET, Action.UNSUPPRESS, Action.ACCEPT_LOST_SUPPRESSIONS)


@dataclass(frozen=True)
class Lost:
    """An entry that was made and is not there, or not as it was made."""

    number: int
    made_at: datetime | None
    is_altered: bool


@dataclass(frozen=True)
class Entries:
    """What the database holds of the list, after it was compared with all that knows of it."""

    whole: Sequence[SuppressionRecord]
    lost: Sequence[Lost]
    newest: int
    """The highest number of an entry that is known of."""

    @property
    def in_force(self) -> list[SuppressionRecord]:
        """The entries whose people are kept out."""
        lifted = {it.lifts for it in self.whole if it.act == Act.LIFT}
        return [it for it in self.whole if it.act == Act.ADD and it.name not in lifted]

    @property
    def head(self) -> SuppressionsHead | None:
        """The newest entry, None when there is none."""
        last = max(self.whole, key=lambda it: it.number, default=None)
        return None if last is None else SuppressionsHead(count=last.number, sha256=last.sha256, at=last.added_at)

    def require_whole(self) -> None:
        """Raise SignatureError when an entry was altered, SuppressionsLostError when one is missing."""
        if not self.lost:
            return
        count = len(self.lost)
        moments = [it.made_at for it in self.lost if it.made_at is not None]
        last = _(", the last on {moments:%Y-%m-%d %H:%M} UTC", moments=max(moments)) if moments else ""
        remedy = _(
            "Bring back the newer database: people who asked not to be sent would be sent again. If "
            "it is lost, confirm with workspace.suppressions.accept_lost(entries={count}), and "
            "suppress or forget them anew before you run an export. Entries that others made since "
            "the backup, on machines of their own, can't be known here: ask them.",
            count=count,
        )
        named = ngettext("{count} entry", "{count} entries", count)
        altered = [it for it in self.lost if it.is_altered]
        if altered:
            numbers = ", ".join(str(it.number) for it in altered[:3])
            raise SignatureError(
                _(
                    "The suppression list is not as it was made: {named} of it can't be relied on{last}; "
                    "entry {numbers} was altered in the database.",
                    named=named,
                    last=last,
                    numbers=numbers,
                ),
                remedy,
            )
        raise SuppressionsLostError(
            ngettext(
                "The suppression list is older than it should be: {count} entry of it was made and was not "
                "found{last}.",
                "The suppression list is older than it should be: {count} entries of it were made and were not "
                "found{last}.",
                count,
                last=last,
            ),
            remedy,
        )


def entries_of(session: Session, folder: WorkspaceFolder) -> Entries:
    """Return the entries that are whole, and what is known of others."""
    root = root_in(session)
    records = session.scalars(select(SuppressionRecord).order_by(SuppressionRecord.number)).all()
    told = _told_by_audit(session)
    remembered = _remembered(folder, root)
    sound = {it.number: it for it in records if _is_sound(session, it, told, root=root)}
    accepts = [it for it in sound.values() if it.act == Act.ACCEPT]
    base = max(accepts, key=lambda it: it.number, default=None)
    first = 0 if base is None else base.number
    kept = set() if base is None else set(base.kept)
    whole = {number: it for number, it in sound.items() if number >= first or it.sha256 in kept}
    lost: dict[int, Lost] = {}

    def lose(number: int, made_at: datetime | None) -> None:
        lost.setdefault(number, Lost(number, made_at, is_altered=any(it.number == number for it in records)))

    gone = kept - {it.sha256 for it in whole.values()}
    decided = state_of(session).suppressions()
    for number in decided:
        if number > first and number not in whole and number not in told:
            lose(number, None)
    for number, it in told.items():
        if (number > first and number not in whole) or it.sha256 in gone:
            lose(number, it.at)
    previous = _BEGINNING if base is None else base.sha256
    expected = first + 1
    for record in [it for it in records if it.number > first]:
        for number in range(expected, record.number):
            lose(number, None)
        if record.number in whole and record.number == expected and record.previous != previous:
            whole.pop(record.number)
        if record.number not in whole:
            lose(record.number, record.added_at)
        # As the audit has it: an entry that was altered does not make others doubtful.
        previous = told[record.number].sha256 if record.number in told else record.sha256
        expected = record.number + 1
    newest = max([first, *told, *decided, *(it.number for it in records)])
    if remembered is not None and remembered.count >= first:
        for number in range(max(expected, first + 1), remembered.count + 1):
            lose(number, remembered.at if number == remembered.count else None)
        there = next((it for it in records if it.number == remembered.count), None)
        if there is not None and there.sha256 != remembered.sha256:
            lose(remembered.count, remembered.at)
        newest = max(newest, remembered.count)
    return Entries(
        whole=[it for number, it in sorted(whole.items()) if number not in lost],
        lost=[lost[it] for it in sorted(lost)],
        newest=newest,
    )


def content_of(session: Session, records: Iterable[SuppressionRecord]) -> pl.DataFrame:
    """Return the people of these entries: the columns of a ``Suppression``, and the ``number`` of the entry.

    Raises SignatureError when they are not those who were added.
    """
    frames = [pl.DataFrame(schema={"number": pl.Int64, **SCHEMA})]
    for record in records:
        query = select(SuppressionPartRecord.content).where(SuppressionPartRecord.number == record.number)
        parts = session.scalars(query.order_by(SuppressionPartRecord.part)).all()
        if _digest_of_parts(parts) != record.content_sha256:
            raise SignatureError(
                _(
                    "The people of entry {record} of the suppression list are not those who were added.",
                    record=record.name,
                ),
                _(
                    "Somebody changed the database. Bring it back from a backup; or suppress its people "
                    "anew, and lift it with workspace.suppressions.lift({record!r}).",
                    record=record.name,
                ),
            )
        frames += [_decoded(it).select(pl.lit(record.number, pl.Int64).alias("number"), *SCHEMA) for it in parts]
    return pl.concat(frames)


def add_entry(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, added: Suppression, *, action: Action, source: str
) -> SuppressionRecord:
    """Add these people to the list; raises as ``Entries.require_whole`` when entries of it are lost."""
    added = added.condensed()
    parts = [_encoded(it) for it in added.frame.iter_slices(_ROWS_A_PART)]
    record = _new(session, folder, actor, Act.ADD, source=source)
    record.customers = int(added.frame["customer"].count() + added.frame["customer_sha256"].count())
    record.identifiers = dict(added.counts)
    record.content_sha256 = _digest_of_parts(parts)
    _seal(session, folder, actor, record, action=action)
    for number, content in enumerate(parts):
        session.add(SuppressionPartRecord(number=record.number, part=number, content=content))
        session.flush()
    return record


def lift_entry(session: Session, folder: WorkspaceFolder, actor: PersonRecord, lifted: SuppressionRecord) -> None:
    """Lift an entry: its people may be sent again, and are dropped."""
    record = _new(session, folder, actor, Act.LIFT, source=lifted.source)
    record.lifts = lifted.name
    _seal(session, folder, actor, record, action=Action.UNSUPPRESS)
    session.execute(delete(SuppressionPartRecord).where(SuppressionPartRecord.number == lifted.number))


def accept_loss(session: Session, folder: WorkspaceFolder, actor: PersonRecord, entries: Entries) -> None:
    """Go on with the entries that are whole; the others are given up."""
    record = _blank(folder, actor, Act.ACCEPT, number=entries.newest + 1, source="")
    record.kept = [it.sha256 for it in entries.whole]
    record.previous = digest({"kept": record.kept, "number": record.number})
    _seal(session, folder, actor, record, action=Action.ACCEPT_LOST_SUPPRESSIONS, lost=len(entries.lost))


def remember(folder: WorkspaceFolder, *, root: str, head: SuppressionsHead | None) -> None:
    """Let this machine remember the newest entry."""
    if head is None or not root:
        return
    memory = folder.memory
    known = memory.of(root)
    if known is not None and known.suppressions is not None and known.suppressions.sha256 == head.sha256:
        return

    def newest(known: Remembered | None) -> Remembered | None:
        is_newer = known is not None and (known.suppressions is None or known.suppressions.count < head.count)
        return known.model_copy(update={"suppressions": head}) if known is not None and is_newer else known

    memory.update(root, newest)


def _new(session: Session, folder: WorkspaceFolder, actor: PersonRecord, act: Act, *, source: str) -> SuppressionRecord:
    serialize_writes(session)
    entries = entries_of(session, folder)
    entries.require_whole()
    head = entries.head
    record = _blank(folder, actor, act, number=1 if head is None else head.count + 1, source=source)
    record.previous = _BEGINNING if head is None else head.sha256
    return record


def _blank(folder: WorkspaceFolder, actor: PersonRecord, act: Act, *, number: int, source: str) -> SuppressionRecord:
    moment = datetime.now(UTC)
    return SuppressionRecord(
        number=number,
        name=f"{moment:%Y%m%d-%H%M%S}-{token_hex(3)}",
        act=act.value,
        source=source,
        added_at=moment,
        added_by=actor.name,
        public_key=folder.identity.public_key,
        lifts=None,
        kept=[],
        customers=0,
        identifiers={},
        content_sha256="",
    )


def _seal(
    session: Session,
    folder: WorkspaceFolder,
    actor: PersonRecord,
    record: SuppressionRecord,
    *,
    action: Action,
    **details: object,
) -> None:
    """Sign the entry and add it, with the row of the audit that names it, in one transaction."""
    record.sha256 = digest(_payload(record))
    record.signature = sign(folder.identity, SignedKind.SUPPRESSION, _payload(record), root=root_in(session)).signature
    session.add(record)
    session.flush()
    counts = {"customers": record.customers} | {
        identifier_type_named(name).count_name: count for name, count in record.identifiers.items()
    }
    audit.record(
        session,
        folder,
        actor,
        action,
        record.lifts or record.name,
        decides=[_decided(record)],
        number=record.number,
        sha256=record.sha256,
        **{name: count for name, count in counts.items() if count},
        **details,
    )


def _payload(record: SuppressionRecord) -> Mapping[str, JSON]:
    return {
        "number": record.number,
        "name": record.name,
        "act": record.act,
        "source": record.source,
        "added_at": record.added_at.astimezone(UTC).isoformat(),
        "added_by": record.added_by,
        "public_key": record.public_key,
        "lifts": record.lifts,
        "kept": list(record.kept),
        "customers": record.customers,
        "identifiers": dict(sorted(record.identifiers.items())),
        "content_sha256": record.content_sha256,
        "previous": record.previous,
    }


class _Told(NamedTuple):
    """What the audit says of an entry."""

    sha256: str
    at: datetime
    public_key: str


def _is_sound(session: Session, record: SuppressionRecord, told: Mapping[int, _Told], *, root: str) -> bool:
    """Tell whether the entry is as somebody entitled signed it, and the audit names it as done by the same person."""
    named = told.get(record.number)
    if named is None or (named.sha256, named.public_key) != (record.sha256, record.public_key):
        return False
    if not is_as_decided(session, _decided(record)):
        return False
    try:
        signature = Signature(record.public_key, record.signature)
        verify(SignedKind.SUPPRESSION, _payload(record), signature, root=root)
    except SignatureError:
        return False
    return record.sha256 == digest(_payload(record))


def _decided(record: SuppressionRecord) -> Decided:
    return Decided(Kind.SUPPRESSION if record.act == Act.ADD else Kind.LIFTING, record.number, _payload(record))


def _told_by_audit(session: Session) -> dict[int, "_Told"]:
    """Return what the audit says of each entry, by number."""
    query = select(AuditRecord.details, AuditRecord.at, AuditRecord.public_key).where(
        AuditRecord.action.in_([it.value for it in ACTIONS])
    )
    return {
        int(details["number"]): _Told(str(details["sha256"]), at, public_key)
        for details, at, public_key in session.execute(query.order_by(AuditRecord.id)).all()
        if "number" in details
    }


def _remembered(folder: WorkspaceFolder, root: str) -> SuppressionsHead | None:
    known = folder.memory.of(root) if root else None
    return None if known is None else known.suppressions


def _encoded(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    packed = frame.with_columns(pl.col(HASH_COLUMNS).str.decode("hex"))
    # Hashes do not shrink; the keys do.
    packed.write_parquet(stream, compression="zstd", compression_level=1, statistics=False)
    return stream.getvalue()


def _decoded(content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content)).with_columns(pl.col(HASH_COLUMNS).bin.encode("hex"))
    except (OSError, pl.exceptions.PolarsError):
        raise DataError(
            _("A part of the suppression list is damaged in the database."),
            _("Bring it back from a backup: without it somebody who asked not to be sent would be."),
        ) from None


def _digest_of_parts(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
