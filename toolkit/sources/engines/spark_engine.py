"""Tables in Spark, classic or by Spark Connect. The session belongs to whoever runs the notebook.

``SparkSession.builder.getOrCreate()`` is Spark's own way to find one: the active session of a notebook, that of
``SPARK_REMOTE``, or a local one by the configuration of the machine.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import polars as pl

from toolkit.errors import ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.sources.engines.engine import Engine, EngineSession, first_line, numbered
from toolkit.translatable import _

_ROWS_AT_ONCE = 2_000_000
"""Spark gives Arrow the whole of a frame at once, so that larger ones are asked for in parts."""
_NOT_HASHED = ("map", "variant", "interval", "struct", "array", "geometry", "geography")
_OF_CONTENT = ("CAST_", "CANNOT_PARSE", "MALFORMED", "FAILED_READ_FILE", "UNSUPPORTED_", "AMBIGUOUS_", "USER_RAISED_")
_DATA_EXCEPTION = "22"
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
_NO_TABLE = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "PARSE_SYNTAX_ERROR")


class SparkEngine(Engine):
    """A table in Spark."""

    @contextmanager
    def session(self) -> Iterator[EngineSession]:
        """Give the session."""
        with _unlogged():
            yield _SparkSession(self._spark, self._table)

    def schema(self) -> Any:
        """Return Arrow's schema of the table."""
        with _without_warnings(), _unlogged():
            return _schema_of(self._table)

    def translated(self, error: Exception, *, what: str) -> ToolkitError | None:
        """Return an error of Spark in words of the table."""
        from pyspark.errors import PySparkException

        if not isinstance(error, PySparkException | OSError) and "py4j" not in type(error).__module__:
            return None
        where, said = self.address.location, first_line(error)
        condition = str(error.getCondition() or "") if isinstance(error, PySparkException) else ""
        if condition.startswith(_NO_TABLE):
            return ConfigurationError(
                _("Spark knows no table of the {what} at {where}.", what=what, where=where),
                _(
                    "Correct the name, or see that the session has the catalog. A temporary view lives in the session "
                    "that made it: for scheduled runs, save it as a table."
                ),
            )
        state = str(error.getSqlState() or "") if isinstance(error, PySparkException) else ""
        if condition.startswith(_OF_CONTENT) or state.startswith(_DATA_EXCEPTION):
            return DataError(
                _("The {what} at {where} can't be read: {said}.", what=what, where=where, said=said),
                _("Run a query on the table in Spark, and correct the table or the view."),
            )
        return UnavailableError(
            _("The {what} at {where} can't be reached: {said}.", what=what, where=where, said=said),
            _("See that the Spark session is up: in a notebook that of its cluster, else SPARK_REMOTE or Java 17."),
        )

    @cached_property
    def _spark(self) -> Any:
        with _without_warnings():
            from pyspark.sql import SparkSession

            # Looked up once: threads that read the table know of no active session.
            return SparkSession.getActiveSession() or _session_of_environment()

    @cached_property
    def _table(self) -> Any:
        """The table as Spark plans it, in one version where the format has versions."""
        return self._spark.table(".".join(map(_quoted, self.address.table)))


class _SparkSession(EngineSession):
    def __init__(self, spark: Any, table: Any) -> None:
        self._spark = spark
        self._table = table

    def frame(self, columns: Sequence[str]) -> Any:
        return self._table.select([self._table[_quoted(name)].alias(alias) for name, alias in numbered(columns)])

    def exact_text(self, column: str) -> Any:
        from pyspark.sql import functions

        return self._table.select(functions.collate(self._table[_quoted(column)], "UTF8_BINARY").alias("c0"))

    def uploaded(self, values: pl.Series) -> Any:
        with _without_warnings():
            return self._spark.createDataFrame(values.to_frame("wanted").to_arrow())

    def batches(self, frame: Any) -> Iterator[Any]:
        from pyspark.sql import functions

        parts = frame.count() // _ROWS_AT_ONCE + 1
        told = [it.name for it in frame.schema if not it.dataType.typeName().startswith(_NOT_HASHED)]
        if parts == 1 or not told:
            yield _arrow_of(frame)
            return
        number = functions.pmod(functions.xxhash64(*told), functions.lit(parts))
        for part in range(parts):
            yield _arrow_of(frame.where(number == part))


def _arrow_of(frame: Any) -> Any:
    with _without_warnings():
        return frame.toArrow()


def _session_of_environment() -> Any:
    from pyspark.sql import SparkSession
    from pyspark.sql.utils import is_remote

    if is_remote():
        return SparkSession.builder.getOrCreate()
    from pyspark import SparkContext

    is_started_here = SparkContext._active_spark_context is None
    session = SparkSession.builder.getOrCreate()
    if is_started_here:
        # Java would write rows that an error quotes to the output of a notebook, which is saved.
        session.sparkContext.setLogLevel("OFF")
    return session


def _schema_of(table: Any) -> Any:
    """Return Arrow's schema; what Spark can't give to Arrow has a type that nothing reads, called as in Spark."""
    import pyarrow as pa
    from pyspark.errors import PySparkException

    try:
        return table.limit(0).toArrow().schema
    except PySparkException as error:
        if not str(error.getCondition()).startswith("UNSUPPORTED_") or len(table.schema) == 1:
            raise
    fields = []
    for it in table.schema:
        try:
            fields.append(table.select(_quoted(it.name)).limit(0).toArrow().schema.field(0))
        except PySparkException as error:
            if not str(error.getCondition()).startswith("UNSUPPORTED_"):
                raise
            fields.append(pa.field(it.name, pa.sparse_union([pa.field(it.dataType.simpleString(), pa.null())])))
    return pa.schema(fields)


class _Unlogged(logging.Filter):
    """Keeps back what PySpark logs of an error while tables are read: it quotes rows, and is raised too, in words."""

    def __init__(self) -> None:
        super().__init__()
        self._readers = 0
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        return not self._readers

    def count(self, more: int) -> None:
        with self._lock:
            self._readers += more


_filter = _Unlogged()


@contextmanager
def _unlogged() -> Iterator[None]:
    from pyspark.logger import PySparkLogger

    for name in _LOGGERS:
        PySparkLogger.getLogger(name).addFilter(_filter)
    _filter.count(1)
    try:
        yield
    finally:
        _filter.count(-1)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep what PySpark says of versions of pandas to itself: nothing of pandas is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
