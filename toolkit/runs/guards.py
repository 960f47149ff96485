"""What stops a run before it sends, because it looks like a mistake: with the figures, and passed only knowingly."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from toolkit.errors import ChangingInputError, DataError, GuardError
from toolkit.runs.diff import anti_join
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.sources.files import InputFile
from toolkit.translatable import _, exact_share, mark, ngettext, sentences
from toolkit.validation import Check, CheckResult


class Guard(StrEnum):
    """The kinds of mistake that are looked for.

    Examples:
        >>> [guard.value for guard in toolkit.Guard][:2]
        ['emptied', 'large change']
    """

    EMPTIED = "emptied"
    """A segment has nobody to send, and had at the last run; or the whole export has nobody."""
    LARGE_CHANGE = "large change"
    """More than a set share of a list would be added or removed."""
    OLDER_INPUT = "older input"
    """A file is older than the one that the last run read."""
    CHANGING_INPUT = "changing input"
    """A file was written while the run read it."""
    OVER_LIMIT = "over limit"
    """The lists would hold more identifiers than an export may."""
    OVER_CONTRACT = "over contract"
    """They would hold more than the contract with Criteo allows."""
    LOW_COVERAGE = "low coverage"
    """Fewer members of a segment have an e-mail than the threshold asks for."""
    LOW_VALIDITY = "low validity"
    """Fewer of their e-mails are valid than the threshold asks for."""
    LIVE_CAMPAIGN = "live campaign"
    """A live ad set depends on a list that would be emptied."""
    OTHER_LEDGER = "other ledger"
    """Another workspace, or a copy of this one, changed a list: who passes this takes the list over."""


_OF_CHECKS: Mapping[str, Guard] = {
    Check.SEGMENT_HAS_MEMBERS: Guard.EMPTIED,
    Check.EXPORT_HAS_MEMBERS: Guard.EMPTIED,
    Check.PROFILE_LIMIT: Guard.OVER_LIMIT,
    Check.CONTRACT_LIMIT: Guard.OVER_CONTRACT,
    Check.EMAIL_COVERAGE: Guard.LOW_COVERAGE,
    Check.EMAIL_VALIDITY: Guard.LOW_VALIDITY,
}
"""The checks whose failure may be passed knowingly; a run that any other check fails can't go on."""


@dataclass(frozen=True)
class GuardViolation:
    """A guard that stops a run, what it found, and what to do."""

    guard: Guard
    what: str
    remedy: str = _("Look at the preview and at where the tables come from.")


def pass_guards(
    stops: Sequence[GuardViolation], allow: Collection[Guard], *, beside: Sequence[str] = ()
) -> list[Notice]:
    """Return what was passed knowingly; raises GuardError when something was not allowed.

    ``beside`` are sentences that belong to what stops, and stop nothing by themselves.
    """
    standing = [it for it in stops if it.guard not in allow]
    if standing:
        named = ", ".join(dict.fromkeys(repr(it.guard.value) for it in standing))
        remedies = dict.fromkeys(it.remedy for it in standing)
        kind = ChangingInputError if {it.guard for it in standing} == {Guard.CHANGING_INPUT} else GuardError
        raise kind(
            sentences([*(it.what for it in standing), *beside, _("Nothing was sent.")]),
            sentences([*remedies, _("If it is meant, run with allow=[{guards}].", guards=named)]),
        )
    return [
        Notice(NoticeCode.GUARD_PASSED, _("Passed knowingly ({guard}): {what}", guard=it.guard.value, what=it.what))
        for it in stops
    ]


def would_stop(stops: Iterable[GuardViolation]) -> list[Notice]:
    """Return what whoever looks before a run is told: where it would stop."""
    return [
        Notice(NoticeCode.WOULD_STOP, _("A run would stop here ({guard}): {what}", guard=it.guard.value, what=it.what))
        for it in stops
    ]


def guard_checks(failed: Iterable[CheckResult]) -> list[GuardViolation]:
    """Return what checks that failed would stop; raises DataError when one of them can't be passed."""
    failed = list(failed)
    if any(it.check not in _OF_CHECKS for it in failed):
        raise DataError(
            sentences([*(it.sentence for it in failed), _("Nothing was sent.")]),
            sentences(dict.fromkeys(it.remedy for it in failed)),
        )
    return [GuardViolation(_OF_CHECKS[it.check], it.sentence, it.remedy) for it in failed]


def guard_change(
    segment: str, wanted: pl.Series, last: pl.Series | None, *, most_change: float
) -> list[GuardViolation]:
    """Compare what a list should hold with what it held after the last finished run; None was never finished.

    ``segment`` is what the list is called in the sentence.
    """
    if last is None or last.is_empty():
        return []
    if wanted.is_empty():
        return [
            GuardViolation(
                Guard.EMPTIED,
                _(
                    "Segment {segment} has nobody to send, and had {count:,} at the last run.",
                    segment=segment,
                    count=len(last),
                ),
            )
        ]
    changes = {
        mark(
            "{identifiers} would be added in segment {segment}, {share:.0%} of the {last:,} of the last run: more than "
            "{most}."
        ): len(anti_join(wanted, last)),
        mark(
            "{identifiers} would be removed in segment {segment}, {share:.0%} of the {last:,} of the last run: more "
            "than {most}."
        ): len(anti_join(last, wanted)),
    }
    return [
        GuardViolation(
            Guard.LARGE_CHANGE,
            _(
                text,
                identifiers=ngettext("{count:,} identifier", "{count:,} identifiers", count),
                segment=segment,
                share=count / len(last),
                last=len(last),
                most=exact_share(most_change),
            ),
        )
        for text, count in changes.items()
        if count / len(last) > most_change
    ]


def guard_age(inputs: Sequence[InputFile], last: Sequence[InputFile]) -> list[GuardViolation]:
    """Compare the files with those that the last successful run read."""
    known = {it.path: it for it in last}
    return [
        GuardViolation(
            Guard.OLDER_INPUT,
            _(
                "{path} is of {moment}, older than at the last run ({moment_2}).",
                path=it.path,
                moment=_moment(it),
                moment_2=_moment(known[it.path]),
            ),
        )
        for it in inputs
        if it.path in known and _is_older(it, known[it.path])
    ]


def guard_writing(before: Sequence[InputFile], after: Sequence[InputFile]) -> list[GuardViolation]:
    """Compare the files before and after they were read."""
    known, now = ({it.path: it for it in files} for files in (before, after))
    changed = [path for path in known | now if known.get(path) != now.get(path)]
    return [
        GuardViolation(Guard.CHANGING_INPUT, _("{path} was written while the run read it.", path=path))
        for path in changed
    ]


def _is_older(now: InputFile, before: InputFile) -> bool:
    is_of_before = now.modified_at and before.modified_at and now.modified_at < before.modified_at
    is_old_version = now.version is not None and before.version is not None and now.version < before.version
    return bool(is_of_before) or is_old_version


def _moment(file: InputFile) -> str:
    if file.modified_at is None:
        return _("an unknown time")
    return _("{at:%Y-%m-%d %H:%M:%S} UTC", at=file.modified_at)
