"""Whatever is wrong with a table is said with its file, its column and a remedy, and never with an address."""

import gzip
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

import toolkit
from tests.raising import raises
from toolkit.errors import ErrorCode, ToolkitError
from toolkit.sources import blame_table

KEYS = [f"C{number:03}" for number in range(40)]
ROWS = pl.DataFrame({"CustomerId": KEYS, "EMail": [f"{key}@mail.example" for key in KEYS], "City": ["Ede"] * 40})


class Lake:
    """Profiles in two part files and the segments ``All`` and ``Few``, to be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profiles = folder / "profiles"
        self.segments = folder / "segments"
        self.profiles.mkdir()
        self.segments.mkdir()
        ROWS.head(20).write_parquet(self.first)
        ROWS.tail(20).write_parquet(self.second)
        ROWS.select("CustomerId").write_parquet(self.segments / "All.parquet")
        ROWS.head(3).select("CustomerId").write_parquet(self.segments / "Few.parquet")

    @property
    def first(self) -> Path:
        return self.profiles / "part-0.parquet"

    @property
    def second(self) -> Path:
        return self.profiles / "part-1.parquet"

    def as_csv(self) -> Path:
        """Write the profiles as CSV instead, and return the second file."""
        for number, rows in enumerate((ROWS.head(20), ROWS.tail(20))):
            (self.profiles / f"part-{number}.parquet").unlink()
            rows.write_csv(self.profiles / f"part-{number}.csv")
        return self.profiles / "part-1.csv"

    def preview(self, **options: object) -> toolkit.Preview:
        workspace = self.workspace(key=str(options.pop("key", "CustomerId")))
        return workspace.preview("All", email_column=str(options.pop("email_column", "EMail")))

    def workspace(self, *, key: str = "CustomerId") -> toolkit.Workspace:
        """Make another workspace on the tables."""
        return toolkit.open_workspace(
            tempfile.mkdtemp(dir=self.folder),
            profiles=toolkit.Profiles(location=str(self.profiles), key=key),
            segments=toolkit.SegmentFolder(location=str(self.segments), key="CustomerId"),
            create=True,
        )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def refused(lake: Lake, code: ErrorCode, *, names: object, **options: object) -> ToolkitError:
    """Return the error that a preview raises, once it is seen to be of use and to hold no address."""
    with raises(code, names=names) as raised:
        lake.preview(**options)
    shown = "".join(traceback.format_exception(raised.value))
    assert "mail.example" not in shown
    assert "polars.exceptions" not in shown
    return raised.value


def test_whole_tables_are_read(lake: Lake) -> None:
    assert lake.preview().exportable == 40
    lake.as_csv()
    assert lake.preview().exportable == 40


class TestNothing:
    def test_there_at_the_location(self, lake: Lake) -> None:
        lake.profiles.rename(lake.folder / "away")
        refused(lake, ErrorCode.CONFIGURATION, names=(lake.profiles, "profiles"))

    def test_in_the_folder(self, lake: Lake) -> None:
        lake.first.unlink()
        lake.second.rename(lake.profiles / "_part-1.parquet")
        refused(lake, ErrorCode.DATA, names=(lake.profiles, "profiles"))

    def test_in_a_file(self, lake: Lake) -> None:
        lake.second.write_bytes(b"")
        refused(lake, ErrorCode.DATA, names=("part-1.parquet", "profiles", 0))

    def test_in_a_file_of_a_segment(self, lake: Lake) -> None:
        (lake.segments / "All.parquet").write_bytes(b"")
        refused(lake, ErrorCode.DATA, names=("All.parquet", "'All'"))

    def test_in_a_csv_but_a_line_end(self, lake: Lake) -> None:
        lake.as_csv().write_bytes(b"\r\n\r\n")
        refused(lake, ErrorCode.DATA, names="part-1.csv")

    def test_in_the_folder_of_a_segment(self, lake: Lake) -> None:
        (lake.segments / "All.parquet").unlink()
        (lake.segments / "All").mkdir()
        refused(lake, ErrorCode.DATA, names=("segments/All", "'All'"))

    def test_in_a_delta_log(self, lake: Lake) -> None:
        (lake.profiles / "_delta_log").mkdir()
        refused(lake, ErrorCode.CONFIGURATION, names=("Delta", lake.profiles))

    @pytest.mark.parametrize(
        "location", ["https://lake.example/profiles", "s3://", "gs:///profiles", "abfss://lake/profiles", "s3a://lake"]
    )
    def test_at_a_location_of_a_kind_that_is_not_known(self, location: str) -> None:
        names = (location, "abfss://container@account", "s3://", "gs://")
        with raises(ErrorCode.CONFIGURATION, names=names):
            toolkit.Profiles(location=location, key="CustomerId").scan([])
        with raises(ErrorCode.CONFIGURATION, names=names):
            toolkit.SegmentFolder(location=location, key="CustomerId").names()


class TestColumns:
    def test_that_are_missing_are_told_with_the_nearest(self, lake: Lake) -> None:
        refused(lake, ErrorCode.DATA, names=("Email", "profiles", "part-0.parquet", "EMail"), email_column="Email")
        refused(lake, ErrorCode.DATA, names=("customerid", "CustomerId"), key="customerid")
        refused(lake, ErrorCode.DATA, names=("Zzz", "CustomerId", "EMail", "City"), key="Zzz")

    def test_that_are_missing_in_a_segment(self, lake: Lake) -> None:
        pl.DataFrame({"customer_id": KEYS}).write_parquet(lake.segments / "All.parquet")
        refused(lake, ErrorCode.DATA, names=("CustomerId", "'All'", "segments/All.parquet", "customer_id"))

    def test_that_are_missing_in_one_file(self, lake: Lake) -> None:
        ROWS.tail(20).drop("EMail").write_parquet(lake.second)
        refused(lake, ErrorCode.DATA, names=("part-1.parquet", "EMail", "part-0.parquet"))

    def test_that_are_missing_in_one_csv_file(self, lake: Lake) -> None:
        ROWS.tail(20).drop("EMail").write_csv(lake.as_csv())
        refused(lake, ErrorCode.DATA, names=("part-1.csv", "EMail"))

    def test_whose_type_differs_in_one_file(self, lake: Lake) -> None:
        ROWS.tail(20).with_columns(CustomerId=pl.lit(7, pl.Int64)).write_parquet(lake.second)
        refused(lake, ErrorCode.DATA, names=("part-1.parquet", "Int64", "CustomerId", "String"))

    def test_that_are_twice_in_a_csv(self, lake: Lake) -> None:
        lake.as_csv().write_text("CustomerId,EMail,EMail\nC039,a@mail.example,b@mail.example\n")
        refused(lake, ErrorCode.DATA, names=("part-1.csv", "EMail", 2))

    def test_that_are_not_named_because_a_csv_has_no_header(self, lake: Lake) -> None:
        lake.as_csv().write_text("C039,a@mail.example,Ede\n")
        refused(lake, ErrorCode.DATA, names="part-1.csv")

    def test_whose_type_cannot_be_a_key_or_an_address(self, lake: Lake) -> None:
        for file in (lake.first, lake.second):
            pl.read_parquet(file).with_columns(CustomerId=1.5, Tags=pl.concat_list(pl.lit(1))).write_parquet(file)
        refused(lake, ErrorCode.DATA, names=("CustomerId", "profiles", "Float64"))
        refused(lake, ErrorCode.DATA, names=("Tags", lake.profiles, "List"), email_column="Tags", key="City")


class TestKeys:
    def test_that_are_null_in_the_profiles(self, lake: Lake) -> None:
        ROWS.tail(20).with_columns(CustomerId=pl.lit(None, pl.String)).write_parquet(lake.second)
        refused(lake, ErrorCode.DATA, names=("CustomerId", "part-1.parquet", 20))

    def test_that_are_twice_in_the_profiles(self, lake: Lake) -> None:
        ROWS.slice(19, 20).write_parquet(lake.second)
        refused(lake, ErrorCode.DATA, names=(1, "CustomerId", "C019", "part-0.parquet", "part-1.parquet"))

    def test_that_are_addresses_are_hidden(self, lake: Lake) -> None:
        for file in (lake.first, lake.second):
            ROWS.with_columns(CustomerId="EMail").write_parquet(file)
        ROWS.select(CustomerId="EMail").write_parquet(lake.segments / "All.parquet")
        refused(lake, ErrorCode.DATA, names=(40, "'•••'"))


class TestFormats:
    def test_that_are_mixed(self, lake: Lake) -> None:
        ROWS.write_csv(lake.profiles / "part-2.csv")
        refused(lake, ErrorCode.DATA, names=(lake.profiles, "part-0.parquet", "part-2.csv"))

    def test_that_no_name_tells(self, lake: Lake) -> None:
        (lake.profiles / "part-2.xlsx").write_bytes(b"?")
        refused(lake, ErrorCode.DATA, names=("part-2.xlsx", "profiles", ".parquet"))

    def test_of_partitions_that_are_mixed(self, lake: Lake) -> None:
        (lake.profiles / "Country=NL").mkdir()
        lake.second.rename(lake.profiles / "Country=NL" / "part.parquet")
        refused(lake, ErrorCode.DATA, names=("part-0.parquet", "part.parquet"))


def no_parquet(lake: Lake) -> Path:
    lake.second.write_bytes(b"C039,c039@mail.example")
    return lake.second


def cut_parquet(lake: Lake) -> Path:
    lake.second.write_bytes(lake.second.read_bytes()[:-20])
    return lake.second


def spoilt_parquet(lake: Lake) -> Path:
    content = bytearray(lake.second.read_bytes())
    content[8:200] = b"\x07" * 192
    lake.second.write_bytes(content)
    return lake.second


def segment_that_is_no_parquet(lake: Lake) -> Path:
    (lake.segments / "All.parquet").write_bytes(b"C039,c039@mail.example")
    return lake.segments / "All.parquet"


def spoilt_segment(lake: Lake) -> Path:
    file = lake.segments / "All.parquet"
    content = bytearray(file.read_bytes())
    content[8:60] = b"\x07" * 52
    file.write_bytes(content)
    return file


def cut_gzip(lake: Lake) -> Path:
    file = lake.as_csv()
    file.with_suffix(".csv.gz").write_bytes(gzip.compress(os.urandom(9000).hex().encode())[:-100])
    file.unlink()
    (lake.profiles / "part-0.csv").unlink()
    return file.with_suffix(".csv.gz")


def csv_that_is_not_zipped(lake: Lake) -> Path:
    file = lake.as_csv()
    return file.rename(file.with_suffix(".csv.gz"))


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [
            no_parquet,
            cut_parquet,
            spoilt_parquet,
            segment_that_is_no_parquet,
            spoilt_segment,
            cut_gzip,
            csv_that_is_not_zipped,
        ],
        ids=lambda it: it.__name__,
    )
    def test_the_damaged_file_is_named(self, damage: Callable[[Lake], Path], lake: Lake) -> None:
        file = damage(lake)
        assert refused(lake, ErrorCode.DATA, names=file).what.count("mail") == 0

    def test_the_log_of_a_delta_table_is_named(self, lake: Lake) -> None:
        log = lake.profiles / "_delta_log"
        log.mkdir()
        (log / "00000000000000000000.json").write_text("a@mail.example")
        refused(lake, ErrorCode.DATA, names=("Delta", "profiles", lake.profiles))

    def test_a_file_that_a_delta_table_lost_is_named(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, ROWS.to_arrow())
        next(tmp_path.glob("*.parquet")).unlink()
        with raises(ErrorCode.BUSY, names=tmp_path):
            toolkit.Profiles(location=str(tmp_path), key="CustomerId").check_keys()

    def test_a_link_to_nothing_is_not_passed_over(self, lake: Lake) -> None:
        lake.second.unlink()
        lake.second.symlink_to(lake.folder / "nowhere")
        refused(lake, ErrorCode.BUSY, names="profiles")

    def test_a_file_that_goes_away_while_the_table_is_read_is_named(self, lake: Lake) -> None:
        table = toolkit.Profiles(location=str(lake.profiles), key="CustomerId").look()
        lake.second.unlink()
        with raises(ErrorCode.BUSY, names="part-1.parquet"), blame_table(table):
            table.scan().collect()

    def test_a_table_of_which_nothing_is_found_to_be_wrong_is_named(self, lake: Lake) -> None:
        table = toolkit.Profiles(location=str(lake.profiles), key="CustomerId").look()
        with (
            raises(ErrorCode.DATA, names=("profiles", lake.profiles, "•••")),
            blame_table(table),
        ):
            table.scan().select(pl.col("CustomerId") + "@mail.example").cast(pl.Int64).collect()

    def test_what_is_no_error_of_reading_is_left_alone(self, lake: Lake) -> None:
        table = toolkit.Profiles(location=str(lake.profiles), key="CustomerId").look()
        with pytest.raises(ZeroDivisionError), blame_table(table):
            1 / 0  # noqa: B018


class TestCsv:
    @pytest.mark.parametrize("row", ["C039,c039@mail.example,Ede,more", "C039,c039@mail.example", "C039"])
    def test_a_row_of_more_or_fewer_fields_than_the_header(self, row: str, lake: Lake) -> None:
        file = lake.as_csv()
        file.write_text(file.read_text().replace("C039,C039@mail.example,Ede", row))
        refused(lake, ErrorCode.DATA, names=("Row 21", "part-1.csv", row.count(",") + 1, 3))

    def test_is_refused_even_if_only_a_column_that_is_not_needed_is_cut(self, lake: Lake) -> None:
        (lake.segments / "All.parquet").unlink()
        (lake.segments / "All.csv").write_text("CustomerId,City\nC001,Ede\nC002\n")
        refused(lake, ErrorCode.DATA, names=("Row 3", "All.csv", 1))

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "cp1252"])
    def test_in_another_encoding(self, encoding: str, lake: Lake) -> None:
        file = lake.as_csv()
        file.write_bytes(file.read_text().replace("C039@", "Zoë@").encode(encoding))
        refused(lake, ErrorCode.DATA, names=("part-1.csv", "UTF-8"))

    @pytest.mark.parametrize("separator", [",", ";"])
    def test_with_a_quote_that_is_not_closed(self, separator: str, lake: Lake) -> None:
        file = lake.as_csv()
        file.write_text(
            file.read_text().replace("C030@mail.example,Ede", 'C030@mail.example,"Ede').replace(",", separator)
        )
        refused(lake, ErrorCode.DATA, names="part-1.csv")

    def test_with_a_quote_amid_a_field_is_read(self, lake: Lake) -> None:
        file = lake.as_csv()
        file.write_text(file.read_text().replace("C030@mail.example,Ede", 'C030@mail.example,2" from Ede'))
        assert lake.preview().exportable == 40

    def test_with_a_header_in_another_encoding(self, lake: Lake) -> None:
        file = lake.as_csv()
        file.write_bytes(file.read_text().replace("City", "Città").encode("latin-1"))
        refused(lake, ErrorCode.DATA, names=("part-1.csv", "UTF-8"))

    def test_of_noise(self, lake: Lake) -> None:
        lake.as_csv().write_bytes(b"x" * 300_000)
        refused(lake, ErrorCode.DATA, names="part-1.csv")


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder, and whoever runs the test without the rights of root from its first step into it on."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestPermission:
    """Root may read everything, so these tests give up its rights where they have them."""

    @staticmethod
    def denied(folder: Path, forbidden: Path, *, name: str) -> None:
        profiles = toolkit.Profiles(location=str(folder / "profiles"), key="CustomerId")
        forbidden.chmod(0)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            with raises(ErrorCode.ACCESS, names=(name, "profiles")):
                profiles.check_keys()
        finally:
            if is_root:
                os.seteuid(0)
            forbidden.chmod(0o700)

    @pytest.mark.parametrize("name", ["part-0.parquet", "part-1.parquet"])
    def test_to_read_a_file_is_missing(self, name: str, as_nobody: Path) -> None:
        lake = Lake(as_nobody)
        self.denied(as_nobody, lake.profiles / name, name=name)

    def test_to_read_a_csv_file_is_missing(self, as_nobody: Path) -> None:
        file = Lake(as_nobody).as_csv()
        self.denied(as_nobody, file, name="part-1.csv")

    def test_to_list_a_folder_is_missing(self, as_nobody: Path) -> None:
        lake = Lake(as_nobody)
        (lake.profiles / "2026").mkdir()
        lake.second.rename(lake.profiles / "2026" / "part-1.parquet")
        self.denied(as_nobody, lake.profiles / "2026", name="profiles/2026")


class TestBlame:
    def test_falls_on_the_profiles_when_the_segments_are_sound(self, lake: Lake) -> None:
        spoilt_parquet(lake)
        assert "segment" not in refused(lake, ErrorCode.DATA, names="part-1.parquet").what

    def test_falls_on_no_segment_that_is_not_asked_for(self, lake: Lake) -> None:
        (lake.segments / "Few.parquet").write_bytes(b"no parquet")
        assert lake.preview().exportable == 40

    def test_is_not_for_a_column_that_is_not_needed(self, lake: Lake) -> None:
        table = pq.read_table(lake.second).set_column(2, "City", pa.array(list(range(20))))
        pq.write_table(table, lake.second)
        no_parquet_yet = lake.profiles / "part-2.parquet"
        no_parquet_yet.write_bytes(b"no parquet")
        refused(lake, ErrorCode.DATA, names="part-2.parquet")


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("p.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("p.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("p.parquet", b"/annex/objects/SHA256E-s1--0.parquet\n", "git annex get"),
        ("p.parquet", b"<!DOCTYPE html><html>", "p.parquet"),
        ("p.csv", b"<?xml version='1.0'?><Error/>", "p.csv"),
        ("p.csv", b"PK\x03\x04\x00\x00", "CSV UTF-8"),
        ("p.csv", b"\x1f\x8b\x08\x00", ".csv.gz"),
        ("p.csv", b"PAR1\x15\x00", ".parquet"),
        ("p.parquet", b"ARROW1\x00\x00", "Parquet"),
        ("p.csv", b"CustomerId;EMail\rC1;a@mail.example\r", "CSV UTF-8"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, name: str, content: bytes, named: str) -> None:
    (tmp_path / name).write_bytes(content)
    with raises(ErrorCode.DATA, names=named):
        toolkit.Profiles(location=str(tmp_path / name), key="CustomerId").scan(["EMail"])
