"""Several types of identifiers that are prepared by one pass over the tables, as each would be alone."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import toolkit
from tests.raising import raises
from toolkit.audience import Audience, IdentityColumn, Suppression, audience_of, audiences_of, excluded_of
from toolkit.errors import ErrorCode
from toolkit.identifiers import identifier_type_named

EMAIL, PHONE = identifier_type_named("email"), identifier_type_named("phoneNumber").configured({"phone_region": "NL"})
COLUMNS = [[IdentityColumn("EMail", EMAIL), IdentityColumn("EMail2", EMAIL)], [IdentityColumn("Phone", PHONE)]]
PROFILES = {
    "CustomerId": ["C1", "C2", "C3", "C4", "C5", "C6"],
    "EMail": ["a@mail.example", "b@mail.example", None, "a@mail.example", "no", "f@mail.example"],
    "EMail2": [None, "B2@mail.example ", "", "d@mail.example", "n/a", None],
    "Phone": ["06-12345678", "+31 6 12345679", "0612345678", "call me", None, "06 12345670"],
    "Advertiser": [1, 1, 2, None, 1, 1],
}


def tables(
    folder: Path, profiles: dict[str, list[object]], members: list[str | None]
) -> tuple[toolkit.Profiles, toolkit.SegmentFolder]:
    (folder / "segments").mkdir()
    pl.DataFrame(profiles).write_parquet(folder / "profiles.parquet")
    for name in ("All", "Other"):
        pl.DataFrame({"CustomerId": members}).write_parquet(folder / "segments" / f"{name}.parquet")
    return (
        toolkit.Profiles(location=str(folder / "profiles.parquet"), key="CustomerId"),
        toolkit.SegmentFolder(location=str(folder / "segments"), key="CustomerId"),
    )


def rows(audience: Audience) -> list[pl.DataFrame]:
    frames = [audience.frame, audience.further if audience.further is not None else pl.DataFrame(), audience.counts]
    return [it.sort(it.columns) if it.width else it for it in frames]


@pytest.mark.parametrize("options", [{}, {"advertiser_column": "Advertiser", "advertisers": ["1"]}])
def test_each_type_is_as_alone(tmp_path: Path, options: dict[str, object]) -> None:
    profiles, catalog = tables(tmp_path, PROFILES, ["C1", "C2", "C2", "C3", "C4", "C5", "C6", "C9", None])
    out = Suppression.of_identifiers(EMAIL, pl.Series(["f@mail.example"]))
    excluded = excluded_of(profiles, columns=[it for of_type in COLUMNS for it in of_type], suppression=out)
    both = audiences_of(profiles, catalog, ["All", "Other"], columns=COLUMNS, excluded=excluded, **options)
    for together, (column, *beside) in zip(both, COLUMNS, strict=True):
        alone = audience_of(
            profiles, catalog, ["All", "Other"], column=column, beside=beside, excluded=excluded, **options
        )
        for one, other in zip(rows(together), rows(alone), strict=True):
            assert_frame_equal(one, other)
    assert not both[0].frame["identifier"].equals(both[1].frame["identifier"])


@pytest.mark.parametrize("key", ["C1", None])
def test_keys_that_name_no_one_profile(tmp_path: Path, key: str | None) -> None:
    profiles, catalog = tables(tmp_path, PROFILES | {"CustomerId": ["C1", "C2", "C3", "C4", "C5", key]}, ["C1", "C2"])
    with raises(ErrorCode.DATA, names="CustomerId"):
        audiences_of(profiles, catalog, ["All"], columns=COLUMNS)


def test_lists_of_texts(tmp_path: Path) -> None:
    phones = [["06-12345678", "06 12345679"], [], None, ["x"], ["06-12345670"], ["06-12345671"]]
    profiles, catalog = tables(tmp_path, PROFILES | {"Phone": phones}, ["C1", "C2", "C5"])
    _, by_phone = audiences_of(profiles, catalog, ["All"], columns=COLUMNS)
    assert by_phone.identifier_counts["identifiers"].to_list() == [3]
