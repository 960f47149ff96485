"""Running exports: plan, push, ledger, report. The only place where sending happens."""

from toolkit.runs.abandoned import find_abandoned
from toolkit.runs.abandoned_lists import AbandonedList, AbandonedLists, Because
from toolkit.runs.consent import ConsentProof, consent_proof
from toolkit.runs.disclosure import Disclosure, disclose
from toolkit.runs.disclosure_document import DisclosureCheck, DisclosureProblem, verify_disclosure
from toolkit.runs.disclosure_gaps import Gap, GapCode
from toolkit.runs.ending import dispose_lists, end_abandoned
from toolkit.runs.erasure import Forgotten, forget
from toolkit.runs.execution import active_exports, resume_export, run_export
from toolkit.runs.guards import Guard
from toolkit.runs.holdings import Presence
from toolkit.runs.lifecycle import cancel_run, end_dead_runs
from toolkit.runs.list_result import ListResult
from toolkit.runs.lists import IfListGone, ListDisposal
from toolkit.runs.lookup import require_known_export, run_ids, runs_by_id
from toolkit.runs.membership import flapping, read_history
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.preflight import check_export
from toolkit.runs.progress import Progress, Step
from toolkit.runs.run import Run, RunKind, last_run, last_runs_frame, past_runs, run_of, runs_frame, trend
from toolkit.state.states import RunStatus, Trigger

__all__ = [
    "AbandonedList",
    "AbandonedLists",
    "Because",
    "ConsentProof",
    "Disclosure",
    "DisclosureCheck",
    "DisclosureProblem",
    "Forgotten",
    "Gap",
    "GapCode",
    "Guard",
    "IfListGone",
    "ListDisposal",
    "ListResult",
    "Notice",
    "NoticeCode",
    "Presence",
    "Progress",
    "Run",
    "RunKind",
    "RunStatus",
    "Step",
    "Trigger",
    "active_exports",
    "cancel_run",
    "check_export",
    "consent_proof",
    "disclose",
    "dispose_lists",
    "end_abandoned",
    "end_dead_runs",
    "find_abandoned",
    "flapping",
    "forget",
    "last_run",
    "last_runs_frame",
    "past_runs",
    "read_history",
    "require_known_export",
    "resume_export",
    "run_export",
    "run_ids",
    "run_of",
    "runs_by_id",
    "runs_frame",
    "trend",
    "verify_disclosure",
]
