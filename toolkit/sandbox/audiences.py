"""The audiences that a sandbox holds, and how they change: each change is an audience as it is from then on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from toolkit.sandbox.algebra import Node

_FIRST_ID = 710_001
_MOST_PAST = 20


@dataclass(frozen=True, slots=True)
class Audience:
    """A combination of segments of one advertiser, as it is from a moment on."""

    id: int
    advertiser_id: str
    name: str
    description: str | None
    algebra: Node
    created_at: datetime
    at: datetime
    kind: Literal["audience"] = "audience"


@dataclass(frozen=True, slots=True)
class AudienceDeleted:
    """An audience that is gone; its id is never given again."""

    id: int
    at: datetime
    kind: Literal["audience deleted"] = "audience deleted"


class Audiences:
    """All audiences by id, oldest first, with what they were."""

    def __init__(self) -> None:
        self._by_id: dict[int, list[Audience]] = {}
        self.next_id = _FIRST_ID

    def __iter__(self) -> Iterator[Audience]:
        return (versions[-1] for versions in self._by_id.values())

    def as_of(self, moment: datetime | None) -> list[Audience]:
        """Return the audiences as they were at a moment; None is now."""
        if moment is None:
            return list(self)
        shown = (next((it for it in reversed(versions) if it.at <= moment), None) for versions in self._by_id.values())
        return [it for it in shown if it is not None]

    def find(self, audience_id: str) -> Audience | None:
        """Return the audience with this id."""
        if not (audience_id.isascii() and audience_id.isdigit()):
            return None
        versions = self._by_id.get(int(audience_id))
        return None if versions is None else versions[-1]

    def has_name(self, name: str, *, advertiser_id: str, other_than: int | None = None) -> bool:
        """Tell whether an advertiser already has an audience of this name."""
        return any(it.name == name and it.advertiser_id == advertiser_id and it.id != other_than for it in self)

    def apply(self, change: Audience | AudienceDeleted) -> None:
        """Let one change take effect."""
        if isinstance(change, AudienceDeleted):
            self._by_id.pop(change.id, None)
            return
        self._by_id[change.id] = [*self._by_id.get(change.id, [])[-_MOST_PAST:], change]
        self.next_id = max(self.next_id, change.id + 1)
