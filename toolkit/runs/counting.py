"""What Criteo counts in contact lists, before a run changes anything there: which lists, and how many of them.

A count tells whether somebody else changed a list. It is a call of its own for each list, so it is asked for only where
there is something to learn, and only with calls that are left of the minutes that sending takes anyway. Lists that have
to wait are counted by a later run, the longest waiting first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from toolkit.criteo import CALLS_A_MINUTE, LISTS_A_CALL, CriteoClient, Statistics
from toolkit.errors import AccessError, BusyError, ToolkitError, UnavailableError
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Lease
from toolkit.state.models import BatchRecord, ContactListRecord

COUNT_AGAIN_AFTER = timedelta(hours=12)
"""After which a list is counted again though nothing changed it: Criteo does not promise to say who changed a list."""
SPARED_CALLS = 25
"""Calls of a minute that counting leaves to others who use the same application."""
_AT_ONCE = 3
_MARK_LOOKS = 5
"""The calls that it takes to mark up to a hundred lists: look, set, look, look after the last change, set."""


@dataclass(frozen=True)
class Counted:
    """What Criteo counted in lists."""

    found: Mapping[str, Statistics]
    """By the id of the list."""
    failed: ToolkitError | None = None
    """Why others were not counted: Criteo did not answer, or refused. Sending does not depend on it."""


def due_counts(
    folder: WorkspaceFolder, records: Iterable[ContactListRecord], updates: Mapping[str, str] | None = None
) -> list[str]:
    """Return the lists of which a count would tell something, the one that waits longest first.

    Args:
        folder: The workspace.
        records: What is known of the lists; those without an id are passed over.
        updates: When lists were changed last, as Criteo says, by their ids; without it nobody else changed any.

    Returns:
        Ids of lists that were never counted, that something was sent to since, that somebody changed since, that did
        not agree with what is known of them, or that were counted long ago.
    """
    known = {it.criteo_id: it for it in records if it.criteo_id is not None}
    newest = _newest_batches(folder, known.values())
    earliest = datetime.now(UTC) - COUNT_AGAIN_AFTER
    due = [
        (it.counted_at, list_id)
        for list_id, it in known.items()
        if it.counted_at is None
        or it.counted_at <= earliest
        or newest.get(list_id, 0) > it.counted_batch
        or (updates is not None and updates.get(list_id, "") != it.counted_update)
    ]
    return [list_id for _, list_id in sorted(due, key=lambda it: (it[0] is not None, it[0], it[1]))]


def calls_to_send(batches: Sequence[int]) -> int:
    """Return how many calls a run makes from here on that it can't do without.

    Args:
        batches: The batches that it sends to each list.
    """
    changed = sum(it > 0 for it in batches)
    return sum(batches) + _MARK_LOOKS * -(-changed // LISTS_A_CALL)


def spare_calls(left: int, needed: int, *, a_minute: int = CALLS_A_MINUTE) -> int:
    """Return how many lists may be counted without making a run wait for another minute.

    Args:
        left: The calls that are left of this minute.
        needed: The calls that the run can't do without.
        a_minute: How many calls Criteo takes in a minute.
    """
    further_minutes = max(0, -(-(needed - left) // a_minute))
    return max(0, left + further_minutes * a_minute - needed - SPARED_CALLS)


def count_lists(criteo: CriteoClient, list_ids: Sequence[str]) -> Counted:
    """Ask Criteo to count lists, a few at a time.

    One who may not count may yet send; one who may not send either is told so when something is sent.

    Raises:
        ListGoneError: A list was deleted at Criteo.
    """
    found: dict[str, Statistics] = {}
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="count")
    try:
        for list_id, statistics in zip(list_ids, threads.map(criteo.statistics, list_ids), strict=True):
            found[list_id] = statistics
    except (AccessError, BusyError, UnavailableError) as error:
        return Counted(found, error)
    except BaseException:
        # Whoever interrupts, or is told that a list is gone, waits for no other call.
        criteo.give_up_waiting()
        raise
    finally:
        threads.shutdown(cancel_futures=True)
    return Counted(found)


def count_each(criteo: CriteoClient, list_ids: Sequence[str]) -> Iterator[tuple[str, Statistics | ToolkitError]]:
    """Ask Criteo to count lists, a few at a time, whatever it says of one of them.

    Yields:
        The id of each list, in the order that is given, and what was counted, or why it was not.
    """

    def count(list_id: str) -> Statistics | ToolkitError:
        try:
            return criteo.statistics(list_id)
        except ToolkitError as error:
            return error

    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="count")
    try:
        yield from zip(list_ids, threads.map(count, list_ids), strict=True)
    finally:
        threads.shutdown(cancel_futures=True)


def note_counts(
    folder: WorkspaceFolder,
    lease: Lease,
    records: Iterable[ContactListRecord],
    updates: Mapping[str, str],
    *,
    differing: Collection[str],
) -> None:
    """Record that lists were counted just now, and that they agree with what is known of them.

    Args:
        folder: The workspace.
        lease: That of the run.
        records: The lists that were counted.
        updates: When lists were changed last, as Criteo says, by their ids.
        differing: Ids of those that do not agree: they are counted again by the next run.

    Raises:
        LeaseLostError: Another run took over.
    """
    counted = [it for it in records if it.criteo_id is not None]
    newest = _newest_batches(folder, counted)
    with folder.session() as session, session.begin():
        lease.require(session)
        for it in counted:
            list_id = str(it.criteo_id)
            session.execute(
                update(ContactListRecord)
                .where(ContactListRecord.host == it.host, ContactListRecord.criteo_id == list_id)
                .values(
                    counted_at=None if list_id in differing else datetime.now(UTC),
                    counted_batch=newest.get(list_id, 0),
                    counted_update=updates.get(list_id, ""),
                )
            )


def _newest_batches(folder: WorkspaceFolder, records: Iterable[ContactListRecord]) -> dict[str, int]:
    """Return the newest batch that was sent to each list, by whoever fills it."""
    lists = list(records)
    query = (
        select(BatchRecord.criteo_id, func.max(BatchRecord.id))
        .join(ContactListRecord)
        .where(
            ContactListRecord.host.in_({it.host for it in lists}),
            BatchRecord.criteo_id.in_([it.criteo_id for it in lists]),
        )
        .group_by(BatchRecord.criteo_id)
    )
    with folder.reading() as session:
        return {str(list_id): int(newest) for list_id, newest in session.execute(query)}
