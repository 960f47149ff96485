"""What the tests share: real tables, a real embedded Criteo, a key of their own."""

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import settings
from psutil import virtual_memory

import toolkit
from tests.long_form import IS_LONG, SEED_VARIABLE, choose_seed, seed
from toolkit.sandbox import Sandbox, SandboxOptions, start

if TYPE_CHECKING:
    from tests.postgresql import Server
    from toolkit.state.folder import WorkspaceFolder

# A machine that does other things too may take its time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Hundreds of processes that tests start import the package: each would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

REQUIRED = os.environ.get("TOOLKIT_TESTS_NEED", "").split(",")


def need(program: str, *, found: str | None = None) -> str:
    """Return where a program is; skip the test where it is not, or fail where it must be."""
    found = found or shutil.which(program)
    if found is None:
        (pytest.fail if program in REQUIRED else pytest.skip)(f"{program} is not installed")
    return found


@pytest.fixture(autouse=True)
def _own_key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path_factory.getbasetemp() / "key"))
    monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path_factory.getbasetemp() / "memory"))


@pytest.fixture(autouse=True)
def _no_form_at_work(tmp_path: Path) -> Iterator[None]:
    """Wait for what forms still do in the background, before the folder that they read goes away."""
    yield
    for thread in threading.enumerate():
        if thread.name == "form":
            thread.join(timeout=30)


@pytest.fixture(scope="session")
def _criteo_process() -> Iterator[Sandbox]:
    # Many tests share it: together they may call more often than one application.
    with start(options=SandboxOptions(calls_per_minute=100_000)) as sandbox:
        yield sandbox


@pytest.fixture
def criteo(_criteo_process: Sandbox) -> Sandbox:
    """The embedded Criteo, holding nothing."""
    _criteo_process.reset()
    return _criteo_process


@pytest.fixture(scope="session")
def _other_process() -> Iterator[Sandbox]:
    with start(options=SandboxOptions(calls_per_minute=100_000)) as sandbox:
        yield sandbox


@pytest.fixture
def other_criteo(_other_process: Sandbox) -> Sandbox:
    """Another embedded Criteo, on another port, holding nothing: another host."""
    _other_process.reset()
    return _other_process


@dataclass(frozen=True)
class Tables:
    """A profile table and segments as files, made anew by ``write``."""

    folder: Path

    @property
    def profiles(self) -> toolkit.Profiles:
        return toolkit.Profiles(location=str(self.folder / "profiles.parquet"), key="CustomerId")

    @property
    def segments(self) -> toolkit.SegmentFolder:
        return toolkit.SegmentFolder(location=str(self.folder / "segments"), key="CustomerId")

    def write(
        self,
        emails: Mapping[str, str | None] | None = None,
        segments: Mapping[str, Sequence[str | None]] | None = None,
    ) -> "Tables":
        (self.folder / "segments").mkdir(parents=True, exist_ok=True)
        if emails is not None:
            pl.DataFrame(
                {"CustomerId": list(emails), "EMail": list(emails.values())},
                schema={"CustomerId": pl.String, "EMail": pl.String},
            ).write_parquet(self.folder / "profiles.parquet")
            say_written_before(self.folder / "profiles.parquet")
        for name, members in (segments or {}).items():
            file = self.folder / "segments" / f"{quote(name, safe=' ')}.parquet"
            pl.DataFrame({"CustomerId": list(members)}, schema={"CustomerId": pl.String}).write_parquet(file)
            say_written_before(file)
        return self


def say_written_before(file: Path) -> None:
    """Let a file have been written a minute before it was, so that no refresh waits for it to be written to the end."""
    moment = file.stat().st_mtime_ns - 60 * 10**9
    os.utime(file, ns=(moment, moment))


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """A hundred customers with good addresses, and the segment ``All`` of all of them."""
    emails = {f"C{number:03}": f"person{number}@mail.example" for number in range(100)}
    return Tables(tmp_path / "tables").write(emails, {"All": list(emails)})


@pytest.fixture(scope="session")
def _postgresql() -> Iterator["Server"]:
    from tests.postgresql import running_server

    with running_server() as server:
        yield server


@dataclass(frozen=True)
class Databases:
    """Where databases of one kind come from, for workspaces to be made in."""

    kind: str
    new: Callable[[], str | None]
    """Return the URL of one; None is SQLite in the folder of the workspace."""


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of SQLite, and of PostgreSQL too where a test says so."""
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        return Databases(kind, lambda: None)
    return Databases(kind, request.getfixturevalue("_postgresql").new_database_with_schema)


def pytest_configure(config: pytest.Config) -> None:
    # By the process that starts the others, which have its environment.
    choose_seed()
    if _IN_MEMORY.is_dir() and has_room(_IN_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


_IN_MEMORY = Path("/dev/shm")  # pytest makes a folder of its own there
"""Where files are written to no disk: a run waits 60 times and more for the disk to have what SQLite committed."""


def has_room(folder: Path) -> bool:
    """Tell whether a folder in memory takes what the tests write, and programs run there."""
    disk = os.statvfs(folder)
    free = min(disk.f_bavail * disk.f_frsize, virtual_memory().available)
    return free > 6 * 2**30 and not disk.f_flag & os.ST_NOEXEC


def pytest_report_header() -> str:
    return f"{'all' if IS_LONG else 'some'} cases, chosen by {SEED_VARIABLE}={seed()}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"The same cases are chosen again with {SEED_VARIABLE}={seed()}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what says so on SQLite and on PostgreSQL."""
    if "databases" in metafunc.fixturenames and metafunc.definition.get_closest_marker("on_both_databases"):
        metafunc.parametrize("databases", ["sqlite", "postgresql"], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave one case of what is tried again on PostgreSQL or says so, another each time; in the long form all."""
    if IS_LONG:
        return
    alike: dict[tuple[str, object], list[pytest.Item]] = {}
    for item in items:
        case = getattr(item, "callspec", None)
        database = None if case is None else case.params.get("databases")
        if database == "postgresql" or item.get_closest_marker("one_case"):
            alike.setdefault((item.nodeid.partition("[")[0], database), []).append(item)
    random = Random(seed())
    left_out = {it for cases in alike.values() for it in random.sample(cases, len(cases) - 1)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [it for it in items if it not in left_out]


def pytest_collection_finish() -> None:
    # What is imported by now stays: no collection of garbage need look through it again.
    gc.collect()
    gc.freeze()


@pytest.fixture
def database(databases: Databases) -> str | None:
    """A database for a workspace."""
    return databases.new()


@pytest.fixture
def workspace(tmp_path: Path, tables: Tables, criteo: Sandbox, database: str | None) -> toolkit.Workspace:
    """A workspace on these tables, connected with the embedded Criteo, with an export ``Nightly`` of ``All``."""
    opened = toolkit.open_workspace(
        tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, database=database, create=True
    )
    connect(opened, criteo)
    save_nightly(opened)
    return opened


def connect(workspace: toolkit.Workspace, criteo: Sandbox) -> toolkit.Connection:
    return workspace.connections.connect(
        "Sandbox",
        host=criteo.url,
        client_id=criteo.client_id,
        client_secret=criteo.client_secret,
        i_agree=True,
    )


def save_nightly(workspace: toolkit.Workspace, **options: object) -> toolkit.Export:
    defaults: dict[str, object] = {
        "connection": "Sandbox",
        "email_column": "EMail",
        "segments": ["All"],
        "advertiser_id": min(workspace.connections["Sandbox"].advertisers),
        "thresholds": {"most_change": 1, "least_size": 0},
    }
    return workspace.exports.save("Nightly", **(defaults | options))


@pytest.fixture
def held(criteo: Sandbox) -> Callable[[str], set[str]]:
    """Return what Criteo holds in the list of that name."""

    def identifiers(name: str) -> set[str]:
        (found,) = [it for it in criteo.lists() if it.name == name]
        return criteo.identifiers(found.id)

    return identifiers


def say_saved(folder: "WorkspaceFolder", at: datetime) -> None:
    """Let all exports have been saved at that moment, signed by whoever acts."""
    from sqlalchemy import select

    from toolkit.access.people import require_actor
    from toolkit.exports.definitions import EXPORT
    from toolkit.state import audit
    from toolkit.state.audit import Action
    from toolkit.state.models import ExportRecord

    with folder.session() as session, session.begin():
        actor = require_actor(session, folder)
        for record in session.scalars(select(ExportRecord)):
            record.saved_at = at
            session.flush()
            audit.record(session, folder, actor, Action.SAVE_EXPORT, record.name, decides=[EXPORT.decided(record)])
