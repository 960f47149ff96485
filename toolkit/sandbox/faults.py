"""What can be made to go wrong, with which call, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from toolkit.errors import ConfigurationError
from toolkit.translatable import _


class Call(StrEnum):
    """A kind of call; ANY stands for each of them."""

    ANY = "any"
    TOKEN = "token"  # noqa: S105
    ADVERTISERS = "advertisers"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SEARCH = "search"
    AMEND = "amend"
    AMEND_WITH_ATTRIBUTES = "amend_with_attributes"
    CLEAR = "clear"
    STATISTICS = "statistics"
    COMPUTE_SIZES = "compute_sizes"
    CREATE_AUDIENCES = "create_audiences"
    UPDATE_AUDIENCES = "update_audiences"
    DELETE_AUDIENCES = "delete_audiences"
    SEARCH_AUDIENCES = "search_audiences"
    SIZE_AUDIENCES = "size_audiences"
    ESTIMATE_AUDIENCE = "estimate_audience"
    SEARCH_AD_SETS = "search_ad_sets"
    SEARCH_CAMPAIGNS = "search_campaigns"
    LINK_AD_SET = "link_ad_set"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """A way to fail.

    DROP_AFTER, SLOW and LATE do what was asked; so do REJECT, IN_PART and IN_SILENCE, but for one identifier or item.
    """

    HTTP_429 = "http_429"
    HTTP_500 = "http_500"
    HTTP_503 = "http_503"
    HTTP_401 = "http_401"
    NOT_JSON = "not_json"
    """Status 200 with a web page, as a proxy on the way sends it."""
    HANG = "hang"
    """No answer."""
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    SLOW = "slow"
    """Does at once what was asked, and answers late."""
    REJECT = "reject"
    """Finds the first identifier of an amendment invalid, and does what was asked with the others."""
    LATE = "late"
    """A search shows the lists or audiences as they were a second ago, or as long ago as ``seconds`` says."""
    IN_PART = "in_part"
    """A bulk call does all but its last item, and tells of that one as an error beside the others."""
    IN_SILENCE = "in_silence"
    """A bulk call does all but its last item, and tells nothing of that one."""


@dataclass(frozen=True)
class PlannedFault:
    """The next ``times`` calls of these kinds fail, once ``after`` of them have passed unharmed.

    ``reset_seconds`` (HTTP_429): from now until ``x-ratelimit-reset``, in whole seconds rounded down; None
    leaves the rate headers out. ``seconds`` (SLOW, LATE and HANG): how long; by default a second, and until the
    client gives up. A hang that ends is a dropped connection.
    """

    fault: Fault
    calls: tuple[Call, ...] = (Call.ANY,)
    times: int = 1
    after: int = 0
    reset_seconds: float | None = 1
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.times < 1 or self.after < 0 or not self.calls:
            raise ConfigurationError(
                _("The planned fault {fault} would never happen.", fault=self.fault),
                _("Give at least one kind of call, times of 1 or more, and after of 0 or more."),
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the fault that ``fault[:call[:times[:after]]]`` tells, such as ``http_503:amend:2``.

        Raises ConfigurationError with what can be said when it tells none.
        """
        said = text.split(":")
        try:
            fault, call, times, after = said + ["any", "1", "0"][len(said) - 1 :]
            return cls(fault=Fault(fault), calls=(Call(call),), times=int(times), after=int(after))
        except ValueError:
            raise ConfigurationError(
                _("{text!r} is no fault.", text=text),
                _(
                    "Say it as fault:call:times:after, of which the first is enough. Faults are {fault}; "
                    "calls are {call}.",
                    fault=", ".join(Fault),
                    call=", ".join(Call),
                ),
            ) from None

    def hits(self, call: Call) -> bool:
        """Tell whether calls of this kind are meant."""
        return call in self.calls or Call.ANY in self.calls


@dataclass
class _Pending:
    planned: PlannedFault
    to_pass: int
    to_hit: int


class FaultPlan:
    """The faults still to come, in the order in which they were asked for."""

    def __init__(self, planned: Iterable[PlannedFault] = ()) -> None:
        self._pending: list[_Pending] = []
        for fault in planned:
            self.add(fault)

    def add(self, planned: PlannedFault) -> None:
        """Put one more at the end."""
        self._pending.append(_Pending(planned, planned.after, planned.times))

    def clear(self) -> None:
        """Let everything pass from now on."""
        self._pending.clear()

    def take(self, call: Call) -> PlannedFault | None:
        """Return what hits this call, if anything, and count it."""
        for pending in self._pending:
            if not pending.planned.hits(call):
                continue
            if pending.to_pass:
                pending.to_pass -= 1
                continue
            pending.to_hit -= 1
            if not pending.to_hit:
                self._pending.remove(pending)
            return pending.planned
        return None
