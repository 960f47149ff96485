"""Whoever looks writes nothing, and needs no right to write."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

import toolkit
from tests.conftest import need
from tests.folders import folder_of
from toolkit.errors import AccessError, BusyError, DataError, ErrorCode
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.machine_memory import MachineMemory, Remembered
from toolkit.state.read_only import Reader

pytestmark = pytest.mark.on_both_databases

ROOTS_RIGHTS = ("dac_override", "dac_read_search", "fowner")
NOBODY = 65534
LOOKS: dict[str, Callable[[toolkit.Workspace], object]] = {
    "repr": repr,
    "HTML": lambda it: it._repr_html_(),
    "me": lambda it: it.people.me,
    "people": lambda it: it.people.frame,
    "connections": lambda it: it.connections.frame,
    "exports": lambda it: it.exports.frame,
    "audiences": lambda it: (it.audiences.frame, it.audiences.sizes),
    "export": lambda it: it.exports["Nightly"],
    "runs": lambda it: it.runs.frame,
    "trend": lambda it: it.runs.trend(),
    "health": lambda it: it.health(),
    "preview": lambda it: repr(it.preview("All", email_column="EMail")),
    "preview of an export": lambda it: it.exports.preview("Nightly")._repr_html_(),
    "check": lambda it: it.exports.check("Nightly"),
    "refreshes": lambda it: it.refreshes.frame,
    "segments": lambda it: it.segments.frame,
    "segment": lambda it: it.segments["All"],
    "suppressed": lambda it: it.suppressions.frame,
    "checks": lambda it: it.checks.frame,
    "quality": lambda it: it.quality(),
}
OF_ADMINISTRATORS: dict[str, Callable[[toolkit.Workspace], object]] = {
    "audit": lambda it: it.audit.frame,
    "verify": lambda it: it.audit.verify(),
    "membership": lambda it: it.runs.membership(),
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(it): it.read_bytes() for it in sorted(folder.rglob("*")) if it.is_file() and "-shm" not in it.name}


@pytest.mark.parametrize("is_used", [False, True])
def test_looking_changes_no_file(workspace: toolkit.Workspace, database: str | None, is_used: bool) -> None:
    if is_used:
        workspace.runs.start("Nightly").raise_for_status()
    folder = folder_of(workspace)
    statements: list[str] = []
    event.listen(folder.reader._engine, "before_cursor_execute", lambda *it: statements.append(it[2]))
    writing: list[str] = []
    event.listen(folder.engine, "before_cursor_execute", lambda *it: writing.append(it[2]))
    before = files_of(folder.path)
    for look in (LOOKS | OF_ADMINISTRATORS).values():
        look(workspace)
    assert writing == []
    assert [it for it in statements if it.split()[0] not in ("SELECT", "BEGIN", "PRAGMA")] == []
    assert files_of(folder.path) == before


def test_looking_first_makes_nobody_administrator(
    workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    with folder_of(workspace).session() as session, session.begin():
        session.connection().exec_driver_sql("DELETE FROM people")
    with pytest.raises(AccessError):
        repr(toolkit.open_workspace(workspace.path))
    assert not (tmp_path / "another key").exists()


def test_a_read_cannot_write(workspace: toolkit.Workspace) -> None:
    with pytest.raises(AccessError), folder_of(workspace).reading() as session:
        session.connection().exec_driver_sql("DELETE FROM audit")
    assert workspace.audit.frame.height > 0


def test_a_dead_run_is_judged_by_who_looks(workspace: toolkit.Workspace, killed_run: str) -> None:
    looks = toolkit.open_workspace(workspace.path)
    assert looks.runs.frame["status"].to_list() == ["failed"]
    assert looks.runs[killed_run].error.code is ErrorCode.PROCESS_ENDED
    with folder_of(workspace).reading() as session:
        kept = session.connection().exec_driver_sql("SELECT status FROM runs").scalar()
    assert kept == "running"
    assert workspace.runs.resume("Nightly").status is toolkit.RunStatus.SUCCESSFUL


@pytest.fixture
def killed_run(workspace: toolkit.Workspace) -> str:
    """A run whose process is gone."""
    run = workspace.runs.start("Nightly")
    with folder_of(workspace).session() as session, session.begin():
        session.connection().exec_driver_sql("UPDATE runs SET status = 'running', finished_at = NULL")
        session.connection().exec_driver_sql("UPDATE leases SET process = 4194305, ended_at = NULL")
    return run.id


class TestReadOnlyFiles:
    """As another account of the machine, that may read all files of the workspace and write none."""

    @pytest.fixture
    def database(self) -> None:
        """SQLite, whose file lies in the folder."""

    @pytest.fixture
    def shared(self, workspace: toolkit.Workspace, tmp_path: Path, tables: object) -> Path:
        workspace.runs.start("Nightly").raise_for_status()
        viewer_key = tmp_path / "viewer" / "key"
        viewer_key.parent.mkdir()
        line = self._as_viewer(
            workspace.path, viewer_key, "print(workspace.people.join('vera').public_key)", owner=True
        )
        workspace.people.add("vera", public_key=line.strip(), role="viewer")
        for it in [workspace.path, *workspace.path.rglob("*")]:
            it.chmod(0o555 if it.is_dir() else 0o444)
        return workspace.path

    def _as_viewer(self, path: Path, key: Path, code: str, *, owner: bool = False) -> str:
        """Run the code as an account without a right to write."""
        program = (
            "import warnings; warnings.simplefilter('ignore')\n"
            "import sys, toolkit\n"
            f"workspace = toolkit.open_workspace({str(path)!r})\n{code}\n"
        )
        # Root may write whatever the permissions say, unless these capabilities are taken from it.
        without = ["setpriv", f"--bounding-set={','.join(f'-{it}' for it in ROOTS_RIGHTS)}"]
        if os.geteuid() == 0:
            need("setpriv")
        done = subprocess.run(
            [*(without if os.geteuid() == 0 and not owner else []), sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={
                **os.environ,
                "TOOLKIT_KEY_FILE": str(key),
                "HOME": str(key.parent),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @pytest.mark.parametrize("is_open", [True, False])
    def test_a_viewer_can_look(self, shared: Path, workspace: toolkit.Workspace, tmp_path: Path, is_open: bool) -> None:
        if not is_open:
            folder_of(workspace).engine.dispose()
            folder_of(workspace).reader.dispose()
            assert not (shared / "workspace.db-wal").exists()
        code = (
            "from tests.state.test_read_only import LOOKS\n"
            "import os\n"
            f"assert not os.access({str(shared / 'workspace.db')!r}, os.W_OK)\n"
            "for look in LOOKS.values(): look(workspace)\n"
            "print(workspace.people.me.name, workspace.runs.frame['status'].to_list(), list(workspace.exports))\n"
            "print(workspace.health().level.name)\n"
            "try: workspace.checks.remove('x')\n"
            "except toolkit.ToolkitError as error: print(type(error).__name__)\n"
        )
        said = self._as_viewer(shared, tmp_path / "viewer" / "key", code).splitlines()
        assert said == ["vera ['successful'] ['Nightly']", "WARNING", "AccessError"]

    def test_what_is_written_meanwhile_is_seen(
        self, shared: Path, workspace: toolkit.Workspace, tmp_path: Path
    ) -> None:
        key = tmp_path / "viewer" / "key"
        assert self._as_viewer(shared, key, "print(list(workspace.exports))") == "['Nightly']\n"
        for it in (shared, *shared.glob("workspace.db*")):
            it.chmod(0o755 if it.is_dir() else 0o644)
        workspace.exports.duplicate("Nightly", "Second")
        for it in (shared, *shared.glob("workspace.db*")):
            it.chmod(0o555 if it.is_dir() else 0o444)
        assert self._as_viewer(shared, key, "print(list(workspace.exports))") == "['Nightly', 'Second']\n"

    @pytest.mark.skipif(os.geteuid() != 0, reason="takes another account's folder")
    def test_a_private_folder_of_a_colleague_is_told(self, shared: Path, tmp_path: Path) -> None:
        colleagues = tmp_path / "colleague's"
        shutil.copytree(shared, colleagues)
        os.chown(colleagues, NOBODY, NOBODY)
        colleagues.chmod(0o700)
        code = (
            f"for options in ({{}}, {{'create': True}}):\n"
            f"    try: toolkit.open_workspace({str(colleagues)!r}, **options)\n"
            "    except toolkit.ToolkitError as error: print(type(error).__name__, len(error.remedy) > 0)\n"
        )
        said = self._as_viewer(shared, tmp_path / "viewer" / "key", code)
        assert said == "AccessError True\n" * 2


def test_a_file_that_changed_while_it_was_read_is_told(
    workspace: toolkit.Workspace, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database is not None:
        pytest.skip("of SQLite's file")
    folder_of(workspace).engine.dispose()
    folder_of(workspace).reader.dispose()
    monkeypatch.setattr("toolkit.state.read_only._may_write", lambda path: False)
    reader = Reader(folder_of(workspace).settings.database, workspace.path)
    with pytest.raises(BusyError), reader.session():
        write_elsewhere(workspace.path / "workspace.db")
    with reader.session() as session:
        assert session.connection().exec_driver_sql("SELECT version FROM exports").scalar() == 2


def write_elsewhere(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("UPDATE exports SET version = version + 1")
    other.commit()
    other.close()


def test_a_lost_database_is_not_made_anew(workspace: toolkit.Workspace, database: str | None) -> None:
    if database is not None:
        pytest.skip("of SQLite's file")
    for file in workspace.path.glob("workspace.db*"):
        file.unlink()
    again = WorkspaceFolder.open(workspace.path)
    for use in (again.session, again.reading):
        with pytest.raises(DataError):
            use().__enter__()
    assert not (workspace.path / "workspace.db").exists()


def test_a_commit_between_two_looks_is_no_rollback(
    workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine may remember a row of the audit that came after a session began to read."""
    reader, writer = (toolkit.open_workspace(workspace.path) for _ in range(2))
    remembered, of = [], MachineMemory.of

    def after_a_commit(memory: MachineMemory, root: str) -> Remembered | None:
        if not remembered:
            remembered.append(root)
            writer.exports.duplicate("Nightly", "Second")
        return of(memory, root)

    monkeypatch.setattr(MachineMemory, "of", after_a_commit)
    assert set(reader.exports) == {"Nightly", "Second"}
    assert remembered
