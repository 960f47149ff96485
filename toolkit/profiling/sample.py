"""Rows from all over a table, of which its columns are told before the whole of it is read."""

from dataclasses import dataclass

import polars as pl

from toolkit.sources import Format, Table, blame_table
from toolkit.sources.streaming import compact

ROWS = 100_000
ALL_ROWS = "all rows"
_SLICES = 20


@dataclass(frozen=True)
class Sample:
    """Some rows of a table, with all columns."""

    frame: pl.DataFrame
    rows: int
    """How many rows the whole table has."""
    table: Table

    def scan(self) -> pl.LazyFrame:
        """Return all rows of the table: those in memory where they are all, else the files'."""
        return self.frame.lazy() if self.frame.height == self.rows else self.table.scan()

    @property
    def said(self) -> str:
        """What the figures of a sample are based on, in words."""
        if self.frame.height == self.rows:
            return ALL_ROWS
        return f"a sample of {self.frame.height:,} of {self.rows:,} rows"


def sample_of(table: Table) -> Sample:
    """Read rows from evenly spaced places of the table; all of them when it is small."""
    with blame_table(table):
        scan = table.scan()
        rows = int(scan.select(pl.len()).collect(engine="streaming").item())
        return Sample(_some(scan, rows, table.files.format), rows, table)


def _some(scan: pl.LazyFrame, rows: int, form: Format | None) -> pl.DataFrame:
    if rows <= ROWS:
        return scan.collect(engine="streaming")
    if form is Format.CSV or form is None:
        # Text, and a table in an engine, has to be read from its beginning whatever is wanted of it: once.
        number = pl.int_range(pl.len())
        return compact(scan.filter(number % (rows // ROWS) == 0).head(ROWS)).collect(engine="streaming")
    size = ROWS // _SLICES
    # One after the other: of each, a row group is in memory.
    return pl.concat(
        compact(scan.slice(rows * at // _SLICES, size)).collect(engine="streaming") for at in range(_SLICES)
    )
