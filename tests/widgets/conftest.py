"""The workspace as others than its maker see it."""

from pathlib import Path

import pytest

import toolkit


@pytest.fixture
def as_stranger(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> toolkit.Workspace:
    """Opened with a key that the workspace does not know."""
    _ = workspace._folder.identity  # read while the variable names the maker's key
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    opened = toolkit.open_workspace(workspace.path)
    _ = opened._folder.identity
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
