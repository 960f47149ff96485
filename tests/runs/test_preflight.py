"""A check without a run finds what the run would, and sends and records nothing."""

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import require
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.sandbox import Sandbox
from toolkit.validation import Check, CheckOutcome


def test_it_finds_what_a_run_does_and_asks_criteo_for_nothing(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": [f"C{number:03}" for number in range(40)]})
    save_nightly(workspace, thresholds={"most_change": 0.3})
    before = len(criteo.requests())
    results = workspace.exports.check("Nightly")
    assert [it.observed for it in results.warnings if it.check == "size against the last run"] == [
        "40 after 100, 60.0%"
    ]
    assert len(criteo.requests()) == before
    assert workspace.runs.frame.height == 1
    run = workspace.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert list(run.checks) == list(results.rows)


@pytest.mark.parametrize("column", ["Phone", "CustomerId"])
def test_a_column_that_went_away_is_told_by_the_checks_of_a_run(
    workspace: toolkit.Workspace, tables: Tables, column: str
) -> None:
    path = tables.folder / "profiles.parquet"
    profiles = pl.read_parquet(path).with_columns(Phone=pl.lit("38400000-8cf0-11bd-b23e-10b96e40000d"))
    profiles.write_parquet(path)
    save_nightly(workspace, madid_column="Phone")
    profiles.rename({column: f"{column}2"}).write_parquet(path)
    run = workspace.runs.start("Nightly")
    assert [it.check for it in run.checks if it.outcome is CheckOutcome.ERROR] == [Check.COLUMNS]
    require(run.error, ErrorCode.DATA, names=(column, f"{column}2"))


def test_an_unknown_export_is_a_sentence(workspace: toolkit.Workspace) -> None:
    with pytest.raises(ConfigurationError):
        workspace.exports.check("Nigthly")
