"""Two nights of a schedule: everything is sent on the first, only the difference on the second."""

import os
import time
from collections import deque
from datetime import datetime
from pathlib import Path

from toolkit import bundled
from toolkit.demo.audience import link_an_audience
from toolkit.demo.expected import expected_lists
from toolkit.demo.saying import Say
from toolkit.errors import ConfigurationError
from toolkit.extras import Extra, require
from toolkit.project import Project, copy_sample, sample_tables
from toolkit.refresh import RefreshOptions, ScheduledRun, execute_notebook
from toolkit.sandbox import Sandbox, start
from toolkit.translatable import _
from toolkit.workspace import Workspace, open_workspace

EXPORT = "Sample segments"
EMAIL = "EMail"
_IN_AN_AD_SET = "The audience is at Criteo as it is declared, and one ad set targets it."

_NEXT = "make lab" if bundled.IS_CHECKOUT else "toolkit init project --sample && toolkit lab --project project"


def run_demo(folder: Path | None, *, say: Say) -> int:
    """Run the demo in a fresh workspace; return 0 when Criteo ended with exactly the right members, else 1."""
    started = time.monotonic()
    require(Extra.SANDBOX, "The demo")
    require(Extra.SCHEDULE, "The demo")
    workspace_folder = _fresh(folder)
    say(f"Workspace: {workspace_folder}")
    workspace_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A copy, beside the workspace's own files: what is built of it later is written there, too.
    deque(copy_sample(Project(workspace_folder)), maxlen=0)
    with start() as criteo:
        say(f"Embedded Criteo: {criteo.url}")
        workspace = _workspace(workspace_folder, day=1)
        advertiser = next(iter(_connect(workspace, criteo)))
        segments = list(workspace.segments)
        workspace.exports.save(
            EXPORT, connection="Sandbox", email_column=EMAIL, segments=segments, advertiser_id=advertiser
        )
        differences = []
        for day, what in ((1, "everything is added"), (2, "only the difference is sent")):
            workspace = _workspace(workspace_folder, day=day)
            notebook = _run_notebook(workspace, day=day)
            differences += _report(workspace, criteo, day=day, what=what, notebook=notebook, say=say)
        differences += link_an_audience(workspace, criteo, connection="Sandbox", advertiser_id=advertiser, say=say)
    for difference in differences:
        say(f"DIFFERENT: {difference}")
    if not differences:
        say(f"\nAll lists hold exactly what they should, identifier by identifier. {time.monotonic() - started:.0f} s.")
        say(_IN_AN_AD_SET)
        say(f"Next: {_NEXT}, and follow 00_start.ipynb")
    return 1 if differences else 0


def _fresh(folder: Path | None) -> Path:
    chosen = folder or Path.cwd() / f"demo-workspace-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    if chosen.exists() and any(chosen.iterdir()):
        raise ConfigurationError(
            _("The folder {chosen} is not empty.", chosen=chosen),
            _("Name another, or leave out --folder for a new one."),
        )
    return chosen.resolve()


def _workspace(folder: Path, *, day: int) -> Workspace:
    tables = sample_tables(Project(folder), day=day)
    if day == 1:
        return open_workspace(folder, profiles=tables.profiles, segments=tables.segments, create=True)
    workspace = open_workspace(folder)
    workspace.read_from(profiles=tables.profiles, segments=tables.segments)
    return workspace


def _connect(workspace: Workspace, criteo: Sandbox) -> dict[str, str]:
    connection = workspace.connections.connect(
        "Sandbox",
        host=criteo.url,
        client_id=criteo.client_id,
        client_secret=criteo.client_secret,
        i_agree=True,
    )
    return connection.advertisers


def _run_notebook(workspace: Workspace, *, day: int) -> Path:
    executed = workspace.path / "notebooks" / f"day-{day}.ipynb"
    parameters = ScheduledRun(workspace=str(workspace.path), export=EXPORT)
    execute_notebook(RefreshOptions().notebook, to=executed, parameters=parameters.model_dump(), cwd=workspace.path)
    return executed


def _report(workspace: Workspace, criteo: Sandbox, *, day: int, what: str, notebook: Path, say: Say) -> list[str]:
    """Say what a night did; return how the lists differ from what they should hold."""
    run = workspace.runs[workspace.runs.find(EXPORT)["run"][0]]
    say(f"\nDay {day}: {what}\n{run!r}")
    say(f"Notebook: {_short(notebook)}\nReport:   {_short(run.report)}")
    expected = expected_lists(Project(workspace.path).sample_day(day), email_column=EMAIL)
    held = {it.name: criteo.identifiers(it.id) for it in criteo.lists()}
    if held.keys() != expected.keys():
        return [f"day {day}: lists {sorted(held)}, expected {sorted(expected)}"]
    return [
        f"day {day}, segment {segment!r}: {len(wanted - held[segment])} identifiers missing, "
        f"{len(held[segment] - wanted)} too many"
        for segment, wanted in expected.items()
        if held[segment] != wanted
    ]


def _short(path: Path) -> str:
    return os.path.relpath(path)
