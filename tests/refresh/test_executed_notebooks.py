"""Exports run by their notebook, in a kernel: what is kept of it names no person, and tells what to do."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

import toolkit
from tests.conftest import Tables
from tests.refresh.conftest import save, written
from toolkit.bundled import SCHEDULED_NOTEBOOK as NOTEBOOK
from toolkit.errors import ConfigurationError
from toolkit.refresh import execute_notebook
from toolkit.sandbox import Sandbox

A_ROW = "Anna Example, anna@mail.example"
SAID = f"{A_ROW[::-1]!r}[::-1]"  # the code itself, which is kept, does not hold it
IN_THE_RUN = f"""
if export == "A":
    import toolkit.runs.transfer
    def quotes_a_row(*_, **__):
        raise RuntimeError("Row 7: " + {SAID})
    toolkit.runs.transfer.push_lists = quotes_a_row
"""
IN_A_CELL = f"""
print({SAID}[14:])
if export == "B":
    raise KeyError({SAID})
"""


@pytest.fixture
def another_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has a kernel ``python3`` that is another interpreter, without the toolkit."""
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))


@pytest.mark.usefixtures("another_kernel")
def test_one_failure_stops_nobody_and_nothing_that_is_kept_names_a_person(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, tmp_path: Path, held: Callable[[str], set[str]]
) -> None:
    written(tables, datetime(2026, 1, 1, tzinfo=UTC))
    save(workspace, "A")
    save(workspace, "B")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells[3:3] = [nbformat.v4.new_code_cell(it) for it in (IN_THE_RUN, IN_A_CELL)]
    nbformat.write(notebook, tmp_path / "own.ipynb")
    ran = refresh(workspace, "--json", "--notebook", str(tmp_path / "own.ipynb"))
    *exports, last = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {it["export"]: it["status"] for it in exports} == {"A": "failed", "B": "failed", "Nightly": "successful"}
    assert (ran.returncode, last["exit_code"], last["counts"]) == (1, 1, {"failed": 2, "successful": 1})
    assert len(held("All")) == 100
    for it in exports:
        assert Path(it["notebook"]).is_file()
        executed = nbformat.read(it["notebook"], as_version=4)
        assert ["injected-parameters"] in [cell.metadata.get("tags") for cell in executed.cells]
    assert workspace.runs[exports[0]["run"]].report.is_file()
    assert "execution.py:" in exports[0]["what"] + Path(exports[0]["notebook"]).read_text()
    quoted = [b"Anna", b"anna@", criteo.client_secret.encode()]
    kept = [it for it in workspace.path.rglob("*") if it.is_file()]
    assert [it for it in kept if any(text in it.read_bytes() for text in quoted)] == []
    assert "Anna" not in ran.stdout + ran.stderr


def test_an_error_is_raised_in_its_parts_whatever_its_sentences_hold(tmp_path: Path) -> None:
    nowhere = tmp_path / "St. Gallen. Switzerland"
    with pytest.raises(ConfigurationError) as raised:
        execute_notebook(
            NOTEBOOK, to=tmp_path / "out.ipynb", parameters={"workspace": str(nowhere), "export": "A"}, cwd=tmp_path
        )
    with pytest.raises(ConfigurationError) as said:
        toolkit.open_workspace(nowhere)
    assert (raised.value.what, raised.value.remedy) == (said.value.what, said.value.remedy)


def refresh(workspace: toolkit.Workspace, *options: str) -> subprocess.CompletedProcess[str]:
    """Refresh as a scheduler does."""
    return subprocess.run(
        [sys.executable, "-m", "toolkit", "refresh", "--workspace", str(workspace.path), *options],
        capture_output=True,
        text=True,
        check=False,
    )
