"""Who entered and left each list, in which run; what Criteo rejected, and what it counts."""

import os
from collections.abc import Callable, Iterable
from functools import partial

import orjson
import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.state.attacking import rows
from toolkit.runs import NoticeCode
from toolkit.sandbox import Call, Fault, Sandbox

Held = Callable[[str], set[str]]


def keys(*numbers: int) -> list[str]:
    return [f"C{number:03}" for number in numbers]


def changes(workspace: toolkit.Workspace, run: toolkit.Run) -> dict[str, list[str]]:
    told = workspace.runs.membership().filter(run=run.id)
    return {it: sorted(told.filter(change=it)["customer"]) for it in ("entered", "left")}


def test_each_run_tells_who_entered_and_who_left(workspace: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"All": keys(1, 2, 3)})
    first = workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": keys(2, 3, 4)})
    second = workspace.runs.start("Nightly").raise_for_status()
    assert changes(workspace, first) == {"entered": keys(1, 2, 3), "left": []}
    assert changes(workspace, second) == {"entered": keys(4), "left": keys(1)}


def test_a_run_that_broke_leaves_no_gap_and_nothing_twice(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    tables.write(segments={"All": keys(1, 2)})
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
    workspace.runs.start("Nightly")
    assert workspace.runs.membership().is_empty()
    tables.write(segments={"All": keys(2, 3)})
    run = workspace.runs.resume("Nightly").raise_for_status()
    assert changes(workspace, run) == {"entered": keys(2, 3), "left": []}


def test_members_who_come_and_go_are_told(workspace: toolkit.Workspace, tables: Tables) -> None:
    told = {}
    for day in range(6):
        tables.write(segments={"All": keys(1, 2) if day % 2 == 0 else keys(1)})
        told[day] = workspace.runs.start("Nightly").raise_for_status().notes
    # On the day on which one of them entered for the third time.
    (note,) = told.pop(4)
    assert note.code is NoticeCode.FLAPPING
    assert note.text.startswith("1 of those who entered the list of segment 'All' had left it before")
    assert set(told.values()) == {()}
    assert workspace.runs.flapping().select("customer", "times_entered").rows() == [("C002", 3)]
    assert workspace.runs.flapping(times=4).is_empty()


def test_who_gets_another_address_did_not_come_again(workspace: toolkit.Workspace, tables: Tables) -> None:
    for day in range(5):
        addresses = [f"day{day}@mail.example", "c2@mail.example"]
        tables.write(dict(zip(keys(1, 2), addresses, strict=True)), {"All": keys(1, 2)})
        assert workspace.runs.start("Nightly").raise_for_status().notes == ()
    assert workspace.runs.flapping(times=2).is_empty()
    assert workspace.runs.flapping(times=1)["customer"].sort().to_list() == keys(1, 2)


@pytest.mark.parametrize("form", ["sha256", "plain"])
def test_what_criteo_rejects_is_traced_to_the_customer(
    workspace: toolkit.Workspace, criteo: Sandbox, form: str
) -> None:
    save_nightly(workspace, form=form)
    criteo.fail(Fault.REJECT, calls=Call.AMEND, times=1)
    run = workspace.runs.start("Nightly").raise_for_status()
    assert run.frame["rejected"].to_list() == [1]
    assert run.outcome == "successful with warnings"
    (row,) = run.rejected.rows(named=True)
    assert (row["segment"], row["customer"] in keys(*range(100)), len(row["identifier"])) == ("All", True, 64)
    kept = b"".join(it.read_bytes() for it in run.folder.iterdir())
    assert b"@mail.example" not in kept
    # One fewer than was sent is what there should be, at once and at the next run.
    assert run.notes == ()
    assert workspace.runs.start("Nightly").raise_for_status().warnings == ()


def test_a_list_that_somebody_else_changed_is_told_with_what_mends_it(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    from toolkit.criteo import CriteoClient

    workspace.runs.start("Nightly").raise_for_status()
    (made,) = criteo.lists()
    with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
        client.remove(made.id, sorted(held("All"))[:7])
    (warning,) = workspace.runs.start("Nightly").raise_for_status().warnings
    assert warning.code is NoticeCode.DRIFT
    assert "Criteo counts 93 identifiers in list 'All'" in warning.text
    assert "should hold 100" in warning.text
    assert workspace.runs.start("Nightly", mode="replace").raise_for_status().warnings == ()
    assert len(held("All")) == 100


def test_the_trend_tells_sizes_and_match_rate_over_the_runs(workspace: toolkit.Workspace, tables: Tables) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": keys(*range(60))})
    workspace.runs.start("Nightly").raise_for_status()
    trend = workspace.runs.trend("Nightly")
    assert trend.select("exportable", "added", "removed", "held_by_criteo").rows() == [
        (100, 100, 0, None),
        (60, 0, 40, 100),
    ]
    assert trend["match_rate"].drop_nulls().is_between(0.4, 1).to_list() == [True]


def test_a_run_is_json_without_any_identifier(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly")
    told = orjson.loads((run.folder / "report.json").read_bytes())
    assert (told["status"], told["lists"][0]["added"]) == ("successful", 100)
    assert told == orjson.loads(run.to_json())


def test_nothing_is_left_behind_that_no_run_needs(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    leftover = workspace.path / "lists" / "1-0000.parquet"
    leftover.write_bytes(b"of a run that was killed")
    workspace.runs.start("Nightly").raise_for_status()
    workspace.runs.start("Nightly", mode="replace").raise_for_status()
    assert not leftover.exists()
    assert len(list((workspace.path / "lists").iterdir())) == 1
    assert list(workspace.path.glob("runs/*/plan-*.parquet")) == []


class TestManyParts:
    """Small files of the history become one: what they tell stays the same."""

    @pytest.fixture
    def days(self, workspace: toolkit.Workspace, tables: Tables) -> int:
        """Runs in which one member comes and goes."""
        for day in range(12):
            tables.write(segments={"All": keys(1, 2) if day % 2 else keys(1)})
            workspace.runs.start("Nightly").raise_for_status()
        return 12

    def test_the_history_stays_as_it_was(self, workspace: toolkit.Workspace, days: int) -> None:
        runs = workspace.runs.frame.sort("started_at")["run"].to_list()
        told = workspace.runs.membership()
        of_one = told.filter(customer=keys(2)[0])
        assert of_one["run"].to_list() == runs[1:]
        assert of_one["change"].to_list() == ["entered", "left"] * ((days - 1) // 2) + ["entered"]
        assert workspace.runs.flapping(times=6).select("customer", "times_entered").rows() == [(keys(2)[0], 6)]
        periods = workspace.disclose(customer=keys(2)[0]).frame.sort("from_at")
        assert periods.height == 6
        assert periods["from_run"].to_list() == runs[1::2]
        assert periods["until_run"].to_list() == [*runs[2::2], None]

    def test_one_file_is_left_once_nobody_may_read_the_others(
        self, workspace: toolkit.Workspace, tables: Tables, days: int
    ) -> None:
        files = list((workspace.path / "history").rglob("*.parquet"))
        assert len(files) == days
        for it in files:
            os.utime(it, (0, 0))
        told = workspace.runs.membership()
        tables.write(segments={"All": keys(1, 3)})
        run = workspace.runs.start("Nightly").raise_for_status()
        # That which it took in is there for a while.
        assert len(list((workspace.path / "history").rglob("*.parquet"))) == 2
        assert len(rows(workspace, "history_parts")) == 1
        assert workspace.runs.membership().filter(pl.col("run") != run.id).equals(told)

    def test_a_large_file_is_written_again_only_with_as_much(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        some, others = keys(*range(3_000)), keys(*range(3_000, 6_000))
        addresses = {it: f"{it}@mail.example" for it in some + others}
        numbers = []
        for members in (some, some[1:], some[2:], others, others[1:]):
            tables.write(addresses, {"All": members})
            workspace.runs.start("Nightly", allow=["large change"]).raise_for_status()
            numbers.append([it["number"] for it in rows(workspace, "history_parts")])
        assert numbers == [[1], [1, 2], [1, 3], [4], [4, 5]]
        told = workspace.runs.membership()
        assert told.group_by("change").len().sort("change")["len"].to_list() == [6_000, 3_001]
        assert len(held("All")) == 2_999


class TestLostParts:
    """A file of the history that is lost is told, and keeps nothing else from being told or sent."""

    @pytest.fixture(params=["missing", "damaged", "damaged within", "another in its place"])
    def lost(self, request: pytest.FixtureRequest, workspace: toolkit.Workspace, tables: Tables) -> set[str]:
        """What the file tells that the first of seven runs wrote, and the second wrote again, is lost."""
        self._run(workspace, tables, days=range(2))
        (taken_in,) = (workspace.path / "history").rglob("000001-*.parquet")
        (part,) = (workspace.path / "history").rglob("000002-*.parquet")
        if request.param == "missing":
            part.unlink()
        elif request.param == "another in its place":
            part.write_bytes(taken_in.read_bytes())
        else:
            content = part.read_bytes()
            whole = request.param == "damaged"
            part.write_bytes(b"nonsense" if whole else content[:4] + b"\0" * 300 + content[304:])
        lost = set(workspace.runs.frame["run"])
        self._run(workspace, tables, days=range(2, 7))
        return lost

    @staticmethod
    def _run(workspace: toolkit.Workspace, tables: Tables, *, days: Iterable[int]) -> None:
        for day in days:
            tables.write(segments={"All": keys(1, 2) if day % 2 else keys(1)})
            workspace.runs.start("Nightly").raise_for_status()

    def test_is_told(self, workspace: toolkit.Workspace, lost: set[str]) -> None:
        for asked in (workspace.runs.membership, partial(workspace.runs.flapping, times=2)):
            with pytest.warns(UserWarning, match="1 file with the history of list .*All.* is missing or damaged"):
                asked()
        with pytest.warns(UserWarning, match="1 file"):
            told = workspace.runs.membership()
        runs = workspace.runs.frame["run"].to_list()
        assert set(told["run"]) == set(runs) - lost

    def test_is_still_told_when_files_take_in_others(
        self, workspace: toolkit.Workspace, tables: Tables, lost: set[str], criteo: Sandbox
    ) -> None:
        self._run(workspace, tables, days=range(7, 13))
        assert len(criteo.identifiers(criteo.lists()[0].id)) == 1
        assert NoticeCode.HISTORY_INCOMPLETE in {it.code for it in workspace.runs[_with_two(workspace)].notes}
        with pytest.warns(UserWarning, match="1 file"):
            told = workspace.runs.membership()
        assert set(told["run"]) == set(workspace.runs.frame["run"]) - lost


def _with_two(workspace: toolkit.Workspace) -> str:
    """Return the newest run that added somebody."""
    return str(workspace.runs.frame.filter(pl.col("added") > 0)["run"][0])
