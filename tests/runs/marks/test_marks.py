"""The mark of a list at Criteo: where it stands, who may overwrite it, and how it is moved on."""

import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.faults.killing import OwnProcess
from tests.runs.marks.ledgers import Held, day, describe, error_of, keys, mark_at, sha256
from toolkit.criteo import CriteoClient
from toolkit.errors import ErrorCode
from toolkit.runs import NoticeCode
from toolkit.sandbox import Call, Fault, Sandbox


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
