"""A folder is listed quickly the second time, and as it is then."""

import os
from pathlib import Path

import polars as pl
import pytest

from toolkit import SegmentFolder
from toolkit.errors import DataError
from toolkit.sources.storage import storage_of


def members(count: int) -> pl.DataFrame:
    return pl.DataFrame({"CustomerId": [f"C{number}" for number in range(count)]})


@pytest.fixture
def catalog(tmp_path: Path) -> SegmentFolder:
    (tmp_path / "segments").mkdir()
    members(3).write_parquet(tmp_path / "segments" / "A.parquet")
    return SegmentFolder(location=str(tmp_path / "segments"), key="CustomerId")


def rows(catalog: SegmentFolder) -> dict[str, int]:
    return dict(catalog.summary().select("segment", "rows").iter_rows())


class TestFileWrittenAgain:
    def test_new_rows(self, catalog: SegmentFolder) -> None:
        assert rows(catalog) == {"A": 3}
        members(4).write_parquet(Path(catalog.location) / "A.parquet")
        assert rows(catalog) == {"A": 4}

    def test_new_columns_with_the_old_time(self, catalog: SegmentFolder) -> None:
        file = Path(catalog.location) / "A.parquet"
        assert rows(catalog) == {"A": 3}
        before = file.stat()
        other = file.with_name("other")
        members(3).rename({"CustomerId": "CustomerKy"}).write_parquet(other)
        assert other.stat().st_size == before.st_size
        other.replace(file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(DataError):
            rows(catalog)

    def test_file_that_was_broken(self, catalog: SegmentFolder) -> None:
        file = Path(catalog.location) / "A.parquet"
        whole = file.read_bytes()
        file.write_bytes(whole[:-8])
        with pytest.raises(DataError):
            rows(catalog)
        file.write_bytes(whole)
        assert rows(catalog) == {"A": 3}


class TestFoldersAbove:
    def test_files_of_one_folder(self, tmp_path: Path) -> None:
        storage = storage_of(str(tmp_path))
        expected = [str(tmp_path), *map(str, tmp_path.parents)]
        assert storage.folders_above(str(tmp_path / "a")) == storage.folders_above(str(tmp_path / "b")) == expected

    def test_link_to_another_folder(self, tmp_path: Path) -> None:
        there, here = tmp_path / "there", tmp_path / "here"
        there.mkdir()
        here.mkdir()
        (there / "file").touch()
        (here / "link").symlink_to(there / "file")
        above = storage_of(str(here)).folders_above(str(here / "link"))
        assert above[0] == str(here)
        assert str(there) in above

    def test_folder_that_is_a_link(self, tmp_path: Path) -> None:
        there = tmp_path / "there"
        there.mkdir()
        (there / "file").touch()
        (tmp_path / "here").symlink_to(there)
        above = storage_of(str(tmp_path)).folders_above(str(tmp_path / "here" / "file"))
        assert {str(tmp_path / "here"), str(there), str(tmp_path)} <= set(above)
