"""The contact lists that a run fills, and who belongs into each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import select

from toolkit.audience import LEFT_OUT, Audience, IdentifierForm, Status, audience_of
from toolkit.identifiers import IdentifierType, first_type
from toolkit.runs.lists import list_record
from toolkit.workspace import Export, WorkspaceFolder
from toolkit.workspace.connections import connection
from toolkit.workspace.matching import excluded_for
from toolkit.workspace.records import ContactListRecord, ExportRecord

Figures = dict[str, Any]


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
    def form(self) -> IdentifierForm:
        """The form in which the identifiers are sent."""
        return self.audience.form

    @property
    def wanted(self) -> pl.DataFrame:
        """Return ``identifier`` and ``customer`` of whom the list should hold."""
        return self.audience.wanted(self.segment, self.advertiser_id if self.is_part else None)

    def record(self, folder: WorkspaceFolder, export: Export, *, host: str, save: bool = True) -> ContactListRecord:
        """Return what the workspace knows of the list; without ``save`` nothing is written."""
        return list_record(
            folder,
            export,
            self.segment,
            host=host,
            advertiser_id=self.advertiser_id,
            identifier_type=self.identifier_type,
            save=save,
        )


def audiences_of(
    folder: WorkspaceFolder, export: Export, *, count_domains: bool = False
) -> Mapping[IdentifierType, Audience]:
    """Prepare the export's segments, once for each type of identifier, the one that counts people first.

    Domains are counted of that one only, if asked for.
    """
    columns = export.identity_columns
    first = first_type(it.identifier_type for it in columns)
    advertisers = list(connection(folder, export.connection).advertisers) if export.advertiser_column else []
    excluded = excluded_for(folder, columns, exclude=export.exclude)
    return {
        column.identifier_type: audience_of(
            folder.profiles,
            folder.segments,
            export.segments,
            column=column,
            exclude=export.exclude,
            form=export.form,
            advertiser_column=export.advertiser_column,
            advertisers=advertisers,
            excluded=excluded,
            count_domains=count_domains and column.identifier_type == first,
            placeholders=export.placeholders,
        )
        for column in columns
    }


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


def figures_of(targets: Sequence[Target]) -> dict[Target, Figures]:
    """Return the row of the report that each list begins with."""
    counts = {id(it.audience): _counts(it) for it in targets}
    return {it: _figures(it, counts[id(it.audience)]) for it in targets}


def figures_without_advertiser(audiences: Mapping[IdentifierType, Audience]) -> list[Figures]:
    """Return a row a segment for its members who belong to no advertiser's list."""
    split = [it for it in audiences.values() if "advertiser" in it.frame.columns]
    return [
        _row(row, identifier_type=audience.identifier_type, advertiser_id="")
        for audience in split
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


def _counts(target: Target) -> dict[tuple[str, str], Figures]:
    audience = target.audience
    if target.is_part:
        rows = audience.counts_by_advertiser.drop_nulls("advertiser").iter_rows(named=True)
        return {(row["segment"], row["advertiser"]): row for row in rows}
    return {(row["segment"], target.advertiser_id): row for row in audience.counts.iter_rows(named=True)}


def _figures(target: Target, counts: Mapping[tuple[str, str], Figures]) -> Figures:
    nobody = {"segment": target.segment, "members": 0, **{status.value: 0 for status in Status}}
    row = counts.get((target.segment, target.advertiser_id), nobody)
    return _row(row, identifier_type=target.identifier_type, advertiser_id=target.advertiser_id)


def _row(counts: Figures, *, identifier_type: IdentifierType, advertiser_id: str) -> Figures:
    return {
        "segment": counts["segment"],
        "advertiser_id": advertiser_id,
        "identifier_type": identifier_type.name,
        "members": counts["members"],
        "exportable": counts["exportable"],
        **{status.value: counts[status.value] for status in LEFT_OUT},
        "added": 0,
        "removed": 0,
        "rejected": 0,
        "batches": 0,
        "retries": 0,
        "seconds": 0.0,
        "list_id": None,
        "size": None,
        "held_by_criteo": None,
        "matches": None,
    }
