"""How charts look, and how one becomes a picture: an SVG that needs no network and no script.

A picture has no background, and takes its text and lines from the colour of the text around it, so that it is read on
a light page and on a dark one. Its colours are those of Okabe and Ito, told apart with any colour vision; each mark
has an outline, and a label, a shape or a place in an order beside its colour.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from toolkit.lazy_grammar import defer_iri_grammar
from toolkit.markup import markup, trusted
from toolkit.translatable import ENGLISH, current_language

if TYPE_CHECKING:
    import polars as pl
    from altair import Axis, InlineData
    from altair.typing import ChartType

# Whoever draws a chart imports this module before Altair, which imports jsonschema.
defer_iri_grammar()

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, GREY, OLIVE = "#E69F00", "#56B4E9", "#999999", "#8A7A00"
COLOURS = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY]
"""In the order in which several things are told apart."""

TEXT = "currentColor"

_AXIS = {
    "labelColor": TEXT,
    "titleColor": TEXT,
    "domainColor": TEXT,
    "tickColor": TEXT,
    "gridColor": TEXT,
    "gridOpacity": 0.15,
    "labelFontSize": 11,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": 260,
}
_LOOKS: dict[str, Any] = {
    "background": "transparent",
    "font": "Arial, Liberation Sans, sans-serif",
    # Labels are set in the reader's font, which may be wider than the one that they are measured with.
    "padding": {"left": 28, "right": 60, "top": 8, "bottom": 8},
    "axis": _AXIS,
    "legend": {"labelColor": TEXT, "titleColor": TEXT, "labelLimit": 260},
    "header": {"labelColor": TEXT, "titleColor": TEXT},
    "title": {"color": TEXT, "subtitleColor": TEXT, "anchor": "start", "fontSize": 13},
    "text": {"color": TEXT, "fontSize": 11},
    "rule": {"color": TEXT},
    "bar": {"stroke": TEXT, "strokeWidth": 0.6},
    "view": {"stroke": None},
    "range": {"category": COLOURS},
}


def axis_of_counts() -> "Axis":
    """Return an axis of whole numbers, each by itself: an axis of thousands would call its beginning 0k."""
    import altair as alt

    return alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5)


def time_axis(moments: "pl.Series") -> "Axis":
    """Return an axis of time with sane ticks: days, or hours and minutes where all is within two days.

    Args:
        moments: What is drawn, as moments.
    """
    import altair as alt

    first, last = moments.min(), moments.max()
    lasts = last - first if isinstance(first, datetime) and isinstance(last, datetime) else timedelta(days=2)
    within_a_day = "%H:%M:%S" if lasts < timedelta(minutes=10) else "%H:%M"
    return alt.Axis(format="%d %b" if lasts >= timedelta(days=2) else within_a_day, tickCount=5, labelOverlap=True)


def figures_of(rows: "pl.DataFrame") -> "InlineData":
    """Return the rows as what a chart brings along; Altair would hold each value against its schema, for seconds."""
    import altair as alt
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        return alt.InlineData(values=rows.to_dicts())


def svg(chart: "ChartType | Mapping[str, object]") -> str:
    """Return the chart, or a specification of Vega-Lite, as SVG."""
    import vl_convert

    specification = dict(chart) if isinstance(chart, Mapping) else chart.to_dict()
    # Nothing may be fetched: a chart brings its figures along.
    return str(
        vl_convert.vegalite_to_svg(specification, config=_LOOKS, allowed_base_urls=[], **_locales(current_language()))
    )


@cache
def _locales(language: str) -> dict[str, Any]:
    """Return how figures and days are written, in the words of D3, which draws the axes."""
    if language == ENGLISH:
        return {}
    from babel import Locale

    locale = Locale.parse(language)
    marks = locale.number_symbols["latn"]
    days, months = locale.days["stand-alone"], locale.months["stand-alone"]
    week = (6, 0, 1, 2, 3, 4, 5)
    return {
        "format_locale": {
            "decimal": marks["decimal"],
            "thousands": marks["group"],
            "grouping": [3],
            "currency": ["", ""],
        },
        "time_format_locale": {
            "dateTime": "%e %B %Y %X",
            "date": "%d-%m-%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": [days["wide"][it] for it in week],
            "shortDays": [days["abbreviated"][it] for it in week],
            "months": list(months["wide"].values()),
            "shortMonths": list(months["abbreviated"].values()),
        },
    }


def figure(chart: "ChartType | Mapping[str, object]", label: str) -> Markup:
    """Return the chart as a figure of HTML that narrows with its page.

    Args:
        chart: A chart of Altair's, or a specification of Vega-Lite.
        label: What it shows.
    """
    picture = svg(chart).replace("<svg ", '<svg style="max-width:100%;height:auto;overflow:visible" ', 1)
    frame = '<figure role="img" aria-label="{label}" style="margin:0">{picture}</figure>'
    return markup(frame, label=label, picture=trusted(picture))
