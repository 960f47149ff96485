"""The sample is what its script makes, small, reserved and full of known flaws; the toolkit finds each of them."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

import toolkit
from toolkit.audience import IdentityColumn, audience_of
from toolkit.identifiers.types.email import TYPE as EMAIL

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def make_sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", DATA / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=[1, 2], ids=["day 1", "day 2"])
def day(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def sample(make_sample: ModuleType, day: int) -> object:
    return make_sample.build(day)


def committed_profiles(day: int) -> pl.DataFrame:
    return pl.read_parquet(DATA / f"day{day}" / "profiles" / "*.parquet")


def catalog(day: int) -> toolkit.SegmentFolder:
    return toolkit.SegmentFolder(location=str(DATA / f"day{day}" / "segments"), key="CustomerId")


def test_the_committed_tables_are_what_the_script_makes(sample, day: int) -> None:
    assert committed_profiles(day).equals(sample.profiles)
    assert catalog(day).names() == sorted(sample.segments, key=str.casefold)
    for name, table in sample.segments.items():
        assert pl.read_parquet(DATA / f"day{day}" / "segments" / make_name(name)).equals(table)


def make_name(segment: str) -> str:
    return f"{segment.replace('/', '%2F')}.parquet"


def test_the_sample_is_small() -> None:
    assert sum(it.stat().st_size for it in DATA.rglob("*.parquet")) < 3_000_000


def test_all_addresses_are_in_reserved_domains(day: int) -> None:
    domains = committed_profiles(day)["EMail"].str.strip_chars().str.extract_all(r"@([^\s@;,]+)").explode().drop_nulls()
    reserved = domains.str.to_lowercase().str.strip_chars("@.\u200b\ufeff\u2060\u00ad")
    assert reserved.filter(~reserved.str.contains(r"(^|\.)(example|example\.com|example\.org)$")).to_list() == []


def test_every_flaw_is_there(make_sample: ModuleType, sample) -> None:
    assert set(sample.truth["flaw"]) == {flaw.value for flaw in make_sample.Flaw}


def test_the_toolkit_finds_what_was_planted(sample, day: int) -> None:
    profiles = toolkit.Profiles(location=str(DATA / f"day{day}" / "profiles"), key="CustomerId")
    audience = audience_of(profiles, catalog(day), catalog(day).names(), column=IdentityColumn("EMail", EMAIL))
    found = audience.frame.with_columns(pl.col("segment", "status").cast(pl.String)).join(
        sample.truth, left_on="customer", right_on="CustomerId", how="left"
    )
    assert set(found.filter(pl.col("status") == "not_in_profiles")["status_hint"]) == {None}
    assert set(found.filter(pl.col("status") == "missing_identifier")["status_hint"]) == {"missing_email"}
    assert set(found.filter(pl.col("status") == "invalid_identifier")["status_hint"]) == {"invalid_email"}
    left = found.filter(pl.col("status").is_in(["exportable", "duplicate_identifier"]))
    assert set(left["status_hint"]) == {"has_email", "hashed"}
    sent = left.filter((pl.col("status") == "exportable") & (pl.col("flaw") != "MD5"))
    expected = [hashlib.sha256(it.encode()).hexdigest() for it in sent["address"]]
    assert sent["identifier"].to_list() == expected


def test_an_address_of_several_customers_is_sent_once(sample, day: int) -> None:
    profiles = toolkit.Profiles(location=str(DATA / f"day{day}" / "profiles"), key="CustomerId")
    audience = audience_of(profiles, catalog(day), ["Newsletter subscribers"], column=IdentityColumn("EMail", EMAIL))
    members = sample.segments["Newsletter subscribers"].unique().join(sample.truth, on="CustomerId")
    plain = members.filter(pl.col("flaw") != "MD5")["address"].drop_nulls()
    as_md5 = (members["flaw"] == "MD5").sum()
    assert audience.exportable == plain.n_unique() + as_md5
    assert audience.identifiers("Newsletter subscribers").is_duplicated().sum() == 0
