"""How the lists of an export went over its runs, as pictures that need no network."""

from collections.abc import Sequence
from html import escape

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from toolkit.forms.language import Words
from toolkit.runs import Run

# Told apart with any colour vision (after Okabe and Ito), and by the shape of their points.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

_TREND: dict[str, DataType | DataTypeClass] = {
    "started_at": pl.Datetime("us", "UTC"),
    "segment": pl.String,
    "size": pl.Int64,
    "added": pl.Int64,
    "removed": pl.Int64,
    "match_rate": pl.Float64,
}


def trend_of(runs: Sequence[Run]) -> pl.DataFrame:
    """Return a row a run and segment, of runs that sent: ``size``, ``added``, ``removed``, ``match_rate`` (0 to 1)."""
    rows = [
        {
            "started_at": run.started_at,
            "segment": row["segment"],
            "size": row["exportable"],
            "added": row["added"],
            "removed": row["removed"],
            "match_rate": _share(row.get("matches"), row.get("held_by_criteo")),
        }
        for run in runs
        if not run.dry_run
        for row in run.segments
    ]
    return pl.DataFrame(rows, schema=_TREND).sort("started_at", "segment")


def trend_html(words: Words, trend: pl.DataFrame) -> str:
    """Return pictures of size, additions, removals and match rate over time."""
    if trend.is_empty():
        return ""
    titles = {
        "size": words.say("Size of the lists"),
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
    points = [
        {"moment": row["started_at"].astimezone().isoformat(), "segment": row["segment"], "value": row[name]}
        for row in trend.drop_nulls(name).iter_rows(named=True)
    ]
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


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None
