"""One ledger a list: a workspace that was restored is stopped before it sends, or ends with a right list."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables
from tests.postgresql import database_name
from tests.runs.marks.ledgers import Held, changes, copied, day, elsewhere, error_of, mark_at, own_process, sha256
from toolkit.errors import ErrorCode
from toolkit.refresh.health import HealthLevel
from toolkit.runs import NoticeCode, Progress, Step
from toolkit.sandbox import Call, Fault, Sandbox


class TestRestored:
    def test_is_stopped_before_anything_is_sent(
        self, restored: toolkit.Workspace, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        day(tables, range(20, 70))
        before, requests = held("All"), changes(criteo)
        run = restored.runs.start("Nightly")
        assert error_of(run) is ErrorCode.LEDGER_DIVERGED
        assert (held("All"), changes(criteo)) == (before, requests)
        assert run.error is not None
        last = workspace.runs.frame["run"][0]
        at = workspace.runs[last].started_at
        for told in ("'All'", criteo.lists()[0].id, last, f"{at:%Y-%m-%d %H:%M} UTC"):
            assert told in run.error.what
        for told in ("mode='replace'", "allow=['other ledger']"):
            assert told in run.error.remedy

    @pytest.mark.parametrize("mode", ["mirror", "append"])
    def test_is_stopped_with_nothing_to_send_too(self, restored: toolkit.Workspace, tables: Tables, mode: str) -> None:
        day(tables, range(50))
        assert error_of(restored.runs.start("Nightly", mode=mode)) is ErrorCode.LEDGER_DIVERGED

    def test_ends_right_when_it_replaces(self, restored: toolkit.Workspace, tables: Tables, held: Held) -> None:
        wanted = day(tables, range(20, 70))
        replaced = restored.runs.start("Nightly", mode="replace").raise_for_status()
        assert NoticeCode.TAKEN_OVER in {it.code for it in replaced.notes}
        assert held("All") == wanted
        wanted = day(tables, range(30, 80))
        assert restored.runs.start("Nightly").raise_for_status().frame.select("added", "removed").row(0) == (10, 10)
        assert held("All") == wanted

    def test_that_takes_over_keeps_what_it_can_not_know(
        self, restored: toolkit.Workspace, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        wanted = day(tables, range(20, 55))
        taken = restored.runs.start("Nightly", allow=["other ledger"]).raise_for_status()
        # Of those whom the lost ledger put there, 55 to 59 are not known here.
        assert held("All") == wanted | sha256(range(55, 60))
        assert NoticeCode.TAKEN_OVER in {it.code for it in taken.warnings}
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        wanted = day(tables, range(25, 55))
        assert restored.runs.start("Nightly").raise_for_status().warnings == ()
        assert held("All") == wanted | sha256(range(55, 60))
        restored.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted

    def test_that_appends_takes_over_too(self, restored: toolkit.Workspace, tables: Tables, held: Held) -> None:
        day(tables, range(5))
        restored.runs.start("Nightly", mode="append", allow=["other ledger"]).raise_for_status()
        assert held("All") == sha256(range(60)) - sha256(range(5, 10))

    def test_is_not_taken_over_by_resuming(
        self, restored: toolkit.Workspace, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        day(tables, range(20, 70))
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=9)
        assert error_of(restored.runs.start("Nightly", allow=["other ledger"])) is ErrorCode.ACCESS
        criteo.stop_failing()
        workspace.runs.start("Nightly", mode="replace").raise_for_status()
        assert error_of(restored.runs.resume("Nightly")) is ErrorCode.LEDGER_DIVERGED

    def test_from_before_the_list_was_made_is_stopped(
        self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, criteo: Sandbox, held: Held
    ) -> None:
        backup = copied(workspace, tmp_path / "backup")
        before = day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        wanted = day(tables, range(10, 40))
        assert error_of(backup.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        assert held("All") == before
        backup.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted
        assert len(criteo.lists()) == 1

    def test_from_before_the_list_was_made_takes_it_over(
        self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, held: Held
    ) -> None:
        backup = copied(workspace, tmp_path / "backup")
        before = day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        wanted = day(tables, range(40, 60))
        backup.runs.start("Nightly", allow=["other ledger"]).raise_for_status()
        assert held("All") == before | wanted

    def test_database_with_newer_files_says_what_is_lost(
        self, restored: toolkit.Workspace, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        for file in restored.path.glob("workspace.db*"):
            shutil.copy(file, workspace.path / file.name)
        older = elsewhere(workspace.path)
        wanted = day(tables, range(20, 70))
        before, requests = held("All"), changes(criteo)
        assert error_of(older.runs.start("Nightly")) is ErrorCode.DATA
        assert (held("All"), changes(criteo)) == (before, requests)
        older.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted
        day(tables, range(20, 71))
        older.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(range(20, 71))

    def test_files_with_a_newer_database_say_what_is_lost(
        self, restored: toolkit.Workspace, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        for name in ("lists", "runs", "history"):
            shutil.rmtree(workspace.path / name)
            shutil.copytree(restored.path / name, workspace.path / name)
        wanted = day(tables, range(20, 70))
        before, requests = held("All"), changes(criteo)
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.DATA
        assert (held("All"), changes(criteo)) == (before, requests)
        workspace.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted

    def test_from_the_middle_of_a_run_is_stopped(
        self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, held: Held
    ) -> None:
        """It knows the mark that the run set first, and not all that was sent after that."""
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()

        def back_up(progress: Progress) -> None:
            if progress.step is Step.PUSH and progress.done == 5:
                copied(workspace, tmp_path / "backup")

        before = day(tables, range(10, 60))
        workspace.runs.start("Nightly", batch_size=5, observer=back_up).raise_for_status()
        wanted = day(tables, range(20, 70))
        backup = elsewhere(tmp_path / "backup")
        assert error_of(backup.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        assert held("All") == before
        backup.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted

    @pytest.mark.parametrize(("call", "after"), [(Call.SEARCH, 3), (Call.UPDATE, 1)])
    def test_from_the_middle_of_a_run_that_failed_is_stopped(
        self,
        workspace: toolkit.Workspace,
        tables: Tables,
        tmp_path: Path,
        criteo: Sandbox,
        held: Held,
        call: Call,
        after: int,
    ) -> None:
        """The next run moves on the mark that is left there, though it has nothing to send."""
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()

        def back_up(progress: Progress) -> None:
            if progress.step is Step.PUSH and progress.done == 5:
                copied(workspace, tmp_path / "backup")

        before = day(tables, range(10, 60))
        # After all was sent: the run can't see that its marks stand, or can't move them on.
        criteo.fail(Fault.HTTP_401, calls=call, after=after, times=1_000)
        workspace.runs.start("Nightly", batch_size=5, observer=back_up)
        criteo.stop_failing()
        assert held("All") == before
        left = mark_at(criteo)
        assert workspace.runs.start("Nightly").raise_for_status().frame["added"].sum() == 0
        moved = mark_at(criteo)
        assert moved != left
        workspace.runs.start("Nightly").raise_for_status()
        assert mark_at(criteo) == moved
        day(tables, range(20, 52))
        backup = elsewhere(tmp_path / "backup")
        assert error_of(backup.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        assert held("All") == before

    @pytest.mark.parametrize(("mode", "extras"), [("mirror", 0), ("append", 50)])
    def test_that_is_killed_before_it_empties_forgets_nothing(
        self, restored: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, mode: str, extras: int
    ) -> None:
        before, wanted = held("All"), day(tables, range(20, 70))
        criteo.fail(Fault.HANG, calls=Call.CLEAR, seconds=30)
        process = own_process(restored, mode="replace")
        while not any(it.call is Call.CLEAR and it.status is None for it in criteo.requests()):
            assert not process.ends_within(0.02)
        assert process.kill()
        criteo.stop_failing()
        restored.runs.start("Nightly", mode=mode).raise_for_status()
        assert held("All") == wanted | (before if extras else set())

    def test_is_told_by_health_preview_and_dry_run(
        self, restored: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        def told(warnings: Iterable[object]) -> bool:
            return any("other ledger" in str(it) for it in warnings)

        assert told(restored.exports.preview("Nightly", ask_criteo=True).warnings)
        assert not told(restored.exports.preview("Nightly").warnings)
        assert restored.health().frame.filter(what="ledger").is_empty()
        restored.runs.start("Nightly")
        requests = len(criteo.requests())
        (finding,) = (it for it in restored.health().findings if it.what == "ledger")
        assert (finding.name, finding.level) == ("Nightly", HealthLevel.CRITICAL)
        assert told(restored.exports.preview("Nightly").warnings)
        assert told(restored.runs.start("Nightly", dry_run=True).raise_for_status().warnings)
        assert len(criteo.requests()) == requests
        restored.runs.start("Nightly", mode="replace").raise_for_status()
        assert restored.health().frame.filter(what="ledger").is_empty()


class TestPostgreSQL:
    @pytest.fixture
    def database(self, request: pytest.FixtureRequest) -> str:
        url: str = request.getfixturevalue("_postgresql").new_database()
        return url

    def test_a_restored_database_is_stopped_and_replaces(
        self,
        workspace: toolkit.Workspace,
        tables: Tables,
        database: str,
        tmp_path: Path,
        request: pytest.FixtureRequest,
        held: Held,
    ) -> None:
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        backup = request.getfixturevalue("_postgresql").restored_copy(database)
        shutil.copytree(workspace.path, tmp_path / "backup")
        settings = tmp_path / "backup" / "workspace.toml"
        settings.write_text(settings.read_text().replace(database_name(database), database_name(backup)))
        restored = elsewhere(tmp_path / "backup")
        before = day(tables, range(10, 60))
        workspace.runs.start("Nightly").raise_for_status()
        wanted = day(tables, range(20, 70))
        assert error_of(restored.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        assert held("All") == before
        restored.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == wanted
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
