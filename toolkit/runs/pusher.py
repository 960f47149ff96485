"""A plan becomes what a contact list holds: batches sent in parallel, each recorded before and after."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import ContextVar, copy_context
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


@dataclass(frozen=True, eq=False)
class ListPush:
    """What is to be sent to one list, and who is told of it."""

    list_id: str
    """The list at Criteo. What several put into one list is sent one after the other."""
    prepare: "Callable[[], Prepared]"
    """Called when the list has its turn, before anything is sent to it."""
    on_batch: Callable[[Batch], None]
    """Called when a batch is acknowledged."""
    on_done: Callable[[Pushed], None]
    """Called when all batches of the list are acknowledged."""
    key: object = None
    """What the calls are made for, as ``sending_for`` tells it."""


@dataclass(frozen=True)
class Prepared:
    """The batches of a list, when it has its turn; their plan lies on the disk by then."""

    record: ContactListRecord
    batches: Sequence[Batch]
    form: HashFormat
    addresses: pl.DataFrame | None = None
    """The plain address of each identifier that is sent as such."""
    caller_id: int | None = None
    """Whose identifiers they are, where Criteo asks for it."""


_for: ContextVar[object] = ContextVar("sending_for", default=None)


def sending_for() -> object:
    """Return the key of the list that this thread sends to; None in any other thread."""
    return _for.get()


def push(
    batches: Sequence[Batch],
    record: ContactListRecord,
    *,
    criteo: CriteoClient,
    ledger: Ledger,
    form: HashFormat,
    addresses: pl.DataFrame | None,
    on_batch: Callable[[Batch], None],
) -> Pushed:
    """Send the batches of one list, as ``push_lists`` does.

    Args:
        batches: The batches, as the ledger divided the plan.
        record: The list.
        criteo: The client.
        ledger: The ledger of the run.
        form: The form in which the identifiers are sent.
        addresses: The plain address of each identifier that is sent as such.
        on_batch: Called when a batch is acknowledged.

    Returns:
        What became of the batches.
    """
    done: list[Pushed] = []
    whole = ListPush(
        str(record.criteo_id),
        lambda: Prepared(record, batches, form, addresses, record.caller_id),
        on_batch,
        on_done=done.append,
    )
    push_lists([whole], criteo=criteo, ledger=ledger)
    return done[0]


def push_lists(lists: Iterable[ListPush], *, criteo: CriteoClient, ledger: Ledger) -> None:
    """Send to lists, a few calls at a time, whether of one list or of several.

    When a batch fails, or the person interrupts, no further batch is begun; those under way are waited for and
    recorded, then the error is raised.

    Args:
        lists: The lists, in the order in which they have their turn.
        criteo: The client.
        ledger: The ledger of the run.

    Raises:
        LeaseLostError: Another run took over.
    """
    with ThreadPoolExecutor(PARALLEL_CALLS, thread_name_prefix="push") as threads:
        _Pusher(threads, criteo, ledger).push(lists)


class _Sending:
    """A list that is being sent to."""

    def __init__(self, what: ListPush) -> None:
        self.what = what
        self.sent: list[_Sent] = []
        self.open = 0
        self.is_whole = False
        """Whether all its batches were begun."""
        self._started = time.monotonic()

    @property
    def pushed(self) -> Pushed:
        named = [it.rejected for it in self.sent if it.rejected is not None]
        return Pushed(
            batches=len(self.sent),
            rejected=sum(it.invalid or 0 for it in self.sent),
            rejected_identifiers=pl.concat(named) if named else pl.Series("identifier", [], dtype=pl.String),
            seconds=time.monotonic() - self._started,
        )


class _Pusher:
    """Begins and records batches in the thread that it is called in; only the calls are made in others."""

    def __init__(self, threads: ThreadPoolExecutor, criteo: CriteoClient, ledger: Ledger) -> None:
        self._threads = threads
        self._criteo = criteo
        self._ledger = ledger
        self._under_way: dict[Future[_Sent], tuple[_Sending, int, Batch]] = {}

    def push(self, lists: Iterable[ListPush]) -> None:
        try:
            for what in lists:
                # Whoever fills the same list may have emptied it: what is known of it is read after that.
                while any(it.what.list_id == what.list_id for it, _, _ in self._under_way.values()):
                    self._record_some()
                self._begin_all(_Sending(what))
            while self._under_way:
                self._record_some()
        except LeaseLostError:
            # Whoever took over must not wait for more: no other thread tries again either.
            self._criteo.give_up_waiting()
            raise
        finally:
            # What is under way when something went wrong counts too, once it is acknowledged.
            for future, (sending, row, batch) in self._under_way.items():
                if future.exception() is None:
                    with suppress(LeaseLostError):
                        self._record(future.result(), sending, row, batch)
                        self._finish(sending)

    def _begin_all(self, sending: _Sending) -> None:
        prepared = sending.what.prepare()
        for batch in prepared.batches:
            while self._must_wait(sending):
                self._record_some()
            row = self._ledger.begin(prepared.record, batch, prepared.form, caller_id=prepared.caller_id)
            send = partial(_send, self._criteo, prepared, batch)
            context = copy_context()
            context.run(_for.set, sending.what.key)
            future = self._threads.submit(context.run, self._ledger.while_sending, row, send)
            self._under_way[future] = (sending, row, batch)
            sending.open += 1
        sending.is_whole = True
        self._finish(sending)

    def _must_wait(self, sending: _Sending) -> bool:
        """Tell whether there are calls enough, or the list is being emptied, which comes before what is added."""
        return len(self._under_way) >= PARALLEL_CALLS or any(
            it is sending and batch.operation is Operation.CLEAR for it, _, batch in self._under_way.values()
        )

    def _record_some(self) -> None:
        """Wait for a call, and record what it brought; raises what went wrong."""
        finished, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in finished:
            sending, row, batch = self._under_way.pop(future)
            self._record(future.result(), sending, row, batch)
            self._finish(sending)

    def _record(self, sent: _Sent, sending: _Sending, row: int, batch: Batch) -> None:
        self._ledger.acknowledge(row, valid=sent.valid, invalid=sent.invalid)
        sending.sent.append(sent)
        sending.open -= 1
        sending.what.on_batch(batch)

    @staticmethod
    def _finish(sending: _Sending) -> None:
        if sending.is_whole and not sending.open:
            sending.what.on_done(sending.pushed)


def _send(criteo: CriteoClient, prepared: Prepared, batch: Batch) -> _Sent:
    record, addresses = prepared.record, prepared.addresses
    assert record.criteo_id is not None  # noqa: S101  # a list without an id is never planned for
    if batch.operation is Operation.CLEAR:
        criteo.clear(record.criteo_id)
        return _Sent()
    identifiers = batch.identifiers
    if addresses is not None:
        identifiers = identifiers.to_frame().join(addresses, on="identifier", how="left")["address"]
    send = criteo.add if batch.operation is Operation.ADD else criteo.remove
    kind = IdentifierType(record.identifier_type)
    answer = send(record.criteo_id, identifiers, identifier_type=kind, gum_caller_id=prepared.caller_id)
    return _Sent(answer.valid, answer.invalid, _as_hashes(answer, batch, identifiers))


def _as_hashes(answer: Acknowledgement, batch: Batch, sent: pl.Series) -> pl.Series:
    """Return which identifiers of the batch Criteo named as invalid, by what stands for them here."""
    return batch.identifiers.filter(sent.is_in(list(answer.rejected)).fill_null(False))
