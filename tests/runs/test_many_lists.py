"""Many lists take few calls: what a run asks of Criteo, what it leaves to a later one, and what half an answer does."""

import sqlite3
from collections import Counter
from datetime import timedelta

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.criteo import CriteoClient
from toolkit.criteo.rate_limit import RateLimiter, RetryPolicy
from toolkit.errors import ErrorCode
from toolkit.runs import NoticeCode, RunStatus, counting
from toolkit.runs.counting import SPARED_CALLS, calls_to_send, spare_calls
from toolkit.sandbox import Call, Fault, Sandbox

LISTS = 101
SEGMENTS = [f"S{number:03}" for number in range(LISTS)]
SOME = SEGMENTS[:12]


def members(number: int, *, more: int = 0) -> list[str]:
    return [f"C{(number + it) % 100:03}" for it in range(3 + more)]


@pytest.fixture
def many(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A workspace whose export fills a hundred and one lists."""
    tables.write(segments={name: members(number) for number, name in enumerate(SEGMENTS)})
    save_nightly(workspace, segments=SEGMENTS)
    return workspace


@pytest.fixture
def some(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A workspace whose export fills a dozen lists."""
    tables.write(segments={name: members(number) for number, name in enumerate(SOME)})
    save_nightly(workspace, segments=SOME)
    return workspace


def calls(criteo: Sandbox, *, since: int = 0) -> Counter[Call]:
    return Counter(it.call for it in criteo.requests()[since:])


def run_counting_calls(workspace: toolkit.Workspace, criteo: Sandbox) -> Counter[Call]:
    before = len(criteo.requests())
    workspace.runs.start("Nightly").raise_for_status()
    return calls(criteo, since=before)


def held(criteo: Sandbox) -> dict[str, int]:
    return {it.name: it.size for it in criteo.lists()}


def client(criteo: Sandbox) -> CriteoClient:
    return CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret)


def list_of(criteo: Sandbox, name: str) -> str:
    (found,) = [it for it in criteo.lists() if it.name == name]
    return found.id


@pytest.mark.on_both_databases
def test_calls_follow_what_changes(many: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    first = run_counting_calls(many, criteo)
    assert held(criteo) == dict.fromkeys(SEGMENTS, 3)
    assert (first[Call.CREATE], first[Call.AMEND], first[Call.STATISTICS]) == (2, LISTS, 0)
    assert first.total() <= LISTS + 12
    counted = run_counting_calls(many, criteo)
    assert counted == {Call.TOKEN: 1, Call.SEARCH: 2, Call.STATISTICS: LISTS}
    assert run_counting_calls(many, criteo) == {Call.TOKEN: 1, Call.SEARCH: 2}
    tables.write(segments={"S007": members(7, more=2)})
    changed = run_counting_calls(many, criteo)
    assert (changed[Call.AMEND], changed[Call.UPDATE], changed[Call.STATISTICS]) == (1, 2, 0)
    assert held(criteo) == dict.fromkeys(SEGMENTS, 3) | {"S007": 5}
    assert run_counting_calls(many, criteo)[Call.STATISTICS] == 1


def test_the_estimate_is_what_is_called(some: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    for day in range(4):
        estimated = some.exports.preview("Nightly").effort["calls"].item()
        assert run_counting_calls(some, criteo).total() == estimated
        if day == 2:
            tables.write(segments={name: members(50) for name in SOME[:3]})


def test_the_estimate_after_a_failed_run_is_what_is_called(
    some: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    for _ in range(2):
        some.runs.start("Nightly").raise_for_status()
    before = {name: members(number) for number, name in enumerate(SOME)}
    tables.write(segments=before | {name: members(number, more=2) for number, name in enumerate(SOME[:4])})
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=50)
    assert some.runs.start("Nightly").status is RunStatus.FAILED
    criteo.stop_failing()
    # What was not sent is no longer to be sent: the list has nothing but a mark that was never moved on.
    tables.write(segments=before)
    for _ in range(3):
        estimated = some.exports.preview("Nightly").effort["calls"].item()
        assert run_counting_calls(some, criteo).total() == estimated


@pytest.mark.parametrize("changed", [0, 1, LISTS])
def test_the_estimate_of_many_lists_is_what_is_called(
    many: toolkit.Workspace, tables: Tables, criteo: Sandbox, changed: int
) -> None:
    for _ in range(2):
        estimated = many.exports.preview("Nightly").effort["calls"].item()
        assert run_counting_calls(many, criteo).total() == estimated
        more = {name: members(number, more=2 * (number < changed)) for number, name in enumerate(SEGMENTS)}
        tables.write(segments=more)


def test_what_somebody_changed_is_counted_at_once(some: toolkit.Workspace, criteo: Sandbox) -> None:
    for _ in range(2):
        some.runs.start("Nightly").raise_for_status()
    list_id = list_of(criteo, "S005")
    with client(criteo) as other:
        other.clear(list_id)
    for _ in range(2):
        before = len(criteo.requests())
        run = some.runs.start("Nightly").raise_for_status()
        assert calls(criteo, since=before)[Call.STATISTICS] == 1
        (warning,) = run.warnings
        assert (warning.code, list_id in warning.text) == (NoticeCode.DRIFT, True)


def test_a_list_is_counted_again_after_half_a_day(
    some: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        some.runs.start("Nightly").raise_for_status()
    assert run_counting_calls(some, criteo)[Call.STATISTICS] == 0
    monkeypatch.setattr(counting, "COUNT_AGAIN_AFTER", timedelta(0))
    assert run_counting_calls(some, criteo)[Call.STATISTICS] == len(SOME)


def test_counts_are_spread_over_runs(some: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    some.runs.start("Nightly").raise_for_status()
    monkeypatch.setattr(RateLimiter, "calls_left", SPARED_CALLS + 8)
    runs = [run_counting_calls(some, criteo)[Call.STATISTICS] for _ in range(3)]
    assert runs == [8, len(SOME) - 8, 0]
    asked = Counter(it.path for it in criteo.requests() if it.call is Call.STATISTICS)
    assert set(asked.values()) == {1}


def test_no_call_is_left_to_count_with(
    some: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    some.runs.start("Nightly").raise_for_status()
    monkeypatch.setattr(RateLimiter, "calls_left", SPARED_CALLS)
    assert run_counting_calls(some, criteo)[Call.STATISTICS] == 0


@pytest.mark.parametrize(
    ("left", "batches", "spare"),
    [
        (250, [], 250 - SPARED_CALLS),
        (250, [1] * 100, 250 - 100 - 5 - SPARED_CALLS),
        (250, [1] * 200, 250 - 200 - 10 - SPARED_CALLS),
        # A run that takes two minutes anyway has the calls of both.
        (250, [1] * 300, 500 - 300 - 15 - SPARED_CALLS),
        (10, [1] * 20, 260 - 20 - 5 - SPARED_CALLS),
        (10, [], 0),
        (0, [], 0),
    ],
)
def test_sending_comes_before_counting(left: int, batches: list[int], spare: int) -> None:
    assert spare_calls(left, calls_to_send(batches)) == spare


@pytest.mark.parametrize("fault", [Fault.HTTP_503, Fault.HTTP_401])
def test_a_count_that_fails_keeps_nothing_from_being_sent(
    some: toolkit.Workspace, tables: Tables, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    some.runs.start("Nightly").raise_for_status()
    tables.write(segments={"S007": members(7, more=2)})
    monkeypatch.setattr("toolkit.runs.execution.call_patience", lambda: RetryPolicy(seconds=0.5))
    criteo.fail(fault, calls=Call.STATISTICS, times=10_000)
    run = some.runs.start("Nightly").raise_for_status()
    criteo.stop_failing()
    assert NoticeCode.NOT_COUNTED in {it.code for it in run.notes}
    assert held(criteo)["S007"] == 5


@pytest.mark.on_both_databases
@pytest.mark.parametrize("fault", [Fault.IN_PART, Fault.IN_SILENCE])
@pytest.mark.parametrize("call", [Call.CREATE, Call.UPDATE])
def test_half_an_answer_is_mended_by_the_next_run(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, fault: Fault, call: Call
) -> None:
    names = ["A", "B", "C"]
    tables.write(segments={name: members(number) for number, name in enumerate(names)})
    save_nightly(workspace, segments=names)
    if call is Call.UPDATE:
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={name: members(number, more=1) for number, name in enumerate(names)})
    before = held(criteo)
    criteo.fail(fault, calls=call)
    failed = workspace.runs.start("Nightly")
    assert failed.status is RunStatus.FAILED
    assert failed.error is not None
    if fault is Fault.IN_PART:
        assert failed.error.code is ErrorCode.CONFIGURATION
        named = "'C'" if call is Call.CREATE else list_of(criteo, "C")
        assert named.strip("'") in failed.error.what
    assert sum(held(criteo).values()) == sum(before.values())
    workspace.runs.start("Nightly").raise_for_status()
    assert held(criteo) == dict.fromkeys(names, 4 if call is Call.UPDATE else 3)
    assert workspace.runs.start("Nightly").raise_for_status().frame["added"].sum() == 0


def test_marks_that_could_not_all_be_moved_on_are_told(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    names = ["A", "B", "C"]
    tables.write(segments={name: members(number) for number, name in enumerate(names)})
    save_nightly(workspace, segments=names)
    criteo.fail(Fault.IN_PART, calls=Call.UPDATE)
    run = workspace.runs.start("Nightly").raise_for_status()
    assert NoticeCode.MARKS_NOT_MOVED in {it.code for it in run.warnings}
    tables.write(segments={name: members(number, more=1) for number, name in enumerate(names)})
    workspace.runs.start("Nightly").raise_for_status()
    assert held(criteo) == dict.fromkeys(names, 4)


def test_of_a_hundred_and_one_the_last_may_be_gone(many: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    many.runs.start("Nightly").raise_for_status()
    tables.write(segments={name: members(number, more=2) for number, name in enumerate(SEGMENTS)})
    gone = list_of(criteo, SEGMENTS[-1])
    criteo.delete_list(gone)
    run = many.runs.start("Nightly")
    assert run.error is not None
    assert run.error.code is ErrorCode.LIST_GONE
    assert gone in run.error.what
    assert set(held(criteo).values()) == {3}
    many.runs.start("Nightly", if_list_gone="remake").raise_for_status()
    assert held(criteo) == dict.fromkeys(SEGMENTS, 5)


def test_a_limit_in_the_middle_is_waited_out(some: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.fail(Fault.HTTP_429, calls=Call.AMEND, times=2, after=4)
    criteo.fail(Fault.HTTP_429, calls=Call.UPDATE, times=1)
    run = some.runs.start("Nightly").raise_for_status()
    assert held(criteo) == dict.fromkeys(SOME, 3)
    assert run.frame["retries"].sum() == 3


def test_a_renamed_list_is_named_as_the_export_says(some: toolkit.Workspace, criteo: Sandbox) -> None:
    some.runs.start("Nightly").raise_for_status()
    with client(criteo) as other:
        other.rename(list_of(criteo, "S003"), name="Somebody's", description="")
    run = some.runs.start("Nightly").raise_for_status()
    assert {it.code for it in run.warnings} == {NoticeCode.MARK_EDITED}
    assert held(criteo) == dict.fromkeys(SOME, 3)


def test_each_list_is_settled_once_it_was_sent(some: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    some.runs.start("Nightly").raise_for_status()
    names = SOME[:11]
    tables.write(segments={name: members(number, more=1) for number, name in enumerate(names)})
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=1_000, after=6)
    assert some.runs.start("Nightly").status is RunStatus.FAILED
    criteo.stop_failing()
    resumed = some.runs.resume("Nightly").raise_for_status()
    assert resumed.frame.select(pl.col("added").sum()).item() == 11 - 6
    assert held(criteo) == dict.fromkeys(SOME, 3) | dict.fromkeys(names, 4)


def test_an_unchanged_list_keeps_its_mark(some: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    some.runs.start("Nightly").raise_for_status()
    before = {it.name: it.description for it in criteo.lists()}
    some.runs.start("Nightly").raise_for_status()
    assert {it.name: it.description for it in criteo.lists()} == before
    tables.write(segments={"S007": members(7, more=2)})
    some.runs.start("Nightly").raise_for_status()
    after = {it.name: it.description for it in criteo.lists()}
    assert {name for name in SOME if after[name] != before[name]} == {"S007"}


def test_rows_of_a_run_grow_with_what_changes(some: toolkit.Workspace) -> None:
    for _ in range(3):
        some.runs.start("Nightly").raise_for_status()
    with sqlite3.connect(some.path / "workspace.db") as database:
        batches = database.execute("SELECT count(*) FROM batches").fetchone()[0]
        marks = database.execute("SELECT count(*) FROM list_marks").fetchone()[0]
    assert (batches, marks) == (len(SOME), 2 * len(SOME))


@pytest.mark.parametrize("mode", ["mirror", "replace"])
def test_segments_that_fill_one_list_follow_each_other(
    some: toolkit.Workspace, tables: Tables, criteo: Sandbox, mode: str
) -> None:
    some.runs.start("Nightly").raise_for_status()
    with client(criteo) as other:
        shared = other.find_or_create_list("2711", name="Shared", description="").contact_list.id
    advertiser = some.exports["Nightly"].advertiser_id
    assert advertiser == "2711"
    save_nightly(some, segments=SOME, lists={"S000": shared, "S005": shared, "S011": shared})
    some.runs.start("Nightly", mode=mode).raise_for_status()
    # Of members that two of them have, one identifier is there once.
    assert held(criteo)["Shared"] == len({*members(0), *members(5), *members(11)})
    tables.write(segments={"S000": members(60), "S003": members(3, more=2), "S011": members(11, more=1)})
    some.runs.start("Nightly", mode=mode).raise_for_status()
    assert held(criteo)["Shared"] == len({*members(60), *members(5), *members(11, more=1)})
    assert held(criteo)["S003"] == 5
    assert run_counting_calls(some, criteo)[Call.AMEND] == 0


def test_an_interrupt_ends_the_counting(some: toolkit.Workspace, criteo: Sandbox) -> None:
    some.runs.start("Nightly").raise_for_status()
    criteo.delete_list(list_of(criteo, "S000"))
    criteo.fail(Fault.HTTP_503, calls=Call.STATISTICS, times=2, after=2)
    run = some.runs.start("Nightly")
    assert run.error is not None
    assert run.error.code is ErrorCode.LIST_GONE
