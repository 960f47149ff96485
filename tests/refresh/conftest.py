"""A clock that is moved, and a workspace whose tables are as old as it says."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

import toolkit
from tests.alerts.conftest import inbox as inbox  # noqa: PLC0414
from tests.conftest import Tables
from toolkit.criteo import RetryPolicy
from toolkit.refresh import Refresh, RefreshOptions, refresh, run_inline
from toolkit.state.folder import WorkspaceFolder

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = datetime(2027, 2, 1, 1, 0, tzinfo=UTC)


class MovedClock:
    """Stands still, unless somebody sleeps or moves it; ``meanwhile`` is called after each sleep."""

    def __init__(self, at: datetime = BEGIN) -> None:
        self.at = at
        self.meanwhile: Callable[[], object] = lambda: None

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.meanwhile()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a call to Criteo at once, where it would be repeated for minutes."""
    monkeypatch.setattr("toolkit.criteo.client.RetryPolicy", partial(RetryPolicy, seconds=0.1))


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def folder(workspace: toolkit.Workspace) -> WorkspaceFolder:
    return WorkspaceFolder.open(workspace.path)


@pytest.fixture
def refreshed(folder: WorkspaceFolder, clock: MovedClock, tables: Tables) -> Callable[..., Refresh]:
    """Refresh at the clock's moment, in this process; the tables were written an hour before the clock began."""
    written(tables, BEGIN - timedelta(hours=1))

    def run(*, execute: Callable[..., None] = run_inline, **options: object) -> Refresh:
        return refresh(folder, RefreshOptions(**options), clock=clock, execute=execute)

    return run


def written(tables: Tables, at: datetime) -> None:
    """Say that all files were written then."""
    for file in tables.folder.rglob("*"):
        os.utime(file, (at.timestamp(), at.timestamp()))


def write_segments(tables: Tables, segments: Mapping[str, Sequence[str]], at: datetime) -> None:
    """Write these segments, as if it were then."""
    tables.write(segments=segments)
    for name in segments:
        os.utime(tables.folder / "segments" / f"{name}.parquet", (at.timestamp(), at.timestamp()))


def save(workspace: toolkit.Workspace, name: str, **options: object) -> None:
    """Save another export like ``Nightly``, with lists of its own."""
    nightly = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save(name, **(nightly | {"list_name": f"{name} {{segment}}"} | options))


def statuses(of: Refresh) -> dict[str, str]:
    return {it.export: it.status.value for it in of.exports}
