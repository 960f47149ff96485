"""The contact lists a sandbox holds, and the only five ways in which they change.

A change is a value: the calls make it, the journal keeps it, and ``Lists.apply`` is the one place where it
takes effect, at the call and again at a restart.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Literal, assert_never

from toolkit.sandbox.algebra import People
from toolkit.sandbox.identifiers import IdentifierType, count_known, known

_FIRST_ID = 410_001
_MOST_PAST = 20
_ID = re.compile(r"[1-9][0-9]{0,9}")


class Operation(StrEnum):
    """What an amendment does."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Created:
    """A new, empty list."""

    id: int
    advertiser_id: str
    name: str
    description: str | None
    at: datetime
    kind: Literal["created"] = "created"


@dataclass(frozen=True, slots=True)
class Described:
    """A list's name and description as they are from now on."""

    id: int
    name: str
    description: str | None
    at: datetime
    kind: Literal["described"] = "described"


@dataclass(frozen=True, slots=True)
class Amended:
    """Identifiers added to or removed from a list; doing it twice is doing it once."""

    id: int
    operation: Operation
    identifier_type: IdentifierType
    identifiers: list[str]
    at: datetime
    caller_id: int | None = None
    """Whose ids they are, of type GUM: the same id is another visitor to another caller."""
    kind: Literal["amended"] = "amended"


@dataclass(frozen=True, slots=True)
class Cleared:
    """A list without identifiers."""

    id: int
    at: datetime
    kind: Literal["cleared"] = "cleared"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A list that is gone; its id is never given again."""

    id: int
    at: datetime
    kind: Literal["deleted"] = "deleted"


Change = Created | Described | Amended | Cleared | Deleted


@dataclass
class ContactList:
    """One contact list; ``matches`` is kept with every amendment, so that asking for it costs nothing."""

    id: int
    advertiser_id: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    matches: int = 0
    was: list[Described] = field(default_factory=list, repr=False)
    """The last names and descriptions, for a search that answers late."""
    _members: dict[tuple[IdentifierType, int | None], set[str]] = field(
        default_factory=lambda: defaultdict(set), repr=False
    )

    @property
    def size(self) -> int:
        """How many identifiers it holds."""
        return sum(map(len, self._members.values()))

    def described_at(self, moment: datetime) -> Described | None:
        """Return the name and description that it had; None when it was not there yet."""
        return next((it for it in reversed(self.was) if it.at <= moment), None)

    def describe(self, change: Described) -> None:
        """Change name and description."""
        self.name, self.description, self.updated_at = change.name, change.description, change.at
        self.was = [*self.was[-_MOST_PAST:], change]

    def people(self, match_rate: float) -> People:
        """Return whom Criteo knows of it: as many as its matches."""
        return People(
            frozenset(
                identifier if kind is IdentifierType.EMAIL else (kind, caller, identifier)
                for (kind, caller), members in self._members.items()
                for identifier in known(members, match_rate)
            )
        )

    def identifiers(self) -> Iterator[str]:
        """Every identifier, in no order."""
        return chain.from_iterable(self._members.values())

    def amend(self, change: Amended, *, match_rate: float) -> None:
        """Add or remove identifiers."""
        members = self._members[change.identifier_type, change.caller_id]
        if change.operation is Operation.ADD:
            fresh = set(change.identifiers) - members
            members |= fresh
            self.matches += count_known(fresh, match_rate)
        else:
            gone = set(change.identifiers) & members
            members -= gone
            self.matches -= count_known(gone, match_rate)
        self.updated_at = change.at

    def clear(self) -> None:
        """Remove every identifier."""
        self._members.clear()
        self.matches = 0


class Lists:
    """All lists by id, oldest first."""

    def __init__(self, match_rate: float) -> None:
        self._match_rate = match_rate
        self._by_id: dict[int, ContactList] = {}
        self.next_id = _FIRST_ID

    def __iter__(self) -> Iterator[ContactList]:
        return iter(self._by_id.values())

    def find(self, list_id: str) -> ContactList | None:
        """Return the list with this id, as Criteo writes ids: digits in a string."""
        return self._by_id.get(int(list_id)) if _ID.fullmatch(list_id) else None

    def apply(self, change: Change) -> None:
        """Let one change take effect."""
        if isinstance(change, Created):
            made = ContactList(change.id, change.advertiser_id, change.name, change.description, change.at, change.at)
            made.describe(Described(change.id, change.name, change.description, change.at))
            self._by_id[change.id] = made
            self.next_id = max(self.next_id, change.id + 1)
            return
        held = self._by_id[change.id]
        match change:
            case Described():
                held.describe(change)
            case Amended():
                held.amend(change, match_rate=self._match_rate)
            case Cleared():
                held.clear()
                held.updated_at = change.at
            case Deleted():
                del self._by_id[change.id]
            case _:
                assert_never(change)
