"""Properties of several identifiers a person, held against rules that are written out person by person."""

import hashlib
from itertools import chain

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.audience import Audience, IdentityColumn, ProfileKeyError, Status, Suppression, build_audience
from toolkit.audience.excluded import find_excluded
from toolkit.identifiers.types.email import TYPE as EMAIL

KEYS = "abcdef"
FIELDS = (None, "", "n/a", "nobody", "one@x.example", "TWO@x.example ", "two@x.example", "three@x.example", "F" * 64)
GOOD = {"one@x.example", "two@x.example", "three@x.example"}

fields = st.sampled_from(FIELDS)
lists = st.none() | st.lists(fields, max_size=3)
profiles = st.dictionaries(st.sampled_from(KEYS), st.tuples(fields, lists, st.lists(fields, max_size=3)))
members = st.dictionaries(st.sampled_from(["S", "T"]), st.sets(st.sampled_from(KEYS)), min_size=1)

COLUMNS = [IdentityColumn("Text", EMAIL), IdentityColumn("List", EMAIL), IdentityColumn("Parted", EMAIL, ";")]


BESIDE = [IdentityColumn("Text", EMAIL), IdentityColumn("Second", EMAIL), IdentityColumn("Third", EMAIL)]


def table(of: dict[str, tuple[str | None, list[str | None] | None, list[str | None]]], beside: bool) -> pl.LazyFrame:
    if beside:
        texts = [(key, text, *(its or [None]), *(parted or [None])) for key, (text, its, parted) in of.items()]
        return pl.LazyFrame(texts, schema=dict.fromkeys(["Id", *(it.name for it in BESIDE)], pl.String), orient="row")
    rows = [(key, text, its, ";".join(it or "" for it in parted)) for key, (text, its, parted) in of.items()]
    schema = {"Id": pl.String, "Text": pl.String, "List": pl.List(pl.String), "Parted": pl.String}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def audience(
    of: pl.LazyFrame, segments: dict[str, set[str]], suppression: Suppression | None = None, *, beside: bool = False
) -> Audience:
    columns = BESIDE if beside else COLUMNS
    rows = [(segment, key) for segment, keys in segments.items() for key in sorted(keys)]
    named = pl.LazyFrame(rows, schema={"segment": pl.Enum(list(segments)), "Customer": pl.String}, orient="row")
    return build_audience(
        named,
        of,
        key="Customer",
        profile_key="Id",
        identifier_column="Text",
        beside=columns[1:],
        excluded=find_excluded(of, profile_key="Id", columns=columns, suppression=suppression or Suppression.nobody()),
    )


def held(fields: tuple[str | None, list[str | None] | None, list[str | None]]) -> list[str]:
    """Return what a person has that is something, normalized, in the order of the columns."""
    text, its, parted = fields
    every = chain([text], its or [], parted)
    return [it.strip().lower() for it in every if it not in (None, "", "n/a")]


def hashes(of: list[str]) -> list[str]:
    sent = [it for it in of if it in GOOD or len(it) == 64]
    return [it if len(it) == 64 else hashlib.sha256(it.encode()).hexdigest() for it in dict.fromkeys(sent)]


def one_each(
    of: dict[str, tuple[str | None, list[str | None] | None, list[str | None]]],
) -> dict[str, tuple[str | None, list[str | None] | None, list[str | None]]]:
    return {key: (text, (its or [])[:1], parted[:1]) for key, (text, its, parted) in of.items()}


@given(profiles, members, st.booleans())
def test_each_valid_identifier_is_sent_once(
    of: dict[str, tuple[str | None, list[str | None] | None, list[str | None]]],
    segments: dict[str, set[str]],
    beside: bool,
) -> None:
    of = one_each(of) if beside else of
    found = audience(table(of, beside), segments, beside=beside)
    for segment, keys in segments.items():
        theirs = {key: hashes(held(of[key])) for key in keys if key in of}
        keeper: dict[str, str] = {}
        for key in sorted(theirs):
            for it in theirs[key]:
                keeper.setdefault(it, key)
        wanted = found.wanted(segment)
        assert sorted(wanted.rows()) == sorted(keeper.items())
        statuses = dict(found.frame.filter(pl.col("segment") == segment).select("customer", "status").iter_rows())
        assert statuses.keys() == keys
        for key, status in statuses.items():
            sent = [it for it in theirs.get(key, []) if keeper[it] == key]
            expected = (
                Status.NOT_IN_PROFILES
                if key not in of
                else Status.EXPORTABLE
                if sent
                else Status.DUPLICATE_IDENTIFIER
                if theirs[key]
                else Status.INVALID_IDENTIFIER
                if held(of[key])
                else Status.MISSING_IDENTIFIER
            )
            assert status == expected
    assert int(found.identifier_counts["identifiers"].sum()) == found.sent.height
    assert int(found.counts.select(pl.col("members").sum()).item()) == sum(map(len, segments.values()))


@given(profiles, members, st.sampled_from(sorted(GOOD)), st.booleans())
def test_suppression_by_any_removes_all(
    of: dict[str, tuple[str | None, list[str | None] | None, list[str | None]]],
    segments: dict[str, set[str]],
    named: str,
    beside: bool,
) -> None:
    of = one_each(of) if beside else of
    gone = {named}
    people: set[str] = set()
    while True:
        met = {key for key, its in of.items() if gone & set(hashes(held(its))) or gone & set(held(its))}
        if met == people:
            break
        people = met
        gone |= set(chain.from_iterable(hashes(held(of[key])) + held(of[key]) for key in people)) - {"nobody"}
    suppression = Suppression.of_identifiers(EMAIL, pl.Series([named]))
    found = audience(table(of, beside), segments, suppression, beside=beside)
    left = set(found.frame.filter(pl.col("status") == Status.SUPPRESSED.value)["customer"])
    assert left == people & set(chain.from_iterable(segments.values()))
    assert not set(found.sent["customer"]) & people
    assert not set(found.sent["identifier"]) & gone


def test_lists_of_one_are_as_text() -> None:
    text = {"a": ("one@x.example", None, []), "b": (None, ["one@x.example"], []), "c": (None, None, ["one@x.example"])}
    found = audience(table(text, beside=False), {"S": {"a", "b", "c"}})
    assert found.wanted("S")["customer"].to_list() == ["a"]
    assert found.further is None or found.further.is_empty()


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3), (3, 2), (1, 2), (0, 2), (2, 0), (4, 2)])
@pytest.mark.parametrize("reading", [COLUMNS, BESIDE])
def test_a_repeated_key_is_refused(sizes: tuple[int, int], reading: list[IdentityColumn]) -> None:
    names = ("one", "two", "three", "four")
    lists = [[f"{it}{number}@x.example" for it in names[:size]] for number, size in enumerate(sizes)]
    frame = pl.LazyFrame({"Id": ["a", "a"], "List": lists}, schema={"Id": pl.String, "List": pl.List(pl.String)})
    empty = pl.lit(None, pl.String)
    profiles = frame.with_columns(Text=empty, Parted=empty, Second=pl.col("List").list.first(), Third=empty)
    with pytest.raises(ProfileKeyError):
        audience(profiles, {"S": {"a"}}, beside=reading is BESIDE)
