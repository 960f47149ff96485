"""``toolkit run``: send an export now, resume, cancel and look back."""

from json import loads
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.options import WORKSPACE, ExportArgument, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import is_successful, show_frame, show_json, show_run
from toolkit.errors import ToolkitError
from toolkit.terminal import say
from toolkit.translatable import _

if TYPE_CHECKING:
    from toolkit.runs import Run

commands = typer.Typer(no_args_is_help=True, help="Start, resume, cancel and list runs.")

BatchSizeOption = Annotated[
    int | None, typer.Option(help="Identifiers in one call, up to 50,000. Choose fewer where the network often breaks.")
]
ExportFilter = Annotated[str | None, typer.Argument(help="Only this export.")]
RunArgument = Annotated[str, typer.Argument(help="ID of the run, as `toolkit run list` shows it.")]


@commands.command()
def start(
    name: ExportArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything except send.")] = False,
    mode: Annotated[str | None, typer.Option(help="Another mode for this run: mirror, append or replace.")] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="A guard to pass knowingly, such as 'large change'; repeat for several.")
    ] = None,
    if_list_gone: Annotated[
        str, typer.Option(help="What to do about a list that was deleted at Criteo: stop or remake.")
    ] = "stop",
    batch_size: BatchSizeOption = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="A scheduler runs it: wait longer for Criteo to answer.")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Run an export now. The exit code is 1 when the run fails."""
    from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
    from toolkit.runs import Trigger

    ran = opened(workspace).runs.start(
        name,
        dry_run=dry_run,
        mode=mode,
        allow=allow or (),
        if_list_gone=if_list_gone,
        batch_size=MAX_IDENTIFIERS_A_CALL if batch_size is None else batch_size,
        trigger=Trigger.SCHEDULE if scheduled else Trigger.PERSON,
    )
    show_run(ran, as_json=json)


@commands.command("all")
def run_all(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Run all active exports, one after the other. The exit code is 1 when one of them fails."""
    ended = opened(workspace).runs.start_all()
    if json:
        show_json([_of_json(name, it) for name, it in ended.items()])
    else:
        for name, it in ended.items():
            say(f"Export {name!r}: {it}" if isinstance(it, ToolkitError) else repr(it))
    if not all(map(is_successful, ended.values())):
        raise typer.Exit(1)


@commands.command()
def resume(
    name: ExportArgument,
    batch_size: BatchSizeOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Resume the last run of an export, which failed, was canceled or was killed: send what is missing."""
    from toolkit.criteo import MAX_IDENTIFIERS_A_CALL

    size = MAX_IDENTIFIERS_A_CALL if batch_size is None else batch_size
    show_run(opened(workspace).runs.resume(name, batch_size=size), as_json=json)


@commands.command()
def cancel(run: RunArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Ask a run to end before its next batch."""
    opened(workspace).runs.cancel(run)
    say(_("Run {run} ends before its next batch.", run=run))


@commands.command("list")
def list_runs(
    export: ExportFilter = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """List the runs, the newest first."""
    show_frame(opened(workspace).runs.find(export) if export else opened(workspace).runs.frame, as_json=json)


@commands.command()
def show(run: RunArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show the report of a run."""
    found = opened(workspace).runs[run]
    say(found.to_json() if json else f"{found!r}\nReport: {found.report}")


@commands.command()
def trend(
    export: ExportFilter = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show the figures of past runs, a row for each run and list."""
    show_frame(opened(workspace).runs.trend(export), as_json=json)


@commands.command()
def membership(
    export: ExportFilter = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show who entered and left each list in each run, by customer key and hashed identifier."""
    show_frame(opened(workspace).runs.membership(export), as_json=json)


@commands.command()
def flapping(
    export: ExportFilter = None,
    times: Annotated[int, typer.Option(help="How often a member entered the list, at least.")] = 3,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show the members who entered a list again and again."""
    show_frame(opened(workspace).runs.flapping(export, times=times), as_json=json)


def _of_json(name: str, ended: "Run | ToolkitError") -> object:
    if isinstance(ended, ToolkitError):
        return {
            "export": name,
            "error": {"kind": type(ended).__name__, "what": str(ended.what), "remedy": str(ended.remedy)},
        }
    return loads(ended.to_json())
