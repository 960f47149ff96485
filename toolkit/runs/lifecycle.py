"""The record of a run from its start to its end, whatever ends it.

One run of an export at a time: the database refuses a second. A run shows that it lives by a heartbeat; one whose
process is gone, or that has been silent for a minute, is recorded as failed when the next begins.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from secrets import token_hex
from typing import Any

import psutil
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from toolkit.errors import BusyError, ToolkitError
from toolkit.runs.run import RunStatus
from toolkit.workspace import Export, WorkspaceFolder, audit
from toolkit.workspace.audit import Action
from toolkit.workspace.people import Role, acting
from toolkit.workspace.records import ExportRecord, RunRecord

HEARTBEAT_SECONDS = 10
SILENT_AFTER = timedelta(seconds=60)


class Trigger(StrEnum):
    """What started a run."""

    PERSON = "person"
    SCHEDULE = "schedule"
    REFRESH = "refresh"


def now() -> datetime:
    """Return the moment in UTC."""
    return datetime.now(UTC)


class RunKeeper:
    """Writes down what becomes known of a run while it goes on."""

    def __init__(self, folder: WorkspaceFolder, run_id: str) -> None:
        self.id = run_id
        self._folder = folder
        self._warnings: list[str] = []

    def note(self, **what: Any) -> None:
        """Set columns of the run's record."""
        with self._folder.session() as session, session.begin():
            session.execute(update(RunRecord).where(RunRecord.id == self.id).values(**what))

    def warn(self, sentences: Iterable[str]) -> None:
        """Add warnings to the run's record."""
        self._warnings.extend(sentences)
        self.note(warnings=self._warnings)


@contextmanager
def recorded_run(folder: WorkspaceFolder, export: Export, *, trigger: Trigger, dry_run: bool) -> Iterator[RunKeeper]:
    """Begin a run and record how it ends: a ToolkitError is recorded, and not raised further.

    Any other exception, and an interrupt, is recorded and goes on. Raises BusyError when one is running already.
    """
    keeper = RunKeeper(folder, _begin(folder, export, trigger=trigger, dry_run=dry_run))
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(keeper, stop), name="heartbeat", daemon=True)
    heart.start()
    status, error = RunStatus.FAILED, None
    try:
        yield keeper
        status = RunStatus.SUCCESSFUL
    except ToolkitError as problem:
        error = {"kind": type(problem).__name__, "what": problem.what, "remedy": problem.remedy}
    except KeyboardInterrupt:
        status = RunStatus.CANCELED
        error = {
            "kind": "KeyboardInterrupt",
            "what": "The run was interrupted by a person.",
            "remedy": "Run the export again: it sends what is missing.",
        }
        raise
    except BaseException as problem:
        # The text of an unforeseen exception may hold anything, a person's address too; the log has its traceback.
        error = {
            "kind": type(problem).__name__,
            "what": f"Something unforeseen happened ({type(problem).__name__}).",
            "remedy": "Run the export again: nothing is lost. If it happens again, report it with the traceback.",
        }
        raise
    finally:
        stop.set()
        heart.join()
        _end(keeper, folder, status, error)


def _begin(folder: WorkspaceFolder, export: Export, *, trigger: Trigger, dry_run: bool) -> str:
    moment = now()
    run_id = f"{moment:%Y%m%d-%H%M%S}-{token_hex(3)}"
    _bury_the_dead(folder, export)
    try:
        with folder.session() as session, session.begin():
            actor = acting(session, folder, least=Role.CONTRIBUTOR)
            audit.record(session, folder, actor, Action.RUN_EXPORT, export.name, run=run_id, dry_run=dry_run)
            session.add(
                RunRecord(
                    id=run_id,
                    export_id=session.scalars(select(ExportRecord.id).where(ExportRecord.name == export.name)).one(),
                    export_version=export.version,
                    settings=export.model_dump(mode="json"),
                    status=RunStatus.RUNNING.value,
                    dry_run=dry_run,
                    started_by=trigger.value,
                    person=actor.name,
                    machine=folder.machine,
                    process=folder.process,
                    toolkit_version=version("criteo-segment-toolkit"),
                    started_at=moment,
                    heartbeat_at=moment,
                )
            )
    except IntegrityError:
        raise BusyError(
            f"Export {export.name!r} is running already.",
            "Wait until that run is over (see the list of runs), then run it again if it is still needed.",
        ) from None
    (folder.path / "runs" / run_id).mkdir(parents=True)
    return run_id


def _bury_the_dead(folder: WorkspaceFolder, export: Export) -> None:
    """Record runs as failed whose process can no longer be working."""
    with folder.session() as session, session.begin():
        running = session.scalars(
            select(RunRecord)
            .join(ExportRecord)
            .where(ExportRecord.name == export.name, RunRecord.status == RunStatus.RUNNING.value)
        )
        for record in running:
            gone = record.machine == folder.machine and not psutil.pid_exists(record.process)
            if gone or now() - record.heartbeat_at > SILENT_AFTER:
                record.status = RunStatus.FAILED.value
                record.finished_at = now()
                record.error = {
                    "kind": "ProcessEnded",
                    "what": "The process that ran it ended without a word.",
                    "remedy": "The next run sends what is missing.",
                }


def _beat(keeper: RunKeeper, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        keeper.note(heartbeat_at=now())


def _end(keeper: RunKeeper, folder: WorkspaceFolder, status: RunStatus, error: dict[str, str] | None) -> None:
    with folder.session() as session, session.begin():
        session.execute(
            update(RunRecord)
            .where(RunRecord.id == keeper.id, RunRecord.status == RunStatus.RUNNING.value)
            .values(status=status.value, error=error, finished_at=now())
        )
