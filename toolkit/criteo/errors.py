"""What Criteo refuses, by what can be done about it. No message holds what was sent."""

import re
from dataclasses import dataclass
from typing import Any

from toolkit.errors import (
    AccessError,
    BusyError,
    ConfigurationError,
    DataError,
    ListGoneError,
    ToolkitError,
    UnavailableError,
)

_ADDRESS = re.compile(r"[^\s\"'<>]+@[^\s\"'<>]+")
_IDENTIFIER = re.compile(r"\b[0-9a-fA-F]{32,64}\b")


@dataclass(frozen=True)
class Problem:
    """What an answer says went wrong; texts that could echo an identifier are masked."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    trace_id: str = ""

    def __str__(self) -> str:
        said = " ".join(it for it in (self.code, self.title, self.detail) if it)
        trace = f", trace {self.trace_id}" if self.trace_id else ""
        return f"status {self.status}{f' ({said})' if said else ''}{trace}"


def problem_of(status: int, item: dict[str, Any]) -> Problem:
    """Return the problem that an item of ``errors`` or ``warnings`` tells, whatever of it is there."""
    return Problem(
        status=status,
        code=masked(str(item.get("code") or item.get("error") or "")),
        title=masked(str(item.get("title") or "")),
        detail=masked(str(item.get("detail") or item.get("error_description") or "")),
        trace_id=str(item.get("traceId") or item.get("traceIdentifier") or ""),
    )


def masked(text: str) -> str:
    """Return the text without addresses and hashes."""
    return _IDENTIFIER.sub("•••", _ADDRESS.sub("•••", text))


def error_of(call: str, problem: Problem) -> ToolkitError:
    """Return the error whose kind says what to do about the problem."""
    what = f"Criteo refused to {call}: {problem}."
    match problem.status:
        case 400 if problem.code == "invalid_client":
            return _refused_client(what)
        case 400:
            return DataError(
                what, "The request is malformed: report it with the trace; sending it again will not help."
            )
        case 401:
            return _refused_client(what)
        case 403:
            return AccessError(
                what,
                "Have an administrator of the advertiser consent to your Criteo app, and see that the app may manage "
                "audiences.",
            )
        case 404 if problem.code == "audience-invalid":
            return ListGoneError(
                what,
                "The contact list was deleted at Criteo. Choose: run with if_list_gone='remake' to make it anew and "
                "send all, or take the segment out of the export.",
            )
        case 404:
            return ConfigurationError(what, "Check the host of the connection.")
        case 410:
            return ConfigurationError(what, "This version of Criteo's API is gone: install a newer toolkit.")
        case 429:
            return BusyError(what, "The limit of calls is used up: run again later; nothing is lost.")
        case status if status >= 500:  # noqa: PLR2004
            return UnavailableError(what, "Criteo is down: run again later; nothing is lost.")
    return ConfigurationError(what, "Look up the status in Criteo's documentation, and report it with the trace.")


def _refused_client(what: str) -> AccessError:
    return AccessError(
        what, "Check client id and secret in Criteo's developer portal, and authenticate the connection anew."
    )
