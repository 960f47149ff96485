"""A project is a copy to start from: nothing is written over, and nothing into the toolkit's own files."""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import papermill
import pytest
from traitlets.config import Config

import toolkit
from tests.conftest import Tables, connect, save_nightly
from toolkit import bundled
from toolkit.access.locations import Tables as Locations
from toolkit.errors import ConfigurationError
from toolkit.launching import embedded_criteo
from toolkit.project import Project, make_project
from toolkit.sandbox import Sandbox

CHECKOUT = Path(__file__).parents[1]
NAMES = [
    "00_start.ipynb",
    "01_connections.ipynb",
    "02_preview_a_segment.ipynb",
    "03_exports.ipynb",
    "04_run_and_history.ipynb",
    "05_build_segments.ipynb",
    "06_suppression.ipynb",
    "07_people_and_audit.ipynb",
    "08_health.ipynb",
    "09_audiences.ipynb",
    "scheduled/run_export.ipynb",
]


def own(tables: Tables) -> Locations:
    return Locations(tables.profiles, tables.segments)


def code(notebook: Path) -> str:
    cells = json.loads(notebook.read_text())["cells"]
    return "\n".join("".join(it["source"]) for it in cells)


def contents(folder: Path) -> dict[Path, bytes]:
    return {it: it.read_bytes() for it in folder.rglob("*") if it.is_file()}


def test_sample_is_copied(tmp_path: Path) -> None:
    before = contents(bundled.sample_day(1))
    made = make_project(tmp_path / "p", sample=True)
    workspace = toolkit.open_workspace(made.project.workspace)
    assert Path(workspace.profiles.location).is_relative_to(tmp_path / "p")
    workspace.segments.build("Dutch", where="Country = 'Netherlands'")
    assert contents(bundled.sample_day(1)) == before


def test_nothing_is_built_in_the_originals(tmp_path: Path) -> None:
    day = bundled.sample_day(1)
    workspace = toolkit.open_workspace(
        tmp_path / "w",
        profiles=toolkit.Profiles(location=day / "profiles", key="CustomerId"),
        segments=toolkit.SegmentFolder(location=day / "segments", key="CustomerId"),
        create=True,
    )
    before = contents(day)
    with pytest.raises(ConfigurationError):
        workspace.segments.build("Dutch", where="Country = 'Netherlands'")
    assert contents(day) == before


@pytest.mark.parametrize(("sample", "sandbox"), [(True, True), (False, True), (False, False)])
def test_notebooks_fit_the_project(tmp_path: Path, sample: bool, sandbox: bool) -> None:
    made = make_project(tmp_path / "p", sample=sample, sandbox=sandbox)
    written = {it: code(made.project.notebooks / it) for it in NAMES}
    assert any("toolkit.sandbox" in it for it in written.values()) is sandbox
    assert any("criteo" in it.split("ConnectionForm")[-1] for it in [written[NAMES[1]]]) is sandbox
    assert ("High value" in written[NAMES[2]]) is sample
    assert made.project.sandbox.is_dir() is sandbox
    for name in NAMES:
        cells = json.loads((made.project.notebooks / name).read_text())["cells"]
        assert [it["metadata"].get("tags") for it in cells].count(["parameters"]) == 1
        assert not any("toolkit" in it["metadata"] for it in cells)


@pytest.mark.parametrize("name", NAMES[:5])
def test_notebooks_run_on_own_tables(
    tmp_path: Path, tables: Tables, name: str, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_project(tmp_path / "p", own(tables))
    workspace = toolkit.open_workspace(made.project.workspace)
    connect(workspace, criteo)
    save_nightly(workspace)
    monkeypatch.delenv("TOOLKIT_SANDBOX_URL", raising=False)
    with TemporaryDirectory() as sockets:
        papermill.execute_notebook(
            str(made.project.notebooks / name),
            str(tmp_path / "out.ipynb"),
            cwd=str(made.project.notebooks),
            progress_bar=False,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    first = make_project(tmp_path / "p", sample=True)
    mine = first.project.notebooks / NAMES[0]
    mine.write_text("mine")
    (first.project.notebooks / NAMES[1]).unlink()
    again = make_project(tmp_path / "p", sample=True)
    assert (mine.read_text(), again.workspace.is_new) == ("mine", False)
    assert again.written == (first.project.notebooks / NAMES[1],)


def test_sample_and_own_tables_exclude_each_other(tmp_path: Path, tables: Tables) -> None:
    with pytest.raises(ConfigurationError):
        make_project(tmp_path / "p", own(tables), sample=True)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("take", [make_project, Project.open])
def test_the_toolkit_itself_is_no_project(take: object, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(CHECKOUT.iterdir())
    with pytest.raises(ConfigurationError):
        take(CHECKOUT)
    assert sorted(CHECKOUT.iterdir()) == before


@pytest.mark.parametrize("left_out", ["notebooks", "workspace"])
def test_a_part_is_no_project(tmp_path: Path, left_out: str) -> None:
    made = make_project(tmp_path / "p")
    assert Project.open(tmp_path / "p") == made.project
    shutil.rmtree(tmp_path / "p" / left_out)
    with pytest.raises(ConfigurationError):
        Project.open(tmp_path / "p")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError):
        make_project(tmp_path / "p")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("")
    with pytest.raises(ConfigurationError):
        make_project(tmp_path / "p")


def test_only_who_asks_has_the_embedded_criteo(tmp_path: Path) -> None:
    said: list[str] = []
    with embedded_criteo(make_project(tmp_path / "p").project, say=said.append) as environment:
        assert (environment, said) == ({}, [])


def test_notebooks_are_in_the_language_of_whoever_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANGUAGE", "nl")
    make_project(tmp_path / "project", sample=True)
    first = json.loads((tmp_path / "project" / "notebooks" / "01_connections.ipynb").read_text("utf-8"))
    assert first["cells"][0]["source"][0] == "# Verbindingen\n"
    code = [it["source"] for it in first["cells"] if it["cell_type"] == "code"]
    original = json.loads((bundled.NOTEBOOKS / "01_connections.ipynb").read_text("utf-8"))
    assert code == [it["source"] for it in original["cells"] if it["cell_type"] == "code"]
