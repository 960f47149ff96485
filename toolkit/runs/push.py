"""A plan becomes what a contact list holds: batches sent in parallel, each recorded before and after."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import polars as pl

from toolkit.audience import IdentifierForm
from toolkit.criteo import Acknowledgement, CriteoClient
from toolkit.runs.ledger import Batch, Ledger, Operation
from toolkit.workspace.records import ContactListRecord

PARALLEL_CALLS = 3


@dataclass(frozen=True)
class Pushed:
    """What became of the batches of one list."""

    batches: int
    rejected: int
    """Identifiers that Criteo counted as invalid."""
    seconds: float


def push(
    batches: Iterable[Batch],
    record: ContactListRecord,
    *,
    criteo: CriteoClient,
    ledger: Ledger,
    form: IdentifierForm,
    addresses: pl.DataFrame | None,
    on_batch: Callable[[Batch], None],
) -> Pushed:
    """Send the batches, a few at a time; ``addresses`` gives the plain address of each identifier sent as such.

    When a batch fails, or the person interrupts, no further batch is begun; those under way are waited for and
    recorded, then the error is raised.
    """
    started = time.monotonic()
    todo = iter(batches)
    under_way: dict[Future[Acknowledgement | None], tuple[int, Batch]] = {}
    counted = rejected = 0
    with ThreadPoolExecutor(PARALLEL_CALLS, thread_name_prefix="push") as threads:
        try:
            while True:
                for batch in todo:
                    row = ledger.begin(record, batch, form)
                    under_way[threads.submit(_send, criteo, record, batch, addresses)] = (row, batch)
                    if len(under_way) == PARALLEL_CALLS or batch.operation is Operation.CLEAR:
                        break
                if not under_way:
                    break
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    rejected += _record(ledger, future, *under_way.pop(future), on_batch=on_batch)
                    counted += 1
        finally:
            # What is under way when something went wrong counts too, once it is acknowledged.
            for future, (row, batch) in under_way.items():
                if future.exception() is None:
                    _record(ledger, future, row, batch, on_batch=on_batch)
    return Pushed(batches=counted, rejected=rejected, seconds=time.monotonic() - started)


def _send(
    criteo: CriteoClient, record: ContactListRecord, batch: Batch, addresses: pl.DataFrame | None
) -> Acknowledgement | None:
    assert record.criteo_id is not None  # noqa: S101  # a list without an id is never planned for
    if batch.operation is Operation.CLEAR:
        criteo.clear(record.criteo_id)
        return None
    identifiers = batch.identifiers
    if addresses is not None:
        identifiers = identifiers.to_frame().join(addresses, on="identifier", how="left")["address"]
    send = criteo.add if batch.operation is Operation.ADD else criteo.remove
    return send(record.criteo_id, identifiers)


def _record(
    ledger: Ledger,
    future: "Future[Acknowledgement | None]",
    row: int,
    batch: Batch,
    *,
    on_batch: Callable[[Batch], None],
) -> int:
    """Record the acknowledgement of a batch, or raise what went wrong; return how many identifiers were rejected."""
    answer = future.result()
    ledger.acknowledge(
        row,
        valid=None if answer is None else answer.valid,
        invalid=None if answer is None else answer.invalid,
    )
    on_batch(batch)
    return 0 if answer is None else answer.invalid or 0
