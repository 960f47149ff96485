"""From members to identifiers that are sent: each reason for leaving out, coverage and validity."""

import polars as pl

from toolkit.audience import LEFT_OUT, Audience, Status

_FILLED = [Status.EXPORTABLE.value, Status.DUPLICATE_IDENTIFIER.value, Status.INVALID_IDENTIFIER.value]
_VALID = [Status.EXPORTABLE.value, Status.DUPLICATE_IDENTIFIER.value]


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
    looked_at = pl.col("members") - pl.col(Status.SUPPRESSED.value)
    filled, valid = pl.sum_horizontal(_FILLED), pl.sum_horizontal(_VALID)
    return audience.counts.select(
        "segment",
        members=looked_at,
        with_email=filled,
        valid=valid,
        coverage=pl.when(looked_at > 0).then(filled / looked_at),
        validity=pl.when(filled > 0).then(valid / filled),
        duplicates=pl.when(filled > 0).then(pl.col(Status.DUPLICATE_IDENTIFIER.value) / filled),
    )
