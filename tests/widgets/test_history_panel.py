"""The history panel: runs as a table, the report of one, pictures of all."""

import time

import polars as pl
import pytest

import toolkit
from tests.widgets.driving import come_onto_a_page
from toolkit.widgets import HistoryPanel


@pytest.mark.parametrize(("later", "again"), [(0, True), (61, False)])
def test_what_changed_while_a_page_was_made_is_sent_again(
    workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, later: float, again: bool
) -> None:
    panel = HistoryPanel(workspace, language="en")
    panel.wait()
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + later)
    sent: list[object] = []
    monkeypatch.setattr("ipywidgets.Widget.send_state", lambda widget, key=None: sent.append(widget))
    come_onto_a_page(panel)
    assert ({id(panel.charts), id(panel.refresh), id(panel.runs.table)} <= {id(it) for it in sent}) == again
    assert bool(sent) == again


def test_runs_are_listed_and_the_chosen_one_is_reported(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly")
    workspace.runs.start("Nightly", dry_run=True)
    panel = HistoryPanel(workspace, language="en")
    panel.wait()
    rows = panel.runs.table.df
    assert rows["Status"].to_list() == ["✓ Successful", "✓ Successful"]
    assert rows["Kind"].to_list() == ["Dry run", "Real run"]
    # A dry run added nobody.
    assert rows["Added"].to_list() == ["", "100"]
    panel.runs.table.selected_rows = [1]
    assert panel.runs.chosen == run.id
    assert run.id in panel.report.short.value


def test_a_row_is_chosen_in_the_list_too_and_the_table_follows(workspace: toolkit.Workspace) -> None:
    first = workspace.runs.start("Nightly")
    workspace.runs.start("Nightly")
    panel = HistoryPanel(workspace, language="en")
    panel.runs.choice.value = first.id
    assert panel.runs.table.selected_rows == [1]
    assert panel.report.run is not None
    assert panel.report.run.id == first.id
    panel.wait()


def test_it_shows_one_export_or_all_and_what_came_since(workspace: toolkit.Workspace) -> None:
    workspace.exports.save("Other", connection="Sandbox", advertiser_id="2712", email_column="EMail", segments=["All"])
    workspace.runs.start("Nightly")
    panel = HistoryPanel(workspace, "Other", language="en")
    panel.wait()
    assert panel.runs.keys == []
    workspace.runs.start("Other", dry_run=True)
    panel.refresh.click()
    panel.wait()
    assert len(panel.runs.keys) == 1
    panel.export.control.value = None
    panel.wait()
    assert len(panel.runs.keys) == 2


def test_pictures_are_drawn_of_runs_that_sent(workspace: toolkit.Workspace) -> None:
    panel = HistoryPanel(workspace, language="en")
    panel.wait()
    assert "Nothing was sent yet." in panel.charts.value
    workspace.runs.start("Nightly")
    panel.refresh.click()
    panel.wait()
    assert "Nothing was sent yet." not in panel.charts.value
    assert "<svg" not in panel.charts.value
    workspace.runs.start("Nightly")
    panel.refresh.click()
    panel.wait()
    assert panel.charts.value.count("<svg") >= 3
    assert "http" not in panel.charts.value.replace("http://www.w3.org", "")


def test_a_table_of_many_rows_keeps_each_of_them_and_can_be_searched(workspace: toolkit.Workspace) -> None:
    panel = HistoryPanel(workspace, language="en")
    runs = pl.DataFrame({"run": [f"R{number}" for number in range(5_000)]})
    panel.runs.fill(runs.with_columns(pl.lit("x" * 40).alias(it) for it in (*panel.runs._headings, "called")))
    table = panel.runs.table._dt_args
    assert "itables-dtype" not in table["table_html"]
    assert "filtered_row_count" not in table
    assert table["layout"]["topEnd"] == "search"
    panel.runs.table.selected_rows = [4_999]
    assert panel.runs.choice.value == "R4999"


def test_a_run_is_called_by_its_export_and_moment(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly", dry_run=True)
    panel = HistoryPanel(workspace, language="en")
    panel.wait()
    ((called, run_id),) = panel.runs.choice.options
    here = run.started_at.astimezone()
    assert (called, run_id) == (f"Nightly, {here.day} {here:%b %H:%M} (dry run)", run.id)


def test_a_picture_of_audiences_is_drawn_once_there_are_two_sizes(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.audiences.save("Best", "All", connection="Sandbox", advertiser_id=2711)
    said = "Size of the Criteo audiences"
    for is_drawn in (False, True):
        workspace.audiences.apply().raise_for_status()
        panel = HistoryPanel(workspace, language="en")
        panel.wait()
        assert (said in panel.charts.value) is is_drawn
    panel.export.control.value = "Nightly"
    panel.wait()
    assert said not in panel.charts.value


def test_the_largest_audiences_are_drawn(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    for number in range(9):
        workspace.audiences.save(f"Audience {number}", "All", connection="Sandbox", advertiser_id=2711)
    workspace.audiences.apply().raise_for_status()
    drawn = workspace.audiences.sizes_chart.to_dict()
    (rows,) = drawn["datasets"].values()
    assert {it["audience"] for it in rows} == {f"Audience {number}" for number in range(7)}
