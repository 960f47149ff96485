"""A run that is killed or interrupted while it waits for Criteo is finished by the next, and the list is right."""

import hashlib
import time
from collections.abc import Callable

import pytest

import toolkit
from tests.conftest import Tables
from tests.faults.killing import OwnProcess
from tests.raising import raises, require
from toolkit.errors import ErrorCode
from toolkit.sandbox import Call, Fault, Sandbox

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def identifiers(numbers: range) -> set[str]:
    return {hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest() for number in numbers}


def start_run(workspace: toolkit.Workspace) -> OwnProcess:
    # Small batches, so that there are many instants between two of them.
    return OwnProcess(workspace.path, batch_size=5)


def answer_late(criteo: Sandbox, *, seconds: float) -> None:
    criteo.fail(Fault.SLOW, calls=Call.AMEND, times=20, seconds=seconds)


def wait_for_calls(criteo: Sandbox, process: OwnProcess, calls: int) -> None:
    while sum(1 for it in criteo.requests() if it.identifiers) < calls and not process.ends_within(0.01):
        pass


@pytest.mark.parametrize("calls", [1, 4, 9])
def test_a_run_killed_after_some_calls_is_finished_by_the_next(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, calls: int
) -> None:
    answer_late(criteo, seconds=0.1)
    process = start_run(workspace)
    wait_for_calls(criteo, process, calls)
    assert process.kill()
    criteo.stop_failing()
    # Ten of those who may have been sent have left meanwhile.
    tables.write(segments={"All": [f"C{number:03}" for number in range(10, 100)]})
    workspace.runs.start("Nightly").raise_for_status()
    assert held("All") == identifiers(range(10, 100))
    assert workspace.runs.frame["status"].to_list() == ["successful", "failed"]
    assert workspace.runs.start("Nightly").frame.select("added", "removed").row(0) == (0, 0)


def test_an_interrupted_run_is_recorded_as_canceled_and_resumed(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    answer_late(criteo, seconds=0.3)
    process = start_run(workspace)
    wait_for_calls(criteo, process, 2)
    process.interrupt()
    assert process.exit_code == 1
    criteo.stop_failing()
    assert workspace.runs.frame["status"].to_list() == ["canceled"]
    assert held("All") < identifiers(range(100))
    workspace.runs.resume("Nightly").raise_for_status()
    assert held("All") == identifiers(range(100))


def test_a_list_made_by_a_run_that_was_killed_before_it_could_note_it_is_taken_up(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    criteo.fail(Fault.SLOW, calls=Call.CREATE, times=1, seconds=30)
    process = start_run(workspace)
    while not criteo.lists():
        time.sleep(0.01)
    assert process.kill()
    criteo.stop_failing()
    workspace.runs.resume("Nightly").raise_for_status()
    assert [it.name for it in criteo.lists()] == ["All"]
    assert held("All") == identifiers(range(100))


def test_two_processes_never_fill_one_list(workspace: toolkit.Workspace, criteo: Sandbox, held: Held) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    (made,) = criteo.lists()
    settings = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save("Second", **settings | {"lists": {"All": made.id}})
    criteo.fail(Fault.SLOW, calls=Call.STATISTICS, times=1, seconds=30)
    process = start_run(workspace)
    while not any(it.call is Call.STATISTICS and it.status is None for it in criteo.requests()):
        assert not process.ends_within(0.01)
    with raises(ErrorCode.BUSY, names="Nightly"):
        workspace.runs.start("Nightly")
    refused = workspace.runs.start("Second")
    require(refused.error, ErrorCode.BUSY, names="'Nightly'")
    assert process.kill()
    criteo.stop_failing()
    for name in ("Second", "Nightly"):
        workspace.runs.start(name).raise_for_status()
    assert held("All") == identifiers(range(100))
