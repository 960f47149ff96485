"""The workspace's database: SQLite in the folder, or another by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from toolkit.errors import AccessError, BusyError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.extras import Extra, require
from toolkit.sources.secrets import is_secret_name
from toolkit.translatable import _

SCHEMA_VERSION = "0001"
_LOCK = "SELECT pg_advisory_xact_lock(2026072)"
PATIENCE_MILLISECONDS = 30_000
"""How long a transaction waits for another to end."""
READS = {"toolkit_reads": True}
"""The execution option of what only reads."""


def connect(url: str, folder: Path, *, makes: bool = False) -> Engine:
    """Return an engine on the database, brought to the schema of this version.

    Raises DataError when the file of the database is not there, unless it ``makes`` a new one.
    """
    address = address_of(url, folder)
    if address.get_backend_name() == "sqlite":
        if not makes:
            require_file(address)
        # A connection a session: when a program copies the file, as a notebook does that makes a backup of its own
        # workspace, its locks on it are gone, and another may remove the log that an open connection writes to.
        engine = create_engine(address, poolclass=NullPool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    else:
        engine = create_engine(address)
        event.listen(engine, "connect", prepare_postgresql)
    with translate_database_errors(url):
        _migrate(engine)
    return engine


def address_of(url: str, folder: Path) -> URL:
    """Return the URL of the database; a SQLite file without a full path lies in the folder."""
    address = parsed(url)
    if address.get_backend_name() == "sqlite" and address.database and not Path(address.database).is_absolute():
        return address.set(database=str(folder / address.database))
    return address


def require_file(address: URL) -> None:
    """Raise DataError when the file of a SQLite database is not there: SQLite would make an empty one."""
    if address.database and not Path(address.database).exists():
        raise DataError(
            _("The workspace's database is not there: {database}.", database=address.database),
            _("Bring it back from a backup. Without it the toolkit doesn't know what Criteo's lists hold."),
        )


def require_schema(found: str | None) -> None:
    """Raise ConfigurationError when the database has another schema than this version's."""
    if found == SCHEMA_VERSION:
        return
    if found is not None and found > SCHEMA_VERSION:
        raise ConfigurationError(
            _(
                "The workspace's database has schema {found}; this toolkit knows {schema_version}.",
                found=found,
                schema_version=SCHEMA_VERSION,
            ),
            _("Install the newer toolkit that this workspace was used with."),
        )
    raise ConfigurationError(
        _("The workspace's database has no schema; this toolkit needs {schema_version}.", schema_version=SCHEMA_VERSION)
        if found is None
        else _(
            "The workspace's database has schema {found}; this toolkit needs {schema_version}.",
            found=found,
            schema_version=SCHEMA_VERSION,
        ),
        _("Have an administrator run `toolkit workspace upgrade --workspace FOLDER`."),
    )


def schema_of(connection: Connection) -> str | None:
    """Return the schema of a database, None of an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def parsed(url: str) -> URL:
    """Return the URL of a database; raises ConfigurationError for one that is none, or that holds a password."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number, which may be a part of a password
        raise ConfigurationError(
            _("The URL of the database is none."), _("Write postgresql+psycopg://user@host/database, or leave it out.")
        ) from None
    if address.password or any(is_secret_name(it) for it in address.query):
        raise ConfigurationError(
            _(
                "The URL of the database holds a password: {render_as_string}.",
                render_as_string=address.set(query={}).render_as_string(),
            ),
            _("Leave it out, and put it where PostgreSQL's own tools find it: ~/.pgpass or PGPASSFILE."),
        )
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError(
            _("A workspace can't use a database of {get_backend_name}.", get_backend_name=address.get_backend_name()),
            _("Use SQLite or PostgreSQL."),
        )
    if address.drivername == "postgresql+psycopg":
        require(Extra.POSTGRESQL, _("A workspace in PostgreSQL"))
    return address


def serialize_writes(session: Session) -> None:
    """Let transactions that get here follow each other; in SQLite they do from their beginning.

    One that only reads waits for nobody: it sees the database as it was when it began.
    """
    engine = session.get_bind()
    if engine.dialect.name == "postgresql" and not engine.get_execution_options().keys() & READS.keys():
        session.execute(text(_LOCK))


@contextmanager
def translate_database_errors(url: str) -> Iterator[None]:
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
    where = _("The workspace's database ({url})", url=url)
    if "locked" in said or "lock timeout" in said:
        return BusyError(
            _("{where} is held by another program for long.", where=where), _("See what uses it, then try again.")
        )
    if _is_forbidden(error):
        return AccessError(
            _(
                "You may read {where}{where_2}, and not write to it: {splitlines}.",
                where=where[0].lower(),
                where_2=where[1:],
                splitlines=said.splitlines()[0],
            ),
            _("Ask an administrator for write access to the folder, or for a role of the database that may do this."),
        )
    if "malformed" in said or "not a database" in said:
        return DataError(
            _("{where} is damaged: {said}.", where=where, said=said),
            _("Bring it back from a backup; see docs/how-it-works.md on what it holds."),
        )
    return UnavailableError(
        _("{where} can't be used: {said}.", where=where, said=said),
        _("See that its disk has room, that you may write to it, and that it is there; then try again."),
    )


def _is_forbidden(error: DBAPIError) -> bool:
    """Tell whether the account, or the user of the database, lacks a right."""
    code = getattr(error.orig, "sqlstate", None)
    return code in _FORBIDDEN or "readonly database" in str(error.orig)


_FORBIDDEN = ("42501", "25006")
"""PostgreSQL's insufficient_privilege and read_only_sql_transaction."""


def _prepare_sqlite(connection: Any, record: object) -> None:
    prepare_sqlite_to_read(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged batch is on the disk, or it does not count
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def prepare_sqlite_to_read(connection: Any, _record: object) -> None:
    """Set a new connection up; whoever only reads leaves the file's settings alone."""
    # Transactions are begun below: the driver would begin them late, and two that read before they write would clash.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    cursor.close()


def prepare_postgresql(connection: Any, _record: object) -> None:
    """Set a new connection up."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE_MILLISECONDS}")
    connection.commit()


def begin_sqlite(connection: Connection) -> None:
    """Begin a transaction: of a writer in its turn, of a reader at once."""
    reads = connection.get_execution_options().get("toolkit_reads", False)
    # A writer takes its turn at once; a reader waits for nobody, and can't write by mistake.
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    # Looked at without a lock first: whoever only uses what is there waits for nobody.
    with engine.execution_options(**READS).begin() as connection:
        found = schema_of(connection)
    if found == SCHEMA_VERSION:
        return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(_LOCK))
        # Within the transaction, so that of two processes one migrates and the other finds it done.
        found = schema_of(connection)
        if found == SCHEMA_VERSION:
            return
        if found is not None and found > SCHEMA_VERSION:
            require_schema(found)
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "toolkit.state:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
