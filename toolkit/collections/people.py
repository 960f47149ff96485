"""The people of a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import polars as pl

from toolkit.access import people
from toolkit.access.people import JoinRequest, Person, Role
from toolkit.collections.collection import Collection
from toolkit.exports import team
from toolkit.names import one_of
from toolkit.translatable import _, mark


@dataclass(frozen=True, repr=False)
class NewPerson(Person):
    """Somebody who was just added.

    Examples:
        >>> bob = workspace.people.add("Bob", public_key=key_of_bob, role="viewer")
        >>> bob.answer == f'workspace.trust("{workspace.root}")'
        True
    """

    answer: str
    """The line that they run, to know that they see the same workspace."""

    def __repr__(self) -> str:
        return _(
            "{name!r} is {role} now. Hand this line back to them:\n{answer}",
            name=self.name,
            role=self.role,
            answer=self.answer,
        )


class People(Collection[str, Person]):
    """The people of the workspace, by name.

    Examples:
        >>> people = workspace.people
        >>> len(people), people.me.role.value
        (1, 'administrator')
    """

    _title: ClassVar[str] = _("People")
    _kind: ClassVar[str] = mark("person")
    _if_empty: ClassVar[str] = _("Make the workspace again: it lost everybody.")

    def _load(self) -> Mapping[str, Person]:
        return {it.name: it for it in people.people(self._folder)}

    def __getitem__(self, name: str) -> Person:
        return people.person_of(self._folder, name)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each person: ``name``, ``role``, ``added_by``, ``added_at``, ``public_key``.

        Examples:
            >>> workspace.people.frame["role"].to_list()
            ['administrator']
        """
        return pl.DataFrame(
            [(it.name, it.role.value, it.added_by, it.added_at, it.public_key) for it in self.values()],
            schema={
                "name": pl.String,
                "role": pl.String,
                "added_by": pl.String,
                "added_at": pl.Datetime("us", "UTC"),
                "public_key": pl.String,
            },
            orient="row",
        )

    @property
    def _shown(self) -> pl.DataFrame:
        return self.frame.drop("public_key")

    @property
    def me(self) -> Person:
        """Who you are in this workspace, by your key.

        Examples:
            >>> workspace.people.me.role
            <Role.ADMINISTRATOR: 'administrator'>
        """
        return people.current_user(self._folder)

    def join(self, name: str | None = None) -> JoinRequest:
        """Ask to join the workspace: show the line that an administrator runs to add you.

        A key pair is made on this machine if you have none. The secret key stays here.

        Args:
            name: Your name in the workspace; your account's name by default.

        Returns:
            The request; it holds no secret.

        Examples:
            >>> workspace.people.join("Ann").line.startswith('workspace.people.add("Ann", public_key="')
            True
        """
        return people.join_request(self._folder, name or self._folder.account)

    def add(self, name: str, *, public_key: str, role: Role | str = Role.CONTRIBUTOR, root: str = "") -> NewPerson:
        """Add a person to the workspace, and open to them the connections that they may use.

        The returned value prints a line to hand back to the person.

        Args:
            name: Name of the person.
            public_key: The public key from the line that the person sent: 64 hexadecimal digits.
            role: ``"viewer"``, ``"contributor"`` or ``"administrator"``.
            root: The fingerprint of the workspace from the same line.

        Returns:
            The person.

        Raises:
            ConfigurationError: The name or the key is known already, or the key is not a public key.
            TrustError: The person sees another workspace than you do.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.people.add("Bob", public_key=key_of_bob, role="viewer").role
            <Role.VIEWER: 'viewer'>
        """
        chosen = one_of("role", Role, role)
        answer = team.add_person(self._folder, name, public_key=public_key, role=chosen, root=root)
        added = self[name]
        return NewPerson(**{it.name: getattr(added, it.name) for it in fields(added)}, answer=answer)

    def change_role(self, name: str, role: Role | str) -> Person:
        """Change a person's role, and with it the connections they may use.

        Args:
            name: Name of the person.
            role: ``"viewer"``, ``"contributor"`` or ``"administrator"``.

        Returns:
            The person.

        Raises:
            ConfigurationError: There is no person of that name, or they are the last administrator.
            AccessError: You are no administrator.

        Examples:
            >>> bob = workspace.people.add("Bob", public_key=key_of_bob)
            >>> workspace.people.change_role("Bob", "viewer").role.value
            'viewer'
        """
        team.change_role(self._folder, name, one_of("role", Role, role))
        return self[name]

    def remove(self, name: str) -> list[str]:
        """Remove a person from the workspace.

        Args:
            name: Name of the person.

        Returns:
            The connections whose secret they could open. Rotate these at Criteo, then with ``connections.rotate``.

        Raises:
            ConfigurationError: There is no person of that name, or they are the last administrator.
            AccessError: You are no administrator.

        Examples:
            >>> bob = workspace.people.add("Bob", public_key=key_of_bob, role="viewer")
            >>> workspace.people.remove("Bob")
            []
        """
        return team.remove_person(self._folder, name)
