"""Runs and exports by name, those of the past too."""

from sqlalchemy import select

from toolkit.access.people import require_actor
from toolkit.names import unknown_name
from toolkit.runs.run import Run, value_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RunRecord
from toolkit.translatable import mark


def run_ids(folder: WorkspaceFolder) -> list[str]:
    """Return the ids of all runs, the newest first."""
    with folder.reading() as session:
        require_actor(session, folder)
        return list(session.scalars(select(RunRecord.id).order_by(RunRecord.started_at.desc(), RunRecord.id.desc())))


def runs_by_id(folder: WorkspaceFolder) -> dict[str, Run]:
    """Return all runs by their ids, the newest first."""
    newest_first = select(RunRecord).order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
    with folder.reading() as session:
        require_actor(session, folder)
        return {it.id: value_of(session, it, folder) for it in session.scalars(newest_first)}


def require_known_export(folder: WorkspaceFolder, name: str) -> None:
    """Raise UnknownNameError, with the nearest names, unless there is an export of that name or there was one."""
    with folder.reading() as session:
        require_actor(session, folder)
        known = set(session.scalars(select(ExportRecord.name)))
    if name not in known:
        raise unknown_name(mark("export"), name, known)
