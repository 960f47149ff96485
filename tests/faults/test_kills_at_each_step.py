"""A run is killed before each thing that it changes, one after the other; each time the lists end right."""

import itertools
import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.days import EACH_VARIABLE, Days

pytestmark = pytest.mark.on_both_databases

COMMIT = "commit of "

RECORDED = {
    "commit of toolkit.runs.lifecycle._begin",
    "commit of toolkit.runs.lists.lease_list",
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


def test_a_run_killed_before_anything_that_it_changes_is_resumed(
    tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    # Files and calls are the same whatever the database is.
    only_at = "" if databases.kind == "sqlite" or os.environ.get(EACH_VARIABLE) else COMMIT
    died: Counter[str] = Counter()
    with Days(tmp_path, Random(), database=databases.new(), batch_size=8) as days:
        for _ in range(2):
            days.begin_evenly()
            days.run()
        for number in itertools.count(1):
            days.begin_evenly()
            process = days.start_run(dies_at=number, dies_only_at=only_at)
            process.wait_until_begun()
            if not process.was_killed():
                assert process.exit_code == 0
                break
            died[process.died_at] += 1
            days.look_at_what_was_left()
            days.resume_or_run()
    with capsys.disabled():
        print(f"\n{died.total()} runs killed on {databases.kind}, at one instant after the other")
    assert died.keys() >= {it for it in RECORDED if it.startswith(only_at)}
