"""From members to identifiers that are sent: each reason for leaving out, coverage and validity."""

import polars as pl

from toolkit.audience import LEFT_OUT, Audience
from toolkit.validation import segment_figures


def funnel_of(audience: Audience) -> pl.DataFrame:
    """Return the steps from ``members`` over each reason to ``exportable``: ``step``, ``people``, ``remaining``.

    The people of all segments, who is in several counted in each. ``remaining`` is what is left after the step;
    ``share`` is the people as a share of the members, null when there are none.
    """
    counts = audience.counts
    steps = ["members", *(it.value for it in LEFT_OUT), "exportable"]
    people = pl.Series("people", [int(counts[it].sum()) for it in steps], dtype=pl.Int64)
    is_reason = pl.col("step").is_in([it.value for it in LEFT_OUT])
    members = pl.col("people").first()
    return pl.DataFrame({"step": steps, "people": people}).select(
        "step",
        "people",
        remaining=members - pl.when(is_reason).then("people").otherwise(0).cum_sum(),
        share=pl.when(members > 0).then(pl.col("people") / members),
    )


def coverage_of(audience: Audience) -> pl.DataFrame:
    """Return how many members of each segment have an e-mail, and how many of those are valid, as the checks count.

    Members who are suppressed are not looked at. ``coverage``, ``validity`` and ``duplicates`` (of the filled e-mails,
    those of another member) are shares, null where there is nothing to share.
    """
    return segment_figures(audience).select(
        "segment",
        members="looked_at",
        with_email="filled",
        valid="valid",
        coverage="coverage",
        validity="validity",
        duplicates=pl.when(pl.col("filled") > 0).then(pl.col("shared") / pl.col("filled")),
    )
