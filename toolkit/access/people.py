"""The people of a workspace. Who acts is told by the key, not by a name that one can type."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from toolkit.errors import AccessError, ConfigurationError, SignatureError, TrustError
from toolkit.names import looks, unknown_name
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.database import serialize_writes
from toolkit.state.decisions import Decided, Kind, State, require_as_decided, state_of, synced
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.keys import is_public_key
from toolkit.state.models import PersonRecord
from toolkit.state.role import Role
from toolkit.state.signing import JSON
from toolkit.translatable import _, mark

__all__ = ["RESTORE", "JoinRequest", "Person", "Role", "person_named", "require_actor"]

RESTORE = _(
    "Find out who changed the database, and have an administrator put it back as it was signed, with "
    "workspace.restore_signed_rows()."
)


@dataclass(frozen=True)
class Person:
    """Somebody whom the workspace knows.

    Examples:
        >>> person = workspace.people.me
        >>> workspace.people[person.name] == person
        True
    """

    name: str
    role: Role
    public_key: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, repr=False)
class JoinRequest:
    """What somebody hands to an administrator to be let into the workspace. It holds no secret.

    Examples:
        >>> request = workspace.people.join("Ann")
        >>> request.name, len(request.public_key), request.root == workspace.root
        ('Ann', 64, True)
    """

    name: str
    public_key: str
    root: str = ""
    """The fingerprint of the workspace's root, as it is seen from there."""

    @property
    def line(self) -> str:
        """What the administrator runs."""
        # As JSON writes it: whatever the name holds, the line does nothing else.
        name = json.dumps(self.name, ensure_ascii=not self.name.isprintable())
        seen = f', root="{self.root}"' if self.root else ""
        return f'workspace.people.add({name}, public_key="{self.public_key}", role="{Role.CONTRIBUTOR}"{seen})'

    def __repr__(self) -> str:
        return _("Hand this line to an administrator of the workspace:\n{line}", line=self.line)


def require_actor(session: Session, folder: WorkspaceFolder, *, least: Role = Role.VIEWER) -> PersonRecord:
    """Return the person whose key is used here, by a row that an administrator signed.

    It only reads.

    Raises:
        AccessError: The workspace does not know the key, or the role may do less than ``least``.
        SignatureError: The person's row, or a row of the audit, is not as somebody entitled signed it.
        TrustError: The workspace differs from what this machine remembers of it.
    """
    key = folder.public_key
    state = synced(session, folder)
    person = session.scalar(select(PersonRecord).where(PersonRecord.public_key == key))
    if person is None and (key is None or key not in state.people):
        raise AccessError(
            _("The workspace {folder} does not know you: none of its people has your key.", folder=folder.path),
            _(
                "Run workspace.people.join() and hand the line that it shows to an administrator; or name "
                "your own key with the environment variable TOOLKIT_KEY_FILE."
            ),
        )
    if person is None:
        raise _missing(state, str(key))
    require_signed_person(session, person)
    if list(Role).index(Role(person.role)) < list(Role).index(least):
        raise AccessError(
            _(
                "You are {one} of this workspace as {person!r}, and this takes {least_one}.",
                one=Role(person.role).one,
                person=person.name,
                least_one=least.one,
            ),
            _("Ask an administrator to do it, or to change your role."),
        )
    return person


def require_signed_person(session: Session, person: PersonRecord) -> None:
    """Raise SignatureError unless the person's row is as an administrator signed it."""
    require_as_decided(session, decided_person(person), table="people", name=f"Person {person.name!r}", remedy=RESTORE)


def signed_people(session: Session) -> list[PersonRecord]:
    """Return everybody, by name; raises SignatureError when a row is altered, missing, or was slipped in."""
    people = list(session.scalars(select(PersonRecord).order_by(PersonRecord.name)))
    for person in people:
        require_signed_person(session, person)
    state = state_of(session)
    for key in state.people.keys() - {it.public_key for it in people}:
        raise _missing(state, key)
    return people


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
    # By the nonce, no two workspaces have the same root, whoever makes them.
    audit.record(
        session,
        folder,
        person,
        Action.ADD_PERSON,
        name,
        decides=[decided_person(person)],
        role=person.role,
        workspace=folder.settings.id,
        nonce=token_hex(16),
    )
    return person


def decided_person(person: PersonRecord) -> Decided:
    """Return what an administrator signs of a person."""
    content: dict[str, JSON] = {
        "id": person.id,
        "name": person.name,
        "role": person.role,
        "public_key": person.public_key,
        "added_by": person.added_by,
        "added_at": person.added_at.astimezone(UTC).isoformat(),
    }
    return Decided(Kind.PERSON, person.id, content)


def _missing(state: State, key: str) -> SignatureError:
    known = state.people[key]
    return SignatureError(
        _(
            "Person {known!r} (row {known_id} of table people) is missing: somebody removed it in the database.",
            known=known.name,
            known_id=known.id,
        ),
        RESTORE,
    )


def person_of(folder: WorkspaceFolder, name: str) -> Person:
    """Return somebody by name; raises UnknownNameError with the nearest names when there is nobody."""
    with folder.reading() as session:
        require_actor(session, folder)
        return _value(person_named(session, name))


def is_known(session: Session, folder: WorkspaceFolder) -> bool:
    """Tell whether whoever acts is one of the workspace's people; others that ask this wait their turn."""
    serialize_writes(session)
    return folder.identity.public_key in synced(session, folder).people


def has_people(session: Session) -> bool:
    """Tell whether the workspace has anybody."""
    return bool(session.scalar(select(func.count()).select_from(PersonRecord)))


def current_user(folder: WorkspaceFolder) -> Person:
    """Return the person who acts."""
    with folder.reading() as session:
        return _value(require_actor(session, folder))


def people(folder: WorkspaceFolder) -> list[Person]:
    """Return everybody, by name."""
    with folder.reading() as session:
        require_actor(session, folder, least=Role.VIEWER)
        return [_value(it) for it in signed_people(session)]


def join_request(folder: WorkspaceFolder, name: str) -> JoinRequest:
    """Return what somebody hands to an administrator, with the root of the workspace as they see it."""
    with folder.reading() as session:
        return JoinRequest(name, folder.identity.public_key, synced(session, folder).root)


def require_same_root(session: Session, name: str, root: str) -> None:
    """Raise TrustError when somebody who asks to be let in sees another workspace."""
    if root and root != state_of(session).root:
        raise TrustError(
            _(
                "{name!r} sees another workspace: its root is {root} there, and {state_of_root} here.",
                name=name,
                root=root,
                state_of_root=state_of(session).root,
            ),
            _(
                "Let nobody in before you both open the same folder and database; one of you may have "
                "been given another."
            ),
        )


def add_person(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str, *, public_key: str, role: Role
) -> PersonRecord:
    """Let somebody in; raises ConfigurationError for a name or key that is there, or a key that is none."""
    if not is_public_key(public_key):
        raise ConfigurationError(
            _("The public key of {name!r} is not one: 64 hexadecimal digits are expected.", name=name),
            _("Copy the whole line that workspace.people.join() shows them."),
        )
    if not looks(name) or not name.isprintable():
        raise ConfigurationError(
            _("Nobody can be called {name!r}: a name has letters, and no characters that are not seen.", name=name),
            _("Choose a name that everybody can read."),
        )
    for there in signed_people(session):
        # Who is called almost like somebody would be taken for them, in the audit and in lists.
        if looks(there.name) == looks(name) or there.public_key == public_key:
            likeness = _("that name") if there.name == name else _("a name like {name!r}", name=name)
            same = _("that key") if there.public_key == public_key else likeness
            raise ConfigurationError(
                _("The workspace knows {there!r} with {same} already.", there=there.name, same=same),
                _("Choose another name, or change the role of the one who is there."),
            )
    person = PersonRecord(
        name=name, role=role.value, public_key=public_key, added_by=actor.name, added_at=datetime.now(UTC)
    )
    session.add(person)
    session.flush()
    audit.record(session, folder, actor, Action.ADD_PERSON, name, decides=[decided_person(person)], role=role.value)
    return person


def change_role(session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str, role: Role) -> PersonRecord:
    """Give somebody another role; the last administrator keeps theirs."""
    person = person_named(session, name)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, person)
    before, person.role = person.role, role.value
    session.flush()
    audit.record(
        session,
        folder,
        actor,
        Action.CHANGE_ROLE,
        name,
        decides=[decided_person(person)],
        role=role.value,
        before=before,
    )
    return person


def remove_person(session: Session, folder: WorkspaceFolder, actor: PersonRecord, name: str) -> None:
    """Let somebody out; the last administrator stays."""
    person = person_named(session, name)
    _keep_an_administrator(session, person)
    session.delete(person)
    session.flush()
    removed = Decided(Kind.PERSON, person.id, None)
    audit.record(session, folder, actor, Action.REMOVE_PERSON, name, decides=[removed], role=person.role)


def person_named(session: Session, name: str) -> PersonRecord:
    """Return the person; raises ConfigurationError with the nearest names when there is none."""
    known = {it.name: it for it in signed_people(session)}
    if name not in known:
        raise unknown_name(mark("person"), name, known)
    return known[name]


def _keep_an_administrator(session: Session, person: PersonRecord) -> None:
    administrators = [it for it in signed_people(session) if it.role == Role.ADMINISTRATOR.value]
    if [it.name for it in administrators] == [person.name]:
        raise ConfigurationError(
            _("{person!r} is the last administrator of the workspace.", person=person.name),
            _("Make somebody else administrator first."),
        )


def _value(record: PersonRecord) -> Person:
    return Person(record.name, Role(record.role), record.public_key, record.added_by, record.added_at)
