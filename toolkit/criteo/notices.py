"""What Criteo says beside its answers."""

from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about."""

    API_VERSION = "api_version"
    """The version of the API is deprecated, or ends."""
    WARNING = "warning"
    """Criteo warned in an answer, or did only a part of a call."""


@dataclass(frozen=True)
class ApiNotice:
    """One thing that Criteo said; whatever could be an identifier is masked."""

    kind: NoticeKind
    text: str

    def __str__(self) -> str:
        return self.text
