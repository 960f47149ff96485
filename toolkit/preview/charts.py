"""Pictures of a preview, as Altair charts that can be edited further."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from toolkit.display import word
from toolkit.display.charts import BLUE, COLOURS, GREEN, ORANGE, TEXT, axis_of_counts, figures_of, time_axis
from toolkit.identifiers import first_type
from toolkit.runs.charts import lines_of
from toolkit.translatable import _, current_language, number_text, shown

if TYPE_CHECKING:
    import altair as alt

    Chart: TypeAlias = alt.LayerChart | alt.FacetChart

_MOST_SEGMENTS = 12
"""A picture of more segments is not read; the frame has them all."""
_STRONGEST = 0.55
"""How much of the colour the fullest cell has, so that its figure is read on it, whether dark or light."""


def funnel_chart(funnel: pl.DataFrame) -> "Chart":
    """Draw the steps from members to exportable, one below the other, each with its figure."""
    import altair as alt

    # Polars calls functions in threads of its own, to which the chosen language is unknown.
    language = current_language()
    steps = funnel.filter((pl.col("people") > 0) | pl.col("step").is_in(["members", "exportable"]))
    kind = (
        pl.when(pl.col("step") == "members")
        .then(pl.lit("members"))
        .when(pl.col("step") == "exportable")
        .then(pl.lit("exportable"))
        .otherwise(pl.lit("left out"))
    )
    rows = steps.select(
        step=pl.col("step").map_elements(lambda it: shown(word(it), language), return_dtype=pl.String),
        kind=kind,
        start=pl.when(kind == "left out").then("remaining").otherwise(0),
        end=pl.when(kind == "left out").then(pl.col("remaining") + pl.col("people")).otherwise("people"),
        people="people",
        label=pl.concat_str(
            pl.when(kind == "left out").then(pl.lit("− ")).otherwise(pl.lit("")),  # noqa: RUF001  # a minus, no hyphen
            pl.struct("people", "share").map_elements(lambda it: _figure(it, language), return_dtype=pl.String),
        ),
    )
    base = alt.Chart(figures_of(rows)).encode(y=alt.Y("step:N", sort=rows["step"].to_list(), title=None))
    bars = base.mark_bar().encode(
        x=alt.X("start:Q", title=_worded("members"), axis=axis_of_counts()),
        x2="end:Q",
        color=alt.Color(
            "kind:N",
            legend=None,
            scale=alt.Scale(domain=["members", "left out", "exportable"], range=[BLUE, ORANGE, GREEN]),
        ),
        tooltip=["step:N", "people:Q"],
    )
    labels = base.mark_text(align="left", dx=5).encode(x="end:Q", text="label:N")
    return alt.layer(bars, labels).properties(width=420, height={"step": 26})


def history_chart(history: pl.DataFrame) -> "Chart":
    """Draw what the lists held after each run, a line a list, told apart by its colour and its shape."""
    import altair as alt

    # Identifiers of other types are of the same people.
    history = lines_of(history.filter(identifier_type=first_type().name).drop_nulls("size"))
    largest = history.group_by("line").agg(pl.col("size").last()).sort("size", "line")
    lines = largest["line"].reverse().head(len(COLOURS)).to_list()
    sizes = history.filter(pl.col("line").is_in(lines)).select(
        "export", "segment", "size", "line", moment=pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    base = alt.Chart(figures_of(sizes)).encode(
        x=alt.X("moment:T", title=None, axis=time_axis(history["at"])),
        y=alt.Y("size:Q", title=shown(_("size of the list")), axis=axis_of_counts()),
        color=alt.Color("line:N", title=None, sort=lines, scale=alt.Scale(domain=lines, range=COLOURS[: len(lines)])),
    )
    points = base.mark_point(filled=True, size=55, opacity=1).encode(
        shape=alt.Shape("line:N", title=None, sort=lines, scale=alt.Scale(domain=lines)),
        tooltip=["export:N", "segment:N", "size:Q"],
    )
    return alt.layer(base.mark_line(), points).properties(width=420, height=180)


def overlap_chart(pairs: pl.DataFrame) -> "Chart":
    """Draw the share of each segment (a row) that another one (a column) sends too, as a figure on a tint."""
    import altair as alt

    language = current_language()
    shown = pairs["segment"].unique(maintain_order=True).head(_MOST_SEGMENTS).to_list()
    cells = pairs.filter(pl.col("segment").is_in(shown) & pl.col("other").is_in(shown)).select(
        "segment",
        "other",
        "both",
        share=pl.col("share").fill_null(0),
        label=pl.col("share")
        .fill_null(0)
        .map_elements(lambda it: number_text(it, ".0%", language=language), return_dtype=pl.String),
    )
    base = alt.Chart(figures_of(cells)).encode(
        x=alt.X("other:N", sort=shown, title=None, axis=alt.Axis(labelAngle=-35, orient="top")),
        y=alt.Y("segment:N", sort=shown, title=None),
    )
    tints = base.mark_rect(color=BLUE, stroke=TEXT, strokeOpacity=0.3).encode(
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, _STRONGEST]), legend=None),
        tooltip=["segment:N", "other:N", "both:Q"],
    )
    return alt.layer(tints, base.mark_text().encode(text="label:N")).properties(width={"step": 58}, height={"step": 30})


def _worded(name: str) -> str:
    return shown(word(name))


def _figure(row: Mapping[str, Any], language: str) -> str:
    share = number_text(row["share"] or 0.0, ".1%", language=language)
    return f"{number_text(row['people'], language=language)} ({share})"
