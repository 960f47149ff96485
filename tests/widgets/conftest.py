"""The workspace as others than its maker see it."""

import os
import threading
from pathlib import Path

import pytest

import toolkit
from tests.folders import folder_of
from toolkit.detached import RunProcess, RunRequest
from toolkit.detached.__main__ import answer, saying_on


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of the panel are in a thread of this process, which spares the start of one; all else is as always."""

    def begin(request: RunRequest) -> RunProcess:
        reading, writing = os.pipe()

        def act() -> None:
            with os.fdopen(writing, "w", encoding="utf-8") as output:
                answer(RunRequest.model_validate_json(request.model_dump_json()), saying_on(output))

        threading.Thread(target=act, daemon=True).start()
        return RunProcess(os.fdopen(reading, encoding="utf-8"))

    monkeypatch.setattr("toolkit.widgets.run_panel.begin_run", begin)


@pytest.fixture
def as_stranger(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> toolkit.Workspace:
    """Opened with a key that the workspace does not know."""
    _ = folder_of(workspace).identity  # read while the variable names the maker's key
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    opened = toolkit.open_workspace(workspace.path)
    _ = folder_of(opened).identity
    return opened


@pytest.fixture
def as_contributor(workspace: toolkit.Workspace, as_stranger: toolkit.Workspace) -> toolkit.Workspace:
    """Opened by Anna, a contributor with whom no connection is shared."""
    workspace.people.add("anna", public_key=as_stranger.people.join("anna").public_key, role="contributor")
    return as_stranger


@pytest.fixture
def as_viewer(workspace: toolkit.Workspace, as_stranger: toolkit.Workspace) -> toolkit.Workspace:
    """Opened by Vera, a viewer."""
    workspace.people.add("vera", public_key=as_stranger.people.join("vera").public_key, role="viewer")
    return as_stranger
