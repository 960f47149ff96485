"""How a refresh goes about its work."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from toolkit.bundled import SCHEDULED_NOTEBOOK
from toolkit.errors import ConfigurationError
from toolkit.exports.schedule import Every, Schedule
from toolkit.pydantic_errors import Told, validating
from toolkit.translatable import _


def refresh_schedule(at: Sequence[str], days: Sequence[str], time_zone: str, *, default: Schedule) -> Schedule:
    """Return the schedule of a refresh from the options of a command; the default when no times are given.

    Raises ConfigurationError for what is none.
    """
    if not at:
        if days:
            raise ConfigurationError(
                _("The refresh has days ({days}) and no times.", days=", ".join(days)),
                _("Add a time, such as --at 02:00."),
            )
        return default
    given = {"every": Every.WEEK if days else Every.DAY, "at": at, "days": days, "time_zone": time_zone}
    with validating(
        _("The times of the refresh are wrong"),
        _("Write them as --at 02:00 --day monday --time-zone Europe/Amsterdam."),
    ):
        return Schedule.model_validate(given)


class RefreshOptions(Told):
    """What can be set for a refresh.

    Examples:
        >>> from datetime import timedelta
        >>> options = toolkit.RefreshOptions(wait_for_inputs=timedelta(hours=1))
        >>> len(options.retry_after), options.keep_days
        (3, 30)
    """

    schedule: Schedule = Schedule()
    """When exports are due that run with every refresh: by default whenever a refresh is asked for."""
    retry_after: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
    """The waits before an export runs again that failed of what may pass."""
    wait_for_inputs: timedelta = timedelta(minutes=30)
    """How long tables are waited for that are being written, or older than at the last run."""
    settled_after: timedelta = timedelta(seconds=30)
    """How long a file stays as it is before it counts as written."""
    success_markers: bool = False
    """Whether a folder of part files counts as written only when a file ``_SUCCESS`` lies in it."""
    wait_for_others: timedelta = timedelta(hours=1)
    """How long a refresh waits for another to end."""
    resume_window: timedelta = timedelta(hours=6)
    """How long after a refresh was asked for that was killed, the next leaves out what that one did."""
    longest_run: timedelta = timedelta(hours=4)
    """When a notebook that still runs is ended."""
    keep_days: int = Field(default=30, ge=1)
    """How long executed notebooks and reports of refreshes are kept."""
    notebook: Path = SCHEDULED_NOTEBOOK
    """What runs an export."""
