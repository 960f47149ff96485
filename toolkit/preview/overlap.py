"""Who is sent for several of the chosen segments.

Everybody who is sent is looked at once, and becomes the set of segments that sends them. There are few different sets,
and all further counting is done on those: no two segments are ever joined with each other.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.audience import Audience, Status

_BITS = 63
"""How many segments a number of 64 bits, with a sign, holds."""
_PAIRS = pl.Schema({"segment": pl.String(), "other": pl.String(), "both": pl.Int64(), "share": pl.Float64()})


@dataclass(frozen=True)
class Overlap:
    """How many people segments send together."""

    distinct: int
    """The people (identifiers) that all segments together send, each counted once."""
    pairs: pl.DataFrame
    """``segment``, ``other``, ``both``: how many people both send; ``share``: of those that the segment sends."""


def overlap_of(audience: Audience) -> Overlap:
    """Count the people that the segments of the audience send, all together and each two of them."""
    names = audience.segments
    if len(names) == 1 and "advertiser" not in audience.frame.columns:
        return Overlap(audience.exportable, pl.DataFrame(schema=_PAIRS))
    sets = _sets(audience, len(names))
    sizes = _with_segment(sets, len(names))
    together = (
        sizes.lazy()
        .join(sizes.lazy().select("set", other="segment"), on="set")
        .group_by("segment", "other")
        .agg(both=pl.col("people").sum())
        .collect()
    )
    own = together.filter(pl.col("segment") == pl.col("other")).select("segment", sent="both")
    numbers = pl.DataFrame({"segment": range(len(names))}, schema={"segment": pl.Int64})
    pairs = (
        numbers.join(numbers.rename({"segment": "other"}), how="cross")
        .filter(pl.col("segment") != pl.col("other"))
        .join(together, on=["segment", "other"], how="left", maintain_order="left")
        .join(own, on="segment", how="left", maintain_order="left")
        .with_columns(pl.col("both").fill_null(0))
        .with_columns(share=pl.when(pl.col("sent") > 0).then(pl.col("both") / pl.col("sent")))
    )
    called = dict(enumerate(names))
    named = pairs.with_columns(
        pl.col("segment", "other").replace_strict(list(called), list(called.values()), return_dtype=pl.String)
    )
    return Overlap(int(sets["people"].sum()), named.select(_PAIRS.names()))


def _sets(audience: Audience, count: int) -> pl.DataFrame:
    """Return ``people`` and the set of segments that sends them, as the bits of one or more columns."""
    sent = audience.frame.lazy().filter(pl.col("status") == Status.EXPORTABLE.value)
    # Where members have several identifiers, none of them tells all that one person is sent by.
    who = "identifier" if audience.further is None else "customer"
    number = pl.col("segment").to_physical().cast(pl.Int64)
    columns = range(-(-count // _BITS))
    bits = {
        _column(at): number.replace_strict(
            list(range(count)),
            [1 << (it % _BITS) if it // _BITS == at else 0 for it in range(count)],
            return_dtype=pl.Int64,
        )
        for at in columns
    }
    names = list(bits)
    return (
        sent.select(who, **bits)
        .group_by(who)
        .agg(pl.col(names).bitwise_or())
        .group_by(names)
        .agg(people=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
        .with_row_index("set")
    )


def _with_segment(sets: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return a row for each set and segment in it: ``set``, ``people``, ``segment`` (its number)."""
    parts = [
        sets.lazy()
        .filter((pl.col(_column(it // _BITS)) & (1 << (it % _BITS))) != 0)
        .select("set", "people", segment=pl.lit(it, pl.Int64))
        for it in range(count)
    ]
    return pl.concat(pl.collect_all(parts))


def _column(at: int) -> str:
    return f"segments_{at}"
