"""How frames of figures look: as HTML in a notebook, as text in a terminal."""

import polars as pl


def html_table(frame: pl.DataFrame, *, title: str, subtitle: str = "") -> str:
    """Return the frame as an HTML table: readable headings, thousands marks, text escaped (by Great Tables)."""
    from great_tables import GT

    headings = {name: name.replace("_", " ") for name in frame.columns}
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_integer()]
    decimals = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    moments = [name for name, dtype in frame.schema.items() if dtype == pl.Datetime]
    plain = frame.with_columns(pl.col(moments).dt.strftime("%Y-%m-%d %H:%M"))
    table = GT(plain).cols_label(cases=headings).sub_missing(missing_text="")  # type: ignore[arg-type]
    if title:
        table = table.tab_header(title=title, subtitle=subtitle or None)
    if numbers:
        table = table.fmt_integer(columns=numbers)
    if decimals:
        table = table.fmt_number(columns=decimals, decimals=2)
    looks = table.tab_options(
        table_font_size="13px", data_row_padding="4px", table_margin_left="0", heading_align="left"
    )
    return str(looks.as_raw_html())


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
