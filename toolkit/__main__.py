"""The command line: one thin function a command."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.errors import ToolkitError

app = typer.Typer(
    name="toolkit",
    no_args_is_help=True,
    help="Send customer segments to Criteo.",
    pretty_exceptions_enable=False,
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="TOOLKIT_WORKSPACE", help="Folder of the workspace.")
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
        typer.echo(
            f"Embedded Criteo at {address}, until Ctrl+C. Point a connection at it:\n"
            f'workspace.connect("Sandbox", host="{address}", client_id="{CLIENT_ID}", '
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
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show who would be sent, and who not and why. Nothing leaves this machine."""
    from toolkit.interface import open_workspace

    opened = open_workspace(workspace)
    if export:
        typer.echo(repr(opened.preview_export(export)))
    elif email_column:
        typer.echo(repr(opened.preview(segments or opened.segments.names(), email_column=email_column)))
    else:
        raise typer.BadParameter("name an export with --export, or the e-mail column with --email")


@app.command()
def run(
    export: Annotated[str, typer.Argument(help="The export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but send.")] = False,
    allow: Annotated[list[str] | None, typer.Option(help="A guard to pass knowingly, such as 'large change'.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Run an export now."""
    from toolkit.interface import open_workspace
    from toolkit.runs import RunStatus

    ran = open_workspace(workspace).run(export, dry_run=dry_run, allow=allow or [])
    typer.echo(repr(ran))
    typer.echo(f"Report: {ran.report}")
    if ran.status is not RunStatus.SUCCESSFUL:
        raise typer.Exit(1)


@app.command()
def runs(
    export: Annotated[str | None, typer.Argument(help="Of this export only.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """List the runs, the newest first."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    typer.echo(text_table(open_workspace(workspace).runs(export)))


@app.command()
def join(
    name: Annotated[str | None, typer.Argument(help="How you will be called; the account's name by default.")] = None,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Make your key pair if you have none, and print the line that an administrator runs to let you in."""
    from toolkit.interface import open_workspace

    typer.echo(repr(open_workspace(workspace).join(name)))


@app.command()
def audit(
    verify: Annotated[bool, typer.Option("--verify", help="Tell whether a row was altered or removed.")] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show who did what, the newest first; with --verify, exit with 1 when the chain does not hold."""
    from toolkit.interface import open_workspace
    from toolkit.show import text_table

    opened = open_workspace(workspace)
    if not verify:
        typer.echo(text_table(opened.audit.drop("public_key")))
        return
    broken = opened.verify_audit()
    typer.echo("The audit is as it was written." if broken is None else str(broken))
    if broken is not None:
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to make the workspace; a new folder by default.")] = None,
) -> None:
    """Run the main job on the sample data and an embedded Criteo, and compare what arrived."""
    from toolkit.demo import run_demo

    raise typer.Exit(run_demo(folder, say=typer.echo))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on the notebooks, with an embedded Criteo up. Further arguments go to JupyterLab."""
    from toolkit.lab import run_lab

    raise typer.Exit(run_lab(Path.cwd(), context.args, say=typer.echo))


def main() -> None:
    """Run a command; tell an error in its two sentences, without a traceback."""
    try:
        app()
    except ToolkitError as error:
        typer.echo(f"{error.what}\n{error.remedy}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
