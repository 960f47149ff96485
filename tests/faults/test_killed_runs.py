"""A run that is killed, at any instant, is finished by the next: Criteo ends with exactly the right members."""

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import toolkit
from tests.conftest import Tables
from toolkit.sandbox import Call, Fault, Sandbox


def identifiers(numbers: range) -> set[str]:
    return {hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest() for number in numbers}


def start_run(workspace: toolkit.Workspace, *, seconds_before_acknowledgement: float) -> "subprocess.Popen[bytes]":
    # Small batches, so that there are many instants between two of them.
    code = (
        "import sys, time, toolkit\n"
        "from toolkit.runs import execute, ledger\n"
        "execute.MAX_IDENTIFIERS_A_CALL = 5\n"
        "acknowledge = ledger.Ledger.acknowledge\n"
        "def late(*args, **more):\n"
        f"    time.sleep({seconds_before_acknowledgement})\n"
        "    acknowledge(*args, **more)\n"
        "ledger.Ledger.acknowledge = late\n"
        "toolkit.open_workspace(sys.argv[1]).run('Nightly')\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(workspace.path)])


def amended(criteo: Sandbox) -> int:
    return sum(1 for it in criteo.requests() if it.identifiers)


@pytest.mark.parametrize("calls", [1, 4, 9])
def test_a_run_killed_after_some_calls_is_finished_by_the_next(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Callable[[str], set[str]], calls: int
) -> None:
    process = start_run(workspace, seconds_before_acknowledgement=0.05)
    while amended(criteo) < calls and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Ten of those who may have been sent have left meanwhile.
    tables.write(segments={"All": [f"C{number:03}" for number in range(10, 100)]})
    workspace.run("Nightly").raise_for_status()
    assert held("All") == identifiers(range(10, 100))
    assert workspace.runs()["status"].to_list() == ["successful", "failed"]
    assert workspace.run("Nightly").frame.select("added", "removed").row(0) == (0, 0)


def test_an_interrupted_run_is_recorded_as_canceled_and_finished_by_the_next(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    process = start_run(workspace, seconds_before_acknowledgement=0.2)
    while amended(criteo) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.wait()
    assert workspace.runs()["status"].to_list() == ["canceled"]
    assert held("All") < identifiers(range(100))
    workspace.run("Nightly").raise_for_status()
    assert held("All") == identifiers(range(100))


def test_a_list_made_by_a_run_that_was_killed_before_it_could_note_it_is_taken_up(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    criteo.fail(Fault.SLOW, calls=Call.CREATE, times=1, seconds=30)
    process = start_run(workspace, seconds_before_acknowledgement=0)
    while not criteo.lists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    workspace.run("Nightly").raise_for_status()
    assert [it.name for it in criteo.lists()] == ["All"]
    assert held("All") == identifiers(range(100))
