"""Tables in an engine give the same result as tables in files, identifier by identifier."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolkit
from tests.conftest import need
from tests.sources.engines import DuckDB, Engine, PostgreSQL, Spark, local_spark
from toolkit.audience import Audience, IdentityColumn
from toolkit.audience.segments import audience_of
from toolkit.identifiers import first_type
from toolkit.sources import KeyRule
from toolkit.sources.engines.bare_keys import OTHER_THAN_PLAIN, bare_key
from toolkit.sources.key_rules import normalized

ENGINES = ["duckdb", "spark", "postgresql"]
EMAILS = [
    "ann@mail.example",
    " ANN@mail.example\u00a0",
    "\u2003bo@mail.example\u200b",
    "J\u00fcrgen@m\u00fcller.example",
    "Ju\u0308rgen@m\u00fcller.example",
    "\u0130stanbul@mail.example",
    "stra\u00dfe@mail.example",
    "\u212aelvin@mail.example",
    "\uff41nn@mail.example",
    "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
    "none",
    "n/a",
    "",
    "   ",
    None,
    "no address",
    "two@@mail.example",
    '"quoted name"@mail.example',
    "a'; DROP TABLE profiles; --@mail.example",
    "\U0001f600@mail.example",
]
KEYS = [
    *("1", "01", "001", "1.0", "ab", "AB", "Ab", " ab", "ab ", "ab\u00a0", "\u00e9", "e\u0301", "\u0130", "i\u0307"),
    *("\u00df", "ss", "\u017f", "s", "a\tb", "-"),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    with local_spark(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    from tests.postgresql import running_server

    with running_server() as server:
        os.environ["TESTS_WAREHOUSE"] = server.new_database().replace("postgresql+psycopg://", "postgres://")
        yield PostgreSQL("TESTS_WAREHOUSE")
        del os.environ["TESTS_WAREHOUSE"]


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    return DuckDB(tmp_path_factory.mktemp("duckdb") / "crm.duckdb")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue({"duckdb": "duck"}.get(request.param, request.param))


def written(folder: Path, name: str, frame: pl.DataFrame) -> str:
    frame.write_parquet(folder / f"{name}.parquet")
    return str(folder / f"{name}.parquet")


def prepared(profiles: Any, segments: Any, **options: Any) -> Audience:
    reading = {it: options.pop(it) for it in ("key_as_text", "key_normalization") if it in options}
    catalog = toolkit.SegmentTable(location=segments, key="Key", segment="Segment", key_as_text=False)
    return audience_of(
        toolkit.Profiles(location=profiles, key="Key", **reading),
        catalog,
        sorted(set(catalog.names()) - set(options.get("exclude", ()))),
        column=IdentityColumn("EMail", first_type()),
        **options,
    )


def same(
    engine: Engine, folder: Path, profiles: pl.DataFrame, members: pl.DataFrame, *, ways: int = 1, **options: Any
) -> Audience:
    """Prepare from files and from an engine; check that it is the same, in so many ``ways``."""
    files = written(folder, "profiles", profiles), written(folder, "members", members)
    tables = engine.put("profiles", profiles), engine.put("members", members)
    expected = prepared(*files, **options)
    for pair in [tables, (tables[0], files[1]), (files[0], tables[1])][:ways]:
        found = prepared(*pair, **options)
        order = ["segment", "customer"]
        assert found.frame.sort(order).rows() == expected.frame.sort(order).rows()
        assert found.rows.rows() == expected.rows.rows()
        assert found.spelt_otherwise.members == expected.spelt_otherwise.members
    return expected


def people(keys: list[Any], dtype: Any = None) -> pl.DataFrame:
    emails = [EMAILS[number % len(EMAILS)] for number in range(len(keys))]
    return pl.DataFrame({"Key": pl.Series(keys, dtype=dtype), "EMail": pl.Series(emails, dtype=pl.String)})


def memberships(keys: list[Any], dtype: Any = None) -> pl.DataFrame:
    return pl.DataFrame({"Segment": ["VIP"] * len(keys), "Key": pl.Series(keys, dtype=dtype)})


def test_the_same_of_texts(engine: Engine, tmp_path: Path) -> None:
    found = same(engine, tmp_path, people(KEYS), memberships([*KEYS[::2], *KEYS[:6], "nobody", None]), ways=3)
    assert set(found.frame["status"]) > {"exportable", "not_in_profiles", "missing_identifier", "invalid_identifier"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (pl.Int32, pl.Int64),
        (pl.Decimal(38, 0), pl.Int16),
        (pl.Decimal(12, 2), pl.Float64),
        (pl.Float64, pl.Decimal(20, 0)),
    ],
)
def test_the_same_of_numbers(engine: Engine, tmp_path: Path, theirs: Any, ours: Any) -> None:
    members = pl.Series([1, 2, 3, 99, None, 3]).cast(ours)
    same(engine, tmp_path, people(list(range(-3, 9))).with_columns(pl.col("Key").cast(theirs)), memberships(members))


def test_numbers_as_text(engine: Engine, tmp_path: Path) -> None:
    same(engine, tmp_path, people([1, 2, 3]), memberships(["1", "02", "3 ", "x", "3"]), key_as_text=True)


def test_numbers_beyond_64_bits(engine: Engine, tmp_path: Path) -> None:
    keys = [Decimal(2**70), Decimal(2**70 + 1), Decimal(7)]
    same(engine, tmp_path, people(keys, pl.Decimal(38, 0)), memberships([keys[1], Decimal(7)], pl.Decimal(38, 0)))


def test_uuids_as_bytes(engine: Engine, tmp_path: Path) -> None:
    keys = [UUID(int=number).bytes for number in range(4)]
    same(engine, tmp_path, people(keys), memberships([str(UUID(int=2)), str(UUID(int=9))]))


def test_rules_of_keys(engine: Engine, tmp_path: Path) -> None:
    rules = ["case", "blanks", "leading zeros", "decimal point", "unicode"]
    members = memberships([" AB", "E\u0301", "0007", "none"])
    same(engine, tmp_path, people(["ab", "\u00e9", "7.0", "x"]), members, key_normalization=rules)


def test_excluded_people(engine: Engine, tmp_path: Path) -> None:
    profiles = people(["a", "b", "c", "d"]).with_columns(EMail=pl.Series(["x@a.nl", " X@A.nl", "y@a.nl", "z@a.nl"]))
    members = pl.DataFrame({"Segment": [*["VIP"] * 4, "Out", "Out"], "Key": [*"abcd", "a", "d"]})
    found = same(engine, tmp_path, profiles, members, exclude=["Out"])
    assert found.frame.filter(status="exportable")["customer"].to_list() == ["c"]


def test_names_of_segments(engine: Engine, tmp_path: Path) -> None:
    members = pl.DataFrame({"Segment": ["VIP", "vip", "\u00e9t\u00e9", "e\u0301te\u0301", None], "Key": [*"abcab"]})
    found = same(engine, tmp_path, people([*"abc"]), members)
    assert found.rows.rows() == [("VIP", 1, 0), ("vip", 1, 0), ("\u00e9t\u00e9", 2, 0)]


def test_odd_names_of_columns(engine: Engine, tmp_path: Path) -> None:
    odd = 'a.b "c" `d` #'
    frame = people([*"abc"]).rename({"EMail": odd})
    tables = written(tmp_path, "odd", frame), engine.put("odd", frame)
    read = [toolkit.Profiles(location=it, key="Key").scan([odd]).collect().sort("Key") for it in tables]
    assert read[0].equals(read[1])


@pytest.mark.parametrize("keys", [["a", "b", "b"], ["a", "b", None]])
def test_keys_repeated_or_null(engine: Engine, keys: list[str | None]) -> None:
    tables = engine.put("profiles", people(keys)), engine.put("members", memberships(["b"]))
    with pytest.raises(toolkit.DataError):
        prepared(*tables)
    with pytest.raises(toolkit.DataError):
        toolkit.Profiles(location=tables[0], key="Key").check_keys()


def test_nan_is_no_key(engine: Engine) -> None:
    tables = engine.put("profiles", people([1.0, float("nan")])), engine.put("members", memberships([1]))
    with pytest.raises(toolkit.DataError):
        prepared(*tables)


def test_moments_are_in_utc(engine: Engine) -> None:
    moments = pl.Series(["2026-03-29T01:30:00+01:00", "2026-10-25T02:30:00+02:00", None])
    frame = people([*"abc"]).with_columns(At=moments.str.to_datetime(time_zone="UTC"))
    read = toolkit.Profiles(location=engine.put("profiles", frame), key="Key").scan(["At"]).collect().sort("Key")
    assert read.schema["At"] == pl.Datetime("us", "UTC")
    assert read["At"].to_list() == frame["At"].to_list()


def test_only_members_leave_the_engine(engine: Engine) -> None:
    profiles = toolkit.Profiles(location=engine.put("profiles", people(list(range(1000)))), key="Key")
    table = profiles.look(["EMail"])
    chosen = table.choose(pl.LazyFrame({"customer": [3, 5, 2000]}))
    assert chosen.scan().collect()["Key"].sort().to_list() == [3, 5]


def test_no_such_table(engine: Engine) -> None:
    location = engine.put("profiles", people(["a"])).location.replace("profiles", "nothing")
    with pytest.raises(toolkit.ConfigurationError):
        _ = toolkit.Profiles(location=location, key="Key").columns


def test_a_name_is_no_sql(engine: Engine) -> None:
    good = engine.put("profiles", people(["a"])).location
    bad = good.replace("profiles", '"profiles""; DROP TABLE profiles; --"')
    with pytest.raises(toolkit.ConfigurationError):
        _ = toolkit.Profiles(location=bad, key="Key").columns
    assert toolkit.Profiles(location=good, key="Key").columns == ["Key", "EMail"]


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(
        st.text(st.characters(exclude_characters="\0@", exclude_categories=["Cs"]), max_size=5),
        st.none() | st.sampled_from(EMAILS) | st.emails(),
        min_size=10,
        max_size=40,
    )
)
def test_the_same_of_anything(engine: Engine, tmp_path: Path, rows: dict[str, str | None]) -> None:
    profiles = pl.DataFrame({"Key": list(rows), "EMail": pl.Series(list(rows.values()), dtype=pl.String)})
    members = memberships([*[it.swapcase() for it in rows], *[f"{it} " for it in rows], *rows])
    same(engine, tmp_path, profiles, members)


def test_a_collation_makes_no_two_texts_one(duck: DuckDB) -> None:
    duck.run("CREATE OR REPLACE TABLE members (Segment VARCHAR COLLATE NOCASE, Key VARCHAR COLLATE NOCASE)")
    duck.run("INSERT INTO members VALUES ('VIP', 'a'), ('vip', 'A'), ('vip', 'b')")
    segments = toolkit.SegmentTable(location=toolkit.DuckDBTable(duck.file, "members"), key="Key", segment="Segment")
    assert segments.summary().select("segment", "rows").rows() == [("VIP", 1), ("vip", 2)]
    assert segments.scan(["vip"]).collect()["customer"].sort().to_list() == ["A", "b"]


def test_spark_collation(spark: Spark) -> None:
    spark.session.sql(
        "SELECT collate(a, 'UTF8_LCASE') AS Segment, collate(b, 'UTF8_LCASE') AS Key "
        "FROM VALUES ('VIP', 'a'), ('vip', 'A'), ('vip', 'b') AS t(a, b)"
    ).createOrReplaceTempView("members")
    segments = toolkit.SegmentTable(location=toolkit.SparkTable("members"), key="Key", segment="Segment")
    assert segments.summary().select("segment", "rows").rows() == [("VIP", 1), ("vip", 2)]
    assert segments.scan(["vip"]).collect()["customer"].sort().to_list() == ["A", "b"]


def test_types_of_duckdb_as_keys(duck: DuckDB) -> None:
    for kind, value in {"UUID": f"'{UUID(int=7)}'", "HUGEINT": "7", "UBIGINT": "7", "VARCHAR": "'7'"}.items():
        duck.run(f"CREATE OR REPLACE TABLE profiles AS SELECT {value}::{kind} AS Key, 'a@b.nl' AS EMail")
        duck.run(f"CREATE OR REPLACE TABLE members AS SELECT {value}::{kind} AS Key, 'VIP' AS Segment")
        found = prepared(*(toolkit.DuckDBTable(duck.file, it) for it in ("profiles", "members")))
        assert found.frame["status"].to_list() == ["exportable"]


@pytest.mark.parametrize("kind", ["char(6)", "uuid", "inet", "mood", "whole", "text COLLATE any_case"])
def test_types_of_postgresql_as_keys(postgresql: PostgreSQL, kind: str) -> None:
    value = {"uuid": str(UUID(int=7)), "inet": "10.0.0.1/32", "whole": "7"}.get(kind, "ab")
    postgresql.run(
        "DROP TABLE IF EXISTS profiles, members",
        "DROP TYPE IF EXISTS mood, whole",
        "CREATE TYPE mood AS ENUM ('ab')",
        "CREATE DOMAIN whole AS integer",
        "CREATE COLLATION IF NOT EXISTS any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        f"""CREATE TABLE profiles AS SELECT v::{kind} AS "Key", 'a@b.nl'::char(20) AS "EMail" FROM (SELECT '{value}' v) t""",
        f"""CREATE TABLE members AS SELECT v::{kind} AS "Key", 'VIP'::char(20) AS "Segment" FROM (SELECT '{value}' v) t""",
    )
    found = prepared(
        toolkit.IbisTable(postgresql.variable, "profiles"), toolkit.IbisTable(postgresql.variable, "members")
    )
    assert found.frame.select("segment", "customer", "status").rows() == [("VIP", value, "exportable")]
    postgresql.run("DROP TABLE profiles, members", "DROP TYPE mood, whole")


def test_a_member_that_the_database_can_not_hold(engine: Engine, tmp_path: Path) -> None:
    members = written(tmp_path, "members", memberships(["a", "a\0", "\0"]))
    found = prepared(engine.put("profiles", people(["a", "b"])), members)
    assert dict(found.frame.select("customer", "status").rows()) == {
        "a": "exportable",
        "a\0": "not_in_profiles",
        "\0": "not_in_profiles",
    }


@pytest.mark.parametrize(
    "value", ["'infinity'::date", "'0044-03-15 BC'::timestamp", "'NaN'::numeric", "1.0000000001::numeric"]
)
def test_what_ibis_can_not_read_is_of_the_table(postgresql: PostgreSQL, value: str) -> None:
    postgresql.run(
        "DROP TABLE IF EXISTS odd",
        f"""CREATE TABLE odd AS SELECT 'a'::text AS "Key", {value} AS odd""",
    )
    profiles = toolkit.Profiles(location=toolkit.IbisTable(postgresql.variable, "odd"), key="Key")
    with pytest.raises(toolkit.DataError):
        profiles.scan(["odd"]).collect()
    assert profiles.scan([]).collect()["Key"].to_list() == ["a"]


@pytest.mark.parametrize(
    "before", ["SET default_transaction_read_only = on", "REVOKE TEMP ON DATABASE {database} FROM PUBLIC"]
)
def test_an_account_that_may_make_no_table(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    url = os.environ[postgresql.variable]
    members = written(tmp_path, "members", memberships(["a"]))
    profiles = postgresql.put("profiles", people(["a"]))
    database = url.partition("@/")[2].partition("?")[0]
    if before.startswith("SET"):
        before = f"ALTER ROLE reader {before}"
    postgresql.run(
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN", "GRANT SELECT ON profiles TO reader",
        before.format(database=database),
    )  # fmt: skip
    monkeypatch.setenv(postgresql.variable, url.replace("postgres@", "reader@"))
    with pytest.raises(toolkit.AccessError):
        prepared(profiles, members)
    monkeypatch.setenv(postgresql.variable, url)
    postgresql.run("DROP TABLE profiles", f"GRANT TEMP ON DATABASE {database} TO PUBLIC", "DROP ROLE reader")


@pytest.mark.parametrize("odd", ["INTERVAL 1 MONTH", "make_interval(1, 2)"])
def test_a_column_that_spark_can_not_give(spark: Spark, odd: str) -> None:
    spark.session.sql(f"SELECT 'a' AS Key, {odd} AS odd, 'a@b.nl' AS EMail").createOrReplaceTempView("odd")
    profiles = toolkit.Profiles(location=toolkit.SparkTable("odd"), key="Key")
    assert profiles.scan(["EMail"]).collect().rows() == [("a", "a@b.nl")]
    assert list(profiles.look_at_all()[1]) == ["odd"]
    with pytest.raises(toolkit.DataError):
        profiles.scan(["odd"])


def test_spark_logs_no_row(spark: Spark) -> None:
    spark.session.sql("SELECT 'ann@mail.example' AS EMail").createOrReplaceTempView("people")
    spark.session.sql("SELECT 'a' AS Key, CAST(EMail AS INT) AS EMail FROM people").createOrReplaceTempView("failing")
    logged: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = logged.append  # type: ignore[method-assign]
    from pyspark.logger import PySparkLogger

    loggers = [PySparkLogger.getLogger(it) for it in ("SQLQueryContextLogger", "DataFrameQueryContextLogger")]
    for it in loggers:
        it.addHandler(handler)
    with pytest.raises(toolkit.DataError):
        toolkit.Profiles(location=toolkit.SparkTable("failing"), key="Key").scan(["EMail"]).collect()
    assert logged == []
    with pytest.raises(Exception, match="ann@mail"):
        spark.session.table("failing").collect()
    assert logged
    for it in loggers:
        it.removeHandler(handler)


def test_a_spark_that_is_started_for_a_table_logs_no_row(tmp_path: Path) -> None:
    need("java")
    pl.DataFrame({"Key": ["a"], "EMail": ["ann@mail.example"]}).write_parquet(tmp_path / "people.parquet")
    code = f"""
import toolkit
profiles = toolkit.Profiles(location=toolkit.SparkTable('parquet."{tmp_path}/people.parquet"'), key="Key")
print(profiles.columns)
from pyspark.sql import SparkSession
people = SparkSession.getActiveSession().table("parquet.`{tmp_path}/people.parquet`")
people.selectExpr("Key", "CAST(EMail AS INT) AS EMail").createOrReplaceTempView("failing")
try:
    toolkit.Profiles(location=toolkit.SparkTable("failing"), key="Key").scan(["EMail"]).collect()
except toolkit.DataError:
    print("refused")
"""
    settings = (
        "--master local[1] --conf spark.ui.enabled=false --conf spark.sql.catalogImplementation=in-memory pyspark-shell"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYSPARK_SUBMIT_ARGS": settings},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "refused" in said.stdout
    assert "ann@mail.example" not in said.stdout + said.stderr


@pytest.mark.parametrize("kind", ["DATE '2026-01-01'", "TIMESTAMP '2026-01-01'", "true", "1.5", "[1]"])
def test_what_is_no_key(duck: DuckDB, kind: str) -> None:
    duck.run(f"CREATE OR REPLACE TABLE profiles AS SELECT {kind} AS Key, 'a@b.nl' AS EMail")
    with pytest.raises(toolkit.DataError):
        toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, "profiles"), key="Key").look()


@pytest.mark.parametrize(
    "location",
    [
        "duckdb:md:crm?motherduck_token=abcsecret#profiles",
        "duckdb:postgres:host=h password=abcsecret#profiles",
        "ibis:postgres://user:abcsecret@host/crm#profiles",
        "duckdb:host=h password=abcsecret#profiles",
        "spark:postgres://user:abcsecret@host/crm",
        "spark:host=h password=abcsecret",
        'duckdb:crm.duckdb#"host=h token = abcsecret"',
        "ibis:WAREHOUSE_URL#password=abcsecret",
        'duckdb:crm.duckdb#"postgres://user:abcsecret@host/crm"',
        "duckdb::memory:#profiles",
        "duckdb:crm.duckdb",
        "spark:",
        "spark:a.b.c.d",
        "ibis:#profiles",
    ],
)
def test_what_is_no_location(location: str) -> None:
    with pytest.raises(toolkit.ConfigurationError) as raised:
        toolkit.Profiles(location=location, key="Key")
    assert "abcsecret" not in str(raised.value)


def test_a_secret_in_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ibis")
    monkeypatch.setenv("WAREHOUSE_URL", "postgres://user:abcsecret@127.0.0.1:1/crm")
    profiles = toolkit.Profiles(location=toolkit.IbisTable("WAREHOUSE_URL", "profiles"), key="Key")
    with pytest.raises(toolkit.UnavailableError) as raised:
        _ = profiles.columns
    assert "abcsecret" not in str(raised.value)
    monkeypatch.delenv("WAREHOUSE_URL")
    with pytest.raises(toolkit.ConfigurationError):
        _ = profiles.columns


@pytest.mark.parametrize("mark", "/?#@:[")
def test_a_password_with_marks_of_urls_is_not_shown(monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    pytest.importorskip("ibis")
    monkeypatch.setenv("WAREHOUSE_URL", f"postgres://user:abcse{mark}cret@127.0.0.1:1/crm")
    with pytest.raises(toolkit.UnavailableError) as raised:
        _ = toolkit.Profiles(location=toolkit.IbisTable("WAREHOUSE_URL", "profiles"), key="Key").columns
    assert "abcse" not in str(raised.value)
    assert "cret" not in str(raised.value)


def test_a_secret_of_a_view_is_not_shown(duck: DuckDB) -> None:
    for said in (
        '"host=h password=abcsecret"',
        "https://host/a.parquet?v=1&X-Amz-Signature=abcsecret",
        "{'token': 'abcsecret'}",
    ):
        quoted = said.replace("'", "''")
        duck.run(f"CREATE OR REPLACE VIEW failing AS SELECT error('no {quoted}') AS Key")
        with pytest.raises(toolkit.ToolkitError) as raised:
            toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, "failing"), key="Key").scan([]).collect()
        assert "abcsecret" not in str(raised.value)


def test_a_telephone_number_of_a_row_is_not_shown(duck: DuckDB) -> None:
    duck.run("CREATE OR REPLACE VIEW failing AS SELECT error('told +31 6 12345678') AS Key")
    with pytest.raises(toolkit.ToolkitError) as raised:
        toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, "failing"), key="Key").scan([]).collect()
    assert "12345678" not in str(raised.value)


@pytest.mark.parametrize("name", ["self", "pl", "duckdb", "connection"])
def test_a_variable_is_no_table(duck: DuckDB, name: str) -> None:
    with pytest.raises(toolkit.ConfigurationError):
        _ = toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, name), key="Key").columns


def test_a_table_called_as_one_of_the_toolkit(duck: DuckDB) -> None:
    location = duck.put("toolkit_wanted", people(["a", "b"]).rename({"Key": "wanted"}))
    chosen = toolkit.Profiles(location=location, key="wanted").look().choose(pl.LazyFrame({"customer": ["b", "c"]}))
    assert chosen.scan().collect()["wanted"].to_list() == ["b"]


def test_a_database_that_is_open_here(duck: DuckDB) -> None:
    location = duck.put("profiles", people(["a"]))
    with duckdb.connect(duck.file):
        assert toolkit.Profiles(location=location, key="Key").scan([]).collect().height == 1


def test_an_engine_that_fails_midway(duck: DuckDB) -> None:
    duck.put("people", people([str(it) for it in range(300_000)]))
    duck.run("CREATE OR REPLACE VIEW failing AS SELECT Key, "
             "CASE WHEN Key = '299999' THEN error('told ann@mail.example') ELSE EMail END AS EMail FROM people")  # fmt: skip
    profiles = toolkit.Profiles(location=toolkit.DuckDBTable(duck.file, "failing"), key="Key")
    with pytest.raises(toolkit.ToolkitError) as raised:
        profiles.scan(["EMail"]).collect()
    assert "ann@mail.example" not in str(raised.value)
    with pytest.raises(toolkit.ToolkitError):
        prepared(toolkit.DuckDBTable(duck.file, "failing"), duck.put("members", memberships(["299999"])))


SPELT = [
    "007",
    "7.0",
    "{7}",
    " 7",
    "7",
    "+7",
    "00",
    "0",
    "0.0",
    "-",
    "a-b",
    "AB",
    "I",
    "\u0130",
    "\u0131",
    "\u212a",
    "k",
    "7.0.0",
]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(SPELT) | st.text(st.sampled_from("0071.+-{}aIk \u00e9\u212a\ufeffe\u0301"), max_size=6),
        min_size=2,
        max_size=12,
    )
)
def test_what_a_rule_makes_one_has_the_same_left(keys: list[str]) -> None:
    frame = pl.DataFrame({"key": keys}).with_columns(by_rules=normalized(pl.col("key"), list(KeyRule)))
    plain = nw.from_native(frame).with_columns(
        bare=bare_key(nw.col("key")),
        of_rules=bare_key(nw.col("by_rules")),
        is_plain=~nw.col("key").str.contains(OTHER_THAN_PLAIN),
    )
    assert plain.filter(nw.col("is_plain") & (nw.col("bare") != nw.col("of_rules"))).to_native().rows() == []


def test_keys_that_are_spelt_otherwise(engine: Engine, tmp_path: Path) -> None:
    profiles = people([*SPELT, *(f"other{it}" for it in range(100))])
    found = same(engine, tmp_path, profiles, memberships(["07", "\ufeffab", "K", "i", "OTHER5", "nobody"]))
    assert found.spelt_otherwise.members == 5
    if not isinstance(engine, PostgreSQL):
        table = toolkit.Profiles(location=engine.put("profiles", profiles), key="Key").look()
        near = table.choose_near(pl.LazyFrame({"key": ["other5", "nobody"]})).scan().collect()["Key"]
        assert {"other5"} == {it for it in near if it.isascii()}


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "crm.duckdb").write_text("no database " * 1000)
    with pytest.raises(toolkit.DataError):
        _ = toolkit.Profiles(location=toolkit.DuckDBTable(tmp_path / "crm.duckdb", "profiles"), key="Key").columns


def test_a_database_that_another_process_writes(duck: DuckDB) -> None:
    location = duck.put("profiles", people(["a"]))
    code = f"import duckdb; it = duckdb.connect({str(duck.file)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(toolkit.BusyError):
            _ = toolkit.Profiles(location=location, key="Key").columns
        writer.communicate(b"\n", timeout=30)


def test_an_engine_that_is_not_installed(duck: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    location = duck.put("profiles", people(["a"]))
    monkeypatch.setattr("toolkit.extras.is_installed", lambda _: False)
    with pytest.raises(toolkit.MissingExtraError):
        _ = toolkit.Profiles(location=location, key="Key").columns


@pytest.mark.parametrize(
    ("table", "is_known"), [("kept", True), ("shown", False), ('"{folder}/people.parquet"', False)]
)
def test_the_time_of_the_file_is_that_of_its_tables(tmp_path: Path, table: str, is_known: bool) -> None:
    pl.DataFrame({"CustomerId": ["a"]}).write_parquet(tmp_path / "people.parquet")
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as crm:
        crm.execute("CREATE TABLE kept AS SELECT 'a' AS CustomerId")
        crm.execute("CREATE VIEW shown AS SELECT * FROM kept")
    located = toolkit.DuckDBTable(tmp_path / "crm.duckdb", table.format(folder=tmp_path))
    (found,) = toolkit.Profiles(location=located, key="CustomerId").inputs()
    assert (found.modified_at is not None) == is_known
