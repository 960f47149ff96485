"""Which exports are due: the rule of docs/schedule.md."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from toolkit.exports.export import Export
from toolkit.exports.saved_exports import exports
from toolkit.exports.schedule import Every, Schedule
from toolkit.runs import RunStatus
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RefreshedExportRecord, RefreshRecord

OVER = frozenset({RunStatus.SUCCESSFUL, RunStatus.FAILED, RunStatus.SKIPPED, RunStatus.CANCELED})
"""What a refresh makes of an export in the end."""
_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """An export that is to run now."""

    export: Export
    at: datetime
    """The time of its schedule; of one that runs with every refresh, when the refresh was asked for."""
    missed: int = 0
    """Earlier times at which no refresh ran."""


@dataclass(frozen=True)
class LastRefresh:
    """What refreshes made of one export until now."""

    saved_at: datetime
    """When the export was saved last."""
    begun_at: datetime | None = None
    """When the last run by a refresh began."""
    due_at: datetime | None = None
    """The last time of a schedule that is settled."""
    schedule: Schedule | None = None
    """The schedule that this was a time of."""


def is_refresh_due(schedule: Schedule, *, last: datetime | None, asked_at: datetime) -> bool:
    """Tell whether a refresh that is asked for now runs the exports that run with every refresh.

    ``last`` is when the last one that did was asked for.
    """
    if not schedule.has_times:
        return schedule.every is Every.REFRESH
    return bool(schedule.moments(after=last or asked_at - _A_DAY, until=asked_at))


def due_exports(
    folder: WorkspaceFolder,
    *,
    asked_at: datetime,
    now: datetime,
    runs_all: bool,
    left: Mapping[str, datetime],
    done: Collection[str],
) -> list[Due]:
    """Return the active exports that are due, in the order in which they run.

    ``left`` are those that a refresh that was killed left undone, with the times when they were due; ``done`` are those
    that it did.
    """
    pasts = _pasts(folder)
    found = []
    for export in exports(folder):
        if not (export.active and export.connection) or export.schedule.every is Every.OFF:
            continue
        past = pasts[export.name]
        if export.schedule.has_times:
            due = _of_its_own(export, past, now=now)
        elif runs_all and export.name not in done and not _began_since(past, asked_at):
            due = Due(export, asked_at)
        elif export.name in left:
            due = Due(export, left[export.name])
        else:
            due = None
        if due is not None:
            found.append(due)
    return sorted(found, key=lambda it: (it.export.priority, it.export.name))


def next_due(folder: WorkspaceFolder, *, now: datetime, refresh: Schedule) -> dict[str, datetime | None]:
    """Return when each export is due next; None is never, or with a refresh whose times nobody told."""
    pasts = _pasts(folder)
    found: dict[str, datetime | None] = {}
    for export in exports(folder):
        if not (export.active and export.connection):
            found[export.name] = None
        elif export.schedule.has_times:
            waiting = _of_its_own(export, pasts[export.name], now=now)
            found[export.name] = export.schedule.next(now) if waiting is None else waiting.at
        else:
            found[export.name] = refresh.next(now) if export.schedule.every is Every.REFRESH else None
    return found


def _of_its_own(export: Export, past: LastRefresh, *, now: datetime) -> Due | None:
    settled = past.saved_at
    if past.due_at is not None:
        # Times of a schedule that was not there yet were not missed.
        settled = past.due_at if past.schedule == export.schedule else max(past.due_at, past.saved_at)
    moments = export.schedule.moments(after=settled, until=now)
    return Due(export, moments[-1], missed=len(moments) - 1) if moments else None


def _began_since(past: LastRefresh, asked_at: datetime) -> bool:
    return past.begun_at is not None and past.begun_at > asked_at


def _pasts(folder: WorkspaceFolder) -> dict[str, LastRefresh]:
    query = (
        select(ExportRecord, RefreshedExportRecord)
        .outerjoin(
            RefreshedExportRecord,
            (RefreshedExportRecord.export_id == ExportRecord.id) & RefreshedExportRecord.status.in_(OVER),
        )
        .outerjoin(RefreshRecord, RefreshRecord.id == RefreshedExportRecord.refresh_id)
        .where(ExportRecord.removed_at.is_(None))
        .order_by(RefreshRecord.asked_at, RefreshRecord.id)
    )
    pasts: dict[str, LastRefresh] = {}
    with folder.reading() as session:
        # The last one of each export stays.
        for export, record in session.execute(query):
            pasts[export.name] = (
                LastRefresh(export.saved_at)
                if record is None
                else LastRefresh(
                    export.saved_at,
                    begun_at=record.begun_at,
                    due_at=record.due_at,
                    schedule=Schedule.model_validate(record.schedule),
                )
            )
    return pasts
