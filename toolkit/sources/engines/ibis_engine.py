"""Tables in a database that Ibis reaches. The URL of the connection stands in the environment, with its secrets."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote

import polars as pl

from toolkit.errors import AccessError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.sources.engines.engine import Engine, EngineSession, first_line, numbered
from toolkit.sources.secrets import is_secret_name
from toolkit.translatable import _

_ROWS_A_BATCH = 128 << 10
_ENDS_PASSWORD = re.compile(r"[/?#:@\[\]]")
"""What stands for something else in a URL, unless it is encoded."""
_MAY_MAKE_NO_TABLE = ("InsufficientPrivilege", "ReadOnlySqlTransaction")
"""What PostgreSQL's driver calls it."""
_HOLDS_NO_NUL = ("postgres", "risingwave", "materialize")
"""Databases whose text never has the character NUL, and that refuse one."""


class IbisEngine(Engine):
    """A table that Ibis reads. Each session is a connection of its own: one reads but one table at a time."""

    @contextmanager
    def session(self) -> Iterator[EngineSession]:
        """Give a connection."""
        with self._connected() as connection:
            yield _IbisSession(self._found(connection))

    def schema(self) -> Any:
        """Return Arrow's schema of the table."""
        with self._connected() as connection:
            table = self._found(connection)
            return table.select(**{name: _readable(table[name]) for name in table.columns}).schema().to_pyarrow()

    def translated(self, error: Exception, *, what: str) -> ToolkitError | None:
        """Return an error of Ibis or of its driver in words of the table; what drivers say may hold the connection."""
        from ibis.common.exceptions import TableNotFound

        where = self.address.location
        if isinstance(error, TableNotFound):
            return ConfigurationError(
                _("Ibis finds no table of the {what} at {where}.", what=what, where=where),
                _("Correct the name of the table, or the database in the URL of the connection."),
            )
        if isinstance(error, ImportError):
            return ConfigurationError(
                _("What Ibis needs for the {what} at {where} is not installed.", what=what, where=where),
                _("Install the extra of ibis-framework that is named as the URL begins, such as 'postgres'."),
            )
        said = first_line(error)
        is_told = _shows_nothing_of(os.environ.get(self.address.place, ""), said)
        message = _(
            "The {what} at {where} can't be read: {said}.",
            what=what,
            where=where,
            said=said if is_told else type(error).__name__,
        )
        if type(error).__name__ in _MAY_MAKE_NO_TABLE:
            return AccessError(
                message,
                _(
                    "Let the account read the table and make temporary tables, in transactions that may write: "
                    "keys are sent to the database as one."
                ),
            )
        if type(error).__module__.startswith("pyarrow") or any(it.__name__ == "DataError" for it in type(error).mro()):
            return DataError(
                message,
                _(
                    "Have the column written otherwise, such as by a view that casts it, or name another. An infinite "
                    "date, a date before our era and a number with too many digits can't be read."
                ),
            )
        return UnavailableError(
            message,
            _("Check that Ibis opens the connection here, with the URL in {place}.", place=self.address.place),
        )

    def _found(self, connection: Any) -> Any:
        *database, name = self.address.table
        return connection.table(name, database=tuple(database) or None)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        import ibis

        url = os.environ.get(self.address.place)
        if not url:
            raise ConfigurationError(
                _("The environment variable {place} is not set.", place=self.address.place),
                _("Set it to the URL of the connection, as ibis.connect takes it."),
            )
        connection = ibis.connect(url)
        try:
            yield connection
        finally:
            connection.disconnect()


def _shows_nothing_of(url: str, said: str) -> bool:
    """Tell whether words show no secret of a URL: a password with a slash is read as a port, and quoted as one."""
    credentials, at, _host = url.partition("://")[2].rpartition("@")
    password = credentials.partition(":")[2]
    parts = [url, password, unquote(password), *_ENDS_PASSWORD.split(password)] if at else [url]
    parts += [value for name, value in parse_qsl(url.partition("?")[2]) if is_secret_name(name)]
    shown = any(it and it in said for it in parts)
    return bool(url) and not shown and "://" not in said and "password" not in said.casefold()


def _readable(column: Any) -> Any:
    """Return a column as text in the words of its database, if it is of a type that is no other of Arrow's.

    Text of a fixed length is made text too: Ibis can't tell it from other text, and databases take the blanks at its
    end for nothing, but only where they know of its type.
    """
    import ibis.expr.datatypes as dt
    from ibis.expr.operations import Cast

    as_text = dt.String | dt.UUID | dt.INET | dt.MACADDR | dt.Unknown
    # column.cast does nothing with what is text as far as Ibis knows.
    return Cast(column, dt.string).to_expr() if isinstance(column.type(), as_text) else column


class _IbisSession(EngineSession):
    def __init__(self, table: Any) -> None:
        self._table = table

    def frame(self, columns: Sequence[str]) -> Any:
        return self._table.select(**{alias: _readable(self._table[name]) for name, alias in numbered(columns)})

    def exact_text(self, column: str) -> Any:
        return self.frame([column])

    def uploaded(self, values: pl.Series) -> Any:
        import ibis

        if values.dtype == pl.String and self._table.get_backend().name in _HOLDS_NO_NUL:
            values = values.filter(~values.str.contains("\0", literal=True))
        return ibis.memtable(values.to_frame("wanted").to_arrow())

    def batches(self, frame: Any) -> Iterator[Any]:
        yield from frame.to_pyarrow_batches(chunk_size=_ROWS_A_BATCH)
