"""Who may use a connection, and whether its secret is sealed to them."""

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.errors import AccessError
from toolkit.names import unknown_name
from toolkit.workspace.credentials import Credentials
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.keys import Identity, seal
from toolkit.workspace.people import Role
from toolkit.workspace.records import ConnectionRecord, PersonRecord, SealRecord


def may_use(person: PersonRecord, connection: ConnectionRecord) -> bool:
    """Tell whether the person may use the connection: administrators, contributors where open, those by name."""
    match Role(person.role):
        case Role.ADMINISTRATOR:
            return True
        case Role.CONTRIBUTOR:
            return connection.open_to_contributors or person.id in {it.person_id for it in connection.shares}
        case Role.VIEWER:
            return False


def users_of(session: Session, connection: ConnectionRecord) -> list[PersonRecord]:
    """Return who may use the connection, by name."""
    everybody = session.scalars(select(PersonRecord).order_by(PersonRecord.name))
    return [it for it in everybody if may_use(it, connection)]


def waiting(session: Session, connection: ConnectionRecord) -> list[str]:
    """Return the names of those who may use the connection and can't open its secret yet."""
    sealed = {it.public_key for it in connection.seals}
    return [it.name for it in users_of(session, connection) if it.public_key not in sealed]


def connection_for(session: Session, person: PersonRecord, name: str) -> ConnectionRecord:
    """Return the connection; to whom may not use it, it is not there. Raises ConfigurationError when it is not."""
    known = {it.name: it for it in session.scalars(select(ConnectionRecord)) if may_use(person, it)}
    if name not in known:
        raise unknown_name("connection", name, known)
    return known[name]


def seal_to(connection: ConnectionRecord, credentials: Credentials, users: Iterable[PersonRecord]) -> None:
    """Seal the credentials to each of them, in the place of whatever was sealed before."""
    content = json.dumps(
        {
            "host": credentials.host,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
    ).encode()
    boxes = {it.public_key: seal(content, it.public_key) for it in users}
    kept = {it.public_key: it for it in connection.seals if it.public_key in boxes}
    for public_key, box in boxes.items():
        if public_key in kept:
            kept[public_key].box = box
        else:
            kept[public_key] = SealRecord(public_key=public_key, box=box)
    connection.seals = list(kept.values())


def opened(connection: ConnectionRecord, identity: Identity) -> Credentials:
    """Open the connection's secret; raises AccessError when it is not sealed to this key, or was changed."""
    box = next((it.box for it in connection.seals if it.public_key == identity.public_key), None)
    if box is None:
        raise AccessError(
            f"You are not an export user of connection {connection.name!r}: its secret is not sealed to your key.",
            f"Ask one who is to run workspace.seal_connection({connection.name!r}), or an administrator to rotate it.",
        )
    credentials = Credentials(**json.loads(identity.open_sealed(box)))
    if credentials.host != connection.host:
        raise AccessError(
            f"Connection {connection.name!r} says it goes to {connection.host}, but its secret is sealed for "
            f"{credentials.host}.",
            "Somebody changed the database. Nothing was sent; make the connection again if the change is meant.",
        )
    return credentials


def bring_seals_up_to_date(session: Session, folder: WorkspaceFolder, connection: ConnectionRecord) -> list[str]:
    """Take away seals of those who may not use it any more, and seal it to those who may, if one's own key opens it.

    Return the names of those who still wait for a seal. Who lost access could open the secret until now, and may have:
    it is remembered until the secret is rotated.
    """
    users = users_of(session, connection)
    keys = {it.public_key for it in users}
    connection.seals = [it for it in connection.seals if it.public_key in keys]
    if waiting(session, connection) and any(it.public_key == folder.identity.public_key for it in connection.seals):
        seal_to(connection, opened(connection, folder.identity), users)
    session.flush()
    return waiting(session, connection)
