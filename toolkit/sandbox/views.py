"""What a sandbox shows of itself."""

from dataclasses import dataclass

from toolkit.sandbox.campaigns import DeliveryStatus
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
class HeldAudience:
    """An audience as the sandbox holds it; ``algebra`` is JSON text, ``ad_set_ids`` the ad sets that target it."""

    id: str
    advertiser_id: str
    name: str
    description: str | None
    algebra: str
    ad_set_ids: tuple[str, ...]


@dataclass(frozen=True)
class HeldAdSet:
    """An ad set as the sandbox holds it; ``audience_id`` is what it targets."""

    id: str
    campaign_id: str
    advertiser_id: str
    name: str
    delivery_status: DeliveryStatus
    audience_id: str | None


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
