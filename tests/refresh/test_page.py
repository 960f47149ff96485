"""What docs/schedule.md says is so: its commands are there, its examples run, its figures are those of the code."""

import re
from datetime import timedelta
from pathlib import Path

import toolkit
from toolkit.exports.export import Export
from toolkit.refresh import RefreshOptions, ScheduledRun
from toolkit.refresh.schedulers import Scheduler

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "schedule.md").read_text()


def test_every_scheduler_is_explained() -> None:
    table = PAGE.partition("| `--as` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == [it.value for it in Scheduler]


def test_the_example_saves_exports_with_these_schedules(workspace: toolkit.Workspace) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    of_nightly = workspace.exports["Nightly"].model_dump(exclude={"name", "version", "schedule"})
    # Those of the page are for the sample.
    without_options = re.sub(r"^options = .*\n", "", example, flags=re.MULTILINE)
    exec(compile(without_options, "schedule.md", "exec"), {"workspace": workspace, "options": of_nightly})
    assert {name: str(it.schedule) for name, it in workspace.exports.items()} == {
        "Nightly": "with every refresh",
        "Offers": "daily at 06:00, 18:00 Europe/Amsterdam",
        "Weekly": "Monday at 02:00 Europe/Amsterdam",
        "By hand": "off",
    }


def test_the_figures_are_those_of_the_options() -> None:
    options = RefreshOptions()
    assert options.retry_after == tuple(timedelta(minutes=it) for it in (1, 5, 15))
    assert "after 1, 5 and 15 minutes" in PAGE
    assert (options.keep_days, options.wait_for_inputs) == (30, timedelta(minutes=30))
    assert (options.settled_after, options.wait_for_others) == (timedelta(seconds=30), timedelta(hours=1))
    assert options.resume_window == timedelta(hours=6)
    assert Export.model_fields["priority"].annotation is int


def test_the_parameters_of_the_notebook_are_named() -> None:
    of_the_refresh = {"refresh", "is_retried"}
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE.partition("| Parameter |")[2], re.MULTILINE)) == (
        ScheduledRun.model_fields.keys() - of_the_refresh
    )
