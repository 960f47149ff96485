"""Refreshes in processes of their own: killed at any instant, or two at once, nothing is lost and nothing doubled."""

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables, say_saved
from tests.refresh.conftest import save, written
from toolkit.exports.schedule import Schedule
from toolkit.refresh import RefreshOptions, ScheduledRun, last_refresh, refresh, refreshes_frame, run_inline
from toolkit.refresh.clock import SystemClock
from toolkit.state.folder import WorkspaceFolder

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.preloaded"])
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class AskedTogether(SystemClock):
    """A clock by which nobody goes on before all have asked what time it is."""

    def __init__(self, others: Barrier) -> None:
        self._others: Barrier | None = others

    def now(self) -> datetime:
        moment = super().now()
        if self._others is not None:
            self._others.wait(60)
            self._others = None
        return moment


def in_own_process(workspace: Path, *, dies: str = "", others: Barrier | None = None) -> ForkServerProcess:
    """Begin a refresh in a process of its own, which dies by its own hand where it is told to."""
    process = _CONTEXT.Process(target=_refresh, args=(workspace, dict(os.environ), dies, others))
    process.start()
    return process


def _refresh(workspace: Path, environment: dict[str, str], dies: str, others: Barrier | None) -> None:
    os.environ.update(environment)
    began = itertools.count(1)

    def execute(scheduled: ScheduledRun, notebook: Path) -> None:
        which = next(began)
        if dies == f"within run {which}":
            _die_before_anything_is_acknowledged()
        run_inline(scheduled, notebook)
        if dies == f"after run {which}":
            os.kill(os.getpid(), signal.SIGKILL)

    clock = None if others is None else AskedTogether(others)
    done = refresh(WorkspaceFolder.open(workspace), RefreshOptions(), clock=clock, execute=execute)
    raise SystemExit(done.exit_code)


def _die_before_anything_is_acknowledged() -> None:
    from toolkit.runs.ledger import Ledger

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    Ledger.acknowledge = die  # type: ignore[method-assign]


@pytest.fixture
def two(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """With two exports that run with every refresh: A, then Nightly."""
    written(tables, LONG_AGO)
    save(workspace, "A")
    return workspace


@pytest.mark.parametrize("dies", ["within run 1", "after run 1", "after run 2"])
def test_what_a_killed_refresh_left_the_next_takes_up_and_what_it_did_stays(
    two: toolkit.Workspace, held: Callable[[str], set[str]], inbox: Inbox, dies: str
) -> None:
    process = in_own_process(two.path, dies=dies)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    folder = WorkspaceFolder.open(two.path)
    killed = last_refresh(folder)
    assert killed is not None
    after = refresh(folder, execute=run_inline)
    assert (after.takes_up, after.exit_code) == (killed.id, 0)
    assert (len(held("A All")), len(held("All"))) == (100, 100)
    runs = two.runs.frame
    good = runs.filter(runs["status"] == "successful")
    assert sorted(good["export"]) == ["A", "Nightly"]
    # One more where it died within: recorded as failed when the next began, and resumed by it.
    assert runs.height - good.height == ("within" in dies)
    assert inbox.titles == []


def test_of_two_refreshes_at_once_one_waits_and_runs_nothing_again(
    two: toolkit.Workspace, held: Callable[[str], set[str]]
) -> None:
    save(two, "Own", schedule=Schedule.daily("00:00"))
    say_saved(WorkspaceFolder.open(two.path), datetime(2026, 1, 1, tzinfo=UTC))
    others = _CONTEXT.Barrier(2)
    both = [in_own_process(two.path, others=others) for _ in range(2)]
    for process in both:
        process.join()
    assert [it.exitcode for it in both] == [0, 0]
    runs = two.runs.frame
    assert sorted(runs["export"]) == ["A", "Nightly", "Own"]
    assert runs["status"].unique().to_list() == ["successful"]
    assert refreshes_frame(WorkspaceFolder.open(two.path))["refresh"].n_unique() == 1
    assert len(held("Own All")) == 100
