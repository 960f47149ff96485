"""The workspace's database: SQLite in the folder, or another by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from toolkit.errors import BusyError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.tables.secrets import is_secret_name

SCHEMA_VERSION = "0001"
_LOCK = "SELECT pg_advisory_xact_lock(2026072)"
PATIENCE_MILLISECONDS = 30_000
"""How long a transaction waits for another to end."""


def connect(url: str, folder: Path) -> Engine:
    """Return an engine on the database, brought to the schema of this version."""
    address = parsed(url)
    if address.get_backend_name() == "sqlite" and address.database and not Path(address.database).is_absolute():
        address = address.set(database=str(folder / address.database))
    engine = create_engine(address)
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    with told(url):
        _migrate(engine)
    return engine


def parsed(url: str) -> URL:
    """Return the URL of a database; raises ConfigurationError for one that is none, or that holds a password."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "The URL of the database is none.", "Write postgresql+psycopg://user@host/database, or leave it out."
        ) from None
    if address.password or any(is_secret_name(it) for it in address.query):
        raise ConfigurationError(
            f"The URL of the database holds a password: {address.set(query={}).render_as_string()}.",
            "Leave it out, and put it where PostgreSQL's own tools find it: ~/.pgpass or PGPASSFILE.",
        )
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError(
            f"A workspace can't use a database of {address.get_backend_name()}.", "Use SQLite or PostgreSQL."
        )
    return address


def one_at_a_time(session: Session) -> None:
    """Let transactions that get here follow each other; in SQLite they do from their beginning."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(_LOCK))


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what goes wrong in the database at the URL into a ToolkitError; IntegrityErrors are the caller's."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _told(make_url(url).render_as_string(), error) from error


def _told(url: str, error: DBAPIError) -> ToolkitError:
    # Of the driver's error only: SQLAlchemy's has the statement and its values.
    said = str(error.orig)
    where = f"The workspace's database ({url})"
    if "locked" in said or "lock timeout" in said:
        return BusyError(f"{where} is held by another program for long.", "See what uses it, then try again.")
    if "malformed" in said or "not a database" in said:
        return DataError(
            f"{where} is damaged: {said}.", "Bring it back from a backup; see docs/how-it-works.md on what it holds."
        )
    return UnavailableError(
        f"{where} can't be used: {said}.",
        "See that its disk has room, that you may write to it, and that it is there; then try again.",
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun below: the driver would begin them late, and two that read before they write would clash.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged batch is on the disk, or it does not count
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE_MILLISECONDS}")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(_LOCK))
        # Within the transaction, so that of two processes one migrates and the other finds it done.
        found = None
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == SCHEMA_VERSION:
            return
        if found is not None and found > SCHEMA_VERSION:
            raise ConfigurationError(
                f"The workspace's database has schema {found}; this toolkit knows {SCHEMA_VERSION}.",
                "Install the newer toolkit that this workspace was used with.",
            )
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "toolkit.workspace:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
