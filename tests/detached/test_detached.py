"""A run in a process of its own: it outlives who began it, and is found and canceled from elsewhere."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import toolkit
from tests.raising import raises
from toolkit.detached import RunRequest, begin_run, read_progress
from toolkit.errors import ErrorCode, ProcessEndedError
from toolkit.runs import RunStatus, Step
from toolkit.sandbox import Call, Fault, Sandbox

_SECONDS = 120


def request(workspace: toolkit.Workspace, **options: bool) -> RunRequest:
    return RunRequest(workspace=str(workspace.path), export="Nightly", **options)  # type: ignore[arg-type]


def waited_for(look: Callable[[], object]) -> object:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def test_it_goes_on_when_who_began_it_is_gone(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=3, times=1)
    code = (
        "import sys; from toolkit.detached import *; import psutil;"
        "process = begin_run(RunRequest.model_validate_json(sys.argv[1])); next(process.progress());"
        # As a kernel of Jupyter does with what it began.
        "[it.kill() for it in psutil.Process().children(recursive=True)]"
    )
    asked = request(workspace).model_dump_json()
    subprocess.run([sys.executable, "-c", code, asked], check=True, timeout=_SECONDS)
    assert workspace.runs.frame["status"].to_list() == ["running"]
    waited_for(lambda: workspace.runs.frame["status"].to_list() != ["running"])
    assert workspace.runs.frame["status"].to_list() == ["successful"]
    assert len(held("All")) == 100


def test_another_page_sees_how_far_it_is_and_cancels_it(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=4)
    process = begin_run(request(workspace))
    waited_for(lambda: workspace.runs.frame.height)
    (run,) = workspace.runs.frame["run"]

    def seen() -> Step | None:
        progress = read_progress(workspace.path, run)
        return None if progress is None else progress.step

    waited_for(lambda: seen() is Step.PUSH)
    workspace.runs.cancel(run)
    for _ in process.progress():
        pass
    assert process.run_id == run
    assert workspace.runs[run].status in (RunStatus.CANCELED, RunStatus.SUCCESSFUL)
    assert read_progress(workspace.path, run) is None


def test_why_it_did_not_begin_is_told(workspace: toolkit.Workspace) -> None:
    workspace.exports.detach("Nightly")
    with raises(ErrorCode.CONFIGURATION, names="Nightly"):
        list(begin_run(request(workspace, dry_run=True)).progress())
    assert workspace.runs.frame.height == 0


def test_a_process_that_is_killed_is_told(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    import psutil

    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=60)
    others = set(psutil.pids())
    process = begin_run(request(workspace))
    steps = process.progress()
    next(steps)
    until = time.monotonic() + 30
    while not (left := [*(workspace.path / "runs").glob("*/progress.json")]):
        assert time.monotonic() < until
        time.sleep(0.01)
    (found,) = [
        it
        for it in psutil.process_iter(["cmdline", "environ"])
        if it.pid not in others
        and "toolkit.detached" in (it.info["cmdline"] or [])
        and (it.info["environ"] or {}).get("TOOLKIT_KEY_FILE") == _key()
    ]
    # Nothing of the run stands among what every account sees.
    assert "Nightly" not in " ".join(found.info["cmdline"])
    found.kill()
    with pytest.raises(ProcessEndedError):
        list(steps)
    assert [it.exists() for it in left] == [True]
    criteo.stop_failing()
    workspace.runs.start("Nightly").raise_for_status()
    assert [it.exists() for it in left] == [False]


def _key() -> str:
    import os

    return os.environ["TOOLKIT_KEY_FILE"]
