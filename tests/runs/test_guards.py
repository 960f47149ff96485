"""What looks like a mistake stops a run with its figures, before anything is sent, and is passed only knowingly."""

import os
from collections.abc import Callable
from html import escape

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises, require
from toolkit.errors import ErrorCode
from toolkit.runs import Guard, NoticeCode
from toolkit.sandbox import Sandbox

Held = Callable[[str], set[str]]


def members(*numbers: int) -> list[str]:
    return [f"C{number:03}" for number in numbers]


@pytest.fixture
def guarded(workspace: toolkit.Workspace) -> toolkit.Workspace:
    """A workspace whose export ran once, with a hundred members, and has the guards as they are by default."""
    save_nightly(workspace, thresholds={})
    workspace.runs.start("Nightly").raise_for_status()
    return workspace


@pytest.mark.parametrize(
    ("left", "allowed", "told"),
    [
        (range(70), True, ""),
        (range(69), False, "31 identifiers would be removed in segment 'All', 31% of the 100 of the last run: more"),
    ],
)
def test_a_list_may_lose_three_in_ten(
    guarded: toolkit.Workspace, tables: Tables, held: Held, left: range, allowed: bool, told: str
) -> None:
    tables.write(segments={"All": members(*left)})
    run = guarded.runs.start("Nightly")
    assert (run.status is toolkit.RunStatus.SUCCESSFUL) == allowed
    assert told in ("" if run.error is None else run.error.what)
    assert len(held("All")) == (len(left) if allowed else 100)


def test_a_list_that_grows_by_much_is_stopped_too(guarded: toolkit.Workspace, tables: Tables, held: Held) -> None:
    tables.write(segments={"All": members(*range(75))})
    guarded.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": members(*range(100))})
    run = guarded.runs.start("Nightly")
    assert run.error is not None
    assert run.error.what.startswith("25 identifiers would be added in segment 'All', 33% of the 75")
    assert len(held("All")) == 75


def test_a_segment_that_was_emptied_is_stopped(guarded: toolkit.Workspace, tables: Tables, held: Held) -> None:
    tables.write(segments={"Some": members(1)})
    save_nightly(guarded, segments=["All", "Some"], thresholds={})
    tables.write(segments={"All": []})
    run = guarded.runs.start("Nightly")
    assert run.error is not None
    assert run.error.what == ("Segment 'All' has nobody to send, and had 100 at the last run. Nothing was sent.")
    assert "allow=['emptied']" in run.error.remedy
    assert len(held("All")) == 100


def test_an_export_that_was_emptied_whole_is_emptied_knowingly(
    guarded: toolkit.Workspace, tables: Tables, held: Held
) -> None:
    tables.write(segments={"All": []})
    stopped = guarded.runs.start("Nightly")
    assert stopped.error is not None
    assert "Check 'export has members'" in stopped.error.what
    guarded.runs.start("Nightly", allow=["emptied"]).raise_for_status()
    assert held("All") == set()


@pytest.mark.parametrize(
    ("thresholds", "guard", "figures"),
    [
        ({"limit_profiles": 69}, "over limit", "expected at most 69 identifiers, found 70"),
        ({"contract_limit_profiles": 50}, "over contract", "expected at most 50 identifiers, found 70"),
        ({"email_coverage": 0.9}, "low coverage", "expected at least 90%, found 80.0% (20 of 100 not)"),
        ({"email_validity": 0.9}, "low validity", "expected at least 90%, found 87.5% (10 of 80 not)"),
    ],
)
def test_what_is_over_a_limit_or_under_a_threshold_is_stopped_and_passed_knowingly(
    workspace: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    held: Held,
    thresholds: dict[str, float],
    guard: str,
    figures: str,
) -> None:
    addresses = [*[None] * 20, *["no address"] * 10, *(f"person{number}@mail.example" for number in range(30, 100))]
    tables.write(dict(zip(members(*range(100)), addresses, strict=True)))
    save_nightly(workspace, thresholds=thresholds | {"least_size": 0})
    tried = workspace.runs.start("Nightly", dry_run=True).raise_for_status()
    (warning,) = tried.warnings
    assert warning.code is NoticeCode.WOULD_STOP
    assert f"({guard})" in warning.text
    assert figures in warning.text
    before = len(criteo.requests())
    stopped = workspace.runs.start("Nightly", allow=[it for it in Guard if it != guard])
    assert stopped.error is not None
    assert stopped.error.code is ErrorCode.GUARD
    assert figures in stopped.error.what
    assert f"allow=['{guard}']" in stopped.error.remedy
    assert len(criteo.requests()) == before
    passed = workspace.runs.start("Nightly", allow=[guard]).raise_for_status()
    assert len(held("All")) == 70
    assert passed.allowed == (guard,)
    (note,) = passed.notes
    assert note.code is NoticeCode.GUARD_PASSED
    assert f"({guard})" in note.text
    assert figures in note.text


def test_a_missing_column_is_never_passed(workspace: toolkit.Workspace, criteo: Sandbox, tables: Tables) -> None:
    pl.DataFrame({"CustomerId": members(1), "Other": ["x"]}).write_parquet(tables.folder / "profiles.parquet")
    run = workspace.runs.start("Nightly", allow=list(Guard))
    require(run.error, ErrorCode.DATA, names="email column is there")
    assert criteo.lists() == []


def test_what_is_allowed_goes_on_and_the_record_keeps_it(
    guarded: toolkit.Workspace, tables: Tables, held: Held
) -> None:
    tables.write(segments={"All": members(1)})
    run = guarded.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert len(held("All")) == 1
    (note,) = run.notes
    assert note.code is NoticeCode.GUARD_PASSED
    assert "99 identifiers would be removed" in note.text
    assert escape(note.text) in run.report.read_text().replace("&#39;", "&#x27;")


def test_a_guard_that_is_not_known_is_told(guarded: toolkit.Workspace) -> None:
    with raises(ErrorCode.UNKNOWN_NAME, names=("big change", "large change")):
        guarded.runs.start("Nightly", allow=["big change"])


def test_a_dry_run_tells_what_would_stop(guarded: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"All": members(1)})
    run = guarded.runs.start("Nightly", dry_run=True).raise_for_status()
    assert any(it.code is NoticeCode.WOULD_STOP and "(large change)" in it.text for it in run.warnings)


def test_the_first_run_and_one_that_finishes_a_broken_first_are_free(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    from toolkit.sandbox import Call, Fault

    save_nightly(workspace, thresholds={})
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
    assert workspace.runs.start("Nightly").status is toolkit.RunStatus.FAILED
    workspace.runs.start("Nightly").raise_for_status()
    assert len(held("All")) == 100


def test_a_file_older_than_at_the_last_run_is_stopped(guarded: toolkit.Workspace, tables: Tables) -> None:
    file = tables.folder / "segments" / "All.parquet"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    run = guarded.runs.start("Nightly")
    require(run.error, ErrorCode.GUARD, names=(file, "2001-09-09 01:46:40 UTC"))
    guarded.runs.start("Nightly", allow=["older input"]).raise_for_status()
    # From now on that is the file of the last run.
    guarded.runs.start("Nightly").raise_for_status()


def test_a_file_that_is_written_while_it_is_read_stops_the_run(
    guarded: toolkit.Workspace, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.runs import targets

    def and_somebody_writes(*args: object, **options: object) -> object:
        prepared = prepare(*args, **options)
        tables.write(segments={"All": members(*range(90))})
        return prepared

    prepare = targets.prepare
    monkeypatch.setattr(targets, "prepare", and_somebody_writes)
    run = guarded.runs.start("Nightly")
    require(run.error, ErrorCode.CHANGING_INPUT, names="All.parquet")


def test_replace_asks_for_the_whole_list_anew_and_is_free(
    guarded: toolkit.Workspace, tables: Tables, held: Held
) -> None:
    save_nightly(guarded, mode="replace", thresholds={})
    tables.write(segments={"All": members(1, 2)})
    guarded.runs.start("Nightly").raise_for_status()
    assert len(held("All")) == 2
