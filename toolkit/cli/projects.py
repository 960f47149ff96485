"""Commands to start with: make a project, see the demo, open the notebooks."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.tables import (
    KEY,
    KeyAsTextOption,
    KeyNormalizationOption,
    KeyOption,
    ProfilesOption,
    SegmentColumnOption,
    SegmentsOption,
    tables_at,
)
from toolkit.cli.workspaces import DatabaseOption
from toolkit.terminal import say
from toolkit.translatable import _, ngettext

ProjectOption = Annotated[Path, typer.Option("--project", help="Folder of the project; the one you are in by default.")]


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.")],
    sample: Annotated[bool, typer.Option("--sample", help="Copy sample tables into it, and try these first.")] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Try your own tables with an embedded Criteo; --sample does so anyway.")
    ] = False,
    profiles: ProfilesOption = None,
    segments: SegmentsOption = None,
    key: KeyOption = KEY,
    segment_column: SegmentColumnOption = "",
    key_as_text: KeyAsTextOption = False,
    key_normalization: KeyNormalizationOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make a project: notebooks and a workspace, of which you are the first administrator. Nothing is overwritten."""
    from toolkit.project import make_project

    tables = tables_at(
        profiles,
        segments,
        key=key,
        segment_column=segment_column,
        key_as_text=key_as_text,
        key_normalization=key_normalization,
    )
    made = make_project(folder, tables, sample=sample, sandbox=sandbox, database=database)
    if made.workspace.is_new:
        say(
            _(
                "New project in {path}. You are its administrator, as {account!r}.",
                path=made.project.path,
                account=made.workspace.account,
            )
        )
    elif made.written:
        say(
            ngettext(
                "Added to the project in {path}: {count} file that was missing.",
                "Added to the project in {path}: {count} files that were missing.",
                len(made.written),
                path=made.project.path,
            )
        )
    else:
        say(_("There is a project in {path} already. Nothing was changed.", path=made.project.path))
    if made.workspace.saved.profiles is None or made.workspace.saved.segments is None:
        say(
            _(
                "Next, say where your tables are: "
                "toolkit workspace tables --profiles LOCATION --segments FOLDER --key COLUMN"
            )
        )


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to make the workspace; a new folder by default.")] = None,
) -> None:
    """Run the main job on the sample tables and an embedded Criteo, and compare what arrived."""
    from toolkit.demo import run_demo

    raise typer.Exit(run_demo(folder, say=say))


def lab(context: typer.Context, project: ProjectOption = Path()) -> None:
    """Open JupyterLab on the notebooks of a project. Further arguments go to JupyterLab."""
    from toolkit.lab import run_lab

    raise typer.Exit(run_lab(project, context.args, say=say))


def app(context: typer.Context, project: ProjectOption = Path()) -> None:
    """Open the notebooks of a project as an application without code. Further arguments go to Voilà."""
    from toolkit.app import run_app

    raise typer.Exit(run_app(project, context.args, say=say))
