"""Columns of the profiles that are called as the audience's are meant by suites that name them."""

from pathlib import Path

import great_expectations.expectations as gxe
import polars as pl
import pytest

import toolkit
from toolkit.validation import check_audience
from toolkit.validation.custom_suites import OwnSuite
from toolkit.validation.thresholds import Thresholds

NAMES = ["customer", "segment", "status", "identifier", "address", "advertiser"]


@pytest.fixture
def workspace(tmp_path: Path) -> toolkit.Workspace:
    rows = pl.DataFrame({"Id": ["C1", "C2"], "EMail": ["a@mail.example", "b@mail.example"]})
    (tmp_path / "segments").mkdir()
    rows.with_columns(pl.lit("own").alias(it) for it in NAMES).write_parquet(tmp_path / "profiles.parquet")
    rows.select("Id").write_parquet(tmp_path / "segments" / "All.parquet")
    return toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(tmp_path / "profiles.parquet"), key="Id"),
        segments=toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="Id"),
        create=True,
    )


def passed(workspace: toolkit.Workspace, expectation: object) -> bool:
    audience = workspace.preview("All", email_column="EMail").audience
    suite = OwnSuite("Mine", (expectation,))  # type: ignore[arg-type]
    results = check_audience(audience, Thresholds(), own=[suite], profiles=workspace.profiles)
    (found,) = [it for it in results.results if it.suite == "Mine"]
    return found.passed


@pytest.mark.parametrize("name", NAMES)
def test_the_profiles_column_is_meant(workspace: toolkit.Workspace, name: str) -> None:
    assert passed(workspace, gxe.ExpectColumnValuesToBeInSet(column=name, value_set=["own"]))


def test_the_audiences_column_is_reached(workspace: toolkit.Workspace) -> None:
    assert passed(workspace, gxe.ExpectColumnValuesToBeInSet(column="audience.status", value_set=["exportable"]))
    assert passed(workspace, gxe.ExpectColumnValuesToBeInSet(column="audience.address", value_set=["valid"]))
    assert passed(workspace, gxe.ExpectColumnValuesToBeInSet(column="audience.customer", value_set=["C1", "C2"]))


@pytest.mark.parametrize("name", NAMES)
def test_a_preview_shows_such_columns(workspace: toolkit.Workspace, name: str) -> None:
    members = workspace.preview("All", email_column="EMail", columns=[name]).members
    shown = f"{name} (profile)" if name in ("customer", "segment", "status") else name
    assert members[shown].len() == 2
    assert members["customer"].to_list() == ["C1", "C2"]


@pytest.mark.parametrize("name", NAMES)
def test_such_a_column_holds_the_address(workspace: toolkit.Workspace, name: str) -> None:
    rows = pl.read_parquet(workspace.profiles.location)
    rows.with_columns(pl.col("EMail").alias(name)).write_parquet(workspace.profiles.location)
    assert workspace.preview("All", email_column=name).exportable == 2
