"""A run is killed before each thing that it changes, one after the other; each time the lists end right."""

from collections import Counter
from operator import attrgetter
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.days import Days
from tests.faults.killing import NOWHERE
from tests.long_form import IS_LONG, one_of_each, seed

pytestmark = pytest.mark.on_both_databases

COMMIT = "commit of "

RECORDED = {
    "commit of toolkit.runs.lifecycle._begin",
    "commit of toolkit.runs.lists.lease_lists",
    "commit of toolkit.runs.counting.note_counts",
    "commit of toolkit.runs.marks.Marks.intend",
    "commit of toolkit.runs.marks.Marks._confirm",
    "commit of toolkit.runs.ledger.Ledger.begin",
    "commit of toolkit.runs.ledger.Ledger.acknowledge",
    "commit of toolkit.runs.ledger.Ledger._replace_snapshot",
    "commit of toolkit.state.leases.Lease.held",
    "send",
    "rename plan",
    "rename lists",
    "rename report",
}
"""Among the things that a run changes are at least these."""


def test_a_run_killed_at_each_step_is_resumed(
    tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(seed())
    # Files and calls are the same whatever the database is.
    only_at = "" if databases.kind == "sqlite" or IS_LONG else COMMIT
    died: Counter[str] = Counter()
    with Days(tmp_path, random, database=databases.new(), batch_size=8) as days:
        for _ in range(2):
            days.begin_evenly()
            days.run()
        days.begin_evenly()
        watched = days.start_run(dies_at=NOWHERE)
        watched.wait_until_begun()
        places = [it for it in watched.places() if it.what.startswith(only_at)]
        days.look_at_what_was_left()
        for place in one_of_each(places, attrgetter("what"), random):
            days.begin_evenly()
            process = days.start_run(dies_at=place)
            process.wait_until_begun()
            died[place.what] += process.was_killed()
            days.look_at_what_was_left()
            days.resume_or_run()
    with capsys.disabled():
        print(f"\n{died.total()} runs killed on {databases.kind}, at one of {len(places)} instants after the other")
    assert (+died).keys() >= {it for it in RECORDED if it.startswith(only_at)}
