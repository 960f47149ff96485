"""A preview in a notebook: pictures that stay, and sentences instead of tracebacks."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

import toolkit
from tests.conftest import Tables
from tests.sources.test_broken_tables import Lake, cut_parquet

CELLS = [
    "import sys, toolkit",
    "workspace = toolkit.open_workspace({workspace!r})",
    "preview = workspace.preview('All', email_column='EMail')",
    "preview",
    "'great_expectations' in sys.modules",
    "workspace.preview('All', email_column='Email')",
    "toolkit.open_workspace({broken!r}).preview('All', email_column='EMail')",
    "try:\n    workspace.preview('Nobody', email_column='EMail')\nexcept toolkit.ToolkitError as error:\n    print(error)",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The outputs of each cell."""
    folder = tmp_path_factory.mktemp("preview")
    emails = {f"C{number:03}": f"person{number}@mail.example" for number in range(100)}
    tables = Tables(folder / "tables").write(emails, {"All": list(emails)})
    toolkit.open_workspace(folder / "workspace", profiles=tables.profiles, segments=tables.segments, create=True)
    (folder / "lake").mkdir()
    lake = Lake(folder / "lake")
    broken = lake.workspace()
    cut_parquet(lake)
    named = {"workspace": str(folder / "workspace"), "broken": str(broken.path)}
    notebook = new_notebook(cells=[new_code_cell(it.format(**named)) for it in CELLS])
    with TemporaryDirectory() as sockets:
        NotebookClient(
            notebook,
            allow_errors=True,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        ).execute()
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells]


def test_it_shows_itself_with_pictures_that_need_nothing_to_be_seen(executed: list[Any]) -> None:
    (shown,) = executed[3]
    assert "100 of 100 members exportable" in shown.data["text/plain"]
    assert "<svg" in shown.data["text/html"]
    assert "<script" not in shown.data["text/html"]
    assert "@mail" not in shown.data["text/html"]


def test_it_does_without_great_expectations(executed: list[Any]) -> None:
    assert executed[4][0].data["text/plain"] == "False"


def test_what_goes_wrong_is_two_sentences_and_no_traceback(executed: list[Any]) -> None:
    (wrong_column,), (broken,) = executed[5], executed[6]
    assert (wrong_column.ename, broken.ename) == ("DataError", "DataError")
    assert "There is no column 'Email'" in wrong_column.traceback[0]
    assert "name what is meant" in wrong_column.traceback[1]
    assert "part-1.parquet" in broken.traceback[0]
    assert [len(it.traceback) for it in (wrong_column, broken)] == [2, 2]


def test_a_script_gets_an_exception(executed: list[Any]) -> None:
    assert executed[7][0].text.startswith("There is no segment 'Nobody'. Choose one of")


def test_every_error_of_the_toolkit_is_shown_so() -> None:
    shown = toolkit.ToolkitError("It broke.", "Mend it.")._render_traceback_()
    assert shown == ["ToolkitError: It broke.", "Mend it."]


def test_its_charts_are_altair_charts_that_can_be_edited(workspace: toolkit.Workspace, tables: Tables) -> None:
    from toolkit.display.charts import svg

    tables.write(segments={"Half": [f"C{number:03}" for number in range(50)]})
    workspace.runs.start("Nightly").raise_for_status()
    preview = workspace.preview(["All", "Half"], email_column="EMail")
    for chart in (preview.funnel_chart, preview.history_chart, preview.overlap_chart):
        edited = chart.properties(title="Mine").configure_axis(grid=False)
        assert "Mine" in svg(edited)


def test_the_page_is_one_file(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    workspace.exports.preview("Nightly").to_html(tmp_path / "page.html")
    assert [it.name for it in tmp_path.glob("page*")] == ["page.html"]
