"""A catalog names its segments and their members, from a folder of tables or from one table of memberships."""

from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

import toolkit
from tests.conftest import Tables
from tests.raising import raises
from toolkit.errors import ConfigurationError, ErrorCode

Catalog = toolkit.SegmentFolder | toolkit.SegmentTable


def segment_folder(location: Path, **options: object) -> toolkit.SegmentFolder:
    return toolkit.SegmentFolder(location=str(location), key="CustomerId", **options)  # type: ignore[arg-type]


def segment_table(location: Path, **options: object) -> toolkit.SegmentTable:
    return toolkit.SegmentTable(location=str(location), key="CustomerId", segment="Segment", **options)  # type: ignore[arg-type]


def members(*keys: object) -> pl.DataFrame:
    return pl.DataFrame({"CustomerId": keys, "Score": [0.5] * len(keys)}, schema_overrides={"Score": pl.Float64})


def scanned(catalog: Catalog, *names: str) -> list[tuple[object, ...]]:
    frame = catalog.scan(names).collect(engine="streaming")
    assert frame.columns == ["segment", "customer"]
    assert frame["segment"].dtype == pl.Enum(names)
    return sorted(frame.iter_rows())


def in_folder(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


@pytest.fixture
def catalog(tmp_path: Path) -> toolkit.SegmentFolder:
    """Segments in each way that one can be written."""
    folder = tmp_path / "segments"
    members("a").write_parquet(in_folder(folder / "One file.parquet"))
    members("b").write_csv(folder / "csv file.CSV")
    members("c").write_parquet(in_folder(folder / "Parts" / "part-0.parquet"))
    members("d").write_parquet(in_folder(folder / "Parts" / "2026" / "part-1.parquet"))
    members("e").write_csv(in_folder(folder / "CSV parts" / "part-0.csv"))
    members("f").write_parquet(in_folder(folder / "By Spark.parquet" / "part-0.parquet"))
    write_deltalake(folder / "Delta", members("g").to_arrow())
    members("h").write_parquet(folder / "50%25 off, A%2FB [NL]*.parquet")
    for marker in ("_SUCCESS", ".One file.parquet.crc", "read me.txt", "_delayed/part-0.parquet"):
        in_folder(folder / marker).write_bytes(b"")
    return segment_folder(folder)


class TestFolder:
    def test_each_file_and_each_folder_is_a_segment(self, catalog: toolkit.SegmentFolder) -> None:
        assert catalog.names() == [
            "50% off, A/B [NL]*",
            "By Spark",
            "csv file",
            "CSV parts",
            "Delta",
            "One file",
            "Parts",
        ]
        assert scanned(catalog, "Parts", "One file") == [("One file", "a"), ("Parts", "c"), ("Parts", "d")]
        assert {key for _, key in scanned(catalog, *catalog.names())} == set("abcdefgh")

    def test_the_summary_counts_rows(self, catalog: toolkit.SegmentFolder) -> None:
        rows = dict(catalog.summary().select("segment", "rows").iter_rows())
        assert rows == dict.fromkeys(catalog.names(), 1) | {"Parts": 2}
        assert "A/B [NL]*" in repr(catalog)
        assert "By Spark" in catalog._repr_html_()
        changed = dict(catalog.summary().select("segment", "changed_at").iter_rows())
        file = Path(catalog.location) / "One file.parquet"
        assert changed["One file"].timestamp() == pytest.approx(file.stat().st_mtime, abs=0.001)

    def test_an_empty_folder_is_a_catalog_without_segments(self, tmp_path: Path) -> None:
        assert segment_folder(tmp_path).names() == []
        assert segment_folder(tmp_path).summary().height == 0
        with raises(ErrorCode.UNKNOWN_NAME, names="All"):
            segment_folder(tmp_path).scan(["All"])

    def test_an_unknown_name_is_answered_with_the_nearest(self, catalog: toolkit.SegmentFolder) -> None:
        with raises(ErrorCode.UNKNOWN_NAME, names=("parts", "Parts")):
            catalog.scan(["parts"])

    def test_only_the_segments_that_are_asked_for_are_touched(self, catalog: toolkit.SegmentFolder) -> None:
        (Path(catalog.location) / "Broken.parquet").write_bytes(b"")
        assert scanned(catalog, "One file") == [("One file", "a")]

    def test_an_untyped_file_without_rows_fits_any_key(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"CustomerId": pa.nulls(0)}), tmp_path / "Empty.parquet")
        members(7).write_parquet(tmp_path / "Numbers.parquet")
        assert scanned(segment_folder(tmp_path), "Empty", "Numbers") == [("Numbers", 7)]
        assert scanned(segment_folder(tmp_path), "Empty") == []

    def test_segments_whose_keys_differ_in_type_are_refused_until_read_as_text(self, tmp_path: Path) -> None:
        members("7").write_parquet(tmp_path / "Text.parquet")
        members(7).write_parquet(tmp_path / "Numbers.parquet")
        with raises(ErrorCode.DATA, names=("Text", "Numbers", "key_as_text")):
            segment_folder(tmp_path).scan(["Text", "Numbers"])
        read_as_text = segment_folder(tmp_path, key_as_text=True)
        assert scanned(read_as_text, "Text", "Numbers") == [("Numbers", "7"), ("Text", "7")]

    def test_two_entries_of_one_name_are_refused(self, tmp_path: Path) -> None:
        members("a").write_parquet(tmp_path / "VIP.parquet")
        members("b").write_csv(tmp_path / "VIP.csv")
        with raises(ErrorCode.DATA, names=("VIP", "VIP.csv", "VIP.parquet")):
            segment_folder(tmp_path).names()

    @pytest.mark.parametrize("table", ["a file", "a Delta table"])
    def test_one_table_is_no_folder_of_segments(self, table: str, tmp_path: Path) -> None:
        location = tmp_path / "memberships.parquet"
        if table == "a file":
            members("a").write_parquet(location)
        else:
            write_deltalake(location, members("a").to_arrow())
        with raises(ErrorCode.CONFIGURATION, names=("memberships.parquet", "SegmentTable")):
            segment_folder(location).names()

    def test_a_folder_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with raises(ErrorCode.CONFIGURATION, names=tmp_path / "segmnts"):
            segment_folder(tmp_path / "segmnts").names()

    def test_a_catalog_that_lives_long_sees_what_is_written_meanwhile(self, catalog: toolkit.SegmentFolder) -> None:
        members("z").write_parquet(Path(catalog.location) / "New.parquet")
        members("a", "y").write_parquet(Path(catalog.location) / "One file.parquet")
        assert "New" in catalog.names()
        assert scanned(catalog, "New", "One file") == [("New", "z"), ("One file", "a"), ("One file", "y")]
        assert [Path(it.path).name for it in catalog.inputs(["New", "Parts"])] == [
            "New.parquet",
            "part-0.parquet",
            "part-1.parquet",
        ]


MEMBERSHIPS = pl.DataFrame(
    {
        "Segment": ["Big", "Big", "007", "Big", None],
        "CustomerId": ["a", "b", "a", None, "c"],
        "Other": [1, 2, 3, 4, 5],
    }
)


class TestTable:
    @pytest.mark.parametrize("form", ["Parquet", "CSV", "Delta", "partitions"])
    def test_a_column_names_the_segments(self, form: str, tmp_path: Path) -> None:
        match form:
            case "Parquet":
                MEMBERSHIPS.write_parquet(tmp_path / "memberships.parquet")
            case "CSV":
                MEMBERSHIPS.write_csv(tmp_path / "memberships.csv")
            case "Delta":
                write_deltalake(tmp_path, MEMBERSHIPS.to_arrow(), partition_by=["Segment"])
            case "partitions":
                for (name,), rows in MEMBERSHIPS.group_by("Segment"):
                    file = tmp_path / f"Segment={name or '__HIVE_DEFAULT_PARTITION__'}" / "part.parquet"
                    rows.drop("Segment").write_parquet(in_folder(file))
        catalog = segment_table(tmp_path)
        assert catalog.names() == ["007", "Big"]
        frame = catalog.scan(["Big"]).collect()
        assert frame["customer"].sort().to_list() == [None, "a", "b"]
        assert scanned(catalog, "007") == [("007", "a")]
        assert catalog.summary().select("segment", "rows").rows() == [("007", 1), ("Big", 3)]
        assert "Big" in repr(catalog) + catalog._repr_html_()

    def test_only_the_two_columns_are_read(self, tmp_path: Path) -> None:
        MEMBERSHIPS.write_parquet(tmp_path / "memberships.parquet")
        plan = segment_table(tmp_path).scan(["Big"]).explain()
        assert "PROJECT */2 COLUMNS" in plan
        assert "Other" not in plan

    def test_partitions_of_other_segments_are_not_read(self, tmp_path: Path) -> None:
        members("a").write_parquet(in_folder(tmp_path / "Segment=Big" / "part.parquet"))
        members("b").write_parquet(in_folder(tmp_path / "Segment=Small" / "part.parquet"))
        plan = segment_table(tmp_path).scan(["Small"]).explain(engine="streaming")
        assert "Segment=Small" in plan
        assert "Segment=Big" not in plan

    def test_numbers_can_name_segments(self, tmp_path: Path) -> None:
        pl.DataFrame({"Segment": [10, 9], "CustomerId": [1, 2]}).write_parquet(tmp_path / "memberships.parquet")
        assert scanned(segment_table(tmp_path), "9", "10") == [("10", 1), ("9", 2)]

    def test_the_columns_may_have_any_name(self, tmp_path: Path) -> None:
        pl.DataFrame({"customer": ["Big"], "segment": ["a"]}).write_parquet(tmp_path / "memberships.parquet")
        catalog = toolkit.SegmentTable(location=str(tmp_path), key="segment", segment="customer")
        assert scanned(catalog, "Big") == [("Big", "a")]

    def test_an_unknown_name_is_answered_with_the_nearest(self, tmp_path: Path) -> None:
        MEMBERSHIPS.write_parquet(tmp_path / "memberships.parquet")
        with raises(ErrorCode.UNKNOWN_NAME, names=("Bigg", "Big")):
            segment_table(tmp_path).scan(["Big", "Bigg"])

    def test_a_column_of_addresses_named_by_mistake_is_not_told(self, tmp_path: Path) -> None:
        pl.DataFrame({"Segment": ["a@mail.example"], "CustomerId": ["a"]}).write_parquet(tmp_path / "m.parquet")
        with pytest.raises(ConfigurationError) as refused:
            segment_table(tmp_path).scan(["Big"])
        assert "@" not in str(refused.value)

    def test_a_table_that_lives_long_sees_what_is_written_meanwhile(self, tmp_path: Path) -> None:
        catalog = segment_table(tmp_path)
        MEMBERSHIPS.write_parquet(tmp_path / "memberships.parquet")
        assert catalog.names() == ["007", "Big"]
        MEMBERSHIPS.with_columns(Segment=pl.lit("New")).write_parquet(tmp_path / "memberships.parquet")
        assert catalog.names() == ["New"]


class TestKeys:
    """Keys of profiles and segments meet only when they are of one type."""

    def preview(self, folder: Path, profiles: toolkit.Profiles, catalog: Catalog) -> toolkit.Audience:
        workspace = toolkit.open_workspace(mkdtemp(dir=folder), profiles=profiles, segments=catalog, create=True)
        return workspace.preview("Big", email_column="EMail")

    def tables(self, folder: Path, ours: object, theirs: object) -> tuple[toolkit.Profiles, toolkit.SegmentTable]:
        pl.DataFrame({"Id": [ours], "EMail": ["a@mail.example"]}).write_parquet(folder / "profiles.parquet")
        pl.DataFrame({"CustomerId": [theirs], "Segment": ["Big"]}).write_parquet(folder / "memberships.parquet")
        profiles = toolkit.Profiles(location=str(folder / "profiles.parquet"), key="Id")
        return profiles, segment_table(folder / "memberships.parquet")

    @pytest.mark.parametrize(("ours", "theirs"), [(7, 7), ("7", "7")])
    def test_keys_of_one_type_meet_whatever_the_columns_names(
        self, ours: object, theirs: object, tmp_path: Path
    ) -> None:
        profiles, catalog = self.tables(tmp_path, ours, theirs)
        assert self.preview(tmp_path, profiles, catalog).exportable == 1

    def test_numbers_in_the_profiles_do_not_meet_text_until_read_as_text(self, tmp_path: Path) -> None:
        profiles, catalog = self.tables(tmp_path, 7, "7")
        names = ("Id", "profiles.parquet", "CustomerId", "memberships.parquet", "Profiles", "key_as_text=True")
        with raises(ErrorCode.DATA, names=names):
            self.preview(tmp_path, profiles, catalog)
        as_text = profiles.model_copy(update={"key_as_text": True})
        assert self.preview(tmp_path, as_text, catalog).exportable == 1

    def test_numbers_in_the_segments_do_not_meet_text_until_read_as_text(self, tmp_path: Path) -> None:
        profiles, catalog = self.tables(tmp_path, "7", 7)
        with raises(ErrorCode.DATA, names=("SegmentTable", "key_as_text=True")):
            self.preview(tmp_path, profiles, catalog)
        as_text = catalog.model_copy(update={"key_as_text": True})
        assert self.preview(tmp_path, profiles, as_text).exportable == 1

    def test_a_csv_holds_text(self, tmp_path: Path) -> None:
        profiles, _ = self.tables(tmp_path, 7, "7")
        members(7).write_csv(in_folder(tmp_path / "segments" / "Big.csv"))
        with raises(ErrorCode.DATA, names=("Profiles", "key_as_text=True")):
            self.preview(tmp_path, profiles, segment_folder(tmp_path / "segments"))
        as_text = profiles.model_copy(update={"key_as_text": True})
        assert self.preview(tmp_path, as_text, segment_folder(tmp_path / "segments")).exportable == 1

    def test_an_untyped_segment_without_rows_is_an_empty_one(self, tmp_path: Path) -> None:
        profiles, _ = self.tables(tmp_path, 7, 7)
        (tmp_path / "segments").mkdir()
        pq.write_table(pa.table({"CustomerId": pa.nulls(0)}), tmp_path / "segments" / "Big.parquet")
        assert self.preview(tmp_path, profiles, segment_folder(tmp_path / "segments")).counts["members"].item() == 0


class TestPreview:
    def test_a_segment_named_twice_counts_once(self, tables: Tables, tmp_path: Path) -> None:
        workspace = toolkit.open_workspace(
            tmp_path / "w", profiles=tables.profiles, segments=tables.segments, create=True
        )
        assert workspace.preview(["All", "All"], email_column="EMail").segments == ["All"]

    def test_no_segment_is_refused(self, tables: Tables, tmp_path: Path) -> None:
        workspace = toolkit.open_workspace(
            tmp_path / "w", profiles=tables.profiles, segments=tables.segments, create=True
        )
        with raises(ErrorCode.CONFIGURATION):
            workspace.preview([], email_column="EMail")

    def test_an_open_workspace_sees_what_is_written_meanwhile(self, tables: Tables, tmp_path: Path) -> None:
        workspace = toolkit.open_workspace(
            tmp_path / "w", profiles=tables.profiles, segments=tables.segments, create=True
        )
        assert workspace.preview("All", email_column="EMail").exportable == 100
        tables.write(segments={"New": ["C001", "C002"]})
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).rename({"EMail": "EmailAddress"}).write_parquet(profiles)
        assert workspace.preview("New", email_column="EmailAddress").exportable == 2
        assert workspace.profiles.columns == ["CustomerId", "EmailAddress"]


def test_columns_that_are_alike_are_made_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars is not asked for the types of each of thousands of like files; it is for one that differs."""
    for number in range(30):
        pl.DataFrame({"Alike": [f"C{number}"]}).write_parquet(tmp_path / f"S{number:02}.parquet")
    pl.DataFrame({"Alike": [1], "Beside": [True]}).write_parquet(tmp_path / "Other.parquet")
    asked, scan = [], pl.scan_parquet

    def scan_counted(*given: object, **options: object) -> pl.LazyFrame:
        asked.append(given)
        return scan(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pl, "scan_parquet", scan_counted)
    summary = toolkit.SegmentFolder(location=str(tmp_path), key="Alike").summary()
    assert summary["rows"].to_list() == [1] * 31
    assert len(asked) == 2
