"""The trend and the list of runs show what is at Criteo, not what a run that failed meant to send."""

from pathlib import Path

import pytest
from sqlalchemy import text

import toolkit
from tests.conftest import Tables, save_nightly
from tests.runs.test_targets import add_column, keys, madid
from toolkit.preview.charts import history_chart
from toolkit.runs.charts import lines_of
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.widgets.charts import trend_html
from toolkit.widgets.language import words_for


def drawn(workspace: toolkit.Workspace) -> list[tuple[str, int]]:
    """Return the line and the height of each point of the picture of sizes."""
    chart = history_chart(workspace.runs.trend()).to_dict()
    (values,) = chart["datasets"].values()
    return [(it["line"], it["size"]) for it in values]


def test_a_run_that_failed_before_sending_is_not_drawn(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.fail(Fault.HTTP_401, times=9)
    assert workspace.runs.start("Nightly").status == "failed"
    assert workspace.runs.trend().height == 0
    criteo.stop_failing()
    workspace.runs.start("Nightly").raise_for_status()
    assert workspace.runs.trend().select("status", "size").rows() == [("successful", 100)]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_run_that_failed_midway_shows_what_it_sent(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, *, is_late: bool
) -> None:
    tables.write(segments={"A": keys(*range(10)), "B": keys(*range(20))})
    save_nightly(workspace, segments=["A", "B"])
    if is_late:  # the first list is acknowledged after the second one failed
        criteo.fail(Fault.SLOW, calls=Call.AMEND, times=1, seconds=2)
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=9, after=0 if is_late else 1)
    assert workspace.runs.start("Nightly").status == "failed"
    assert workspace.runs.trend().select("segment", "size", "added").rows() == [("A", 10, 10)]
    criteo.stop_failing()
    workspace.runs.resume("Nightly").raise_for_status()
    assert drawn(workspace) == [("A", 10), ("A", 10), ("B", 20)]


def test_dry_runs_and_requests_are_told_apart(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly", dry_run=True)
    workspace.runs.start("Nightly").raise_for_status()
    workspace.forget(customer="C001")
    workspace.exports.remove("Nightly")
    workspace.lists.empty(workspace.lists.left_behind.frame["list_id"].item())
    assert workspace.runs.frame["kind"].to_list() == ["list left behind", "data subject request", "run", "dry run"]
    # 99 once the person is forgotten.
    assert workspace.runs.trend().select("size", "removed").rows() == [(100, 0), (0, 99)]


def test_an_appended_list_holds_more_than_is_exportable(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    save_nightly(workspace, mode="append")
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": keys(1)})
    workspace.runs.start("Nightly").raise_for_status()
    assert workspace.runs.trend().select("exportable", "size").rows() == [(100, 100), (1, 100)]
    assert criteo.lists()[0].size == 100


def test_two_exports_of_one_segment_are_two_lines(workspace: toolkit.Workspace, tables: Tables) -> None:
    workspace.exports.duplicate("Nightly", "Copy")
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": keys(1, 2)})
    workspace.runs.start("Copy").raise_for_status()
    assert drawn(workspace) == [("All · Nightly", 100), ("All · Copy", 2)]
    assert workspace.runs.trend()["list_id"].n_unique() == 2
    assert lines_of(workspace.runs.trend("Copy"))["line"].to_list() == ["All"]
    assert "Nightly" in trend_html(words_for("en"), workspace.runs.trend())


def test_another_advertiser_is_another_line(workspace: toolkit.Workspace) -> None:
    first, second = sorted(workspace.connections["Sandbox"].advertisers)[:2]
    for advertiser in (first, second):
        save_nightly(workspace, advertiser_id=advertiser)
        workspace.runs.start("Nightly").raise_for_status()
    assert drawn(workspace) == [(f"All ({first})", 100), (f"All ({second})", 100)]


def test_mobile_ids_are_of_the_same_line(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
    add_column(tables, "Phone", [madid(number) for number in range(100)])
    save_nightly(workspace, madid_column="Phone")
    workspace.runs.start("Nightly").raise_for_status()
    assert lines_of(workspace.runs.trend())["line"].unique().to_list() == ["All"]
    assert workspace.runs.trend()["size"].to_list() == [100, 100]


@pytest.mark.on_both_databases
def test_newest_runs_with_figures_are_read(workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    for most in (100, 99, 98):
        tables.write(segments={"All": keys(*range(most))})
        workspace.runs.start("Nightly").raise_for_status()
    criteo.fail(Fault.HTTP_401, times=99)
    for _ in range(6):
        assert workspace.runs.start("Nightly").status == "failed"
    whole = workspace.runs.trend()
    for newest in (1, 2, 3):
        assert workspace.runs.trend(newest=newest).equals(whole.tail(newest))
        assert workspace.runs.trend("Nightly", newest=newest).equals(whole.tail(newest))
    assert workspace.runs.trend(newest=1_000).equals(whole)


def test_older_runs_are_not_read(workspace: toolkit.Workspace) -> None:
    for _ in range(2):
        newest = workspace.runs.start("Nightly")
    with workspace._folder.session() as session, session.begin():
        session.execute(text("UPDATE runs SET lists = '[5]' WHERE id != :run"), {"run": newest.id})
    assert workspace.runs.trend(newest=1)["run"].to_list() == [newest.id]
    with pytest.raises(toolkit.DataError):
        workspace.runs.trend(newest=2)


@pytest.mark.parametrize("newest", [0, -1])
def test_trend_of_no_runs_is_refused(workspace: toolkit.Workspace, newest: int) -> None:
    with pytest.raises(toolkit.ConfigurationError):
        workspace.runs.trend(newest=newest)
