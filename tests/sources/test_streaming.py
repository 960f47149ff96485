"""Of a big table, only what is kept stays in memory."""

from collections.abc import Iterator

import great_expectations.expectations as gxe
import polars as pl
import pyarrow as pa
import pytest

from toolkit.audience import IdentityColumn, Suppression, audience_of, excluded_of
from toolkit.audience.segments import audience_from_keys
from toolkit.identifiers import first_type
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.profiling.sample import ROWS, sample_of
from toolkit.segments.condition import condition_of
from toolkit.segments.evaluation import find_members
from toolkit.sources import Profiles, SegmentFolder
from toolkit.sources.key_rules import KeyRule
from toolkit.sources.streaming import collect_each, compact
from toolkit.validation import load_suite
from toolkit.validation.validation_frame import table_of

PROFILES = 300_000
ONE_IN = 100
COLUMN = IdentityColumn("EMail", EMAIL)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Profiles, SegmentFolder]:
    """Profiles with long texts, all different, and a segment of one in a hundred."""
    folder = tmp_path_factory.mktemp("tables")
    number = pl.int_range(PROFILES)
    frame = pl.select(
        CustomerId=pl.format("customer number {}", number),
        EMail=pl.format("person.number.{}@mail.example", number),
        City=pl.format("the long name of city {}", number),
    )
    frame.write_parquet(folder / "profiles.parquet", row_group_size=PROFILES // 3, use_pyarrow=False)
    (folder / "segments").mkdir()
    frame.gather_every(ONE_IN).select("CustomerId").write_parquet(folder / "segments" / "Some.parquet")
    return (
        Profiles(location=str(folder / "profiles.parquet"), key="CustomerId"),
        SegmentFolder(location=str(folder / "segments"), key="CustomerId"),
    )


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Polars is asked for, as it would be carried out."""
    asked: list[str] = []
    collect, collect_all = pl.LazyFrame.collect, pl.collect_all

    def one(self: pl.LazyFrame, **options: object) -> object:
        asked.append(self.explain())
        return collect(self, **options)  # type: ignore[call-overload]

    def several(queries: list[pl.LazyFrame], **options: object) -> object:
        asked.append(pl.explain_all(queries))
        return collect_all(queries, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(pl.LazyFrame, "collect", one)
    monkeypatch.setattr(pl, "collect_all", several)
    return asked


def held(frame: pl.DataFrame) -> int:
    """Return the bytes of all buffers that a frame keeps alive, however little of them it shows."""
    arrow = [it.to_arrow(compat_level=pl.CompatLevel.newest()) for it in frame]
    return sum(buffer.size for it in arrow for buffer in _buffers(it))


def _buffers(array: pa.Array | pa.ChunkedArray) -> Iterator[pa.Buffer]:
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return (it for chunk in chunks for it in chunk.buffers() if it is not None)


def needed(frame: pl.DataFrame) -> int:
    """Return the bytes that a frame's own values need."""
    copied = pl.DataFrame(
        [pl.Series(it.name, it.to_list(), dtype=it.dtype) if it.dtype == pl.String else it for it in frame]
    )
    return held(copied)


def is_compact(frame: pl.DataFrame) -> bool:
    """Tell whether a frame keeps no more than twice what it needs."""
    return held(frame) <= 2 * needed(frame)


class TestCompact:
    def test_values_stay_the_same(self) -> None:
        rows = pl.DataFrame({"text": ["a", "", None, "é" * 40, " \u200bx\n"], "number": [1, 2, 3, None, 5]})
        assert compact(rows.lazy()).collect().equals(rows)

    def test_joined_rows_keep_no_table(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        profiles, catalog = tables
        members = catalog.scan(["Some"]).select(CustomerId="customer")
        met = profiles.scan(["EMail", "City"]).join(members, on="CustomerId", how="semi")
        assert not is_compact(met.collect(engine="streaming"))
        assert is_compact(compact(met).collect(engine="streaming"))

    def test_rows_without_text(self) -> None:
        rows = pl.DataFrame({"number": [1, 2]})
        assert compact(rows.lazy()).collect().equals(rows)


class TestWhatIsKept:
    def test_audience(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        profiles, catalog = tables
        cities = [f"the long name of city {it}" for it in range(0, PROFILES, ONE_IN)]
        audience = audience_of(
            profiles, catalog, ["Some"], column=COLUMN, advertiser_column="City", advertisers=cities, count_domains=True
        )
        assert audience.exportable == PROFILES // ONE_IN
        assert is_compact(audience.frame.select("customer", "identifier", "advertiser"))

    def test_excluded_people(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        profiles, catalog = tables
        people = Suppression.of_identifiers(
            first_type(), pl.Series([f"person.number.{it}@mail.example" for it in range(0, PROFILES, 2_000)])
        )
        excluded = excluded_of(profiles, catalog, columns=[COLUMN], exclude=["Some"], suppression=people, most_steps=1)
        assert excluded.customers.height == PROFILES // ONE_IN
        assert is_compact(excluded.customers.select("customer"))
        assert is_compact(excluded.identifiers)

    def test_members_of_a_built_segment(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        found = find_members(tables[0], condition_of("City LIKE '%77'"))
        assert len(found.members) == PROFILES // 100
        assert is_compact(found.members.to_frame())

    def test_columns_of_own_suites(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        profiles, catalog = tables
        audience = audience_of(profiles, catalog, ["Some"], column=COLUMN)
        suite = load_suite("Own", gxe.ExpectColumnValuesToNotBeInSet(column="City", value_set=["Utrecht"]))
        beside = table_of(audience, [suite], profiles).beside
        assert beside is not None
        assert beside.height == PROFILES // ONE_IN
        assert is_compact(beside)

    def test_sample_of_the_quality(self, tables: tuple[Profiles, SegmentFolder]) -> None:
        sample = sample_of(tables[0].look(["EMail", "City"]))
        assert sample.frame.height == ROWS
        assert is_compact(sample.frame)


class TestOneReaderAtATime:
    def test_results_in_order(self) -> None:
        rows = pl.LazyFrame({"number": [1, 2, 3]})
        first, second = collect_each(rows.select(pl.len()), rows.filter(pl.col("number") > 2))
        assert (first.item(), second["number"].to_list()) == (3, [3])

    def test_audience_holds_no_scan(self, tables: tuple[Profiles, SegmentFolder], plans: list[str]) -> None:
        profiles, catalog = tables
        rules = profiles.model_copy(update={"key_normalization": (KeyRule.CASE,)})
        for it in (profiles, rules):
            assert audience_of(it, catalog, ["Some"], column=COLUMN).members == PROFILES // ONE_IN
        keys = pl.Series([f"customer number {it}" for it in range(10)])
        assert audience_from_keys(profiles, "Ten", keys, column=COLUMN).exportable == 10
        assert plans
        assert not [it for it in plans if "CACHE" in it and "profiles.parquet" in it]

    def test_building_holds_no_scan(self, tables: tuple[Profiles, SegmentFolder], plans: list[str]) -> None:
        assert find_members(tables[0], condition_of("City LIKE '%77'")).profiles == PROFILES
        assert plans
        assert not [it for it in plans if "CACHE" in it]
