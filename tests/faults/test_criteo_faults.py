"""Whatever Criteo's service does during an upload, the list ends right, and the report says what happened."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.runs import NoticeCode
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

MEMBERS = 200_000
Held = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Two hundred thousand customers, whose upload takes four calls."""
    tables = Tables(tmp_path_factory.mktemp("many"))
    (tables.folder / "segments").mkdir()
    number = pl.int_range(MEMBERS)
    frame = pl.select(CustomerId=pl.format("C{}", number), EMail=pl.format("person{}@mail.example", number))
    frame.write_parquet(tables.folder / "profiles.parquet")
    frame.select("CustomerId").write_parquet(tables.folder / "segments" / "All.parquet")
    return tables


@pytest.fixture
def strict() -> Iterator[Sandbox]:
    """An embedded Criteo whose tokens and minutes are short."""
    with start(options=SandboxOptions(token_life_seconds=2, minute_seconds=3)) as sandbox:
        yield sandbox


@pytest.fixture
def expected(many: Tables) -> set[str]:
    catalog, profiles = many.segments, many.profiles
    from toolkit.audience import IdentityColumn, audience_of

    return set(audience_of(profiles, catalog, ["All"], column=IdentityColumn("EMail", EMAIL)).identifiers("All"))


@pytest.fixture
def workspace(tmp_path: Path, many: Tables, criteo: Sandbox) -> toolkit.Workspace:
    opened = toolkit.open_workspace(tmp_path / "workspace", profiles=many.profiles, segments=many.segments, create=True)
    connect(opened, criteo)
    save_nightly(opened)
    return opened


@pytest.mark.parametrize(
    "fault",
    [
        it
        for it in Fault
        if it not in (Fault.SLOW, Fault.HTTP_401, Fault.REJECT, Fault.LATE, Fault.IN_PART, Fault.IN_SILENCE)
    ],
)
def test_a_fault_that_passes_is_waited_out_and_noted(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held, expected: set[str], fault: Fault
) -> None:
    # A hang that ends is a dropped connection.
    criteo.fail(fault, calls=Call.AMEND, times=2, after=1, seconds=1 if fault is Fault.HANG else None)
    run = workspace.runs.start("Nightly").raise_for_status()
    assert held("All") == expected
    assert run.frame["added"].to_list() == [MEMBERS]
    assert run.outcome == "successful"
    assert run.frame["retries"].to_list() == [2]
    assert "retries" in run.report.read_text()
    (note,) = run.notes
    assert note.code is NoticeCode.WAITED
    assert note.text in repr(run)
    assert note.text in run.report.read_text()


def test_a_slow_answer_is_waited_for(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held, expected: set[str]
) -> None:
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=2)
    run = workspace.runs.start("Nightly").raise_for_status()
    assert (run.notes, run.frame["retries"].to_list()) == ((), [0])
    assert "retries" not in run.figures.columns
    assert held("All") == expected


def test_a_token_that_is_taken_back_in_the_middle_is_renewed(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held, expected: set[str]
) -> None:
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, after=2)
    workspace.runs.start("Nightly").raise_for_status()
    assert held("All") == expected


def test_tokens_that_live_for_two_seconds_are_renewed_as_often_as_needed(
    tmp_path: Path, many: Tables, strict: Sandbox, expected: set[str]
) -> None:
    opened = toolkit.open_workspace(tmp_path / "workspace", profiles=many.profiles, segments=many.segments, create=True)
    connect(opened, strict)
    save_nightly(opened)
    strict.fail(Fault.SLOW, calls=Call.AMEND, times=4, seconds=1.5)
    opened.runs.start("Nightly").raise_for_status()
    (made,) = strict.lists()
    assert strict.identifiers(made.id) == expected


def test_a_limit_on_what_a_request_may_weigh_is_found_by_halving(
    tmp_path: Path, many: Tables, expected: set[str]
) -> None:
    with start(options=SandboxOptions(max_body_bytes=1_000_000)) as narrow:
        opened = toolkit.open_workspace(
            tmp_path / "workspace", profiles=many.profiles, segments=many.segments, create=True
        )
        connect(opened, narrow)
        save_nightly(opened)
        run = opened.runs.start("Nightly").raise_for_status()
        (made,) = narrow.lists()
        assert narrow.identifiers(made.id) == expected
    assert run.frame["added"].to_list() == [MEMBERS]


def test_a_service_that_stays_away_fails_the_run_which_the_next_finishes(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held, expected: set[str]
) -> None:
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=9, after=1)
    broken = workspace.runs.start("Nightly")
    assert broken.status is toolkit.RunStatus.FAILED
    assert broken.error is not None
    assert held("All") < expected
    criteo.stop_failing()
    sent = workspace.runs.start("Nightly").raise_for_status().frame["added"].item()
    assert held("All") == expected
    assert sent == MEMBERS - broken.frame["added"].item()
