"""Running exports: plan, push, ledger, report. The only place where sending happens."""

from toolkit.runs.abandoned import AbandonedList, AbandonedLists, Because, end_abandoned, find_abandoned
from toolkit.runs.checking import check_export
from toolkit.runs.execute import active_exports, resume_export, run_export
from toolkit.runs.forget import Forgotten, forget
from toolkit.runs.guards import ChangingInputError, Guard, GuardError
from toolkit.runs.lifecycle import cancel_run, end_dead_runs
from toolkit.runs.lists import IfListGone, OfLists, end_lists
from toolkit.runs.lookup import require_known_export, run_ids, runs_by_id
from toolkit.runs.members import flapping, scan_history
from toolkit.runs.progress import Progress, Step
from toolkit.runs.run import (
    Run,
    RunCanceledError,
    RunFailedError,
    RunKind,
    RunStatus,
    Trigger,
    last_run,
    last_runs_frame,
    past_runs,
    run_of,
    runs_frame,
    trend,
)

__all__ = [
    "AbandonedList",
    "AbandonedLists",
    "Because",
    "ChangingInputError",
    "Forgotten",
    "Guard",
    "GuardError",
    "IfListGone",
    "OfLists",
    "Progress",
    "Run",
    "RunCanceledError",
    "RunFailedError",
    "RunKind",
    "RunStatus",
    "Step",
    "Trigger",
    "active_exports",
    "cancel_run",
    "check_export",
    "end_abandoned",
    "end_dead_runs",
    "end_lists",
    "find_abandoned",
    "flapping",
    "forget",
    "last_run",
    "last_runs_frame",
    "past_runs",
    "require_known_export",
    "resume_export",
    "run_export",
    "run_ids",
    "run_of",
    "runs_by_id",
    "runs_frame",
    "scan_history",
    "trend",
]
