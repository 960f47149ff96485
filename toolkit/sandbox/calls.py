"""A call on its way in, and what every call is checked for before its own rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from toolkit.sandbox.access import TokenState
from toolkit.sandbox.answers import Answer, ProblemType, Refusal, permission_missing, problem, refusal
from toolkit.sandbox.faults import Call
from toolkit.sandbox.options import VERSION, Permission
from toolkit.sandbox.request_log import Entry
from toolkit.sandbox.world import World

_DATED_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}")


class LeftOut(Enum):
    """How a bulk call tells of an item that it left out."""

    AS_AN_ERROR = auto()
    IN_SILENCE = auto()


@dataclass(frozen=True)
class Received:
    """One call as it arrived; ``now`` in Unix seconds; ``body`` is None if it was too large to be kept."""

    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
    now: float
    entry: Entry
    rejects_one: bool = False
    """Whether the first identifier is found invalid, whatever it is."""
    leaves_out: LeftOut | None = None
    """Whether the last item of a bulk call is left out, and how that is told."""
    as_of: datetime | None = None
    """The moment whose lists a search shows; None is now."""

    @property
    def time(self) -> datetime:
        """When it arrived."""
        return datetime.fromtimestamp(self.now, UTC)


class Brings(Enum):
    """What a call's body is."""

    NOTHING = auto()
    JSON = auto()


@dataclass(frozen=True)
class Route:
    """One call that Criteo offers."""

    method: str
    path: str
    call: Call
    answer: Callable[[World, Received, bytes], Answer]
    brings: Brings = Brings.NOTHING
    needs: Permission | None = None
    """What the application must be allowed; None is nothing beside the consent."""


def require_version(received: Received) -> None:
    """Refuse an older version with 410, an unknown one with 404."""
    version = received.path.split("/")[1]
    if version == VERSION or "version" not in received.parameters:
        return
    if _DATED_VERSION.fullmatch(version) and version < VERSION:
        raise refusal(
            410,
            problem(
                ProblemType.DEPRECATION,
                "version-gone",
                title="This version is no longer supported",
                detail=f"Use version {VERSION}.",
                instance=received.path,
            ),
        )
    raise no_such_call(received)


def no_such_call(received: Received) -> Refusal:
    """Return what a path gets that means nothing here."""
    return refusal(
        404,
        problem(ProblemType.VALIDATION, "not-found", title="There is no such call", instance=received.entry.path),
    )


def require_body(received: Received) -> bytes:
    """Return the body, or refuse one that is too large with 413 and nothing else."""
    if received.body is None:
        raise Refusal(Answer(b"", 413, media_type="text/plain"))
    return received.body


def require_token(world: World, received: Received) -> None:
    """Refuse with 401 a call whose token is missing, unknown or too old."""
    scheme, _, token = received.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise token_refused("missing", instance=received.path)
    match world.tokens.state(token.strip(), received.now):
        case TokenState.EXPIRED:
            raise token_refused("expired", instance=received.path)
        case TokenState.INVALID:
            raise token_refused("invalid", instance=received.path)


def require_permission(world: World, route: Route, received: Received) -> None:
    """Refuse with 403 a call that the application may not make."""
    if route.needs is not None and not world.permissions & {route.needs, _MORE.get(route.needs, route.needs)}:
        raise permission_missing(route.needs.value.replace("_", " "), received.path)


_MORE = {
    Permission.READ_AUDIENCES: Permission.MANAGE_AUDIENCES,
    Permission.READ_CAMPAIGNS: Permission.MANAGE_CAMPAIGNS,
}
"""Who has the second may do the first."""


def token_refused(why: str, *, instance: str) -> Refusal:
    """Return what a call gets whose token is ``missing``, ``expired`` or ``invalid``."""
    return refusal(
        401,
        problem(
            ProblemType.AUTHENTICATION,
            f"authorization-token-{why}",
            title=f"The authorization token is {why}",
            instance=instance,
        ),
        headers={"www-authenticate": "Bearer"},
    )


def require_json(received: Received) -> None:
    """Refuse with 415 a body that does not say it is JSON."""
    if media_type(received) != "application/json":
        raise refusal(
            415,
            problem(
                ProblemType.VALIDATION,
                "unsupported-media-type",
                title="The body must be application/json",
                instance=received.path,
            ),
        )


def media_type(received: Received) -> str:
    """Return what the body says it is, without its character set."""
    return received.headers.get("content-type", "").partition(";")[0].strip().lower()
