"""A run is stopped, another takes over, and the first goes on: it changes nothing more, and the list ends right."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.killing import DONE, NOWHERE, Place
from tests.faults.stopping import LOST, StoppedDays
from tests.long_form import IS_LONG, seed, some_of_each
from toolkit.runs import RunStatus

pytestmark = pytest.mark.on_both_databases

SENT = ("send PATCH", "send body")
"""Right after leave was given and before the bytes leave, and between the head and the body."""
WORST = (
    *SENT,
    "transaction of toolkit.state.leases.Lease.guard",
    "transaction of toolkit.runs.ledger.Ledger.begin",
    "transaction of toolkit.runs.ledger.Ledger.acknowledge",
    "rename lists",
    "rename history",
    "transaction of toolkit.runs.ledger.Ledger._replace_snapshot",
    "transaction of toolkit.runs.ledger.Ledger.collect_garbage",
    "transaction of toolkit.state.leases.Lease.held",
)
"""Before leave is asked for, between answer and acknowledgement, while the snapshot is written, before the end."""
OVER = WORST[-5:]
"""When all is acknowledged: nothing is sent any more."""

MARKS, EMPTIES, MARKS_AGAIN = Place("send PATCH", 1), Place("send DELETE", 1), Place("send PATCH", 2)
"""Right before a list that is emptied is marked, is emptied, and is marked for what comes next."""


def chosen(places: Sequence[Place], random: Random) -> list[Place]:
    """Return all instants, or some of the worst kinds: of what is sent the first, the last and one between."""
    if IS_LONG:
        return list(places)
    worst = [it for it in places if it.what in SENT or (it.what in WORST and it.number == 1)]
    return some_of_each(worst, attrgetter("what"), random)


@pytest.mark.one_case
@pytest.mark.parametrize("evenly", [True, False])
def test_a_stopped_run_changes_nothing_more(
    tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str], evenly: bool
) -> None:
    stopped: Counter[str] = Counter()
    late: Counter[str] = Counter()
    random = Random(seed())
    with StoppedDays(tmp_path, random, database=databases.new(), batch_size=8) as days:
        for _ in range(2):
            days.begin(evenly=True)
            days.run()
        days.begin(evenly=True)
        for place in chosen(days.start_run(stops_at=NOWHERE).places(), random):
            days.begin(evenly=evenly)
            process = days.start_run(stops_at=place)
            if not process.stops():
                continue
            stopped[place.what] += 1
            first = days.last_run
            under_way = days.under_way(first)
            days.let_time_pass(seconds=1000)
            days.begin_back()
            second = days.run()
            assert days.held == days.wanted, place
            process.go_on()
            assert process.exit_code == 0
            changed = days.held ^ days.wanted
            # Of another thread's batches too: what was begun before the stop, and nothing else, may arrive late.
            assert changed <= under_way, place
            is_changed = bool(changed)
            late[place.what] += is_changed
            if first.status is RunStatus.RUNNING:
                assert days.error_of(first) == LOST, place
                assert days.warns_of(second, first), place
            if is_changed:
                assert days.health == "warning"
            days.begin(evenly=evenly)
            third = days.run()
            assert days.held == days.wanted, place
            if is_changed:
                assert days.warns_of(third, first), place
    with capsys.disabled():
        print(f"\n{stopped.total()} runs stopped on {databases.kind}; after the takeover: {+late}")
    assert (+late).keys() & set(SENT)
    assert not (+late).keys() & set(OVER)
    assert stopped.keys() >= set(WORST)


def test_a_stopped_emptying_is_made_good(tmp_path: Path, databases: Databases) -> None:
    late = set()
    with StoppedDays(tmp_path, Random(2), database=databases.new()) as days:
        days.begin(evenly=True)
        days.run()
        for place in (MARKS, EMPTIES, MARKS_AGAIN):
            process = days.start_ending_lists("empty", stops_at=place)
            assert process.stops(), place
            days.let_time_pass(seconds=1000)
            days.begin(evenly=True)
            days.run()
            assert days.held == days.wanted, place
            process.go_on()
            assert process.outcome != DONE, place
            late |= {place} if days.held != days.wanted else set()
            days.begin(evenly=True)
            days.run()
            assert days.held == days.wanted, place
    assert late == {EMPTIES}
