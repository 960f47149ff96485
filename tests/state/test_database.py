"""The workspace's database is there for whoever opens it first, and says in words what it cannot do."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

import toolkit
from tests.conftest import Tables
from tests.folders import folder_of
from tests.postgresql import Server
from tests.raising import raises
from toolkit.access.founding import open_or_make
from toolkit.errors import ErrorCode
from toolkit.state import database as database_module
from toolkit.state.database import SCHEMA_VERSION
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import Base, SealRecord

pytestmark = pytest.mark.on_both_databases


@pytest.fixture
def database() -> None:
    """What is tested here is particular to SQLite, unless a test says otherwise."""


@pytest.fixture
def folder(tmp_path: Path) -> WorkspaceFolder:
    return open_or_make(tmp_path / "workspace")


def test_migrating_makes_exactly_the_tables_that_are_used(folder: WorkspaceFolder) -> None:
    with folder.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_commit_is_on_the_disk_and_keys_between_tables_hold(folder: WorkspaceFolder) -> None:
    with folder.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    with pytest.raises(IntegrityError), folder.session() as session, session.begin():
        session.add(SealRecord(connection_id=7, public_key="nobody's", box=b""))


def test_a_newer_schema_is_refused_and_left_as_it_is(folder: WorkspaceFolder) -> None:
    with folder.session() as session, session.begin():
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    reopened = WorkspaceFolder.open(folder.path)
    with raises(ErrorCode.CONFIGURATION, names=("9999", SCHEMA_VERSION)):
        reopened.session().__enter__()


def test_several_processes_that_make_one_workspace_at_once_all_succeed(tmp_path: Path, tables: Tables) -> None:
    code = (
        "import sys, toolkit\n"
        "sys.stdin.readline()\n"
        f"workspace = toolkit.open_workspace({str(tmp_path / 'w')!r}, profiles=toolkit.Profiles("
        f"location={tables.profiles.location!r}, key='CustomerId'), create=True)\n"
        "assert workspace.runs.frame.height == 0\n"
        "print(workspace._folder.settings.id, workspace._folder.identity.public_key)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(set(said)) == 1


def test_a_damaged_file_is_told(folder: WorkspaceFolder) -> None:
    folder.engine.dispose()  # what is written beside the file joins it
    (folder.path / "workspace.db").write_bytes(b"this is not a database at all, and long enough to be read as one" * 20)
    reopened = WorkspaceFolder.open(folder.path)
    for use in (reopened.session, reopened.reading):
        with raises(ErrorCode.DATA, names="workspace.db"):
            use().__enter__()


def test_a_file_damaged_in_the_middle_is_told(workspace: toolkit.Workspace) -> None:
    path = workspace.path / "workspace.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with raises(ErrorCode.DATA, names="workspace.db"):
        list(toolkit.open_workspace(workspace.path).exports)


def test_a_database_that_another_program_holds_is_told(
    workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PATIENCE_MILLISECONDS", 50)
    reopened = toolkit.open_workspace(workspace.path)
    other = sqlite3.connect(workspace.path / "workspace.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert list(reopened.exports) == ["Nightly"]  # who only looks waits for nobody
    with raises(ErrorCode.BUSY, names="workspace.db"):
        reopened.exports.deactivate("Nightly")
    other.close()
    assert not reopened.exports.deactivate("Nightly").active


def test_a_disk_that_takes_no_more_is_told(workspace: toolkit.Workspace) -> None:
    code = (
        "import resource, toolkit\n"
        f"workspace = toolkit.open_workspace({str(workspace.path)!r})\n"
        "print(len(workspace.exports))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: workspace.runs.start('Nightly')\n"
        "except toolkit.ToolkitError as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "UnavailableError The workspace's database" in done.stdout
    assert "See that its disk has room" in done.stdout
    assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL


class TestPostgreSQL:
    @pytest.fixture
    def database(self, _postgresql: Server) -> str:
        return _postgresql.new_database()

    def test_it_has_exactly_the_tables_that_are_used(self, workspace: toolkit.Workspace) -> None:
        with folder_of(workspace).engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []

    def test_moments_are_told_in_utc_wherever_the_server_is(self, workspace: toolkit.Workspace) -> None:
        at = workspace.audit.frame["at"].max()
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)

    def test_processes_that_act_at_once_leave_a_whole_audit(self, workspace: toolkit.Workspace) -> None:
        code = (
            f"import toolkit; workspace = toolkit.open_workspace({str(workspace.path)!r})\n"
            "for _ in range(5): workspace.connections.test('Sandbox')\n"
        )
        processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
        assert [it.wait() for it in processes] == [0, 0, 0]
        assert workspace.audit.verify() is None
        assert workspace.audit.frame.filter(action="test connection").height == 15


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("postgresql://anna:s3cret@host/db", "PGPASSFILE"),
        ("postgresql://anna@host:s3cret/db", ()),
        ("postgresql://anna:s3%63ret@host/db", "PGPASSFILE"),
        ("mysql://host/db", "mysql"),
        ("nonsense", ()),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, tables: Tables, url: str, names: object
) -> None:
    with raises(ErrorCode.CONFIGURATION, names=names) as raised:
        toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, database=url, create=True)
    assert "s3cret" not in str(raised.value)
    assert not (tmp_path / "w").exists()


def test_a_server_that_is_not_there_is_told(tmp_path: Path, tables: Tables) -> None:
    url = "postgresql://nobody@/nothing?host=/nowhere"
    with raises(ErrorCode.UNAVAILABLE):
        toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, database=url, create=True)
    assert not (tmp_path / "w").exists()
