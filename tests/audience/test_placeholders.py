"""What stands for nothing is nobody's identifier; one address or id in several spellings is one person."""

import hashlib

import narwhals as nw
import polars as pl
import pytest

import toolkit
from tests.audience.test_build import prepared, statuses
from toolkit.audience import Suppression, build_audience
from toolkit.errors import ConfigurationError
from toolkit.exports.export import make_export
from toolkit.identifiers import hashes_of
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.identifiers.types.madid import TYPE as MADID
from toolkit.invisible_characters import UNSEEN

OPTIONS = {"connection": "C", "email_column": "EMail", "segments": ["S"]}


def status_of(field: str, placeholders: tuple[str, ...] = ()) -> str:
    profiles = pl.LazyFrame({"Key": ["a"], "Mail": [field]})
    members = pl.LazyFrame({"segment": pl.Series(["S"], dtype=pl.Enum(["S"])), "Customer": ["a"]})
    audience = build_audience(
        members, profiles, key="Customer", profile_key="Key", identifier_column="Mail", placeholders=placeholders
    )
    return statuses(audience)["a"]


NOTHING = [
    "",
    " ",
    "null",
    "NULL",
    "None",
    "n/a",
    "N/A",
    "test@test.com",
    "TEST@TEST.COM",
    "noemail@gmail.com",
    "NaN",
    "Test@Test.com",
]


@pytest.mark.parametrize("text", NOTHING)
def test_the_hash_of_nothing_is_missing(text: str) -> None:
    for it in hashes_of(text):
        assert status_of(it) == status_of(it.upper()) == "missing_identifier"


def test_the_hash_of_a_hash_of_nothing_is_missing() -> None:
    sha256, md5, _ = hashes_of("")
    for it in (md5.upper(), sha256, sha256.upper()):
        assert status_of(hashlib.sha256(it.encode()).hexdigest()) == "missing_identifier"


@pytest.mark.parametrize("field", [*NOTHING, "0" * 32, "0" * 64, "noemail@shop.example", "No-Email+7@shop.example"])
def test_placeholders_are_missing(field: str) -> None:
    assert status_of(field) == "missing_identifier"


@pytest.mark.parametrize(
    "field",
    ["anna@test.com", "tester@test.com", "nomail.anna@x.example", hashlib.sha256(b"anna@x.example").hexdigest()],
)
def test_people_are_no_placeholders(field: str) -> None:
    assert status_of(field) == "exportable"


def test_the_list_can_be_extended() -> None:
    mine = tuple(make_export("E", {**OPTIONS, "placeholders": ["Filler", "Till@Shop.example "]}).placeholders)
    assert "till" not in str(mine)
    fields = [
        "filler",
        "filler@shop.example",
        "till@shop.example",
        *hashes_of("till@shop.example"),
        *hashes_of("filler"),
    ]
    assert {status_of(it, mine) for it in fields} == {"missing_identifier"}
    assert status_of("anna@shop.example", mine) == "exportable"
    assert make_export("E", {**OPTIONS, "placeholders": mine}).placeholders == mine


def test_an_empty_placeholder_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        make_export("E", {**OPTIONS, "placeholders": [" "]})


def test_placeholders_are_counted_with_the_reason(workspace: toolkit.Workspace) -> None:
    frame = pl.read_parquet(workspace.profiles.location)
    changed = frame.with_columns(
        EMail=pl.when(pl.col("CustomerId") < "C003").then(pl.lit(hashes_of("")[0])).otherwise("EMail")
    )
    changed.write_parquet(workspace.profiles.location)
    preview = workspace.preview("All", email_column="EMail")
    assert preview.audience.placeholders == 3
    assert any("3 members" in it.text for it in preview.warnings)


def normalised(field: str) -> str:
    return str(nw.from_native(pl.DataFrame({"f": [field]})).select(EMAIL.normalize(nw.col("f"))).item())


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("\u0130SMA\u0130L@X.EXAMPLE", "ismail@x.example"),
        ("i\u0307smail@x.example", "ismail@x.example"),
        ("anna\uff20x.example", "anna@x.example"),
        ("\u3000anna@x.example\u2003\u00a0\u2028", "anna@x.example"),
        ("an\U000e0041na@x.exam\U000e0001ple", "anna@x.example"),
        ("\ufeffanna@x.example\u2800", "anna@x.example"),
    ],
)
def test_spellings_of_one_address(field: str, address: str) -> None:
    assert normalised(field) == address


def test_full_width_letters_are_one_person() -> None:
    audience = prepared([("a", "anna@x.example"), ("b", "\uff21\uff4eN\uff41@\uff58.example")], {"S": ["a", "b"]})
    assert statuses(audience) == {"a": "exportable", "b": "duplicate_identifier"}


def test_each_unseen_character_is_dropped() -> None:
    import re

    unseen = re.findall(UNSEEN, "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)])))
    assert len(unseen) > 4_000
    frame = pl.DataFrame({"f": [f"an{it}na@x.example" for it in unseen]})
    assert nw.from_native(frame).select(EMAIL.normalize(nw.col("f"))).to_native()["f"].unique().to_list() == [
        "anna@x.example"
    ]


ID = "6d92078a-8246-4ba4-ae5b-76104861e7dc"


@pytest.mark.parametrize(
    "field",
    [ID, ID.upper(), f"{{{ID}}}", f"\u200b{ID.upper()}\u00a0", f"( {ID} )", f"urn:uuid:{ID}", f"{ID}\ufeff\r\n"],
)
def test_one_mobile_id_in_any_spelling(field: str) -> None:
    assert nw.from_native(pl.DataFrame({"f": [field]})).select(MADID.normalize(nw.col("f"))).item() == ID


def test_a_mobile_id_of_zeros_is_missing() -> None:
    ids = [
        "00000000-0000-0000-0000-000000000000",
        "{00000000-0000-0000-0000-000000000000}",
        "null",
        ID,
        ID.upper(),
        "x",
    ]
    profiles = pl.LazyFrame({"Key": list("abcdef"), "Id": ids})
    members = pl.LazyFrame({"segment": pl.Series(["S"] * 6, dtype=pl.Enum(["S"])), "Customer": list("abcdef")})
    audience = build_audience(
        members,
        profiles,
        key="Customer",
        profile_key="Key",
        identifier_column="Id",
        identifier_type=MADID,
    )
    assert statuses(audience) == {
        "a": "missing_identifier",
        "b": "missing_identifier",
        "c": "missing_identifier",
        "d": "exportable",
        "e": "duplicate_identifier",
        "f": "invalid_identifier",
    }


def test_suppression_knows_each_spelling() -> None:
    suppressed = Suppression.of_identifiers(EMAIL, pl.Series(["\u0130smail\uff20x.example"]))
    assert suppressed.frame["sha256"].to_list() == [hashlib.sha256(b"ismail@x.example").hexdigest()]
