"""Pictures of Criteo audiences."""

from typing import TYPE_CHECKING

import polars as pl

from toolkit.display.charts import COLOURS, axis_of_counts, figures_of, time_axis
from toolkit.translatable import _, shown

if TYPE_CHECKING:
    from altair.typing import ChartType


def sizes_chart(sizes: pl.DataFrame) -> "ChartType":
    """Draw how many people audiences reached over time, a line an audience, told apart by its colour and its shape.

    Args:
        sizes: The columns of ``workspace.audiences.sizes``. The largest audiences are drawn, of the last sizes.

    Returns:
        The chart.
    """
    import altair as alt

    last = sizes.group_by("audience").agg(pl.col("size").last()).sort("size", "audience", descending=[True, False])
    largest = last["audience"].head(len(COLOURS)).to_list()
    drawn = sizes.filter(pl.col("audience").is_in(largest)).select(
        "audience", "size", moment=pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    base = alt.Chart(figures_of(drawn)).encode(
        x=alt.X("moment:T", title=None, axis=time_axis(sizes["at"])),
        y=alt.Y("size:Q", title=shown(_("people")), axis=axis_of_counts(), scale=alt.Scale(zero=True)),
        color=alt.Color(
            "audience:N", title=None, sort=largest, scale=alt.Scale(domain=largest, range=COLOURS[: len(largest)])
        ),
    )
    points = base.mark_point(filled=True, size=55, opacity=1).encode(
        shape=alt.Shape("audience:N", title=None, sort=largest, scale=alt.Scale(domain=largest)),
        tooltip=["audience:N", "size:Q"],
    )
    return alt.layer(base.mark_line(), points).properties(width=420, height=180)
