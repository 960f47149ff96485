"""What is checked before an export is sent: for a run, and for whoever looks before."""

from collections.abc import Mapping

from sqlalchemy import select

from toolkit.audience import Audience
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import chosen_segments, export_of
from toolkit.exports.suites import suites_of
from toolkit.identifiers import IdentifierType
from toolkit.runs.stored import LISTS
from toolkit.runs.targets import audiences_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RunRecord
from toolkit.state.states import RunStatus
from toolkit.translatable import Text
from toolkit.validation import (
    CheckResults,
    check_audience,
    check_profile_columns,
    doubts_of_further_type,
    preload,
)


def check_export(folder: WorkspaceFolder, name: str) -> CheckResults:
    """Return what a run of the export would check and find now. Nothing is sent, and nothing recorded."""
    export = export_of(folder, name)
    preload()
    export = chosen_segments(folder, export)
    return check_prepared(folder, export, prepared(folder, export))


def prepared(folder: WorkspaceFolder, export: Export) -> Mapping[IdentifierType, Audience]:
    """Prepare the export's segments; there is none where a column is missing, which the checks then tell."""
    columns = folder.profiles.columns
    is_there = all(it in columns for it in (*(it.name for it in export.identity_columns), *_others(folder, export)))
    return audiences_of(folder, export) if is_there else {}


def check_prepared(
    folder: WorkspaceFolder, export: Export, audiences: Mapping[IdentifierType, Audience]
) -> CheckResults:
    """Check the columns that the export names, and the audience that counts people, by all suites that are chosen."""
    profiles, thresholds = folder.profiles, export.thresholds
    first, *beside = export.identity_columns
    others = [folder.profiles.key, *(it.name for it in beside), *_others(folder, export)]
    results = check_profile_columns(profiles.columns, first, thresholds, others=list(dict.fromkeys(others)))
    if not audiences:
        return results
    return results + check_audience(
        audiences[first.identifier_type],
        thresholds,
        own=suites_of(folder, thresholds.suites),
        profiles=profiles,
        last_sizes=last_sizes(folder, export.name, first.identifier_type),
    )


def doubts_of_further_types(audiences: Mapping[IdentifierType, Audience], export: Export) -> list[Text]:
    """Return what looks wrong of the types that the export sends beside the one that is checked."""
    _first, *further = export.columns_by_type.items()
    return [
        text
        for kind, columns in further
        if kind in audiences
        for text in doubts_of_further_type(audiences[kind], [it.name for it in columns], export.thresholds)
    ]


def _others(folder: WorkspaceFolder, export: Export) -> list[str]:
    asked = (export.advertiser_column, export.consent_column, export.consent_basis_column)
    return [it for it in (folder.profiles.key, *asked) if it]


def last_sizes(folder: WorkspaceFolder, export: str, identifier_type: IdentifierType) -> Mapping[str, int]:
    """Return the exportable members of each segment at the last successful run, dry runs aside."""
    query = (
        select(RunRecord.lists)
        .join(ExportRecord)
        .where(ExportRecord.name == export, RunRecord.status == RunStatus.SUCCESSFUL, ~RunRecord.dry_run)
        .order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
        .limit(1)
    )
    with folder.reading() as session:
        rows = session.scalar(query) or []
    sizes: dict[str, int] = {}
    for result in LISTS.from_json(rows):
        if result.identifier_type == identifier_type.name:
            sizes[result.segment] = sizes.get(result.segment, 0) + result.exportable
    return sizes
