"""How the lists of an export went over its runs, as pictures that need no network."""

from html import escape

import polars as pl

from toolkit.forms.language import Words, local_zone

# Told apart with any colour vision (after Okabe and Ito), and by the shape of their points.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def trend_html(words: Words, trend: pl.DataFrame) -> str:
    """Return pictures of size, additions, removals and match rate over time, from ``workspace.trend``."""
    if trend.is_empty():
        return ""
    titles = {
        "exportable": words.say("Size of the lists"),
        "added": words.say("Added"),
        "removed": words.say("Removed"),
        "match_rate": words.say("Match rate at Criteo"),
    }
    shown = {name: title for name, title in titles.items() if not trend[name].is_null().all()}
    pictures = "".join(
        f'<figure role="img" aria-label="{escape(title)}">{_picture(words, trend, name, title)}</figure>'
        for name, title in shown.items()
    )
    return f'<div class="toolkit-pictures">{pictures}</div>'


def _picture(words: Words, trend: pl.DataFrame, name: str, title: str) -> str:
    import altair as alt
    import vl_convert

    segments = trend["segment"].unique(maintain_order=True).to_list()
    moment = pl.col("at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%dT%H:%M:%S")
    points = trend.drop_nulls(name).select("segment", moment=moment, value=name).to_dicts()
    form = "%" if name == "match_rate" else "~s"
    chart = (
        alt.Chart(alt.InlineData(values=points))
        .mark_line(point=alt.OverlayMarkDef(size=60, filled=True))
        .encode(
            x=alt.X("moment:T", title=None),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=form), scale=alt.Scale(zero=True)),
            color=alt.Color("segment:N", title=words.say("Segment"), scale=alt.Scale(domain=segments, range=_COLOURS)),
            shape=alt.Shape("segment:N", title=words.say("Segment"), scale=alt.Scale(domain=segments)),
        )
        .properties(width=340, height=150, background="white", padding=12)
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
