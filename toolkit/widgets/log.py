"""What went wrong in a form, for whoever mends it: ``logs/forms.log`` in the workspace.

It names places in the code and no values: the text of an unforeseen exception may hold anything, a person's address
too.
"""

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from toolkit.errors import ToolkitError

_MOST_BYTES = 1_000_000
_FORMAT = logging.Formatter("%(asctime)s %(message)s")


def log_file(workspace: Path) -> Path:
    """Return where the log lies."""
    return workspace / "logs" / "forms.log"


def log_problem(workspace: Path, problem: BaseException) -> None:
    """Add the problem, and where it came from, to the log."""
    file = log_file(workspace)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=_MOST_BYTES, backupCount=3, encoding="utf-8", delay=True)
    handler.setFormatter(_FORMAT)
    try:
        handler.emit(logging.makeLogRecord({"levelno": logging.ERROR, "msg": _told(problem)}))
    finally:
        handler.close()


def _told(problem: BaseException) -> str:
    text = f": {problem}" if isinstance(problem, ToolkitError) else ""
    kind = type(problem)
    frames = "".join(traceback.format_list(traceback.extract_tb(problem.__traceback__)))
    cause = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    before = f"{_told(cause)}which led to\n" if cause is not None else ""
    return f"{before}{kind.__module__}.{kind.__qualname__}{text}\n{frames}"
