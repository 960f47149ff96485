"""A table that keeps a record of its files is read by what understands the record, or refused by its name."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

import toolkit
from tests.raising import raises
from toolkit.errors import BusyError, ErrorCode
from toolkit.sources import Format

ROWS = pl.DataFrame({"CustomerId": ["C1", "C2"], "EMail": ["a@mail.example", "b@mail.example"]})


def keys(location: Path | str) -> list[str]:
    profiles = toolkit.Profiles(location=str(location), key="CustomerId")
    return sorted(profiles.scan(["EMail"]).collect()["CustomerId"])


def put(path: Path, content: bytes | str = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def data(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ROWS.write_parquet(path)


def hudi(table: Path) -> None:
    put(table / ".hoodie" / "hoodie.properties")
    data(table / "p.parquet")


def hudi_partition(table: Path) -> None:
    put(table / ".hoodie_partition_metadata")
    data(table / "p.parquet")


def stream(table: Path) -> None:
    put(table / "_spark_metadata" / "0")
    data(table / "p.parquet")


def hive(table: Path) -> None:
    data(table / "delta_0000001_0000001_0000" / "p.parquet")


def lance(table: Path) -> None:
    put(table / "_versions" / "1.manifest")
    put(table / "data" / "0.lance")


def paimon(table: Path) -> None:
    put(table / "snapshot" / "snapshot-1")
    put(table / "manifest" / "manifest-1")
    data(table / "bucket-0" / "data-1.parquet")


def carbon(table: Path) -> None:
    put(table / "Metadata" / "tablestatus")
    data(table / "Fact" / "p.parquet")


def ducklake(table: Path) -> None:
    data(table / "ducklake-0198a3d1-7c5e-7c11-8d2f-0123456789ab.parquet")


def manifest(table: Path) -> None:
    put(table / "_symlink_format_manifest" / "manifest")
    data(table / "p.parquet")


REFUSED = {
    "Hudi": hudi,
    "Hudi table": hudi_partition,
    "Spark stream": stream,
    "Apache Hive": hive,
    "Lance": lance,
    "Paimon": paimon,
    "CarbonData": carbon,
    "DuckLake": ducklake,
    "symlink manifest": manifest,
}


class TestRefused:
    @pytest.mark.parametrize(("name", "make"), REFUSED.items())
    def test_by_its_name(self, tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
        make(tmp_path / "t")
        with raises(ErrorCode.DATA, names=name):
            keys(tmp_path / "t")

    @pytest.mark.parametrize(("name", "make"), REFUSED.items())
    def test_as_a_segment(self, tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
        make(tmp_path / "segments" / "S")
        catalog = toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="CustomerId")
        with raises(ErrorCode.DATA, names=name):
            catalog.scan(["S"])

    @pytest.mark.parametrize(("name", "make"), REFUSED.items())
    def test_in_a_folder_below(self, tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
        make(tmp_path / "lake" / "t")
        with raises(ErrorCode.DATA, names=name):
            keys(tmp_path / "lake")

    @pytest.mark.parametrize("make", [hudi, stream, lance, paimon, carbon, manifest])
    def test_a_part_of_it(self, tmp_path: Path, make: Callable[[Path], None]) -> None:
        make(tmp_path / "t")
        data(tmp_path / "t" / "Country=NL" / "p.parquet")
        for part in ("Country=NL", "Country=NL/p.parquet"):
            with raises(ErrorCode.DATA, names=tmp_path / "t"):
                keys(tmp_path / "t" / part)

    def test_a_file_of_a_ducklake(self, tmp_path: Path) -> None:
        ducklake(tmp_path)
        (file,) = tmp_path.iterdir()
        with raises(ErrorCode.DATA, names="DuckLake"):
            keys(file)

    def test_a_folder_that_is_being_written(self, tmp_path: Path) -> None:
        data(tmp_path / "p.parquet")
        put(tmp_path / "_temporary" / "0" / "part-0")
        with pytest.raises(BusyError):
            keys(tmp_path)
        put(tmp_path / "_SUCCESS", "")
        assert keys(tmp_path) == ["C1", "C2"]


class TestDelta:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        write_deltalake(str(tmp_path / "t"), ROWS.with_columns(Seg=pl.lit("A")).to_arrow(), partition_by=["Seg"])
        DeltaTable(str(tmp_path / "t")).delete("CustomerId = 'C2'")
        return tmp_path / "t"

    def test_its_folder_is_read(self, table: Path) -> None:
        assert keys(table) == ["C1"]

    def test_a_partition_is_refused(self, table: Path) -> None:
        with raises(ErrorCode.DATA, names="Delta") as raised:
            keys(table / "Seg=A")
        assert str(table) in raised.value.remedy

    def test_a_file_is_refused(self, table: Path) -> None:
        with raises(ErrorCode.DATA, names="Delta"):
            keys(next((table / "Seg=A").glob("*.parquet")))

    def test_a_link_to_a_partition_is_refused(self, table: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(table / "Seg=A")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "sub").symlink_to(table / "Seg=A")
        (tmp_path / "file.parquet").symlink_to(next((table / "Seg=A").glob("*.parquet")))
        for name in ("link", "folder", "file.parquet"):
            with raises(ErrorCode.DATA, names="Delta"):
                keys(tmp_path / name)

    def test_a_folder_of_tables_is_refused(self, table: Path) -> None:
        with raises(ErrorCode.DATA, names=("Delta", table)):
            keys(table.parent)

    def test_mapped_columns_are_read(self, tmp_path: Path) -> None:
        write_deltalake(str(tmp_path / "t"), ROWS.to_arrow())
        log = tmp_path / "t" / "_delta_log" / f"{0:020}.json"
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        for action in actions:
            if "protocol" in action:
                action["protocol"] = {"minReaderVersion": 2, "minWriterVersion": 5}
            if "metaData" in action:
                schema = json.loads(action["metaData"]["schemaString"])
                for number, field in enumerate(schema["fields"], 1):
                    physical = field["name"]
                    field["metadata"] = {
                        "delta.columnMapping.id": number,
                        "delta.columnMapping.physicalName": physical,
                    }
                schema["fields"][1]["name"] = 'E "Mail"'
                action["metaData"]["schemaString"] = json.dumps(schema)
                action["metaData"]["configuration"] = {
                    "delta.columnMapping.mode": "name",
                    "delta.columnMapping.maxColumnId": "2",
                }
        log.write_text("\n".join(map(json.dumps, actions)) + "\n")
        profiles = toolkit.Profiles(location=str(tmp_path / "t"), key="CustomerId")
        assert profiles.scan(['E "Mail"']).collect().sort("CustomerId").rows() == ROWS.rows()

    def test_a_feature_is_no_damage(self, tmp_path: Path) -> None:
        write_deltalake(str(tmp_path / "t"), ROWS.to_arrow())
        log = tmp_path / "t" / "_delta_log" / f"{0:020}.json"
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        for action in actions:
            if "protocol" in action:
                action["protocol"] = {
                    "minReaderVersion": 3,
                    "minWriterVersion": 7,
                    "readerFeatures": ["someNewFeature"],
                    "writerFeatures": ["someNewFeature"],
                }
        log.write_text("\n".join(map(json.dumps, actions)) + "\n")
        with raises(ErrorCode.DATA) as raised:
            keys(tmp_path / "t")
        assert "repair" not in raised.value.remedy


class TestIceberg:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        pytest.importorskip("pyiceberg")
        from pyiceberg.catalog.memory import InMemoryCatalog

        catalog = InMemoryCatalog("c", warehouse=f"file://{tmp_path}")
        catalog.create_namespace("n")
        made = catalog.create_table("n.t", schema=pa.table(ROWS.to_arrow()).cast(_PLAIN).schema)
        made.append(ROWS.to_arrow().cast(_PLAIN))
        made.delete("CustomerId = 'C2'")
        return tmp_path / "n" / "t"

    def test_its_current_snapshot_is_read(self, table: Path) -> None:
        assert keys(table) == ["C1"]

    def test_a_named_metadata_is_read(self, table: Path) -> None:
        assert keys(next((table / "metadata").glob("00001-*.metadata.json"))) == ["C1", "C2"]

    def test_the_snapshot_is_the_version(self, table: Path) -> None:
        profiles = toolkit.Profiles(location=str(table), key="CustomerId")
        (found,) = profiles.inputs()
        assert found.version is not None
        assert found.modified_at is not None
        assert profiles.found()["profiles"].format is Format.ICEBERG

    @pytest.mark.parametrize("is_copy", [True, False])
    def test_one_of_another_place_is_refused(self, table: Path, tmp_path: Path, is_copy: bool) -> None:
        shutil.copytree(table, tmp_path / "elsewhere")
        if not is_copy:
            shutil.rmtree(table)
        with raises(ErrorCode.DATA, names=(table, tmp_path / "elsewhere")):
            keys(tmp_path / "elsewhere")

    def test_a_link_to_it_is_read(self, table: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(table)
        assert keys(tmp_path / "link") == ["C1"]

    def test_its_data_alone_are_refused(self, table: Path) -> None:
        with raises(ErrorCode.DATA, names=("Apache Iceberg", table)):
            keys(table / "data")

    def test_two_newest_metadata_are_refused(self, table: Path) -> None:
        newest = next((table / "metadata").glob("00002-*.metadata.json"))
        put(newest.with_name("00002-00000000-0000-0000-0000-000000000000.metadata.json"), newest.read_bytes())
        with raises(ErrorCode.DATA, names=table):
            keys(table)

    @pytest.mark.parametrize(("ending", "length"), [(".gz.metadata.json", 20), (".metadata.json", 20)])
    def test_damaged_metadata_are_told(self, table: Path, ending: str, length: int) -> None:
        newest = next((table / "metadata").glob("00002-*.metadata.json"))
        packed = gzip.compress(newest.read_bytes())[:length]
        newest.unlink()
        put(newest.with_name(newest.name.removesuffix(".metadata.json") + ending), packed)
        with raises(ErrorCode.DATA, names=table):
            keys(table)

    def test_packed_metadata_are_told(self, table: Path) -> None:
        newest = next((table / "metadata").glob("00002-*.metadata.json"))
        put(newest.with_name(f"{newest.name}.gz"), gzip.compress(newest.read_bytes()))
        newest.unlink()
        with raises(ErrorCode.DATA, names="gunzip"):
            keys(table)

    def test_it_is_a_segment(self, table: Path, tmp_path: Path) -> None:
        catalog = toolkit.SegmentFolder(location=str(tmp_path / "n"), key="CustomerId")
        assert catalog.scan(["t"]).collect()["customer"].to_list() == ["C1"]


_PLAIN = pa.schema([("CustomerId", pa.string()), ("EMail", pa.string())])


class TestDatabricks:
    def commit(self, folder: Path, number: int, *, removed: list[str]) -> None:
        added = [f"part-0-tid-{number}-x.c000.snappy.parquet"]
        put(folder / f"_started_{number}", "")
        put(folder / f"_committed_{number}", json.dumps({"added": added, "removed": removed}))
        data(folder / added[0])

    def test_committed_files_are_read(self, tmp_path: Path) -> None:
        self.commit(tmp_path, 111, removed=[])
        assert keys(tmp_path) == ["C1", "C2"]

    @pytest.mark.parametrize("below", [".", "Country=NL"])
    def test_replaced_files_are_refused(self, tmp_path: Path, below: str) -> None:
        self.commit(tmp_path / below, 111, removed=[])
        self.commit(tmp_path / below, 222, removed=["part-0-tid-111-x.c000.snappy.parquet"])
        with raises(ErrorCode.DATA, names="Databricks"):
            keys(tmp_path)
        with raises(ErrorCode.DATA, names="Databricks"):
            keys(tmp_path / below / "part-0-tid-111-x.c000.snappy.parquet")
        assert keys(tmp_path / below / "part-0-tid-222-x.c000.snappy.parquet") == ["C1", "C2"]

    def test_files_not_committed_are_refused(self, tmp_path: Path) -> None:
        self.commit(tmp_path, 111, removed=[])
        (tmp_path / "_committed_111").unlink()
        with pytest.raises(BusyError):
            keys(tmp_path)

    def test_files_of_a_repeated_task_are_refused(self, tmp_path: Path) -> None:
        self.commit(tmp_path, 111, removed=[])
        assert keys(tmp_path) == ["C1", "C2"]
        data(tmp_path / "part-0-tid-111-y.c000.snappy.parquet")
        with raises(ErrorCode.BUSY, names="part-0-tid-111-y"):
            keys(tmp_path)

    def test_a_damaged_commit_is_told(self, tmp_path: Path) -> None:
        self.commit(tmp_path, 111, removed=[])
        (tmp_path / "_committed_111").write_text("{")
        with raises(ErrorCode.DATA, names="_committed_111"):
            keys(tmp_path)
