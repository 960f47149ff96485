"""One run of an export, from its tables to its report."""

from collections.abc import Collection, Sequence
from typing import Any

from toolkit.audience import LEFT_OUT, Audience, audience_of
from toolkit.checks import CheckResults, check_audience, check_profile_columns, preload
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL, CriteoClient, Wait
from toolkit.errors import DataError
from toolkit.runs.guards import Guard, Stop, guard_age, guard_change, guard_writing, pass_guards
from toolkit.runs.ledger import Batch, Ledger, Operation
from toolkit.runs.lifecycle import RunKeeper, Trigger, now, recorded_run
from toolkit.runs.lists import IfListGone, abandoned_lists, find_list, list_record
from toolkit.runs.plan import KnownState, Plan, plan_push
from toolkit.runs.progress import Observer, Progress, Step, nobody
from toolkit.runs.push import push
from toolkit.runs.report import write_report
from toolkit.runs.run import Run, last_inputs, run_of
from toolkit.workspace import Export, Mode, WorkspaceFolder
from toolkit.workspace.connections import client_of, credentials_of
from toolkit.workspace.exports import export_of, require_runnable
from toolkit.workspace.records import ContactListRecord

Figures = dict[str, Any]


def run_export(
    folder: WorkspaceFolder,
    name: str,
    *,
    trigger: Trigger = Trigger.PERSON,
    dry_run: bool = False,
    allow: Collection[Guard] = (),
    if_list_gone: IfListGone = IfListGone.STOP,
    observer: Observer = nobody,
) -> Run:
    """Run an export now and return the run as it was recorded, successful or not.

    A dry run does everything but send, and tells as warnings what guards would stop. ``allow`` names the guards that
    are passed knowingly. Raises what keeps a run from beginning: an unknown export
    (ConfigurationError), one that is running already (BusyError), a connection that one may not use (AccessError).
    """
    export = export_of(folder, name)
    require_runnable(folder, export)
    credentials = credentials_of(folder, export.connection)
    with recorded_run(folder, export, trigger=trigger, dry_run=dry_run) as keeper:
        observer(Progress(Step.PREPARE))
        preload()
        inputs = _inputs(folder, export)
        keeper.note(inputs=inputs)
        stops = guard_age(inputs, last_inputs(folder, export.name))
        audience = _checked_audience(folder, export, keeper=keeper, observer=observer)
        stops += guard_writing(inputs, _inputs(folder, export))
        if dry_run:
            stops += _preview_plans(folder, export, audience, keeper=keeper, observer=observer)
            keeper.warn(f"A run would stop here ({it.guard.value}): {it.what}" for it in stops)
        else:
            work = _Push(folder, export, audience, keeper=keeper, observer=observer)
            with client_of(credentials, observer=work.on_wait) as criteo:
                work.send(criteo, if_list_gone, stops=stops, allow=allow)
        observer(Progress(Step.DONE))
    run = run_of(folder, keeper.id)
    write_report(run)
    return run


def _inputs(folder: WorkspaceFolder, export: Export) -> list[dict[str, Any]]:
    segments = [*export.segments, *export.exclude]
    files = [*folder.profiles.inputs(), *folder.segments.inputs(segments)]
    return [
        {
            "path": it.path,
            "size_bytes": it.size_bytes,
            "modified_at": it.modified_at.isoformat() if it.modified_at else None,
            "rows": it.rows,
            "version": it.version,
        }
        for it in files
    ]


def _checked_audience(folder: WorkspaceFolder, export: Export, *, keeper: RunKeeper, observer: Observer) -> Audience:
    """Prepare the audience and check it; raises DataError when a check of level error fails."""
    columns = folder.profiles.columns
    audience = None
    if export.email_column in columns:
        audience = audience_of(
            folder.profiles,
            folder.segments,
            export.segments,
            email_column=export.email_column,
            exclude=export.exclude,
            form=export.form,
        )
        keeper.note(segments=[_figures(row) for row in audience.counts.iter_rows(named=True)])
    observer(Progress(Step.CHECK))
    results = check_profile_columns(columns, export.email_column, export.thresholds)
    if audience is not None:
        results += check_audience(audience, export.thresholds)
    keeper.note(checks=results.frame.to_dicts())
    keeper.warn(it.sentence for it in results.warnings)
    return _passed(audience, results)


def _passed(audience: Audience | None, results: CheckResults) -> Audience:
    if results.errors or audience is None:
        raise DataError(
            " ".join(it.sentence for it in results.errors) + " Nothing was sent.",
            " ".join(dict.fromkeys(it.remedy for it in results.errors)),
        )
    return audience


def _figures(counts: dict[str, Any]) -> Figures:
    """Return the row of the report that a segment begins with."""
    reasons = {status.value: counts[status.value] for status in LEFT_OUT}
    return {
        "segment": counts["segment"],
        "members": counts["members"],
        "exportable": counts["exportable"],
        **reasons,
        "added": 0,
        "removed": 0,
        "rejected": 0,
        "batches": 0,
        "seconds": 0.0,
        "list_id": None,
    }


def _preview_plans(
    folder: WorkspaceFolder, export: Export, audience: Audience, *, keeper: RunKeeper, observer: Observer
) -> list[Stop]:
    observer(Progress(Step.PLAN))
    ledger = Ledger(folder, keeper.id, now=now)
    host = credentials_of(folder, export.connection).host
    rows = []
    stops: list[Stop] = []
    for row in audience.counts.iter_rows(named=True):
        record = list_record(folder, export, row["segment"], host=host)
        plan = _plan(ledger, record, export, audience)
        stops += _guard(ledger, record, export, audience)
        batches = ledger.count_batches(plan, MAX_IDENTIFIERS_A_CALL)
        planned = {"added": len(plan.add), "removed": len(plan.remove), "batches": batches}
        rows.append(_figures(row) | planned | {"list_id": record.criteo_id})
    keeper.note(segments=rows)
    return stops


def _guard(ledger: Ledger, record: ContactListRecord, export: Export, audience: Audience) -> list[Stop]:
    # Who replaces asks for the whole list anew, also where the record of what it holds is lost.
    if export.mode is Mode.REPLACE:
        return []
    return guard_change(
        record.segment,
        audience.identifiers(record.segment),
        ledger.last_held(record) if record.form == export.form.value else None,
        most_change=export.thresholds.most_change,
    )


def _plan(ledger: Ledger, record: ContactListRecord, export: Export, audience: Audience) -> Plan:
    known = KnownState.empty() if export.mode is Mode.REPLACE else ledger.state_of(record)
    return plan_push(audience.identifiers(record.segment), known, mode=export.mode, form=export.form)


class _Push:
    """The sending part of a run: the lists one after the other, the figures kept up to date."""

    def __init__(
        self,
        folder: WorkspaceFolder,
        export: Export,
        audience: Audience,
        *,
        keeper: RunKeeper,
        observer: Observer,
    ) -> None:
        self._folder = folder
        self._export = export
        self._audience = audience
        self._keeper = keeper
        self._observer = observer
        self._ledger = Ledger(folder, keeper.id, now=now)
        self._rows = {row["segment"]: _figures(row) for row in audience.counts.iter_rows(named=True)}
        self._done = self._total = 0
        self._waits: list[Wait] = []
        self._passed: list[str] = []

    def send(
        self, criteo: CriteoClient, if_list_gone: IfListGone, *, stops: Sequence[Stop], allow: Collection[Guard]
    ) -> None:
        """Find the lists, plan for all of them, and unless a guard stops it, send list by list."""
        self._observer(Progress(Step.PLAN))
        try:
            records = [self._find(criteo, segment, if_list_gone) for segment in self._export.segments]
            plans = [_plan(self._ledger, record, self._export, self._audience) for record in records]
            found = [it for record in records for it in _guard(self._ledger, record, self._export, self._audience)]
            self._passed = pass_guards([*stops, *found], allow)
            self._total = sum(len(plan.add) + len(plan.remove) for plan in plans)
            for record, plan in zip(records, plans, strict=True):
                self._send_list(criteo, record, plan)
        finally:
            self._keeper.note(segments=list(self._rows.values()), notes=self._notes())
        self._tell_warnings(criteo)

    def on_wait(self, wait: Wait) -> None:
        """Remember that Criteo's service made the run wait, and show it. Called from several threads."""
        self._waits.append(wait)
        self._observer(Progress(Step.PUSH, self._done, self._total, waiting=str(wait)))

    def _notes(self) -> list[str]:
        if not self._waits:
            return self._passed
        times = "once" if len(self._waits) == 1 else f"{len(self._waits)} times"
        seconds = sum(it.seconds for it in self._waits)
        waited = f"The run waited for Criteo {times}, {seconds:.0f} s in all. The last time: {self._waits[-1].reason}"
        return [*self._passed, waited]

    def _find(self, criteo: CriteoClient, segment: str, if_list_gone: IfListGone) -> ContactListRecord:
        record = list_record(self._folder, self._export, segment, host=criteo.host)
        found = find_list(self._folder, record, export=self._export, criteo=criteo, if_list_gone=if_list_gone)
        self._rows[segment]["list_id"] = found.criteo_id
        return found

    def _send_list(self, criteo: CriteoClient, record: ContactListRecord, plan: Plan) -> None:
        figures = self._rows[record.segment]

        def on_batch(batch: Batch) -> None:
            counted = {Operation.ADD: "added", Operation.REMOVE: "removed"}.get(batch.operation)
            if counted:
                figures[counted] += len(batch.identifiers)
            figures["batches"] += 1
            self._done += len(batch.identifiers)
            self._observer(Progress(Step.PUSH, self._done, self._total))

        pushed = push(
            self._ledger.write_plan(record, plan, MAX_IDENTIFIERS_A_CALL),
            record,
            criteo=criteo,
            ledger=self._ledger,
            form=self._export.form,
            addresses=self._audience.addresses,
            on_batch=on_batch,
        )
        self._ledger.settle(record)
        figures["rejected"] = pushed.rejected
        figures["seconds"] = round(pushed.seconds, 3)

    def _tell_warnings(self, criteo: CriteoClient) -> None:
        self._keeper.warn(
            f"Criteo rejected {row['rejected']:,} identifiers of segment {row['segment']!r} as invalid."
            for row in self._rows.values()
            if row["rejected"]
        )
        self._keeper.warn(
            f"Segment {it.segment!r} is no longer in the export; its list {it.name!r} ({it.criteo_id}) stays as it was."
            for it in abandoned_lists(self._folder, self._export)
        )
        self._keeper.warn(str(notice) for notice in criteo.notices)
