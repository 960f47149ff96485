"""Dynamic segments are built anew at each refresh, before the exports that send them run."""

import os
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables
from tests.refresh.conftest import BEGIN, MovedClock, save, statuses
from toolkit.refresh import Refresh

Refreshed = Callable[..., Refresh]


@pytest.fixture
def dynamic(workspace: toolkit.Workspace, refreshed: Refreshed, tables: Tables) -> toolkit.Workspace:
    """With an export ``Own`` of a segment that is built of the profiles."""
    workspace.segments.build("Some", where="CustomerId < 'C010' AND EMail IS NOT NULL", dynamic=True)
    workspace.segments.build("Kept", where="CustomerId < 'C010'")
    save(workspace, "Own", segments=["So*", "Kept"])
    return workspace


def write_profiles(tables: Tables, profiles: pl.DataFrame, clock: MovedClock) -> None:
    """Write the profiles a day later, an hour before the refresh."""
    clock.at += timedelta(days=1)
    profiles.write_parquet(tables.profiles.location)
    moment = (clock.at - timedelta(hours=1)).timestamp()
    os.utime(tables.profiles.location, (moment, moment))


def test_who_meets_the_condition_now_is_sent_without_waiting(
    dynamic: toolkit.Workspace,
    refreshed: Refreshed,
    tables: Tables,
    clock: MovedClock,
    held: Callable[[str], set[str]],
) -> None:
    assert refreshed().exit_code == 0
    assert (len(held("Own Some")), len(held("Own Kept"))) == (10, 10)
    write_profiles(tables, pl.read_parquet(tables.profiles.location).head(6), clock)
    done = refreshed()
    assert (statuses(done)["Own"], clock.at) == ("successful", BEGIN + timedelta(days=1))
    assert len(held("Own Some")) == 6
    last = dynamic.segments["Some"].history.row(-1, named=True)
    assert (last["started_by"], last["members"], last["removed"]) == ("refresh", 6, 4)
    assert dynamic.segments["Kept"].size == 10


def test_what_can_not_be_built_skips_the_exports_that_send_it_and_no_other(
    dynamic: toolkit.Workspace,
    refreshed: Refreshed,
    tables: Tables,
    clock: MovedClock,
    inbox: Inbox,
    held: Callable[[str], set[str]],
) -> None:
    assert refreshed().exit_code == 0
    dynamic.segments.build("Some", where="CustomerId < 'C005' AND EMail IS NOT NULL", dynamic=True)
    whole = pl.read_parquet(tables.profiles.location)
    write_profiles(tables, whole.with_columns(Contact="EMail").drop("EMail"), clock)
    save(dynamic, "Nightly", email_column="Contact")
    done = refreshed()
    assert statuses(done) == {"Nightly": "successful", "Own": "skipped"}
    (own,) = [it for it in done.exports if it.export == "Own"]
    assert own.error.what.startswith(
        "It depends on the segment 'Some'. Segment 'Some' can't be built. There is no column"
    )
    assert "'EMail'" in own.error.what
    assert len(held("Own Some")) == 10
    assert "segment 'Some'" in inbox.titles[0]
    write_profiles(tables, whole, clock)
    assert statuses(refreshed())["Own"] == "successful"
    assert len(held("Own Some")) == 5
    assert [it for it in inbox.titles if "well again" in it] == ["Table \"segment 'Some'\" is well again"]
