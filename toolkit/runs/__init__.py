"""Running exports: plan, push, ledger, report. The only place where sending happens."""

from toolkit.runs.abandoned import find_abandoned
from toolkit.runs.abandoned_lists import AbandonedList, AbandonedLists, Because
from toolkit.runs.checking import check_export
from toolkit.runs.ending import end_abandoned, end_lists
from toolkit.runs.execute import active_exports, resume_export, run_export
from toolkit.runs.forget import Forgotten, forget
from toolkit.runs.guards import Guard
from toolkit.runs.lifecycle import cancel_run, end_dead_runs
from toolkit.runs.list_result import ListResult
from toolkit.runs.lists import IfListGone, OfLists
from toolkit.runs.lookup import require_known_export, run_ids, runs_by_id
from toolkit.runs.members import flapping, scan_history
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.progress import Progress, Step
from toolkit.runs.run import (
    Run,
    RunKind,
    last_run,
    last_runs_frame,
    past_runs,
    run_of,
    runs_frame,
    trend,
)
from toolkit.workspace.states import RunStatus, Trigger

__all__ = [
    "AbandonedList",
    "AbandonedLists",
    "Because",
    "Forgotten",
    "Guard",
    "IfListGone",
    "ListResult",
    "Notice",
    "NoticeCode",
    "OfLists",
    "Progress",
    "Run",
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
