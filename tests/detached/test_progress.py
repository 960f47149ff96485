"""How far a run is: the newest word is told, also when it came right after another."""

import time

import toolkit
from toolkit.detached.__main__ import _Teller
from toolkit.detached.request import Answer
from toolkit.runs import Progress, Step


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
