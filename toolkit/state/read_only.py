"""Reading the workspace's database: without a write, and without the right to one.

A reader takes no lock that another waits for. Where the file may not be written to, SQLite's shared memory beside it
can't be made: a database that nobody has open is then read as a file that does not change, and it is an error if it
did.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from toolkit.errors import BusyError
from toolkit.state import database
from toolkit.state.database import READS, address_of, require_file, require_schema, schema_of, translate_database_errors
from toolkit.translatable import _


class Reader:
    """Sessions on the database that only read."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        address = address_of(url, folder)
        self._file: Path | None = None
        if address.get_backend_name() == "sqlite":
            require_file(address)
            path = Path(str(address.database))
            self._file = None if _may_write(path) else path
            self._engine = _of_file(address) if self._file is None else _of_read_only_file(self._file)
        else:
            self._engine = _of_server(address)
        with self._watched(), self._engine.connect() as connection, connection.begin():
            require_schema(schema_of(connection))

    def dispose(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session in one transaction that can't write.

        Raises BusyError when a file that could only be read changed meanwhile, and what ``WorkspaceFolder.session``
        raises.
        """
        with self._watched(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _watched(self) -> Iterator[None]:
        constant = self._file if self._file is not None and not _is_in_use(self._file) else None
        before = None if constant is None else _stamp(constant)
        try:
            with translate_database_errors(self._url):
                yield
        finally:
            # Also when it failed: what is read while it changes may look damaged.
            if constant is not None and _stamp(constant) != before:
                raise BusyError(
                    _("The workspace's database ({url}) was written to while it was read.", url=self._url),
                    _("Try again."),
                )


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes with the file."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _reading(engine: Engine) -> Engine:
    return engine.execution_options(**READS, postgresql_readonly=True)


def _of_server(address: URL) -> Engine:
    # All that a session reads is of one moment, as it is in SQLite: rows are compared with the audit.
    engine = create_engine(address, isolation_level="REPEATABLE READ")
    event.listen(engine, "connect", database.prepare_postgresql)
    return _reading(engine)


def _of_file(address: URL) -> Engine:
    engine = create_engine(address, poolclass=NullPool)
    event.listen(engine, "connect", database.prepare_sqlite_to_read)
    event.listen(engine, "begin", database.begin_sqlite)
    return _reading(engine)


def _of_read_only_file(path: Path) -> Engine:
    def opened() -> sqlite3.Connection:
        how = "mode=ro" if _is_in_use(path) else "immutable=1"
        return sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, check_same_thread=False)

    # A connection a session: each decides anew how the file can be read.
    engine = create_engine("sqlite://", creator=opened, poolclass=NullPool)
    event.listen(engine, "connect", database.prepare_sqlite_to_read)
    event.listen(engine, "begin", database.begin_sqlite)
    return _reading(engine)


def _is_in_use(path: Path) -> bool:
    """Tell whether a writer has the database open, or left what is not in the file yet."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and (log.stat().st_size > 0 or path.with_name(f"{path.name}-shm").exists())


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
