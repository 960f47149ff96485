"""Runs of real processes are killed at random instants; each time, the next leaves exactly the right lists."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.days import Days
from tests.faults.killing import OwnProcess
from tests.long_form import IS_LONG, SEED_VARIABLE, seed

pytestmark = pytest.mark.on_both_databases

KILLS = {"sqlite": 200, "postgresql": 40} if IS_LONG else {"sqlite": 12, "postgresql": 8}
AT_ONCE = 2
"""Two workspaces at once, since a processor would be idle else."""


class Doomed:
    """A run that is to be killed at a random instant, half of the times while it sends."""

    def __init__(self, days: Days, *, longest: float) -> None:
        self._days = days
        self._longest = longest
        self._size = days.journal.size
        self._while_it_sends = days.random.random() < 0.5
        self._process: OwnProcess = days.start_run()

    def kill(self) -> bool:
        """Kill it when its instant has come; tell whether it had not ended by then."""
        self._process.wait_until_begun()
        seconds = self._days.random.uniform(0, self._longest)
        if self._while_it_sends:
            seconds /= 5
            while not self._days.journal.has_amendment(after=self._size) and not self._process.ends_within(0.002):
                pass
        return not self._process.ends_within(seconds) and self._process.kill()


def seconds_of_a_run(days: Days) -> float:
    """Return how long a run takes in a process of its own, until its end is recorded: after that it only reports."""
    process = days.start_run()
    process.wait_until_begun()
    begun = time.time()
    assert process.exit_code == 0
    days.look_at_what_was_left()
    (finished,) = [days.workspace.runs[it].finished_at for it in days.workspace.runs.frame["run"]]
    assert finished is not None
    return finished.timestamp() - begun


def test_a_run_killed_at_any_instant_is_made_good_by_the_next(
    tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = seed()
    where: Counter[str] = Counter()
    with ExitStack() as stack:
        # They only wait, each for the instant of one process.
        watchers = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        workspaces = [
            stack.enter_context(Days(tmp_path / str(it), Random(f"{chosen} {it}"), database=databases.new()))
            for it in range(AT_ONCE)
        ]
        longest = seconds_of_a_run(workspaces[0])
        while where.total() < KILLS[databases.kind]:
            for days in workspaces:
                days.begin()
            doomed = [Doomed(it, longest=longest) for it in workspaces]
            for killed, days in zip(watchers.map(Doomed.kill, doomed), workspaces, strict=True):
                is_open = days.look_at_what_was_left()
                if killed:
                    where["with a batch open" if is_open else "elsewhere"] += 1
            for days in workspaces:
                # Some runs are killed again before they have made good what the one before left.
                if days.random.random() < 0.8:
                    days.run()
        for days in workspaces:
            days.run()
            days.require_ends()
    with capsys.disabled():
        told = ", ".join(f"{count} {place}" for place, count in where.items())
        print(f"\n{where.total()} runs killed on {databases.kind} ({told}) from {SEED_VARIABLE}={chosen}")
    # It would show little if runs were killed only before they begin, or after they end.
    assert where["with a batch open"] > KILLS[databases.kind] / 10
