"""A workspace at a glance: its connections, its exports with their last run, and what needs attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from toolkit.display import fragment, table, text_table
from toolkit.exports.connections import connections
from toolkit.exports.saved_exports import exports_frame
from toolkit.exports.schedule import Schedule
from toolkit.refresh import Finding, HealthLevel, health_of
from toolkit.refresh.due import next_due
from toolkit.refresh.result import last_refresh
from toolkit.runs import last_runs_frame, past_runs
from toolkit.runs.lifecycle import now
from toolkit.runs.summary import Totals
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

_NOT_SET = "not set"
_MOST_ATTENTION = 20


@dataclass(frozen=True, repr=False)
class Overview:
    """A workspace at a glance, as it was when somebody looked.

    Examples:
        >>> overview = workspace.overview
        >>> overview.connections["connection"].to_list(), overview.exports["export"].to_list()
        (['Criteo'], ['Nightly'])
    """

    path: Path
    notice: str | None
    """What to know about this session; None when there is nothing to know."""
    tables: pl.DataFrame
    """Where ``profiles`` and ``segments`` are read from: ``table``, ``location``."""
    connections: pl.DataFrame
    """A row for each connection that you may use: ``connection``, ``type``, how many ``advertisers`` consented."""
    exports: pl.DataFrame
    """A row for each export: what it sends, and its ``last_run``, ``at`` what time, what it ``added`` and ``removed``;
    the ``size`` of its lists and their ``match_rate`` at Criteo since the last successful run; and its ``next_run``.

    Dry runs and data subject requests are no last run. ``next_run`` is null where no time is known."""
    attention: pl.DataFrame
    """A row for each finding of ``Workspace.health`` that is not well, the worst first: ``level``, ``what``, ``name``
    and ``said``."""
    sentences: tuple[str, ...] = ()
    """What ``attention`` says, in texts that are translatable."""

    @property
    def _parts(self) -> list[tuple[str, pl.DataFrame, str]]:
        return [
            (_("Connections"), self.connections, _("None. Make one with workspace.connections.set_up(name).")),
            (_("Exports"), self.exports, _("None. Save one with workspace.exports.save(…).")),
            (_("Needs attention"), self.attention.head(_MOST_ATTENTION), _("Nothing.")),
        ]

    def __repr__(self) -> str:
        parts = [*([self.notice] if self.notice else []), f"Workspace {self.path}", text_table(self.tables)]
        for title, frame, if_none in self._parts:
            parts += ["", title, text_table(frame) if frame.height else if_none]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        head = table(self.tables, title=_("Workspace {path}", path=self.path), subtitle=self.notice or "")
        parts = (
            table(frame, title=title, subtitle="" if frame.height else if_none, texts={"said": self.sentences})
            for title, frame, if_none in self._parts
        )
        return str(fragment(head, *parts))


def overview_of(folder: WorkspaceFolder, *, notice: str | None) -> Overview:
    """Look at the workspace; Criteo is not asked, and nothing is written."""
    settings, attention = folder.settings, _attention(folder)
    locations = [it.location if it else _NOT_SET for it in (settings.profiles, settings.segments)]
    return Overview(
        path=folder.path,
        notice=notice,
        tables=pl.DataFrame({"table": ["profiles", "segments"], "location": locations}),
        connections=_connections(folder),
        exports=_exports(folder),
        attention=_frame_of(attention),
        sentences=tuple(it.said for it in attention),
    )


def _connections(folder: WorkspaceFolder) -> pl.DataFrame:
    schema = {"connection": pl.String, "type": pl.String, "advertisers": pl.Int64}
    rows = [(it.name, it.type, len(it.advertisers)) for it in connections(folder).values()]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _exports(folder: WorkspaceFolder) -> pl.DataFrame:
    saved = exports_frame(folder).select("export", "connection", "segments", "active")
    last = last_runs_frame(folder).select("export", "added", "removed", last_run="status", at="started_at")
    together = saved.join(last, on="export", how="left", maintain_order="left")
    due = _next_runs(folder)
    known = [(name, *_held(folder, name), due.get(name)) for name in saved["export"]]
    moment = pl.Datetime("us", "UTC")
    schema = pl.Schema({"export": pl.String(), "size": pl.Int64(), "match_rate": pl.Float64(), "next_run": moment})
    figures = pl.DataFrame(known, schema=schema, orient="row")
    columns = [*saved.columns, "last_run", "at", "added", "removed"]
    return together.select(columns).join(figures, on="export", how="left", maintain_order="left")


def _held(folder: WorkspaceFolder, export: str) -> tuple[int | None, float | None]:
    """Return how many identifiers the lists hold since the last successful run, and the share that Criteo matched."""
    last = next(iter(past_runs(folder, export, most=1)), None)
    if last is None:
        return None, None
    totals = Totals.of(last.lists)
    sizes = [it.size for it in last.lists if it.size is not None]
    return (sum(sizes) if sizes else None), totals.match_rate


def _next_runs(folder: WorkspaceFolder) -> dict[str, datetime | None]:
    last = last_refresh(folder)
    return next_due(folder, now=now(), refresh=Schedule() if last is None else last.schedule)


def _attention(folder: WorkspaceFolder) -> list[Finding]:
    """Return what is not well, the worst first."""
    found = [it for it in health_of(folder).findings if it.level is not HealthLevel.OK]
    return sorted(found, key=lambda it: it.level, reverse=True)


def _frame_of(attention: Sequence[Finding]) -> pl.DataFrame:
    schema = dict.fromkeys(["level", "what", "name", "said"], pl.String)
    rows = [(it.level.name.lower(), it.what, it.name, str(it.said)) for it in attention]
    return pl.DataFrame(rows, schema=schema, orient="row")
