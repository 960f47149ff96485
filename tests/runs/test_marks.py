"""One ledger a list: a workspace that was restored or copied is stopped before it sends, or ends with a right list."""

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.faults.killing import OwnProcess
from tests.postgresql import database_name
from toolkit.criteo import CriteoClient, ListChange
from toolkit.errors import ErrorCode, LedgerDivergedError
from toolkit.refresh.health import HealthLevel
from toolkit.runs import NoticeCode, Progress, Step
from toolkit.runs.marks import Mark
from toolkit.sandbox import Call, Fault, Sandbox

Held = Callable[[str], set[str]]

CHANGES = (Call.CREATE, Call.UPDATE, Call.DELETE, Call.AMEND, Call.CLEAR)


@pytest.fixture
def database() -> None:
    """SQLite: a copy of the folder is a copy of the ledger. Below is one with PostgreSQL."""


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


@pytest.fixture
def restored(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> toolkit.Workspace:
    """Yesterday's backup; today as many entered the list as left it: 0 to 9 left, 50 to 59 entered."""
    day(tables, range(50))
    workspace.runs.start("Nightly").raise_for_status()
    backup = copied(workspace, tmp_path / "backup")
    day(tables, range(10, 60))
    workspace.runs.start("Nightly").raise_for_status()
    return backup


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


class TestCopies:
    @pytest.fixture
    def copy(self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> toolkit.Workspace:
        """A copy of the workspace, made after the first run."""
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        return copied(workspace, tmp_path / "copy")

    def test_one_after_the_other_the_second_is_stopped(
        self, workspace: toolkit.Workspace, copy: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        for first in (5, 10, 15):
            wanted = day(tables, range(first, first + 50))
            workspace.runs.start("Nightly").raise_for_status()
            assert error_of(copy.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
            assert held("All") == wanted

    @pytest.mark.parametrize("slow", [(Call.SEARCH,), (Call.SEARCH, Call.UPDATE)])
    def test_at_the_same_moment_one_goes_on(
        self,
        workspace: toolkit.Workspace,
        copy: toolkit.Workspace,
        tables: Tables,
        criteo: Sandbox,
        held: Held,
        slow: tuple[Call, ...],
    ) -> None:
        wanted = day(tables, range(5, 55))
        # Both have looked before either sets its mark.
        criteo.fail(Fault.SLOW, calls=slow, times=2 * (len(slow) + 1), seconds=1)
        processes = [own_process(it) for it in (workspace, copy)]
        for process in processes:
            process.wait_until_begun()
        assert sorted(it.outcome for it in processes) == ["failed", "successful"]
        assert held("All") == wanted
        criteo.stop_failing()
        wanted = day(tables, range(10, 60))
        runs = [it.runs.start("Nightly") for it in (workspace, copy)]
        assert {error_of(it) for it in runs} == {ErrorCode.LEDGER_DIVERGED, None}
        assert held("All") == wanted

    def test_that_make_one_list_at_the_same_moment_make_it_once(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, tmp_path: Path, held: Held
    ) -> None:
        copy = copied(workspace, tmp_path / "early copy")
        wanted = day(tables, range(50))
        criteo.fail(Fault.SLOW, calls=Call.SEARCH, times=2, seconds=1)
        processes = [own_process(it) for it in (workspace, copy)]
        for process in processes:
            process.wait_until_begun()
        assert sorted(it.outcome for it in processes) == ["failed", "successful"]
        assert [it.name for it in criteo.lists()] == ["All"]
        assert held("All") == wanted

    def test_a_mark_that_is_overwritten_in_the_middle_fails_both(
        self,
        workspace: toolkit.Workspace,
        copy: toolkit.Workspace,
        tables: Tables,
        criteo: Sandbox,
    ) -> None:
        """Such as by a copy that was paused between looking and setting its mark, for longer than any wait."""
        (held,) = criteo.lists()
        old = mark_at(criteo)
        theirs = Mark(old.workspace, old.number, "20260101-000000-abcdef", "0" * 16)

        def observe(progress: Progress) -> None:
            if progress.step is Step.PUSH and progress.done == 5:
                describe(criteo, held.id, theirs.put_into("x"))

        day(tables, range(5, 55))
        run = workspace.runs.start("Nightly", batch_size=5, observer=observe)
        assert error_of(run) is ErrorCode.LEDGER_DIVERGED
        # Neither ledger knows the mark that is there now.
        assert mark_at(criteo).token not in (old.token, theirs.token)
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        assert error_of(copy.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED

    def test_removing_the_connection_of_a_copy_leaves_lists_that_another_fills(
        self, workspace: toolkit.Workspace, copy: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        wanted = day(tables, range(5, 55))
        workspace.runs.start("Nightly").raise_for_status()
        for lists in ("empty", "delete"):
            with pytest.raises(LedgerDivergedError):
                copy.connections.remove("Sandbox", exports="detach", lists=lists)
        assert list(copy.connections) == ["Sandbox"]
        assert held("All") == wanted

    def test_a_list_that_a_copy_emptied_is_told(
        self, workspace: toolkit.Workspace, copy: toolkit.Workspace, held: Held
    ) -> None:
        copy.connections.remove("Sandbox", exports="detach", lists="empty")
        assert held("All") == set()
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED

    def test_a_person_forgotten_by_a_copy_is_told(
        self, workspace: toolkit.Workspace, copy: toolkit.Workspace, held: Held
    ) -> None:
        assert copy.forget(customer="C001").done
        assert held("All") == sha256(range(50)) - sha256([1])
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        refused = workspace.forget(customer="C002")
        assert not refused.done
        assert sha256([2]) <= held("All")


def describe(criteo: Sandbox, list_id: str, description: str) -> None:
    with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
        client.change_lists([ListChange(list_id, description=description)])


class TestDescriptions:
    def test_one_edited_by_hand_is_told_and_kept(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        (made,) = criteo.lists()
        describe(criteo, made.id, "Our best customers")
        wanted = day(tables, range(5, 55))
        (warning,) = workspace.runs.start("Nightly").raise_for_status().warnings
        assert warning.code is NoticeCode.MARK_EDITED
        assert held("All") == wanted
        (described,) = (it.description or "" for it in criteo.lists())
        assert described.startswith("Our best customers [")
        assert workspace.runs.start("Nightly").raise_for_status().warnings == ()

    def test_one_edited_by_hand_takes_mobile_ids_later(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (made,) = criteo.lists()
        describe(criteo, made.id, "Our best customers")
        profiles = tables.folder / "profiles.parquet"
        number = pl.int_range(pl.len()).cast(pl.String).str.zfill(12)
        phones = pl.format("0000000A-0000-4000-8000-{}", number).alias("Phone")
        pl.read_parquet(profiles).with_columns(phones).write_parquet(profiles)
        save_nightly(workspace, madid_column="Phone")
        workspace.runs.start("Nightly").raise_for_status()
        assert [(it.id, it.size) for it in criteo.lists()] == [(made.id, 200)]

    def test_one_copied_from_another_list_is_told(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        tables.write(segments={"Few": keys([1])})
        save_nightly(workspace, segments=["All", "Few"])
        workspace.runs.start("Nightly").raise_for_status()
        first, second = criteo.lists()
        describe(criteo, second.id, first.description or "")
        (warning,) = workspace.runs.start("Nightly").raise_for_status().warnings
        assert warning.code is NoticeCode.MARK_EDITED

    def test_of_a_list_that_was_there_the_text_stays(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            advertiser = min(workspace.connections["Sandbox"].advertisers)
            made = client.find_or_create_list(advertiser, name="By hand", description="ours [1]").contact_list.id
        save_nightly(workspace, lists={"All": made})
        for last in (50, 60):
            day(tables, range(last))
            assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
            (described,) = (it.description or "" for it in criteo.lists())
            assert re.fullmatch(r"ours \[1\] \[[^\]]+\]", described)

    def test_what_is_never_changed_keeps_its_mark(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        mark = mark_at(criteo)
        assert mark.run_id == workspace.runs.frame["run"].item()
        workspace.runs.start("Nightly").raise_for_status()
        assert mark_at(criteo) == mark

    def test_another_workspace_that_adopts_a_list_is_stopped(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, tmp_path: Path, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (made,) = criteo.lists()
        other = toolkit.open_workspace(
            tmp_path / "other", profiles=tables.profiles, segments=tables.segments, create=True
        )
        connect(other, criteo)
        save_nightly(other, lists={"All": made.id})
        tables.write(segments={"All": keys(range(10))})
        assert error_of(other.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED
        other.runs.start("Nightly", allow=["other ledger"]).raise_for_status()
        assert held("All") == sha256(range(100))
        other.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == sha256(range(10))
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.LEDGER_DIVERGED

    def test_a_list_that_was_left_and_is_filled_again_is_right(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            advertiser = min(workspace.connections["Sandbox"].advertisers)
            other = client.find_or_create_list(advertiser, name="Other", description="").contact_list.id
        save_nightly(workspace, lists={"All": other})
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, lists={})
        wanted = day(tables, range(10, 60))
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == wanted


class TestKilled:
    @pytest.mark.parametrize(
        ("fault", "call"),
        [(Fault.HANG, Call.UPDATE), (Fault.SLOW, Call.UPDATE), (Fault.HANG, Call.AMEND), (Fault.SLOW, Call.AMEND)],
    )
    def test_a_run_is_finished_by_the_next(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, fault: Fault, call: Call
    ) -> None:
        """Before the mark is set, after it, before and after the first batch."""
        day(tables, range(50))
        workspace.runs.start("Nightly").raise_for_status()
        day(tables, range(10, 60))
        criteo.fail(fault, calls=call, seconds=30)
        process = OwnProcess(workspace.path, batch_size=5)
        while not any(it.call is call and it.status is None for it in criteo.requests()):
            assert not process.ends_within(0.02)
        assert process.kill()
        criteo.stop_failing()
        wanted = day(tables, range(20, 70))
        workspace.runs.resume("Nightly").raise_for_status()
        assert held("All") == wanted
        assert error_of(workspace.runs.start("Nightly")) is None

    @pytest.mark.parametrize("call", [Call.CREATE, Call.UPDATE])
    def test_what_was_done_but_not_answered_is_known(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, call: Call
    ) -> None:
        for first in (0, 10):
            criteo.fail(Fault.DROP_AFTER, calls=call)
            wanted = day(tables, range(first, first + 50))
            assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
            assert held("All") == wanted

    def test_a_mark_that_can_not_be_moved_on_at_the_end_is_a_warning(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        criteo.fail(Fault.HTTP_401, calls=Call.UPDATE, times=2)
        (warning,) = workspace.runs.start("Nightly").raise_for_status().warnings
        assert warning.code is NoticeCode.MARKS_NOT_MOVED
        wanted = day(tables, range(50))
        assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
        assert held("All") == wanted


class TestLateSearches:
    def test_an_older_mark_of_ours_is_no_alarm(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        for last in (50, 60):
            day(tables, range(last))
            workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.LATE, calls=Call.SEARCH, times=3, seconds=1.5)
        wanted = day(tables, range(10, 70))
        run = workspace.runs.start("Nightly").raise_for_status()
        assert (run.warnings, held("All")) == ((), wanted)

    def test_a_list_that_is_not_shown_yet_is_waited_for(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.LATE, calls=Call.SEARCH, times=2, seconds=600)
        wanted = day(tables, range(20))
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == wanted

    def test_a_list_that_stays_away_is_left_alone(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.LATE, calls=Call.SEARCH, times=20, seconds=600)
        day(tables, range(20))
        assert error_of(workspace.runs.start("Nightly")) is ErrorCode.UNAVAILABLE
        assert held("All") == sha256(range(100))


def test_one_criteo_by_two_names_is_one(workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    tables.write(segments={"A": keys([1, 2, 3]), "B": keys([3, 4])})
    save_nightly(workspace, segments=["A"])
    workspace.runs.start("Nightly").raise_for_status()
    (made,) = criteo.lists()
    workspace.connections.connect(
        "Localhost",
        host=criteo.url.replace("127.0.0.1", "localhost"),
        client_id=criteo.client_id,
        client_secret=criteo.client_secret,
        i_agree=True,
    )
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    options |= {"connection": "Localhost", "segments": ["B"], "lists": {"B": made.id}}
    workspace.exports.save("Second", **options)
    workspace.runs.start("Second").raise_for_status()
    assert criteo.identifiers(made.id) == sha256([1, 2, 3, 4])
    tables.write(segments={"A": keys([1]), "B": keys([3])})
    for name in ("Nightly", "Second"):
        assert workspace.runs.start(name).raise_for_status().warnings == ()
    assert criteo.identifiers(made.id) == sha256([1, 3])


FINDING = (Call.SEARCH, Call.CREATE, Call.UPDATE)


@pytest.mark.parametrize(
    ("lists", "first", "nothing", "changed"),
    [
        (1, (2, 1, 1), (1, 0, 0), (4, 0, 2)),
        (5, (2, 1, 1), (1, 0, 0), (4, 0, 2)),
        (101, (3, 2, 2), (2, 0, 0), (8, 0, 4)),
    ],
)
def test_lists_are_found_made_and_marked_a_hundred_a_call(
    workspace: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    lists: int,
    first: tuple[int, ...],
    nothing: tuple[int, ...],
    changed: tuple[int, ...],
) -> None:
    def counted() -> tuple[int, ...]:
        before = len(criteo.requests())
        workspace.runs.start("Nightly", allow=["emptied"]).raise_for_status()
        calls = Counter(it.call for it in criteo.requests()[before:])
        assert calls[Call.AMEND] <= lists
        return tuple(calls[it] for it in FINDING)

    names = [f"S{number:03}" for number in range(lists)]
    tables.write(segments={name: keys(range(2)) for name in names})
    save_nightly(workspace, segments=names)
    assert counted() == first
    assert counted() == nothing
    tables.write(segments={name: keys(range(3)) for name in names})
    assert counted() == changed
    assert {it.size for it in criteo.lists()} == {3}


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
