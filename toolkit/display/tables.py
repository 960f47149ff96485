"""Frames as tables of HTML: readable headings, figures to the right with thousands marks, moments in local time.

All of it is in the language of whoever reads: headings, figures, moments, and the values of closed sets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl
from markupsafe import Markup

from toolkit.display.style import fragment
from toolkit.display.words import CLOSED, word
from toolkit.markup import template
from toolkit.translatable import _, moment_text, number_text
from toolkit.translatable import shown as shown_text

MOST_ROWS = 200
"""More than anybody reads: of a longer frame a table shows the first ones, and says how many there are."""

_SHARES = ("share", "rate", "coverage", "validity", "reach", "failing", "filled", "hashes", "distinct", "duplicates")
"""How the names of columns end, or are, that hold shares from 0 to 1."""


class Column(NamedTuple):
    """How a column of a frame is shown."""

    heading: str
    kind: str
    say: Callable[[Any], str]


def html_table(
    frame: pl.DataFrame, *, title: str, subtitle: str = "", texts: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return the frame as a table that brings its style along, as a cell of a notebook shows it.

    Args:
        frame: What is shown; text in it is escaped.
        title: Stands above it; nothing does where it is empty.
        subtitle: Stands below the title, smaller.
        texts: Columns of sentences as translatable texts, a text a row, in the place of the frame's English.
    """
    return str(fragment(table(frame, title=title, subtitle=subtitle, texts=texts)))


def table(
    frame: pl.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    headings: Mapping[str, str] | None = None,
    most_rows: int = MOST_ROWS,
    texts: Mapping[str, Sequence[str]] | None = None,
) -> Markup:
    """Return the frame as a table for a page or a part of one that has the style already.

    Args:
        frame: What is shown; text in it is escaped.
        title: Stands above it; nothing does where it is empty.
        subtitle: Stands below the title, smaller.
        headings: What columns are called; one that is not named here is called by its name, in words.
        most_rows: So many rows are shown, and how many more there are is said.
        texts: Columns of sentences as translatable texts, a text a row, in the place of the frame's English.
    """
    columns = [_column(name, dtype, headings or {}) for name, dtype in frame.schema.items()]
    shown = frame.head(most_rows)
    rows = [[it.say(value) for it, value in zip(columns, row, strict=True)] for row in shown.iter_rows()]
    for name, sentences in (texts or {}).items():
        if name in frame.columns:
            place = frame.columns.index(name)
            for row, sentence in zip(rows, sentences, strict=False):
                row[place] = shown_text(sentence)
    return _rendered(columns, rows, title=title, subtitle=subtitle, more=frame.height - shown.height)


def table_of_texts(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", numbers: Iterable[int] = ()
) -> Markup:
    """Return rows of text, such as a form words in its language, as a table like the others.

    Args:
        headings: What stands above the columns.
        rows: What stands in them; it is escaped.
        title: Stands above it; nothing does where it is empty.
        numbers: The places of the columns that hold figures.
    """
    right = set(numbers)
    columns = [Column(text, "toolkit-number" if place in right else "", _text) for place, text in enumerate(headings)]
    return _rendered(columns, rows, title=title)


def _rendered(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, title: str, subtitle: str = "", more: int = 0
) -> Markup:
    html = template("toolkit.display", "table.html").render(
        title=title,
        subtitle=subtitle,
        columns=columns,
        rows=rows,
        more=_("and {count:,} more", count=more) if more else "",
    )
    return Markup(html)  # noqa: S704  # the template escapes


def _column(name: str, dtype: pl.DataType, headings: Mapping[str, str]) -> Column:
    heading = shown_text(word(headings.get(name, name)))
    if dtype.is_integer():
        return Column(heading, "toolkit-number", _whole)
    if dtype.is_float() and name.rsplit("_", maxsplit=1)[-1] in _SHARES:
        return Column(heading, "toolkit-number", _share)
    if dtype.is_numeric():
        return Column(heading, "toolkit-number", _decimal)
    if dtype == pl.Datetime:
        return Column(heading, "toolkit-moment", _moment)
    if name in CLOSED:
        return Column(heading, "", _value)
    return Column(heading, "", _truth if dtype == pl.Boolean else _text)


def _whole(value: int | None) -> str:
    return "" if value is None else number_text(value)


def _share(value: float | None) -> str:
    return "" if value is None else number_text(value, ".1%")


_EXACT = 1e-12
"""What is nearer to all than this is all: there are not so many people."""


def per_cent(share: pl.Expr) -> pl.Expr:
    """Return shares as text, in per cent with a decimal; with four where one would tell all or nothing that is not."""
    # Polars divides a column by a number by way of the inverse, so that all of 1,871 is a bit less than 1.
    share = pl.when((share - 1).abs() < _EXACT).then(1.0).otherwise(share)
    told = (share * 100).round(1)
    is_not_quite = told.is_in([0.0, 100.0]) & share.is_in([0.0, 1.0]).not_()
    closely = (share * 100).round(4).clip(0.0001, pl.when(share < 1).then(99.9999).otherwise(None))
    return pl.format("{}\N{NO-BREAK SPACE}%", pl.when(is_not_quite).then(closely).otherwise(told))


def _decimal(value: float | None) -> str:
    return "" if value is None else number_text(value, ",.0f" if abs(value) >= _LARGE else ",.2f")


_LARGE = 1000
"""From here on, nobody reads what stands behind the point."""


def _truth(value: bool | None) -> str:
    return "" if value is None else shown_text(_("yes") if value else _("no"))


def _moment(value: datetime | None) -> str:
    return "" if value is None else moment_text(value)


def _value(value: object) -> str:
    return "" if value is None else shown_text(word(str(value)))


def _text(value: object) -> str:
    return "" if value is None else shown_text(value) if isinstance(value, str) else str(value)
