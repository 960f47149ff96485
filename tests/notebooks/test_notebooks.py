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
from tests.conftest import Tables
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


def test_the_preview_shows_every_segment_and_why_members_are_left_out(tmp_path: Path) -> None:
    notebook = execute("02_preview_a_segment.ipynb", tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w"))
    assert "1,751 of 1,871 members exportable" in shown(notebook)
    assert "VIP's / été & 冬" in shown(notebook)


def test_the_first_export_is_previewed_run_and_listed(tmp_path: Path, criteo: Sandbox) -> None:
    notebook = execute("02_export_to_criteo.ipynb", tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w"))
    assert [(it.name, len(criteo.identifiers(it.id))) for it in criteo.lists()] == [
        ("High value", 1_751),
        ("Lapsed 12 months", 3_720),
    ]
    runs = toolkit.open_workspace(tmp_path / "w").runs()
    assert runs.select("status", "dry_run", "added").rows() == [
        ("successful", False, 5_471),
        ("successful", True, 5_471),
    ]
    assert "Dry run" in shown(notebook)


def test_an_executed_notebook_holds_no_address_and_no_secret(tmp_path: Path, criteo: Sandbox) -> None:
    for name in ("02_preview_a_segment.ipynb", "02_export_to_criteo.ipynb"):
        execute(name, tmp_path / "out.ipynb", workspace_folder=str(tmp_path / "w"))
        saved = (tmp_path / "out.ipynb").read_text()
        assert criteo.client_secret not in saved
        assert re.findall(r"[\w.+-]+@[\w-]+\.(?:example|com|org)", saved) == []


class TestScheduled:
    def test_it_runs_the_export(
        self, workspace: toolkit.Workspace, tmp_path: Path, held: Callable[[str], set[str]]
    ) -> None:
        execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly")
        assert len(held("All")) == 100
        assert workspace.runs()["started_by"].to_list() == ["schedule"]

    def test_a_dry_run_sends_nothing(self, workspace: toolkit.Workspace, tmp_path: Path, criteo: Sandbox) -> None:
        execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly", dry_run=True)
        assert criteo.lists() == []

    def test_a_failed_run_ends_the_notebook_in_an_error_that_says_what_to_do(
        self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, criteo: Sandbox
    ) -> None:
        tables.write(emails={f"C{number:03}": None for number in range(100)})
        with pytest.raises(PapermillExecutionError, match="expected at least 50%"):
            execute(SCHEDULED, tmp_path / "out.ipynb", workspace=str(workspace.path), export="Nightly")
        assert criteo.lists() == []
        assert "choose another e-mail column" in (tmp_path / "out.ipynb").read_text()
        assert workspace.runs()["status"].to_list() == ["failed"]
