"""The connections of a workspace."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import polars as pl

from toolkit.access.credentials import Credentials
from toolkit.collections.collection import Collection
from toolkit.collections.lists import guards_named, lists_left_by
from toolkit.criteo import CRITEO
from toolkit.exports import connection_users, connections
from toolkit.exports.connection import Connection, ExportDisposal
from toolkit.exports.connection_setup import ConnectionSetup
from toolkit.exports.trusted_hosts import known_hosts
from toolkit.names import one_of
from toolkit.runs import AbandonedLists, Guard, ListDisposal, dispose_lists
from toolkit.translatable import _, mark


class Connections(Collection[str, Connection]):
    """The connections that you may use, by name.

    Examples:
        >>> "Criteo" in workspace.connections
        True
        >>> workspace.connections["Criteo"].frame.columns
        ['advertiser_id', 'advertiser']
    """

    _title: ClassVar[str] = _("Connections")
    _kind: ClassVar[str] = mark("connection")
    _if_empty: ClassVar[str] = _("Make one with workspace.connections.set_up(name).")

    def _load(self) -> Mapping[str, Connection]:
        return connections.connections(self._folder)

    def __getitem__(self, name: str) -> Connection:
        return connections.connection(self._folder, name)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each connection.

        Columns: ``name``, ``type``, ``created_at``, ``who_has_access``, ``exports`` and ``should_be_rotated``; what
            you may not see is null.

        Examples:
            >>> workspace.connections.frame.select("name", "exports").rows()
            [('Criteo', 'Nightly')]
        """
        rows = [
            (
                it.name,
                it.type,
                it.created_at,
                None if it.users is None else ", ".join(it.users),
                None if it.exports is None else ", ".join(it.exports),
                None if it.rotate_because is None else bool(it.rotate_because),
            )
            for it in self.values()
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def set_up(self, name: str) -> ConnectionSetup:
        """Make a connection step by step, in this order: share, agree, authenticate, add_me, save.

        Args:
            name: Name of the connection.

        Returns:
            The setup; nothing is saved before its last step.

        Raises:
            ConfigurationError: The name is empty.
            AccessError: You are no administrator.

        Examples:
            >>> setup = workspace.connections.set_up("Second account").share("contributors").agree()
            >>> setup.advertisers
            {}
        """
        return ConnectionSetup(self._folder, name)

    def connect(
        self,
        name: str,
        *,
        client_id: str = "",
        client_secret: str = "",
        host: str = CRITEO,
        credentials: Credentials | None = None,
        users: str | Sequence[str] = "administrators",
        i_agree: bool = False,
    ) -> Connection:
        """Make a connection at once: all steps of ``connections.set_up``, with yourself as export user.

        Args:
            name: Name of the connection.
            client_id: The client id of your app on Criteo's developer portal.
            client_secret: The client secret. Prefer ``credentials``, which stands in no cell of a notebook.
            host: The URL of Criteo's API.
            credentials: The id, the secret and the host in one, in the place of the three.
            users: Who may use it besides administrators: ``"administrators"`` (nobody else), ``"contributors"``, or
                people by name.
            i_agree: Whether you agree to ``toolkit.CONSENT_TEXT``. Without it, nothing is saved.

        Returns:
            The connection, with the advertisers that consented.

        Raises:
            AccessError: You don't agree, you are no administrator, Criteo refuses the credentials, or no advertiser has
                consented.
            ConfigurationError: The name or the credentials are not usable, or the connection goes to another host.
            TrustError: This machine knows the connection with another host.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> credentials = toolkit.Credentials.from_environment(host=host)
            >>> connection = workspace.connections.connect("Spare", credentials=credentials, i_agree=True)
            >>> sorted(connection.advertisers)[0]
            '2711'
        """
        given = credentials or Credentials(client_id=client_id, client_secret=client_secret, host=host)
        setup = self.set_up(name).share(users)
        if i_agree:
            setup.agree()
        return setup.authenticate(given).add_me().save()

    def test(self, name: str) -> Connection:
        """Authenticate with Criteo again, and record which advertisers consent now.

        Args:
            name: Name of the connection.

        Returns:
            The connection, with the advertisers that consent now.

        Raises:
            ConfigurationError: There is no connection of that name that you may use.
            AccessError: You are a viewer, the secret is not sealed to you, Criteo refuses it, or no advertiser
                consents.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> workspace.connections.test("Criteo").name
            'Criteo'
        """
        return connections.test_connection(self._folder, name)

    def share(self, name: str, users: str | Sequence[str]) -> Connection:
        """Let more people use a connection.

        Args:
            name: Name of the connection.
            users: ``"contributors"``, or people by name; one may be given alone.

        Returns:
            The connection, with ``users`` as they are now.

        Raises:
            ConfigurationError: There is no connection or person of that name, or the person is a viewer.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.connections.share("Criteo", "contributors").open_to
            'contributors'
        """
        return connection_users.share(self._folder, name, users)

    def unshare(self, name: str, users: str | Sequence[str]) -> Connection:
        """Take a connection away from people. Rotate the secret afterwards if they could open it.

        Args:
            name: Name of the connection.
            users: ``"contributors"``, or people by name; one may be given alone.

        Returns:
            The connection; ``rotate_because`` names those who could open its secret.

        Raises:
            ConfigurationError: There is no connection or person of that name.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.connections.unshare("Criteo", "contributors").open_to
            'administrators'
        """
        return connection_users.unshare(self._folder, name, users)

    def seal(self, name: str) -> Connection:
        """Seal the secret to the people who may use the connection and can't open it yet.

        Args:
            name: Name of a connection whose secret your key opens.

        Returns:
            The connection; ``waiting`` is empty.

        Raises:
            ConfigurationError: There is no connection of that name that you may use.
            AccessError: You are a viewer, or your key does not open the secret.

        Examples:
            >>> workspace.connections.seal("Criteo").waiting
            ()
        """
        return connections.seal_connection(self._folder, name)

    def rotate(self, name: str, credentials: Credentials) -> Connection:
        """Replace the secret of a connection by a new one that Criteo accepts.

        Args:
            name: Name of the connection.
            credentials: The new id and secret, for the same host.

        Returns:
            The connection.

        Raises:
            ConfigurationError: There is no connection of that name that you may use, or the credentials are for
                another host.
            AccessError: You are no administrator, or Criteo refuses the credentials.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> workspace.connections.rotate("Criteo", toolkit.Credentials.from_environment(host=host)).rotate_because
            ()
        """
        return connections.rotate(self._folder, name, credentials)

    def rename(self, name: str, to: str) -> Connection:
        """Rename a connection. Its exports follow.

        Args:
            name: Name of the connection.
            to: The new name.

        Returns:
            The connection under its new name.

        Raises:
            ConfigurationError: There is no connection of that name that you may use, or the new name is taken or empty.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.connections.rename("Criteo", "Criteo NL").name
            'Criteo NL'
        """
        return connections.rename(self._folder, name, to)

    def remove(
        self,
        name: str,
        *,
        exports: ExportDisposal | str | Mapping[str, ExportDisposal | str] = MappingProxyType({}),
        lists: ListDisposal | str = ListDisposal.KEEP,
        allow: Guard | str | Sequence[Guard | str] = (),
    ) -> AbandonedLists:
        """Remove a connection, which ends the transfer of data through it.

        Args:
            name: Name of the connection.
            exports: What happens to the exports that use it: ``"detach"`` or ``"remove"``, for all or by name.
            lists: What happens to their lists at Criteo: ``"keep"``, ``"empty"`` or ``"delete"``.
            allow: ``"live campaign"`` empties or deletes lists that a live ad set depends on.

        Returns:
            The lists of these exports that still hold people.

        Raises:
            ConfigurationError: There is no connection of that name, an export uses it and you did not decide about
                it, or an export of another connection fills one of its lists too.
            GuardError: A live ad set depends on a list that would be emptied or deleted. Nothing was changed.
            LedgerDivergedError: Another workspace changed a list that would be emptied or deleted.
            BusyError: One of these exports is running.
            RunFailedError: A list could not be emptied or deleted. The connection is still there: remove it again.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.connections.remove("Criteo", exports="detach", lists="delete").lists
            ()
        """
        chosen = (
            one_of("choice", ExportDisposal, exports)
            if isinstance(exports, str)
            else {export: one_of("choice", ExportDisposal, choice) for export, choice in exports.items()}
        )
        decided = connections.require_decided(self._folder, name, exports=chosen)
        dispose_lists(self._folder, name, one_of("choice", ListDisposal, lists), allow=guards_named(allow))
        connections.remove_connection(self._folder, name, exports=chosen)
        return lists_left_by(self._folder, decided)

    @property
    def known_hosts(self) -> dict[str, str]:
        """The host of each connection, by the connection's name, as this machine remembers it.

        Examples:
            >>> sorted(workspace.connections.known_hosts)
            ['Criteo']
        """
        return {name: it.host for name, it in known_hosts(self._folder).items()}


_SCHEMA = pl.Schema(
    {
        "name": pl.String(),
        "type": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "who_has_access": pl.String(),
        "exports": pl.String(),
        "should_be_rotated": pl.Boolean(),
    }
)
