"""Profiles are read from whatever layout they were written in, lazily, and only what is needed."""

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from tests.raising import raises
from toolkit.errors import ErrorCode

ROWS = pl.DataFrame(
    {
        "CustomerId": ["C1", "C2", "C3", "C4"],
        "EMail": ["a@mail.example", None, "c, d@mail.example", 'quoted "e"@mail.example'],
        "City": ["Ede", "Oss", "Epe", "Ede"],
    }
)


def profiles(location: Path, **options: object) -> toolkit.Profiles:
    return toolkit.Profiles(location=str(location), key="CustomerId", **options)  # type: ignore[arg-type]


def read(location: Path, *columns: str, **options: object) -> pl.DataFrame:
    return profiles(location, **options).scan(columns).collect(engine="streaming").sort("CustomerId")


def in_folder(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def one_parquet_file(folder: Path) -> Path:
    ROWS.write_parquet(folder / "profiles.parquet")
    return folder / "profiles.parquet"


def one_file_with_glob_characters(folder: Path) -> Path:
    ROWS.write_parquet(folder / "all [NL]?*.parquet")
    return folder / "all [NL]?*.parquet"


def part_files(folder: Path) -> Path:
    for number in range(4):
        ROWS.slice(number, 1).write_parquet(folder / f"part-{number}.parquet")
    return folder


def nested_part_files(folder: Path) -> Path:
    for number, place in enumerate(("2026", "2026/11", "2026/11/23", "old")):
        ROWS.slice(number, 1).write_parquet(in_folder(folder / place / f"part-{number}.parquet"))
    return folder


def hive_partitions(folder: Path) -> Path:
    for (city,), rows in ROWS.group_by("City"):
        rows.drop("City").write_parquet(in_folder(folder / f"City={city}" / "part.parquet"))
    return folder


def hive_partitions_of_csv(folder: Path) -> Path:
    for (city,), rows in ROWS.group_by("City"):
        rows.drop("City").write_csv(in_folder(folder / f"City={city}" / "part.csv"))
    return folder


def delta_table(folder: Path) -> Path:
    write_deltalake(folder, ROWS.head(2).to_arrow())
    write_deltalake(folder, ROWS.tail(2).to_arrow(), mode="append")
    return folder


def rewritten_delta_table(folder: Path) -> Path:
    write_deltalake(folder, ROWS.with_columns(EMail=pl.lit("old@mail.example")).to_arrow())
    write_deltalake(folder, ROWS.to_arrow(), mode="overwrite")
    return folder


def one_csv_file(folder: Path) -> Path:
    ROWS.write_csv(folder / "profiles.csv")
    return folder / "profiles.csv"


def csv_part_files(folder: Path) -> Path:
    for number in range(4):
        ROWS.slice(number, 1).write_csv(folder / f"part-{number}.csv", separator=",;\t|"[number])
    return folder


def zipped_csv_part_files(folder: Path) -> Path:
    for number in range(4):
        text = ROWS.slice(number, 1).write_csv(include_bom=number == 2, line_terminator="\r\n")
        (folder / f"part-{number}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def folder_named_as_a_file(folder: Path) -> Path:
    ROWS.write_parquet(in_folder(folder / "profiles.parquet" / "part-00000"))
    return folder / "profiles.parquet"


LAYOUTS = [
    one_parquet_file,
    one_file_with_glob_characters,
    part_files,
    nested_part_files,
    hive_partitions,
    hive_partitions_of_csv,
    delta_table,
    rewritten_delta_table,
    one_csv_file,
    csv_part_files,
    zipped_csv_part_files,
]


class TestLayouts:
    @pytest.mark.parametrize("layout", LAYOUTS, ids=lambda it: it.__name__)
    def test_each_layout_is_the_same_table(self, layout: Callable[[Path], Path], tmp_path: Path) -> None:
        location = layout(tmp_path)
        assert read(location, "EMail", "City").equals(ROWS)
        assert sorted(profiles(location).columns) == ["City", "CustomerId", "EMail"]
        profiles(location).check_keys()

    def test_a_format_that_names_do_not_tell_can_be_said(self, tmp_path: Path) -> None:
        assert read(folder_named_as_a_file(tmp_path), "EMail", "City", format="parquet").equals(ROWS)

    def test_a_folder_below_one_that_looks_like_a_partition_is_read(self, tmp_path: Path) -> None:
        location = hive_partitions(in_folder(tmp_path / "env=test" / "it"))
        assert read(location, "City").equals(ROWS.select("CustomerId", "City"))
        assert "env" not in profiles(location).columns

    def test_what_folders_tell_is_text_and_can_be_null(self, tmp_path: Path) -> None:
        for number, store in enumerate(("007", "A%20B", "__HIVE_DEFAULT_PARTITION__")):
            ROWS.slice(number, 1).write_parquet(in_folder(tmp_path / f"Store={store}" / "part.parquet"))
        assert read(tmp_path, "Store")["Store"].to_list() == ["007", "A B", None]

    def test_what_stands_beside_a_table_is_passed_over(self, tmp_path: Path) -> None:
        part_files(tmp_path)
        for marker in ("_SUCCESS", ".part-0.parquet.crc", "part-0.parquet.crc", "model.json", "_temporary/0/x.parquet"):
            in_folder(tmp_path / marker).write_bytes(b"")
        assert read(tmp_path, "EMail", "City").equals(ROWS)

    def test_linked_folders_are_followed(self, tmp_path: Path) -> None:
        part_files(in_folder(tmp_path / "elsewhere" / "it").parent)
        in_folder(tmp_path / "profiles" / "it")
        (tmp_path / "profiles" / "link").symlink_to(tmp_path / "elsewhere")
        assert read(tmp_path / "profiles", "EMail", "City").equals(ROWS)

    def test_a_table_without_rows_has_its_columns(self, tmp_path: Path) -> None:
        ROWS.clear().write_csv(tmp_path / "profiles.csv")
        assert read(tmp_path, "EMail").equals(ROWS.clear().select("CustomerId", "EMail"))
        (tmp_path / "profiles.csv").write_text("CustomerId,EMail")
        assert read(tmp_path, "EMail").equals(ROWS.clear().select("CustomerId", "EMail"))


FIELDS = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
ENDINGS = st.sampled_from([".parquet", ".csv", ".csv.gz"])
ORDERS = st.permutations(["CustomerId", "EMail", "Other"])
FOLDERS = st.sampled_from([".", "a", "a/b", "part 0.parquet"])


@st.composite
def spread_rows(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    """Rows, cut into files of one format, each in some folder and with its columns in some order."""
    emails = draw(st.lists(FIELDS, max_size=12))
    rows = pl.DataFrame(
        {"CustomerId": [f"{row:03}" for row in range(len(emails))], "EMail": emails, "Other": ["x"] * len(emails)},
        schema={"CustomerId": pl.String, "EMail": pl.String, "Other": pl.String},
    )
    ending = draw(ENDINGS)
    cuts = sorted(draw(st.lists(st.integers(0, len(emails)), max_size=3)))
    return {
        f"{draw(FOLDERS)}/{begin}-{number}{ending}": rows[begin:end].select(draw(ORDERS))
        for number, (begin, end) in enumerate(itertools.pairwise([0, *cuts, len(emails)]))
    }


def write(frame: pl.DataFrame, file: Path) -> None:
    if file.suffix == ".parquet":
        frame.write_parquet(file)
    else:
        text = frame.write_csv(quote_style="non_numeric").encode()
        file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)


class TestSpread:
    @settings(deadline=None)
    @given(spread_rows())
    def test_however_rows_are_spread_over_files_the_same_frame_comes_out(
        self, tmp_path_factory: pytest.TempPathFactory, parts: dict[str, pl.DataFrame]
    ) -> None:
        folder = tmp_path_factory.mktemp("spread")
        for name, frame in parts.items():
            write(frame, in_folder(folder / name))
        whole = pl.concat(frame.select("CustomerId", "EMail") for frame in parts.values()).sort("CustomerId")
        assert read(folder, "EMail").equals(whole)
        assert read(folder).equals(whole.select("CustomerId"))


def spoil(file: Path, column: str) -> None:
    """Overwrite the bytes of one column of a Parquet file."""
    group = pq.read_metadata(file).row_group(0)
    (chunk,) = [it for number in range(group.num_columns) if (it := group.column(number)).path_in_schema == column]
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    content = bytearray(file.read_bytes())
    content[begin : begin + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    file.write_bytes(content)


class TestLaziness:
    def test_no_column_is_read_that_is_not_needed(self, tmp_path: Path) -> None:
        file = one_parquet_file(tmp_path)
        spoil(file, "City")
        assert read(file, "EMail").equals(ROWS.select("CustomerId", "EMail"))
        with pytest.raises(pl.exceptions.PolarsError):
            read(file, "City")

    @pytest.mark.parametrize("layout", [part_files, delta_table, csv_part_files], ids=lambda it: it.__name__)
    def test_the_plan_reads_only_what_is_selected(self, layout: Callable[[Path], Path], tmp_path: Path) -> None:
        scanned = profiles(layout(tmp_path)).scan(["EMail"])
        assert "PROJECT 1/" in scanned.select("CustomerId").explain()

    def test_a_column_that_is_not_needed_may_differ_from_file_to_file(self, tmp_path: Path) -> None:
        part_files(tmp_path)
        ROWS.slice(1, 1).with_columns(City=1).write_parquet(tmp_path / "part-1.parquet")
        ROWS.slice(2, 1).drop("City").write_parquet(tmp_path / "part-2.parquet")
        assert read(tmp_path, "EMail").equals(ROWS.select("CustomerId", "EMail"))

    def test_a_csv_column_that_is_not_needed_may_be_in_another_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "profiles.csv").write_bytes("CustomerId,City\n007,Curaçao\n".encode("latin-1"))
        assert read(tmp_path)["CustomerId"].to_list() == ["007"]

    def test_rows_are_read_when_they_are_collected(self, tmp_path: Path) -> None:
        for file in (one_parquet_file(tmp_path), one_csv_file(tmp_path)):
            scanned = profiles(file).scan(["EMail"])
            content = file.read_bytes()
            file.unlink()
            with pytest.raises((OSError, toolkit.ToolkitError)):
                scanned.collect()
            file.write_bytes(content)
            assert scanned.collect().height == 4

    def test_the_first_rows_of_a_csv_can_be_had_alone(self, tmp_path: Path) -> None:
        scanned = profiles(csv_part_files(tmp_path)).scan(["EMail"])
        assert scanned.head(3).collect()["CustomerId"].to_list() == ["C1", "C2", "C3"]
        assert scanned.filter(pl.col("CustomerId") > "C1").head(2).collect()["CustomerId"].to_list() == ["C2", "C3"]


class TestKeys:
    def test_text_of_a_csv_is_kept_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "profiles.csv").write_text('CustomerId,EMail\n007,NA\nnull,""\n"NaN",\n\n')
        assert read(tmp_path, "EMail").rows() == [("007", "NA"), ("NaN", None), ("null", None)]

    @pytest.mark.parametrize("dtype", [pl.Int8, pl.Int32, pl.UInt32, pl.Int64, pl.UInt64])
    def test_integers_of_each_width_are_integers_and_can_be_read_as_text(
        self, dtype: pl.DataType, tmp_path: Path
    ) -> None:
        pl.DataFrame({"CustomerId": [7, 8]}, schema={"CustomerId": dtype}).write_parquet(tmp_path / "p.parquet")
        assert read(tmp_path).equals(pl.DataFrame({"CustomerId": [7, 8]}))
        assert read(tmp_path, key_as_text=True)["CustomerId"].to_list() == ["7", "8"]

    def test_widths_may_differ_from_file_to_file(self, tmp_path: Path) -> None:
        for number, dtype in enumerate((pl.Int32, pl.Int64, pl.Int16)):
            pl.DataFrame({"CustomerId": [number]}, schema={"CustomerId": dtype}).write_parquet(
                tmp_path / f"{number}.pq"
            )
        assert read(tmp_path)["CustomerId"].to_list() == [0, 1, 2]

    def test_kinds_of_text_may_differ_from_file_to_file(self, tmp_path: Path) -> None:
        kinds = [pa.array(["a"]), pa.array(["b"], pa.large_string()), pa.array(["c"]).dictionary_encode()]
        for number, keys in enumerate((*kinds, pa.array(["d"], pa.string_view()))):
            pq.write_table(pa.table({"CustomerId": keys}), tmp_path / f"{number}.parquet")
        for first in ("0", "2"):  # whichever comes first tells the type
            (tmp_path / f"{first}.parquet").rename(tmp_path / f"-{first}.parquet")
            assert read(tmp_path)["CustomerId"].to_list() == ["a", "b", "c", "d"]

    def test_a_file_whose_column_has_no_type_has_only_nulls_there(self, tmp_path: Path) -> None:
        untyped = {"CustomerId": pa.nulls(0), "EMail": pa.nulls(0)}
        pq.write_table(pa.table(untyped), tmp_path / "0.parquet")
        pq.write_table(pa.table({"CustomerId": [1], "EMail": pa.nulls(1)}), tmp_path / "1.parquet")
        pq.write_table(pa.table({"CustomerId": [2], "EMail": ["b@mail.example"]}), tmp_path / "2.parquet")
        assert read(tmp_path, "EMail").rows() == [(1, None), (2, "b@mail.example")]

    def test_the_key_may_be_the_address_itself(self, tmp_path: Path) -> None:
        ROWS.write_parquet(tmp_path / "p.parquet")
        by_address = toolkit.Profiles(location=str(tmp_path), key="EMail")
        assert by_address.scan(["EMail"]).collect().columns == ["EMail"]

    def test_repeated_and_null_keys_are_told_with_their_files(self, tmp_path: Path) -> None:
        part_files(tmp_path)
        ROWS.head(1).write_parquet(tmp_path / "part-2.parquet")
        with raises(ErrorCode.DATA, names=("CustomerId", "C1", "part-0.parquet", "part-2.parquet")):
            profiles(tmp_path).check_keys()
        ROWS.slice(2, 1).with_columns(CustomerId=pl.lit(None, pl.String)).write_parquet(tmp_path / "part-2.parquet")
        with raises(ErrorCode.DATA, names=("CustomerId", "part-2.parquet")):
            profiles(tmp_path).check_keys()


class TestFreshness:
    def test_an_object_that_lives_long_sees_what_is_written_meanwhile(self, tmp_path: Path) -> None:
        kept = profiles(part_files(tmp_path))
        assert kept.scan(["City"]).collect().height == 4
        for file in tmp_path.iterdir():
            file.unlink()
        ROWS.rename({"EMail": "EmailAddress"}).write_csv(tmp_path / "new.csv")
        assert kept.columns == ["CustomerId", "EmailAddress", "City"]
        assert kept.scan(["EmailAddress"]).collect().height == 4
        assert [Path(it.path).name for it in kept.inputs()] == ["new.csv"]
        assert "EmailAddress" in repr(kept) + kept._repr_html_()

    def test_a_delta_table_is_read_at_its_last_version(self, tmp_path: Path) -> None:
        kept = profiles(delta_table(tmp_path))
        assert [it.version for it in kept.inputs()] == [1]
        write_deltalake(tmp_path, ROWS.head(1).to_arrow(), mode="overwrite")
        assert kept.scan([]).collect().height == 1
        assert [it.version for it in kept.inputs()] == [2]

    def test_a_scan_of_a_delta_table_stays_at_the_version_it_looked_at(self, tmp_path: Path) -> None:
        scanned = profiles(delta_table(tmp_path)).scan([])
        write_deltalake(tmp_path, ROWS.head(1).to_arrow(), mode="overwrite")
        assert scanned.collect().height == 4


class TestInputs:
    def test_tell_sizes_times_and_rows(self, tmp_path: Path) -> None:
        (file,) = profiles(one_parquet_file(tmp_path)).inputs()
        stat = (tmp_path / "profiles.parquet").stat()
        assert (file.path, file.size_bytes, file.rows) == (str(tmp_path / "profiles.parquet"), stat.st_size, 4)
        assert file.modified_at is not None
        assert file.modified_at.timestamp() == pytest.approx(stat.st_mtime)
