"""How far each type of identifier reaches, and how far all of them together."""

from collections.abc import Iterable

import polars as pl

from toolkit.audience import LEFT_OUT, Audience, Status

ANY = "any"
"""What stands in the place of a type for those who are reached by at least one."""
_REASONS = [it.value for it in LEFT_OUT]
_SCHEMA = pl.Schema(
    {
        "identifier_type": pl.String(),
        "members": pl.Int64(),
        **dict.fromkeys(_REASONS, pl.Int64()),
        "exportable": pl.Int64(),
        "identifiers": pl.Int64(),
    }
)


def by_type_of(audiences: Iterable[Audience]) -> pl.DataFrame:
    """Return a row a type, and where there are several, one of all together.

    ``members`` of all segments, how many are left out for each reason, how many are ``exportable``, and by how many
    ``identifiers``. A member counts as exportable by ``any`` if one type reaches them, and else by the reason of the
    type that came nearest.
    """
    audiences = list(audiences)
    rows = [
        _row(it.identifier_type.name, it.counts, identifiers=int(it.identifier_counts["identifiers"].sum()))
        for it in audiences
    ]
    if len(audiences) > 1:
        # Statuses are ordered as they are decided: exportable is the last.
        people = pl.concat(it.frame.lazy().select("segment", "customer", "status") for it in audiences)
        best = people.group_by("segment", "customer").agg(pl.col("status").max())
        counts = best.group_by("status").len().collect(engine="streaming")
        found = dict(counts.select(pl.col("status").cast(pl.String), "len").iter_rows())
        every = pl.DataFrame(
            {it: [found.get(it, 0)] for it in (*_REASONS, Status.EXPORTABLE.value)} | {"members": [sum(found.values())]}
        )
        rows.append(_row(ANY, every, identifiers=sum(int(it["identifiers"].item()) for it in rows)))
    return pl.concat(rows)


def _row(name: str, counts: pl.DataFrame, *, identifiers: int) -> pl.DataFrame:
    sums = counts.select(pl.col("members", *_REASONS, "exportable").sum())
    return sums.with_columns(identifier_type=pl.lit(name), identifiers=pl.lit(identifiers)).select(
        pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()
    )
