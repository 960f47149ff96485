"""A condition is true or false of one profile: its value never depends on other rows, on chance or on the time."""

import subprocess
import sys
import time
from datetime import date

import polars as pl
import pytest

import toolkit
from tests.raising import raises
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.segments.condition import MOST_CHARACTERS, MOST_WORDS, condition_of
from toolkit.segments.rowwise import MOST_LEVELS

A, B, TEXT, ITEMS = pl.col("a"), pl.col("b"), pl.col("s"), pl.col("l")

SQL_OF_MANY_ROWS = [
    "COUNT(*) > 1",
    "COUNT(a) > 1",
    "COUNT(DISTINCT a) = 3",
    "SUM(a) > 25",
    "MAX(a) = 20",
    "MIN(a) = a",
    "a > AVG(a)",
    "a > MEDIAN(a)",
    "STDDEV(a) > 1",
    "QUANTILE_CONT(a, 0.5) > a",
    "FIRST(a) = 10",
    "LAST(a) = 10",
    "CORR(a, b) > 0",
    "STRING_AGG(s, ',') = 'x'",
    "ARRAY_AGG(a) = a",
    "a > ALL(ARRAY[1])",
    "CASE WHEN SUM(a) > 1 THEN TRUE ELSE FALSE END",
    "COALESCE(a, MAX(a)) = 1",
    "a IN (1, 2) AND COUNT(*) > 0",
    "ROW_NUMBER() OVER (ORDER BY a) > 1",
    "SUM(a) OVER (PARTITION BY s) > 1",
    "LAG(a) OVER (ORDER BY b) = 1",
    "RANK() OVER (ORDER BY a) = 1",
    "CUME_DIST() OVER (ORDER BY a) > 0.5",
    "UNNEST(l) = 1",
    "DATE(s) > DATE '2020-01-01'",
]
EXPRESSIONS_OF_MANY_ROWS = {
    "len": pl.len() > 1,
    "mean": A.mean() < A,
    "series": pl.Series([1, 2, 3]) == A,
    "series_of_one": pl.lit(pl.Series([1])) < A,
    "rank": A.rank() > 1,
    "shift": A.shift() > 1,
    "diff": A.diff() > 1,
    "pct_change": A.pct_change() > 1,
    "cum_sum": A.cum_sum() > 1,
    "cum_count": A.cum_count() > 1,
    "is_duplicated": A.is_duplicated(),
    "is_unique": A.is_unique(),
    "struct_duplicated": pl.struct("a", "b").is_duplicated(),
    "is_first_distinct": A.is_first_distinct(),
    "is_last_distinct": A.is_last_distinct(),
    "any": (A > 1).any(),
    "all": (A > 1).all() | (A > 1),
    "has_nulls": A.has_nulls(),
    "shuffle": A.shuffle(seed=1) > 1,
    "sample": A.sample(fraction=1.0) > 1,
    "over": A.max().over("s") == A,
    "sort": A.sort() > 1,
    "sort_by": A.sort_by("b") > 1,
    "reverse": A.reverse() > 1,
    "explode": ITEMS.explode() > 1,
    "list_sample": ITEMS.list.sample(1).list.get(0) > 1,
    "list_random": ITEMS.list.eval(pl.element().shuffle()).list.get(0) > 1,
    "filter": A.filter(B > 1) > 1,
    "head": A.head(1) > 1,
    "gather": A.gather([0]) == A,
    "forward_fill": A.forward_fill() > 1,
    "fill_with_mean": A.fill_null(strategy="mean") > 1,
    "interpolate": A.interpolate() > 1,
    "rolling": A.rolling_sum(2) > 1,
    "ewm": A.ewm_mean(span=3) > 1,
    "rle_id": A.rle_id() > 1,
    "row_number": pl.int_range(pl.len()) > 1,
    "peak": A.peak_max(),
    "mode": A.mode() == A,
    "in_a_column": A.is_in(B.implode()),
    "cumulative_eval": A.cumulative_eval(pl.element().sum()) > 1,
    "search_sorted": A.search_sorted(1) > 1,
    "physical_category": TEXT.cast(pl.Categorical).cat.physical() == 0,
    "bitwise_and": A.bitwise_and() == A,
    "guessed_format": TEXT.str.to_date() > date(2020, 1, 1),
    "python": A.map_batches(lambda it: it > it.mean()),
    "python_by_row": A.map_elements(str.isdigit, return_dtype=pl.Boolean),
    "repeat": pl.repeat(True, 3),
}


@pytest.mark.parametrize("where", SQL_OF_MANY_ROWS)
def test_sql_over_many_rows_is_refused(where: str) -> None:
    with raises(ErrorCode.CONFIGURATION):
        condition_of(where)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXPRESSIONS_OF_MANY_ROWS)
def test_expressions_over_many_rows_are_refused(name: str) -> None:
    with raises(ErrorCode.CONFIGURATION):
        condition_of(EXPRESSIONS_OF_MANY_ROWS[name])


@pytest.mark.parametrize("where", ["NOW() > d", "CURRENT_TIMESTAMP > d", "LOCALTIMESTAMP > d", "d > now ( )"])
def test_the_time_of_the_call_is_refused(where: str) -> None:
    with raises(ErrorCode.CONFIGURATION, names="CURRENT_DATE"):
        condition_of(where)


ROWS = pl.DataFrame(
    {
        "a": [3, None, 1, 2, 2, 7],
        "b": [1, 2, 2, None, 5, 6],
        "f": [1.5, -2.5, None, 0.0, 3.25, 9.0],
        "s": ["x", "Yx", None, "2020-01-05", "a,b", ""],
        "t": ["x", "2021-02-03", "b", "2020-01-05", None, "z"],
        "u": ["2020-01-05", "2019-02-03"] * 3,
        "d": [date(2020, month, 3) for month in range(1, 7)],
        "l": [[1, 2], [], None, [3], [2, 2], [9]],
        "p": [{"x": 1}, {"x": 2}, {"x": None}, {"x": 4}, {"x": 1}, {"x": 0}],
    }
)
OF_ONE_ROW: list[str | pl.Expr] = [
    "a = 1 OR b > 2 AND NOT a IN (1, 2)",
    "a NOT IN (1, NULL)",
    "s IN ('x', 'a,b')",
    "a IN (b, 2)",
    "s LIKE '%x' OR s ILIKE 'y_'",
    "s ~ '^[a-z]'",
    "COALESCE(a, b, 0) > 1",
    "GREATEST(a, b) > 2 AND LEAST(a, b) < 2",
    "CASE WHEN a > 1 THEN b > 1 ELSE FALSE END",
    "NULLIF(a, 2) IS NULL",
    "TRY_CAST(s AS INT) = 1",
    "LENGTH(s) > 1 AND UPPER(s) = 'X'",
    "CONCAT(s, t) = 'xx' OR s || t = 'xx'",
    "SUBSTR(s, 1, 1) = 'x'",
    "SPLIT_PART(s, ',', 1) = 'a'",
    "STRPTIME(u, '%Y-%m-%d') > DATE '2020-01-01'",
    "d BETWEEN DATE '2020-02-01' AND DATE '2020-04-30'",
    "d < CURRENT_DATE - INTERVAL '1 year'",
    "EXTRACT(MONTH FROM d) = 3 OR DATE_PART('year', d) = 2021",
    "ABS(f) > 2 AND ROUND(f, 1) > 1 AND SQRT(ABS(f)) > 1 AND MOD(a, 2) = 1",
    "ARRAY_CONTAINS(l, 2)",
    "l[1] = 2",
    "p.x = 1",
    "a IS DISTINCT FROM b",
    "TRUE",
    A.is_between(1, 2) & B.is_not_null(),
    A.is_in([1, 2]) | TEXT.is_in(pl.Series(["x"])),
    pl.any_horizontal(A > 2, B > 2),
    pl.when(A > 1).then(B > 1).otherwise(other := pl.lit(False)) | other,
    ITEMS.list.eval(pl.element() > 1).list.any(),
    ITEMS.list.sum() > 2,
    A.replace_strict({1: True}, default=False),
    TEXT.str.to_date("%Y-%m-%d", strict=False) > date(2020, 1, 1),
    pl.col("d").dt.truncate("1mo") == date(2020, 3, 1),
    pl.col("d").dt.is_business_day(),
    pl.struct("a", "b").struct.field("a") == 1,
    A.clip(1, 2) == 2,
    TEXT.fill_null("x") == "x",
    A.hash(seed=1) % 2 == 0,
]


@pytest.mark.parametrize("where", OF_ONE_ROW, ids=lambda it: str(it)[:50])
def test_what_is_taken_gives_the_same_on_pieces(where: str | pl.Expr) -> None:
    expression = condition_of(where).expression.alias("met")
    whole = ROWS.with_columns(expression)["met"]
    pieces = [ROWS[place : place + 1].with_columns(expression)["met"] for place in range(ROWS.height)]
    assert whole.dtype == pl.Boolean
    assert len(whole) == ROWS.height
    assert pl.concat(pieces).equals(whole)
    shuffled = ROWS[::-1].with_columns(expression)["met"]
    assert shuffled.reverse().equals(whole)


@pytest.mark.parametrize("where", ["Points", "'a'", "NULL", "1", "Points + 1", "ARRAY[TRUE]", pl.col("Points") * 2])
def test_anything_but_true_or_false_is_refused(alone: toolkit.Workspace, where: str | pl.Expr) -> None:
    with pytest.raises(ConfigurationError):
        alone.segments.draft("Some", where=where)


@pytest.mark.parametrize("where", ['Country = "NL"', 'Country IN ("NL")'])
def test_text_in_double_quotes_is_named(alone: toolkit.Workspace, where: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        alone.segments.draft("Some", where=where)
    assert "'NL'" in told.value.remedy


@pytest.mark.parametrize("where", [None, 1, True, pl.Series([True]), ["a = 1"]])
def test_another_type_is_no_condition(alone: toolkit.Workspace, where: object) -> None:
    with pytest.raises(ConfigurationError):
        alone.segments.draft("Some", where=where)  # type: ignore[arg-type]


LONG = {
    "or": " OR ".join(["a = 1"] * 20_000),
    "dots": ".".join(["a"] * 50_000) + " = 1",
    "dots in few words": ".".join(["a"] * 20_000) + " = 1",
    "many dots": " OR ".join([".".join(["a"] * 9) + " = 1"] * 100),
    "plus": "+".join(["a"] * 5_000) + " > 1",
    "columns in": "a IN (" + ",".join(["a"] * 5_000) + ")",
    "case": "CASE " + " ".join(f"WHEN a = {it} THEN TRUE" for it in range(2_000)) + " END",
    "cast": "a" + "::int" * 5_000 + " = 1",
    "nots": "NOT " * 5_000 + "b",
    "quotes": "'" * 49_999,
    "open quote": "a = '" + "'' " * 15_000,
    "not in words": "(" * 40_000,
    "minus": "-" * 40_000,
    "pluses": "+" * 40_000 + "a > 1",
    "at": "@" * 49_000,
    "text": "a = '" + "x" * 110_000 + "'",
    "cast in cast": "CAST(" * 60,
    "case in case": "CASE WHEN b THEN " * 60,
    "not in not": "NOT (" * 60,
    "lists in lists": "ARRAY[" * 60,
    "position in position": "POSITION('a' IN " * 60,
    "intervals": "INTERVAL " * 60,
    "negative list": "a IN (" + ",".join(f"-{it}" for it in range(9_000)) + ") AND a = (",
}


@pytest.mark.parametrize("name", LONG)
def test_long_conditions_are_refused_at_once(name: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ConfigurationError):
        condition_of(LONG[name])
    assert time.perf_counter() - started < 0.5


def test_a_deep_expression_is_refused_at_once() -> None:
    deep = pl.any_horizontal(A == 1)
    for _ in range(MOST_LEVELS + 1):
        deep = deep | (A == 2)
    shared = A == 1
    for _ in range(40):
        shared = shared | shared
    for it in (deep, shared):
        with raises(ErrorCode.CONFIGURATION):
            condition_of(it)


def test_many_values_of_a_column_are_taken() -> None:
    keys = ", ".join(f"'C{it:05}'" for it in range(5_000))
    condition = condition_of(f"s IN ({keys}) OR a IN ({', '.join(map(str, range(200)))})")
    assert ROWS.filter(condition.expression)["a"].to_list() == [3, 1, 2, 2, 7]
    assert len(condition.text) < MOST_CHARACTERS


def test_usual_nesting_is_taken() -> None:
    case = "CASE WHEN a = 1 THEN 'x' ELSE " * 8 + "s" + " END" * 8
    groups = "a = 1 AND (b OR (a = 2 OR " * 7 + "b" + "))" * 7
    for text in (f"UPPER(TRIM({case})) = 'X'", groups, 'a = 1 AND "Interval" = 3'):
        assert condition_of(text).columns


JUST_BELOW = """
import sys, threading
import polars as pl
from toolkit.errors import ConfigurationError
from toolkit.segments.condition import MOST_WORDS, condition_of

frame = pl.DataFrame({"a": [1, 2], "b": [True, False], "s": ["x", "y"]})
n = MOST_WORDS
texts = [
    " OR ".join(["a = 1"] * (n // 3)), " AND ".join(["a BETWEEN 1 AND 2"] * (n // 6)), "+".join(["a"] * (n - 1)) + " > 1",
    "||".join(["s"] * 180) + " = 'x'", "NOT " * (n - 1) + "b", "(" * 400 + "a = 1" + ")" * 400, "+" * 400 + "a > 1",
    "a IN (" + ",".join(["a"] * (n - 3)) + ")", "a" + "::int" * (n - 2) + " = 1", "b" + " = b" * 190,
    "CASE " + " ".join(f"WHEN a = {it} THEN TRUE" for it in range(n // 5)) + " END", "ABS(" * 190 + "a" + ")" * 190 + " = 1",
    "COALESCE(" + ",".join(["a"] * (n - 3)) + ") = 1", "b" + " IS TRUE" * (n // 2 - 1), "[" * 9000 + "]" * 9000,
]
def work():
    for text in texts:
        try:
            condition = condition_of(text)
        except ConfigurationError:
            continue
        pl.collect_all([frame.lazy().filter(condition.expression)], engine="streaming")
        condition.fingerprint
    print("done", flush=True)
threading.stack_size(1024 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_just_below_the_limits_a_small_stack_holds() -> None:
    ended = subprocess.run([sys.executable, "-c", JUST_BELOW], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "done"), ended.stderr[-500:]


HIDDEN: list[str | pl.Expr] = [
    "EMail = 'anna' || '@mail.example'",
    "EMail = 'anna@' || 'mail.example'",
    "EMail = CONCAT('anna', '@', 'mail.example')",
    "EMail = LOWER('ANNA' || '@MAIL.EXAMPLE')",
    "EMail = REVERSE('elpmaxe.liam@anna')",
    "EMail = REPLACE('anna#mail.example', '#', '@')",
    "EMail || 'anna' || '@' || 'mail.example' = Country",
    "EMail IN ('x', 'anna' || '@mail.example')",
    "EMail LIKE 'anna%@mail.example'",
    "EMail LIKE 'anna@%'",
    "EMail ILIKE 'ANNA_mail.example'",
    "EMail LIKE '%nna@mail.example'",
    "EMail ~ '^anna[@]mail[.]example$'",
    "EMail ~ '^anna\\@mail\\.example$'",
    "EMail = 'anna\uff20mail.example'",
    "EMail = 'anna\u200b@\u2060mail.example'",
    "STARTS_WITH(EMail, 'anna@')",
    "\"anna@mail.example\" = 'x'",
    pl.col("EMail") == pl.lit("anna") + "@mail.example",
    pl.col("EMail") == pl.concat_str(pl.lit("anna"), pl.lit("@mail.example")),
    pl.col("EMail").str.starts_with("anna@"),
]


@pytest.mark.parametrize("where", HIDDEN, ids=lambda it: str(it)[:50])
def test_an_address_is_found_however_it_is_written(where: str | pl.Expr) -> None:
    with raises(ErrorCode.CONFIGURATION) as told:
        condition_of(where)
    assert "anna" not in str(told.value).lower()


@pytest.mark.parametrize(
    "where",
    [
        "EMail LIKE '%@mail.example'",
        "EMail LIKE '%_@mail.example' OR EMail ILIKE '%@MAIL.%'",
        "EMail ~ '^[a-z.]+@mail\\.example$'",
        "SPLIT_PART(EMail, '@', 2) = 'mail.example'",
        "EMail = Country || '@mail.example'",
        "Country LIKE 'first_name.nl'",
        "Country = '@handle' AND EMail NOT LIKE '%@%'",
        pl.col("EMail").str.ends_with("@mail.example"),
    ],
    ids=str,
)
def test_a_domain_may_be_asked_for(where: str | pl.Expr) -> None:
    assert condition_of(where).columns


def test_the_limits_are_told() -> None:
    with raises(ErrorCode.CONFIGURATION, names=MOST_WORDS):
        condition_of(" OR ".join(["a = 1"] * 400))
    with raises(ErrorCode.CONFIGURATION, names="100,000"):
        condition_of("a = 1 " * 40_000)
