"""How many values a column has, counted in memory that does not grow with the table.

Polars' own estimate (HyperLogLog) is off by ten in a hundred at times, too much to tell a key. So values are counted by
their hashes: all of them, or where they are many, those of a known part of the hashes, and multiplied. With 500,000
or more counted the error is some 0.2 %.
"""

import polars as pl

_MOST_COUNTED = 1_000_000


def part_of(rows: int) -> int:
    """Return of how many hashes one is counted, so that few enough are for a table of that many rows."""
    return -(-rows // _MOST_COUNTED) if rows else 1


def distinct(values: pl.Expr, *, where: pl.Expr, part: int) -> pl.Expr:
    """Return the number of distinct values, not null, of some rows: exact for ``part`` 1, else about."""
    return values.hash().filter(values.is_not_null() & where & _is_counted(values, part)).n_unique() * part


def distinct_in(frame: pl.LazyFrame, column: str, *, part: int) -> pl.LazyFrame:
    """Return the same for all rows of a column as a frame of its own, one row with ``column``.

    Of many columns at once this takes a fifth of the memory that as many expressions on one frame take.
    """
    values = pl.col(column)
    counted = frame.select(column).filter(values.is_not_null() & _is_counted(values, part)).select(values.hash())
    return counted.unique().select(pl.len().cast(pl.Int64).alias(column) * part)


def _is_counted(values: pl.Expr, part: int) -> pl.Expr:
    return values.hash() % part == 0 if part > 1 else pl.lit(value=True)
