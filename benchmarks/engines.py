"""Measures what it takes to prepare an audience from profiles in files, in DuckDB and in Spark on this machine.

    python -m benchmarks.engines --profiles 1_000_000

Each engine runs in a process of its own. Processor seconds are of the process and of all that it started, such as
Spark's Java: a machine that does other things too changes them least. The tables are written before the clock begins.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import polars as pl
import psutil

import toolkit
from toolkit.audience import IdentityColumn
from toolkit.audience.segments import audience_of
from toolkit.identifiers import first_type

ENGINES = ("files", "duckdb", "spark")
_PART = 1_000_000


def main() -> None:
    """Measure each engine; print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--folder", type=Path, help="Where the tables are written; by default a temporary folder.")
    parser.add_argument("--one", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measure(options.one, options.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        _write(folder, options.profiles)
        for engine in options.engines:
            command = [sys.executable, "-m", "benchmarks.engines", "--one", engine, "--folder", str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(engine, done.stdout.splitlines()[-1], flush=True)


def _write(folder: Path, profiles: int) -> None:
    """Write profiles in parts of a million, and a segment of a million members or of a tenth of the profiles."""
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    for part in range(0, profiles, _PART):
        number = pl.int_range(part, min(part + _PART, profiles), eager=True)
        pl.DataFrame({"CustomerId": number}).select(
            pl.format("C{}", "CustomerId").alias("CustomerId"),
            pl.format("Person{}@mail{}.example", "CustomerId", pl.col("CustomerId") % 7).alias("EMail"),
            pl.format("Street {} of a town", "CustomerId").alias("Address"),
            (pl.col("CustomerId") % 97).alias("Age"),
        ).write_parquet(folder / "profiles" / f"{part:012}.parquet")
    members = min(1_000_000, max(profiles // 10, 1))
    keys = pl.int_range(0, profiles, profiles // members, eager=True).alias("CustomerId").to_frame()
    segment = keys.select(pl.format("C{}", "CustomerId").alias("CustomerId"), pl.lit("VIP").alias("Segment"))
    segment.write_parquet(folder / "segment.parquet")


def _measure(engine: str, folder: Path) -> dict[str, float]:
    place = {"files": _in_files, "duckdb": _in_duckdb, "spark": _in_spark}[engine](folder)
    segments = toolkit.SegmentTable(location=folder / "segment.parquet", key="CustomerId", segment="Segment")
    process = psutil.Process()
    before, began = _processor_seconds(process), time.perf_counter()
    audience = audience_of(
        toolkit.Profiles(location=place, key="CustomerId"),
        segments,
        ["VIP"],
        column=IdentityColumn("EMail", first_type()),
    )
    seconds, worked = time.perf_counter() - began, _processor_seconds(process) - before
    memory = max(process.memory_info().rss, 0) + sum(it.memory_info().rss for it in process.children(recursive=True))
    exportable = audience.frame.filter(status="exportable").height
    return {
        "members": audience.frame.height,
        "exportable": exportable,
        "seconds": round(seconds, 2),
        "processor_seconds": round(worked, 2),
        "gigabytes": round(memory / 1e9, 2),
    }


def _in_files(folder: Path) -> Path:
    return folder / "profiles"


def _in_duckdb(folder: Path) -> toolkit.DuckDBTable:
    import duckdb

    file = folder / "crm.duckdb"
    if not file.exists():
        with duckdb.connect(file) as connection:
            connection.execute(f"CREATE TABLE profiles AS SELECT * FROM read_parquet('{folder}/profiles/*.parquet')")
    return toolkit.DuckDBTable(file, "profiles")


def _in_spark(folder: Path) -> toolkit.SparkTable:
    warnings.simplefilter("ignore")
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    session.read.parquet(str(folder / "profiles")).createOrReplaceTempView("profiles")
    session.sql("SELECT count(*) FROM profiles").collect()  # a session that has worked before, as a cluster's has
    return toolkit.SparkTable("profiles")


def _processor_seconds(process: psutil.Process) -> float:
    measure: Callable[[psutil.Process], float] = lambda it: it.cpu_times().user + it.cpu_times().system  # noqa: E731
    return measure(process) + sum(map(measure, process.children(recursive=True)))


if __name__ == "__main__":
    main()
