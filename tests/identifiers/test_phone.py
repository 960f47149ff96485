"""Telephone numbers: what is one, and how it is spelt, held against the library whose metadata decides."""

import hashlib

import narwhals as nw
import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.identifiers import HashFormat
from toolkit.identifiers.types.phone import TYPE as PHONE

REGIONS = ("NL", "BE", "DE", "FR", "GB", "IT", "US", "IN", "BR", "AR", "MX", "RU", "HU", "JP", "AU", "ES")


def normalized(*fields: str | None, region: str = "") -> list[str | None]:
    frame = pl.LazyFrame({"field": fields}, schema={"field": pl.String})
    return PHONE.configured({"phone_region": region}).normalize_columns(frame, ["field"]).collect()["field"].to_list()


def is_valid(*values: str | None) -> list[bool | None]:
    frame = nw.from_native(pl.DataFrame({"value": values}, schema={"value": pl.String}))
    return frame.select(PHONE.is_valid(nw.col("value")))["value"].to_list()


@pytest.mark.parametrize(
    "field",
    [
        "+31612345678",
        "+31 6 12345678",
        " +31 (0)6-1234 5678\u200b",
        "0031 6 12 34 56 78",
        "tel:+31-6-12345678",
        "+31.6.12.34.56.78",
        "\uff0b\uff13\uff11\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "+31 6 12345678 ext. 12",
    ],
)
def test_a_number_has_one_spelling(field: str) -> None:
    assert normalized(field) == ["+31612345678"]


@pytest.mark.parametrize("field", ["06-12345678", "612345678", "31612345678", "0612345678", "+31612345678"])
def test_a_region_reads_national_numbers(field: str) -> None:
    assert normalized(field, region="NL") == ["+31612345678"]
    assert normalized(field, region="nl") == ["+31612345678"]


def test_without_a_region_national_numbers_are_invalid() -> None:
    fields = normalized("06-12345678", "612345678", "(202) 555-0123")
    assert is_valid(*fields) == [False, False, False]


@pytest.mark.parametrize(
    ("region", "field", "number"),
    [
        ("US", "(202) 555-0123", "+12025550123"),
        ("US", "011 31 6 12345678", "+31612345678"),
        ("IT", "06 12345678", "+390612345678"),
        ("AR", "11 15-2345-6789", "+5491123456789"),
        ("HU", "06 20 123 4567", "+36201234567"),
        ("GB", "+44 (0)20 7946 0018", "+442079460018"),
    ],
)
def test_countries_have_rules_of_their_own(region: str, field: str, number: str) -> None:
    assert normalized(field, region=region) == [number]


@pytest.mark.parametrize(
    "field",
    [
        "call me",
        "",
        "+",
        "+31",
        "+3161234567",
        "+999123456789",
        "2024-05-06",
        "123456789012345678",
        "+31612345678 9" * 9,
    ],
)
def test_anything_else_is_none(field: str) -> None:
    assert is_valid(*normalized(field)) == [False]
    assert is_valid(*normalized(field, region="NL")) == [False]


@pytest.mark.parametrize("region", ["XX", "NLD", "31", "Nederland"])
def test_a_region_is_a_country(region: str) -> None:
    with pytest.raises(ValueError, match="phone_region"):
        PHONE.configured({"phone_region": region})


def test_hashes_are_as_criteo_makes_them() -> None:
    # The examples of Criteo's guide to the OneTag, but for the one without a country.
    numbers = pl.DataFrame({"number": ["+33140402290", "+811234567891"]})
    assert numbers.select(PHONE.hashed("number", HashFormat.SHA256))["number"].to_list() == [
        "fda66831d0cb0eb4bffb21bc795308d69921c211c57be0ae15702071e3b9e988",
        "d9825fb05347d3c910fc5202c0c20d07a87b791cc643c6f2d70402394a849540",
    ]


def test_a_hash_stays_a_hash() -> None:
    digest = hashlib.sha256(b"31612345678").hexdigest()
    assert normalized(digest.upper(), region="NL") == [digest]


numbers = st.from_regex(r"\A[0-9]{4,12}\Z")
spellings = st.sampled_from(
    [
        "+{code}{number}",
        "+{code} {number}",
        "{number}",
        "{prefix}{number}",
        "+{code} (0){number}",
        "{code}{number}",
        "+{code}-{prefix}{number}",
        "({prefix}{number})",
        "tel:+{code}{number}",
    ]
)


def by_library(field: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(field, region or None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, 0) if phonenumbers.is_valid_number(number) else None


@given(
    fields=st.lists(st.tuples(spellings, numbers, st.sampled_from(REGIONS)), min_size=1, max_size=20),
    region=st.sampled_from(["", *REGIONS]),
)
def test_never_another_number_than_the_librarys(fields: list[tuple[str, str, str]], region: str) -> None:
    written = []
    for spelling, number, country in fields:
        found = phonenumbers.PhoneMetadata.metadata_for_region(country)
        assert found is not None
        written.append(spelling.format(code=found.country_code, number=number, prefix=found.national_prefix or ""))
    ours = normalized(*written, region=region)
    for field, value, valid in zip(written, ours, is_valid(*ours), strict=True):
        theirs = by_library(field, region)
        if valid and not field.startswith("00"):
            assert value == theirs, field
        if theirs is not None and field.startswith("+"):
            assert value == theirs, field


@given(st.lists(st.one_of(numbers, st.text(max_size=20), st.sampled_from(["+31612345678", "06 12345678"]))))
def test_normalizing_twice_is_once(fields: list[str]) -> None:
    once = normalized(*fields)
    assert normalized(*once) == once


@given(
    st.lists(st.one_of(st.from_regex(r"\A[ +(]{0,2}[0-9][0-9 ().-]{2,16}[0-9]\Z"), st.text(max_size=12)), max_size=20),
    st.sampled_from(["", "NL", "US", "IT"]),
)
def test_expression_and_columns_agree(fields: list[str], region: str) -> None:
    kind = PHONE.configured({"phone_region": region})
    frame = pl.DataFrame({"field": fields}, schema={"field": pl.String})
    plain = nw.from_native(frame).select(kind.normalize(nw.col("field"))).to_native()["field"].to_list()
    for by_rule, by_column in zip(plain, normalized(*fields, region=region), strict=True):
        # What an expression can't read the library may.
        assert by_rule == by_column or is_valid(by_rule, by_column) == [False, True]
