"""Who may use a connection, and whether its secret is sealed to them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from secrets import token_hex

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from toolkit.access.credentials import Credentials
from toolkit.access.people import RESTORE, signed_people
from toolkit.errors import AccessError, SignatureError
from toolkit.names import unknown_name
from toolkit.state.decisions import Decided, Kind, require_as_decided, state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.keys import Identity, seal
from toolkit.state.models import ConnectionRecord, PersonRecord, SealRecord
from toolkit.state.role import Role
from toolkit.state.signing import JSON, Signature, SignedKind, sign, verify
from toolkit.translatable import _, mark


def may_use(person: PersonRecord, connection: ConnectionRecord) -> bool:
    """Tell whether the person may use the connection: administrators, contributors where open, those by name.

    Roles and shares are taken as they were signed, whatever stands in the database.
    """
    return state_of(_session(connection)).may_use(person.public_key, connection.id)


def users_of(session: Session, connection: ConnectionRecord) -> list[PersonRecord]:
    """Return who may use the connection, by name; raises SignatureError when a row of people is not as signed."""
    return [it for it in signed_people(session) if may_use(it, connection)]


def users_as_shared(session: Session, connection: ConnectionRecord) -> list[PersonRecord]:
    """Return who may use the connection, by name, by shares that are about to be signed."""
    named = {it.person_id for it in connection.shares}
    return [
        it
        for it in signed_people(session)
        if it.role == Role.ADMINISTRATOR.value
        or (it.role == Role.CONTRIBUTOR.value and (connection.open_to_contributors or it.id in named))
    ]


def pending_users(session: Session, connection: ConnectionRecord) -> list[str]:
    """Return the names of those who may use the connection and can't open its secret yet."""
    sealed = {it.public_key for it in connection.seals}
    return [it.name for it in users_of(session, connection) if it.public_key not in sealed]


def connection_for(session: Session, person: PersonRecord, name: str) -> ConnectionRecord:
    """Return the connection; to whom may not use it, it is not there.

    Raises ConfigurationError when it is not, SignatureError when its row is not as an administrator signed it.
    """
    known = {it.name: it for it in session.scalars(select(ConnectionRecord)) if may_use(person, it)}
    if name not in known:
        _require_not_hidden(session, person, name)
        raise unknown_name(mark("connection"), name, known)
    require_signed_connection(session, known[name])
    return known[name]


def decided_connection(connection: ConnectionRecord) -> Decided:
    """Return what an administrator signs of a connection: where it goes, who may use it, which secret is sealed."""
    content: dict[str, JSON] = {
        "id": connection.id,
        "name": connection.name,
        "host": connection.host,
        "consent_sha256": connection.consent_sha256,
        "consent_by": connection.consent_by,
        "consent_at": connection.consent_at.astimezone(UTC).isoformat(),
        "created_by": connection.created_by,
        "created_at": connection.created_at.astimezone(UTC).isoformat(),
        "open_to_contributors": connection.open_to_contributors,
        "shared_with": _shared_with(connection),
        "lost_access": sorted(connection.lost_access),
        "secret_fingerprint": connection.secret_fingerprint,
    }
    return Decided(Kind.CONNECTION, connection.id, content)


def decided_advertisers(connection: ConnectionRecord) -> Decided:
    """Return what is signed by whoever found out which advertisers consent."""
    content: dict[str, JSON] = {
        "connection": connection.id,
        "advertisers": {it["id"]: it["name"] for it in connection.advertisers},
    }
    return Decided(Kind.ADVERTISERS, connection.id, content, connection=connection.id)


def require_signed_connection(session: Session, connection: ConnectionRecord) -> None:
    """Raise SignatureError unless the connection is as an administrator signed it, its advertisers too."""
    for decided in (decided_connection(connection), decided_advertisers(connection)):
        require_as_decided(
            session,
            decided,
            table="connections",
            name=f"Connection {connection.name!r}",
            remedy=_("Nothing was sent. {restore}", restore=RESTORE),
        )


@dataclass(frozen=True)
class Secret:
    """What is sealed: the credentials, the connection that they are of, and what keeps them from being guessed."""

    credentials: Credentials
    connection_id: int
    salt: str

    @classmethod
    def new(cls, connection: ConnectionRecord, credentials: Credentials) -> "Secret":
        """Return a new secret of the connection, which takes over its fingerprint."""
        made = cls(credentials, connection.id, token_hex(32))
        connection.secret_fingerprint = made.fingerprint
        return made

    @property
    def content(self) -> bytes:
        """What is sealed."""
        return orjson.dumps(
            {
                "connection": self.connection_id,
                "host": self.credentials.host,
                "client_id": self.credentials.client_id,
                "client_secret": self.credentials.client_secret,
                "salt": self.salt,
            }
        )

    @property
    def fingerprint(self) -> str:
        """What tells this secret from others, and tells nothing about it."""
        return hashlib.sha256(self.content).hexdigest()

    @classmethod
    def read(cls, content: bytes) -> "Secret":
        """Return the secret that was sealed."""
        told = orjson.loads(content)
        credentials = Credentials(told["client_id"], told["client_secret"], told["host"])
        return cls(credentials, told["connection"], told["salt"])


def seal_to(
    folder: WorkspaceFolder, connection: ConnectionRecord, secret: Secret, users: Iterable[PersonRecord]
) -> None:
    """Seal the secret to each of them, in the place of whatever was sealed before, and sign that."""
    root = state_of(_session(connection)).root
    kept = {it.public_key: it for it in connection.seals}
    sealed = []
    for user in users:
        record = kept.get(user.public_key) or SealRecord(public_key=user.public_key)
        record.box = seal(secret.content, user.public_key)
        record.sealed_by = folder.identity.public_key
        record.signature = sign(folder.identity, SignedKind.SEAL, _signed(connection, record), root=root).signature
        sealed.append(record)
    connection.seals = sealed


def unseal(connection: ConnectionRecord, identity: Identity) -> Secret:
    """Open the connection's secret.

    Raises:
        AccessError: It is not sealed to this key, or was changed.
        SignatureError: Nobody who could sealed it, or it holds another secret than the connection was given.
    """
    record = next((it for it in connection.seals if it.public_key == identity.public_key), None)
    if record is None:
        raise AccessError(
            _(
                "You are not an export user of connection {connection!r}: its secret is not sealed to your key.",
                connection=connection.name,
            ),
            _(
                "Ask one who is to run workspace.connections.seal({connection!r}), or an administrator to rotate it.",
                connection=connection.name,
            ),
        )
    _require_signed_seal(connection, record)
    content = identity.open_sealed(record.box)
    if hashlib.sha256(content).hexdigest() != connection.secret_fingerprint:
        raise _forged(connection, _("holds another secret than the connection was given"))
    secret = Secret.read(content)
    if (secret.credentials.host, secret.connection_id) != (connection.host, connection.id):
        raise _forged(connection, _("holds the secret of another connection, for {host}", host=secret.credentials.host))
    return secret


def bring_seals_up_to_date(session: Session, folder: WorkspaceFolder, connection: ConnectionRecord) -> list[str]:
    """Take away seals of those who may not use it any more, and seal it to those who may, if one's own key opens it.

    Return the names of those who still wait for a seal. Who lost access could open the secret until now, and may have:
    it is remembered until the secret is rotated.
    """
    users = users_of(session, connection)
    keys = {it.public_key for it in users}
    connection.seals = [it for it in connection.seals if it.public_key in keys]
    if pending_users(session, connection) and any(
        it.public_key == folder.identity.public_key for it in connection.seals
    ):
        seal_to(folder, connection, unseal(connection, folder.identity), users)
    session.flush()
    return pending_users(session, connection)


def _require_signed_seal(connection: ConnectionRecord, record: SealRecord) -> None:
    state = state_of(_session(connection))
    if record.sealed_by not in state.sealers:
        raise _forged(connection, _("was sealed by somebody who never could"))
    try:
        signature = Signature(record.sealed_by, record.signature)
        verify(SignedKind.SEAL, _signed(connection, record), signature, root=state.root)
    except SignatureError:
        raise _forged(connection, _("is not as it was signed")) from None


def _signed(connection: ConnectionRecord, record: SealRecord) -> dict[str, JSON]:
    return {
        "connection": connection.id,
        "host": connection.host,
        "fingerprint": connection.secret_fingerprint,
        "recipient": record.public_key,
        "box": hashlib.sha256(record.box).hexdigest(),
    }


def _forged(connection: ConnectionRecord, what: str) -> SignatureError:
    return SignatureError(
        _(
            "The seal of connection {connection!r} to your key (table seals, connection {connection_id}) {what}.",
            connection=connection.name,
            connection_id=connection.id,
            what=what,
        ),
        _(
            "Nothing was sent. Somebody changed the database: find out who, and have an administrator "
            "rotate the secret."
        ),
    )


def _require_not_hidden(session: Session, person: PersonRecord, name: str) -> None:
    """Raise SignatureError when there should be a connection of that name, which the person may use."""
    state = state_of(session)
    for it in state.connections.values():
        if it.name == name and state.may_use(person.public_key, it.id):
            raise SignatureError(
                _(
                    "Connection {name!r} (row {id} of table connections) is missing or renamed: somebody "
                    "changed it in the database.",
                    name=name,
                    id=it.id,
                ),
                RESTORE,
            )


def _shared_with(connection: ConnectionRecord) -> list[str]:
    people = (_session(connection).get(PersonRecord, it.person_id) for it in connection.shares)
    return sorted("" if it is None else it.public_key for it in people)


def _session(connection: ConnectionRecord) -> Session:
    session = object_session(connection)
    assert session is not None  # noqa: S101  # records are used within the session that gave them
    return session
