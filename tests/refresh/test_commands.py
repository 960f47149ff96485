"""The command ends with what a scheduler looks at: 0 all is good, 1 something failed, 2 the set-up is wrong."""

import json
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner, Result

import toolkit
from tests.conftest import Tables
from toolkit.bundled import SCHEDULED_NOTEBOOK as NOTEBOOK
from toolkit.cli import app, main
from toolkit.refresh import RefreshOptions, RefreshStatus, last_refresh
from toolkit.refresh.clock import SystemClock
from toolkit.refresh.record import recorded_refresh
from toolkit.state.folder import WorkspaceFolder


def refresh(workspace: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["refresh", "--workspace", str(workspace), *options])


def ends_wrong(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command as from a shell; see that it ends with 2, and return what it says."""
    monkeypatch.setattr("sys.argv", ["toolkit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "25:00"], "The times of the refresh are wrong"),
        (["--at", "02:00", "--time-zone", "Mars/Olympus"], "'Mars/Olympus' is no time zone"),
        (["--at", "02:00", "--day", "someday"], "The times of the refresh are wrong"),
        ([argument for hour in range(5) for argument in ("--at", f"{hour:02}:00")], "at most 4"),
        (["--day", "monday"], "has days (monday) and no times"),
        (["--notebook", "nowhere.ipynb"], "nowhere.ipynb is not there"),
        (["--keep-days", "0"], "--keep-days"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, list) else "",
)
def test_a_wrong_set_up_ends_with_2_and_runs_nothing(
    workspace: toolkit.Workspace,
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["refresh", "--workspace", str(workspace.path), *options]
    assert said in ends_wrong(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert last_refresh(WorkspaceFolder.open(workspace.path)) is None


def test_no_workspace_is_a_wrong_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["refresh", "--workspace", str(tmp_path / "nowhere")]
    assert "There is no workspace" in ends_wrong(*arguments, monkeypatch=monkeypatch, capsys=capsys)


def test_an_account_that_is_not_known_is_a_wrong_set_up(
    workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    said = ends_wrong("refresh", "--workspace", str(workspace.path), monkeypatch=monkeypatch, capsys=capsys)
    assert "does not know you" in said


@pytest.mark.parametrize("content", ["not JSON", "{}", "[]"])
def test_what_is_no_notebook_is_a_wrong_set_up(
    workspace: toolkit.Workspace,
    tmp_path: Path,
    content: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a.ipynb").write_text(content)
    arguments = ["refresh", "--workspace", str(workspace.path), "--notebook", str(tmp_path / "a.ipynb")]
    assert "can't be read as one" in ends_wrong(*arguments, monkeypatch=monkeypatch, capsys=capsys)


def test_a_notebook_that_takes_no_parameters_is_a_wrong_set_up(
    workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells[1].metadata.tags = []
    nbformat.write(notebook, tmp_path / "a.ipynb")
    arguments = ["refresh", "--workspace", str(workspace.path), "--notebook", str(tmp_path / "a.ipynb")]
    assert "no cell with the tag 'parameters'" in ends_wrong(*arguments, monkeypatch=monkeypatch, capsys=capsys)


def test_nothing_due_ends_with_0_and_quietly_says_nothing(workspace: toolkit.Workspace) -> None:
    workspace.exports.deactivate("Nightly")
    said = refresh(workspace.path)
    assert (said.exit_code, "no export was due" in said.output) == (0, True)
    quiet = refresh(workspace.path, "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")
    (line,) = refresh(workspace.path, "--json").output.splitlines()
    assert (json.loads(line)["counts"], json.loads(line)["exit_code"]) == ({}, 0)


def test_what_was_skipped_ends_with_1_and_is_told_also_quietly(workspace: toolkit.Workspace, tables: Tables) -> None:
    (tables.folder / "segments" / "All.parquet").unlink()
    said = refresh(workspace.path, "--wait-minutes", "0", "--quiet")
    assert said.exit_code == 1
    assert "skipped" in said.output
    assert "It depends on the segment 'All'." in said.output


def test_own_times_leave_those_alone_that_run_with_every_refresh(workspace: toolkit.Workspace) -> None:
    assert "no export was due" in refresh(workspace.path, "--own-times").output


def test_another_refresh_that_goes_on_for_long_ends_with_1(
    workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = WorkspaceFolder.open(workspace.path)
    monkeypatch.setattr(
        "toolkit.refresh.RefreshOptions",
        lambda **options: RefreshOptions(**options, wait_for_others=timedelta()),
    )
    with recorded_refresh(folder, RefreshOptions(), SystemClock()) as begun:
        told = refresh(workspace.path)
    assert told.exit_code == 1
    assert f"Refresh {begun.id} of " in told.output
    assert last_refresh(folder).status is RefreshStatus.FINISHED
