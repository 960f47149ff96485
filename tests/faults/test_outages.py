"""Criteo goes away in the middle of a run, stays away, or answers no more: the list ends right all the same."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.faults.killing import OwnProcess
from tests.faults.truth import Journal, sha256
from toolkit.criteo import client
from toolkit.criteo.rate_limit import RetryPolicy
from toolkit.errors import ErrorCode
from toolkit.runs import Progress, Step, execution
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

Held = Callable[[str], set[str]]

EVERYBODY = {sha256(f"person{number}@mail.example") for number in range(100)}


@contextmanager
def impatient() -> Iterator[None]:
    """Let clients give a call up after a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "RetryPolicy", partial(RetryPolicy, seconds=1, first_wait_seconds=0.1))
        yield


@pytest.fixture
def options(tmp_path: Path) -> SandboxOptions:
    """An embedded Criteo that keeps its lists."""
    return SandboxOptions(keep=tmp_path / "criteo", calls_per_minute=1_000_000)


@pytest.fixture
def apart(tmp_path: Path, tables: Tables, database: str | None) -> toolkit.Workspace:
    """A workspace that is to be connected with a Criteo of its own."""
    return toolkit.open_workspace(
        tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, database=database, create=True
    )


def port_of(criteo: Sandbox) -> int:
    return int(criteo.url.rpartition(":")[2])


def only_list(criteo: Sandbox) -> set[str]:
    (made,) = criteo.lists()
    return criteo.identifiers(made.id)


def test_a_criteo_that_is_killed_and_started_again_is_waited_for(
    apart: toolkit.Workspace, options: SandboxOptions
) -> None:
    with start(options=options) as first:
        connect(apart, first)
        save_nightly(apart)
        first.fail(Fault.SLOW, calls=Call.AMEND, times=20, seconds=0.2)
        process = OwnProcess(apart.path, batch_size=5)
        while len(first.requests()) == 0 or sum(it.identifiers for it in first.requests()) < 20:
            assert not process.ends_within(0.01)
        first.kill()
    with start(port_of(first), options) as second:
        process.wait_until_begun()
        assert process.outcome == "successful"
        assert only_list(second) == EVERYBODY
    assert apart.runs[apart.runs.frame["run"][0]].frame["retries"].item() > 0
    assert options.keep is not None
    # Only what was under way, three batches of five, may have arrived twice.
    assert sum(len(it.identifiers) for it in Journal(options.keep).unread()) <= 100 + 15


def test_a_criteo_that_stays_away_fails_the_run_which_is_resumed_when_it_is_back(
    apart: toolkit.Workspace, options: SandboxOptions
) -> None:
    with start(options=options) as first:
        connect(apart, first)
        save_nightly(apart)
        once = threading.Lock()

        def kill(progress: Progress) -> None:
            # A wait is told by another thread, and may tell the same figure.
            if progress.step is Step.PUSH and progress.done == 40 and once.acquire(blocking=False):
                first.kill()

        with impatient():
            broken = apart.runs.start("Nightly", batch_size=10, observer=kill)
        assert broken.error is not None
        assert broken.error.code is ErrorCode.UNAVAILABLE
        assert broken.frame["added"].item() >= 40
    with start(port_of(first), options) as second:
        resumed = apart.runs.resume("Nightly", batch_size=10).raise_for_status()
        assert only_list(second) == EVERYBODY
    assert resumed.resumes == broken.id
    assert resumed.frame["added"].item() == 100 - broken.frame["added"].item()


def test_a_storm_of_refusals_for_too_many_calls_is_waited_out(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    criteo.fail(Fault.HTTP_429, calls=Call.ANY, times=4, reset_seconds=1)
    criteo.fail(Fault.HTTP_429, calls=Call.AMEND, times=8, after=2, reset_seconds=1)
    run = workspace.runs.start("Nightly", batch_size=10).raise_for_status()
    assert held("All") == EVERYBODY
    assert run.frame["added"].item() == 100
    assert run.frame["retries"].item() >= 8


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.HTTP_429, Fault.HTTP_503])
def test_what_does_not_pass_fails_the_run_and_only_what_is_open_is_sent_again(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held, fault: Fault
) -> None:
    criteo.fail(fault, calls=Call.AMEND, times=1_000, after=4)
    with impatient():
        broken = workspace.runs.start("Nightly", batch_size=10)
    criteo.stop_failing()
    assert broken.error is not None
    assert broken.error.code in (ErrorCode.UNAVAILABLE, ErrorCode.BUSY)
    assert broken.frame["added"].item() == 40
    # What was applied and not acknowledged is there, and is not known to be.
    assert len(held("All")) == (70 if fault is Fault.DROP_AFTER else 40)
    before = len(criteo.requests())
    workspace.runs.resume("Nightly", batch_size=10).raise_for_status()
    assert held("All") == EVERYBODY
    assert sum(it.identifiers for it in criteo.requests()[before:]) == 60


def test_what_was_read_too_long_ago_is_not_sent(
    workspace: toolkit.Workspace, tables: Tables, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a night in which the machine slept: somebody may have withdrawn meanwhile."""

    def sleep(progress: Progress) -> None:
        if progress.step is Step.PUSH and progress.done >= 40:
            monkeypatch.setattr(execution, "_LONGEST_SINCE_READ", timedelta(0))

    broken = workspace.runs.start("Nightly", batch_size=10, observer=sleep)
    assert broken.error is not None
    assert (broken.error.code, broken.error.is_transient) == (ErrorCode.OUTDATED_INPUT, True)
    assert 40 <= len(held("All")) < 100
    monkeypatch.undo()
    tables.write(segments={"All": [f"C{number:03}" for number in range(50)]})
    workspace.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert len(held("All")) == 50
