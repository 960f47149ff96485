"""The address of a table in an engine: which engine, where, and what the table is called.

It is stored with the workspace as the location of a table, and so holds no secret: credentials stay the engine's own.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from toolkit.errors import ConfigurationError
from toolkit.extras import Extra
from toolkit.translatable import _

_PART = r'(?:"(?:[^"]|"")+"|[^".#\s][^".#]*)'
_PARTS = re.compile(_PART)
_NAME = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")
_LOCATED = re.compile(rf"(?P<of_place>.*?)#(?P<of_table>{_NAME.pattern})", re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOTHERDUCK = ("md:", "motherduck:")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]+:")
_SECRET = re.compile(r"(?:password|passwd|pwd|token|secret|key)\s*=", re.IGNORECASE)
_SECRET_OF_TABLE = re.compile(r"(?:password|passwd|pwd|token|secret)\s*=", re.IGNORECASE)
"""Without ``key=``, which a folder in the name of a file may begin with."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]*")


class EngineKind(StrEnum):
    """An engine that holds tables, as locations begin."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    IBIS = "ibis"

    @property
    def extra(self) -> Extra:
        """What has to be installed for it."""
        return Extra(self.value)


@dataclass(frozen=True)
class Address:
    """A table in an engine."""

    kind: EngineKind
    place: str
    """For DuckDB the file of the database, or MotherDuck's ``md:name``; for Ibis the environment variable that holds
    the URL of the connection; empty for Spark."""
    table: tuple[str, ...]
    """The name of the table, with those of its schema and catalog before it."""

    @classmethod
    def parse(cls, location: str) -> "Address":
        """Return the address that a location says.

        Raises:
            ConfigurationError: It is none, or holds a secret.
        """
        kind = EngineKind(location.partition(":")[0])
        rest = location.partition(":")[2]
        place, table = "", rest
        if kind is not EngineKind.SPARK:
            found = _LOCATED.fullmatch(rest)
            place, table = (found["of_place"], found["of_table"]) if found else (rest.partition("#")[0], "")
        _require_safe(kind, place)
        if _SECRET_OF_TABLE.search(table):
            raise ConfigurationError(
                _("The name of the table holds a secret, which would be stored with the workspace."),
                _("Name the table only. If the secret was saved before, renew it."),
            )
        if not _NAME.fullmatch(table):
            raise ConfigurationError(
                _("The location of a table in {kind} names no table.", kind=kind.value),
                _(
                    "Write it as {example}; put double quotes around a part of the name that holds a dot.",
                    example=_EXAMPLES[kind],
                ),
            )
        parts = (it.group() for it in _PARTS.finditer(table))
        return cls(kind, place, tuple(_unquoted(it) for it in parts))

    @property
    def location(self) -> str:
        """The address as it is stored."""
        name = ".".join(it if _PLAIN.fullmatch(it) else f'"{it.replace(chr(34), chr(34) * 2)}"' for it in self.table)
        return f"{self.kind}:{name}" if self.kind is EngineKind.SPARK else f"{self.kind}:{self.place}#{name}"

    def resolved(self, base: Path) -> "Address":
        """Return the address with the file of a database made absolute, from ``base`` when it is relative."""
        if not self.is_file:
            return self
        return replace(self, place=str((base / Path(self.place).expanduser()).resolve()))

    @property
    def is_file(self) -> bool:
        """Whether the table lies in a file on this machine."""
        return self.kind is EngineKind.DUCKDB and not self.place.startswith(_MOTHERDUCK)


def is_in_engine(location: str) -> bool:
    """Tell whether a location names a table in an engine."""
    return location.partition(":")[0] in _KINDS and ":" in location


@dataclass(frozen=True)
class DuckDBTable:
    """A table or view in a DuckDB database: a file, or MotherDuck.

    The database is opened to be read only, for as long as it is read. MotherDuck takes its token from the environment
    variable ``motherduck_token``.

    Raises:
        ConfigurationError: The database is none that can be found again, or holds a secret; or the table has no name.

    Examples:
        >>> table = toolkit.DuckDBTable("crm.duckdb", "main.profiles")
        >>> toolkit.Profiles(location=table, key="CustomerId").location
        'duckdb:crm.duckdb#main.profiles'
    """

    database: str | Path
    """The file of the database, or ``md:`` with the name of a database at MotherDuck."""
    table: str
    """The table, as ``profiles``, ``schema.profiles`` or ``catalog.schema.profiles``."""

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        _ = self.location

    @property
    def location(self) -> str:
        """The location that is stored with the workspace."""
        return Address.parse(f"{EngineKind.DUCKDB}:{self.database}#{self.table}").location


@dataclass(frozen=True)
class SparkTable:
    """A table or view that Spark knows: classic, or by Spark Connect.

    The session is the active one, or the one that the environment describes, such as by ``SPARK_REMOTE``.

    Raises:
        ConfigurationError: The table has no name.

    Examples:
        >>> toolkit.Profiles(location=toolkit.SparkTable("crm.profiles"), key="CustomerId").location
        'spark:crm.profiles'
    """

    table: str
    """The table, as ``profiles``, ``schema.profiles`` or ``catalog.schema.profiles``."""

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        _ = self.location

    @property
    def location(self) -> str:
        """The location that is stored with the workspace."""
        return Address.parse(f"{EngineKind.SPARK}:{self.table}").location


@dataclass(frozen=True)
class IbisTable:
    """A table in a database that Ibis reaches, such as PostgreSQL.

    Raises:
        ConfigurationError: The connection is not the name of an environment variable; or the table has no name.

    Examples:
        >>> table = toolkit.IbisTable("WAREHOUSE_URL", "crm.profiles")
        >>> toolkit.Profiles(location=table, key="CustomerId").location
        'ibis:WAREHOUSE_URL#crm.profiles'
    """

    connection: str
    """The environment variable that holds the URL of the connection, as ``ibis.connect`` takes it. The name is stored,
    and the URL is not."""
    table: str
    """The table, as ``profiles``, ``schema.profiles`` or ``catalog.schema.profiles``."""

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        _ = self.location

    @property
    def location(self) -> str:
        """The location that is stored with the workspace."""
        return Address.parse(f"{EngineKind.IBIS}:{self.connection}#{self.table}").location


def _require_safe(kind: EngineKind, place: str) -> None:
    """Raise ConfigurationError, which quotes nothing of it, for a place that can't be found again or holds a secret."""
    if kind is EngineKind.IBIS and not _VARIABLE.fullmatch(place):
        raise ConfigurationError(
            _("The connection of a table that Ibis reads is not the name of an environment variable."),
            _(
                "Put the URL of the connection in the environment, such as in WAREHOUSE_URL, and write "
                'toolkit.IbisTable("WAREHOUSE_URL", "crm.profiles"). The workspace stores the name only.'
            ),
        )
    if kind is not EngineKind.DUCKDB:
        return
    if _SECRET.search(place):
        raise ConfigurationError(
            _("The DuckDB database is named with a secret, which would be stored with the workspace."),
            _(
                "Leave it out: MotherDuck takes its token from the environment variable motherduck_token, and DuckDB "
                "keeps other credentials with CREATE PERSISTENT SECRET. If it was saved before, renew it."
            ),
        )
    is_motherduck = place.startswith(_MOTHERDUCK)
    if (
        not place.strip()
        or place == ":memory:"
        or "\0" in place
        or (is_motherduck and "?" in place)
        or (not is_motherduck and _SCHEME.match(place))
    ):
        raise ConfigurationError(
            _("The DuckDB database is neither a file nor a database at MotherDuck."),
            _(
                'Name its file, or "md:" and a name without parameters. A scheduled run can\'t find a database in '
                "memory, or one that is attached in another session, again."
            ),
        )


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


_KINDS = frozenset(it.value for it in EngineKind)
_EXAMPLES = {
    EngineKind.DUCKDB: "duckdb:crm.duckdb#main.profiles",
    EngineKind.SPARK: "spark:crm.profiles",
    EngineKind.IBIS: "ibis:WAREHOUSE_URL#crm.profiles",
}
