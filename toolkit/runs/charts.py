"""Pictures of a run."""

from collections.abc import Sequence

import polars as pl
from markupsafe import Markup

from toolkit.audience import Status
from toolkit.display import Bar, BarPart, charts, stacked_bars, word
from toolkit.runs.list_result import ListResult
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


def members_picture(run: Run) -> Markup:
    """Return what becomes of each segment's members as a picture: a bar a segment, and a type of identifiers."""
    several_types = len({it.identifier_type for it in run.lists}) > 1
    rows: dict[str, list[ListResult]] = {}
    for row in run.lists:
        name = f"{row.segment} ({shown(word(row.identifier_type))})" if several_types else row.segment
        rows.setdefault(name, []).append(row)
    return stacked_bars((Bar(name, _parts(those)) for name, those in rows.items()), _("Members by outcome"))


def _parts(those: Sequence[ListResult]) -> list[BarPart]:
    """Return the members of a segment, at whatever advertisers, by what became of them."""
    return [
        BarPart(
            shown(word("included" if status is Status.EXPORTABLE else status.value)),
            sum(it.exportable if status is Status.EXPORTABLE else it.left_out.get(status, 0) for it in those),
            colour,
        )
        for status, colour in _COLOURS.items()
    ]
