"""Pictures of a run."""

import polars as pl

from toolkit.audience import Status
from toolkit.display import charts
from toolkit.runs.run import Run


def lines_of(trend: pl.DataFrame) -> pl.DataFrame:
    """Return the trend with the column ``line``: the list of a row, in as few words as tell it from the others.

    A line is a segment of an export at an advertiser; what it holds as mobile ids and as e-mails is of one line.
    """
    exports = pl.col("export").n_unique().over("segment")
    advertisers = pl.col("advertiser_id").n_unique().over("export", "segment")
    of_export = pl.when(exports > 1).then(pl.format(" · {}", "export")).otherwise(pl.lit(""))
    at_advertiser = pl.when(advertisers > 1).then(pl.format(" ({})", "advertiser_id")).otherwise(pl.lit(""))
    return trend.with_columns(line=pl.concat_str("segment", of_export, at_advertiser))


# Told apart by their order too.
_COLOURS = {
    Status.EXPORTABLE: charts.BLUE,
    Status.DUPLICATE_IDENTIFIER: charts.SKY,
    Status.MISSING_IDENTIFIER: charts.ORANGE,
    Status.INVALID_IDENTIFIER: charts.VERMILION,
    Status.NOT_IN_PROFILES: charts.GREY,
    Status.SUPPRESSED: charts.PURPLE,
    Status.NO_ADVERTISER: charts.GREEN,
}


def members_chart(run: Run) -> str:
    """Return what becomes of each segment's members as an SVG picture that needs no network."""
    import altair as alt

    names = [status.value.replace("_", " ") for status in _COLOURS]
    rows = [
        {
            "segment": row.segment,
            "status": status.value.replace("_", " "),
            "members": row.exportable if status is Status.EXPORTABLE else row.left_out.get(status, 0),
            "order": order,
        }
        for row in run.lists
        for order, status in enumerate(_COLOURS)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("members:Q", title="members"),
            y=alt.Y("segment:N", title=None, sort=[row.segment for row in run.lists]),
            color=alt.Color(
                "status:N",
                title="what becomes of them",
                scale=alt.Scale(domain=names, range=list(_COLOURS.values())),
            ),
            order="order:Q",
        )
        .properties(width=520, height={"step": 26})
    )
    return charts.svg(chart)
