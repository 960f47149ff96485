"""Which audiences and segments at Criteo this workspace made: a mark in their description.

The mark tells the workspace, the declaration, and a fingerprint of what was written there last. So what is at Criteo
tells by itself whether somebody changed it since, and an audience whose answer was lost is found again. What has no
mark of this workspace is never changed and never deleted.
"""

import hashlib
import re
from dataclasses import dataclass

from toolkit.campaigns.expression import Expression
from toolkit.campaigns.meaning import fingerprint

_AUDIENCE = re.compile(r"\s*\[([0-9a-f]{8})-audience-([0-9]{1,18}) ([0-9a-f]{16})\]")
_SEGMENT = re.compile(r"\s*\[([0-9a-f]{8})-segment ([0-9a-f]{16})\]")


@dataclass(frozen=True)
class AudienceMark:
    """What the description of an audience at Criteo tells."""

    workspace: str
    number: int
    """The declaration in that workspace."""
    written: str
    """The fingerprint of the name and the definition that were written there last."""

    @classmethod
    def in_text(cls, description: str) -> "AudienceMark | None":
        """Return the last mark that a description holds, None when it holds none."""
        found = list(_AUDIENCE.finditer(description))
        return None if not found else cls(found[-1][1], int(found[-1][2]), found[-1][3])

    def put_into(self, description: str) -> str:
        """Return the description with this mark at its end, in the place of any other; the rest stays."""
        return f"{_AUDIENCE.sub('', description).rstrip()} {self}".lstrip()

    def __str__(self) -> str:
        return f"[{self.workspace}-audience-{self.number} {self.written}]"


@dataclass(frozen=True)
class SegmentMark:
    """What the description of a segment at Criteo tells that was made for an audience."""

    workspace: str
    written: str
    """The fingerprint of what it was made of."""

    @classmethod
    def in_text(cls, description: str) -> "SegmentMark | None":
        """Return the last mark that a description holds, None when it holds none."""
        found = list(_SEGMENT.finditer(description))
        return None if not found else cls(found[-1][1], found[-1][2])

    def __str__(self) -> str:
        return f"[{self.workspace}-segment {self.written}]"


def written(name: str, expression: Expression | None) -> str:
    """Return the fingerprint of a name and of whom the definition, in segments at Criteo, means."""
    meaning = "" if expression is None else fingerprint(expression)
    return hashlib.sha256(f"{meaning} {name}".encode()).hexdigest()[:16]
