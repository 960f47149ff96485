"""Every notebook of a project with the sample is restarted and run, twice."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from traitlets.config import Config

import toolkit
from tests.conftest import connect, save_nightly
from toolkit.project import Project, make_project
from toolkit.sandbox import Sandbox

WIDGET = "application/vnd.jupyter.widget-view+json"
FALLBACK = "The form is drawn where"
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.(?:example|com|org)")
NAMES = sorted(it.name for it in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture
def project(tmp_path: Path, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with the sample, an export and a run."""
    monkeypatch.setenv("TOOLKIT_SANDBOX_URL", criteo.url)
    project = make_project(tmp_path / "project", sample=True).project
    workspace = toolkit.open_workspace(project.workspace)
    connect(workspace, criteo)
    save_nightly(workspace, segments=["High value"])
    workspace.runs.start("Nightly").raise_for_status()
    return project


def run_all(path: Path) -> Any:
    """Restart and run all: a new kernel executes what is saved, and the outputs are saved."""
    notebook = nbformat.read(path, as_version=4)
    # In a folder of their own: the sockets of two kernels in one would meet.
    with TemporaryDirectory() as sockets:
        transport = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}, config=transport
        ).execute()
    nbformat.write(notebook, path)
    return notebook


def kinds(notebook: Any) -> list[list[tuple[str, list[str]]]]:
    """Return what kinds of output stand below each cell."""
    return [
        [(it.output_type, sorted(it.get("data", {}))) for it in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def page_without_widgets(notebook: Any) -> str:
    """Return the page that nbconvert makes of it where the state of its widgets was not saved, as JupyterLab's is."""
    without = nbformat.from_dict(notebook)
    without.metadata.pop("widgets", None)
    return str(HTMLExporter().from_notebook_node(without)[0])


@pytest.mark.one_case
@pytest.mark.parametrize("name", NAMES)
def test_a_second_pass_ends_as_the_first(name: str, project: Project, criteo: Sandbox) -> None:
    path = project.notebooks / name
    written = path.read_text().count(criteo.client_secret)
    first, second = (run_all(path) for _ in range(2))
    assert kinds(second) == kinds(first)
    assert [it for it in outputs(second) if it.output_type in {"error", "stream"}] == []
    assert len(toolkit.open_workspace(project.workspace).runs.frame) == 1

    # Whoever reads it without widgets, in an e-mail or as a page, is told what stands there.
    assert all(it.data["text/plain"].strip() and it.data["text/html"].strip() for it in outputs(second))
    forms = [it for it in outputs(second) if WIDGET in it.data]
    assert page_without_widgets(second).count(FALLBACK) == len(forms)

    # The state of the forms is saved with it.
    assert second.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"] or not forms
    assert path.read_text().count(criteo.client_secret) == written
    assert ADDRESS.findall(path.read_text()) == []
