"""A connection as people see it, without its secret."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.people import Role
from toolkit.access.sealing import pending_users, users_of
from toolkit.criteo import CRITEO
from toolkit.display import html_table
from toolkit.state.models import ConnectionRecord, ExportRecord, PersonRecord
from toolkit.translatable import _

CONSENT_TEXT = (
    "When you enable this connection, data, personal data included, leaves this machine for Criteo whenever you "
    "export. It is transferred on your instruction. You are responsible for Criteo meeting the privacy and security "
    "obligations that you have towards the people in the data. An administrator can end the transfer at any time by "
    "removing the connection."
)

_LOOPBACK = re.compile(r"https?://(127\.|localhost\b|\[::1\])")

ADMINISTRATORS = "administrators"
CONTRIBUTORS = "contributors"


class ExportDisposal(StrEnum):
    """What becomes of the exports that use a connection which is removed.

    Examples:
        >>> [choice.value for choice in toolkit.ExportDisposal]
        ['detach', 'remove']
    """

    DETACH = "detach"
    """They keep their settings, and do not run until they are given another connection."""
    REMOVE = "remove"


@dataclass(frozen=True, repr=False)
class Connection:
    """A connection, without its secret. What contributors may not see is None.

    Examples:
        >>> connection = workspace.connections["Criteo"]
        >>> "2711" in connection.advertisers, connection.waiting
        (True, ())
    """

    name: str
    type: str
    advertisers: dict[str, str]
    """Names of the advertisers that consented, by their id."""
    host: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    consent_by: str | None = None
    """Who agreed to CONSENT_TEXT."""
    consent_at: datetime | None = None
    open_to: str | None = None
    users: tuple[str, ...] | None = None
    """Who may use it."""
    waiting: tuple[str, ...] | None = None
    """Those of them who can't yet, until an export user runs ``connections.seal``."""
    rotate_because: tuple[str, ...] | None = None
    """Those who could open the secret as it is, and may no longer use it: rotate it at Criteo."""
    exports: tuple[str, ...] | None = None

    @property
    def frame(self) -> pl.DataFrame:
        """A row an advertiser that consented: ``advertiser_id``, ``advertiser``."""
        return pl.DataFrame(
            {"advertiser_id": list(self.advertisers), "advertiser": list(self.advertisers.values())},
            schema={"advertiser_id": pl.String, "advertiser": pl.String},
        )

    def __repr__(self) -> str:
        names = ", ".join(f"{name} ({number})" for number, name in self.advertisers.items())
        values = {"name": self.name, "host": self.host, "names": names}
        lines: list[str] = [
            _("Connection {name!r} to {host}; advertisers that consented: {names}", **values)
            if self.host
            else _("Connection {name!r}; advertisers that consented: {names}", **values)
        ]
        if self.users is not None and self.consent_at is not None:
            lines.append(
                _(
                    "May be used by {users}; {consent_by} agreed on {consent_at:%Y-%m-%d}",
                    users=", ".join(self.users),
                    consent_by=self.consent_by,
                    consent_at=self.consent_at,
                )
            )
        return "\n".join([*lines, *self._advice])

    def _repr_html_(self) -> str:
        about = [f"to {self.host}" if self.host else self.type, *self._advice]
        return html_table(self.frame, title=f"Connection {self.name}", subtitle=". ".join(about))

    @property
    def _advice(self) -> list[str]:
        advice: list[str] = []
        if self.waiting:
            advice.append(
                _(
                    "Waiting for their seal: {waiting}; an export user runs workspace.connections.seal({name!r})",
                    waiting=", ".join(self.waiting),
                    name=self.name,
                )
            )
        if self.rotate_because:
            advice.append(
                _(
                    "Rotate the secret at Criteo, because of {rotate_because}; then run "
                    "workspace.connections.rotate({name!r}, …)",
                    rotate_because=", ".join(self.rotate_because),
                    name=self.name,
                )
            )
        return advice


def connection_value(session: Session, record: ConnectionRecord, actor: PersonRecord) -> Connection:
    """Return the connection of a row, as far as whoever acts may see it."""
    advertisers = {it["id"]: it["name"] for it in record.advertisers}
    kind = (
        "Criteo" if record.host == CRITEO else "Criteo (embedded)" if _LOOPBACK.match(record.host) else "Criteo (proxy)"
    )
    if actor.role != Role.ADMINISTRATOR.value:
        return Connection(record.name, kind, advertisers)
    exports = select(ExportRecord.name).where(ExportRecord.connection_id == record.id).order_by(ExportRecord.name)
    return Connection(
        name=record.name,
        type=kind,
        advertisers=advertisers,
        host=record.host,
        created_by=record.created_by,
        created_at=record.created_at,
        consent_by=record.consent_by,
        consent_at=record.consent_at,
        open_to=CONTRIBUTORS if record.open_to_contributors else ADMINISTRATORS,
        users=tuple(it.name for it in users_of(session, record)),
        waiting=tuple(pending_users(session, record)),
        rotate_because=tuple(record.lost_access),
        exports=tuple(session.scalars(exports)),
    )


def listed(advertisers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return advertisers as the record keeps them."""
    return [{"id": number, "name": title} for number, title in advertisers.items()]


def consent_sha256() -> str:
    """Return the hash of CONSENT_TEXT as it is now, which is signed with a connection."""
    return hashlib.sha256(CONSENT_TEXT.encode()).hexdigest()
