"""Pictures of a run."""

from toolkit import charts
from toolkit.audience import Status
from toolkit.runs.run import Run

# Told apart by their order too.
_COLOURS = {
    Status.EXPORTABLE: charts.BLUE,
    Status.DUPLICATE_EMAIL: charts.SKY,
    Status.MISSING_EMAIL: charts.ORANGE,
    Status.INVALID_EMAIL: charts.VERMILION,
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
            "segment": row["segment"],
            "status": status.value.replace("_", " "),
            "members": row[status.value],
            "order": order,
        }
        for row in run.segments
        for order, status in enumerate(_COLOURS)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("members:Q", title="members"),
            y=alt.Y("segment:N", title=None, sort=[row["segment"] for row in run.segments]),
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
