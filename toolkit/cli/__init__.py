"""The command line: a module for each noun, a thin function for each verb, named like the methods of ``Workspace``."""

import gc
from typing import Annotated

import typer

from toolkit.cli import (
    ad_sets,
    audiences,
    audit,
    checks,
    connections,
    exports,
    health,
    lists,
    people,
    projects,
    quality,
    refreshes,
    runs,
    sandbox,
    schedule,
    segments,
    suppressions,
    workspaces,
)
from toolkit.errors import ToolkitError
from toolkit.extras import DISTRIBUTION
from toolkit.terminal import prepare_output, say
from toolkit.translatable import shown

app = typer.Typer(
    name="toolkit",
    no_args_is_help=True,
    invoke_without_command=True,
    help="Send customer segments to Criteo.",
    pretty_exceptions_enable=False,
)


@app.callback(no_args_is_help=True, invoke_without_command=True)
def _show_version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Send customer segments to Criteo."""
    if version:
        from importlib.metadata import version as installed

        say(installed(DISTRIBUTION))
        raise typer.Exit


_OBJECTS_BEFORE_A_LOOK_FOR_GARBAGE = 50_000
_START, _WORK, _TEAM, _NIGHT = "Start", "Segments, exports and runs", "Workspace and people", "Schedules and monitoring"
_PASSES_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app.command("init", rich_help_panel=_START)(projects.init)
app.command("demo", rich_help_panel=_START)(projects.demo)
app.command("lab", rich_help_panel=_START, context_settings=_PASSES_ON)(projects.lab)
app.command("app", rich_help_panel=_START, context_settings=_PASSES_ON)(projects.app)
app.command("sandbox", rich_help_panel=_START)(sandbox.serve_sandbox)

app.command("quality", rich_help_panel=_WORK)(quality.show_quality)
app.add_typer(segments.commands, name="segment", rich_help_panel=_WORK)
app.add_typer(exports.commands, name="export", rich_help_panel=_WORK)
app.add_typer(runs.commands, name="run", rich_help_panel=_WORK)
app.add_typer(checks.commands, name="check", rich_help_panel=_WORK)
app.add_typer(lists.commands, name="list", rich_help_panel=_WORK)
app.add_typer(audiences.commands, name="audience", rich_help_panel=_WORK)
app.add_typer(ad_sets.commands, name="ad-set", rich_help_panel=_WORK)
app.add_typer(suppressions.commands, name="suppression", rich_help_panel=_WORK)
app.command("forget", rich_help_panel=_WORK)(suppressions.forget)
app.command("disclose", rich_help_panel=_WORK)(suppressions.disclose)
app.command("verify-disclosure", rich_help_panel=_WORK)(suppressions.verify_disclosure)

app.add_typer(workspaces.commands, name="workspace", rich_help_panel=_TEAM)
app.add_typer(connections.commands, name="connection", rich_help_panel=_TEAM)
app.add_typer(people.commands, name="people", rich_help_panel=_TEAM)
app.command("audit", rich_help_panel=_TEAM)(audit.show_audit)
app.command("trust", rich_help_panel=_TEAM)(audit.trust)

app.add_typer(refreshes.commands, name="refresh", rich_help_panel=_NIGHT)
app.add_typer(schedule.commands, name="schedule", rich_help_panel=_NIGHT)
app.command("health", rich_help_panel=_NIGHT)(health.show_health)


def main() -> None:
    """Run a command. An error of the toolkit is two sentences, without a traceback, and the exit code is 2."""
    prepare_output()
    # Nearly all that a command makes at its start are modules and classes, which stay.
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK_FOR_GARBAGE)
    try:
        app()
    except ToolkitError as error:
        say(f"{shown(error.what)}\n{shown(error.remedy)}", err=True)
        raise SystemExit(2) from None
