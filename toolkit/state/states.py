"""How far what is recorded is: the values that the columns of the database take."""

from enum import StrEnum

from toolkit.criteo import Waiting


class Trigger(StrEnum):
    """What started a run.

    Examples:
        >>> run = workspace.runs.start("Nightly", dry_run=True, trigger="schedule")
        >>> run.started_by
        <Trigger.SCHEDULE: 'schedule'>
    """

    PERSON = "person"
    SCHEDULE = "schedule"
    REFRESH = "refresh"
    FORGET = "data subject request"
    LISTS = "list left behind"
    """Somebody had a list emptied or deleted that no export fills any more."""

    @property
    def waiting(self) -> Waiting:
        """Who waits for what it started: a schedule has patience where a person is told soon."""
        return Waiting.NOBODY if self in (Trigger.SCHEDULE, Trigger.REFRESH) else Waiting.PERSON


class RunStatus(StrEnum):
    """What became of a run, as Customer Insights names it.

    Examples:
        >>> toolkit.RunStatus(workspace.runs.frame["status"][0])
        <RunStatus.SUCCESSFUL: 'successful'>
    """

    QUEUED = "queued"
    """Its turn in a refresh has not come."""
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    FAILED_RETRYING = "failed (retrying)"
    """What failed may pass, and the refresh runs the export again."""
    SKIPPED = "skipped"
    """The refresh did not run it, because something that it depends on was missing."""
    CANCELED = "canceled"


class Operation(StrEnum):
    """What a batch does to a contact list."""

    CLEAR = "clear"
    REMOVE = "remove"
    ADD = "add"


class BatchStatus(StrEnum):
    """How far a batch came."""

    SENDING = "sending"
    """It may have been applied or not."""
    ACKNOWLEDGED = "acknowledged"
    UNCERTAIN = "uncertain"
    """It is over, and nobody knows whether it was applied, or when."""


class RefreshStatus(StrEnum):
    """How far a refresh is.

    Examples:
        >>> workspace.exports.deactivate("Nightly").active
        False
        >>> workspace.refreshes.start().status
        <RefreshStatus.FINISHED: 'finished'>
    """

    RUNNING = "running"
    FINISHED = "finished"
    KILLED = "killed"
    """It ended before it had done all; the next goes on."""
