"""A plan becomes what a contact list holds: batches sent in parallel, each recorded before and after."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import polars as pl

from toolkit.audience import HashFormat
from toolkit.criteo import Acknowledgement, CriteoClient, IdentifierType
from toolkit.errors import LeaseLostError
from toolkit.runs.ledger import Batch, Ledger
from toolkit.state.models import ContactListRecord
from toolkit.state.states import Operation

PARALLEL_CALLS = 3


@dataclass(frozen=True)
class Pushed:
    """What became of the batches of one list."""

    batches: int
    rejected: int
    """Identifiers that Criteo counted as invalid."""
    rejected_identifiers: pl.Series
    """Those of them that Criteo named, as hashes."""
    seconds: float


@dataclass(frozen=True)
class _Sent:
    """What Criteo said to a batch."""

    valid: int | None = None
    invalid: int | None = None
    rejected: pl.Series | None = None


def push(
    batches: Iterable[Batch],
    record: ContactListRecord,
    *,
    criteo: CriteoClient,
    ledger: Ledger,
    form: HashFormat,
    addresses: pl.DataFrame | None,
    on_batch: Callable[[Batch], None],
) -> Pushed:
    """Send the batches, a few at a time; ``addresses`` gives the plain address of each identifier sent as such.

    When a batch fails, or the person interrupts, no further batch is begun; those under way are waited for and
    recorded, then the error is raised. When another run took over, raises LeaseLostError.
    """
    started = time.monotonic()
    todo = iter(batches)
    under_way: dict[Future[_Sent], tuple[int, Batch]] = {}
    sent: list[_Sent] = []
    with ThreadPoolExecutor(PARALLEL_CALLS, thread_name_prefix="push") as threads:
        try:
            while True:
                for batch in todo:
                    row = ledger.begin(record, batch, form)
                    sending = threads.submit(
                        ledger.while_sending, row, partial(_send, criteo, record, batch, addresses)
                    )
                    under_way[sending] = (row, batch)
                    if len(under_way) == PARALLEL_CALLS or batch.operation is Operation.CLEAR:
                        break
                if not under_way:
                    break
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    sent.append(_record(ledger, future, *under_way.pop(future), on_batch=on_batch))
        except LeaseLostError:
            # Whoever took over must not wait for more: no other thread tries again either.
            criteo.give_up_waiting()
            raise
        finally:
            # What is under way when something went wrong counts too, once it is acknowledged.
            for future, (row, batch) in under_way.items():
                if future.exception() is None:
                    with suppress(LeaseLostError):
                        _record(ledger, future, row, batch, on_batch=on_batch)
    named = [it.rejected for it in sent if it.rejected is not None]
    return Pushed(
        batches=len(sent),
        rejected=sum(it.invalid or 0 for it in sent),
        rejected_identifiers=pl.concat(named) if named else pl.Series("identifier", [], dtype=pl.String),
        seconds=time.monotonic() - started,
    )


def _send(criteo: CriteoClient, record: ContactListRecord, batch: Batch, addresses: pl.DataFrame | None) -> _Sent:
    assert record.criteo_id is not None  # noqa: S101  # a list without an id is never planned for
    if batch.operation is Operation.CLEAR:
        criteo.clear(record.criteo_id)
        return _Sent()
    identifiers = batch.identifiers
    if addresses is not None:
        identifiers = identifiers.to_frame().join(addresses, on="identifier", how="left")["address"]
    send = criteo.add if batch.operation is Operation.ADD else criteo.remove
    answer = send(record.criteo_id, identifiers, identifier_type=IdentifierType(record.identifier_type))
    return _Sent(answer.valid, answer.invalid, _as_hashes(answer, batch, identifiers))


def _as_hashes(answer: Acknowledgement, batch: Batch, sent: pl.Series) -> pl.Series:
    """Return which identifiers of the batch Criteo named as invalid, by what stands for them here."""
    return batch.identifiers.filter(sent.is_in(list(answer.rejected)).fill_null(False))


def _record(
    ledger: Ledger,
    future: "Future[_Sent]",
    row: int,
    batch: Batch,
    *,
    on_batch: Callable[[Batch], None],
) -> _Sent:
    """Record the acknowledgement of a batch and return it, or raise what went wrong."""
    sent = future.result()
    ledger.acknowledge(row, valid=sent.valid, invalid=sent.invalid)
    on_batch(batch)
    return sent
