"""What a run has to say beside its figures: warnings, and notes that are no reason to worry."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from toolkit.criteo import ApiNotice, NoticeKind
from toolkit.translatable import Translatable


class NoticeCode(StrEnum):
    """What a notice is about: stays the same when its words change.

    Examples:
        >>> run = workspace.runs.start("Nightly", dry_run=True)
        >>> toolkit.NoticeCode.WOULD_STOP in {it.code for it in run.warnings}
        False
    """

    KEYS_SPELT_OTHERWISE = "keys_spelt_otherwise"
    """Members are in no profile because their keys are written in another way."""
    FURTHER_IDENTIFIERS = "further_identifiers"
    """Of a type that is sent beside the one that is checked, nobody has an identifier, or few are valid."""
    CHECK_FAILED = "check_failed"
    WOULD_STOP = "would_stop"
    """Of a dry run: a guard would stop a run here."""
    GUARD_PASSED = "guard_passed"
    LEASE_LOST = "lease_lost"
    """The run before gave no sign of life for too long."""
    SENT_AGAIN = "sent_again"
    """What a run that lost its lease left uncertain is sent again."""
    TAKEN_OVER = "taken_over"
    """A list that another workspace, or a copy of this one, changed."""
    MARK_EDITED = "mark_edited"
    """Somebody edited the description of a list at Criteo."""
    MARKS_NOT_MOVED = "marks_not_moved"
    DRIFT = "drift"
    """Criteo counts otherwise than what was sent."""
    NOT_COUNTED = "not_counted"
    """Criteo did not answer how many identifiers some lists hold."""
    REJECTED = "rejected"
    """Criteo named identifiers as invalid."""
    LEFT_BEHIND = "left_behind"
    """A list that nobody fills any more holds people."""
    API_VERSION = "api_version"
    """Criteo announces the end of the version of its API."""
    CRITEO_WARNING = "criteo_warning"
    LIVE_CAMPAIGN = "live_campaign"
    """Live ad sets depend on a list that loses people or is left behind, or whether any do can't be known."""
    EMPTIED_FOR_OTHERS = "emptied_for_others"
    """A list was emptied that another export fills too."""
    CONSENT_ENDS = "consent_ends"
    """The consent of members ends long before the export runs again."""
    FLAPPING = "flapping"
    """Members keep coming and going."""
    HISTORY_INCOMPLETE = "history_incomplete"
    """Who keeps coming and going is told by the files of the history that can be read."""
    WAITED = "waited"
    """The run waited for Criteo."""
    REPORT_MISSING = "report_missing"
    NOT_NOTIFIED = "not_notified"
    """Somebody could not be told how a run ended."""
    AUDIENCES_NOT_MEASURED = "audiences_not_measured"
    """Of a refresh: Criteo did not say how many people some Criteo audiences reach."""
    PLACEHOLDERS = "placeholders"
    """Of a preview: fields hold a placeholder in the place of an identifier."""
    STALE_SEGMENT = "stale_segment"
    """Of a preview: a run builds a segment anew first."""
    NOT_PLANNED = "not_planned"
    """Of a preview: nobody knows what a run would send."""


@dataclass(frozen=True)
class Notice:
    """A warning or a note of a run.

    Examples:
        >>> workspace.runs[workspace.runs.frame["run"][0]].warnings
        ()
    """

    code: NoticeCode
    text: Annotated[str, Translatable()]
    """What it says; also a plain ``str`` in English."""

    def __str__(self) -> str:
        return str(self.text)

    def __text__(self) -> str:
        return self.text


def of_criteo(notices: Iterable[ApiNotice]) -> list[Notice]:
    """Return what Criteo warned of as notices of a run."""
    return [Notice(_OF_CRITEO[it.kind], it.text) for it in notices]


_OF_CRITEO = {NoticeKind.API_VERSION: NoticeCode.API_VERSION, NoticeKind.WARNING: NoticeCode.CRITEO_WARNING}
