"""The contact lists that a run fills, and who belongs into each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import select

from toolkit.audience import Audience, IdentifierForm, IdentifierKind, Status, audience_of
from toolkit.criteo import IdentifierType
from toolkit.runs.list_result import ListResult, counted
from toolkit.runs.lists import ListKey
from toolkit.workspace import Export, WorkspaceFolder
from toolkit.workspace.connections import connection
from toolkit.workspace.matching import columns_of, excluded_for
from toolkit.workspace.records import ContactListRecord, ExportRecord


@dataclass(frozen=True, eq=False)
class Target:
    """What one segment puts into one advertiser's list, as one kind of identifier."""

    segment: str
    advertiser_id: str
    kind: IdentifierKind
    audience: Audience
    is_part: bool
    """Whether the advertiser gets only those members whose profile names it."""

    @property
    def form(self) -> IdentifierForm:
        """The form in which the identifiers are sent."""
        return self.audience.form

    @property
    def wanted(self) -> pl.DataFrame:
        """Return ``identifier`` and ``customer`` of whom the list should hold."""
        return self.audience.wanted(self.segment, self.advertiser_id if self.is_part else None)

    @property
    def key(self) -> ListKey:
        """What the record of the list is found by."""
        return ListKey(self.segment, self.advertiser_id, IdentifierType(self.kind.value))


def audiences_of(
    folder: WorkspaceFolder, export: Export, *, count_domains: bool = False
) -> Mapping[IdentifierKind, Audience]:
    """Prepare the export's segments, once for each kind of identifier; count the domains of e-mails if asked for."""
    columns = columns_of(export)
    advertisers = list(connection(folder, export.connection).advertisers) if export.advertiser_column else []
    excluded = excluded_for(folder, columns, exclude=export.exclude)
    return {
        kind: audience_of(
            folder.profiles,
            folder.segments,
            export.segments,
            email_column=column,
            kind=kind,
            exclude=export.exclude,
            form=export.form,
            advertiser_column=export.advertiser_column,
            advertisers=advertisers,
            excluded=excluded,
            count_domains=count_domains and kind is IdentifierKind.EMAIL,
            placeholders=export.placeholders,
        )
        for column, kind in columns
    }


def targets_of(
    folder: WorkspaceFolder, export: Export, audiences: Mapping[IdentifierKind, Audience], *, host: str
) -> list[Target]:
    """Return the lists that a run fills; one that an advertiser has from before is among them, to lose its members."""
    return [
        Target(segment, advertiser, kind, audience, is_part=bool(export.advertiser_column))
        for kind, audience in audiences.items()
        for segment in export.segments
        for advertiser in (
            _advertisers(folder, export, segment, audience, host=host)
            if export.advertiser_column
            else [export.advertiser_id]
        )
    ]


def figures_of(targets: Sequence[Target]) -> dict[Target, ListResult]:
    """Return the row of the report that each list begins with."""
    counts = {id(it.audience): _counts(it) for it in targets}
    return {it: _figures(it, counts[id(it.audience)]) for it in targets}


def figures_without_advertiser(audiences: Mapping[IdentifierKind, Audience]) -> list[ListResult]:
    """Return a row a segment for its members who belong to no advertiser's list."""
    split = [(kind, it) for kind, it in audiences.items() if "advertiser" in it.frame.columns]
    return [
        counted(row, segment=row["segment"], advertiser_id="", kind=kind)
        for kind, audience in split
        for row in audience.counts_by_advertiser.filter(pl.col("advertiser").is_null()).iter_rows(named=True)
    ]


def _advertisers(folder: WorkspaceFolder, export: Export, segment: str, audience: Audience, *, host: str) -> list[str]:
    named = audience.frame.filter(pl.col("segment") == segment)["advertiser"].drop_nulls().unique()
    query = (
        select(ContactListRecord.advertiser_id)
        .join(ExportRecord)
        .where(
            ExportRecord.name == export.name,
            ContactListRecord.segment == segment,
            ContactListRecord.host == host,
            ContactListRecord.criteo_id.is_not(None),
        )
    )
    with folder.reading() as session:
        filled = session.scalars(query).all()
    return sorted({*named, *filled})


_Counts = Mapping[tuple[str, str], Mapping[str, int]]
"""How many members have each status, by segment and advertiser."""
_NOBODY = {"members": 0, **{status.value: 0 for status in Status}}


def _counts(target: Target) -> _Counts:
    audience = target.audience
    if target.is_part:
        rows = audience.counts_by_advertiser.drop_nulls("advertiser").iter_rows(named=True)
        return {(row["segment"], row["advertiser"]): row for row in rows}
    return {(row["segment"], target.advertiser_id): row for row in audience.counts.iter_rows(named=True)}


def _figures(target: Target, counts: _Counts) -> ListResult:
    row = counts.get((target.segment, target.advertiser_id), _NOBODY)
    return counted(row, segment=target.segment, advertiser_id=target.advertiser_id, kind=target.kind)
