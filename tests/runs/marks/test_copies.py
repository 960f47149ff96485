"""One ledger a list: of two copies of a workspace, the second is stopped, and no list is filled by both."""

from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables
from tests.runs.marks.ledgers import Held, copied, day, describe, error_of, mark_at, own_process, sha256
from toolkit.errors import ErrorCode, LedgerDivergedError
from toolkit.runs import Progress, Step
from toolkit.runs.marks import Mark
from toolkit.sandbox import Call, Fault, Sandbox


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
