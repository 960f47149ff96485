"""The command line: one thin function a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.errors import ToolkitError
from toolkit.refresh_commands import health, refresh, schedule
from toolkit.terminal import prepare_output, say
from toolkit.workspace_commands import init, workspace

if TYPE_CHECKING:
    from toolkit.runs import Run

app = typer.Typer(
    name="toolkit",
    no_args_is_help=True,
    help="Send customer segments to Criteo.",
    pretty_exceptions_enable=False,
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="TOOLKIT_WORKSPACE", help="Folder of the workspace.")
]


BatchSizeOption = Annotated[
    int | None, typer.Option(help="How many identifiers are sent at a time: fewer where a line breaks often.")
]


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port on the loopback address; 0 takes a free one.")] = 8765,
    keep: Annotated[Path | None, typer.Option(help="Folder that keeps the lists over a restart.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="What goes wrong, as fault:call:times:after, such as http_503:amend:2.")
    ] = None,
    token_seconds: Annotated[float, typer.Option(help="How long a token lives.")] = 900,
    calls_per_minute: Annotated[int, typer.Option(help="Calls that are let through in a minute.")] = 250,
    match_rate: Annotated[float, typer.Option(help="Share of the identifiers that Criteo knows.")] = 0.7,
) -> None:
    """Start an embedded Criteo on this machine, to try everything without an account."""
    from toolkit.sandbox import CLIENT_ID, CLIENT_SECRET, PlannedFault, SandboxOptions, serve

    def announce(address: str) -> None:
        say(
            f"Embedded Criteo at {address}, until Ctrl+C. Point a connection at it:\n"
            f'workspace.connections.connect("Sandbox", host="{address}", client_id="{CLIENT_ID}", '
            f'client_secret="{CLIENT_SECRET}", i_agree=True)'
        )

    options = SandboxOptions(
        keep=keep,
        faults=tuple(map(PlannedFault.parse, fault or [])),
        token_life_seconds=token_seconds,
        calls_per_minute=calls_per_minute,
        match_rate=match_rate,
    )
    serve(port=port, options=options, announce=announce)


@app.command()
def preview(
    segments: Annotated[list[str] | None, typer.Argument(help="Segments; all when none is named.")] = None,
    email_column: Annotated[str, typer.Option("--email", help="Profile column that holds the e-mail.")] = "",
    export: Annotated[str, typer.Option(help="Take segments and options from this export.")] = "",
    ask_criteo: Annotated[
        bool, typer.Option("--ask-criteo", help="Let Criteo count what the export's lists hold now.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write the preview with its pictures to this HTML file.")] = None,
    left_out: Annotated[
        Path | None, typer.Option(help="Write who is left out, and why, to this .csv or .parquet file.")
    ] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show who would be sent, who not and why, and what a run would change. Nothing is sent."""
    from toolkit.interface import open_workspace

    opened = open_workspace(workspace)
    if export:
        shown = opened.exports.preview(export, ask_criteo=ask_criteo)
    elif email_column:
        shown = opened.preview(segments or list(opened.segments), email_column=email_column)
    else:
        raise typer.BadParameter("name an export with --export, or the e-mail column with --email")
    say(repr(shown))
    if html is not None:
        shown.to_html(html)
    if left_out is not None:
        shown.write_left_out(left_out)


@app.command()
def check(
    export: Annotated[str, typer.Argument(help="The export.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Check an export as its next run would, and send nothing; exit with 1 when a check of level error fails."""
    from toolkit.interface import open_workspace

    results = open_workspace(workspace).exports.check(export)
    say(repr(results))
    if not results.passed:
        raise typer.Exit(1)


@app.command()
def run(
    export: Annotated[str, typer.Argument(help="The export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but send.")] = False,
    mode: Annotated[str | None, typer.Option(help="Another mode for this run: mirror, append or replace.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="A guard to pass knowingly, such as 'large change'.")] = None,
    batch_size: BatchSizeOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Nobody waits: try longer where Criteo can't be reached.")
    ] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Run an export now."""
    from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
    from toolkit.interface import open_workspace
    from toolkit.runs import Trigger

    size = MAX_IDENTIFIERS_A_CALL if batch_size is None else batch_size
    trigger = Trigger.SCHEDULE if scheduled else Trigger.PERSON
    ran = open_workspace(workspace).runs.start(
        export, dry_run=dry_run, mode=mode, allow=allow or [], batch_size=size, trigger=trigger
    )
    _tell(ran, json=json)


@app.command()
def run_all(workspace: WorkspaceOption = Path("workspace")) -> None:
    """Run all active exports, one after the other; exit with 1 when one of them failed."""
    from toolkit.interface import open_workspace
    from toolkit.runs import RunStatus

    ended = open_workspace(workspace).runs.start_all()
    for name, it in ended.items():
        say(f"Export {name!r}: {it}" if isinstance(it, ToolkitError) else repr(it))
    if any(isinstance(it, ToolkitError) or it.status is not RunStatus.SUCCESSFUL for it in ended.values()):
        raise typer.Exit(1)


@app.command()
def resume(
    export: Annotated[str, typer.Argument(help="The export.")],
    batch_size: BatchSizeOption = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Take up the last run of an export, which failed, was canceled or killed."""
    from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
    from toolkit.interface import open_workspace

    size = MAX_IDENTIFIERS_A_CALL if batch_size is None else batch_size
    _tell(open_workspace(workspace).runs.resume(export, batch_size=size))


@app.command()
def cancel(
    run_id: Annotated[str, typer.Argument(help="The run; see toolkit runs.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Ask a run to end before its next batch."""
    from toolkit.interface import open_workspace

    open_workspace(workspace).runs.cancel(run_id)
    say(f"Run {run_id} was asked to end.")


@app.command()
def forget(
    customer: Annotated[
        str | None, typer.Option(help="The person's customer key; else the address is asked for.")
    ] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Remove a person from every list that was ever filled, and keep them out of later runs."""
    from toolkit.interface import open_workspace

    # Asked for, so that no address stands in the shell's history.
    email = typer.prompt("Address", hide_input=True) if customer is None else None
    forgotten = open_workspace(workspace).forget(email=email, customer=customer)
    say(repr(forgotten))
    if not forgotten.done:
        raise typer.Exit(1)


@app.command()
def suppress(
    people: Annotated[str, typer.Argument(help="Where the table lies: a Parquet, Delta or CSV table.")],
    email: Annotated[str | None, typer.Option(help="Column with e-mail addresses, plain or hashed.")] = None,
    customer: Annotated[str | None, typer.Option(help="Column with customer keys.")] = None,
    madid: Annotated[str | None, typer.Option(help="Column with mobile ids.")] = None,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Add the people of the other rows when some rows can't be used.")
    ] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Keep the people of a table out of later runs."""
    from toolkit.interface import open_workspace

    added = open_workspace(workspace).suppressions.add(
        people, email_column=email, customer_column=customer, madid_column=madid, skip_unusable=skip_unusable
    )
    say(repr(added))


@app.command()
def suppressions(
    lift: Annotated[str, typer.Option(help="Lift this entry: its people may be sent again.")] = "",
    accept_lost: Annotated[
        int | None, typer.Option(help="Go on without so many entries that are lost, as the error says.")
    ] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the entries of the suppression list, without the people; lift one."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    opened = open_workspace(workspace)
    if accept_lost is not None:
        opened.suppressions.accept_lost(entries=accept_lost)
    if lift:
        opened.suppressions.lift(lift)
    say(text_table(opened.suppressions.frame))


@app.command()
def exports(
    write: Annotated[Path | None, typer.Option(help="Write them to this YAML file.")] = None,
    read: Annotated[Path | None, typer.Option(help="Save those of this YAML file.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the exports; write them to a file, or save those of one."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    opened = open_workspace(workspace)
    if read is not None:
        changed = opened.exports.read(read)
        say(f"Saved: {', '.join(changed) or 'nothing, all are as they were'}")
    if write is not None:
        opened.exports.write(write)
    say(text_table(opened.exports.frame))


@app.command()
def segments(
    build: Annotated[str, typer.Option(help="Build the segment of this name.")] = "",
    where: Annotated[str, typer.Option(help="Who belongs to it: an SQL condition on the profiles.")] = "",
    dynamic: Annotated[
        bool | None, typer.Option("--dynamic/--static", help="Build it anew at each refresh, or keep its members.")
    ] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the segments; build one of the profiles, or build one anew when no condition is given."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    opened = open_workspace(workspace)
    if not build:
        say(text_table(opened.segments.frame))
    elif where:
        say(repr(opened.segments.build(build, where=where, dynamic=dynamic)))
    else:
        say(repr(opened.segments.rebuild(build)))


@app.command()
def runs(
    export: Annotated[str | None, typer.Argument(help="Of this export only.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the runs, the newest first."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    found = open_workspace(workspace).runs
    say(text_table(found.find(export) if export else found.frame))


@app.command()
def lists(
    empty: Annotated[str, typer.Option(help="Remove everybody from this list, by its id.")] = "",
    delete: Annotated[str, typer.Option(help="Delete this list at Criteo, by its id.")] = "",
    keep: Annotated[str, typer.Option(help="Let this list stay as it is, by its id.")] = "",
    host: Annotated[str | None, typer.Option(help="Which Criteo, where two have a list of that id.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the contact lists that no export fills any more; empty, delete or keep one."""
    from toolkit.interface import open_workspace

    opened = open_workspace(workspace)
    if empty:
        opened.lists.empty(empty, host=host)
    if delete:
        opened.lists.delete(delete, host=host)
    if keep:
        opened.lists.keep(keep, host=host)
    say(repr(opened.lists.left_behind))


@app.command()
def join(
    name: Annotated[str | None, typer.Argument(help="How you will be called; the account's name by default.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Make your key pair if you have none, and print the line that an administrator runs to let you in."""
    from toolkit.interface import open_workspace

    say(repr(open_workspace(workspace).people.join(name)))


@app.command()
def audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="Tell whether a row was altered, removed, or is not signed.")
    ] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show who did what, the newest first; with --verify, exit with 1 when the chain does not hold."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    opened = open_workspace(workspace)
    if not verify:
        say(text_table(opened.audit.frame.drop("public_key")))
        return
    broken = opened.audit.verify()
    if broken is not None:
        say(str(broken))
        raise typer.Exit(1)
    altered = opened.altered_rows
    say("\n".join(map(str, altered)) or "The audit is as it was written, and all rows are as they were signed.")
    if altered:
        raise typer.Exit(1)


@app.command()
def trust(
    root: Annotated[
        str | None, typer.Argument(help="The fingerprint of the workspace's root, as you were told.")
    ] = None,
    newest_row: Annotated[
        int | None, typer.Option(help="The newest row of the audit, when a backup was brought back on purpose.")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Where a connection goes now: its name, an equals sign, the host.")
    ] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Confirm how the workspace differs from what this machine remembers; without an option, print its root."""
    from toolkit.interface import open_workspace

    opened = open_workspace(workspace)
    if root is None and newest_row is None and not host:
        say(opened.root)
        return
    hosts = dict(it.rpartition("=")[::2] for it in host or ())
    opened.trust(root, newest_row=newest_row, hosts=hosts)
    say("This machine remembers it.")


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to make the workspace; a new folder by default.")] = None,
) -> None:
    """Run the main job on the sample data and an embedded Criteo, and compare what arrived."""
    from toolkit.demo import run_demo

    raise typer.Exit(run_demo(folder, say=say))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on the notebooks, with an embedded Criteo up. Further arguments go to JupyterLab."""
    from toolkit.lab import run_lab

    raise typer.Exit(run_lab(Path.cwd(), context.args, say=say))


@app.command("app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve_app(context: typer.Context) -> None:
    """Open the notebooks as an application without code, with an embedded Criteo up. Further arguments go to Voilà."""
    from toolkit.app import run_app

    raise typer.Exit(run_app(Path.cwd(), context.args, say=say))


def _tell(ran: "Run", *, json: bool = False) -> None:
    """Print a run; exit with 1 when it was not successful."""
    from toolkit.runs import RunStatus

    say(ran.to_json() if json else f"{ran!r}\nReport: {ran.report}")
    if ran.status is not RunStatus.SUCCESSFUL:
        raise typer.Exit(1)


app.command()(init)
app.command()(refresh)
app.command()(health)
app.add_typer(schedule, name="schedule")
app.add_typer(workspace, name="workspace")


def main() -> None:
    """Run a command; tell an error in its two sentences, without a traceback."""
    prepare_output()
    try:
        app()
    except ToolkitError as error:
        say(f"{error.what}\n{error.remedy}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
