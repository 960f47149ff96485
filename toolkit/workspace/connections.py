"""Connections: named, consented, authenticated links to a Criteo account."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from toolkit.criteo import CriteoClient, Wait
from toolkit.errors import AccessError, ConfigurationError
from toolkit.names import unknown_name
from toolkit.show import html_table
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.keys import seal
from toolkit.workspace.records import ConnectionRecord, SealRecord

CONSENT_TEXT = (
    "When you enable this connection, data, personal data included, leaves this machine for Criteo whenever you "
    "export. It is transferred on your instruction. You are responsible for Criteo meeting the privacy and security "
    "obligations that you have towards the people in the data. An administrator can end the transfer at any time by "
    "removing the connection."
)


@dataclass(frozen=True)
class Credentials:
    """What opens Criteo's API, and the host that it may be sent to."""

    host: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, repr=False)
class Connection:
    """A connection, without its secret."""

    name: str
    host: str
    advertisers: dict[str, str]
    """Names of the advertisers that consented, by their id."""
    created_by: str
    created_at: datetime

    @property
    def frame(self) -> pl.DataFrame:
        """A row an advertiser that consented: ``advertiser_id``, ``advertiser``."""
        return pl.DataFrame(
            {"advertiser_id": list(self.advertisers), "advertiser": list(self.advertisers.values())},
            schema={"advertiser_id": pl.String, "advertiser": pl.String},
        )

    def __repr__(self) -> str:
        names = ", ".join(f"{name} ({number})" for number, name in self.advertisers.items())
        return f"Connection {self.name!r} to {self.host}; advertisers that consented: {names}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=f"Connection {self.name}", subtitle=f"to {self.host}")


def save_connection(folder: WorkspaceFolder, name: str, credentials: Credentials, *, i_agree: bool) -> Connection:
    """Authenticate with Criteo, seal the secret to the person who acts, and save the connection.

    Saving under a name that is there authenticates that connection anew. Raises AccessError without consent to
    CONSENT_TEXT, when Criteo refuses the credentials, and when no advertiser has consented to them.
    """
    if not i_agree:
        raise AccessError(
            f"Connection {name!r} was not saved: nobody agreed to data privacy and compliance.",
            f"Read the text and pass i_agree=True. It says: {CONSENT_TEXT}",
        )
    with client_of(credentials) as criteo:
        advertisers = {advertiser.id: advertiser.name for advertiser in criteo.advertisers()}
    if not advertisers:
        raise AccessError(
            f"Criteo accepts the credentials of connection {name!r}, but no advertiser has consented to them.",
            "Have an administrator of the advertiser open the consent link of your Criteo app, then save again.",
        )
    now = datetime.now(UTC)
    with folder.session() as session, session.begin():
        record = session.scalar(select(ConnectionRecord).where(ConnectionRecord.name == name))
        if record is None:
            record = ConnectionRecord(name=name, created_by=folder.person_name, created_at=now)
            session.add(record)
        elif record.host != credentials.host:
            raise ConfigurationError(
                f"Connection {name!r} goes to {record.host}; it cannot be turned to {credentials.host}.",
                "Save the new one under another name, and choose it in the exports.",
            )
        record.host = credentials.host
        record.advertisers = [{"id": number, "name": title} for number, title in advertisers.items()]
        record.consent_sha256 = hashlib.sha256(CONSENT_TEXT.encode()).hexdigest()
        record.consent_by = folder.person_name
        record.consent_at = now
        box = seal(json.dumps(_content(credentials)).encode(), folder.person.public_key)
        record.seals = [SealRecord(public_key=folder.person.public_key, box=box)]
        session.flush()
        return _value(record)


def connections(folder: WorkspaceFolder) -> list[Connection]:
    """Return all connections, by name."""
    with folder.session() as session:
        return [_value(it) for it in session.scalars(select(ConnectionRecord).order_by(ConnectionRecord.name))]


def connection(folder: WorkspaceFolder, name: str) -> Connection:
    """Return the connection; raises ConfigurationError when there is none of that name."""
    known = {it.name: it for it in connections(folder)}
    if name not in known:
        raise unknown_name("connection", name, known)
    return known[name]


def credentials_of(folder: WorkspaceFolder, name: str) -> Credentials:
    """Open the seal of the connection; raises AccessError when the person who acts is not an export user of it."""
    with folder.session() as session:
        record = session.scalar(select(ConnectionRecord).where(ConnectionRecord.name == name))
        if record is None:
            raise unknown_name("connection", name, [it.name for it in connections(folder)])
        boxes = {it.public_key: it.box for it in record.seals}
        host, consent = record.host, record.consent_sha256
    if consent != hashlib.sha256(CONSENT_TEXT.encode()).hexdigest():
        raise AccessError(
            f"The consent to data privacy and compliance of connection {name!r} was given to another text.",
            "Read the text as it is now, and save the connection again with i_agree=True.",
        )
    if folder.person.public_key not in boxes:
        raise AccessError(
            f"You are not an export user of connection {name!r}: its secret is not sealed to your key.",
            "Have the person who made the connection run the export, or save the connection with your key.",
        )
    credentials = Credentials(**json.loads(folder.person.open_sealed(boxes[folder.person.public_key])))
    if credentials.host != host:
        raise AccessError(
            f"Connection {name!r} says it goes to {host}, but its secret is sealed for {credentials.host}.",
            "Somebody changed the database. Nothing was sent; save the connection again if the change is meant.",
        )
    return credentials


def client_of(credentials: Credentials, *, observer: Callable[[Wait], None] | None = None) -> CriteoClient:
    """Return a client of Criteo's API with these credentials; the observer is told of each wait."""
    return CriteoClient(
        host=credentials.host,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        observer=observer,
    )


def _content(credentials: Credentials) -> dict[str, str]:
    return {
        "host": credentials.host,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }


def _value(record: ConnectionRecord) -> Connection:
    return Connection(
        name=record.name,
        host=record.host,
        advertisers={it["id"]: it["name"] for it in record.advertisers},
        created_by=record.created_by,
        created_at=record.created_at,
    )
