"""Keeping some rows of a big table without keeping the table.

Two things of Polars make memory grow with all rows where a few are kept:

- A text is a view into the buffer that it was decoded into. One text that is kept, keeps the buffer, so that one row in
  a hundred of a joined table holds all of it. ``compact`` makes the texts anew inside the query, while it streams.
- ``pl.collect_all`` reads a table that several queries share once, and holds the whole of it until the last one is
  done. ``collect_each`` reads it once a query.
"""

from collections.abc import Sequence

import polars as pl


def compact(rows: pl.LazyFrame, columns: Sequence[str] | None = None) -> pl.LazyFrame:
    """Return rows whose texts keep no buffer of the table that they were read from.

    Args:
        rows: What is left of a big table, before it is collected.
        columns: The columns to make anew; by default all with text. Other columns are never views.

    Returns:
        The same rows.
    """
    schema = rows.collect_schema()
    texts = [it for it in (schema if columns is None else columns) if schema[it] == pl.String]
    # Null stays null, and nothing is read of the values but their bytes.
    return rows.with_columns(pl.concat_str(it, pl.lit("")).alias(it) for it in texts) if texts else rows


def collect_each(*queries: pl.LazyFrame) -> list[pl.DataFrame]:
    """Collect queries one after the other, so that none waits in memory for another that reads the same table.

    Args:
        queries: The queries; those that the statistics of Parquet files answer read nothing.

    Returns:
        Their results.
    """
    return [it.collect(engine="streaming") for it in queries]
