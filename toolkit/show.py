"""How frames of figures look: as HTML in a notebook, as text in a terminal."""

import polars as pl

from toolkit.display.tables import html_table

__all__ = ["html_table", "text_table"]


def text_table(frame: pl.DataFrame) -> str:
    """Return the frame as lines of text, all rows and columns, without types and shape."""
    with pl.Config(
        tbl_formatting="NOTHING",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=240,
        fmt_str_lengths=80,
        thousands_separator=",",
    ):
        return str(frame)
