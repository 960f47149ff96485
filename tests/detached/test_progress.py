"""How far a run is: the newest word is told, also when it came right after another."""

import time
from pathlib import Path

import pytest

import toolkit
from toolkit.detached import read_progress
from toolkit.detached.__main__ import _Teller
from toolkit.detached.request import Answer
from toolkit.errors import AccessError
from toolkit.runs import Progress, Step
from toolkit.translatable import _, shown


def test_the_newest_word_is_not_lost(workspace: toolkit.Workspace) -> None:
    told: list[Answer] = []
    tell = _Teller(workspace, "Nightly", told.append)
    for done in (0, 10, 50):
        tell(Progress(Step.PUSH, done, 100))
    deadline = time.monotonic() + 30
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [it.done for it in told] == [0, 50]
    tell(Progress(Step.DONE))
    tell.end()
    assert told[-1].step is Step.DONE


@pytest.mark.parametrize("numbers", ['"done":-1,"total":2', f'"done":{10**400},"total":1', '"done":1,"total":-2'])
def test_impossible_progress_is_not_shown(tmp_path: Path, numbers: str) -> None:
    file = tmp_path / "runs" / "r" / "progress.json"
    file.parent.mkdir(parents=True)
    file.write_text(f'{{"step":"{Step.PUSH.value}",{numbers}}}')
    assert read_progress(tmp_path, "r") is None
    file.write_text(f'{{"step":"{Step.PUSH.value}","done":1,"total":2}}')
    assert read_progress(tmp_path, "r") == Progress(Step.PUSH, 1, 2)


def test_an_error_keeps_its_translation() -> None:
    error = AccessError(_("{name} is let in as {role}.", name="Ann", role="viewer"), _("Table"))
    info = Answer.model_validate_json(Answer(error=error.info.to_json()).line()).info
    assert info == error.info
    assert shown(info.what, "nl") != str(info.what)
