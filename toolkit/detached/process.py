"""Begin a run in a process of its own, and listen to it for as long as one likes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from pydantic import ValidationError

from toolkit.detached.request import Answer, RunRequest
from toolkit.errors import ProcessEndedError
from toolkit.runs import Progress
from toolkit.translatable import _

# Whoever begins it may end all its children, as a kernel of Jupyter does: it is begun by a process that ends at once.
_LAUNCH = """
import os, subprocess, sys
apart = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x208}
subprocess.Popen(sys.argv[1:], **apart)
"""
_COMMAND = (sys.executable, "-P", "-m", "toolkit.detached")


class RunProcess:
    """The process of a run, as whoever began it hears it. To stop listening does not end it."""

    def __init__(self, said: IO[str]) -> None:
        self._said = said
        self.run_id: str | None = None
        """The run, once it is over."""
        self.warnings: tuple[str, ...] = ()

    def progress(self) -> Iterator[Progress]:
        """Yield how far it is, until it is over.

        Raises:
            ToolkitError: Why the run did not begin.
            ProcessEndedError: The process ended without a word.
        """
        with self._said:
            for line in self._said:
                try:
                    answer = Answer.model_validate_json(line)
                except ValidationError:
                    continue  # what some library prints
                if answer.progress is not None:
                    yield answer.progress
                if answer.info is not None:
                    raise answer.info.error()
                if answer.run is not None:
                    self.run_id, self.warnings = answer.run, answer.warnings
        if self.run_id is None:
            raise ProcessEndedError(
                _("The process that ran the export ended without a word."),
                _("Look at the list of runs. Where the run failed there, resume it: it sends what is missing."),
            )


def begin_run(request: RunRequest) -> RunProcess:
    """Begin a run in a process that goes on when this one ends."""
    with subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-I", "-S", "-c", _LAUNCH, *_COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        text=True,
        encoding="utf-8",
    ) as launcher:
        assert launcher.stdin is not None and launcher.stdout is not None  # noqa: S101, PT018  # pipes were asked for
        said = os.fdopen(os.dup(launcher.stdout.fileno()), encoding="utf-8")
        launcher.stdin.write(request.model_dump_json())
        launcher.stdin.close()
        launcher.wait()
    return RunProcess(said)
