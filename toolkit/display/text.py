"""Frames as text, as a terminal shows them."""

import polars as pl

from toolkit.translatable import ENGLISH, moment_text


def text_table(frame: pl.DataFrame) -> str:
    """Return the frame as lines of text, all rows and columns, without types and shape; moments in local time."""
    moments = [name for name, dtype in frame.schema.items() if dtype == pl.Datetime]
    shown = frame.with_columns(
        pl.Series(
            name, [None if it is None else moment_text(it, language=ENGLISH) for it in frame[name]], dtype=pl.String
        )
        for name in moments
    )
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
        return str(shown)
