"""Skipped means that something it depends on failed, and says what; tables that are being written are waited for."""

import os
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables
from tests.raising import require
from tests.refresh.conftest import BEGIN, MovedClock, save, statuses, write_segments, written
from toolkit.errors import ErrorCode
from toolkit.refresh import Refresh
from toolkit.sandbox import Sandbox

Refreshed = Callable[..., Refresh]


def test_a_connection_that_is_refused_skips_its_exports_and_is_one_matter(
    workspace: toolkit.Workspace, refreshed: Refreshed, criteo: Sandbox, inbox: Inbox
) -> None:
    save(workspace, "A")
    advertisers = workspace.connections["Sandbox"].advertisers
    for advertiser in advertisers:
        criteo.withdraw_consent(advertiser)
    for _ in range(2):
        done = refreshed()
        assert statuses(done) == {"A": "skipped", "Nightly": "skipped"}
        assert done.exit_code == 1
    assert done.exports[0].error.code is ErrorCode.ACCESS
    assert "no advertiser has consented" in done.exports[0].error.what
    assert inbox.titles == ["Connection 'Sandbox': failed (access)"]
    for advertiser in advertisers:
        criteo.give_consent(advertiser)
    assert refreshed().exit_code == 0
    assert inbox.titles[1:] == ["Connection 'Sandbox' is well again"]


def test_a_table_that_is_being_written_is_waited_for(
    refreshed: Refreshed, tables: Tables, clock: MovedClock, held: Callable[[str], set[str]]
) -> None:
    write_segments(tables, {"All": ["C000"]}, BEGIN)
    until = BEGIN + timedelta(minutes=4)

    def write_on() -> None:
        if clock.at < until:
            write_segments(tables, {"All": [f"C{number:03}" for number in range(100)]}, clock.at)

    clock.meanwhile = write_on
    assert refreshed().exit_code == 0
    assert clock.at >= until
    assert len(held("All")) == 100


def test_a_file_whose_time_is_ahead_of_the_clock_is_taken_when_it_stays_as_it_is(
    refreshed: Refreshed, tables: Tables, clock: MovedClock
) -> None:
    written(tables, BEGIN + timedelta(hours=2))
    assert refreshed(settled_after=timedelta(seconds=30)).exit_code == 0
    assert timedelta(seconds=30) <= clock.at - BEGIN <= timedelta(minutes=1)


def test_an_older_table_skips_the_export(refreshed: Refreshed, tables: Tables, clock: MovedClock, inbox: Inbox) -> None:
    refreshed()
    written(tables, BEGIN - timedelta(days=2))
    clock.at += timedelta(days=1)
    (export,) = refreshed(wait_for_inputs=timedelta(minutes=10)).exports
    assert export.status == "skipped"
    require(export.error, ErrorCode.INPUT_NOT_READY, names="profiles")
    assert clock.at == BEGIN + timedelta(days=1, minutes=10)
    assert inbox.titles == ["Table 'profiles': not there in time"]
    written(tables, BEGIN)
    assert refreshed().exit_code == 0
    assert inbox.titles[1:] == ["Table 'profiles' is well again"]


def test_an_older_version_of_a_delta_table_is_not_taken(
    workspace: toolkit.Workspace, refreshed: Refreshed, tables: Tables, clock: MovedClock
) -> None:
    location = tables.folder / "delta"
    members = pl.DataFrame({"CustomerId": [f"C{number:03}" for number in range(100)]})
    (tables.folder / "segments" / "All.parquet").unlink()
    for _ in range(2):
        members.write_delta(tables.folder / "segments" / "All", mode="overwrite")
    assert refreshed().exit_code == 0
    (tables.folder / "segments" / "All").rename(location)
    members.write_delta(tables.folder / "segments" / "All")
    (export,) = refreshed().exports
    assert (export.status, "segment 'All'" in export.error.what) == ("skipped", True)
    members.write_delta(tables.folder / "segments" / "All", mode="overwrite")
    assert refreshed().exit_code == 0


def test_a_table_that_is_not_there_yet_is_waited_for(refreshed: Refreshed, tables: Tables, clock: MovedClock) -> None:
    segment = tables.folder / "segments" / "All.parquet"
    aside = segment.rename(tables.folder / "aside")

    def written_at_last() -> None:
        if clock.at >= BEGIN + timedelta(minutes=5) and aside.exists():
            aside.rename(segment)

    clock.meanwhile = written_at_last
    assert refreshed().exit_code == 0
    assert clock.at >= BEGIN + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("markers", "required", "is_ready"),
    [
        ([], False, True),
        ([], True, False),
        (["_SUCCESS"], True, True),
        (["_temporary/0/x"], False, False),
        (["_started_12"], False, False),
        (["_SUCCESS", "_started_12"], False, True),
    ],
)
def test_markers_of_spark_tell_whether_a_folder_is_written(
    refreshed: Refreshed, tables: Tables, markers: list[str], required: bool, is_ready: bool
) -> None:
    segments = tables.folder / "segments"
    (segments / "All").mkdir()
    (segments / "All.parquet").rename(segments / "All" / "part-0.parquet")
    for marker in markers:
        (segments / "All" / marker).parent.mkdir(parents=True, exist_ok=True)
        (segments / "All" / marker).touch()
    written(tables, BEGIN - timedelta(hours=1))
    (export,) = refreshed(success_markers=required).exports
    assert (export.status == "successful") is is_ready, export.error


def test_a_success_marker_from_before_the_files_does_not_count(refreshed: Refreshed, tables: Tables) -> None:
    segments = tables.folder / "segments"
    (segments / "All").mkdir()
    (segments / "All" / "_SUCCESS").touch()
    written(tables, BEGIN - timedelta(hours=2))
    (segments / "All.parquet").rename(segments / "All" / "part-0.parquet")
    written_then = (BEGIN - timedelta(hours=1)).timestamp()
    os.utime(segments / "All" / "part-0.parquet", (written_then, written_then))
    (export,) = refreshed().exports
    require(export.error, ErrorCode.INPUT_NOT_READY, names="_SUCCESS")


def test_a_pattern_that_nothing_matches_is_a_matter_of_its_export_alone(
    workspace: toolkit.Workspace, refreshed: Refreshed, tables: Tables, inbox: Inbox
) -> None:
    vip = tables.folder / "segments" / "vip_all.parquet"
    write_segments(tables, {"vip_all": ["C000"]}, BEGIN - timedelta(hours=1))
    save(workspace, "A", segments=["vip_*"])
    aside = vip.rename(tables.folder / "aside")
    for _ in range(2):
        assert statuses(refreshed(wait_for_inputs=timedelta())) == {"A": "skipped", "Nightly": "successful"}
    assert inbox.titles == ["Table \"segments of export 'A'\": not there in time"]
    aside.rename(vip)
    assert refreshed().exit_code == 0
    assert inbox.titles[1:] == ["Table \"segments of export 'A'\" is well again"]
