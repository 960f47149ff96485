"""Every notebook is executed, against the embedded Criteo, as an analyst or a schedule would."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

import toolkit
from tests.conftest import Tables, connect, save_nightly
from toolkit.widgets.page_list import pages
from toolkit.sandbox import Sandbox

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = PROJECT / "notebooks"
SCHEDULED = "scheduled/run_export.ipynb"


@pytest.fixture(autouse=True)
def _sandbox_of_the_tests(criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_SANDBOX_URL", criteo.url)


def execute(name: str, output: Path, **parameters: object) -> Any:
    # In a folder of their own: the sockets of two kernels in one would meet.
    with TemporaryDirectory() as sockets:
        return papermill.execute_notebook(
            str(NOTEBOOKS / name),
            str(output),
            parameters=parameters,
            cwd=str(NOTEBOOKS),
            progress_bar=False,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )


def shown(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [it for it in outputs if it.output_type == "stream" and it.name == "stderr"] == []
    return "\n".join(it.data.get("text/plain", "") for it in outputs if "data" in it)


def committed() -> list[Path]:
    return [it for it in sorted(NOTEBOOKS.rglob("*.ipynb")) if ".ipynb_checkpoints" not in it.parts]


@pytest.mark.parametrize("path", committed(), ids=lambda it: it.stem)
def test_a_committed_notebook_has_no_outputs_and_one_cell_of_parameters(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    code = [it for it in cells if it["cell_type"] == "code"]
    assert [it for it in code if it["outputs"] or it["execution_count"]] == []
    assert [it["metadata"].get("tags") for it in code].count(["parameters"]) == 1
    assert not re.search(r"^\s*(def|class|for|while) ", "\n".join("".join(it["source"]) for it in code), re.MULTILINE)


def sample_workspace(folder: Path) -> toolkit.Workspace:
    day = PROJECT / "data" / "day1"
    return toolkit.open_workspace(
        folder,
        profiles=toolkit.Profiles(location=str(day / "profiles"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(day / "segments"), key="CustomerId"),
        create=True,
    )


def test_no_notebook_makes_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as raised:
        execute("01_connections.ipynb", tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w"))
    assert raised.value.ename == "ConfigurationError"
    assert not (tmp_path / "w" / "workspace.toml").exists()


def test_the_preview_shows_every_segment_and_why_members_are_left_out(tmp_path: Path) -> None:
    sample_workspace(tmp_path / "w")
    notebook = execute("02_preview_a_segment.ipynb", tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w"))
    assert "1,751 of 1,871 members exportable" in shown(notebook)
    assert "VIP's / été & 冬" in shown(notebook)


FORMS = {
    "00_start.ipynb": ["StartPage of", "workspace.overview"],
    "01_connections.ipynb": ["ConnectionForm of", "ConnectionsList of"],
    "03_exports.ipynb": ["ExportForm of", "ExportsList of"],
    "04_run_and_history.ipynb": ["RunPanel of", "HistoryPanel of"],
    "05_build_segments.ipynb": ["SegmentForm of", "SegmentsList of"],
    "06_suppression.ipynb": ["ForgetForm of", "SuppressionForm of", "DisclosureForm of"],
    "07_people_and_audit.ipynb": ["PeopleForm of", "AuditPanel of"],
    "08_health.ipynb": ["HealthPanel of"],
    "09_audiences.ipynb": ["AudiencesForm of", "AdSetsForm of"],
}


@pytest.mark.parametrize("name", FORMS)
def test_a_notebook_of_forms_shows_them_in_a_fresh_checkout(name: str, tmp_path: Path) -> None:
    sample_workspace(tmp_path / "w")
    said = shown(execute(name, tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w")))
    assert [it for it in FORMS[name] if it not in said] == []


def test_the_application_leads_to_every_notebook_in_its_order() -> None:
    assert [it.file for it in pages()] == sorted(it.name for it in NOTEBOOKS.glob("*.ipynb"))


def test_an_executed_notebook_holds_no_address_and_no_secret(tmp_path: Path, criteo: Sandbox) -> None:
    workspace = sample_workspace(tmp_path / "w")
    connect(workspace, criteo)
    save_nightly(workspace, segments=["High value"])
    workspace.runs.start("Nightly").raise_for_status()
    for name in ("02_preview_a_segment.ipynb", *FORMS):
        execute(name, tmp_path / "out.ipynb", workspace_folder=str(workspace.path))
        # The first notebook names the embedded Criteo's secret, which is published, in its text.
        said, written = (it.read_text() for it in (tmp_path / "out.ipynb", NOTEBOOKS / name))
        assert said.count(criteo.client_secret) == written.count(criteo.client_secret)
        assert re.findall(r"[\w.+-]+@[\w-]+\.(?:example|com|org)", said) == []


class TestScheduled:
    def test_it_runs_the_export(
        self, workspace: toolkit.Workspace, tmp_path: Path, held: Callable[[str], set[str]]
    ) -> None:
        execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly")
        assert len(held("All")) == 100
        assert workspace.runs.frame["started_by"].to_list() == ["schedule"]

    def test_a_dry_run_sends_nothing(self, workspace: toolkit.Workspace, tmp_path: Path, criteo: Sandbox) -> None:
        execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly", dry_run=True)
        assert criteo.lists() == []

    def test_a_failed_run_ends_the_notebook_in_an_error_that_says_what_to_do(
        self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, criteo: Sandbox
    ) -> None:
        tables.write(emails={f"C{number:03}": None for number in range(100)})
        with pytest.raises(PapermillExecutionError) as raised:
            execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly")
        assert raised.value.ename == "RunFailedError"
        assert criteo.lists() == []
        assert "choose another e-mail column" in (tmp_path / "out.ipynb").read_text()
        assert workspace.runs.frame["status"].to_list() == ["failed"]
