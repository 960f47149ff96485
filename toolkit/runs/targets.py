"""The contact lists that a run fills, and who belongs into each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from toolkit.audience import Audience, HashFormat, Status
from toolkit.audience import audiences_of as prepare
from toolkit.exports.connections import connection
from toolkit.exports.export import Export
from toolkit.exports.matching import excluded_for
from toolkit.identifiers import IdentifierType
from toolkit.runs.list_result import ListResult, counted
from toolkit.runs.lists import ListKey
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord


@dataclass(frozen=True, eq=False)
class Target:
    """What one segment puts into one advertiser's list, as one type of identifier."""

    segment: str
    advertiser_id: str
    identifier_type: IdentifierType
    audience: Audience
    is_part: bool
    """Whether the advertiser gets only those members whose profile names it."""

    @property
    def form(self) -> HashFormat:
        """The form in which the identifiers are sent."""
        return self.audience.form

    @property
    def wanted(self) -> pl.DataFrame:
        """Return ``identifier`` and ``customer`` of whom the list should hold."""
        return self.audience.wanted(self.segment, self.advertiser_id if self.is_part else None)

    @property
    def key(self) -> ListKey:
        """What the record of the list is found by."""
        return ListKey(self.segment, self.advertiser_id, self.identifier_type.name)


def audiences_of(
    folder: WorkspaceFolder, export: Export, *, count_domains: bool = False
) -> Mapping[IdentifierType, Audience]:
    """Prepare the export's segments, once for each type of identifier, the one that counts people first.

    Domains are counted of that one only, if asked for.
    """
    columns = export.columns_by_type
    advertisers = list(connection(folder, export.connection).advertisers) if export.advertiser_column else []
    consent = export.consent(datetime.now(UTC))
    excluded = excluded_for(folder, export.identity_columns, exclude=export.exclude)
    found = prepare(
        folder.profiles,
        folder.segments,
        export.segments,
        columns=list(columns.values()),
        exclude=export.exclude,
        form=export.form,
        advertiser_column=export.advertiser_column,
        advertisers=advertisers,
        consent=consent,
        excluded=excluded,
        count_domains=count_domains,
        placeholders=export.placeholders,
    )
    return dict(zip(columns, found, strict=True))


def targets_of(
    folder: WorkspaceFolder, export: Export, audiences: Mapping[IdentifierType, Audience], *, host: str
) -> list[Target]:
    """Return the lists that a run fills; one that an advertiser has from before is among them, to lose its members."""
    return [
        Target(segment, advertiser, identifier_type, audience, is_part=bool(export.advertiser_column))
        for identifier_type, audience in audiences.items()
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


def figures_without_advertiser(audiences: Mapping[IdentifierType, Audience]) -> list[ListResult]:
    """Return a row a segment for its members who belong to no advertiser's list."""
    split = [(kind, it) for kind, it in audiences.items() if "advertiser" in it.frame.columns]
    return [
        counted({**row, "identifiers": 0}, segment=row["segment"], advertiser_id="", identifier_type=kind)
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
"""How many members have each status, and how many identifiers are sent, by segment and advertiser."""
_NOBODY = {"members": 0, "identifiers": 0, **{status.value: 0 for status in Status}}


def _counts(target: Target) -> _Counts:
    audience = target.audience
    by = ["segment", "advertiser"] if target.is_part else ["segment"]
    counts = audience.counts_by_advertiser.drop_nulls("advertiser") if target.is_part else audience.counts
    rows = counts.join(audience.identifier_counts, on=by, how="left")
    return {
        (row["segment"], row["advertiser"] if target.is_part else target.advertiser_id): row
        for row in rows.iter_rows(named=True)
    }


def _figures(target: Target, counts: _Counts) -> ListResult:
    row = counts.get((target.segment, target.advertiser_id), _NOBODY)
    return counted(
        row, segment=target.segment, advertiser_id=target.advertiser_id, identifier_type=target.identifier_type
    )
