"""What was sent and acknowledged, batch by batch: the part that a run writes.

A batch is recorded before it is sent and again when it is acknowledged. Its identifiers lie in the plan's file, so that
whatever was under way when a run ended is sent again by the next. How it is read again is in ``ledger_reader.py``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import polars as pl
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from toolkit.audience import HashFormat
from toolkit.errors import RunCanceledError
from toolkit.files import make_folder, write_atomically
from toolkit.runs.batches import newest_batch
from toolkit.runs.diff import Plan, is_other_form
from toolkit.runs.history_parts import NewPart, is_in_use, take_part, write_part
from toolkit.runs.ledger_reader import (
    NO_IDENTIFIERS,
    NO_MEMBERS,
    OPERATIONS,
    PLAN_SCHEMA,
    LedgerReader,
    as_text,
    checksum,
    is_acknowledged,
)
from toolkit.runs.membership import changes_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Lease
from toolkit.state.models import BatchRecord, ContactListRecord, HistoryPartRecord, RunRecord
from toolkit.state.places import place_of_snapshot
from toolkit.state.states import BatchStatus, Operation, RunStatus

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """A part of a plan that is sent in one call."""

    number: int
    operation: Operation
    identifiers: pl.Series


class Ledger(LedgerReader):
    """The ledger of one run: it records what the run sends, as long as the run holds its lease."""

    def __init__(
        self,
        folder: WorkspaceFolder,
        run_id: str,
        *,
        now: Callable[[], datetime],
        lease: Lease,
        under_way: set[int],
    ) -> None:
        super().__init__(folder)
        self.run_id = run_id
        self._now = now
        self._lease = lease
        self._under_way = under_way

    def write_plan(self, record: ContactListRecord, plan: Plan, size: int, *, wanted: pl.DataFrame) -> list[Batch]:
        """Divide the plan into batches of at most ``size`` identifiers, and bring it to the disk before any is sent.

        ``wanted`` tells the ``customer`` of each ``identifier`` that may be added.
        """
        batches = list(_divide(plan, size))
        table = pl.concat(
            [
                pl.DataFrame({"identifier": it.identifiers}, schema={"identifier": pl.String}).with_columns(
                    number=pl.lit(it.number, pl.Int64), operation=pl.lit(it.operation.value, OPERATIONS)
                )
                for it in batches
            ]
            or [pl.DataFrame(schema=PLAN_SCHEMA).drop("customer")]
        )
        named = table.join(as_text(wanted), on="identifier", how="left", maintain_order="left")
        write_atomically(
            self.plan_file(record.id, self.run_id), lambda path: named.write_parquet(path, compression="lz4")
        )
        return batches

    def begin(self, record: ContactListRecord, batch: Batch, form: HashFormat, *, caller_id: int | None = None) -> int:
        """Record that the batch is about to be sent, in a form and as ids of a caller; return its number in the ledger.

        Raises LeaseLostError when another run took over.
        """
        with self._folder.session() as session, session.begin():
            canceled_by = self._heartbeat_or_abort(session)
            self._ahead = {}
            if canceled_by:
                raise RunCanceledError.by(canceled_by)
            if batch.operation is not Operation.CLEAR:
                kept = session.get_one(ContactListRecord, record.id)
                sent = kept.form
                is_other_caller = kept.caller_id not in (None, caller_id)
                kept.mixes_forms = kept.mixes_forms or is_other_form(sent, form) or is_other_caller
                kept.form, kept.caller_id = form, caller_id
            row = BatchRecord(
                run_id=self.run_id,
                contact_list_id=record.id,
                criteo_id=record.criteo_id,
                number=batch.number,
                operation=batch.operation,
                identifiers=len(batch.identifiers),
                status=BatchStatus.SENDING,
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
            is_held = self._lease.is_held(session)
            batch = session.get_one(BatchRecord, batch_id)
            batch.closed_after = newest_batch(session)
            if is_held:
                batch.status = BatchStatus.ACKNOWLEDGED
                batch.valid, batch.invalid, batch.acknowledged_at = valid, invalid, self._now()
                self._note_acknowledged(session, batch)
            else:
                batch.status = BatchStatus.UNCERTAIN
        if not is_held:
            raise self._lease.lost

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
                    BatchRecord.operation == Operation.ADD,
                    BatchRecord.status != BatchStatus.ACKNOWLEDGED,
                    or_(BatchRecord.closed_after.is_(None), BatchRecord.closed_after >= batch.id),
                )
            )
            if session.scalars(still_open.limit(1)).one_or_none() is None:
                session.execute(query.values(mixes_forms=False, form=None, caller_id=None))
            else:
                # What may still arrive may be of a form that can't be named to be removed.
                is_plain = ContactListRecord.form == HashFormat.PLAIN
                session.execute(query.where(is_plain).values(mixes_forms=True))

    def commit_snapshot(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series | None = None) -> int:
        """Make what is known, now that no batch is open, the list's snapshot, and drop the files it replaces.

        ``wanted`` tells the ``customer`` of each ``identifier``; ``left`` are identifiers that stay for others only.
        Who entered the list and who left it since the last snapshot becomes a part of the history of its members.
        Returns how many identifiers the list holds.
        """
        left = NO_IDENTIFIERS if left is None else left
        with self._remembering(record):
            own, _ = self._batches_that_matter(record)
            if left.is_empty() and not own:
                return len(self.state_of(record).held)
            known = self._known_members(record, wanted=wanted, left=left)
        part = self._write_part(record, known, self._snapshot_or_nothing(record))
        self._replace_snapshot(record, known, part=part)
        return int(known["acknowledged"].sum())

    def invalidate(self, record: ContactListRecord) -> None:
        """Take nothing of what the list holds for certain from now on: it is about to be emptied, or is unlike."""
        state = self.state_of(record)
        if state.held.is_empty():
            return
        known = self._known_members(record, wanted=NO_MEMBERS, left=NO_IDENTIFIERS)
        self._replace_snapshot(record, known.with_columns(acknowledged=pl.lit(False)))

    def mark_cleared(self, record: ContactListRecord) -> None:
        """Record that the list holds nothing for this record any more: whoever fills it too emptied it.

        What the record's own runs left uncertain may have come after that, and stays uncertain.
        """
        members = self._snapshot_or_nothing(record).filter("member")
        own, _ = self._batches_that_matter(record)
        since = max((it.id for it in own if is_acknowledged(it)), default=0)
        sent = self._sent(record, own, since=max(since, record.snapshot_batch) + 1)
        may_be_there = sent.filter(~pl.col("done")).unique("identifier", keep="last")
        part = self._write_part(record, members.clear(), members) if len(members) else None
        known = may_be_there.select(
            "identifier", pl.lit(False).alias("acknowledged"), "customer", pl.lit(False).alias("member")
        )
        self._replace_snapshot(record, known, part=part)

    def collect_garbage(self, records: Iterable[ContactListRecord], *, sent: Iterable[ContactListRecord]) -> None:
        """Drop files of lists that runs which were killed left behind, and that nothing points at.

        A run that was killed after it sent something left a list to which this one sends: only there are snapshots and
        histories looked through, which may be thousands of files.

        Args:
            records: The lists of the run.
            sent: Those of them that it sent to, or settled.

        Raises:
            LeaseLostError: Another run took over.
        """
        ids = {it.id for it in records}
        looked_through = {it.id for it in sent}
        # Files first, and then, as long as the lists are ours, what names them: none that others write later is here.
        plans = [it for it in (self._folder.path / "runs").glob("*/plan-*.parquet") if _list_of_plan(it) in ids]
        others = [it for it in (self._folder.path / "lists").glob("*-*.parquet") if _number(it.stem) in looked_through]
        for number in looked_through:
            parts = (self._folder.path / "history" / str(number)).glob("*.parquet")
            others += (it for it in parts if not is_in_use(it, now=self._now()))
        with self._folder.session() as session, session.begin():
            self._heartbeat_or_abort(session)
            kept = list(session.scalars(select(ContactListRecord).where(ContactListRecord.id.in_(ids))))
            running = set(session.scalars(select(RunRecord.id).where(RunRecord.status == RunStatus.RUNNING)))
            history = select(HistoryPartRecord.file).where(HistoryPartRecord.contact_list_id.in_(looked_through))
            named = {*(it.snapshot for it in kept), *(session.scalars(history) if others else ())}
            by_number = {it.id: it for it in kept}
            needed = {
                (it, batch.run_id)
                for it in {_list_of_plan(plan) for plan in plans}
                for batch in self._read_batches(session, by_number[it])[0]
            }
        for plan in plans:
            if plan.parent.name not in running and (_list_of_plan(plan), plan.parent.name) not in needed:
                plan.unlink(missing_ok=True)
        for file in others:
            if file.relative_to(self._folder.path).as_posix() not in named:
                file.unlink(missing_ok=True)

    def _write_part(self, record: ContactListRecord, known: pl.DataFrame, before: pl.DataFrame) -> NewPart:
        # It counts only once the record says so: one that a run wrote which was killed then is written again.
        changes = changes_of(known, before).with_columns(run=pl.lit(self.run_id), at=pl.lit(self._now()))
        return write_part(self._folder, record, changes)

    def _replace_snapshot(self, record: ContactListRecord, known: pl.DataFrame, *, part: NewPart | None = None) -> None:
        relative = Path("lists") / f"{record.id}-{token_hex(4)}.parquet"
        path = self._folder.path / relative
        make_folder(path.parent)
        write_atomically(path, lambda it: known.write_parquet(it, compression="lz4"))
        previous = record.snapshot
        self._snapshots.pop(previous or "", None)
        with self._folder.session() as session, session.begin():
            self._heartbeat_or_abort(session)
            kept = session.get_one(ContactListRecord, record.id)
            before = self._runs_that_matter(session, kept)
            kept.snapshot = relative.as_posix()
            kept.snapshot_sha256 = checksum(path)
            kept.snapshot_batch = newest_batch(session)
            if part is not None:
                take_part(session, self._folder, kept, part)
            spent = before - self._runs_that_matter(session, kept)
        record.snapshot, record.snapshot_sha256 = kept.snapshot, kept.snapshot_sha256
        record.snapshot_batch, record.settled = kept.snapshot_batch, kept.settled
        record.rejected, record.holds_unknown = kept.rejected, kept.holds_unknown
        record.form, record.mixes_forms, record.caller_id = kept.form, kept.mixes_forms, kept.caller_id
        for file in [
            *(self.plan_file(record.id, it) for it in spent),
            *([place_of_snapshot(self._folder.path, previous)] if previous else []),
        ]:
            file.unlink(missing_ok=True)

    def _heartbeat_or_abort(self, session: Session) -> str | None:
        """Return who asked the run to end; raises LeaseLostError when another took over."""
        self._lease.require(session)
        return session.scalar(select(RunRecord.cancel_by).where(RunRecord.id == self.run_id))


def _list_of_plan(file: Path) -> int:
    return _number(file.stem.removeprefix("plan-"))


def _number(name: str) -> int:
    """Return the list that a file is of, by the beginning of its name; 0, which is no list, of one that is not ours."""
    number = name.partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() else 0


def _divide(plan: Plan, size: int) -> Iterator[Batch]:
    number = 0
    if plan.clear:
        yield Batch(number, Operation.CLEAR, plan.remove.clear())
        number += 1
    for operation, identifiers in ((Operation.REMOVE, plan.remove), (Operation.ADD, plan.add)):
        for start in range(0, len(identifiers), size):
            yield Batch(number, operation, identifiers.slice(start, size))
            number += 1
