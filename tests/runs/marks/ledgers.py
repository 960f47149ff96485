"""Workspaces that were copied or restored, what was sent to a list, and the mark that it has at Criteo."""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.conftest import Tables
from tests.faults.killing import OwnProcess
from toolkit.criteo import CriteoClient, ListChange
from toolkit.errors import ErrorCode
from toolkit.runs.marks import Mark
from toolkit.sandbox import Call, Sandbox

Held = Callable[[str], set[str]]

CHANGES = (Call.CREATE, Call.UPDATE, Call.DELETE, Call.AMEND, Call.CLEAR)


def keys(numbers: Iterable[int]) -> list[str]:
    return [f"C{number:03}" for number in numbers]


def sha256(numbers: Iterable[int]) -> set[str]:
    return {hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest() for number in numbers}


def day(tables: Tables, numbers: Iterable[int]) -> set[str]:
    """Let the segment hold these; return what its list should hold."""
    members = list(numbers)
    tables.write(segments={"All": keys(members)})
    return sha256(members)


def copied(workspace: toolkit.Workspace, to: Path) -> toolkit.Workspace:
    """Copy the workspace to another machine, which remembers nothing of it."""
    for _ in range(20):
        # What SQLite keeps beside its file goes while it is copied, when nobody has it open any more.
        with suppress(shutil.Error):
            shutil.copytree(workspace.path, to)
            return elsewhere(to)
        shutil.rmtree(to)
    raise AssertionError(f"{workspace.path} could not be copied whole")


def elsewhere(folder: Path) -> toolkit.Workspace:
    """Open a workspace as another machine does, which remembers nothing of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOLKIT_MEMORY", str(folder.with_name(f"memory-of-{folder.name}")))
        opened = toolkit.open_workspace(folder)
        assert opened.people.me.role is toolkit.Role.ADMINISTRATOR
    return opened


def own_process(workspace: toolkit.Workspace, **options: Any) -> OwnProcess:
    """Run in a process that remembers what the machine does on which this workspace lies."""
    memory = workspace.path.with_name(f"memory-of-{workspace.path.name}")
    with pytest.MonkeyPatch.context() as patch:
        if memory.exists():
            patch.setenv("TOOLKIT_MEMORY", str(memory))
        return OwnProcess(workspace.path, **options)


def changes(criteo: Sandbox) -> int:
    return sum(1 for it in criteo.requests() if it.call in CHANGES)


def error_of(run: toolkit.Run) -> ErrorCode | None:
    return None if run.error is None else run.error.code


def mark_at(criteo: Sandbox) -> Mark:
    (held,) = criteo.lists()
    mark = Mark.in_text(held.description or "")
    assert mark is not None
    return mark


def describe(criteo: Sandbox, list_id: str, description: str) -> None:
    with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
        client.change_lists([ListChange(list_id, description=description)])
