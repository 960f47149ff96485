"""What is checked before an export is sent: for a run, and for whoever looks before."""

from collections.abc import Mapping

from sqlalchemy import select

from toolkit.audience import Audience, IdentifierKind
from toolkit.checks import CheckResults, check_audience, check_profile_columns, preload
from toolkit.runs.stored import LISTS
from toolkit.runs.targets import audiences_of
from toolkit.workspace import Export, WorkspaceFolder
from toolkit.workspace.exports import chosen_segments, export_of
from toolkit.workspace.records import ExportRecord, RunRecord
from toolkit.workspace.states import RunStatus
from toolkit.workspace.suites import suites_of


def check_export(folder: WorkspaceFolder, name: str) -> CheckResults:
    """Return what a run of the export would check and find now. Nothing is sent, and nothing recorded."""
    export = export_of(folder, name)
    preload()
    export = chosen_segments(folder, export)
    return check_prepared(folder, export, prepared(folder, export))


def prepared(folder: WorkspaceFolder, export: Export) -> Mapping[IdentifierKind, Audience]:
    """Prepare the export's segments; there is none where a column is missing, which the checks then tell."""
    columns = folder.profiles.columns
    is_there = all(it in columns for it in (export.email_column, *_others(folder, export)))
    return audiences_of(folder, export) if is_there else {}


def check_prepared(
    folder: WorkspaceFolder, export: Export, audiences: Mapping[IdentifierKind, Audience]
) -> CheckResults:
    """Check the columns that the export names, and the audience of e-mails, by the built-in suite and by own ones."""
    profiles, thresholds = folder.profiles, export.thresholds
    results = check_profile_columns(profiles.columns, export.email_column, thresholds, others=_others(folder, export))
    if not audiences:
        return results
    return results + check_audience(
        audiences[IdentifierKind.EMAIL],
        thresholds,
        own=suites_of(folder, thresholds.suites),
        profiles=profiles,
        last_sizes=_last_sizes(folder, export.name),
    )


def _others(folder: WorkspaceFolder, export: Export) -> list[str]:
    return [it for it in (folder.profiles.key, export.madid_column, export.advertiser_column) if it]


def _last_sizes(folder: WorkspaceFolder, export: str) -> Mapping[str, int]:
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
        if result.identifier_type is IdentifierKind.EMAIL:
            sizes[result.segment] = sizes.get(result.segment, 0) + result.exportable
    return sizes
