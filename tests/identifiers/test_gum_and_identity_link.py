"""Ids that others give: by Criteo's synchronization, by LiveRamp."""

import narwhals as nw
import polars as pl
import pytest

from toolkit.identifiers import IdentifierType
from toolkit.identifiers.types.gum import TYPE as GUM
from toolkit.identifiers.types.identity_link import TYPE as IDENTITY_LINK

MAINTAINED = "XY1005wXyWPB1SgpMUKIpzA0I3UaLEz-2lg0wFAr1PWK7FMhs"
DERIVED = "Xi1005p_iYcKP7ZlvFwwK9EwR8GKl_VJqIWUhEaAFmHLAjNOQ9b6OQzSkA43XiVFcTYQ9X"


def valid(kind: IdentifierType, field: str) -> str | None:
    frame = pl.LazyFrame({"field": [field]})
    read = nw.from_native(kind.normalize_columns(frame, ["field"])).filter(kind.is_valid(nw.col("field")))
    found = read.to_native().collect()["field"].to_list()
    return found[0] if found else None


@pytest.mark.parametrize("identifier", [MAINTAINED, DERIVED])
def test_capitals_of_a_liveramp_id_stay(identifier: str) -> None:
    assert valid(IDENTITY_LINK, f" {identifier}\u200b") == identifier


@pytest.mark.parametrize(
    "field", ["", "XY1005", MAINTAINED.lower(), f"hY{MAINTAINED[2:]}", f"Xc{DERIVED[2:]}", DERIVED + "a", "a" * 49]
)
def test_what_is_no_liveramp_id(field: str) -> None:
    assert valid(IDENTITY_LINK, field) is None


@pytest.mark.parametrize("identifier", ["k-3kPcE_aB9", "aB3dE6", "8f14e45fceea167a5a36dedd4bea2543"])
def test_a_gum_id_stays_as_it_is(identifier: str) -> None:
    assert valid(GUM, f"{identifier}\t") == identifier


@pytest.mark.parametrize("field", ["", "abc", "two words", "ab\u00e9def", "F" * 64, "a" * 64, "k" * 256])
def test_what_is_no_gum_id(field: str) -> None:
    assert valid(GUM, field) is None


@pytest.mark.parametrize("caller", ["0", "-1", "abc", "1.5", "99999999999"])
def test_a_caller_is_a_number(caller: str) -> None:
    with pytest.raises(ValueError, match="gum_caller_id"):
        GUM.configured({"gum_caller_id": caller})


def test_a_caller_goes_with_the_type() -> None:
    assert GUM.configured({"gum_caller_id": " 57 "}).caller_id == 57
    assert GUM.caller_id is None
