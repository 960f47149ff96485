"""What a workspace does with tables that live in DuckDB, from the preview to what arrived at Criteo."""

import os
import shutil
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.sources.engines import DuckDB
from toolkit.errors import ErrorCode


@pytest.fixture
def duck(tmp_path: Path, workspace: toolkit.Workspace, tables: Tables) -> DuckDB:
    """The tables of the workspace, in a database."""
    found = DuckDB(tmp_path / "crm.duckdb")
    members = tables.segments.scan(["All"]).cast({"segment": str}).collect()
    workspace.read_from(
        profiles=toolkit.Profiles(
            location=found.put("profiles", tables.profiles.scan(["EMail"]).collect()), key="CustomerId"
        ),
        segments=toolkit.SegmentTable(location=found.put("members", members), key="customer", segment="segment"),
    )
    return found


def test_a_run_sends_the_same(duck: DuckDB, workspace: toolkit.Workspace, tables: Tables) -> None:
    first = workspace.runs.start("Nightly")
    assert first.outcome == "successful"
    assert [it.added for it in first.lists] == [100]
    workspace.read_from(profiles=tables.profiles, segments=tables.segments)
    assert [it.added for it in workspace.runs.start("Nightly").lists] == [0]


def test_a_workspace_that_is_opened_again_finds_the_table(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    again = toolkit.open_workspace(workspace.path)
    assert again.notice is None
    assert again.preview("All", email_column="EMail").counts["exportable"].to_list() == [100]
    assert again.quality().candidates["email"]["column"].to_list() == ["EMail"]


def test_a_table_that_was_restored_from_before_stops(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly")
    moment = duck.file.stat().st_mtime - 3600
    os.utime(duck.file, (moment, moment))
    stopped = workspace.runs.start("Nightly").error
    assert stopped is not None
    assert stopped.code is ErrorCode.GUARD


def test_a_change_between_preview_and_run_is_sent(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    workspace.preview("All", email_column="EMail")
    duck.run("DELETE FROM members WHERE customer = 'C000'")
    assert [it.added for it in workspace.runs.start("Nightly").lists] == [99]


def test_a_refresh_waits_for_no_table_of_an_engine(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    assert all(it.is_written_whole for it in workspace.profiles.found().values())


def test_a_database_that_is_gone(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    shutil.move(duck.file, f"{duck.file}.away")
    failed = workspace.runs.start("Nightly", dry_run=True).error
    assert failed is not None
    assert failed.code is ErrorCode.CONFIGURATION


def test_a_dynamic_segment_of_a_view_is_built_anew(duck: DuckDB, workspace: toolkit.Workspace, tables: Tables) -> None:
    duck.run("CREATE VIEW people AS SELECT *, CustomerId < 'C010' AS First FROM profiles")
    workspace.read_from(
        profiles=toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, "people"), key="CustomerId"),
        segments=tables.segments,
    )
    built = workspace.segments.build("First", where="First", dynamic=True)
    assert built.size == 10
    duck.run("CREATE OR REPLACE VIEW people AS SELECT *, CustomerId < 'C020' AS First FROM profiles")
    save_nightly(workspace, segments=["First"])
    workspace.runs.start("Nightly", dry_run=True)
    assert workspace.segments["First"].size == 20


def test_own_checks_read_the_engine(duck: DuckDB, workspace: toolkit.Workspace) -> None:
    duck.run("ALTER TABLE profiles ADD COLUMN Country VARCHAR DEFAULT 'NL'")
    columns = workspace.preview("All", email_column="EMail", columns="Country", unmasked="Country").members
    assert set(columns["Country"]) == {"NL"}


def test_a_segment_folder_is_no_table_of_an_engine(duck: DuckDB) -> None:
    folder = toolkit.SegmentFolder(location=toolkit.DuckDBTable(duck.file, "members"), key="customer")
    with pytest.raises(toolkit.ConfigurationError):
        folder.names()
