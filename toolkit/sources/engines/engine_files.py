"""A table in an engine, read as other tables are.

The engine finds the rows: those with one of a few keys, or a count a value. What they mean is decided here by the same
code that reads files, so that the result is the same whatever engine holds the table. For this it is enough that the
engine finds all rows that are wanted: those that it finds too many, such as by a collation that ignores case, meet
nobody afterwards.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import narwhals as nw
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.extras import WRITE_AS_PARQUET, require
from toolkit.sources.arrow_types import as_readable, polars_type
from toolkit.sources.engines.address import Address, EngineKind
from toolkit.sources.engines.bare_keys import OTHER_THAN_PLAIN, bare_key
from toolkit.sources.engines.engine import Engine, EngineSession
from toolkit.sources.files import Files, InputFile
from toolkit.sources.location import Format
from toolkit.sources.storage import StoredFile, storage_of
from toolkit.translatable import _


@dataclass(frozen=True)
class EngineFiles(Files):
    """A table in an engine: its columns as they were when somebody looked, its rows as they are when they are read."""

    engine: Engine
    arrow: Any
    """Arrow's schema."""
    chosen: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """The rows that were chosen, with the columns that are needed; None while all are meant."""
    _has_rows: list[bool] = field(default_factory=list, repr=False, compare=False)
    """Whether the table has rows, once somebody asked: each question is a query."""

    @classmethod
    def open(cls, what: str, location: str) -> "EngineFiles":
        """Ask the engine for the columns of a table.

        Raises:
            MissingExtraError: What reads the engine is not installed.
            ToolkitError: There is no such table, or the engine can't be reached.
        """
        engine = engine_of(Address.parse(location), what=what)
        with _translated(engine, what=what):
            arrow = engine.schema()
        return cls(what, location, storage_of("."), (engine.part,), engine, arrow)

    @property
    def format(self) -> Format | None:
        """None: no file."""
        return None

    @property
    def is_written_whole(self) -> bool:
        """An engine shows nobody a table that is half written."""
        return True

    @property
    def finds_rows(self) -> bool:
        """An engine finds rows by what they hold."""
        return self.chosen is None

    def unreadable(self) -> dict[str, str]:
        """Return the columns that can't be read, each with its type."""
        read = self.schema()
        return {it.name: str(it.type) for it in self.arrow if read.get(it.name) == pl.Unknown}

    def has_rows(self, part: StoredFile) -> bool:
        """Tell whether the table has rows."""
        if not self._has_rows:
            self._has_rows.append(super().has_rows(part))
        return self._has_rows[0]

    def inputs(self) -> list[InputFile]:
        """Return the table, and what is known of when it was written."""
        with _translated(self.engine, what=self.what):
            return [self.engine.state()]

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns as these types, lazily; nothing else leaves the engine."""
        if self.chosen is not None:
            return self.chosen.lazy().select(pl.col(name).cast(dtype) for name, dtype in types.items())
        from polars.io.plugins import register_io_source

        def frames(
            columns: list[str] | None, predicate: pl.Expr | None, limit_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            read = pl.Schema({it: types[it] for it in columns or types.names()})
            for frame in self._frames(read, limit_rows):
                yield frame if predicate is None else frame.filter(predicate)

        return register_io_source(frames, schema=types)

    def choose(self, types: pl.Schema, name: str, values: pl.Series) -> "EngineFiles":
        """Return the table with those rows that have one of these values, found by the engine.

        A row without a value is chosen too, so that whoever needs to know that there is one sees it. All rows are
        left where the column has a type of which engines may compare values in their own ways.
        """
        dtype = types[name]
        wanted = _as_stored(values, dtype)
        if wanted is None:
            return self
        at = f"c{types.names().index(name)}"
        with _translated(self.engine, what=self.what), self.engine.session() as session:
            frame = nw.from_native(session.frame(types.names()))
            value = nw.col(at).cast(nw.String) if dtype == pl.String else nw.col(at)
            names = frame.collect_schema().names()
            met = (
                frame.with_columns(value.alias("held"))
                .join(nw.from_native(session.uploaded(wanted)), left_on="held", right_on="wanted", how="semi")
                .select(*names)
            )
            is_none = nw.col(at).is_null() | nw.col(at).is_nan() if dtype.is_float() else nw.col(at).is_null()
            rows = [_as_frame(_collected(it), types) for it in (met, frame.filter(is_none).head(1))]
        return replace(self, chosen=pl.concat(rows))

    def choose_near(self, types: pl.Schema, name: str, values: pl.Series) -> "EngineFiles":
        """Return the table with the rows whose key is one of these but for what rules of keys pass over.

        Rows with other than plain characters in the key are chosen all: engines differ in them.
        """
        if self.engine.address.kind is EngineKind.IBIS:
            return self  # databases that Ibis reaches differ in their regular expressions
        at, bare = f"c{types.names().index(name)}", bare_key(nw.col("wanted"))
        wanted = nw.from_native(values.alias("wanted").to_frame()).select(bare.alias("wanted")).to_native()
        with _translated(self.engine, what=self.what), self.engine.session() as session:
            frame = nw.from_native(session.frame(types.names()))
            names = frame.collect_schema().names()
            key = nw.col(at).cast(nw.String)
            is_plain = ~key.str.contains(OTHER_THAN_PLAIN)
            keys = nw.from_native(session.uploaded(wanted["wanted"].drop_nulls().unique().alias("wanted")))
            near = (
                frame.filter(is_plain)
                .with_columns(bare_key(key).alias("held"))
                .join(keys, left_on="held", right_on="wanted", how="semi")
                .select(*names)
            )
            rows = [_as_frame(_collected(it), types) for it in (near, frame.filter(~is_plain))]
        return replace(self, chosen=pl.concat(rows))

    def counted(self, name: str, dtype: pl.DataType) -> pl.DataFrame | None:
        """Return each value of a column and how many ``rows`` have it, counted by the engine; None if it may not be."""
        if self.engine.address.kind is EngineKind.IBIS or not (dtype == pl.String or dtype.is_integer()):
            return None  # databases that Ibis reaches compare text by collations that can't be told from here
        with _translated(self.engine, what=self.what), self.engine.session() as session:
            values = session.exact_text(name) if dtype == pl.String else session.frame([name])
            counted = nw.from_native(values).group_by("c0").agg(nw.len().alias("rows"))
            return _as_frame(_collected(counted), pl.Schema({name: dtype, "rows": pl.Int64()}))

    def ends(self, name: str, dtype: pl.DataType) -> tuple[int | None, int | None]:
        """Return the least and the greatest of a column's numbers, found by the engine."""
        with _translated(self.engine, what=self.what), self.engine.session() as session:
            value, types = nw.col("c0"), pl.Schema({"least": dtype, "most": dtype})
            ends = nw.from_native(session.frame([name])).select(least=value.min(), most=value.max())
            found = _as_frame(_collected(ends), types)
        least, most = found.cast(pl.Int128, strict=False).row(0)
        return least, most

    def _schema(self, part: StoredFile) -> pl.Schema:
        return pl.Schema({it.name: _in_utc(polars_type(it.type)) for it in self.arrow})

    def _frames(self, types: pl.Schema, limit: int | None) -> Iterator[pl.DataFrame]:
        with _translated(self.engine, what=self.what), self.engine.session() as session:
            for batch in _batches(session, types.names(), limit):
                yield _as_frame(batch, types)


def engine_of(address: Address, *, what: str) -> Engine:
    """Return the engine of an address; raises MissingExtraError when what reads it is not installed."""
    require(
        address.kind.extra,
        _("The table of the {what} at {location}", what=what, location=address.location),
        otherwise=WRITE_AS_PARQUET,
    )
    match address.kind:
        case EngineKind.DUCKDB:
            from toolkit.sources.engines.duckdb_engine import DuckDBEngine

            return DuckDBEngine(address)
        case EngineKind.SPARK:
            from toolkit.sources.engines.spark_engine import SparkEngine

            return SparkEngine(address)
        case EngineKind.IBIS:
            from toolkit.sources.engines.ibis_engine import IbisEngine

            return IbisEngine(address)


def _batches(session: EngineSession, columns: Sequence[str], limit: int | None) -> Iterator[Any]:
    if limit is None:
        return session.batches(session.frame(columns))
    return iter([_collected(nw.from_native(session.frame(columns)).head(limit))])


def _collected(frame: Any) -> Any:
    return cast("nw.LazyFrame[Any]", frame).collect("pyarrow").to_native()


def _as_frame(table: Any, types: pl.Schema) -> pl.DataFrame:
    """Return a table of Arrow as these columns, in their order."""
    import pyarrow as pa

    read = pa.table({name: as_readable(table.column(at)) for at, name in enumerate(types)})
    return pl.DataFrame(pl.from_arrow(read)).cast(types)


def _as_stored(values: pl.Series, dtype: pl.DataType) -> pl.Series | None:
    """Return the values, each once, as the column holds them; None for a type that is not compared in engines.

    A value that the type can't hold is none of the column's.
    """
    if not (dtype == pl.String or dtype.is_numeric()):
        return None
    compared = pl.Float64() if dtype.is_float() else dtype
    return values.cast(compared, strict=False).drop_nulls().unique().alias("wanted")


def _in_utc(dtype: pl.DataType) -> pl.DataType:
    """Return a moment in UTC, as files hold it: engines show it in the zone of their session."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return pl.Datetime(dtype.time_unit, "UTC")
    return dtype


@contextmanager
def _translated(engine: Engine, *, what: str) -> Iterator[None]:
    """Raise what goes wrong in an engine as a ToolkitError that names the table and shows no secret."""
    try:
        yield
    except ToolkitError:
        raise
    except Exception as error:
        told = engine.translated(error, what=what)
        if told is None:
            raise
        raise told from None
