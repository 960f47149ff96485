"""The rule of each threshold: what figure it is about, its number, and whether that is the least or the most.

This is the one home of a threshold. Checks build their expectations from these rules, and a preview asks them of the
figures of the audience. So a preview says what a run will find, also where a figure is exactly at its threshold, which
passes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType

import polars as pl

from toolkit.audience import NOT_JUDGED, Audience, Status
from toolkit.identifiers import IdentifierType
from toolkit.translatable import _, exact_share
from toolkit.validation.thresholds import Check, Level, Thresholds


class FieldContent(StrEnum):
    """What the field with the identifier holds, of a member who is looked at; null where it holds nothing."""

    VALID = "valid"
    SHARED = "shared"
    """It is valid, and another member's too."""
    INVALID = "invalid"


CONTENT_BY_STATUS = MappingProxyType(
    {
        Status.EXPORTABLE: FieldContent.VALID,
        Status.DUPLICATE_IDENTIFIER: FieldContent.SHARED,
        Status.INVALID_IDENTIFIER: FieldContent.INVALID,
    }
)
"""Members of any other status have an empty field."""

VALID_CONTENT = (FieldContent.VALID, FieldContent.SHARED)
SHARED_CONTENT = (FieldContent.SHARED,)


class Figure(StrEnum):
    """What a rule is about: the columns of ``segment_figures`` and ``export_figures`` that are judged."""

    LOOKED_AT = "looked_at"
    """The members of a segment who are not suppressed, and consent where that is asked."""
    COVERAGE = "coverage"
    """Of those, the share with something in the field."""
    VALIDITY = "validity"
    """Of the filled fields, the share that is valid."""
    UNSHARED = "unshared"
    """Of the filled fields, the share that repeats no other member's: the rest of those who share."""
    LIST_SIZE = "list_size"
    """The identifiers of the segment's list; of the smallest where each advertiser gets one. Null for nobody."""
    CHANGE = "change"
    """The change of a segment's identifiers as a share of the last run's; null for nobody, now or then."""
    MEMBERS = "members"
    """The members of all segments."""
    IDENTIFIERS = "identifiers"
    """The identifiers of all segments."""


class Bound(StrEnum):
    """Which side of its threshold a figure must be on; exactly at it passes."""

    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True)
class Rule:
    """A threshold of a check: what is looked at, what is expected, and what a failure does."""

    check: Check
    level: Level
    figure: Figure
    threshold: float
    """What the figure is compared with."""
    bound: Bound
    expected: str
    """What is expected, in words."""
    remedy: str
    """What to do when it failed."""

    def is_kept(self) -> pl.Expr:
        """Return whether the column of the figure is on the right side; null where there is nothing to judge."""
        figure = pl.col(self.figure.value)
        return figure >= self.threshold if self.bound is Bound.LEAST else figure <= self.threshold

    @property
    def least(self) -> float | None:
        """The least number that passes; None where the rule is about the most."""
        return self.threshold if self.bound is Bound.LEAST else None

    @property
    def most(self) -> float | None:
        """The largest number that passes; None where the rule is about the least."""
        return self.threshold if self.bound is Bound.MOST else None


def segment_rules(thresholds: Thresholds, kind: IdentifierType) -> tuple[Rule, ...]:
    """Return the rules of each segment, in the order in which they are told.

    Args:
        thresholds: Those of the export.
        kind: The type of identifier that people are counted by.

    Returns:
        A rule for each check of a segment that has a threshold.
    """

    rule = partial(_rule, thresholds)
    return (
        rule(
            Check.SEGMENT_HAS_MEMBERS,
            Figure.LOOKED_AT,
            1,
            expected=_("at least one member"),
            remedy=_("Look at the definition of the segment, or leave the segment out of the export."),
        ),
        rule(
            Check.EMAIL_COVERAGE,
            Figure.COVERAGE,
            thresholds.email_coverage,
            expected=_("at least {email_coverage}", email_coverage=exact_share(thresholds.email_coverage)),
            remedy=_(
                "See who has none with the preview of the segment; or choose another {short} column; or "
                "lower the threshold of the export.",
                short=kind.short,
            ),
        ),
        rule(
            Check.EMAIL_VALIDITY,
            Figure.VALIDITY,
            thresholds.email_validity,
            expected=_("at least {email_validity}", email_validity=exact_share(thresholds.email_validity)),
            remedy=_(
                "See which are invalid with the preview of the segment, and mend them at the "
                "source; or lower the threshold of the export."
            ),
        ),
        rule(
            Check.EMAIL_DUPLICATES,
            Figure.UNSHARED,
            _rest(thresholds.most_duplicates),
            expected=_("at most {most_duplicates}", most_duplicates=exact_share(thresholds.most_duplicates)),
            remedy=_(
                "Many members have the address of another: see who with the preview of the "
                "segment. The field may hold an address of a shop or a default."
            ),
        ),
        rule(
            Check.USEFUL_SIZE,
            Figure.LIST_SIZE,
            thresholds.least_size,
            expected=_("at least {least_size:,} identifiers", least_size=thresholds.least_size),
            remedy=_("Criteo can't use a list that small: widen the segment, or join it with another."),
        ),
        rule(
            Check.SIZE_CHANGE,
            Figure.CHANGE,
            thresholds.most_change,
            Bound.MOST,
            expected=_("a change by at most {most_change}", most_change=exact_share(thresholds.most_change)),
            remedy=_(
                "Look at the preview and at where the tables come from: the segment moved more than it does usually."
            ),
        ),
    )


def export_rules(thresholds: Thresholds) -> tuple[Rule, ...]:
    """Return the rules of the export as a whole, in the order in which they are told.

    Args:
        thresholds: Those of the export.

    Returns:
        A rule for each check of the export that has a threshold; of the contract only where one is set.
    """
    limits = [(Check.PROFILE_LIMIT, thresholds.limit_profiles, _("this is the most that one export may hold"))]
    if thresholds.contract_limit_profiles is not None:
        contract = thresholds.contract_limit_profiles
        limits.append((Check.CONTRACT_LIMIT, contract, _("the contract with Criteo allows no more")))
    return (
        _rule(
            thresholds,
            Check.EXPORT_HAS_MEMBERS,
            Figure.MEMBERS,
            1,
            expected=_("at least one member"),
            remedy=_("All segments of the export are empty: look at where the segments are read from."),
        ),
        *(
            _rule(
                thresholds,
                check,
                Figure.IDENTIFIERS,
                limit,
                Bound.MOST,
                expected=_("at most {limit:,} identifiers", limit=limit),
                remedy=_("Spread the segments over several exports, or make them smaller: {source}.", source=source),
            )
            for check, limit, source in limits
        ),
    )


def segment_figures(audience: Audience, last_sizes: Mapping[str, int] | None = None) -> pl.DataFrame:
    """Return what the rules of a segment are about.

    Args:
        audience: The members, each with a status.
        last_sizes: The identifiers of each segment at the last run, as far as there was one.

    Returns:
        A row a segment: ``segment``; the counts ``looked_at``, ``filled``, ``valid``, ``shared``, ``exportable`` and
        ``last``; the figures ``coverage``, ``validity``, ``unshared``, ``list_size`` and ``change``, null where there
        is nothing to judge. Members who are suppressed or do not consent are counted in none of them.
    """
    last = pl.DataFrame(
        {"segment": list((last_sizes or {}).keys()), "last": list((last_sizes or {}).values())},
        schema={"segment": pl.String, "last": pl.Int64},
    )
    looked_at, filled, exportable = pl.col("looked_at"), pl.col("filled"), pl.col("exportable")
    has_anybody = exportable > 0
    return (
        audience.counts.select(
            "segment",
            looked_at=pl.col("members") - pl.sum_horizontal(it.value for it in NOT_JUDGED),
            filled=_holding(*FieldContent),
            valid=_holding(*VALID_CONTENT),
            shared=_holding(*SHARED_CONTENT),
            exportable=pl.col(Status.EXPORTABLE.value),
        )
        .join(_list_sizes(audience), on="segment", how="left", maintain_order="left")
        .join(last, on="segment", how="left", maintain_order="left")
        .with_columns(
            coverage=pl.when(looked_at > 0).then(filled / looked_at),
            validity=pl.when(filled > 0).then(pl.col("valid") / filled),
            unshared=pl.when(filled > 0).then((filled - pl.col("shared")) / filled),
            # A segment with nobody to send, now or then, has its own check and its own guard.
            change=pl.when(has_anybody & (pl.col("last") > 0)).then(
                (exportable - pl.col("last")).abs() / pl.col("last")
            ),
        )
    )


def export_figures(audience: Audience) -> pl.DataFrame:
    """Return what the rules of an export are about.

    Args:
        audience: The members, each with a status.

    Returns:
        One row: ``members`` and ``identifiers`` of all segments.
    """
    return audience.counts.select(
        pl.col("members").sum(), pl.col(Status.EXPORTABLE.value).sum().alias(Figure.IDENTIFIERS.value)
    )


def verdicts(figures: pl.DataFrame, rules: Iterable[Rule]) -> pl.DataFrame:
    """Judge figures by rules.

    Args:
        figures: Those of segments or of an export.
        rules: The rules of the same.

    Returns:
        A row a rule and row of the figures, in that order: ``check``, ``segment`` (null: the whole export), the
        ``figure``, and whether it ``is_kept``; null where there is nothing to judge, which fails no check.
    """
    segment = pl.col("segment") if "segment" in figures.columns else pl.lit(None, pl.String)
    judged = [
        figures.select(
            check=pl.lit(rule.check.value),
            segment=segment,
            figure=pl.col(rule.figure.value).cast(pl.Float64),
            is_kept=rule.is_kept(),
        )
        for rule in rules
    ]
    return pl.concat([pl.DataFrame(schema=_VERDICTS), *judged])


def audience_verdicts(
    audience: Audience, thresholds: Thresholds, last_sizes: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """Judge an audience by all rules: what its checks will find, without asking Great Expectations.

    Args:
        audience: The members, each with a status.
        thresholds: Those of the export.
        last_sizes: The identifiers of each segment at the last run, as far as there was one.

    Returns:
        The verdicts of the export, then those of the segments, as ``verdicts`` has them.
    """
    return pl.concat(
        [
            verdicts(export_figures(audience), export_rules(thresholds)),
            verdicts(segment_figures(audience, last_sizes), segment_rules(thresholds, audience.identifier_type)),
        ]
    )


def _rule(
    thresholds: Thresholds,
    check: Check,
    figure: Figure,
    threshold: float,
    bound: Bound = Bound.LEAST,
    *,
    expected: str,
    remedy: str,
) -> Rule:
    return Rule(check, thresholds.level(check), figure, threshold, bound, expected, remedy)


_VERDICTS = pl.Schema({"check": pl.String(), "segment": pl.String(), "figure": pl.Float64(), "is_kept": pl.Boolean()})


def _holding(*contents: FieldContent) -> pl.Expr:
    return pl.sum_horizontal(status.value for status, content in CONTENT_BY_STATUS.items() if content in contents)


def _list_sizes(audience: Audience) -> pl.DataFrame:
    """Return the identifiers of the smallest list of each segment that has any."""
    is_split = "advertiser" in audience.frame.columns
    lists = audience.counts_by_advertiser if is_split else audience.counts
    some = lists.filter(pl.col(Status.EXPORTABLE.value) > 0)
    return some.group_by("segment").agg(pl.col(Status.EXPORTABLE.value).min().alias(Figure.LIST_SIZE.value))


_SHORT = 12
_ROUNDING = 2**-52


def _rest(share: float) -> float:
    """Return the least that is left of a whole when at most this share is taken, so that exactly the share passes."""
    # 1 - 0.7 is 0.30000000000000004, which would refuse what is exactly at the threshold.
    if share == round(share, _SHORT):
        return round(1 - share, _SHORT)
    # A third and the like: the share, the rest and the figure are rounded, by half of this together at most each.
    return max(0.0, 1 - share - _ROUNDING)
