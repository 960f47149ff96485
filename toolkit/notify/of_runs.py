"""What the end of a run means for its export."""

from toolkit.errors import ToolkitError
from toolkit.notify.matters import Matter, Subject, Trouble, note, tell
from toolkit.runs import ChangingInputError, GuardError, Run, RunStatus, Trigger
from toolkit.workspace import WorkspaceFolder

STOPPED = "stopped by a guard"
_STOPS = (GuardError.__name__, ChangingInputError.__name__)


def tell_of_run(folder: WorkspaceFolder, run: Run) -> list[str]:
    """Take down how a run ended, and tell what is new; return what could not be delivered, as warnings.

    A person who starts a run sees it fail: others hear of it only when that ends a trouble that they heard of.
    """
    is_good = run.status is RunStatus.SUCCESSFUL
    if run.dry_run or not (is_good or (run.status is RunStatus.FAILED and run.started_by != Trigger.PERSON)):
        return []
    matter = Matter(Subject.EXPORT, run.export)
    note(folder, matter, None if is_good else trouble_of_run(run), at=run.finished_at or run.started_at)
    return tell(folder)


def trouble_of_run(run: Run) -> Trouble:
    """Return what is wrong with the export of a failed run."""
    error = run.error or {"kind": "", "what": f"Run {run.id} is {run.status.value}.", "remedy": "Run it again."}
    return trouble_of(error["kind"], f"{error['what']} (Run {run.id}.)", error["remedy"])


def trouble_of(kind: str, what: str, remedy: str) -> Trouble:
    """Return the trouble of an error by the name of its class."""
    return Trouble(STOPPED if kind in _STOPS else f"failed ({kind})", what, remedy)


def trouble_of_error(error: ToolkitError) -> Trouble:
    """Return the trouble of an error."""
    return trouble_of(type(error).__name__, error.what, error.remedy)
