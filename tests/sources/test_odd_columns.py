"""A column that nobody needs never matters, whatever its type."""

import uuid
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toolkit
from tests.raising import raises
from toolkit.errors import DataError, ErrorCode
from toolkit.profiling import quality_of
from toolkit.sources.error_translation import as_toolkit_error

ODD = {
    "offset": pa.array([0], pa.timestamp("us", tz="+05:30")),
    "no zone": pa.array([0], pa.timestamp("us", tz="W. Europe Standard Time")),
    "duration": pa.array([timedelta(days=1)]),
    "json": pa.array(["{}"], pa.json_()),
    "bool8": pa.array([1], pa.bool8()),
    "uuid": pa.array([uuid.UUID(int=7).bytes], pa.uuid()),
    "far date": pa.array([2**31 - 1], pa.date32()),
    "far moment": pa.array([2**62], pa.timestamp("ms")),
    "decimal256": pa.array([1]).cast(pa.decimal256(60, 2)),
    "list": pa.array([["a", "b"]]),
    "struct": pa.array([{"a": 1, "b": [1]}]),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"\x00\xff"]),
    "nested zone": pa.array([[0]], pa.list_(pa.timestamp("us", tz="+05:30"))),
    "null": pa.nulls(1),
}


def profiles(folder: Path, **columns: object) -> toolkit.Profiles:
    table = pa.table({"CustomerId": ["C1"], "EMail": ["a@mail.example"], **columns})
    pq.write_table(table, folder / "profiles.parquet")
    return toolkit.Profiles(location=str(folder / "profiles.parquet"), key="CustomerId")


@pytest.mark.parametrize("name", ODD)
def test_the_others_are_read(tmp_path: Path, name: str) -> None:
    assert profiles(tmp_path, Odd=ODD[name]).scan(["EMail"]).collect().rows() == [("C1", "a@mail.example")]


@pytest.mark.parametrize("name", ODD)
def test_each_has_a_row_of_quality(tmp_path: Path, name: str) -> None:
    quality = quality_of(profiles(tmp_path, Odd=ODD[name]))
    assert quality.frame["column"].to_list() == ["CustomerId", "EMail", "Odd"]
    assert quality.candidates["email"]["column"].to_list() == ["EMail"]
    assert "Odd" in repr(quality)


def test_why_it_is_unreadable_is_told(tmp_path: Path) -> None:
    odd = profiles(tmp_path, Odd=ODD["nested zone"])
    row = quality_of(odd).frame.row(by_predicate=pl.col("column") == "Odd", named=True)
    assert (row["holds"].startswith("not readable: it has the type list"), row["nulls"]) == (True, None)
    with raises(ErrorCode.DATA, names=("Odd", "list")):
        odd.look(["Odd"])


@pytest.mark.parametrize("name", ["list", "struct", "map", "duration", "offset", "uuid", "decimal256", "far moment"])
def test_a_preview_shows_it(tmp_path: Path, name: str) -> None:
    odd = profiles(tmp_path, Odd=ODD[name])
    (tmp_path / "segments").mkdir()
    pq.write_table(pa.table({"CustomerId": ["C1"]}), tmp_path / "segments" / "S.parquet")
    workspace = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=odd,
        segments=toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="CustomerId"),
        create=True,
    )
    assert workspace.preview("S", email_column="EMail", columns=["Odd"]).members.height == 1
    if name == "list":
        shown = workspace.preview("S", email_column="EMail", unmasked=["Odd"]).members
        assert shown["Odd"].to_list() == ["a, b"]


def test_parts_may_differ_in_it(tmp_path: Path) -> None:
    for number, odd in enumerate((pa.array([0]), ODD["offset"])):
        table = pa.table({"CustomerId": [f"C{number}"], "EMail": ["a@mail.example"], "Odd": odd})
        pq.write_table(table, tmp_path / f"part-{number}.parquet")
    found = toolkit.Profiles(location=str(tmp_path), key="CustomerId").scan(["EMail"]).collect()
    assert sorted(found["CustomerId"]) == ["C0", "C1"]


def test_names_are_no_figures(tmp_path: Path) -> None:
    more = {it: pa.array(["b@mail.example"]) for it in ("rows", "value", "EMail:filled", "0:nulls", "filled EMail")}
    quality = quality_of(profiles(tmp_path, **more))
    assert set(quality.candidates["email"]["column"]) == {"EMail", *more}
    assert quality.candidates["email"]["coverage"].to_list() == [1.0] * 6


@pytest.mark.parametrize(
    ("said", "is_damaged"),
    [
        ("parquet: File out of specification: The file must end with PAR1", True),
        ("Unexpected end of stream", True),
        ("parquet: File out of specification: LogicalType union has no variant set", False),
        ("parquet: Not yet supported: Decoding pages not yet supported", False),
        ("Encryption error: Parquet file has an encrypted footer", False),
        ("something that nobody foresaw", False),
    ],
)
def test_damage_is_said_of_damaged_files(said: str, *, is_damaged: bool) -> None:
    for error in (pl.exceptions.ComputeError(said), OSError(said) if is_damaged else pa.ArrowInvalid(said)):
        told = as_toolkit_error(error, what="profiles", where="p.parquet")
        assert isinstance(told, DataError)
        assert ("is damaged" in told.remedy) is is_damaged


def test_a_panic_is_an_error_in_words() -> None:
    told = as_toolkit_error(
        pl.exceptions.PanicException("called `Result::unwrap()`"), what="profiles", where="p.parquet"
    )
    assert isinstance(told, DataError)


def test_a_panic_shows_no_source_code() -> None:
    panic = 'called `Result::unwrap()` on an `Err` value: JoinError::Panic(Id(10), "assertion failed: start + length")'
    told = as_toolkit_error(pl.exceptions.ComputeError(panic), what="profiles", where="p.parquet")
    assert told is not None
    assert "unwrap" not in told.what
    assert "damaged" in told.remedy
