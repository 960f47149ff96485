"""A condition is SQL on columns of the profiles, and nothing else can be slipped into it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit
from tests.raising import raises
from tests.segments.conftest import PROFILES
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.segments.condition import condition_of


def meeting(where: str | pl.Expr) -> list[str]:
    frame = pl.DataFrame(PROFILES)
    return frame.filter(condition_of(where).expression)["CustomerId"].to_list()


def plain(test: object) -> list[str]:
    return [it["CustomerId"] for it in PROFILES if test(it)]


@pytest.mark.parametrize(
    ("where", "test"),
    [
        ("Country = 'NL'", lambda it: it["Country"] == "NL"),
        ("Country <> 'NL'", lambda it: it["Country"] not in ("NL", None)),
        ("NOT (Country = 'NL')", lambda it: it["Country"] not in ("NL", None)),
        ("Country NOT IN ('NL')", lambda it: it["Country"] not in ("NL", None)),
        ("Country NOT IN ('NL', NULL)", lambda it: False),
        ("Country = NULL", lambda it: False),
        ("Country IS NULL", lambda it: it["Country"] is None),
        ("Country = 'NL' OR Points > 50", lambda it: it["Country"] == "NL" or (it["Points"] or 0) > 50),
        ("NOT (Country = 'NL' AND Points > 50)", lambda it: it["Country"] == "BE" or (it["Points"] or 99) <= 50),
        ("Points BETWEEN 3 AND 5", lambda it: it["Points"] in (3, 4, 5)),
        ("Bought < DATE '2025-03-01'", lambda it: it["Bought"].month < 3),
        ("\"Country\" LIKE '%L'", lambda it: it["Country"] == "NL"),
        ("Country = 'O''Hare'", lambda it: False),
        ("EMail LIKE '%@mail.example'", lambda it: True),
    ],
)
def test_it_means_what_sql_means_with_nulls_too(where: str, test: object) -> None:
    assert meeting(where) == plain(test)


LITERALS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\\0@"), max_size=12)


@given(LITERALS)
def test_text_is_compared_as_it_is_written_whatever_stands_in_it(value: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'"
    frame = pl.DataFrame({"a": [value, f"{value}x"]})
    assert frame.filter(condition_of(f"a = {quoted}").expression)["a"].to_list() == [value]


FILE = "/nowhere/at/all.csv"


@pytest.mark.parametrize(
    "where",
    [
        f"EXISTS (SELECT * FROM read_csv('{FILE}'))",
        f"CustomerId IN (FROM read_csv('{FILE}'))",
        f"CustomerId IN ( \n from read_parquet('{FILE}'))",
        f"(select 1 from read_csv('{FILE}')) = 1",
        "CustomerId IN (VALUES ('C001'))",
        "CustomerId IN (TABLE other)",
        "CustomerId IN (WITH a AS (SELECT 1) SELECT * FROM a)",
        "Country = 'NL') UNION SELECT * FROM profiles --",
        "Country = 'NL'; SELECT 1",
        "SELECT CustomerId FROM profiles",
        f"read_csv('{FILE}') = 1",
        f"a = q'[ ' ]' AND EXISTS (SELECT * FROM read_csv('{FILE}')) AND '",
        f"a = E'\\' AND EXISTS (SELECT * FROM read_csv(\"{FILE}\")) AND b = '",
        "a = $$x$$",
        "a = 'x' -- and more",
        "a = 'x' /* and more */",
        "a = 'x",
        "a = `b`",
    ],
)
def test_what_reads_anything_but_the_profiles_is_refused_before_it_is_opened(where: str) -> None:
    with raises(ErrorCode.CONFIGURATION) as told:
        condition_of(where)
    assert "No such file" not in str(told.value)


def test_polars_itself_would_have_opened_it() -> None:
    with pytest.raises(FileNotFoundError):
        pl.sql_expr(f"EXISTS (SELECT * FROM read_csv('{FILE}'))")


@pytest.mark.parametrize("where", ["", "Country = ", "*", "RANDOM() < 0.5", "COLUMNS('C.*') = 'NL'"])
def test_what_is_no_condition_is_told(where: str) -> None:
    with pytest.raises(ConfigurationError):
        condition_of(where)


@pytest.mark.parametrize("where", ["EMail = 'anna@mail.example'", pl.col("EMail") == "anna@mail.example"])
def test_a_condition_names_no_address_because_it_is_kept(where: str | pl.Expr) -> None:
    with raises(ErrorCode.CONFIGURATION) as told:
        condition_of(where)
    assert "anna" not in str(told.value)


@pytest.mark.parametrize(
    ("where", "code", "names"),
    [
        ("Cuntry = 'NL'", ErrorCode.DATA, ("Cuntry", "Country")),
        ("profiles.Country = 'NL'", ErrorCode.CONFIGURATION, ("Country", "profiles.Country")),
        ("Country", ErrorCode.CONFIGURATION, ("Country", "String")),
        ("Bought < '2025-01-01'", ErrorCode.CONFIGURATION, "DATE '2026-01-31'"),
        ("TRY_CAST(Country AS DATE) IS NULL", ErrorCode.CONFIGURATION, ("text", "date", "DATE")),
        ("DATE(Country, '%Y-%m-%d') IS NULL", ErrorCode.DATA, "date"),
        ("GROUPING(Country) = 1", ErrorCode.CONFIGURATION, ()),
        ("Country SIMILAR TO 'N%'", ErrorCode.CONFIGURATION, "SimilarTo"),
        ("CORR(Spent, Spent) > 0", ErrorCode.CONFIGURATION, "Correlation"),
        ("CAST(Country AS INT) = 1", ErrorCode.DATA, ("Country", "i32", "TRY_CAST")),
    ],
)
def test_what_does_not_fit_the_profiles_is_told_with_the_column(
    alone: toolkit.Workspace, where: str, code: ErrorCode, names: object
) -> None:
    with raises(code, names=names) as told:
        alone.segments.draft("Some", where=where)
    assert "BE" not in str(told.value)
