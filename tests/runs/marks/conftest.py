"""A workspace whose ledger lies in its folder, and one that was restored."""

from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables
from tests.runs.marks.ledgers import copied, day


@pytest.fixture
def database() -> None:
    """SQLite: a copy of the folder is a copy of the ledger. test_restored.py has one with PostgreSQL."""


@pytest.fixture
def restored(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> toolkit.Workspace:
    """Yesterday's backup; today as many entered the list as left it: 0 to 9 left, 50 to 59 entered."""
    day(tables, range(50))
    workspace.runs.start("Nightly").raise_for_status()
    backup = copied(workspace, tmp_path / "backup")
    day(tables, range(10, 60))
    workspace.runs.start("Nightly").raise_for_status()
    return backup
