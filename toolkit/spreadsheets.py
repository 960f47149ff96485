"""Files that people open in a spreadsheet: a cell that it would run as a formula is written as text."""

from pathlib import Path
from typing import Any

import polars as pl

_RUN = "^[\\s\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\\t\\r\\n]"
"""What begins a formula, also in full width and after blanks; and what makes some programs start a new cell."""

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with an apostrophe, which spreadsheets hide, before each text and name that would be run."""
    texts = [pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype in _TEXTS]
    plain = frame.with_columns(
        pl.when(it.str.contains(_RUN)).then(pl.format("'{}", it)).otherwise(it).name.keep() for it in texts
    )
    named = pl.Series(frame.columns, dtype=pl.String).str.contains(_RUN).to_list()
    return plain.rename({name: f"'{name}" for name, is_run in zip(frame.columns, named, strict=True) if is_run})


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as a CSV file for people."""
    without_formulas(frame).write_csv(path)


class FrameForPeople(pl.DataFrame):
    """A frame of names and keys that others chose, whose own ``write_csv`` writes no formulas.

    It is as any other frame in all else; what is made of it, such as by ``filter``, is a plain one.
    """

    def write_csv(self, file: Any = None, **options: Any) -> Any:
        """Write the frame as Polars does, with an apostrophe before what a spreadsheet would run."""
        return without_formulas(pl.DataFrame(self)).write_csv(file, **options)
