"""Tables in DuckDB: a file on this machine, or a database at MotherDuck."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import duckdb
import polars as pl

from toolkit.errors import BusyError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.sources.engines.engine import Engine, EngineSession, first_line, numbered
from toolkit.sources.error_translation import nothing_at
from toolkit.sources.files import InputFile
from toolkit.translatable import _

_ROWS_A_BATCH = 128 << 10


class DuckDBEngine(Engine):
    """A table in DuckDB. Each session is a connection of its own, which reads only."""

    @contextmanager
    def session(self) -> Iterator[EngineSession]:
        """Give a connection."""
        with self._connected() as connection:
            yield _DuckDBSession(connection, self._table)

    def schema(self) -> Any:
        """Return Arrow's schema of the table."""
        with self._connected() as connection:
            return connection.sql(f"SELECT * FROM {self._table} LIMIT 0").to_arrow_table().schema

    def state(self) -> InputFile:
        """Return when the file was written; nothing for a view, whose rows may lie elsewhere."""
        if not self.address.is_file or not self._is_stored():
            return super().state()
        file = Path(self.address.place)
        # What was written lately stands in the log beside it.
        found = [it.stat() for it in (file, file.with_name(f"{file.name}.wal")) if it.exists()]
        written = datetime.fromtimestamp(max(it.st_mtime for it in found), UTC)
        return InputFile(self.address.location, sum(it.st_size for it in found), written, None)

    def translated(self, error: Exception, *, what: str) -> ToolkitError | None:
        """Return an error of DuckDB in words of the table."""
        where, said = self.address.location, first_line(error)
        if not isinstance(error, duckdb.Error | OSError):
            return None
        if isinstance(error, duckdb.IOException) and self.address.is_file and not Path(self.address.place).exists():
            return nothing_at(where, what=what)
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
            return ConfigurationError(
                _("There is no table of the {what} at {where}: {said}.", what=what, where=where, said=said),
                _("Correct the name of the database or of the table."),
            )
        if isinstance(error, duckdb.IOException) and "lock" in str(error):
            return BusyError(
                _("The database of the {what} at {where} is open in a process that writes it.", what=what, where=where),
                _("Run again when that process is done, or let it close the database."),
            )
        is_other_file = isinstance(error, duckdb.IOException) and "not a valid DuckDB" in str(error)
        of_content = duckdb.ConversionException | duckdb.InvalidInputException | duckdb.SerializationException
        if is_other_file or isinstance(error, of_content):
            return DataError(
                _("The {what} at {where} can't be read: {said}.", what=what, where=where, said=said),
                _("Run a query on the table in DuckDB, and correct the view or the file that it names."),
            )
        return UnavailableError(
            _("The {what} at {where} can't be reached: {said}.", what=what, where=where, said=said),
            _("Check that DuckDB opens the database here, and its credentials in the environment; then run again."),
        )

    def _is_stored(self) -> bool:
        """Tell whether the table's rows lie in the file of the database."""
        with self._connected() as connection:
            # What is no table may be a path, which DuckDB reads in the place of one.
            named = (
                "SELECT (SELECT count(*) FROM duckdb_tables() WHERE lower(table_name) = lower($name)), "
                "(SELECT count(*) FROM duckdb_views() WHERE lower(view_name) = lower($name))"
            )
            tables, views = connection.execute(named, {"name": self.address.table[-1]}).fetchone()
            return bool(tables) and not views

    @property
    def _table(self) -> str:
        return ".".join(map(_quoted, self.address.table))

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            opened = duckdb.connect(self.address.place, read_only=True)
        except duckdb.ConnectionException:
            # This process has it open to write: its connections share one database.
            opened = duckdb.connect(self.address.place)
        with opened as connection:
            # What is no table of the database is none: not a variable of this program that is called so.
            connection.execute("SET SESSION python_enable_replacements = false")
            yield connection


class _DuckDBSession(EngineSession):
    def __init__(self, connection: Any, table: str) -> None:
        self._connection = connection
        self._table = table

    def frame(self, columns: Sequence[str]) -> Any:
        named = ", ".join(f"{_quoted(name)} AS {alias}" for name, alias in numbered(columns))
        return self._connection.sql(f"SELECT {named} FROM {self._table}")

    def exact_text(self, column: str) -> Any:
        return self._connection.sql(
            f'SELECT CAST({_quoted(column)} AS VARCHAR) COLLATE "binary" AS c0 FROM {self._table}'
        )

    def uploaded(self, values: pl.Series) -> Any:
        # Of a name that no table has: a temporary one would be read in its place.
        name = f"wanted_{token_hex(8)}"
        self._connection.register(name, values.to_frame("wanted").to_arrow())
        return self._connection.table(name)

    def batches(self, frame: Any) -> Iterator[Any]:
        yield from frame.to_arrow_reader(_ROWS_A_BATCH)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
