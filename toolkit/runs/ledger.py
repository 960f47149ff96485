"""What was sent and acknowledged, batch by batch.

The state of a contact list is its last snapshot, changed by the batches that came after it. A batch is recorded
before it is sent and again when it is acknowledged. Its identifiers lie in the plan's file, so that whatever was
under way when a run ended is known to be uncertain, and is sent again by the next.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from secrets import token_hex

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from toolkit.audience import IdentifierForm
from toolkit.errors import BusyError, DataError
from toolkit.files import make_folder, write_atomically
from toolkit.runs.lists import last_batch
from toolkit.runs.members import changes_of, part_of
from toolkit.runs.plan import KnownState, Plan, is_other_form, without
from toolkit.runs.run import RunCanceledError
from toolkit.workspace import WorkspaceFolder
from toolkit.workspace.records import BatchRecord, ContactListRecord, RunRecord


class Operation(StrEnum):
    """What a batch does to a contact list."""

    CLEAR = "clear"
    REMOVE = "remove"
    ADD = "add"


class BatchStatus(StrEnum):
    """How far a batch came."""

    SENDING = "sending"
    """It may have been applied or not."""
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class Batch:
    """A part of a plan that is sent in one call."""

    number: int
    operation: Operation
    identifiers: pl.Series


class Ledger:
    """The ledger of one run of an export."""

    def __init__(self, folder: WorkspaceFolder, run_id: str, *, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self.run_id = run_id
        self._now = now
        self._snapshots: dict[str, pl.DataFrame] = {}

    def plan_file(self, list_id: int, run_id: str | None = None) -> Path:
        """Return where the plan of a run for the list lies."""
        return self._folder.path / "runs" / (run_id or self.run_id) / f"plan-{list_id}.parquet"

    def state_of(self, record: ContactListRecord) -> KnownState:
        """Return what is known of the list; raises DataError when a file that tells is lost or damaged."""
        emptied, since = self._runs_that_matter(record)
        held, uncertain = (_nothing(), _nothing()) if emptied else _split(self._snapshot(record))
        for run_id, batches in since:
            if any(it.operation == Operation.CLEAR for it in batches) and not _was_emptied(batches):
                held, uncertain = _nothing(), pl.concat([uncertain, held])
            planned = self._planned(record, run_id, batches)
            done = pl.col("number").is_in([it.number for it in batches if _is_acknowledged(it)])
            added = planned.filter(done & (pl.col("operation") == Operation.ADD.value))["identifier"]
            held = pl.concat([without(held, planned["identifier"]), added])
            unknown = planned.filter(~done)["identifier"]
            uncertain = pl.concat([without(uncertain, planned["identifier"]), unknown])
        form = None if record.form is None else IdentifierForm(record.form)
        return KnownState(held=held, uncertain=uncertain, form=form, mixes_forms=record.mixes_forms)

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

        Raises BusyError when this run was given up for dead and another may be under way.
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
                number=batch.number,
                operation=batch.operation.value,
                identifiers=len(batch.identifiers),
                status=BatchStatus.SENDING.value,
                sent_at=self._now(),
            )
            session.add(row)
            session.flush()
            return row.id

    def acknowledge(self, batch_id: int, *, valid: int | None, invalid: int | None) -> None:
        """Record that Criteo acknowledged the batch."""
        with self._folder.session() as session, session.begin():
            batch = session.get_one(BatchRecord, batch_id)
            batch.status = BatchStatus.ACKNOWLEDGED.value
            batch.valid, batch.invalid, batch.acknowledged_at = valid, invalid, self._now()
            record = session.get_one(ContactListRecord, batch.contact_list_id)
            if batch.operation == Operation.ADD:
                record.rejected += invalid or 0
            elif batch.operation == Operation.CLEAR:
                query = update(ContactListRecord).where(
                    ContactListRecord.host == record.host, ContactListRecord.criteo_id == record.criteo_id
                )
                session.execute(query.values(rejected=0, holds_unknown=False, mixes_forms=False, form=None))

    def settle(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series | None = None) -> None:
        """Make what is known, now that no batch is open, the list's snapshot, and drop the files it replaces.

        ``wanted`` tells the ``customer`` of each ``identifier``; ``left`` are identifiers that stay for others only.
        Who entered the list and who left it since the last snapshot becomes a part of the history of its members.
        """
        left = _nothing() if left is None else left
        if left.is_empty() and not any(self._batches_since_snapshot(record)):
            return
        known = self._known_members(record, wanted=wanted, left=left)
        settled = record.settled + 1
        self._write_part(record, known, self._snapshot_or_nothing(record), settled)
        self._replace_snapshot(record, known, settled=settled)

    def doubt(self, record: ContactListRecord) -> None:
        """Take nothing of what the list holds for certain from now on: it is about to be emptied, or is unlike."""
        state = self.state_of(record)
        if state.held.is_empty():
            return
        known = self._known_members(record, wanted=_NO_MEMBERS, left=_nothing())
        self._replace_snapshot(record, known.with_columns(acknowledged=pl.lit(False)), settled=record.settled)

    def forget_emptied(self, record: ContactListRecord) -> None:
        """Record that the list holds nothing for this record any more: whoever fills it too emptied it."""
        members = self._snapshot_or_nothing(record).filter("member")
        settled = record.settled
        if len(members):
            settled += 1
            self._write_part(record, members.clear(), members, settled)
        with self._folder.session() as session, session.begin():
            self._hold_on(session)
            kept = session.get_one(ContactListRecord, record.id)
            kept.snapshot = kept.snapshot_sha256 = None
            kept.snapshot_batch, kept.settled = last_batch(session, record.id), settled

    def sweep(self, record: ContactListRecord) -> None:
        """Drop files of the list that runs which were killed left behind, and that nothing points at."""
        with self._folder.reading() as session:
            kept = session.get_one(ContactListRecord, record.id)
            running = set(session.scalars(select(RunRecord.id).where(RunRecord.status == "running")))
        needed = {run for run, _ in self._batches_since_snapshot(kept)} | running
        for plan in (self._folder.path / "runs").glob(f"*/plan-{record.id}.parquet"):
            if plan.parent.name not in needed:
                plan.unlink(missing_ok=True)
        for snapshot in (self._folder.path / "lists").glob(f"{record.id}-*.parquet"):
            if f"lists/{snapshot.name}" != kept.snapshot:
                snapshot.unlink(missing_ok=True)

    def _write_part(self, record: ContactListRecord, known: pl.DataFrame, before: pl.DataFrame, number: int) -> None:
        part = part_of(self._folder, record.id, number)
        make_folder(part.parent)
        changes = changes_of(known, before).with_columns(run=pl.lit(self.run_id), at=pl.lit(self._now()))
        # It counts only once the record says so: one that a run wrote which was killed then is written again.
        write_atomically(part, lambda path: changes.write_parquet(path, compression="zstd", compression_level=1))

    def _known_members(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series) -> pl.DataFrame:
        """Return the rows of a snapshot: the identifiers, whether they are acknowledged, and whose they are."""
        state = self.state_of(record)
        before = self._snapshot_or_nothing(record)
        _, since = self._runs_that_matter(record)
        plans = [self._planned(record, run, batches).select("identifier", "customer") for run, batches in since]
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

    def _replace_snapshot(self, record: ContactListRecord, known: pl.DataFrame, *, settled: int) -> None:
        spent = [self.plan_file(record.id, run) for run, _ in self._batches_since_snapshot(record)]
        relative = Path("lists") / f"{record.id}-{token_hex(4)}.parquet"
        path = self._folder.path / relative
        make_folder(path.parent)
        write_atomically(path, lambda it: known.write_parquet(it, compression="lz4"))
        previous = record.snapshot
        self._snapshots = {relative.as_posix(): known}
        with self._folder.session() as session, session.begin():
            self._hold_on(session)
            kept = session.get_one(ContactListRecord, record.id)
            kept.snapshot = relative.as_posix()
            kept.snapshot_sha256 = _checksum(path)
            kept.snapshot_batch = last_batch(session, record.id)
            kept.settled = settled
        record.snapshot, record.snapshot_sha256 = kept.snapshot, kept.snapshot_sha256
        record.snapshot_batch, record.settled = kept.snapshot_batch, settled
        record.rejected, record.holds_unknown = kept.rejected, kept.holds_unknown
        record.form, record.mixes_forms = kept.form, kept.mixes_forms
        for file in [*spent, *([self._folder.path / previous] if previous else [])]:
            file.unlink(missing_ok=True)

    def _hold_on(self, session: Session) -> str | None:
        """Show that the run lives, and return who asked it to end; raises BusyError when it was given up."""
        held = session.execute(
            update(RunRecord)
            .where(RunRecord.id == self.run_id, RunRecord.status == "running")
            .values(heartbeat_at=self._now())
            .returning(RunRecord.cancel_by)
        ).one_or_none()
        if held is None:
            raise BusyError(
                f"Run {self.run_id} was taken for dead, because it did not answer for a while; it stops here.",
                "See the history for a run that took over, or run the export again: nothing is lost.",
            )
        canceled_by: str | None = held.cancel_by
        return canceled_by

    def last_held(self, record: ContactListRecord) -> pl.Series | None:
        """Return what the list held after the last finished run, None when there was none."""
        return None if record.snapshot is None else _split(self._snapshot(record))[0]

    def known_of(self, record: ContactListRecord, customers: pl.Series) -> pl.Series:
        """Return the identifiers that the list holds, or may hold, of these customers (keys as text)."""
        known = self._known_members(record, wanted=_NO_MEMBERS, left=_nothing())
        return known.filter(pl.col("customer").is_in(customers.implode()))["identifier"]

    def _snapshot(self, record: ContactListRecord) -> pl.DataFrame:
        """Return the rows of the snapshot; raises DataError when its file is lost or damaged."""
        if record.snapshot is None:
            return pl.DataFrame(schema=_SNAPSHOT_SCHEMA)
        if record.snapshot not in self._snapshots:
            self._snapshots[record.snapshot] = self._read_snapshot(record, self._folder.path / record.snapshot)
        return self._snapshots[record.snapshot]

    @staticmethod
    def _read_snapshot(record: ContactListRecord, path: Path) -> pl.DataFrame:
        if not path.exists() or _checksum(path) != record.snapshot_sha256:
            raise _lost(record, path)
        known = pl.read_parquet(path)
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

    def _runs_that_matter(self, record: ContactListRecord) -> tuple[bool, list[tuple[str, list[BatchRecord]]]]:
        """Return whether the list was emptied since the snapshot, and the batches by run since it was.

        What came before no longer matters, nor whether its files are still whole.
        """
        runs = list(self._batches_since_snapshot(record))
        emptied = [position for position, (_, batches) in enumerate(runs) if _was_emptied(batches)]
        return bool(emptied), runs[emptied[-1] :] if emptied else runs

    def _batches_since_snapshot(self, record: ContactListRecord) -> Iterator[tuple[str, list[BatchRecord]]]:
        with self._folder.reading() as session:
            rows = session.scalars(
                select(BatchRecord)
                .where(
                    BatchRecord.contact_list_id == record.id,
                    BatchRecord.id > record.snapshot_batch,
                )
                .order_by(BatchRecord.id)
            ).all()
        by_run: dict[str, list[BatchRecord]] = {}
        for row in rows:
            by_run.setdefault(row.run_id, []).append(row)
        yield from by_run.items()

    def _planned(self, record: ContactListRecord, run_id: str, batches: list[BatchRecord]) -> pl.DataFrame:
        """Return the identifiers of those batches of a run that were recorded as sent."""
        path = self.plan_file(record.id, run_id)
        if not any(it.identifiers for it in batches):
            return pl.DataFrame(schema=_PLAN_SCHEMA)
        try:
            planned = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
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
_SNAPSHOT_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "acknowledged": pl.Boolean,
    "customer": pl.String,
    "member": pl.Boolean,
}
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


def _was_emptied(batches: list[BatchRecord]) -> bool:
    return any(it.operation == Operation.CLEAR and _is_acknowledged(it) for it in batches)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lost(record: ContactListRecord, path: Path) -> DataError:
    return DataError(
        f"The record of what contact list {record.name!r} holds is lost or damaged: {path}.",
        "Run the export once with mode='replace': that empties the list and sends it whole.",
    )
