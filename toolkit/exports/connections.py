"""Connections: named, consented, authenticated links to a Criteo account."""

from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.credentials import Credentials
from toolkit.access.people import Role, require_actor
from toolkit.access.sealing import (
    Secret,
    bring_seals_up_to_date,
    connection_for,
    decided_advertisers,
    decided_connection,
    may_use,
    pending_users,
    seal_to,
    unseal,
    users_of,
)
from toolkit.criteo import CriteoClient, RetryPolicy, Wait, Waiting
from toolkit.errors import AccessError, ConfigurationError
from toolkit.exports.connection import Connection, ExportDisposal, connection_value, consent_sha256, listed
from toolkit.exports.definitions import DEFINITION_KINDS, EXPORT
from toolkit.exports.trusted_hosts import known_hosts, remember_host, require_known_host
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import Decided, Kind
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord, ExportRecord
from toolkit.translatable import _

# Who asks whether credentials are good watches, or does without the answer.
_WHILE_A_PERSON_WAITS = RetryPolicy(seconds=30, answer_seconds=30)


def consented_advertisers(name: str, credentials: Credentials) -> dict[str, str]:
    """Return the advertisers that consented to the credentials; raises AccessError when there are none."""
    with client_of(credentials, waiting=Waiting.PERSON, patience=_WHILE_A_PERSON_WAITS) as criteo:
        found = {advertiser.id: advertiser.name for advertiser in criteo.advertisers()}
    if not found:
        raise AccessError(
            _(
                "Criteo accepts the credentials of connection {name!r}, but no advertiser has consented to them.",
                name=name,
            ),
            _("Have an administrator of the advertiser open the consent link of your Criteo app, then try again."),
        )
    return found


def connections(folder: WorkspaceFolder) -> dict[str, Connection]:
    """Return the connections that the person who acts may see, by name."""
    with folder.reading() as session:
        actor = require_actor(session, folder)
        records = session.scalars(select(ConnectionRecord).order_by(ConnectionRecord.name))
        return {it.name: connection_value(session, it, actor) for it in records if may_use(actor, it)}


def connection(folder: WorkspaceFolder, name: str) -> Connection:
    """Return a connection; raises ConfigurationError when there is none of that name that one may use."""
    with folder.reading() as session:
        actor = require_actor(session, folder)
        return connection_value(session, connection_for(session, actor, name), actor)


def credentials_of(folder: WorkspaceFolder, name: str) -> Credentials:
    """Open the secret of a connection; raises AccessError to whom may not, and without consent to the text as it is."""
    with folder.reading() as session:
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = connection_for(session, actor, name)
        if record.consent_sha256 != consent_sha256():
            raise AccessError(
                _(
                    "The consent to data privacy and compliance of connection {name!r} was given to another text.",
                    name=name,
                ),
                _("Have an administrator read the text as it is now, and save the connection again with i_agree=True."),
            )
        secret = unseal(record, folder.identity)
    require_known_host(folder, name, secret.credentials.host)
    remember_host(folder, name, secret.credentials.host, secret.fingerprint)
    return secret.credentials


def test_connection(folder: WorkspaceFolder, name: str) -> Connection:
    """Authenticate with the sealed secret, and take over which advertisers consent now."""
    credentials = credentials_of(folder, name)
    advertisers = consented_advertisers(name, credentials)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = connection_for(session, actor, name)
        record.advertisers = listed(advertisers)
        audit.record(
            session,
            folder,
            actor,
            Action.TEST_CONNECTION,
            name,
            decides=[decided_advertisers(record)],
            advertisers=list(advertisers),
        )
        return connection_value(session, record, actor)


def rotate(folder: WorkspaceFolder, name: str, credentials: Credentials) -> Connection:
    """Put a new secret in the place of the old, once Criteo accepts it; seal it to everybody who may use it.

    The secret is sent to the host that the credentials name, which whoever types it has seen; and to none before that
    host is compared with the connection's, as it is signed and as this machine remembers it.

    Raises:
        ConfigurationError: The connection goes to another host than the credentials name.
        SignatureError: The connection's row is not as an administrator signed it.
        TrustError: This machine knows the connection with another host.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        _require_same_host(connection_for(session, actor, name), credentials)
    require_known_host(folder, name, credentials.host)
    advertisers = consented_advertisers(name, credentials)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        record = connection_for(session, actor, name)
        _require_same_host(record, credentials)
        secret = Secret.new(record, credentials)
        seal_to(folder, record, secret, users_of(session, record))
        record.advertisers = listed(advertisers)
        record.lost_access = []
        session.flush()
        decides = [decided_connection(record), decided_advertisers(record)]
        audit.record(session, folder, actor, Action.ROTATE_SECRET, name, decides=decides)
        session.flush()
        rotated = connection_value(session, record, actor)
    remember_host(folder, name, credentials.host, secret.fingerprint)
    return rotated


def _require_same_host(record: ConnectionRecord, credentials: Credentials) -> None:
    if record.host != credentials.host:
        raise ConfigurationError(
            _(
                "Connection {record!r} goes to {host}, and the new secret is for {credentials_host}.",
                record=record.name,
                host=record.host,
                credentials_host=credentials.host,
            ),
            _("Give the host of the connection, or make another connection."),
        )


def rename(folder: WorkspaceFolder, name: str, to: str) -> Connection:
    """Give the connection another display name; its exports follow."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        record = connection_for(session, actor, name)
        if session.scalar(select(ConnectionRecord).where(ConnectionRecord.name == to)) or not to.strip():
            raise ConfigurationError(
                _("No connection can be named {to!r}: it is taken, or empty.", to=to), _("Choose another.")
            )
        record.name = to
        for kind in DEFINITION_KINDS:
            for definition in kind.using(session, record):
                definition.settings = {**definition.settings, "connection": to}
        session.flush()
        audit.record(
            session, folder, actor, Action.RENAME_CONNECTION, name, decides=[decided_connection(record)], to=to
        )
        renamed = connection_value(session, record, actor)
    known = known_hosts(folder).get(name)
    if known is not None:
        remember_host(folder, to, known.host, known.fingerprint)
    return renamed


def seal_connection(folder: WorkspaceFolder, name: str) -> Connection:
    """Seal the secret, which one's own key opens, to everybody who may use the connection and waits for it."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = connection_for(session, actor, name)
        unseal(record, folder.identity)
        sealed = pending_users(session, record)
        bring_seals_up_to_date(session, folder, record)
        audit.record(session, folder, actor, Action.SEAL_CONNECTION, name, to=sealed)
        return connection_value(session, record, actor)


def require_decided(
    folder: WorkspaceFolder, name: str, *, exports: ExportDisposal | Mapping[str, ExportDisposal]
) -> dict[str, ExportDisposal]:
    """Return what becomes of each export that uses the connection; raises ConfigurationError when one is left out."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        return _decided(session, connection_for(session, actor, name), exports)


def remove_connection(
    folder: WorkspaceFolder, name: str, *, exports: ExportDisposal | Mapping[str, ExportDisposal]
) -> None:
    """Remove the connection, its seals with it; ``exports`` says of each export that uses it what becomes of it."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        record = connection_for(session, actor, name)
        decided = _decided(session, record, exports)
        removed = {export for export, disposal in decided.items() if disposal is ExportDisposal.REMOVE}
        EXPORT.detach_from(session, folder, actor, record, removed=removed)
        for kind in DEFINITION_KINDS:
            kind.detach_from(session, folder, actor, record)
        session.flush()
        session.delete(record)
        decides = [Decided(Kind.CONNECTION, record.id, None), Decided(Kind.ADVERTISERS, record.id, None, record.id)]
        audit.record(session, folder, actor, Action.REMOVE_CONNECTION, name, decides=decides)
    root = folder.memory.root_at(folder.path)
    if root is not None:
        folder.memory.forget_host(root, name)


def _decided(
    session: Session, record: ConnectionRecord, exports: ExportDisposal | Mapping[str, ExportDisposal]
) -> dict[str, ExportDisposal]:
    using = session.scalars(select(ExportRecord.name).where(ExportRecord.connection_id == record.id)).all()
    given = dict.fromkeys(using, exports) if isinstance(exports, ExportDisposal) else exports
    undecided = [export for export in using if export not in given]
    if undecided:
        raise ConfigurationError(
            _(
                "Connection {record!r} was not removed: {undecided} use it.",
                record=record.name,
                undecided=", ".join(map(repr, undecided)),
            ),
            _("Say what becomes of each: exports='detach' or 'remove' for all, or a choice by name."),
        )
    return {export: given[export] for export in using}


def client_of(
    credentials: Credentials,
    *,
    waiting: Waiting,
    patience: RetryPolicy | None = None,
    observer: Callable[[Wait], None] | None = None,
    guard: Callable[[], None] | None = None,
) -> CriteoClient:
    """Return a client of Criteo's API with these credentials; the observer is told of each wait.

    A host that can't be reached is given up soon where a person is ``waiting``. What the guard raises keeps a call that
    would change something from being sent.
    """
    return CriteoClient(
        host=credentials.host,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        patience=patience,
        observer=observer,
        waiting=waiting,
        guard=guard,
    )
