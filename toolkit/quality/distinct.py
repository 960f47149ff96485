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


def distinct(values: pl.Expr, *, where: pl.Expr | None = None, part: int = 1) -> pl.Expr:
    """Return the number of distinct values that are not null: exact for ``part`` 1, else about."""
    number = values.hash()
    is_counted = values.is_not_null() if where is None else values.is_not_null() & where
    if part > 1:
        is_counted &= number % part == 0
    return number.filter(is_counted).n_unique().cast(pl.Int64) * part
