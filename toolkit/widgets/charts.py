"""How the lists of an export went over its runs, as pictures that need no network."""

import polars as pl
from markupsafe import Markup

from toolkit.display.charts import COLOURS, axis_of_counts, figure, figures_of, time_axis
from toolkit.markup import joined, markup
from toolkit.runs.charts import lines_of
from toolkit.widgets.language import Words, local_zone

FEWEST = 2
"""Of one moment there is nothing to draw: its figures stand in a table."""


def trend_html(words: Words, trend: pl.DataFrame) -> Markup:
    """Return pictures of size, additions, removals and match rate over time, from ``workspace.runs.trend``."""
    if trend["at"].n_unique() < FEWEST:
        return Markup()
    trend = (
        lines_of(trend)
        .drop_nulls("list_id")
        .group_by("at", "run", "line", maintain_order=True)
        .agg(
            # A sum of nothing known is not known either.
            pl.when(pl.col("size").is_not_null().any()).then(pl.col("size").sum()),
            pl.col("added", "removed").sum(),
            pl.col("match_rate").max(),
        )
    )
    titles = {
        "size": words.say("Size of the lists"),
        "added": words.say("Added"),
        "removed": words.say("Removed"),
        "match_rate": words.say("Match rate at Criteo"),
    }
    shown = {name: title for name, title in titles.items() if not trend[name].is_null().all()}
    pictures = joined(_picture(words, trend, name, title) for name, title in shown.items())
    return markup('<div class="toolkit-pictures">{pictures}</div>', pictures=pictures)


def _picture(words: Words, trend: pl.DataFrame, name: str, title: str) -> Markup:
    import altair as alt

    lines = trend["line"].unique(maintain_order=True).to_list()
    moment = pl.col("at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%dT%H:%M:%S")
    points = trend.drop_nulls(name).select("line", moment=moment, value=name)
    axis = alt.Axis(format="%") if name == "match_rate" else axis_of_counts()
    chart = (
        alt.Chart(figures_of(points))
        .mark_line(point=alt.OverlayMarkDef(size=60, filled=True))
        .encode(
            x=alt.X("moment:T", title=None, axis=time_axis(trend["at"])),
            y=alt.Y("value:Q", title=title, axis=axis, scale=alt.Scale(zero=True)),
            color=alt.Color("line:N", title=words.say("Segment"), scale=alt.Scale(domain=lines, range=COLOURS)),
            shape=alt.Shape("line:N", title=words.say("Segment"), scale=alt.Scale(domain=lines)),
        )
        .properties(width=340, height=150)
    )
    return figure(chart, title)
