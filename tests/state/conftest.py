"""A workspace with several people; ``mallory`` is a contributor who writes to everything below the folder."""

import os
from pathlib import Path

import pytest

import toolkit
from tests.folders import folder_of
from tests.state.attacking import As, LetIn
from toolkit.sandbox import Sandbox


@pytest.fixture
def person(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> As:
    """Open the workspace as somebody else, each with a key and a machine of their own; ``"root"`` made it."""
    makers_key, makers_memory = os.environ["TOOLKIT_KEY_FILE"], os.environ["TOOLKIT_MEMORY"]

    def opened(name: str) -> toolkit.Workspace:
        is_maker = name == "root"
        monkeypatch.setenv("TOOLKIT_KEY_FILE", makers_key if is_maker else str(tmp_path / f"key of {name}"))
        monkeypatch.setenv("TOOLKIT_MEMORY", makers_memory if is_maker else str(tmp_path / f"memory of {name}"))
        again = toolkit.open_workspace(workspace.path)
        _ = folder_of(again).identity, folder_of(again).memory  # read now, while the variables name this person's
        return again

    return opened


@pytest.fixture
def let_in(person: As) -> LetIn:
    """Let somebody in with a role; return the workspace as they see it."""

    def join(name: str, role: str) -> toolkit.Workspace:
        theirs = person(name)
        request = theirs.people.join(name)
        person("root").people.add(name, public_key=request.public_key, role=role, root=request.root)
        return theirs

    return join


@pytest.fixture
def mallory(let_in: LetIn) -> toolkit.Workspace:
    return let_in("mallory", "contributor")


@pytest.fixture
def thief(other_criteo: Sandbox) -> Sandbox:
    """Another host, which takes whatever comes."""
    return other_criteo
