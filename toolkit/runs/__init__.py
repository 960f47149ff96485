"""Running exports: plan, push, ledger, report. The only place where sending happens."""

from toolkit.runs.execute import run_export
from toolkit.runs.guards import Guard, GuardError
from toolkit.runs.lifecycle import Trigger
from toolkit.runs.lists import IfListGone, OfLists, end_lists
from toolkit.runs.progress import Progress, Step
from toolkit.runs.run import Run, RunFailedError, RunStatus, run_of, runs_frame

__all__ = [
    "Guard",
    "GuardError",
    "IfListGone",
    "OfLists",
    "Progress",
    "Run",
    "RunFailedError",
    "RunStatus",
    "Step",
    "Trigger",
    "end_lists",
    "run_export",
    "run_of",
    "runs_frame",
]
