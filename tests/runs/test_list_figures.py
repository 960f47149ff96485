"""Frames of many runs are read as columns, and say what each run says by itself."""

import polars as pl
import pytest
from sqlalchemy import select, text

import toolkit
from tests.conftest import Tables
from toolkit.runs.list_figures import SCHEMA, list_figures_of, read_list_figures
from toolkit.state.models import RunRecord

pytestmark = pytest.mark.on_both_databases

IN_ORDER = select(RunRecord).order_by(RunRecord.started_at, RunRecord.id)


def figures(workspace: toolkit.Workspace) -> pl.DataFrame | None:
    with workspace._folder.reading() as session:
        return read_list_figures(session, IN_ORDER)


def one_by_one(workspace: toolkit.Workspace) -> pl.DataFrame:
    newest_first = list(workspace.runs)
    return list_figures_of((it, workspace.runs[it].lists) for it in reversed(newest_first))


@pytest.fixture
def ran(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A first run, one that changes the list, a dry run, and one that fails before it has lists."""
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": [f"C{number:03}" for number in range(95)]})
    workspace.runs.start("Nightly").raise_for_status()
    workspace.runs.start("Nightly", dry_run=True).raise_for_status()
    tables.write(segments={"All": ["Nobody"]})
    assert workspace.runs.start("Nightly").error is not None
    return workspace


def test_figures_are_those_of_each_run(ran: toolkit.Workspace) -> None:
    found = figures(ran)
    assert found is not None
    assert found.schema == {"run": pl.String(), **SCHEMA}
    assert found.equals(one_by_one(ran))


def test_frame_sums_lists(ran: toolkit.Workspace) -> None:
    for row in ran.runs.frame.iter_rows(named=True):
        lists = ran.runs[row["run"]].lists
        assert row["exportable"] == sum(it.exportable for it in lists)
        assert (row["added"], row["removed"]) == (sum(it.added for it in lists), sum(it.removed for it in lists))


def test_trend_has_what_was_sent(ran: toolkit.Workspace) -> None:
    assert ran.runs.trend("Nightly").select("added", "removed", "size").rows()[:2] == [(100, 0, 100), (0, 5, 95)]


@pytest.mark.parametrize("written", ['[{"x": 1}]', "[5]", "[null]", '{"a": 1}'])
def test_damaged_rows_are_named(ran: toolkit.Workspace, written: str) -> None:
    (first, *_others) = ran.runs.frame["run"]
    with ran._folder.session() as session, session.begin():
        session.execute(text("UPDATE runs SET lists = :it WHERE id = :id"), {"it": written, "id": first})
    assert figures(ran) is None
    for look in (lambda: ran.runs.frame, ran.runs.trend):
        with pytest.raises(toolkit.DataError):
            look()


def test_no_run_no_figures(workspace: toolkit.Workspace) -> None:
    assert workspace.runs.frame.is_empty()
    assert workspace.runs.trend().is_empty()
