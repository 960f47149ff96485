"""``toolkit schedule``: have a scheduler call the refresh."""

from enum import StrEnum
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, AtOption, DayOption, WorkspaceOption, ZoneOption
from toolkit.terminal import say

commands = typer.Typer(no_args_is_help=True, help="Have a scheduler call the refresh.")


class As(StrEnum):
    """What can call the refresh: the values of ``Scheduler``, which is not imported before a command runs."""

    CRON = "cron"
    SYSTEMD = "systemd"
    WINDOWS = "windows"
    AIRFLOW = "airflow"
    GITHUB_ACTIONS = "github-actions"
    KUBERNETES = "kubernetes"


@commands.command()
def show(
    scheduler: Annotated[As, typer.Option("--as", help="The scheduler.")],
    at: AtOption = None,
    day: DayOption = None,
    time_zone: ZoneOption = "UTC",
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Print the text to paste, for this workspace, interpreter and account."""
    from datetime import UTC, datetime

    from toolkit.exports.schedule import Schedule
    from toolkit.refresh.options import refresh_schedule
    from toolkit.refresh.schedulers import Scheduler, call_of, text_for
    from toolkit.state.folder import WorkspaceFolder

    times = refresh_schedule(at or [], day or [], time_zone, default=Schedule.daily("02:00", time_zone=time_zone))
    call = call_of(WorkspaceFolder.open(workspace), times)
    say(text_for(Scheduler(scheduler.value), call, now=datetime.now(UTC)), nl=False)


@commands.callback()
def _several() -> None:
    """Have a scheduler call the refresh."""
