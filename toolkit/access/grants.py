"""What each role needs in a PostgreSQL database, as SQL for the owner of the database to run.

The database then keeps apart what the toolkit's own checks keep apart: whoever goes round them with SQL of their own
has no more rights than their role.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import make_url

from toolkit.access.people import Role
from toolkit.errors import ConfigurationError
from toolkit.state.database import address_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import Base
from toolkit.translatable import _

_ALL = "INSERT, UPDATE, DELETE"

_WRITTEN: Mapping[Role, Mapping[str, str]] = MappingProxyType(
    {
        Role.VIEWER: {},
        Role.CONTRIBUTOR: {
            "audit": "INSERT",
            # A contributor may test a connection, which notes who consents; the rest of it is an administrator's.
            "connections": "UPDATE (advertisers)",
            "seals": _ALL,
            "exports": "INSERT, UPDATE",
            "criteo_audiences": "INSERT, UPDATE",
            "audience_sizes": "INSERT",
            "runs": "INSERT, UPDATE",
        },
        Role.ADMINISTRATOR: {
            "audit": "INSERT",
            "people": _ALL,
            "connections": _ALL,
            "shares": _ALL,
            "seals": _ALL,
            "exports": "INSERT, UPDATE",
            "criteo_audiences": "INSERT, UPDATE",
            "audience_sizes": "INSERT",
            "runs": "INSERT, UPDATE",
        },
    }
)
"""What a role writes. Of the audit nobody changes a row; of runs, exports and Criteo audiences nobody removes one."""
_DECIDED = {
    *("audit", "people", "connections", "shares", "seals", "exports", "criteo_audiences", "audience_sizes", "runs"),
    "alembic_version",
}
"""The tables that the mapping decides on; all others hold the progress of work, and are written by who runs exports."""
_HIDDEN: Mapping[Role, frozenset[str]] = MappingProxyType({Role.VIEWER: frozenset({"seals"})})
"""The tables that a role does not even read. All read the audit: rows are judged by what it says was signed."""


def grants_for(folder: WorkspaceFolder, user: str, role: Role) -> str:
    """Return the SQL that gives the user what the role needs, and takes away what it does not.

    Raises ConfigurationError when the workspace's database is not PostgreSQL.
    """
    address = address_of(folder.saved.database, folder.path)
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError(
            _("The workspace in {folder} keeps its data in SQLite, which has no users.", folder=folder.path),
            _("Grants are for PostgreSQL. For SQLite, set the permissions of the folder: see docs/team.md."),
        )
    database = make_url(folder.saved.database).database
    return "\n".join([*_statements(user, role, database), ""])


def _statements(user: str, role: Role, database: str | None) -> Iterator[str]:
    who = _quoted(user)
    everything = ", ".join(sorted({*Base.metadata.tables, "alembic_version"}))
    sequences = _sequences()
    drawn_from = [it for name, it in sequences.items() if "INSERT" in _written(role).get(name, "")]
    yield f"-- Gives {_commented(user)} the rights of {role.one}. Run it as the owner of the tables, with psql."
    yield f"-- If the user doesn't exist yet, make it first: CREATE ROLE {_commented(who)} LOGIN;"
    yield "BEGIN;"
    if database:
        yield f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {who};"
    # Before PostgreSQL 15 everybody may: what one makes there, such as a function, others call by mistake.
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    yield f"REVOKE ALL ON {everything} FROM {who};"
    yield f"REVOKE ALL ON SEQUENCE {', '.join(sequences.values())} FROM {who};"
    # A grant on a column stays when that on the table goes.
    yield f"REVOKE ALL (advertisers) ON connections FROM {who};"
    for name in sorted({*Base.metadata.tables, "alembic_version"} - _HIDDEN.get(role, frozenset())):
        yield f"GRANT SELECT ON {name} TO {who};"
    for name, rights in sorted(_written(role).items()):
        yield f"GRANT {rights} ON {name} TO {who};"
    if drawn_from:
        yield f"GRANT USAGE ON SEQUENCE {', '.join(drawn_from)} TO {who};"
    yield "COMMIT;"


def _written(role: Role) -> dict[str, str]:
    work = {} if role is Role.VIEWER else dict.fromkeys(set(Base.metadata.tables) - _DECIDED, _ALL)
    return work | dict(_WRITTEN[role])


def _sequences() -> dict[str, str]:
    """Return, by table, the sequence that PostgreSQL numbers its rows from."""
    return {
        it.name: f"{it.name}_{it.autoincrement_column.name}_seq"
        for it in Base.metadata.sorted_tables
        if it.autoincrement_column is not None
    }


def _quoted(name: str) -> str:
    if not name.strip() or "\0" in name:
        raise ConfigurationError(
            _("{name!r} is no name of a user.", name=name), _("Give the name of the person's database user.")
        )
    return '"' + name.replace('"', '""') + '"'


def _commented(text: str) -> str:
    """Return the text for a comment, which ends with the line."""
    return " ".join(text.split())
