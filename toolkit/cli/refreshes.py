"""``toolkit refresh``: run the exports that are due. It is what a scheduler calls."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, AtOption, DayOption, JsonOption, WorkspaceOption, ZoneOption, opened
from toolkit.cli.output import show_frame
from toolkit.errors import BusyError, UnavailableError
from toolkit.terminal import say
from toolkit.translatable import shown

commands = typer.Typer(help="Run the exports that are due; list past refreshes.")


@commands.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    at: AtOption = None,
    day: DayOption = None,
    time_zone: ZoneOption = "UTC",
    own_times: Annotated[
        bool, typer.Option("--own-times", help="Run only exports that have times of their own.")
    ] = False,
    wait_minutes: Annotated[
        float, typer.Option(help="How long to wait for tables that are being written.", min=0)
    ] = 30,
    success_markers: Annotated[
        bool, typer.Option("--success-markers", help="Take a folder as written only with a file _SUCCESS in it.")
    ] = False,
    keep_days: Annotated[int, typer.Option(help="How long executed notebooks and reports are kept.", min=1)] = 30,
    notebook: Annotated[Path | None, typer.Option(help="Another notebook that runs an export.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines, for a program to read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing when nothing was due.")] = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Run all active exports that are due. The exit code is 0 all good, 1 something failed, 2 the set-up is wrong."""
    if context.invoked_subcommand is not None:
        return
    from datetime import timedelta

    from toolkit.bundled import SCHEDULED_NOTEBOOK
    from toolkit.exports.schedule import Schedule
    from toolkit.refresh import RefreshOptions
    from toolkit.refresh.options import refresh_schedule

    default = Schedule.off() if own_times else Schedule()
    options = RefreshOptions(
        schedule=refresh_schedule(at or [], day or [], time_zone, default=default),
        wait_for_inputs=timedelta(minutes=wait_minutes),
        success_markers=success_markers,
        keep_days=keep_days,
        notebook=SCHEDULED_NOTEBOOK if notebook is None else notebook.resolve(),
    )
    try:
        done = opened(workspace).refreshes.start(options)
    except (BusyError, UnavailableError) as error:
        say(f"{shown(error.what)}\n{shown(error.remedy)}", err=True)
        raise typer.Exit(1) from None
    if done.exports or done.warnings or not quiet:
        say(done.json_lines if json else repr(done))
    raise typer.Exit(done.exit_code)


@commands.command("list")
def list_refreshes(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List past refreshes: a row for each export that was due, the newest refresh first."""
    show_frame(opened(workspace).refreshes.frame, as_json=json)


@commands.command()
def show(
    refresh: Annotated[str, typer.Argument(help="ID of the refresh.")],
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show a past refresh."""
    found = opened(workspace).refreshes[refresh]
    say(found.json_lines if json else repr(found))
