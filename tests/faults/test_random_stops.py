"""Runs of real processes are stopped at random instants, others take over, and all go on: the list ends right."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.killing import OwnProcess
from tests.faults.stopping import LOST, StoppedDays
from tests.long_form import IS_LONG, SEED_VARIABLE, seed
from toolkit.runs import RunStatus

pytestmark = pytest.mark.on_both_databases

SECONDS = 600 if IS_LONG else 6
LEAST_STOPS = 2
"""A machine that does much else stops so many, however long that takes."""


@dataclass(frozen=True)
class Stopped:
    """A run that is stopped, and what it may still send."""

    process: OwnProcess
    run_id: str
    was_running: bool
    under_way: set[str]


def stop_at_random(days: StoppedDays, *, longest: float) -> Stopped | None:
    """Start a run and stop it at a random instant at which it keeps the database from nobody; None when it ended."""
    batches = days.count_batches()
    process = days.start_run()
    seconds = days.random.uniform(0, longest)
    if days.random.random() < 0.5:
        # While it sends.
        seconds /= 20
        while days.count_batches() == batches and not process.ends_within(0.002):
            pass
    time.sleep(seconds)
    while not process.ends_within(0) and process.stop():
        if not days.is_in_a_transaction:
            run = days.last_run
            return Stopped(process, run.id, run.status is RunStatus.RUNNING, days.under_way(run))
        process.go_on()
        time.sleep(0.002)
    assert process.outcome == RunStatus.SUCCESSFUL
    return None


def seconds_of_a_run(days: StoppedDays) -> float:
    """Return how long a run takes in a process of its own."""
    begun = time.monotonic()
    assert days.start_run().outcome == RunStatus.SUCCESSFUL
    return time.monotonic() - begun


def test_random_stops_end_right(tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = seed()
    where: Counter[str] = Counter()
    ends = time.monotonic() + SECONDS
    with StoppedDays(tmp_path, Random(chosen), database=databases.new()) as days:
        longest = seconds_of_a_run(days)
        while time.monotonic() < ends or where["stopped"] < LEAST_STOPS:
            stopped: list[Stopped] = []
            # Some take over from one that is stopped, and are stopped themselves.
            for _ in range(days.random.choice([1, 1, 2])):
                days.begin(evenly=days.random.random() < 0.5)
                if (one := stop_at_random(days, longest=longest)) is None:
                    assert days.held == days.wanted
                    break
                stopped.append(one)
                days.let_time_pass(seconds=1000)
            is_taken_over = days.random.random() < 0.8
            if is_taken_over:
                days.random.choice([lambda: days.begin(evenly=True), days.begin_back])()
                days.run()
                assert days.held == days.wanted
            days.random.shuffle(stopped)
            for one in stopped:
                one.process.go_on()
                outcome = one.process.outcome
                if is_taken_over and one.was_running:
                    assert (outcome, days.error_of_id(one.run_id)) == (RunStatus.FAILED, LOST)
            late = days.held ^ days.wanted if is_taken_over else set()
            assert late <= set().union(*(it.under_way for it in stopped))
            where["stopped"] += len(stopped)
            where["with a batch under way"] += sum(bool(it.under_way) for it in stopped)
            where["arrived late"] += bool(late)
            days.begin(evenly=days.random.random() < 0.5)
            days.run()
            assert days.held == days.wanted
    with capsys.disabled():
        told = ", ".join(f"{count} {place}" for place, count in where.items())
        print(f"\nRuns on {databases.kind}: {told}, from {SEED_VARIABLE}={chosen}")
