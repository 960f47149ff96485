"""The people of a workspace. Who acts is told by the key, not by a name that one can type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from toolkit.errors import AccessError, ConfigurationError
from toolkit.names import unknown_name
from toolkit.show import html_table, text_table
from toolkit.workspace import audit
from toolkit.workspace.audit import Action
from toolkit.workspace.database import one_at_a_time
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.keys import is_public_key
from toolkit.workspace.records import PersonRecord


class Role(StrEnum):
    """What somebody may do, as Customer Insights names it."""

    VIEWER = "viewer"
    """Sees exports, their status and history."""
    CONTRIBUTOR = "contributor"
    """Manages and runs the exports of connections that are shared with them."""
    ADMINISTRATOR = "administrator"
    """Manages connections, people and all exports."""


@dataclass(frozen=True)
class Person:
    """Somebody whom the workspace knows."""

    name: str
    role: Role
    public_key: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, repr=False)
class People(Mapping[str, Person]):
    """Everybody whom the workspace knows, by name."""

    people: tuple[Person, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """A row a person: ``name``, ``role``, ``added_by``, ``added_at``, ``public_key``."""
        return pl.DataFrame(
            [(it.name, it.role.value, it.added_by, it.added_at, it.public_key) for it in self.people],
            schema={
                "name": pl.String,
                "role": pl.String,
                "added_by": pl.String,
                "added_at": pl.Datetime("us", "UTC"),
                "public_key": pl.String,
            },
            orient="row",
        )

    def __getitem__(self, name: str) -> Person:
        for person in self.people:
            if person.name == name:
                return person
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(person.name for person in self.people)

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        return text_table(self.frame.drop("public_key"))

    def _repr_html_(self) -> str:
        return html_table(self.frame.drop("public_key"), title="People")


@dataclass(frozen=True, repr=False)
class JoinRequest:
    """What somebody hands to an administrator to be let into the workspace. It holds no secret."""

    name: str
    public_key: str

    @property
    def line(self) -> str:
        """What the administrator runs."""
        return f'workspace.add_person("{self.name}", public_key="{self.public_key}", role="{Role.CONTRIBUTOR}")'

    def __repr__(self) -> str:
        return f"Hand this line to an administrator of the workspace:\n{self.line}"


def acting(session: Session, folder: WorkspaceFolder, *, least: Role = Role.VIEWER) -> PersonRecord:
    """Return the person whose key is used here.

    It only reads. Raises AccessError for a key that the workspace does not know, and for a role that may do less than
    ``least``.
    """
    key = folder.public_key
    person = session.scalar(select(PersonRecord).where(PersonRecord.public_key == key))
    if person is None:
        raise AccessError(
            f"The workspace {folder.path} does not know you: none of its people has your key.",
            "Run workspace.join() and hand the line that it shows to an administrator; or name your own key with the "
            "environment variable TOOLKIT_KEY_FILE.",
        )
    if list(Role).index(Role(person.role)) < list(Role).index(least):
        raise AccessError(
            f"You are {person.role} of this workspace as {person.name!r}, and this takes a {least}.",
            "Ask an administrator to do it, or to change your role.",
        )
    return person


def add_first_administrator(session: Session, folder: WorkspaceFolder) -> PersonRecord:
    """Make whoever acts the administrator of a workspace that is being made, and has nobody yet."""
    name = folder.account
    person = PersonRecord(
        name=name,
        role=Role.ADMINISTRATOR.value,
        public_key=folder.identity.public_key,
        added_by=name,
        added_at=datetime.now(UTC),
    )
    session.add(person)
    session.flush()
    audit.record(session, folder, person, Action.ADD_PERSON, name, role=person.role)
    return person


def is_known(session: Session, folder: WorkspaceFolder) -> bool:
    """Tell whether whoever acts is one of the workspace's people; others that ask this wait their turn."""
    one_at_a_time(session)
    key = folder.identity.public_key
    return session.scalar(select(PersonRecord).where(PersonRecord.public_key == key)) is not None


def has_people(session: Session) -> bool:
    """Tell whether the workspace has anybody."""
    return bool(session.scalar(select(func.count()).select_from(PersonRecord)))


def me(folder: WorkspaceFolder) -> Person:
    """Return the person who acts."""
    with folder.reading() as session:
        return _value(acting(session, folder))


def people(folder: WorkspaceFolder) -> People:
    """Return everybody, by name."""
    with folder.reading() as session:
        acting(session, folder, least=Role.VIEWER)
        return People(tuple(_value(it) for it in session.scalars(select(PersonRecord).order_by(PersonRecord.name))))


def add_person(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str, *, public_key: str, role: Role
) -> PersonRecord:
    """Let somebody in; raises ConfigurationError for a name or key that is there, or a key that is none."""
    if not is_public_key(public_key):
        raise ConfigurationError(
            f"The public key of {name!r} is not one: 64 hexadecimal digits are expected.",
            "Copy the whole line that workspace.join() shows them.",
        )
    for there in session.scalars(select(PersonRecord)):
        if there.name == name or there.public_key == public_key:
            raise ConfigurationError(
                f"The workspace knows {there.name!r} with {'that name' if there.name == name else 'that key'} already.",
                "Choose another name, or change the role of the one who is there.",
            )
    person = PersonRecord(
        name=name, role=role.value, public_key=public_key, added_by=actor.name, added_at=datetime.now(UTC)
    )
    session.add(person)
    session.flush()
    audit.record(session, folder, actor, Action.ADD_PERSON, name, role=role.value)
    return person


def change_role(session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str, role: Role) -> PersonRecord:
    """Give somebody another role; the last administrator keeps theirs."""
    person = person_named(session, name)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, person)
    audit.record(session, folder, actor, Action.CHANGE_ROLE, name, role=role.value, before=person.role)
    person.role = role.value
    session.flush()
    return person


def remove_person(session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str) -> None:
    """Let somebody out; the last administrator stays."""
    person = person_named(session, name)
    _keep_an_administrator(session, person)
    session.delete(person)
    session.flush()
    audit.record(session, folder, actor, Action.REMOVE_PERSON, name, role=person.role)


def person_named(session: Session, name: str) -> PersonRecord:
    """Return the person; raises ConfigurationError with the nearest names when there is none."""
    known = {it.name: it for it in session.scalars(select(PersonRecord))}
    if name not in known:
        raise unknown_name("person", name, known)
    return known[name]


def _keep_an_administrator(session: Session, person: PersonRecord) -> None:
    administrators = session.scalars(select(PersonRecord).where(PersonRecord.role == Role.ADMINISTRATOR.value)).all()
    if [it.name for it in administrators] == [person.name]:
        raise ConfigurationError(
            f"{person.name!r} is the last administrator of the workspace.", "Make somebody else administrator first."
        )


def _value(record: PersonRecord) -> Person:
    return Person(record.name, Role(record.role), record.public_key, record.added_by, record.added_at)
