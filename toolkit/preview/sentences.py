"""What a preview says in words."""

from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience
from toolkit.checks import Check, Level, Thresholds
from toolkit.identifiers import IdentifierType
from toolkit.preview.funnel import coverage_of
from toolkit.preview.limits import MOST_BY_CONTRACT, MOST_OF_EXPORT

if TYPE_CHECKING:
    from toolkit.preview.preview import Preview

_MINUTE_SECONDS = 60
_MOST_NAMED = 3
_CHECKS = {MOST_OF_EXPORT: Check.PROFILE_LIMIT, MOST_BY_CONTRACT: Check.CONTRACT_LIMIT}


def warnings_of(audience: Audience, limits: pl.DataFrame, thresholds: Thresholds) -> list[str]:
    """Return what is worth a look before a run: limits that are passed, and shares that its checks will not take."""
    return [
        *audience.spelt_otherwise.sentences,
        *_of_limits(limits, thresholds),
        *_of_coverage(coverage_of(audience), thresholds, audience.identifier_type),
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
    said = [
        f"{row['size']:,} identifiers are more than the {row['at_most']:,} of the limit ({row['limit']}, as "
        f"{row['said_by']} has it): a run would {_done(thresholds.level(_CHECKS[row['limit']]))}."
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


def _of_coverage(coverage: pl.DataFrame, thresholds: Thresholds, kind: IdentifierType) -> list[str]:
    wanted = {"coverage": thresholds.email_coverage, "validity": thresholds.email_validity}
    words = {"coverage": f"of the members have {kind.noun}", "validity": f"of the {kind.plural} are valid"}
    little = [
        f"In segment {row['segment']!r} {row[name]:.1%} {words[name]}, less than the {least:.0%} that its check takes."
        for name, least in wanted.items()
        for row in coverage.filter(pl.col(name) < least).iter_rows(named=True)
    ]
    shared = [
        f"In segment {row['segment']!r} {row['duplicates']:.1%} of the {kind.plural} are those of another member too, "
        f"more than the {thresholds.most_duplicates:.0%} that its check takes."
        for row in coverage.filter(pl.col("duplicates") > thresholds.most_duplicates).iter_rows(named=True)
    ]
    return [*little, *shared]


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
