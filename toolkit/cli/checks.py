"""``toolkit check``: suites of your own that every run checks."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import show_json
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Add, sign, list and remove suites of your own checks.")

SuiteArgument = Annotated[str, typer.Argument(help="Name of the suite.")]


@commands.command("list")
def list_suites(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List your own suites, with their checks."""
    suites = opened(workspace).checks
    if json:
        show_json([{"suite": name, "checks": it.frame.to_dicts()} for name, it in suites.items()])
    else:
        text = "\n".join(map(repr, suites.values())) or _("You have no suites of your own.")
        say(text)


@commands.command()
def add(
    name: SuiteArgument,
    file: Annotated[Path, typer.Argument(help="A suite of Great Expectations, as YAML or JSON.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Save the expectations of a file as a suite, in the place of one of that name."""
    say(repr(opened(workspace).checks.add(name, file)))


@commands.command()
def sign(name: SuiteArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Sign a suite whose file you put into the workspace, so that runs check it."""
    say(repr(opened(workspace).checks.sign(name)))


@commands.command()
def remove(name: SuiteArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Remove a suite of your own."""
    opened(workspace).checks.remove(name)
    say(_("Removed suite {name!r}.", name=name))
