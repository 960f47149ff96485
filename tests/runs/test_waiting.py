"""An address that refuses is told soon where a person waits; a schedule keeps its patience."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from toolkit.access.credentials import Credentials
from toolkit.criteo import CriteoClient, RetryPolicy, Waiting, reachability
from toolkit.criteo.reachability import Reachability
from toolkit.errors import ErrorCode, UnavailableError
from toolkit.exports.connections import consented_advertisers
from toolkit.runs import RunStatus, Step, Trigger
from toolkit.sandbox import Fault, Sandbox, start

SOON_SECONDS = 10


@pytest.fixture
def dead() -> str:
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestWhoWaits:
    @pytest.mark.parametrize(
        ("waiting", "was_reached", "given_up_after"),
        [(Waiting.PERSON, False, 6), (Waiting.PERSON, True, 61), (Waiting.NOBODY, False, None)],
    )
    def test_patience_by_who_waits(self, waiting: Waiting, was_reached: bool, given_up_after: float | None) -> None:
        clock = Clock()
        line = Reachability(clock)

        def hopeless_after() -> float | None:
            for seconds in range(200):
                clock.now = seconds
                line.failed()
                if line.is_hopeless(waiting, next_try_in=0, was_reached=was_reached):
                    return seconds
            return None

        assert hopeless_after() == given_up_after

    def test_an_answer_renews_the_patience(self) -> None:
        clock = Clock()
        line = Reachability(clock)
        line.failed()
        clock.now = 50
        line.answered()
        line.failed()
        assert not line.is_hopeless(Waiting.PERSON, next_try_in=1, was_reached=False)

    def test_a_failure_long_ago_counts_no_more(self) -> None:
        clock = Clock()
        line = Reachability(clock)
        line.failed()
        clock.now = 3600
        line.failed()
        assert not line.is_hopeless(Waiting.PERSON, next_try_in=1, was_reached=False)

    def test_schedules_wait_alone(self) -> None:
        assert {it for it in Trigger if it.waiting is Waiting.NOBODY} == {Trigger.SCHEDULE, Trigger.REFRESH}


def _took(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def test_connecting_to_a_dead_address(dead: str) -> None:
    credentials = Credentials(client_id="id", client_secret="secret", host=dead)

    def connect() -> None:
        with pytest.raises(UnavailableError):
            consented_advertisers("Dead", credentials)

    assert _took(connect) < SOON_SECONDS


@pytest.fixture
def own_criteo() -> Iterator[Sandbox]:
    """A Criteo that a test may end."""
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def own_workspace(tmp_path: Path, tables: Tables, own_criteo: Sandbox) -> toolkit.Workspace:
    opened = toolkit.open_workspace(tmp_path / "own", profiles=tables.profiles, segments=tables.segments, create=True)
    connect(opened, own_criteo)
    save_nightly(opened)
    return opened


def test_running_and_forgetting_with_many_lists(own_workspace: toolkit.Workspace, own_criteo: Sandbox) -> None:
    workspace = own_workspace
    workspace.runs.start("Nightly").raise_for_status()
    workspace.exports.duplicate("Nightly", "Second")
    workspace.runs.start("Second").raise_for_status()
    own_criteo.close()
    run = workspace.runs.start("Nightly")
    begun = time.monotonic()
    forgotten = workspace.forget(customer="C001")
    # Criteo is asked for the lists while the run plans; what comes before may take longer on a busy machine.
    assert run.timings[Step.PLAN.value] + time.monotonic() - begun < SOON_SECONDS
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert run.error.code is ErrorCode.UNAVAILABLE
    assert (forgotten.done, forgotten.frame["done"].to_list()) == (False, [False] * 2)


def test_an_answering_host_is_tried_on(criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Criteo says it is busy for longer than a person waits for one that refuses."""
    monkeypatch.setitem(reachability._REFUSED_SECONDS, Waiting.PERSON, 0.1)
    patience = RetryPolicy(seconds=30, first_wait_seconds=0.05, longest_wait_seconds=0.1)
    criteo.fail(Fault.HTTP_503, times=10)
    with CriteoClient(
        host=criteo.url,
        client_id=criteo.client_id,
        client_secret=criteo.client_secret,
        patience=patience,
        waiting=Waiting.PERSON,
    ) as client:
        assert len(client.advertisers())


def test_saving_lists_at_a_dead_address(own_workspace: toolkit.Workspace, own_criteo: Sandbox) -> None:
    own_criteo.close()

    def save() -> None:
        with pytest.raises(UnavailableError):
            save_nightly(own_workspace, lists={"All": "List of somebody"})

    assert _took(save) < SOON_SECONDS
