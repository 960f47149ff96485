"""What a preview says in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience
from toolkit.audience.consent import ENDS_LATER_DAYS, ENDS_SOON_DAYS
from toolkit.display import word
from toolkit.identifiers import IdentifierType, identifier_types
from toolkit.preview.by_type import ANY
from toolkit.preview.limits import LIMIT_NAMES
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.translatable import Text, _, exact_share, listed, ngettext, sentences
from toolkit.validation import Check, Level, Thresholds, audience_verdicts

if TYPE_CHECKING:
    from toolkit.preview.preview import Preview

_MINUTE_SECONDS = 60
_MOST_NAMED = 3
_AMONG_LIMITS = {*LIMIT_NAMES, Check.USEFUL_SIZE}


def warnings_of(
    audience: Audience,
    limits: pl.DataFrame,
    thresholds: Thresholds,
    last_sizes: Mapping[str, int] | None = None,
) -> list[Notice]:
    """Return what is worth a look before a run: limits that are passed, and figures that its checks will not take."""
    broken = audience_verdicts(audience, thresholds, last_sizes).filter(~pl.col("is_kept"))
    return [
        *(Notice(NoticeCode.KEYS_SPELT_OTHERWISE, it) for it in audience.spelt_otherwise.sentences),
        *_of_limits(limits, thresholds),
        *_of_figures(broken, thresholds, audience.identifier_type),
        *_of_placeholders(audience),
    ]


def _of_placeholders(audience: Audience) -> list[Notice]:
    if not audience.placeholders:
        return []
    text = ngettext(
        "The {short} column of {count:,} member holds a placeholder, such as n/a or the hash of an empty field. "
        "Placeholders count as missing and are not sent.",
        "The {short} column of {count:,} members holds a placeholder, such as n/a or the hash of an empty field. "
        "Placeholders count as missing and are not sent.",
        audience.placeholders,
        short=audience.identifier_type.short,
    )
    return [Notice(NoticeCode.PLACEHOLDERS, text)]


def _failed(level: Level, text: str) -> Notice:
    """Return a check that a run would fail, with what that does to the run."""
    if level is Level.ERROR:
        return Notice(NoticeCode.WOULD_STOP, sentences([text, _("A run would stop.")]))
    return Notice(NoticeCode.CHECK_FAILED, sentences([text, _("A run would go on, with a warning.")]))


def _of_limits(limits: pl.DataFrame, thresholds: Thresholds) -> list[Notice]:
    passed = limits.filter(~pl.col("is_kept"))
    most = passed.drop_nulls("at_most")
    small = passed.drop_nulls("at_least")
    checks = {name: check for check, name in LIMIT_NAMES.items()}
    found = [
        _failed(
            thresholds.level(checks[row["limit"]]),
            _(
                "{size:,} identifiers are more than the limit of {at_most:,} ({limit}, set by {said_by}).",
                size=row["size"],
                at_most=row["at_most"],
                limit=word(row["limit"]),
                said_by=word(row["said_by"]),
            ),
        )
        for row in most.iter_rows(named=True)
    ]
    if small.height:
        named = listed(
            _("{segment!r} ({size:,})", segment=it["of"], size=it["size"])
            for it in small.head(_MOST_NAMED).iter_rows(named=True)
        )
        more = small.height - _MOST_NAMED
        text = _(
            "Fewer than {least:,} people would be sent of segment {segments}. Campaigns can't use so small a list, "
            "{said_by} report.",
            least=small["at_least"][0],
            segments=_("{names} and {count:,} more", names=named, count=more) if more > 0 else named,
            said_by=word(small["said_by"][0]),
        )
        found.append(_failed(thresholds.level(Check.USEFUL_SIZE), text))
    return found


def _of_figures(broken: pl.DataFrame, thresholds: Thresholds, kind: IdentifierType) -> list[Notice]:
    """Return a notice a verdict; those of sizes are told of limits, which know the lists."""
    return [
        _failed(
            thresholds.level(Check(row["check"])),
            _sentence(Check(row["check"]), row["segment"], row["figure"], thresholds, kind),
        )
        for row in broken.iter_rows(named=True)
        if row["check"] not in _AMONG_LIMITS
    ]


def _sentence(check: Check, segment: str | None, figure: float, thresholds: Thresholds, kind: IdentifierType) -> str:
    match check:
        case Check.EXPORT_HAS_MEMBERS:
            return _("No segment has any members.")
        case Check.SEGMENT_HAS_MEMBERS:
            return _("Segment {segment!r} has no members, or all of them are suppressed.", segment=segment)
        case Check.EMAIL_COVERAGE:
            return _(
                "In segment {segment!r}, {share:.1%} of the members have {noun}; the check expects at least "
                "{threshold}.",
                segment=segment,
                share=figure,
                noun=kind.noun,
                threshold=exact_share(thresholds.email_coverage),
            )
        case Check.EMAIL_VALIDITY:
            return _(
                "In segment {segment!r}, {share:.1%} of the {plural} are valid; the check expects at least "
                "{threshold}.",
                segment=segment,
                share=figure,
                plural=kind.plural,
                threshold=exact_share(thresholds.email_validity),
            )
        case Check.EMAIL_DUPLICATES:
            return _(
                "In segment {segment!r}, {share:.1%} of the {plural} also belong to another member; the check allows "
                "at most {threshold}.",
                segment=segment,
                share=1 - figure,
                plural=kind.plural,
                threshold=exact_share(thresholds.most_duplicates),
            )
        case Check.SIZE_CHANGE:
            return _(
                "The size of segment {segment!r} changes by {share:.1%} since the last run; the check allows at most "
                "{threshold}.",
                segment=segment,
                share=figure,
                threshold=exact_share(thresholds.most_change),
            )
        case _other:
            raise AssertionError(f"No words for a preview of the check {check.value!r}.")


def sentences_of(preview: "Preview") -> list[str]:
    """Return by what members are suppressed, the changes, the effort, what is at Criteo, and the warnings."""
    return [
        *suppressed_sentences(preview),
        *type_sentences(preview),
        *consent_sentences(preview),
        *change_sentences(preview),
        effort_sentence(preview),
        *(_("Warning: {text}", text=it.text) for it in preview.warnings),
    ]


def type_sentences(preview: "Preview") -> list[str]:
    """Return how many members each type of identifier reaches; nothing where there is one, and one each."""
    types = preview.types
    if types.height == 1 and types["identifiers"].item() == types["exportable"].item():
        return []
    short = {it.name: it.short for it in identifier_types()}
    by = listed(
        _(
            "{exportable:,} by {short} ({identifiers:,} identifiers)",
            exportable=row["exportable"],
            short=short[row["identifier_type"]],
            identifiers=row["identifiers"],
        )
        for row in types.filter(pl.col("identifier_type") != ANY).iter_rows(named=True)
    )
    reached = int(types["exportable"][-1])
    return [_("Members who can be reached: {by}; {reached:,} by at least one.", by=by, reached=reached)]


def consent_sentences(preview: "Preview") -> list[str]:
    """Return of how many members consent ends soon; nothing where it is not asked, or ends for nobody."""
    ends = preview.consent
    within = {it: int(ends[f"ends_within_{it}_days"].sum()) for it in (ENDS_SOON_DAYS, ENDS_LATER_DAYS)}
    if not within[ENDS_LATER_DAYS]:
        return []
    return [
        _(
            "Members whose consent ends within {soon} days: {within_soon:,}; within {later} days: {within_later:,}. "
            "Each leaves the lists at the next run after that.",
            soon=ENDS_SOON_DAYS,
            within_soon=within[ENDS_SOON_DAYS],
            later=ENDS_LATER_DAYS,
            within_later=within[ENDS_LATER_DAYS],
        )
    ]


def suppressed_sentences(preview: "Preview") -> list[str]:
    """Return by what members are suppressed, in one sentence; none when nobody is."""
    by = preview.suppressed_by.group_by("suppressed_by").agg(pl.col("members").sum()).sort("members", descending=True)
    if by.is_empty():
        return []
    named = listed(
        _("{count:,} by {reason}", count=members, reason=word(str(reason))) for reason, members in by.iter_rows()
    )
    return [
        ngettext(
            "{count:,} member is suppressed: {reasons}.",
            "{count:,} members are suppressed: {reasons}.",
            int(by["members"].sum()),
            reasons=named,
        )
    ]


def change_sentences(preview: "Preview") -> list[str]:
    """Return what a run would change, and what Criteo counted last."""
    lists = preview.lists
    if preview.export is None or lists["added"].is_null().any():
        return []
    emptied = int(lists["is_emptied"].sum())
    changes = {"added": int(lists["added"].sum()), "removed": int(lists["removed"].sum())}
    said: list[str] = [
        ngettext(
            "A run would add {added:,} identifiers and remove {removed:,}, after emptying {count:,} list.",
            "A run would add {added:,} identifiers and remove {removed:,}, after emptying {count:,} lists.",
            emptied,
            **changes,
        )
        if emptied
        else _("A run would add {added:,} identifiers and remove {removed:,}.", **changes)
    ]
    counted = lists.drop_nulls("counted_at").unique("list_id")
    if counted.height:
        held, matches = int(counted["held_by_criteo"].sum()), int(counted["matches"].sum())
        values = {"held": held, "matches": matches, "at": counted["counted_at"].max()}
        said.append(
            _(
                "Criteo counted {held:,} identifiers and {matches:,} matches, {rate:.0%} ({at:%Y-%m-%d %H:%M} UTC).",
                rate=matches / held,
                **values,
            )
            if held
            else _("Criteo counted {held:,} identifiers and {matches:,} matches ({at:%Y-%m-%d %H:%M} UTC).", **values)
        )
    return said


def effort_sentence(preview: "Preview") -> str:
    """Return how many calls and how long it would take."""
    row = preview.effort.row(0, named=True)
    if row["calls"] is None:
        return _("It is not known what a run would send.")
    least = row["least_seconds"]
    if row["seconds"] is not None:
        time = ngettext(
            "about {duration}, at the speed of the last run",
            "about {duration}, at the speed of the last {count} runs",
            row["past_runs"],
            duration=_said(row["seconds"]),
        )
    elif least:
        time = _("at least {duration}, because of Criteo's rate limit", duration=_said(least))
    else:
        time = _("less than a minute of Criteo's rate limit; the first run shows how fast this connection is")
    return _(
        "Sending takes about {calls:,} calls, {batches:,} of them batches: {time}.",
        calls=row["calls"],
        batches=row["batches"],
        time=time,
    )


def _said(seconds: float) -> Text:
    if seconds < _MINUTE_SECONDS:
        return _("{seconds:.0f} s", seconds=max(seconds, 1))
    return _("{minutes:.1f} minutes", minutes=seconds / _MINUTE_SECONDS)
