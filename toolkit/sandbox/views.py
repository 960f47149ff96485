"""What a sandbox shows of itself."""

from dataclasses import dataclass

from toolkit.sandbox.faults import Call
from toolkit.sandbox.lists import Operation


@dataclass(frozen=True)
class HeldList:
    """A contact list as the sandbox holds it; ``size`` is its number of identifiers."""

    id: str
    advertiser_id: str
    name: str
    description: str | None
    size: int


@dataclass(frozen=True)
class LoggedRequest:
    """One call the sandbox received: what was asked, never what was sent.

    ``status`` is None if it was never answered: the connection was dropped, or the client gave up.
    ``operation`` and ``identifiers`` (a number) are set for amendments whose body was read and found well
    formed.
    """

    method: str
    path: str
    call: Call
    status: int | None
    operation: Operation | None
    identifiers: int
