"""Whoever looks a list up makes no record of it; values of a run stay what they are in the database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

import toolkit
from tests.conftest import Tables, save_nightly
from tests.runs.test_targets import keys
from toolkit.audience import LEFT_OUT
from toolkit.criteo import IdentifierType
from toolkit.exports.saved_exports import export_of
from toolkit.identifiers import identifier_types
from toolkit.runs import AbandonedList, Because, Guard, ListResult, Notice, NoticeCode
from toolkit.runs.guards import guard_age
from toolkit.runs.list_result import SCHEMA, frame_of
from toolkit.runs.lists import ListKey, get_lists, get_or_create_lists
from toolkit.runs.stored import ABANDONED, CHECKS, INPUTS, LISTS, NOTICES
from toolkit.sandbox import Sandbox
from toolkit.sources.files import InputFile
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord
from toolkit.validation import CheckOutcome, CheckRow

ALL = ListKey("All", "2711", IdentifierType.EMAIL)


@pytest.fixture
def folder(workspace: toolkit.Workspace) -> WorkspaceFolder:
    return WorkspaceFolder.open(workspace.path)


def count(folder: WorkspaceFolder) -> int:
    with folder.reading() as session:
        return session.scalar(select(func.count(ContactListRecord.id))) or 0


def test_looks_make_no_record(workspace: toolkit.Workspace, folder: WorkspaceFolder, criteo: Sandbox) -> None:
    workspace.exports.preview("Nightly")
    workspace.runs.start("Nightly", dry_run=True).raise_for_status()
    assert workspace.runs.start("Nightly", allow=[], dry_run=True).frame["list_id"].to_list() == [None]
    assert get_lists(folder, export_of(folder, "Nightly"), [ALL], host=criteo.url) == {}
    assert count(folder) == 0


def test_a_record_is_made_once(folder: WorkspaceFolder, criteo: Sandbox) -> None:
    export = export_of(folder, "Nightly")
    made = [get_or_create_lists(folder, export, [ALL], host=criteo.url)[ALL].id for _ in range(2)]
    assert made[0] == made[1]
    assert get_lists(folder, export, [ALL], host=criteo.url)[ALL].id == made[0]
    assert get_lists(folder, export, [ALL], host="https://elsewhere.example") == {}
    assert count(folder) == 1


def test_a_new_list_is_planned_beside_a_known_one(workspace: toolkit.Workspace, tables: Tables) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"Few": keys(1, 2)})
    save_nightly(workspace, segments=["All", "Few"])
    tried = workspace.runs.start("Nightly", dry_run=True).raise_for_status()
    assert tried.frame.select("segment", "added").rows() == [("All", 0), ("Few", 2)]
    lists = workspace.exports.preview("Nightly").lists
    assert lists.select("segment", "name", "held", "added", "is_emptied").rows() == [
        ("All", "All", 100, 0, False),
        ("Few", "Few", 0, 2, False),
    ]
    replaced = workspace.runs.start("Nightly", dry_run=True, mode="replace").raise_for_status()
    assert replaced.frame["added"].to_list() == [100, 2]


counts = st.integers(min_value=0, max_value=10**9)


@given(
    st.builds(
        ListResult,
        segment=st.text(),
        advertiser_id=st.text(),
        identifier_type=st.sampled_from([it.name for it in identifier_types()]),
        members=counts,
        exportable=counts,
        left_out=st.fixed_dictionaries(dict.fromkeys(LEFT_OUT, counts)),
        seconds=st.floats(min_value=0, max_value=1e6),
        size=st.none() | counts,
    )
)
def test_a_row_is_the_same_when_read(result: ListResult) -> None:
    assert LISTS.from_json(LISTS.to_json([result])) == (result,)
    frame = frame_of([result])
    assert frame.schema == SCHEMA
    assert frame.row(0, named=True) == result.row


def test_no_rows_have_all_columns() -> None:
    assert frame_of([]).schema == SCHEMA


def test_other_values_are_the_same_when_read() -> None:
    file = InputFile("a.parquet", 1, datetime(2026, 11, 24, 2, 30, tzinfo=UTC), None, version=3)
    assert INPUTS.from_json(INPUTS.to_json([file])) == (file,)
    check = CheckRow("useful size", None, CheckOutcome.WARNING, "500", "3", 0.5, "a•••")
    assert CHECKS.from_json(CHECKS.to_json([check])) == (check,)
    notice = Notice(NoticeCode.DRIFT, "Criteo counts 3.")
    assert NOTICES.from_json(NOTICES.to_json([notice])) == (notice,)
    left = AbandonedList("1", "All", "2711", "https://a", "Nightly", "All", Because.LIST, None, ("B",), "ann")
    assert ABANDONED.from_json(ABANDONED.to_json([left])) == (left,)


@pytest.mark.parametrize(("hour", "is_older"), [(1, True), (2, False), (3, False)])
def test_a_file_is_as_old_in_any_zone(hour: int, is_older: bool) -> None:
    """Two in the morning in UTC is four in Amsterdam."""
    last = InputFile("a", 1, datetime(2026, 7, 1, 4, tzinfo=timezone(timedelta(hours=2))), None)
    now = InputFile("a", 1, datetime(2026, 7, 1, hour, tzinfo=UTC), None)
    assert [it.guard for it in guard_age([now], [last])] == [Guard.OLDER_INPUT] * is_older


def test_an_older_version_is_older() -> None:
    now, last = (InputFile("a", None, None, None, version=it) for it in (2, 3))
    (stop,) = guard_age([now], [last])
    assert stop.guard is Guard.OLDER_INPUT
    assert guard_age([last], [now]) == []
