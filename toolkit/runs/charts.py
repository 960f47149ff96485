"""Pictures of a run."""

import polars as pl
from markupsafe import Markup

from toolkit.audience import Status
from toolkit.display import charts, word
from toolkit.runs.run import Run
from toolkit.translatable import _, shown


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
    Status.NO_CONSENT: charts.OLIVE,
}


def members_chart(run: Run) -> Markup:
    """Return what becomes of each segment's members as a picture that needs no network."""
    statuses = [it for it in _COLOURS if it is Status.EXPORTABLE or any(row.left_out.get(it) for row in run.lists)]
    rows = [
        {
            "segment": row.segment,
            "status": _said(status),
            "members": row.exportable if status is Status.EXPORTABLE else row.left_out.get(status, 0),
            "order": order,
        }
        for row in run.lists
        for order, status in enumerate(statuses)
    ]
    colours = {"domain": [_said(it) for it in statuses], "range": [_COLOURS[it] for it in statuses]}
    # Written out: every run draws this one, and Altair alone takes longer to import than a small run.
    chart = {
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "members",
                "type": "quantitative",
                "title": shown(word("members")),
                "axis": {"format": ",d", "tickCount": 6},
            },
            "y": {"field": "segment", "type": "nominal", "title": None, "sort": [row.segment for row in run.lists]},
            "color": {"field": "status", "type": "nominal", "title": None, "scale": colours},
            "order": {"field": "order", "type": "quantitative"},
        },
        "width": 560,
        "height": {"step": 26},
    }
    return charts.figure(chart, _("Members by outcome"))


def _said(status: Status) -> str:
    return shown(word("included" if status is Status.EXPORTABLE else status.value))
