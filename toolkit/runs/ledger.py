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

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from toolkit.audience import IdentifierForm
from toolkit.errors import BusyError, DataError
from toolkit.files import write_atomically
from toolkit.runs.lists import last_batch
from toolkit.runs.plan import KnownState, Plan, without
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
        self._run_id = run_id
        self._now = now

    def plan_file(self, list_id: int, run_id: str | None = None) -> Path:
        """Return where the plan of a run for the list lies."""
        return self._folder.path / "runs" / (run_id or self._run_id) / f"plan-{list_id}.parquet"

    def state_of(self, record: ContactListRecord) -> KnownState:
        """Return what is known of the list; raises DataError when a file that tells is lost or damaged."""
        runs = list(self._batches_since_snapshot(record))
        emptied = [position for position, (_, batches) in enumerate(runs) if _was_emptied(batches)]
        # What came before the list was last emptied no longer matters, nor whether its files are still whole.
        since = runs[emptied[-1] :] if emptied else runs
        held, uncertain = (_nothing(), _nothing()) if emptied else self._snapshot(record)
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
        return KnownState(held=held, uncertain=uncertain, form=form)

    def write_plan(self, record: ContactListRecord, plan: Plan, size: int) -> list[Batch]:
        """Divide the plan into batches of at most ``size`` identifiers, and bring it to the disk before any is sent."""
        batches = list(_divide(plan, size))
        table = pl.concat(
            [
                pl.DataFrame({"identifier": it.identifiers}, schema={"identifier": pl.String}).with_columns(
                    number=pl.lit(it.number, pl.Int64), operation=pl.lit(it.operation.value, _OPERATIONS)
                )
                for it in batches
            ]
            or [pl.DataFrame(schema=_PLAN_SCHEMA)]
        )
        write_atomically(self.plan_file(record.id), lambda path: table.write_parquet(path, compression="lz4"))
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
            self._hold_on(session)
            if batch.operation is not Operation.CLEAR:
                session.execute(
                    update(ContactListRecord).where(ContactListRecord.id == record.id).values(form=form.value)
                )
            row = BatchRecord(
                run_id=self._run_id,
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
            session.execute(
                update(BatchRecord)
                .where(BatchRecord.id == batch_id)
                .values(
                    status=BatchStatus.ACKNOWLEDGED.value,
                    valid=valid,
                    invalid=invalid,
                    acknowledged_at=self._now(),
                )
            )

    def settle(self, record: ContactListRecord) -> None:
        """Make what is known, now that no batch is open, the list's snapshot, and drop the files it replaces."""
        spent = [self.plan_file(record.id, run) for run, _ in self._batches_since_snapshot(record)]
        if not spent:
            return
        state = self.state_of(record)
        known = pl.concat(
            [
                state.held.to_frame().with_columns(acknowledged=pl.lit(True)),
                state.uncertain.to_frame().with_columns(acknowledged=pl.lit(False)),
            ]
        )
        relative = Path("lists") / f"{record.id}-{self._run_id}.parquet"
        path = self._folder.path / relative
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, lambda it: known.write_parquet(it, compression="lz4"))
        previous = record.snapshot
        with self._folder.session() as session, session.begin():
            self._hold_on(session)
            kept = session.get_one(ContactListRecord, record.id)
            kept.snapshot = relative.as_posix()
            kept.snapshot_sha256 = _checksum(path)
            kept.snapshot_batch = last_batch(session, record.id)
        for file in [*spent, *([self._folder.path / previous] if previous else [])]:
            if file != path:
                file.unlink(missing_ok=True)

    def _hold_on(self, session: Session) -> None:
        held = session.execute(
            update(RunRecord)
            .where(RunRecord.id == self._run_id, RunRecord.status == "running")
            .values(heartbeat_at=self._now())
        )
        if not held.rowcount:  # type: ignore[attr-defined]
            raise BusyError(
                f"Run {self._run_id} was taken for dead, because it did not answer for a while; it stops here.",
                "See the history for a run that took over, or run the export again: nothing is lost.",
            )

    def last_held(self, record: ContactListRecord) -> pl.Series | None:
        """Return what the list held after the last finished run, None when there was none."""
        return None if record.snapshot is None else self._snapshot(record)[0]

    def _snapshot(self, record: ContactListRecord) -> tuple[pl.Series, pl.Series]:
        """Return what was held, and what was uncertain."""
        if record.snapshot is None:
            return _nothing(), _nothing()
        path = self._folder.path / record.snapshot
        if not path.exists() or _checksum(path) != record.snapshot_sha256:
            raise _lost(record, path)
        known = pl.read_parquet(path)
        acknowledged = known["acknowledged"]
        return known["identifier"].filter(acknowledged), known["identifier"].filter(~acknowledged)

    def _batches_since_snapshot(self, record: ContactListRecord) -> Iterator[tuple[str, list[BatchRecord]]]:
        with self._folder.session() as session:
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
        return planned.filter(pl.col("number").is_in([it.number for it in batches]))


_OPERATIONS = pl.Enum([operation.value for operation in Operation])
_PLAN_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "number": pl.Int64,
    "operation": _OPERATIONS,
}


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
        "Save the export with mode='replace' and run it once: that empties the list and sends it whole.",
    )
