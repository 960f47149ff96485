"""Engines that hold tables of the tests: DuckDB, Spark, and PostgreSQL by Ibis."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import polars as pl
import psycopg
import pytest

import toolkit
from tests.conftest import REQUIRED, need


class Engine(Protocol):
    """A place for tables."""

    def put(self, name: str, frame: pl.DataFrame) -> Any:
        """Write a table anew; return what the toolkit takes as its location."""


class DuckDB:
    """A database in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def put(self, name: str, frame: pl.DataFrame) -> toolkit.DuckDBTable:
        with duckdb.connect(self.file) as connection:
            connection.register("given", frame.to_arrow())
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM given')
        return toolkit.DuckDBTable(self.file, name)

    def run(self, sql: str) -> None:
        with duckdb.connect(self.file) as connection:
            connection.execute(sql)


class Spark:
    """A session of this process."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def put(self, name: str, frame: pl.DataFrame) -> toolkit.SparkTable:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.session.createDataFrame(frame.to_arrow()).createOrReplaceTempView(name)
        return toolkit.SparkTable(name)


class PostgreSQL:
    """A database that Ibis reaches."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    def put(self, name: str, frame: pl.DataFrame) -> toolkit.IbisTable:
        import ibis

        connection = ibis.connect(os.environ[self.variable])
        try:
            connection.raw_sql(f'DROP TABLE IF EXISTS "{name}"').close()
            connection.create_table(name, frame.to_arrow())
        finally:
            connection.disconnect()
        return toolkit.IbisTable(self.variable, name)

    def run(self, *commands: str) -> None:
        with psycopg.connect(os.environ[self.variable].replace("postgres://", "postgresql://")) as connection:
            for command in commands:
                connection.execute(command)  # type: ignore[arg-type]


@contextmanager
def local_spark(folder: Path) -> Iterator[Spark]:
    """Start Spark on this machine; skip where there is no Java."""
    need("java")
    if "java" not in REQUIRED:
        pytest.importorskip("pyspark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        session = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "Europe/Amsterdam")
            .config("spark.driver.host", "127.0.0.1")
            .config(
                "spark.sql.codegen.factoryMode", "NO_CODEGEN"
            )  # to compile a small query takes longer than to run it
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
    try:
        yield Spark(session)
    finally:
        session.stop()
