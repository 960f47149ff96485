"""Connections: named, consented, authenticated links to a Criteo account."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.credentials import Credentials
from toolkit.access.people import Role, person_named, require_actor, signed_people
from toolkit.access.sealing import (
    Secret,
    bring_seals_up_to_date,
    connection_for,
    decided_advertisers,
    decided_connection,
    may_use,
    pending_users,
    require_signed_connection,
    seal_to,
    unseal,
    users_as_shared,
    users_of,
)
from toolkit.criteo import CRITEO, CriteoClient, RetryPolicy, Wait, Waiting
from toolkit.display import html_table
from toolkit.errors import AccessError, ConfigurationError, TrustError
from toolkit.exports.definitions import DEFINITION_KINDS, EXPORT
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import Decided, Kind, is_as_decided
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.machine_memory import KnownHost
from toolkit.state.models import ConnectionRecord, ExportRecord, PersonRecord, ShareRecord
from toolkit.translatable import _

CONSENT_TEXT = (
    "When you enable this connection, data, personal data included, leaves this machine for Criteo whenever you "
    "export. It is transferred on your instruction. You are responsible for Criteo meeting the privacy and security "
    "obligations that you have towards the people in the data. An administrator can end the transfer at any time by "
    "removing the connection."
)

# Who asks whether credentials are good watches, or does without the answer.
_WHILE_A_PERSON_WAITS = RetryPolicy(seconds=30, answer_seconds=30)

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


class ConnectionSetup:
    """The steps that make a connection, in this order: share, agree, authenticate, add_me, save.

    Each refuses when the one before is missing. Nothing is saved before the last.

    Examples:
        >>> setup = workspace.connections.set_up("Second account").share("contributors").agree()
        >>> setup = setup.authenticate(toolkit.Credentials.from_environment(host=host)).add_me()
        >>> setup.save().open_to
        'contributors'
    """

    def __init__(self, folder: WorkspaceFolder, name: str) -> None:
        with folder.session() as session, session.begin():
            require_actor(session, folder, least=Role.ADMINISTRATOR)
        if not name.strip():
            raise ConfigurationError(_("A connection needs a display name."), _("Give it one, such as 'Criteo'."))
        self._folder = folder
        self._name = name
        self._users: str | tuple[str, ...] = ADMINISTRATORS
        self._agreed_at: datetime | None = None
        self._credentials: Credentials | None = None
        self._advertisers: dict[str, str] = {}
        self._added_me = False

    def share(self, users: str | Sequence[str]) -> "ConnectionSetup":
        """Choose who may use the connection, besides administrators.

        Args:
            users: ``"administrators"`` (nobody else), ``"contributors"``, or people by name.

        Returns:
            The setup.
        """
        self._users = users if isinstance(users, str) else tuple(users)
        if isinstance(users, str) and users not in (ADMINISTRATORS, CONTRIBUTORS):
            self._users = (users,)
        return self

    def agree(self) -> "ConnectionSetup":
        """Agree to ``toolkit.CONSENT_TEXT`` on data privacy and compliance.

        Returns:
            The setup.
        """
        self._agreed_at = datetime.now(UTC)
        return self

    def authenticate(self, credentials: Credentials) -> "ConnectionSetup":
        """Authenticate with Criteo, and list the advertisers that consented.

        Args:
            credentials: The id, the secret and the host.

        Returns:
            The setup; ``advertisers`` has their names.

        Raises:
            AccessError: You did not agree before, Criteo refuses the credentials, or no advertiser has consented.
            ConfigurationError: The connection of that name goes to another host. Nothing was sent.
            TrustError: This machine knows the connection with another host. Nothing was sent.
            UnavailableError: Criteo does not answer.
        """
        if self._agreed_at is None:
            raise AccessError(
                _(
                    "Connection {name!r} was not authenticated: nobody agreed to data privacy and compliance.",
                    name=self._name,
                ),
                _("Read the text and agree to it (i_agree=True). It says: {consent_text}", consent_text=CONSENT_TEXT),
            )
        self._require_same_host(credentials)
        self._advertisers = consented_advertisers(self._name, credentials)
        self._credentials = credentials
        return self

    def _require_same_host(self, credentials: Credentials) -> None:
        with self._folder.session() as session, session.begin():
            actor = require_actor(session, self._folder, least=Role.ADMINISTRATOR)
            if session.scalar(select(ConnectionRecord.id).where(ConnectionRecord.name == self._name)) is not None:
                self._require_not_turned(connection_for(session, actor, self._name), credentials)
        require_known_host(self._folder, self._name, credentials.host)

    def _require_not_turned(self, record: ConnectionRecord, credentials: Credentials) -> None:
        if record.host != credentials.host:
            raise ConfigurationError(
                _(
                    "Connection {name!r} goes to {host}; it cannot be turned to {credentials_host}.",
                    name=self._name,
                    host=record.host,
                    credentials_host=credentials.host,
                ),
                _("Save the new one under another name, and choose it in the exports."),
            )

    @property
    def advertisers(self) -> dict[str, str]:
        """Names of the advertisers that consented, by id; empty before authentication."""
        return dict(self._advertisers)

    def add_me(self) -> "ConnectionSetup":
        """Add yourself as export user: the secret is sealed to your key.

        Returns:
            The setup.

        Raises:
            AccessError: The connection is not authenticated.
        """
        if self._credentials is None:
            raise AccessError(
                _(
                    "Nobody can be added as export user of connection {name!r} before it is authenticated.",
                    name=self._name,
                ),
                _("Authenticate with Criteo first."),
            )
        self._added_me = True
        return self

    def save(self) -> Connection:
        """Save the connection, its secret sealed to everybody who may use it.

        Under a name that exists, that connection is authenticated again.

        Returns:
            The connection.

        Raises:
            AccessError: You did not add yourself as export user.
            ConfigurationError: ``share`` names somebody who is not there, or a viewer.
        """
        if not self._added_me or self._credentials is None:
            raise AccessError(
                _("Connection {name!r} was not saved: it has no export user.", name=self._name),
                _("Add yourself as export user first."),
            )
        folder = self._folder
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
            record = session.scalar(select(ConnectionRecord).where(ConnectionRecord.name == self._name))
            if record is not None:
                # Found once more, as it was signed.
                record = connection_for(session, actor, self._name)
            else:
                record = ConnectionRecord(
                    name=self._name,
                    host=self._credentials.host,
                    created_by=actor.name,
                    created_at=datetime.now(UTC),
                    lost_access=[],
                    open_to_contributors=False,
                )
                session.add(record)
            secret = self._fill(session, record, actor, self._credentials)
            audit.record(
                session,
                folder,
                actor,
                Action.SAVE_CONNECTION,
                self._name,
                decides=[decided_connection(record), decided_advertisers(record)],
                host=record.host,
                consent=record.consent_sha256,
                users=[it.name for it in users_as_shared(session, record)],
            )
            # Sealed to whoever may use it by what was just signed.
            seal_to(folder, record, secret, users_of(session, record))
            session.flush()
            saved = _value(session, record, actor)
        remember_host(folder, saved.name, self._credentials.host, secret.fingerprint)
        return saved

    def _fill(
        self, session: Session, record: ConnectionRecord, actor: PersonRecord, credentials: Credentials
    ) -> Secret:
        self._require_not_turned(record, credentials)
        record.advertisers = listed(self._advertisers)
        record.consent_sha256 = _consent_sha256()
        record.consent_by = actor.name
        record.consent_at = self._agreed_at or datetime.now(UTC)
        _open_to(session, record, self._users)
        session.flush()
        secret = Secret.new(record, credentials)
        session.flush()
        return secret


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
        return {it.name: _value(session, it, actor) for it in records if may_use(actor, it)}


def connection(folder: WorkspaceFolder, name: str) -> Connection:
    """Return a connection; raises ConfigurationError when there is none of that name that one may use."""
    with folder.reading() as session:
        actor = require_actor(session, folder)
        return _value(session, connection_for(session, actor, name), actor)


def credentials_of(folder: WorkspaceFolder, name: str) -> Credentials:
    """Open the secret of a connection; raises AccessError to whom may not, and without consent to the text as it is."""
    with folder.reading() as session:
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = connection_for(session, actor, name)
        if record.consent_sha256 != _consent_sha256():
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
        return _value(session, record, actor)


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
        rotated = _value(session, record, actor)
    remember_host(folder, name, credentials.host, secret.fingerprint)
    return rotated


def require_known_host(folder: WorkspaceFolder, name: str, host: str) -> None:
    """Raise TrustError when this machine knows the connection with another host."""
    known = known_hosts(folder).get(name)
    if known is not None and known.host != host:
        raise TrustError(
            _(
                "Connection {name!r} goes to {host}; this machine knows it with {known_host}. Nothing was sent.",
                name=name,
                host=host,
                known_host=known.host,
            ),
            _(
                "Ask your administrator. If the change is meant, confirm it with "
                "workspace.trust(hosts={{{name!r}: {host!r}}}).",
                name=name,
                host=host,
            ),
        )


def known_hosts(folder: WorkspaceFolder) -> Mapping[str, KnownHost]:
    """Return the hosts that this machine knows, by the names of their connections."""
    root = folder.memory.root_at(folder.path)
    remembered = folder.memory.of(root) if root else None
    return {} if remembered is None else remembered.hosts


def remember_host(folder: WorkspaceFolder, name: str, host: str, fingerprint: str) -> None:
    """Let this machine know the connection with this host, which somebody confirmed or which was used here."""
    known = KnownHost(host=host, fingerprint=fingerprint)
    root = folder.memory.root_at(folder.path)
    remembered = folder.memory.of(root) if root else None
    if remembered is not None and remembered.hosts.get(name) != known:
        folder.memory.keep(folder.path, remembered.model_copy(update={"hosts": {**remembered.hosts, name: known}}))


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


def share(folder: WorkspaceFolder, name: str, users: str | Sequence[str]) -> Connection:
    """Let contributors, or people by name, use the connection too; the others keep it."""
    return _change_users(folder, name, users, Action.SHARE_CONNECTION, _open_to)


def unshare(folder: WorkspaceFolder, name: str, users: str | Sequence[str]) -> Connection:
    """Take the connection away from contributors, or from people by name; the secret should then be rotated."""
    return _change_users(folder, name, users, Action.UNSHARE_CONNECTION, _close_to)


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
        renamed = _value(session, record, actor)
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
        return _value(session, record, actor)


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


def _change_users(
    folder: WorkspaceFolder,
    name: str,
    users: str | Sequence[str],
    action: Action,
    change: Callable[[Session, ConnectionRecord, str | Sequence[str]], None],
) -> Connection:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        record = connection_for(session, actor, name)
        could_open = _sealed_names(session, record)
        change(session, record, users)
        session.flush()
        # Who may use it is what is signed: signed first, then sealed to them.
        _remember_lost_access(session, record, could_open)
        audit.record(session, folder, actor, action, name, decides=[decided_connection(record)], users=users)
        bring_seals_up_to_date(session, folder, record)
        return _value(session, record, actor)


@contextmanager
def remembering_lost_access(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, records: Sequence[ConnectionRecord]
) -> Iterator[None]:
    """After a change of people, sign the connections that it changes, and bring seals up to date.

    It is remembered who could open a secret until then.
    """
    for record in records:
        require_signed_connection(session, record)
    before = [_sealed_names(session, record) for record in records]
    yield
    session.flush()
    for record, could_open in zip(records, before, strict=True):
        session.expire(record, ["shares"])
        _remember_lost_access(session, record, could_open)
        decided = decided_connection(record)
        if not is_as_decided(session, decided):
            users = [it.name for it in users_as_shared(session, record)]
            audit.record(session, folder, actor, Action.UPDATE_USERS, record.name, decides=[decided], users=users)
        bring_seals_up_to_date(session, folder, record)


def _remember_lost_access(session: Session, record: ConnectionRecord, could_open: set[str]) -> None:
    now = {it.name for it in users_as_shared(session, record)}
    record.lost_access = sorted((set(record.lost_access) | could_open) - now)
    session.flush()


def _sealed_names(session: Session, record: ConnectionRecord) -> set[str]:
    keys = {it.public_key for it in record.seals}
    return {it.name for it in signed_people(session) if it.public_key in keys}


def _open_to(session: Session, record: ConnectionRecord, users: str | Sequence[str]) -> None:
    if users == ADMINISTRATORS:
        return
    if users == CONTRIBUTORS:
        record.open_to_contributors = True
        return
    for name in [users] if isinstance(users, str) else users:
        person = person_named(session, name)
        if person.role == Role.VIEWER.value:
            raise ConfigurationError(
                _("{name!r} is a viewer, and can't use a connection.", name=name), _("Make them contributor first.")
            )
        if person.id not in {it.person_id for it in record.shares}:
            record.shares.append(ShareRecord(person_id=person.id))


def _close_to(session: Session, record: ConnectionRecord, users: str | Sequence[str]) -> None:
    if users == CONTRIBUTORS:
        record.open_to_contributors = False
        return
    people = {person_named(session, name).id for name in ([users] if isinstance(users, str) else users)}
    record.shares = [it for it in record.shares if it.person_id not in people]


def listed(advertisers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return advertisers as the record keeps them."""
    return [{"id": number, "name": title} for number, title in advertisers.items()]


def _consent_sha256() -> str:
    return hashlib.sha256(CONSENT_TEXT.encode()).hexdigest()


def _value(session: Session, record: ConnectionRecord, actor: PersonRecord) -> Connection:
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
