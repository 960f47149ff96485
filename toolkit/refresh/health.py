"""What a monitor should know: each thing that may need somebody, how bad it is, and what to do."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum

import polars as pl

from toolkit.alerts import Subject, alert_states, headline
from toolkit.campaigns import AudienceStep
from toolkit.campaigns.applying import plan_audiences
from toolkit.criteo import API_VERSION
from toolkit.display import html_table, text_table, word
from toolkit.errors import (
    DataError,
    ErrorCode,
    ErrorInfo,
    SignatureError,
    SuppressionsLostError,
    ToolkitError,
    TrustError,
)
from toolkit.exports.connections import connections, credentials_of
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import chosen_segments, exports
from toolkit.exports.schedule import Every, Schedule
from toolkit.exports.suppressions import require_suppressions
from toolkit.exports.trust import AlteredRow, altered_rows
from toolkit.files import bytes_below
from toolkit.refresh.due import next_due
from toolkit.refresh.record import running_refresh
from toolkit.refresh.result import Refresh, last_refresh
from toolkit.runs import NoticeCode, Run, RunStatus, find_abandoned, last_run
from toolkit.runs.batches import uncertain_exports
from toolkit.runs.lifecycle import now as machine_now
from toolkit.runs.segment_usage import segment_usage
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.states import RefreshStatus
from toolkit.translatable import _, listed, mark, sentences

API_VERSION_LASTS_MONTHS = 12
"""How long Criteo answers a version of its API (https://developers.criteo.com, "Versioning policy")."""
_WARN_BEFORE_WITHDRAWAL = timedelta(days=90)
_LEAST_FREE_SHARE = 0.05
_LEAST_FREE_BYTES = 1_000_000_000
_MOST_BYTES_OF_A_WORKSPACE = 20_000_000_000
_LATE_AFTER = timedelta(hours=1)
_WITHOUT_TIMES_LATE_AFTER = timedelta(hours=26)
"""Of a refresh that told no times: longer than a day, also when the clocks are turned, and than the work of one."""


class HealthLevel(IntEnum):
    """How bad it is; the numbers are those that monitors such as Nagios take as exit codes.

    Examples:
        >>> [(level.name, level.value) for level in toolkit.HealthLevel]
        [('OK', 0), ('WARNING', 1), ('CRITICAL', 2)]
    """

    OK = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Examples:
        >>> {finding.what for finding in workspace.health().findings} >= {"refresh", "connection", "disk"}
        True
    """

    what: str
    """The kind of thing, such as ``refresh``, ``export``, ``connection``, ``API version``, ``growth``, ``disk``."""
    name: str
    level: HealthLevel
    said: str
    """What was found and, unless it is well, what to do."""
    at: datetime | None = None
    """Since when, or until when."""
    value: float | None = None
    """A figure, where there is one: bytes that are free, or that the workspace takes."""


@dataclass(frozen=True, repr=False)
class Health:
    """How the workspace is doing; Criteo is asked only if that was wanted.

    Examples:
        >>> health = workspace.health()
        >>> health.level is max(finding.level for finding in health.findings)
        True
    """

    findings: tuple[Finding, ...]
    now: datetime

    @property
    def level(self) -> HealthLevel:
        """The worst of all; its number is the exit code."""
        return max((it.level for it in self.findings), default=HealthLevel.OK)

    @property
    def frame(self) -> pl.DataFrame:
        """A row a thing that was looked at: ``what``, ``name``, ``level``, ``said``, ``at``, ``value``."""
        rows = [(it.what, it.name, it.level.name.lower(), str(it.said), it.at, it.value) for it in self.findings]
        return pl.DataFrame(
            rows,
            schema={
                "what": pl.String,
                "name": pl.String,
                "level": pl.String,
                "said": pl.String,
                "at": pl.Datetime("us", "UTC"),
                "value": pl.Float64,
            },
            orient="row",
        )

    @property
    def prometheus(self) -> str:
        """The same as metrics in Prometheus' text format, as its node exporter takes them from a file."""
        lines = [
            "# HELP toolkit_health_level How bad it is: 0 ok, 1 warning, 2 critical.",
            "# TYPE toolkit_health_level gauge",
            *(_metric("toolkit_health_level", it, it.level.value) for it in self.findings),
            "# HELP toolkit_health_at_seconds Since or until when, in seconds since 1970.",
            "# TYPE toolkit_health_at_seconds gauge",
            *(_metric("toolkit_health_at_seconds", it, it.at.timestamp()) for it in self.findings if it.at),
            "# HELP toolkit_health_value A figure of it: bytes that are free, or that are taken.",
            "# TYPE toolkit_health_value gauge",
            *(_metric("toolkit_health_value", it, it.value) for it in self.findings if it.value is not None),
        ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        shown = self.frame.drop("at", "value").sort(pl.col("level") == "ok", maintain_order=True)
        return f"Health: {self.level.name.lower()}\n{text_table(shown)}"

    def _repr_html_(self) -> str:
        title = _("Health: {level}", level=word(self.level.name.lower()))
        return html_table(
            self.frame.drop("value"),
            title=title,
            texts={
                "name": [_NAMES.get(it.name, it.name) for it in self.findings],
                "said": [it.said for it in self.findings],
            },
        )


_NAMES = {it: _(it) for it in (mark("all"), mark("last"), mark("row"), mark("audit"), mark("as Criteo says"))}
"""What is looked at that has no name of its own."""


def health_of(folder: WorkspaceFolder, *, now: datetime | None = None, asks_criteo: bool = False) -> Health:
    """Look at everything; ``now`` is the moment by default. Criteo is asked only if that is wanted."""
    moment = now or machine_now()
    try:
        altered = altered_rows(folder)
    except (SignatureError, TrustError, DataError) as error:
        # Nothing else is looked at: it would be told by a database that somebody changed.
        said = _("{what} {remedy}", what=error.what, remedy=error.remedy)
        return Health((Finding("signatures", "audit", HealthLevel.CRITICAL, said), _of_disk(folder)), moment)
    if altered:
        return Health((*_of_signatures(altered), _of_disk(folder)), moment)
    last = last_refresh(folder)
    active = [it for it in exports(folder) if it.active and it.connection]
    ran = {it.name: run for it in active if (run := last_run(folder, it.name)) is not None}
    return Health(
        (
            *_of_signatures(altered),
            _of_refresh(folder, last, active, moment),
            *_of_next(folder, last, moment),
            *_of_exports(folder, last, active, ran),
            *_of_ledgers(ran),
            *_of_suppressions(folder),
            *_of_connections(folder, active),
            *_of_tables(folder),
            api_version(API_VERSION, moment),
            *_of_sunset(ran),
            *_of_lists(folder),
            *(_of_unused_lists(folder, active) if asks_criteo else ()),
            *(_of_audiences(folder) if asks_criteo else ()),
            _of_growth(folder),
            _of_disk(folder),
        ),
        moment,
    )


def api_version(version: str, now: datetime) -> Finding:
    """Return how long the version of Criteo's API, such as ``2026-07``, is still answered."""
    year, month = map(int, version.split("-"))
    months = month - 1 + API_VERSION_LASTS_MONTHS
    ends = date(year + months // 12, months % 12 + 1, 1)
    until = datetime(ends.year, ends.month, 1, tzinfo=UTC)
    said = _("Criteo answers it until {until:%Y-%m-%d}.", until=ends)
    if now >= until:
        return Finding(
            "API version", version, HealthLevel.CRITICAL, _("{said} Install a newer toolkit.", said=said), until
        )
    if until - now <= _WARN_BEFORE_WITHDRAWAL:
        return Finding(
            "API version",
            version,
            HealthLevel.WARNING,
            _("{said} Install a newer toolkit before then.", said=said),
            until,
        )
    return Finding("API version", version, HealthLevel.OK, said, until)


def _of_sunset(ran: Mapping[str, Run]) -> Iterator[Finding]:
    """Tell what Criteo said itself, in the headers of its answers, of the end of the version."""
    said = {it.text for run in ran.values() for it in run.warnings if it.code is NoticeCode.API_VERSION}
    for warning in sorted(said):
        yield Finding(
            "API version",
            "as Criteo says",
            HealthLevel.WARNING,
            _("{warning} Install a newer toolkit.", warning=warning),
        )


def _of_refresh(folder: WorkspaceFolder, last: Refresh | None, active: list[Export], now: datetime) -> Finding:
    if last is None:
        needed = any(it.schedule.every is not Every.OFF for it in active)
        level = HealthLevel.WARNING if needed else HealthLevel.OK
        return Finding("refresh", "last", level, _("There never was one. See: toolkit schedule show --help."))
    named = ("refresh", "last")
    if last.status is RefreshStatus.RUNNING and running_refresh(folder) is not None:
        return Finding(*named, HealthLevel.OK, _("{last} goes on.", last=last.id), last.asked_at)
    if last.status is not RefreshStatus.FINISHED:
        said = _("{last} was killed; the next goes on with what it left.", last=last.id)
        return Finding(*named, HealthLevel.CRITICAL, said, last.asked_at)
    late = _late(last, now)
    if late:
        return Finding(
            *named,
            HealthLevel.CRITICAL,
            _("{late} See that the scheduler and the machine run.", late=late),
            last.asked_at,
        )
    told = last_refresh(folder, with_exports=True) or last
    bad = listed(
        _("{export}: {status}", export=it.export, status=word(it.status.value))
        for it in told.exports
        if it.status is not RunStatus.SUCCESSFUL
    )
    if bad:
        return Finding(
            *named, HealthLevel.WARNING, _("Not all was good at {told}: {bad}.", told=told.id, bad=bad), told.asked_at
        )
    return Finding(*named, HealthLevel.OK, _("All was good at {told}.", told=told.id), told.asked_at)


def _late(last: Refresh, now: datetime) -> str:
    due = last.schedule.next(last.asked_at)
    if last.schedule.has_times and due is not None:
        return _("The next was due at {due:%Y-%m-%d %H:%M} UTC.", due=due) if now > due + _LATE_AFTER else ""
    if now > last.asked_at + _WITHOUT_TIMES_LATE_AFTER:
        return _("There was none since {asked_at:%Y-%m-%d %H:%M} UTC.", asked_at=last.asked_at)
    return ""


def _of_next(folder: WorkspaceFolder, last: Refresh | None, now: datetime) -> Iterator[Finding]:
    refresh = Schedule() if last is None else last.schedule
    settings = {it.name: it for it in exports(folder)}
    for name, due in next_due(folder, now=now, refresh=refresh).items():
        export = settings[name]
        if not export.active or not export.connection:
            yield Finding(
                "next due",
                name,
                HealthLevel.OK,
                (_("Never: it is not active.") if not export.active else _("Detached.")),
            )
        elif due is None:
            yield Finding("next due", name, HealthLevel.OK, _("By its schedule: {schedule}.", schedule=export.schedule))
        elif due < now - _LATE_AFTER:
            said = _("It was due at {due:%Y-%m-%d %H:%M} UTC. See that the scheduler calls the refresh.", due=due)
            yield Finding("next due", name, HealthLevel.CRITICAL, said, due)
        else:
            yield Finding("next due", name, HealthLevel.OK, _("{due:%Y-%m-%d %H:%M} UTC.", due=due), due)


def _of_signatures(altered: list[AlteredRow]) -> Iterator[Finding]:
    for row in altered:
        yield Finding("signatures", "row", HealthLevel.CRITICAL, row.sentence)
    if not altered:
        yield Finding("signatures", "all", HealthLevel.OK, _("All is as it was signed."))


def _of_exports(
    folder: WorkspaceFolder, last: Refresh | None, active: list[Export], ran: Mapping[str, Run]
) -> Iterator[Finding]:
    troubles = _troubles(folder, Subject.EXPORT)
    uncertain = uncertain_exports(folder)
    retrying = {
        it.export: "" if it.error is None else it.error.what
        for it in (last.exports if last else ())
        if it.status is RunStatus.FAILED_RETRYING
    }
    for export in active:
        if export.name in troubles:
            error, since = troubles[export.name]
            said = _(
                "{headline} since {since:%Y-%m-%d %H:%M} UTC. {error}",
                headline=headline(error.code),
                since=since,
                error=error,
            )
            yield Finding("export", export.name, HealthLevel.CRITICAL, said, since)
        elif export.name in retrying:
            yield Finding(
                "export",
                export.name,
                HealthLevel.WARNING,
                _("Is tried again. {retrying}", retrying=retrying[export.name]),
            )
        elif export.name in uncertain:
            said = _(
                "Run {uncertain} lost its lease, and may have changed a list since. Run the export: "
                "it sends again what is uncertain.",
                uncertain=uncertain[export.name],
            )
            yield Finding("export", export.name, HealthLevel.WARNING, said)
        elif (run := ran.get(export.name)) is not None and run.status is RunStatus.FAILED:
            said = _("Its last run failed. {error}", error="" if run.error is None else run.error.sentences)
            yield Finding("export", export.name, HealthLevel.WARNING, said, run.started_at)
        else:
            yield Finding("export", export.name, HealthLevel.OK, _("Nothing is known to be wrong."))


def _of_ledgers(ran: Mapping[str, Run]) -> Iterator[Finding]:
    """Tell which exports were stopped last because another workspace, or a copy of this one, changed their lists."""
    for export, run in ran.items():
        if run.error is not None and run.error.code is ErrorCode.LEDGER_DIVERGED:
            yield Finding("ledger", export, HealthLevel.CRITICAL, run.error.sentences, run.started_at)


def _of_suppressions(folder: WorkspaceFolder) -> Iterator[Finding]:
    """Tell when no export can run because entries of the suppression list are lost or altered."""
    try:
        require_suppressions(folder)
    except (SuppressionsLostError, SignatureError) as error:
        yield Finding(
            "suppressions", "all", HealthLevel.CRITICAL, _("{what} {remedy}", what=error.what, remedy=error.remedy)
        )


def _of_connections(folder: WorkspaceFolder, active: list[Export]) -> Iterator[Finding]:
    troubles = _troubles(folder, Subject.CONNECTION)
    used = {it.connection for it in active}
    for connection in connections(folder).values():
        named = ("connection", connection.name)
        try:
            credentials_of(folder, connection.name)
        except ToolkitError as unusable:
            level = HealthLevel.CRITICAL if connection.name in used else HealthLevel.WARNING
            yield Finding(*named, level, unusable.info.sentences)
            continue
        if connection.name in troubles:
            error, since = troubles[connection.name]
            yield Finding(*named, HealthLevel.CRITICAL, f"Since {since:%Y-%m-%d %H:%M} UTC. {error}", since)
        elif connection.rotate_because:
            said = _(
                "Rotate its secret at Criteo, because of {rotate_because}.",
                rotate_because=", ".join(connection.rotate_because),
            )
            yield Finding(*named, HealthLevel.WARNING, said)
        elif lacking := _without_consent(active, connection.name, connection.advertisers):
            said = _(
                "Advertiser {lacking} of an export does not consent any more: have its administrator consent anew.",
                lacking=lacking,
            )
            yield Finding(*named, HealthLevel.CRITICAL, said)
        else:
            yield Finding(*named, HealthLevel.OK, _("Its secret opens, and consent was given to the text as it is."))


def _without_consent(active: list[Export], connection: str, advertisers: dict[str, str]) -> str | None:
    chosen = (it.advertiser_id for it in active if it.connection == connection and it.advertiser_id)
    return next((it for it in chosen if it not in advertisers), None)


def _of_tables(folder: WorkspaceFolder) -> Iterator[Finding]:
    for name, (error, since) in _troubles(folder, Subject.TABLE).items():
        yield Finding(
            "table",
            name,
            HealthLevel.CRITICAL,
            _("Since {since:%Y-%m-%d %H:%M} UTC. {error}", since=since, error=error),
            since,
        )


def _troubles(folder: WorkspaceFolder, subject: Subject) -> dict[str, tuple[ErrorInfo, datetime]]:
    """Return what is wrong with the matters of a kind, and since when, by name."""
    return {
        it.matter.name: (it.error, it.since)
        for it in alert_states(folder)
        if it.matter.subject is subject and it.error is not None
    }


def _of_lists(folder: WorkspaceFolder) -> Iterator[Finding]:
    for it in find_abandoned(folder).untended:
        yield Finding("list", f"{it.name} ({it.list_id})", HealthLevel.WARNING, it.sentence, value=it.held)


def _of_unused_lists(folder: WorkspaceFolder, active: list[Export]) -> Iterator[Finding]:
    """Tell which lists of active exports no ad set uses: they reach nobody. It is no warning: one may be new."""
    segments = sorted({it for export in active for it in chosen_segments(folder, export).segments})
    seen: set[str] = set()
    for used in (segment_usage(folder, it) for it in segments):
        lists = used.frame.filter(pl.col("list_id").is_not_null())
        for (list_id, name), its in lists.group_by("list_id", "list", maintain_order=True):
            named = ("list", f"{name} ({list_id})")
            if list_id in seen or its["ad_set_id"].is_not_null().any():
                continue
            seen.add(str(list_id))
            if used.doubts:
                yield Finding(*named, HealthLevel.OK, sentences(used.doubts))
            elif its["audience_id"].is_not_null().any():
                yield Finding(
                    *named, HealthLevel.OK, _("No ad set targets an audience of this list: it reaches nobody.")
                )
            else:
                yield Finding(*named, HealthLevel.OK, _("No Criteo audience uses this list: it reaches nobody."))


def _of_audiences(folder: WorkspaceFolder) -> Iterator[Finding]:
    """Tell how declared Criteo audiences stand at Criteo: what is not as it was applied is a warning."""
    plan = plan_audiences(folder)
    for it in plan:
        named = ("Criteo audience", it.name)
        if it.problem is not None:
            may_not = it.problem.code is ErrorCode.ACCESS
            yield Finding(*named, HealthLevel.OK if may_not else HealthLevel.WARNING, it.problem.sentences)
        elif it.is_lost:
            yield Finding(*named, HealthLevel.WARNING, it.sentence)
        else:
            yield Finding(*named, HealthLevel.OK, _AUDIENCE_SAID[it.step])
    for said in plan.notices:
        yield Finding("Criteo audience", "all", HealthLevel.OK, said)


_AUDIENCE_SAID = {
    AudienceStep.UNCHANGED: _("Criteo has it as it is declared."),
    AudienceStep.CREATE: _("It is not applied yet."),
    AudienceStep.CHANGE: _("It was declared anew, and is not applied yet."),
    AudienceStep.ADOPT: _("It is not applied yet."),
    AudienceStep.LEFT_BEHIND: _("This workspace made it at Criteo, and no declaration says it any more."),
}


def _of_growth(folder: WorkspaceFolder) -> Finding:
    """Tell how large the workspace's own files are: the database, what lists hold, histories and reports of runs."""
    size = bytes_below(folder.path)
    said = _("The workspace takes {size:,.2f} GB.", size=size / 1000000000.0)
    named = ("growth", str(folder.path))
    if size > _MOST_BYTES_OF_A_WORKSPACE:
        advice = _("{said} You may move reports of old runs elsewhere: they are below its folder runs.", said=said)
        return Finding(*named, HealthLevel.WARNING, advice, value=size)
    return Finding(*named, HealthLevel.OK, said, value=size)


def _of_disk(folder: WorkspaceFolder) -> Finding:
    usage = shutil.disk_usage(folder.path)
    share = usage.free / usage.total
    said = _("{free:,.1f} GB free, {share:.0%}.", free=usage.free / 1000000000.0, share=share)
    named = ("disk", str(folder.path))
    if usage.free < _LEAST_FREE_BYTES:
        return Finding(
            *named, HealthLevel.CRITICAL, _("{said} Make room: a full disk stops runs.", said=said), value=usage.free
        )
    if share < _LEAST_FREE_SHARE:
        return Finding(
            *named, HealthLevel.WARNING, _("{said} Make room before it is full.", said=said), value=usage.free
        )
    return Finding(*named, HealthLevel.OK, said, value=usage.free)


def _metric(name: str, finding: Finding, value: float) -> str:
    labels = ",".join(f'{label}="{_escaped(text)}"' for label, text in (("what", finding.what), ("name", finding.name)))
    return f"{name}{{{labels}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
