"""What Criteo refuses, by what can be done about it. No message holds what was sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from toolkit.errors import (
    AccessError,
    BusyError,
    ConfigurationError,
    DataError,
    ListGoneError,
    TooLargeError,
    ToolkitError,
    UnavailableError,
)
from toolkit.redaction import without_identifiers
from toolkit.translatable import _

NAME_TAKEN = "name-must-be-unique"
SEGMENT_UNKNOWN = "segment-not-found"
AUDIENCE_UNKNOWN = "audience-not-found"
_SERVER_FAILS = 500

_NOT_OF_A_TRACE = re.compile(r"[^\w.:/+=-]")
_LONGEST_TRACE, _LONGEST_TEXT = 80, 400


class About(Enum):
    """What a call is about: what can be done about a refusal depends on it."""

    LISTS = auto()
    SEGMENTS = auto()
    AUDIENCES = auto()
    CAMPAIGNS = auto()


@dataclass(frozen=True)
class Problem:
    """What an answer says went wrong; whatever could be an identifier is masked."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    trace_id: str = ""

    def __str__(self) -> str:
        said = " ".join(dict.fromkeys(it for it in (self.code, self.title, self.detail) if it))
        trace = f", trace {self.trace_id}" if self.trace_id else ""
        return f"status {self.status}{f' ({said})' if said else ''}{trace}"


def problem_of(status: int, item: dict[str, Any]) -> Problem:
    """Return the problem that an item of ``errors`` or ``warnings`` tells, whatever of it is there."""
    return Problem(
        status=status,
        code=masked(item.get("code") or item.get("error")),
        title=masked(item.get("title")),
        detail=masked(item.get("detail") or item.get("error_description")),
        trace_id=_NOT_OF_A_TRACE.sub("", str(item.get("traceId") or item.get("traceIdentifier") or ""))[
            :_LONGEST_TRACE
        ],
    )


def masked(text: object) -> str:
    """Return the text in one line, shortened, without what could be an identifier."""
    return without_identifiers(" ".join(str(text or "").split()))[:_LONGEST_TEXT]


Remedy = tuple[type[ToolkitError], str]

_REFUSED_CLIENT: Remedy = (
    AccessError,
    _("Check client id and secret in Criteo's developer portal, and authenticate the connection anew."),
)
_LIST_GONE: Remedy = (
    ListGoneError,
    _(
        "The contact list was deleted at Criteo. Choose: run with if_list_gone='remake' (in a terminal, "
        "--if-list-gone remake) to make it anew and send all, or take the segment out of the export."
    ),
)
_BY_CODE: dict[str, Remedy] = {
    "invalid_client": _REFUSED_CLIENT,
    "audience-invalid": _LIST_GONE,
    SEGMENT_UNKNOWN: _LIST_GONE,
    NAME_TAKEN: (ConfigurationError, _("Give the list another name, or rename the one that is there.")),
    "name-must-not-be-empty": (ConfigurationError, _("Give the list a name.")),
}
_SEGMENT_GONE: Remedy = (
    ConfigurationError,
    _("A segment that the audience combines is not at Criteo, or is another advertiser's: combine others."),
)
_AUDIENCES_BY_CODE: dict[str, Remedy] = {
    NAME_TAKEN: (ConfigurationError, _("Give the audience another name, or rename the one that is there.")),
    "name-must-not-be-empty": (ConfigurationError, _("Give the audience a name.")),
    SEGMENT_UNKNOWN: _SEGMENT_GONE,
    "audience-invalid": _SEGMENT_GONE,
    AUDIENCE_UNKNOWN: (ConfigurationError, _("The audience is no longer at Criteo: make it anew.")),
}
_SEGMENTS_BY_CODE: dict[str, Remedy] = {
    NAME_TAKEN: (ConfigurationError, _("Give the segment another name, or rename the one that is there.")),
    "name-must-not-be-empty": (ConfigurationError, _("Give the segment a name.")),
    SEGMENT_UNKNOWN: (ConfigurationError, _("The segment is not at Criteo, or is another advertiser's.")),
}
_BY_CODE_OF: Mapping[About, Mapping[str, Remedy]] = {
    About.LISTS: _BY_CODE,
    About.SEGMENTS: {**_BY_CODE, **_SEGMENTS_BY_CODE},
    About.AUDIENCES: {**_BY_CODE, **_AUDIENCES_BY_CODE},
    About.CAMPAIGNS: {
        **_BY_CODE,
        **_AUDIENCES_BY_CODE,
        "ad-set-not-found": (ConfigurationError, _("The ad set is no longer at Criteo: choose another.")),
    },
}
_NO_CAMPAIGN: Remedy = (
    AccessError,
    _(
        "In Criteo's developer portal, ask for the permission Campaign for your app (Read shows ad sets, Manage links "
        "them), then have an administrator of the advertiser consent to it."
    ),
)
_BY_STATUS: dict[int, Remedy] = {
    200: (ConfigurationError, _("Change what it names, then run again.")),
    400: (DataError, _("The request is malformed: report it with the trace; sending it again will not help.")),
    401: _REFUSED_CLIENT,
    403: (
        AccessError,
        _(
            "Have an administrator of the advertiser consent to your Criteo app, and see that the app may "
            "manage audiences."
        ),
    ),
    404: (ConfigurationError, _("Check the host of the connection.")),
    410: (ConfigurationError, _("This version of Criteo's API is gone: install a newer toolkit.")),
    413: (TooLargeError, _("Send less in one call.")),
    429: (BusyError, _("The limit of calls is used up: run again later; nothing is lost.")),
}
_DOWN: Remedy = (UnavailableError, _("Criteo is down: run again later; nothing is lost."))
_OTHER: Remedy = (
    ConfigurationError,
    _("Look up the status in Criteo's documentation, and report it with the trace."),
)


def error_of(words: str, problem: Problem, *, on_a_list: bool = False, about: About = About.LISTS) -> ToolkitError:
    """Return the error whose kind says what to do about the problem.

    ``words`` say what Criteo was asked; a call that was ``on_a_list`` finds nothing only if the list is gone, even
    where the answer is empty.
    """
    if on_a_list and problem.status == 404 and not problem.code:  # noqa: PLR2004
        kind, remedy = _LIST_GONE
    elif problem.status >= _SERVER_FAILS:
        kind, remedy = _DOWN
    elif problem.status == 403 and about is About.CAMPAIGNS:  # noqa: PLR2004
        kind, remedy = _NO_CAMPAIGN
    else:
        kind, remedy = _BY_CODE_OF[about].get(problem.code) or _BY_STATUS.get(problem.status) or _OTHER
    return kind(_("Criteo refused to {words}: {problem}.", words=words, problem=problem), remedy)
