"""What the end of a run means for its export."""

from dataclasses import replace

from toolkit.alerts.states import AlertKey, Subject, dispatch, record_state
from toolkit.errors import ErrorInfo, RunFailedError
from toolkit.runs import Run, RunStatus, Trigger
from toolkit.runs.notices import Notice
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _


def alert_of_run(folder: WorkspaceFolder, run: Run) -> list[Notice]:
    """Take down how a run ended, and tell what is new; return what could not be delivered, as warnings.

    A person who starts a run sees it fail: others hear of it only when that ends a trouble that they heard of.
    """
    is_good = run.status is RunStatus.SUCCESSFUL
    if run.dry_run or not (is_good or (run.status is RunStatus.FAILED and run.started_by != Trigger.PERSON)):
        return []
    matter = AlertKey(Subject.EXPORT, run.export)
    record_state(folder, matter, None if is_good else trouble_of_run(run), at=run.finished_at or run.started_at)
    return dispatch(folder)


def trouble_of_run(run: Run) -> ErrorInfo:
    """Return what is wrong with the export of a failed run."""
    error = (
        run.error
        or RunFailedError(_("Run {run} is {status}.", run=run.id, status=run.status.value), _("Run it again.")).info
    )
    return replace(error, what=_("{what} (Run {run}.)", what=error.what, run=run.id))
