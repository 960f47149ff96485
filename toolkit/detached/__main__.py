"""The process of a run: reads what to run from its input, and says on its output how far it is."""

import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from toolkit.detached.progress_file import end_progress, write_progress
from toolkit.detached.request import Answer, RunRequest
from toolkit.errors import UnavailableError, translated
from toolkit.runs import Progress, Run, RunStatus, Step
from toolkit.workspace import Workspace, open_workspace

_SECONDS_BETWEEN = 0.3
Say = Callable[[Answer], None]


class _Teller:
    """Says how far the run is, in the run's folder and to who began it, who may be gone."""

    def __init__(self, workspace: Workspace, export: str, say: Say) -> None:
        self._workspace = workspace
        self._say = say
        self._export = export
        self._run: str | None = None
        self._step: Step | None = None
        self._at = float("-inf")
        self._lock = threading.Lock()
        self._left: Progress | None = None
        """The newest word, where it came too soon after another: it is said a moment later."""

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            is_news = progress.step is not self._step or bool(progress.waiting) or progress.done >= progress.total
            if is_news or time.monotonic() - self._at >= _SECONDS_BETWEEN:
                self._tell(progress)
                return
            if self._left is None:
                later = threading.Timer(_SECONDS_BETWEEN, self._tell_what_is_left)
                later.daemon = True
                later.start()
            self._left = progress

    def _tell_what_is_left(self) -> None:
        with self._lock:
            if self._left is not None:
                self._tell(self._left)

    def _tell(self, progress: Progress) -> None:
        self._step, self._at, self._left = progress.step, time.monotonic(), None
        self._say(Answer.of_progress(progress))
        if run := self._run or self._find():
            # A run does not fail of what is shown of it: the next word of it is written anew.
            with suppress(UnavailableError):
                write_progress(self._workspace.path, run, progress)

    def _find(self) -> str | None:
        """Return the run that is going on: there is one at a time of an export, and it is this one."""
        going_on = self._workspace.runs.find(self._export).filter(status=RunStatus.RUNNING.value)
        self._run = going_on["run"][0] if going_on.height else None
        return self._run

    def end(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            self._left = None
            if self._run:
                end_progress(self._workspace.path, self._run)


def run(workspace: Workspace, request: RunRequest, say: Say) -> Run:
    """Do what was asked for."""
    tell = _Teller(workspace, request.export, say)
    try:
        if request.resumes:
            return workspace.runs.resume(request.export, observer=tell)
        return workspace.runs.start(
            request.export,
            dry_run=request.dry_run,
            mode=request.mode,
            allow=request.allow,
            if_list_gone=request.if_list_gone,
            observer=tell,
        )
    finally:
        tell.end()


def answer(request: RunRequest, say: Say) -> None:
    """Run, and say how far it is and how it ended."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            workspace = open_workspace(request.workspace, profiles=request.profiles, segments=request.segments)
            # That it reads other tables than the saved ones is known where it was asked for.
            caught.clear()
            ended = run(workspace, request, say)
        except BaseException as problem:  # noqa: BLE001  # whoever began it is told, whatever it is
            say(Answer(error=translated(problem).info.to_json()))
            return
    told = tuple(str(it.message) for it in caught if it.category is UserWarning)
    say(Answer(run=ended.id, warnings=told))


def saying_on(output: IO[str]) -> Say:
    """Return what writes a line for who began the run; where nobody listens any more, the run goes on."""

    def say(told: Answer) -> None:
        with suppress(OSError):
            output.write(told.line())
            output.flush()

    return say


if __name__ == "__main__":
    answer(RunRequest.model_validate_json(sys.stdin.read()), saying_on(sys.stdout))
    # What Python could not write at its end, nobody waits for.
    with suppress(OSError):
        sys.stdout.close()
