"""One export that ends in any way keeps no other from running, and a run whose folder can't be made is recorded."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.errors import ErrorCode, ToolkitError, UnforeseenError
from toolkit.refresh import RefreshOptions, refresh
from toolkit.refresh.execution import run_inline
from toolkit.runs import Run, RunStatus
from toolkit.runs import execution as execute
from toolkit.runs.lifecycle import now
from toolkit.sandbox import Sandbox
from toolkit.state.folder import WorkspaceFolder

pytestmark = pytest.mark.on_both_databases


@pytest.fixture
def panicking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Polars panic, which raises what is no Exception, where the first export is prepared."""
    prepared = execute.prepared

    def panic(folder: WorkspaceFolder, export: toolkit.Export) -> object:
        if export.name == "A first":
            raise pl.exceptions.PanicException("a native panic")
        return prepared(folder, export)

    monkeypatch.setattr(execute, "prepared", panic)


@pytest.fixture
def two_exports(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """Exports of which the first by name sends a segment that can't be read from later on."""
    tables.write(segments={"Panics": ["C001"]})
    save_nightly(workspace)
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save("A first", **(options | {"segments": ["Panics"]}))
    return workspace


class TestNativePanic:
    def test_the_others_run(self, two_exports: toolkit.Workspace, panicking: None, criteo: Sandbox) -> None:
        ended = two_exports.runs.start_all()
        assert isinstance(ended["A first"], ToolkitError)
        assert isinstance(ended["Nightly"], Run)
        assert ended["Nightly"].status is RunStatus.SUCCESSFUL
        assert [it.name for it in criteo.lists()] == ["All"]

    def test_the_refresh_runs_the_others(self, two_exports: toolkit.Workspace, panicking: None) -> None:
        done = refresh(WorkspaceFolder.open(two_exports.path), RefreshOptions(), execute=run_inline)
        statuses = {it.export: it.status for it in done.exports}
        assert statuses == {"A first": RunStatus.FAILED, "Nightly": RunStatus.SUCCESSFUL}

    @pytest.mark.parametrize("ends_all", [KeyboardInterrupt, SystemExit])
    def test_a_person_ends_all(
        self, two_exports: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, ends_all: type[BaseException]
    ) -> None:
        def end() -> None:
            raise ends_all

        monkeypatch.setattr("toolkit.runs.execution.preload", end)
        with pytest.raises(ends_all):
            two_exports.runs.start_all()
        assert two_exports.runs.frame.height == 1

    def test_it_is_told_in_the_background_of_a_form(self) -> None:
        from toolkit.widgets.background import Background

        told: list[Exception] = []

        def panic(_: object) -> None:
            raise pl.exceptions.PanicException("at the disco")

        background = Background()
        background.start(panic, done=lambda _: None, failed=told.append)
        background.wait()
        (error,) = told
        assert isinstance(error, UnforeseenError)


class TestRunFolder:
    @pytest.fixture
    def unmakable(self, workspace: toolkit.Workspace) -> Path:
        """The place of the runs' folders, taken by a file."""
        runs = workspace.path / "runs"
        runs.write_text("in its place")
        return runs

    def test_it_is_recorded_and_told(self, workspace: toolkit.Workspace, unmakable: Path, criteo: Sandbox) -> None:
        run = workspace.runs.start("Nightly")
        assert run.status is RunStatus.FAILED
        assert run.error is not None
        assert run.error.code is ErrorCode.UNAVAILABLE
        assert str(unmakable) in run.error.what
        assert workspace.runs.frame["status"].to_list() == ["failed"]
        assert criteo.lists() == []

    def test_the_refresh_tries_it_again(self, workspace: toolkit.Workspace, unmakable: Path) -> None:
        class Mending:
            """A clock that mends the disk while the refresh sleeps."""

            def __init__(self) -> None:
                self.slept = 0.0

            def now(self) -> datetime:
                return now() + timedelta(seconds=self.slept)

            def sleep(self, seconds: float) -> None:
                self.slept += seconds
                if workspace.runs.frame.height:
                    unmakable.unlink()

        done = refresh(WorkspaceFolder.open(workspace.path), RefreshOptions(), clock=Mending(), execute=run_inline)
        (export,) = done.exports
        assert (export.status, export.tries) == (RunStatus.SUCCESSFUL, 2)
        assert sorted(workspace.runs.frame["status"]) == ["failed (retrying)", "successful"]

    def test_forgetting_says_what_is_left(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        shutil.move(workspace.path / "runs", workspace.path / "elsewhere")
        (workspace.path / "runs").write_text("in its place")
        forgotten = workspace.forget(customer="C001")
        assert (forgotten.done, forgotten.frame["done"].to_list()) == (False, [False])
