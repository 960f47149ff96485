"""A run can be ended between two batches and taken up again, and two runs never change one list at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import require
from toolkit.errors import BusyError, ConfigurationError, ErrorCode
from toolkit.runs import RunStatus
from toolkit.runs.pusher import PARALLEL_CALLS
from toolkit.sandbox import Call, Fault, Sandbox

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def amended(criteo: Sandbox) -> int:
    return sum(1 for it in criteo.requests() if it.call in (Call.AMEND, Call.CLEAR))


@contextmanager
def running(workspace: toolkit.Workspace, criteo: Sandbox, export: str = "Nightly", *, calls: int = 1) -> Iterator[str]:
    """A run that waits for so many calls to Criteo while the block lasts; the block gets its id."""
    criteo.fail(Fault.SLOW, calls=(Call.AMEND, Call.CLEAR), times=calls, seconds=3)
    before = amended(criteo)
    thread = threading.Thread(target=workspace.runs.start, args=(export,))
    thread.start()
    while amended(criteo) < before + calls:
        time.sleep(0.02)
    yield workspace.runs.find(export).filter(status="running")["run"].item()
    thread.join()


@pytest.fixture
def four_lists(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A list more than are sent to at a time."""
    some = [f"C{number:03}" for number in range(10)]
    tables.write(segments={"Few": some, "Second": some, "Third": some})
    save_nightly(workspace, segments=["All", "Second", "Third", "Few"])
    return workspace


def test_a_canceled_run_sends_nothing_more_and_is_taken_up(
    four_lists: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    with running(four_lists, criteo, calls=PARALLEL_CALLS) as run_id:
        four_lists.runs.cancel(run_id)
    canceled = four_lists.runs[run_id]
    assert canceled.status is RunStatus.CANCELED
    assert canceled.error is not None
    assert canceled.error.code is ErrorCode.CANCELED
    assert (len(held("All")), len(held("Few"))) == (100, 0)
    resumed = four_lists.runs.resume("Nightly")
    assert (resumed.status, resumed.resumes) == (RunStatus.SUCCESSFUL, run_id)
    assert (len(held("All")), len(held("Few"))) == (100, 10)
    assert resumed.frame["added"].to_list() == [0, 0, 0, 10]
    assert four_lists.audit.frame.filter(action="cancel run of export").height == 1


def test_only_what_goes_on_can_be_canceled(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly")
    with pytest.raises(ConfigurationError):
        workspace.runs.cancel(run.id)
    with pytest.raises(ConfigurationError):
        workspace.runs.cancel("nonsense")


def test_only_what_ended_badly_can_be_resumed(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    with pytest.raises(ConfigurationError):
        workspace.runs.resume("Nightly")
    with running(workspace, criteo), pytest.raises(BusyError):
        workspace.runs.resume("Nightly")
    with pytest.raises(ConfigurationError):
        workspace.runs.resume("Nightly")


def test_what_a_run_was_allowed_to_pass_is_passed_when_it_is_resumed(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    save_nightly(workspace, thresholds={})
    tables.write(segments={"All": ["C001", "C002"]})
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
    assert workspace.runs.start("Nightly", allow=["large change"]).status is RunStatus.FAILED
    workspace.runs.resume("Nightly").raise_for_status()
    assert len(held("All")) == 2


def test_a_second_export_is_kept_from_a_list_that_is_being_changed(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    (made,) = criteo.lists()
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"}) | {"lists": {"All": made.id}}
    workspace.exports.save("Second", **options)
    with running(workspace, criteo, "Second") as run_id:
        refused = workspace.runs.start("Nightly")
        require(refused.error, ErrorCode.BUSY, names=(run_id, "'Second'"))
    workspace.runs.resume("Nightly").raise_for_status()
    assert len(held("All")) == 100


def test_the_steps_take_their_time_in_order(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly")
    assert list(run.timings) == ["preparing", "checking", "planning", "sending", "done"]
    assert sum(run.timings.values()) <= (run.seconds or 0) + 0.01
