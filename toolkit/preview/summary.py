"""What a preview says in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience
from toolkit.identifiers import IdentifierType
from toolkit.preview.limits import LIMIT_NAMES
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
) -> list[str]:
    """Return what is worth a look before a run: limits that are passed, and figures that its checks will not take."""
    broken = audience_verdicts(audience, thresholds, last_sizes).filter(~pl.col("is_kept"))
    return [
        *audience.spelt_otherwise.sentences,
        *_of_limits(limits, thresholds),
        *_of_figures(broken, thresholds, audience.identifier_type),
        *_of_placeholders(audience),
    ]


def _of_placeholders(audience: Audience) -> list[str]:
    if not audience.placeholders:
        return []
    column = f"{audience.identifier_type.short} column"
    return [
        f"Placeholders stand in the {column} of {audience.placeholders:,} members, such as n/a or the hash of an empty "
        "field. They count as missing and are not sent."
    ]


def _of_limits(limits: pl.DataFrame, thresholds: Thresholds) -> list[str]:
    passed = limits.filter(~pl.col("is_kept"))
    most = passed.drop_nulls("at_most")
    small = passed.drop_nulls("at_least")
    checks = {name: check for check, name in LIMIT_NAMES.items()}
    said = [
        f"{row['size']:,} identifiers are more than the {row['at_most']:,} of the limit ({row['limit']}, as "
        f"{row['said_by']} has it): a run would {_done(thresholds.level(checks[row['limit']]))}."
        for row in most.iter_rows(named=True)
    ]
    if small.height:
        named = ", ".join(f"{it['of']!r} ({it['size']:,})" for it in small.head(_MOST_NAMED).iter_rows(named=True))
        more = f" and {small.height - _MOST_NAMED:,} more" if small.height > _MOST_NAMED else ""
        said.append(
            f"Fewer than {small['at_least'][0]} people would be sent of segment {named}{more}: {small['said_by'][0]} "
            "report that campaigns can't use so small a list."
        )
    return said


def _of_figures(broken: pl.DataFrame, thresholds: Thresholds, kind: IdentifierType) -> list[str]:
    """Return a sentence a verdict; those of sizes are told of limits, which know the lists."""
    return [
        _sentence(Check(row["check"]), row["segment"], row["figure"], thresholds, kind)
        for row in broken.iter_rows(named=True)
        if row["check"] not in _AMONG_LIMITS
    ]


def _sentence(check: Check, segment: str | None, figure: float, thresholds: Thresholds, kind: IdentifierType) -> str:
    run = f"a run would {_done(thresholds.level(check))}"
    match check:
        case Check.EXPORT_HAS_MEMBERS:
            return f"No segment has any members: {run}."
        case Check.SEGMENT_HAS_MEMBERS:
            return f"Segment {segment!r} has no members, or all of them are suppressed: {run}."
        case Check.EMAIL_COVERAGE:
            found, wanted = (
                f"{figure:.1%} of the members have {kind.noun}",
                f"less than the {thresholds.email_coverage:.0%}",
            )
        case Check.EMAIL_VALIDITY:
            found, wanted = (
                f"{figure:.1%} of the {kind.plural} are valid",
                f"less than the {thresholds.email_validity:.0%}",
            )
        case Check.EMAIL_DUPLICATES:
            found = f"{1 - figure:.1%} of the {kind.plural} are those of another member too"
            wanted = f"more than the {thresholds.most_duplicates:.0%}"
        case Check.SIZE_CHANGE:
            found = f"the size changes by {figure:.1%} since the last run"
            wanted = f"more than the {thresholds.most_change:.0%}"
        case _:
            raise AssertionError(f"No words for a preview of the check {check.value!r}.")
    return f"In segment {segment!r} {found}, {wanted} that its check takes."


def _done(level: Level) -> str:
    return "stop" if level is Level.ERROR else "tell it as a warning"


def sentences_of(preview: "Preview") -> list[str]:
    """Return by what members are suppressed, the changes, the effort, what is at Criteo, and the warnings."""
    return [
        *suppressed_sentences(preview),
        *change_sentences(preview),
        effort_sentence(preview),
        *(f"Warning: {it}" for it in preview.warnings),
    ]


def suppressed_sentences(preview: "Preview") -> list[str]:
    """Return by what members are suppressed, in one sentence; none when nobody is."""
    by = preview.suppressed_by.group_by("suppressed_by").agg(pl.col("members").sum()).sort("members", descending=True)
    if by.is_empty():
        return []
    named = ", ".join(f"{members:,} by {reason}" for reason, members in by.iter_rows())
    return [f"{int(by['members'].sum()):,} members are suppressed: {named}."]


def change_sentences(preview: "Preview") -> list[str]:
    """Return what a run would change, and what Criteo counted last."""
    lists = preview.lists
    if preview.export is None or lists["added"].is_null().any():
        return []
    emptied = int(lists["is_emptied"].sum())
    said = [
        f"A run would add {int(lists['added'].sum()):,} identifiers and remove {int(lists['removed'].sum()):,}"
        f"{f', after emptying {emptied} of the lists' if emptied else ''}."
    ]
    counted = lists.drop_nulls("counted_at").unique("list_id")
    if counted.height:
        held, matches = int(counted["held_by_criteo"].sum()), int(counted["matches"].sum())
        rate = f", {matches / held:.0%}" if held else ""
        said.append(
            f"Criteo counted {held:,} identifiers and {matches:,} matches{rate} "
            f"({counted.select(pl.col('counted_at').max().dt.strftime('%Y-%m-%d %H:%M')).item()} UTC)."
        )
    return said


def effort_sentence(preview: "Preview") -> str:
    """Return how many calls and how long it would take."""
    row = preview.effort.row(0, named=True)
    if row["calls"] is None:
        return "What a run would send is not known."
    least = row["least_seconds"]
    waits = f"Criteo's rate limit alone makes that at least {_said(least)}" if least else ""
    if row["seconds"] is not None:
        runs = "run" if row["past_runs"] == 1 else f"{row['past_runs']} runs"
        time = f"about {_said(row['seconds'])} by the speed of the last {runs}"
    else:
        time = waits or "within Criteo's rate limit of a minute; no run tells yet how fast this line is"
    return f"Sending takes about {row['calls']:,} calls, {row['batches']:,} of them batches: {time}."


def _said(seconds: float) -> str:
    if seconds < _MINUTE_SECONDS:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / _MINUTE_SECONDS:.1f} minutes"
