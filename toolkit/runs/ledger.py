"""What was sent and acknowledged, batch by batch.

The state of a contact list is its last snapshot, changed by the batches that came after it. A batch is recorded
before it is sent and again when it is acknowledged. Its identifiers lie in the plan's file, so that whatever was
under way when a run ended is known to be uncertain, and is sent again by the next.

A batch may still be carried out after its run lost its lease: the process was stopped between asking for leave and
sending. What a later run sends of the same identifiers is certain only if the batch was over by then (see
``batches.py``). Until it is, its identifiers stay uncertain in every snapshot, and its plan's file stays.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from toolkit.audience import IdentifierForm
from toolkit.errors import DataError
from toolkit.files import make_folder, read_parquet, write_atomically
from toolkit.runs.batches import BatchStatus, Operation, newest_batch
from toolkit.runs.members import changes_of, part_of
from toolkit.runs.plan import KnownState, Plan, is_other_form
from toolkit.runs.run import RunCanceledError, RunStatus
from toolkit.workspace import WorkspaceFolder
from toolkit.workspace.leases import Lease
from toolkit.workspace.places import place_of_run, place_of_snapshot
from toolkit.workspace.records import BatchRecord, ContactListRecord, HistoryPartRecord, RunRecord

__all__ = ["Batch", "BatchStatus", "Ledger", "Operation", "Unsettled"]

T = TypeVar("T")

_NEVER = 2**62
"""Closed after no batch so far."""


@dataclass(frozen=True)
class Batch:
    """A part of a plan that is sent in one call."""

    number: int
    operation: Operation
    identifiers: pl.Series


@dataclass(frozen=True)
class Unsettled:
    """What a run that is over left uncertain."""

    run_id: str
    error: str | None
    """The kind of error that it ended with."""
    identifiers: pl.Series
    everything: bool
    """It may have emptied the list."""


class Ledger:
    """The ledger of one run of an export; without a lease it is only read."""

    def __init__(
        self,
        folder: WorkspaceFolder,
        run_id: str,
        *,
        now: Callable[[], datetime],
        lease: Lease | None = None,
        under_way: set[int] | None = None,
    ) -> None:
        self._folder = folder
        self._lease = lease
        self._under_way = set() if under_way is None else under_way
        self.run_id = run_id
        self._now = now
        self._snapshots: dict[str, pl.DataFrame] = {}

    def plan_file(self, list_id: int, run_id: str | None = None) -> Path:
        """Return where the plan of a run for the list lies."""
        return place_of_run(self._folder.path, run_id or self.run_id) / f"plan-{list_id}.parquet"

    def state_of(self, record: ContactListRecord) -> KnownState:
        """Return what is known of the list; raises DataError when a file that tells is lost or damaged."""
        own, foreign = self._batches_that_matter(record)
        emptied = _last_emptying(own)
        snapshot = self._snapshot_schema_only() if emptied else self._snapshot(record)
        sent = self._sent(record, own, since=emptied)
        known = _combined(snapshot.select("identifier", "acknowledged"), sent, own, foreign, emptied=emptied)
        held, uncertain = _split(known)
        form = None if record.form is None else IdentifierForm(record.form)
        return KnownState(held=held, uncertain=uncertain, form=form, mixes_forms=record.mixes_forms)

    def unsettled(self, record: ContactListRecord) -> list[Unsettled]:
        """Return what other runs left uncertain of the list, a run at a time."""
        own, _ = self._batches_that_matter(record)
        emptied = _last_emptying(own)
        open_ones = [
            it for it in own if not _is_acknowledged(it) and _until(it) >= emptied and it.run_id != self.run_id
        ]
        errors = self._errors({it.run_id for it in open_ones})
        found = []
        for run_id in dict.fromkeys(it.run_id for it in open_ones):
            batches = [it for it in open_ones if it.run_id == run_id]
            clears = any(it.operation == Operation.CLEAR for it in batches)
            identifiers = self._planned(record, run_id, batches)["identifier"]
            found.append(Unsettled(run_id, errors.get(run_id), identifiers, clears))
        return found

    def _errors(self, runs: set[str]) -> dict[str, str | None]:
        with self._folder.reading() as session:
            rows = session.execute(select(RunRecord.id, RunRecord.error).where(RunRecord.id.in_(runs))).all()
        return {run_id: (error or {}).get("kind") for run_id, error in rows}

    def write_plan(self, record: ContactListRecord, plan: Plan, size: int, *, wanted: pl.DataFrame) -> list[Batch]:
        """Divide the plan into batches of at most ``size`` identifiers, and bring it to the disk before any is sent.

        ``wanted`` tells the ``customer`` of each ``identifier`` that may be added.
        """
        batches = list(_divide(plan, size))
        table = pl.concat(
            [
                pl.DataFrame({"identifier": it.identifiers}, schema={"identifier": pl.String}).with_columns(
                    number=pl.lit(it.number, pl.Int64), operation=pl.lit(it.operation.value, _OPERATIONS)
                )
                for it in batches
            ]
            or [pl.DataFrame(schema=_PLAN_SCHEMA).drop("customer")]
        )
        named = table.join(_as_text(wanted), on="identifier", how="left", maintain_order="left")
        write_atomically(self.plan_file(record.id), lambda path: named.write_parquet(path, compression="lz4"))
        return batches

    @staticmethod
    def count_batches(plan: Plan, size: int) -> int:
        """Return in how many batches the plan would be sent."""
        return int(plan.clear) + -(-len(plan.remove) // size) + -(-len(plan.add) // size)

    def begin(self, record: ContactListRecord, batch: Batch, form: IdentifierForm) -> int:
        """Record that the batch is about to be sent; return its number in the ledger.

        Raises LeaseLostError when another run took over.
        """
        with self._folder.session() as session, session.begin():
            canceled_by = self._hold_on(session)
            if canceled_by:
                raise RunCanceledError.by(canceled_by)
            if batch.operation is not Operation.CLEAR:
                kept = session.get_one(ContactListRecord, record.id)
                sent = None if kept.form is None else IdentifierForm(kept.form)
                kept.mixes_forms = kept.mixes_forms or is_other_form(sent, form)
                kept.form = form.value
            row = BatchRecord(
                run_id=self.run_id,
                contact_list_id=record.id,
                criteo_id=record.criteo_id,
                number=batch.number,
                operation=batch.operation.value,
                identifiers=len(batch.identifiers),
                status=BatchStatus.SENDING.value,
                sent_at=self._now(),
            )
            session.add(row)
            session.flush()
            return row.id

    def while_sending(self, batch_id: int, send: Callable[[], T]) -> T:
        """Send the batch, which counts as under way until that comes to an end, whatever becomes of the run."""
        self._under_way.add(batch_id)
        try:
            return send()
        finally:
            self._under_way.discard(batch_id)

    def acknowledge(self, batch_id: int, *, valid: int | None, invalid: int | None) -> None:
        """Record that Criteo acknowledged the batch.

        Raises LeaseLostError when another run took over: then it is recorded that the batch is over, and that nobody
        knows whether it came before or after what that run sends.
        """
        with self._folder.session() as session, session.begin():
            is_held = self._held_lease.is_held(session)
            batch = session.get_one(BatchRecord, batch_id)
            batch.closed_after = newest_batch(session)
            if is_held:
                batch.status = BatchStatus.ACKNOWLEDGED.value
                batch.valid, batch.invalid, batch.acknowledged_at = valid, invalid, self._now()
                self._note_acknowledged(session, batch)
            else:
                batch.status = BatchStatus.UNCERTAIN.value
        if not is_held:
            raise self._held_lease.lost

    @staticmethod
    def _note_acknowledged(session: Session, batch: BatchRecord) -> None:
        record = session.get_one(ContactListRecord, batch.contact_list_id)
        if batch.operation == Operation.ADD:
            record.rejected += batch.invalid or 0
        elif batch.operation == Operation.CLEAR:
            of_list = (ContactListRecord.host == record.host, ContactListRecord.criteo_id == record.criteo_id)
            query = update(ContactListRecord).where(*of_list)
            session.execute(query.values(rejected=0, holds_unknown=False))
            still_open = (
                select(BatchRecord.id)
                .join(ContactListRecord)
                .where(
                    *of_list,
                    BatchRecord.id != batch.id,
                    BatchRecord.operation == Operation.ADD.value,
                    BatchRecord.status != BatchStatus.ACKNOWLEDGED.value,
                    or_(BatchRecord.closed_after.is_(None), BatchRecord.closed_after >= batch.id),
                )
            )
            if session.scalars(still_open.limit(1)).one_or_none() is None:
                session.execute(query.values(mixes_forms=False, form=None))
            else:
                # What may still arrive may be of a form that can't be named to be removed.
                is_plain = ContactListRecord.form == IdentifierForm.PLAIN.value
                session.execute(query.where(is_plain).values(mixes_forms=True))

    def settle(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series | None = None) -> None:
        """Make what is known, now that no batch is open, the list's snapshot, and drop the files it replaces.

        ``wanted`` tells the ``customer`` of each ``identifier``; ``left`` are identifiers that stay for others only.
        Who entered the list and who left it since the last snapshot becomes a part of the history of its members.
        """
        left = _nothing() if left is None else left
        own, _ = self._batches_that_matter(record)
        if left.is_empty() and not own:
            return
        known = self._known_members(record, wanted=wanted, left=left)
        part = self._write_part(record, known, self._snapshot_or_nothing(record))
        self._replace_snapshot(record, known, part=part)

    def doubt(self, record: ContactListRecord) -> None:
        """Take nothing of what the list holds for certain from now on: it is about to be emptied, or is unlike."""
        state = self.state_of(record)
        if state.held.is_empty():
            return
        known = self._known_members(record, wanted=_NO_MEMBERS, left=_nothing())
        self._replace_snapshot(record, known.with_columns(acknowledged=pl.lit(False)))

    def forget_emptied(self, record: ContactListRecord) -> None:
        """Record that the list holds nothing for this record any more: whoever fills it too emptied it.

        What the record's own runs left uncertain may have come after that, and stays uncertain.
        """
        members = self._snapshot_or_nothing(record).filter("member")
        own, _ = self._batches_that_matter(record)
        since = max((it.id for it in own if _is_acknowledged(it)), default=0)
        sent = self._sent(record, own, since=max(since, record.snapshot_batch) + 1)
        may_be_there = sent.filter(~pl.col("done")).unique("identifier", keep="last")
        part = self._write_part(record, members.clear(), members) if len(members) else None
        known = may_be_there.select(
            "identifier", pl.lit(False).alias("acknowledged"), "customer", pl.lit(False).alias("member")
        )
        self._replace_snapshot(record, known, part=part)

    def sweep(self, record: ContactListRecord) -> None:
        """Drop files of the list that runs which were killed left behind, and that nothing points at.

        Raises LeaseLostError when another run took over.
        """
        # Files first, and then, as long as the list is ours, what names them: none that others write later is here.
        plans = list((self._folder.path / "runs").glob(f"*/plan-{record.id}.parquet"))
        others = [
            *(self._folder.path / "lists").glob(f"{record.id}-*.parquet"),
            *(self._folder.path / "history" / str(record.id)).glob("*.parquet"),
        ]
        with self._folder.session() as session, session.begin():
            self._hold_on(session)
            kept = session.get_one(ContactListRecord, record.id)
            running = set(session.scalars(select(RunRecord.id).where(RunRecord.status == RunStatus.RUNNING.value)))
            parts = select(HistoryPartRecord.file).where(HistoryPartRecord.contact_list_id == record.id)
            named = {kept.snapshot, *session.scalars(parts)}
            own, _ = self._read_batches(session, kept)
        needed = {it.run_id for it in own} | running
        for plan in plans:
            if plan.parent.name not in needed:
                plan.unlink(missing_ok=True)
        for file in others:
            if file.relative_to(self._folder.path).as_posix() not in named:
                file.unlink(missing_ok=True)

    def _write_part(self, record: ContactListRecord, known: pl.DataFrame, before: pl.DataFrame) -> Path:
        part = part_of(self._folder, record.id, record.settled + 1)
        make_folder(part.parent)
        changes = changes_of(known, before).with_columns(run=pl.lit(self.run_id), at=pl.lit(self._now()))
        # It counts only once the record says so: one that a run wrote which was killed then is written again.
        write_atomically(part, lambda path: changes.write_parquet(path, compression="zstd", compression_level=1))
        return part

    def _take_part(self, session: Session, kept: ContactListRecord, part: Path | None) -> None:
        """Make a file that was written a part of the history."""
        if part is None:
            return
        kept.settled += 1
        file = part.relative_to(self._folder.path).as_posix()
        session.add(HistoryPartRecord(contact_list_id=kept.id, number=kept.settled, file=file))

    def _known_members(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series) -> pl.DataFrame:
        """Return the rows of a snapshot: the identifiers, whether they are acknowledged, and whose they are."""
        state = self.state_of(record)
        before = self._snapshot_or_nothing(record)
        own, _ = self._batches_that_matter(record)
        plans = [self._sent(record, own, since=_last_emptying(own)).select("identifier", "customer")]
        customers = pl.concat([_as_text(wanted), *plans, before.select("identifier", "customer")])
        known = pl.concat(
            [
                state.held.to_frame().with_columns(acknowledged=pl.lit(True)),
                state.uncertain.to_frame().with_columns(acknowledged=pl.lit(False)),
            ]
        ).join(left.to_frame("identifier"), on="identifier", how="anti")
        return (
            known.join(
                customers.drop_nulls().unique("identifier", keep="first"),
                on="identifier",
                how="left",
                maintain_order="left",
            )
            .join(before.select("identifier", "member"), on="identifier", how="left", maintain_order="left")
            .with_columns(member=pl.col("acknowledged") | pl.col("member").fill_null(False))
        )

    def _replace_snapshot(self, record: ContactListRecord, known: pl.DataFrame, *, part: Path | None = None) -> None:
        relative = Path("lists") / f"{record.id}-{token_hex(4)}.parquet"
        path = self._folder.path / relative
        make_folder(path.parent)
        write_atomically(path, lambda it: known.write_parquet(it, compression="lz4"))
        previous = record.snapshot
        self._snapshots = {relative.as_posix(): known}
        with self._folder.session() as session, session.begin():
            self._hold_on(session)
            kept = session.get_one(ContactListRecord, record.id)
            before, _ = self._read_batches(session, kept)
            kept.snapshot = relative.as_posix()
            kept.snapshot_sha256 = _checksum(path)
            kept.snapshot_batch = newest_batch(session)
            self._take_part(session, kept, part)
            after, _ = self._read_batches(session, kept)
        record.snapshot, record.snapshot_sha256 = kept.snapshot, kept.snapshot_sha256
        record.snapshot_batch, record.settled = kept.snapshot_batch, kept.settled
        record.rejected, record.holds_unknown = kept.rejected, kept.holds_unknown
        record.form, record.mixes_forms = kept.form, kept.mixes_forms
        spent = {it.run_id for it in before} - {it.run_id for it in after}
        for file in [
            *(self.plan_file(record.id, it) for it in spent),
            *([place_of_snapshot(self._folder.path, previous)] if previous else []),
        ]:
            file.unlink(missing_ok=True)

    @property
    def _held_lease(self) -> Lease:
        assert self._lease is not None  # noqa: S101  # who only reads has none
        return self._lease

    def _hold_on(self, session: Session) -> str | None:
        """Return who asked the run to end; raises LeaseLostError when another took over."""
        self._held_lease.require(session)
        return session.scalar(select(RunRecord.cancel_by).where(RunRecord.id == self.run_id))

    def last_held(self, record: ContactListRecord, *, wanted: pl.Series) -> pl.Series | None:
        """Return what the list held after the last finished run, None when there was none.

        What is uncertain is taken to have been as it is wanted: to send it again is no change.
        """
        if record.snapshot is None:
            return None
        held, uncertain = _split(self._snapshot(record))
        return pl.concat(
            [held, uncertain.to_frame().join(wanted.to_frame(), on="identifier", how="semi")["identifier"]]
        )

    def known_of(self, record: ContactListRecord, customers: pl.Series) -> pl.Series:
        """Return the identifiers that the list holds, or may hold, of these customers (keys as text)."""
        known = self._known_members(record, wanted=_NO_MEMBERS, left=_nothing())
        return known.filter(pl.col("customer").is_in(customers.implode()))["identifier"]

    def known_people(self, record: ContactListRecord) -> pl.DataFrame:
        """Return ``identifier`` and ``customer`` of whoever the list holds, or may hold."""
        known = self._known_members(record, wanted=_NO_MEMBERS, left=_nothing())
        return known.select("identifier", "customer")

    def _snapshot(self, record: ContactListRecord) -> pl.DataFrame:
        """Return the rows of the snapshot; raises DataError when its file is lost or damaged."""
        if record.snapshot is None:
            return pl.DataFrame(schema=_SNAPSHOT_SCHEMA)
        if record.snapshot not in self._snapshots:
            self._snapshots[record.snapshot] = self._read_snapshot(
                record, place_of_snapshot(self._folder.path, record.snapshot)
            )
        return self._snapshots[record.snapshot]

    @staticmethod
    def _read_snapshot(record: ContactListRecord, path: Path) -> pl.DataFrame:
        if not path.exists() or _checksum(path) != record.snapshot_sha256:
            raise _lost(record, path)
        known = read_parquet(path)
        if "member" in known.columns:
            return known
        # As releases before the history of members wrote it.
        return known.with_columns(customer=pl.lit(None, pl.String), member=pl.col("acknowledged"))

    def _snapshot_or_nothing(self, record: ContactListRecord) -> pl.DataFrame:
        """Return the rows of the snapshot; none when it is lost, which matters no more once the list was emptied."""
        try:
            return self._snapshot(record)
        except DataError:
            return pl.DataFrame(schema=_SNAPSHOT_SCHEMA)

    def _batches_that_matter(self, record: ContactListRecord) -> tuple[list[BatchRecord], list[BatchRecord]]:
        with self._folder.reading() as session:
            return self._read_batches(session, record)

    @staticmethod
    def _read_batches(session: Session, record: ContactListRecord) -> tuple[list[BatchRecord], list[BatchRecord]]:
        """Return the batches that the snapshot does not tell of, in whole: the list's own, and others' that take away.

        The first are those that began after it, and those that were not over by then. The second are those that others
        who fill the same list at Criteo left uncertain, and that were not over by then.
        """
        # One that was over at the number of the snapshot may have been so before or after it was taken.
        not_over = or_(BatchRecord.closed_after.is_(None), BatchRecord.closed_after >= record.snapshot_batch)
        not_over &= BatchRecord.status != BatchStatus.ACKNOWLEDGED.value
        here = BatchRecord.criteo_id == record.criteo_id
        own = select(BatchRecord).where(
            BatchRecord.contact_list_id == record.id, or_(BatchRecord.id > record.snapshot_batch, here & not_over)
        )
        foreign = (
            select(BatchRecord)
            .join(ContactListRecord)
            .where(
                ContactListRecord.host == record.host,
                ContactListRecord.id != record.id,
                here,
                not_over,
                BatchRecord.operation != Operation.ADD.value,
            )
        )
        return (
            list(session.scalars(own.order_by(BatchRecord.id))),
            list(session.scalars(foreign.order_by(BatchRecord.id))),
        )

    def _sent(self, record: ContactListRecord, own: Sequence[BatchRecord], *, since: int) -> pl.DataFrame:
        """Return the identifiers of the batches that count since the list was emptied by a batch of that number."""
        counting = [it for it in own if it.id > since or (not _is_acknowledged(it) and _until(it) >= since)]
        frames = [pl.DataFrame(schema=_SENT_SCHEMA)]
        for run_id in dict.fromkeys(it.run_id for it in counting):
            batches = [it for it in counting if it.run_id == run_id]
            facts = pl.DataFrame(
                {
                    "number": [it.number for it in batches],
                    "batch": [it.id for it in batches],
                    "done": [_is_acknowledged(it) for it in batches],
                    "until": [_until(it) for it in batches],
                },
                schema={"number": pl.Int64, "batch": pl.Int64, "done": pl.Boolean, "until": pl.Int64},
            )
            was_emptied = max(it.id for it in batches) < since
            planned = self._planned(record, run_id, batches, if_lost=_NO_PLAN if was_emptied else None)
            frames.append(planned.join(facts, on="number", maintain_order="left").select(_SENT_SCHEMA.keys()))
        return pl.concat(frames)

    @staticmethod
    def _snapshot_schema_only() -> pl.DataFrame:
        return pl.DataFrame(schema=_SNAPSHOT_SCHEMA)

    def _planned(
        self, record: ContactListRecord, run_id: str, batches: list[BatchRecord], *, if_lost: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Return the identifiers of those batches of a run that were recorded as sent."""
        path = self.plan_file(record.id, run_id)
        if not any(it.identifiers for it in batches):
            return _NO_PLAN
        try:
            planned = read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
            if if_lost is not None:
                return if_lost
            raise _lost(record, path) from None
        if "customer" not in planned.columns:
            planned = planned.with_columns(customer=pl.lit(None, pl.String))
        return planned.filter(pl.col("number").is_in([it.number for it in batches]))


_OPERATIONS = pl.Enum([operation.value for operation in Operation])
_PLAN_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "number": pl.Int64,
    "operation": _OPERATIONS,
    "customer": pl.String,
}
_SENT_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "customer": pl.String,
    "operation": _OPERATIONS,
    "batch": pl.Int64,
    "done": pl.Boolean,
    "until": pl.Int64,
}
_SNAPSHOT_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "acknowledged": pl.Boolean,
    "customer": pl.String,
    "member": pl.Boolean,
}
_NO_PLAN = pl.DataFrame(schema=_PLAN_SCHEMA)
_NO_MEMBERS = pl.DataFrame(schema={"identifier": pl.String, "customer": pl.String})


def _divide(plan: Plan, size: int) -> Iterator[Batch]:
    number = 0
    if plan.clear:
        yield Batch(number, Operation.CLEAR, plan.remove.clear())
        number += 1
    for operation, identifiers in ((Operation.REMOVE, plan.remove), (Operation.ADD, plan.add)):
        for start in range(0, len(identifiers), size):
            yield Batch(number, operation, identifiers.slice(start, size))
            number += 1


def _nothing() -> pl.Series:
    return pl.Series("identifier", [], dtype=pl.String)


def _split(known: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return what was held, and what was uncertain."""
    acknowledged = known["acknowledged"]
    return known["identifier"].filter(acknowledged), known["identifier"].filter(~acknowledged)


def _as_text(wanted: pl.DataFrame) -> pl.DataFrame:
    return wanted.select("identifier", pl.col("customer").cast(pl.String))


def _is_acknowledged(batch: BatchRecord) -> bool:
    return batch.status == BatchStatus.ACKNOWLEDGED


def _until(batch: BatchRecord) -> int:
    """Return up to which number others were sent while the batch may still have been carried out."""
    return _NEVER if batch.closed_after is None else batch.closed_after


def _last_emptying(own: Sequence[BatchRecord]) -> int:
    """Return the number of the last batch that certainly emptied the list, 0 when none did."""
    return max((it.id for it in own if it.operation == Operation.CLEAR and _is_acknowledged(it)), default=0)


def _combined(
    snapshot: pl.DataFrame,
    sent: pl.DataFrame,
    own: Sequence[BatchRecord],
    foreign: Sequence[BatchRecord],
    *,
    emptied: int,
) -> pl.DataFrame:
    """Return ``identifier`` and ``acknowledged`` of all that the list holds or may hold.

    An identifier is as the last batch says that names it, if that was acknowledged, and no other batch that may have
    changed it was open at that time and is not known to have come before.
    """
    unsure = pl.col("until").filter(~pl.col("done"))
    last = (
        sent.sort("batch")
        .group_by("identifier", maintain_order=True)
        .agg(
            pl.col("batch", "operation", "done").last(),
            open_until=unsure.max().fill_null(0),
        )
        if sent["identifier"].n_unique() < len(sent)
        else sent.with_columns(open_until=pl.when("done").then(0).otherwise("until"))
    )
    is_gone = pl.col("operation") == Operation.REMOVE.value
    certain = pl.col("done") & (pl.col("open_until") < pl.col("batch"))
    for it in foreign:
        certain &= ~pl.col("batch").is_between(it.id, _until(it))
    of_batches = last.select("identifier", "batch", acknowledged=certain, absent=certain & is_gone)
    of_snapshot = snapshot.join(of_batches.select("identifier"), on="identifier", how="anti").select(
        "identifier", pl.lit(0, pl.Int64).alias("batch"), "acknowledged", pl.lit(False).alias("absent")
    )
    may_be_emptied_until = max(
        (_until(it) for it in own if it.operation == Operation.CLEAR and not _is_acknowledged(it)), default=-1
    )
    if may_be_emptied_until < emptied:
        may_be_emptied_until = -1
    return (
        pl.concat([of_snapshot, of_batches])
        .filter(~pl.col("absent"))
        .select("identifier", acknowledged=pl.col("acknowledged") & (pl.col("batch") > may_be_emptied_until))
    )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lost(record: ContactListRecord, path: Path) -> DataError:
    return DataError(
        f"The record of what contact list {record.name!r} holds is lost or damaged: {path}.",
        "Run the export once with mode='replace': that empties the list and sends it whole.",
    )
