"""The steps that make a connection."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.credentials import Credentials
from toolkit.access.people import Role, require_actor
from toolkit.access.sealing import (
    Secret,
    connection_for,
    decided_advertisers,
    decided_connection,
    seal_to,
    users_as_shared,
    users_of,
)
from toolkit.errors import AccessError, ConfigurationError
from toolkit.exports.connection import (
    ADMINISTRATORS,
    CONSENT_TEXT,
    CONTRIBUTORS,
    Connection,
    connection_value,
    consent_sha256,
    listed,
)
from toolkit.exports.connection_users import open_to
from toolkit.exports.connections import consented_advertisers
from toolkit.exports.trusted_hosts import remember_host, require_known_host
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord, PersonRecord
from toolkit.translatable import _


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
            saved = connection_value(session, record, actor)
        remember_host(folder, saved.name, self._credentials.host, secret.fingerprint)
        return saved

    def _fill(
        self, session: Session, record: ConnectionRecord, actor: PersonRecord, credentials: Credentials
    ) -> Secret:
        self._require_not_turned(record, credentials)
        record.advertisers = listed(self._advertisers)
        record.consent_sha256 = consent_sha256()
        record.consent_by = actor.name
        record.consent_at = self._agreed_at or datetime.now(UTC)
        open_to(session, record, self._users)
        session.flush()
        secret = Secret.new(record, credentials)
        session.flush()
        return secret
