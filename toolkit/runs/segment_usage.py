"""Where a segment is used: exports, contact lists, Criteo audiences, and the ad sets that target them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup
from sqlalchemy import select

from toolkit.criteo import RetryPolicy, Waiting
from toolkit.display import fragment, table, text_table
from toolkit.errors import ToolkitError
from toolkit.exports.connections import client_of, credentials_of
from toolkit.runs.blast_radius import SECONDS_TO_ASK_A_PERSON
from toolkit.runs.ending import connection_to
from toolkit.runs.usage_chart import usage_chart
from toolkit.segments import exports_using
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord
from toolkit.targeting import Usage, find_usage
from toolkit.translatable import _, sentences

SCHEMA = pl.Schema(
    {
        "export": pl.String(),
        "list_id": pl.String(),
        "list": pl.String(),
        "audience_id": pl.String(),
        "audience": pl.String(),
        "ad_set_id": pl.String(),
        "ad_set": pl.String(),
        "status": pl.String(),
        "if_emptied": pl.String(),
    }
)


@dataclass(frozen=True, repr=False, eq=False)
class SegmentUsage:
    """Where a segment is used, as Criteo said when somebody looked.

    Examples:
        >>> used = workspace.segments["High value"].used
        >>> used.frame.select("export", "list", "audience").rows()
        [('Nightly', 'High value', None)]
    """

    segment: str
    frame: pl.DataFrame
    """A row for each export, list, audience and ad set; null where the way ends. ``status`` is the ad set's, and
    ``if_emptied`` whom the audience reaches once the list is empty."""
    doubts: tuple[str, ...]
    """What can't be known, a sentence each."""

    @property
    def chart(self) -> Markup:
        """The way from the segment to the ad sets as a picture, an SVG that needs no network."""
        return usage_chart(self.segment, self.frame)

    def __repr__(self) -> str:
        shown = self.frame.drop("list_id", "audience_id", "ad_set_id")
        return "\n".join([f"Segment {self.segment!r} is used here:", text_table(shown), *map(str, self.doubts)])

    def _repr_html_(self) -> str:
        shown = self.frame.drop("audience_id", "ad_set_id")
        title = _("Where segment {name} is used", name=self.segment)
        return str(fragment(table(shown, title=title, subtitle=sentences(self.doubts)), self.chart))


def segment_usage(folder: WorkspaceFolder, name: str) -> SegmentUsage:
    """Ask Criteo where the lists of a segment are used. What can't be asked is told, and raises nothing."""
    records = _lists_of(folder, name)
    doubts: list[str] = []
    rows = [row for asked in _asked(folder, records, doubts) for row in asked]
    without = [it for it in exports_using(folder, name) if it not in {record.export.name for record in records}]
    rows += [(it, *[None] * (len(SCHEMA) - 1)) for it in without]
    return SegmentUsage(name, pl.DataFrame(rows, schema=SCHEMA, orient="row"), tuple(doubts))


_Row = tuple[str | None, ...]


def _lists_of(folder: WorkspaceFolder, segment: str) -> list[ContactListRecord]:
    query = (
        select(ContactListRecord)
        .join(ExportRecord)
        .where(ContactListRecord.segment == segment, ContactListRecord.criteo_id.is_not(None))
        .order_by(ContactListRecord.id)
    )
    with folder.reading() as session:
        return [it for it in session.scalars(query) if it.export]


def _asked(folder: WorkspaceFolder, records: Sequence[ContactListRecord], doubts: list[str]) -> Iterator[list[_Row]]:
    """Return the rows of the lists, those of one connection together; add what can't be known."""
    by_connection: dict[str, list[ContactListRecord]] = {}
    for record in records:
        try:
            by_connection.setdefault(connection_to(folder, record), []).append(record)
        except ToolkitError as error:
            doubts.append(error.info.sentences)
            yield _rows_of([record], Usage({}))
    for connection, its in by_connection.items():
        try:
            usage = _usage(folder, connection, its)
        except ToolkitError as error:
            doubts.append(error.info.sentences)
            usage = Usage({})
        doubts += [doubt for it in usage.lists.values() for doubt in it.doubts]
        yield _rows_of(its, usage)


def _usage(folder: WorkspaceFolder, connection: str, records: Sequence[ContactListRecord]) -> Usage:
    patience = RetryPolicy(seconds=SECONDS_TO_ASK_A_PERSON)
    with client_of(credentials_of(folder, connection), waiting=Waiting.PERSON, patience=patience) as criteo:
        return find_usage(
            criteo, [it.criteo_id or "" for it in records], advertiser_ids=[it.advertiser_id for it in records]
        )


def _rows_of(records: Sequence[ContactListRecord], usage: Usage) -> list[_Row]:
    found = usage.frame
    rows: list[_Row] = []
    for export, list_id, name in dict.fromkeys((it.export.name, it.criteo_id, it.name) for it in records):
        its = found.filter(pl.col("list_id") == list_id).drop("list_id").rows() or [(None,) * (found.width - 1)]
        rows += [(export, list_id, name, *row) for row in its]
    return rows
