"""The size of what would be sent, held against what is allowed and what is of use."""

import polars as pl

from toolkit.audience import Audience
from toolkit.validation import (
    MOST_PROFILES_AN_EXPORT,
    Check,
    Figure,
    Thresholds,
    export_figures,
    export_rules,
    segment_rules,
)

LIMIT_NAMES = {Check.PROFILE_LIMIT: "most of an export", Check.CONTRACT_LIMIT: "most by the contract"}
_OF_USE_BY = "Criteo's integrators"
"""Criteo itself names no least size of a list; who integrates with its audiences does."""

ALL_SEGMENTS = "all segments"
"""What a limit of an export is of."""
_SIZE = Figure.LIST_SIZE.value
_SCHEMA = pl.Schema(
    {
        "limit": pl.String(),
        "of": pl.String(),
        "size": pl.Int64(),
        "at_least": pl.Int64(),
        "at_most": pl.Int64(),
        "is_kept": pl.Boolean(),
        "level": pl.String(),
        "said_by": pl.String(),
    }
)


def limits_of(audience: Audience, lists: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Return a row a limit: what it is ``of`` (all segments, or a list), its ``size``, and whether it ``is_kept``.

    That is null of a list that nobody would be in, as its check has it. ``level`` is what a run does when it is not:
    an ``error`` stops it, a ``warning`` does not. ``said_by`` tells where a limit comes from.
    """
    own = "Customer Insights" if thresholds.limit_profiles == MOST_PROFILES_AN_EXPORT else "the export"
    said_by = {Check.PROFILE_LIMIT: own, Check.CONTRACT_LIMIT: "the contract with Criteo"}
    figures = export_figures(audience)
    of_export = [
        figures.select(
            limit=pl.lit(LIMIT_NAMES[rule.check]),
            of=pl.lit(ALL_SEGMENTS),
            size=rule.figure.value,
            at_least=pl.lit(None),
            at_most=pl.lit(rule.threshold),
            is_kept=rule.is_kept(),
            level=pl.lit(str(rule.level)),
            said_by=pl.lit(said_by[rule.check]),
        )
        for rule in export_rules(thresholds)
        if rule.check in LIMIT_NAMES
    ]
    # Identifiers of other types are of the same people.
    counted = lists.filter(pl.col("identifier_type") == audience.identifier_type.name)
    sizes = counted.select("segment", "exportable", pl.when(pl.col("exportable") > 0).then("exportable").alias(_SIZE))
    of_lists = [
        sizes.select(
            limit=pl.lit("fewest that are of use"),
            of="segment",
            size="exportable",
            at_least=pl.lit(rule.threshold),
            at_most=pl.lit(None),
            is_kept=rule.is_kept(),
            level=pl.lit(str(rule.level)),
            said_by=pl.lit(_OF_USE_BY),
        )
        for rule in segment_rules(thresholds, audience.identifier_type)
        if rule.check is Check.USEFUL_SIZE
    ]
    return pl.concat([it.cast(_SCHEMA) for it in (*of_export, *of_lists)])
