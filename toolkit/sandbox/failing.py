"""What a planned fault answers in place of the call."""

import math

from toolkit.sandbox.access import Allowance
from toolkit.sandbox.account_calls import oauth_error
from toolkit.sandbox.answers import Answer, ProblemType, problem, rate_exceeded, refusal
from toolkit.sandbox.calls import Received, token_refused
from toolkit.sandbox.faults import Call, Fault, PlannedFault

_WEB_PAGE = b"<!doctype html><title>Please sign in to this network</title>"


def answer_in_place(planned: PlannedFault, received: Received, *, limit: int) -> Answer | None:
    """Return the answer that a fault gives, changing nothing; None if the fault is of another kind."""
    match planned.fault:
        case Fault.HTTP_429:
            return _too_many_calls(planned, received, limit=limit)
        case Fault.HTTP_500:
            return _broken(received)
        case Fault.HTTP_503:
            return Answer(b"", 503, media_type="text/plain")
        case Fault.HTTP_401:
            return _unauthorized(received)
        case Fault.NOT_JSON:
            return Answer(_WEB_PAGE, media_type="text/html")
        case _:
            return None


def _too_many_calls(planned: PlannedFault, received: Received, *, limit: int) -> Answer:
    if planned.reset_seconds is None:
        return rate_exceeded(received.path, {})
    resets_at = math.floor(received.now + planned.reset_seconds)
    return rate_exceeded(received.path, Allowance(limit, 0, resets_at, passed=False).headers())


def _broken(received: Received) -> Answer:
    return refusal(
        500,
        problem(ProblemType.AVAILABILITY, "internal-error", title="Internal server error", instance=received.path),
    ).answer


def _unauthorized(received: Received) -> Answer:
    if received.entry.call is Call.TOKEN:
        return oauth_error(401, "invalid_client", "The client id or the client secret is wrong.")
    return token_refused("expired", instance=received.path).answer
