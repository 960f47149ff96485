"""The commands for what runs at night: refresh, schedule show, health."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolkit.errors import BusyError, ToolkitError, UnavailableError
from toolkit.terminal import say

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="TOOLKIT_WORKSPACE", help="Folder of the workspace.")
]
AtOption = Annotated[
    list[str] | None,
    typer.Option("--at", help="A time, such as 02:00, at which exports run that run with every refresh; up to four."),
]
DayOption = Annotated[list[str] | None, typer.Option("--day", help="A day of the week for these times; else all.")]
ZoneOption = Annotated[str, typer.Option("--time-zone", help="The zone of the times, such as Europe/Amsterdam.")]

_UNKNOWN = 3
"""What monitors take for a check that could not be made."""

schedule = typer.Typer(no_args_is_help=True, help="Have a scheduler call the refresh.")


class As(StrEnum):
    """What can call the refresh."""

    CRON = "cron"
    SYSTEMD = "systemd"
    WINDOWS = "windows"
    AIRFLOW = "airflow"
    GITHUB_ACTIONS = "github-actions"
    KUBERNETES = "kubernetes"


class Shown(StrEnum):
    """How health is shown."""

    TEXT = "text"
    JSON = "json"
    PROMETHEUS = "prometheus"


def refresh(
    at: AtOption = None,
    day: DayOption = None,
    time_zone: ZoneOption = "UTC",
    own_times: Annotated[
        bool, typer.Option("--own-times", help="Run only exports that have times of their own.")
    ] = False,
    wait_minutes: Annotated[
        float, typer.Option(help="How long tables are waited for that are being written.", min=0)
    ] = 30,
    success_markers: Annotated[
        bool, typer.Option("--success-markers", help="Take a folder as written only with a file _SUCCESS in it.")
    ] = False,
    keep_days: Annotated[int, typer.Option(help="How long executed notebooks and reports are kept.", min=1)] = 30,
    notebook: Annotated[Path | None, typer.Option(help="Another notebook that runs an export.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing when nothing was due.")] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Run all active exports that are due; exit with 0 all good, 1 something failed, 2 the set-up is wrong."""
    from datetime import timedelta

    from toolkit.interface import open_workspace
    from toolkit.refresh import RefreshOptions
    from toolkit.refresh.options import NOTEBOOK, refresh_schedule
    from toolkit.workspace import Schedule

    default = Schedule.off() if own_times else Schedule()
    options = RefreshOptions(
        schedule=refresh_schedule(at or [], day or [], time_zone, default=default),
        wait_for_inputs=timedelta(minutes=wait_minutes),
        success_markers=success_markers,
        keep_days=keep_days,
        notebook=NOTEBOOK if notebook is None else notebook.resolve(),
    )
    try:
        done = open_workspace(workspace).refreshes.start(options)
    except (BusyError, UnavailableError) as error:
        say(f"{error.what}\n{error.remedy}", err=True)
        raise typer.Exit(1) from None
    if done.exports or done.warnings or not quiet:
        say(done.json_lines if json else repr(done))
    raise typer.Exit(done.exit_code)


@schedule.command()
def show(
    scheduler: Annotated[As, typer.Option("--as", help="The scheduler.")],
    at: AtOption = None,
    day: DayOption = None,
    time_zone: ZoneOption = "UTC",
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Print the text to paste, for this workspace, interpreter and account."""
    from datetime import UTC, datetime

    from toolkit.refresh.options import refresh_schedule
    from toolkit.refresh.schedulers import Scheduler, call_of, text_for
    from toolkit.workspace import Schedule, WorkspaceFolder

    times = refresh_schedule(at or [], day or [], time_zone, default=Schedule.daily("02:00", time_zone=time_zone))
    call = call_of(WorkspaceFolder.open(workspace), times)
    say(text_for(Scheduler(scheduler.value), call, now=datetime.now(UTC)), nl=False)


@schedule.callback()
def _several() -> None:
    """Have a scheduler call the refresh."""


def health(
    shown: Annotated[Shown, typer.Option("--as", help="How it is shown.")] = Shown.TEXT,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Tell how the workspace is doing; exit with 0 ok, 1 warning, 2 critical, 3 can't be told, as monitors take it."""
    from toolkit.interface import open_workspace

    try:
        found = open_workspace(workspace).health()
    except ToolkitError as error:
        say(f"{error.what}\n{error.remedy}", err=True)
        raise typer.Exit(_UNKNOWN) from None
    match shown:
        case Shown.TEXT:
            say(repr(found))
        case Shown.JSON:
            say(found.frame.write_ndjson(), nl=False)
        case Shown.PROMETHEUS:
            say(found.prometheus, nl=False)
    raise typer.Exit(found.level.value)
