"""Pictures of a run."""

from toolkit.audience import Status
from toolkit.runs.run import Run

# Told apart by people with any colour vision (after Okabe and Ito), and by their order.
_COLOURS = {
    Status.EXPORTABLE: "#0072B2",
    Status.DUPLICATE_EMAIL: "#56B4E9",
    Status.MISSING_EMAIL: "#E69F00",
    Status.INVALID_EMAIL: "#D55E00",
    Status.NOT_IN_PROFILES: "#999999",
    Status.SUPPRESSED: "#CC79A7",
    Status.NO_ADVERTISER: "#009E73",
}


def members_chart(run: Run) -> str:
    """Return what becomes of each segment's members as an SVG picture that needs no network."""
    import altair as alt
    import vl_convert

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
        .properties(width=520, height={"step": 26}, background="white", padding=24)
        .configure_axis(labelLimit=260)
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
