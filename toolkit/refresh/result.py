"""A refresh, as it was recorded."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.people import require_actor
from toolkit.display import html_table, text_table, word
from toolkit.errors import ErrorInfo, UnknownNameError
from toolkit.exports.schedule import Schedule
from toolkit.runs import RunStatus
from toolkit.runs.notices import Notice
from toolkit.runs.stored import NOTICES, error_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RefreshedExportRecord, RefreshRecord
from toolkit.state.states import RefreshStatus
from toolkit.translatable import _, listed, sentences

_GOOD, _SOMETHING_FAILED = 0, 1
_SCHEMA = pl.Schema(
    {
        "export": pl.String(),
        "status": pl.String(),
        "due_at": pl.Datetime("us", "UTC"),
        "missed": pl.Int64(),
        "tries": pl.Int64(),
        "run": pl.String(),
        "seconds": pl.Float64(),
        "code": pl.String(),
        "what": pl.String(),
        "remedy": pl.String(),
        "notebook": pl.String(),
    }
)


@dataclass(frozen=True)
class RefreshedExport:
    """What a refresh made of one export.

    Examples:
        >>> for refresh in workspace.refreshes.values():
        ...     for it in refresh.exports:
        ...         print(it.export, it.status.value, it.what)
    """

    export: str
    status: RunStatus
    due_at: datetime
    missed: int
    """Earlier times of its schedule that this run makes up for."""
    tries: int
    run: str | None
    """The last of its runs."""
    error: ErrorInfo | None
    """Why it failed or was skipped."""
    notebook: Path | None
    """The executed notebook of the last try."""
    seconds: float | None


@dataclass(frozen=True, repr=False)
class Refresh:
    """One refresh: which exports were due, and what became of each.

    Examples:
        >>> workspace.exports.deactivate("Nightly").active
        False
        >>> refresh = workspace.refreshes.start()
        >>> refresh.exports, refresh.exit_code
        ((), 0)
    """

    id: str
    status: RefreshStatus
    asked_at: datetime
    finished_at: datetime | None
    schedule: Schedule
    """When exports run that run with every refresh, as it was told."""
    takes_up: str | None
    """The refresh that was killed, and that it went on with."""
    exports: tuple[RefreshedExport, ...]
    warnings: tuple[Notice, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """A row an export that was due, in the order in which they ran."""
        rows = [
            (
                it.export,
                it.status.value,
                it.due_at,
                it.missed,
                it.tries,
                it.run,
                it.seconds,
                None if it.error is None else it.error.code.value,
                None if it.error is None else it.error.what,
                None if it.error is None else it.error.remedy,
                None if it.notebook is None else str(it.notebook),
            )
            for it in self.exports
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    @property
    def exit_code(self) -> int:
        """0 when all is good, 1 when something failed, was skipped or canceled, or is not done."""
        all_good = self.status is RefreshStatus.FINISHED and all(
            it.status is RunStatus.SUCCESSFUL for it in self.exports
        )
        return _GOOD if all_good else _SOMETHING_FAILED

    @property
    def json_lines(self) -> str:
        """A line of JSON an export, and one for the refresh."""
        lines: list[dict[str, Any]] = [{"refresh": self.id, **row} for row in self.frame.to_dicts()]
        counts = {it.value: [e.status for e in self.exports].count(it) for it in RunStatus}
        last = {
            "refresh": self.id,
            "status": self.status.value,
            "asked_at": self.asked_at,
            "finished_at": self.finished_at,
            "takes_up": self.takes_up,
            "counts": {status: count for status, count in counts.items() if count},
            "warnings": [str(it) for it in self.warnings],
            "exit_code": self.exit_code,
        }
        return "\n".join(orjson.dumps(line, option=orjson.OPT_UTC_Z).decode() for line in [*lines, last])

    @property
    def headline(self) -> str:
        """What became of it, in one line."""
        counts = {it: [e.status for e in self.exports].count(it) for it in RunStatus}
        told = listed(
            _("{count:,} {status}", count=count, status=word(status.value)) for status, count in counts.items() if count
        )
        values = {"id": self.id, "status": word(self.status.value), "told": told or _("no export was due")}
        if self.takes_up:
            return _("Refresh {id}, goes on with {takes_up}: {status}; {told}", takes_up=self.takes_up, **values)
        return _("Refresh {id}: {status}; {told}", **values)

    def __repr__(self) -> str:
        lines = [str(self.headline)]
        if self.exports:
            shown = self.frame.select("export", "status", "due_at", "tries", "run", pl.col("seconds").round(1))
            lines.append(text_table(shown.with_columns(pl.col("due_at").dt.strftime("%Y-%m-%d %H:%M UTC"))))
        lines += [f"{it.export}: {it.error}" for it in self.exports if it.error]
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])

    def _repr_html_(self) -> str:
        errors = [it.error for it in self.exports]
        texts = {
            "what": ["" if it is None else it.what for it in errors],
            "remedy": ["" if it is None else it.remedy for it in errors],
        }
        subtitle = sentences(it.text for it in self.warnings)
        return html_table(self.frame.drop("notebook"), title=self.headline, subtitle=subtitle, texts=texts)


def refresh_of(folder: WorkspaceFolder, refresh_id: str) -> Refresh:
    """Return a refresh by its id; raises UnknownNameError when there is none."""
    with folder.reading() as session:
        require_actor(session, folder)
        record = session.get(RefreshRecord, refresh_id)
        if record is None:
            raise UnknownNameError(
                _("There is no refresh {refresh_id!r}.", refresh_id=refresh_id),
                _("See their ids in the list of refreshes."),
            )
        return _value(session, folder, record)


def last_refresh(folder: WorkspaceFolder, *, with_exports: bool = False) -> Refresh | None:
    """Return the newest refresh, or the newest at which an export was due; None when there never was one."""
    newest = select(RefreshRecord).order_by(RefreshRecord.asked_at.desc(), RefreshRecord.lease.desc()).limit(1)
    if with_exports:
        newest = newest.where(RefreshRecord.id.in_(select(RefreshedExportRecord.refresh_id)))
    with folder.reading() as session:
        require_actor(session, folder)
        record = session.scalar(newest)
        return None if record is None else _value(session, folder, record)


def refresh_ids(folder: WorkspaceFolder) -> list[str]:
    """Return the ids of all refreshes, the newest first."""
    newest_first = select(RefreshRecord.id).order_by(RefreshRecord.asked_at.desc(), RefreshRecord.lease.desc())
    with folder.reading() as session:
        require_actor(session, folder)
        return list(session.scalars(newest_first))


def refreshes_by_id(folder: WorkspaceFolder) -> dict[str, Refresh]:
    """Return all refreshes by their ids, the newest first."""
    query = select(RefreshRecord).order_by(RefreshRecord.asked_at.desc(), RefreshRecord.lease.desc())
    with folder.reading() as session:
        require_actor(session, folder)
        return {it.id: _value(session, folder, it) for it in session.scalars(query)}


def refreshes_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an export of a refresh, the newest refresh first."""
    found = refreshes_by_id(folder).values()
    empty = pl.DataFrame(schema={"refresh": pl.String(), **_SCHEMA})
    return pl.concat([empty, *(it.frame.select(pl.lit(it.id).alias("refresh"), pl.all()) for it in found)])


def _value(session: Session, folder: WorkspaceFolder, record: RefreshRecord) -> Refresh:
    its = (
        select(RefreshedExportRecord, ExportRecord.name)
        .join(ExportRecord)
        .where(RefreshedExportRecord.refresh_id == record.id)
        .order_by(RefreshedExportRecord.position)
    )
    return Refresh(
        id=record.id,
        status=record.status,
        asked_at=record.asked_at,
        finished_at=record.finished_at,
        schedule=Schedule.model_validate(record.schedule),
        takes_up=record.takes_up,
        exports=tuple(_of_export(folder, export, name) for export, name in session.execute(its)),
        warnings=NOTICES.from_json(record.warnings),
    )


def _of_export(folder: WorkspaceFolder, record: RefreshedExportRecord, name: str) -> RefreshedExport:
    seconds = None
    if record.begun_at is not None and record.finished_at is not None:
        seconds = (record.finished_at - record.begun_at).total_seconds()
    return RefreshedExport(
        export=name,
        status=record.status,
        due_at=record.due_at,
        missed=record.missed,
        tries=record.tries,
        run=record.run_id,
        error=error_in(record.error),
        notebook=None if record.notebook is None else folder.path / record.notebook,
        seconds=seconds,
    )
