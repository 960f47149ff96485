"""One run of an export, from its tables to its report."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
from toolkit.errors import BusyError, ConfigurationError, OutdatedInputError, UnavailableError
from toolkit.exports.connections import client_of, credentials_of
from toolkit.exports.export import Export, Mode
from toolkit.exports.saved_exports import chosen_segments, export_of, exports, require_runnable
from toolkit.files import write_atomically
from toolkit.identifiers import first_type
from toolkit.runs.consent import ends_before_next_run
from toolkit.runs.guards import Guard, GuardViolation, guard_age, guard_checks, guard_writing, pass_guards, would_stop
from toolkit.runs.leftovers import sweep_workspace
from toolkit.runs.lifecycle import RunRecorder, end_dead_runs, now, track_run
from toolkit.runs.lists import IfListGone
from toolkit.runs.marks import Marks
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.preflight import check_prepared, doubts_of_further_types, prepared
from toolkit.runs.progress import Observer, Step, nobody
from toolkit.runs.report import write_report
from toolkit.runs.run import Run, last_inputs, last_run, run_before, run_of
from toolkit.runs.targets import figures_of, figures_without_advertiser, targets_of
from toolkit.runs.transfer import PreparedLists, Transfer
from toolkit.segments import StartedBy, built_segments_of, rebuild_if_stale
from toolkit.sources.files import InputFile
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Lease, call_patience
from toolkit.state.states import RunStatus, Trigger
from toolkit.translatable import _
from toolkit.validation import CheckResults, preload, write_data_docs

_LONGEST_SINCE_READ = timedelta(hours=1)
"""Far longer than a run takes, and short enough for people who withdraw meanwhile."""


def run_export(
    folder: WorkspaceFolder,
    name: str,
    *,
    trigger: Trigger = Trigger.PERSON,
    dry_run: bool = False,
    mode: Mode | None = None,
    allow: Collection[Guard] = (),
    if_list_gone: IfListGone = IfListGone.STOP,
    batch_size: int = MAX_IDENTIFIERS_A_CALL,
    resumes: str | None = None,
    refresh_id: str | None = None,
    is_retried: bool = False,
    observer: Observer = nobody,
) -> Run:
    """Run an export now and return the run as it was recorded, successful or not.

    A dry run does everything but send, and tells as warnings what guards would stop. ``mode`` is another one for this
    run only. ``allow`` names the guards that are passed knowingly. ``batch_size`` is how many identifiers are sent, and
    acknowledged, at a time. ``is_retried`` says that who started it runs it again when it fails of what may pass.

    Raises what keeps a run from beginning: an unknown export or a batch size that Criteo does not take
    (ConfigurationError), a run that is going on already (BusyError), a connection that one may not use (AccessError).
    """
    export = export_of(folder, name)
    require_runnable(folder, export)
    _require_batch_size(batch_size)
    credentials = credentials_of(folder, export.connection)
    export = export if mode is None else export.in_mode(mode)
    begun = track_run(
        folder,
        export,
        trigger=trigger,
        dry_run=dry_run,
        allowed=allow,
        resumes=resumes,
        refresh_id=refresh_id,
        is_retried=is_retried,
        observer=observer,
    )
    with begun as keeper:
        keeper.begin(Step.PREPARE)
        preload()
        _bring_segments_up_to_date(folder, export, trigger)
        export = chosen_segments(folder, export)
        read_at = now()
        inputs = _inputs(folder, export)
        keeper.note_inputs(inputs)
        prepared, stops = _prepared_and_checked(folder, export, keeper=keeper, host=credentials.host)
        stops += guard_age(inputs, last_inputs(folder, export.name))
        stops += guard_writing(inputs, _inputs(folder, export))
        work = Transfer(
            folder,
            export,
            prepared,
            host=credentials.host,
            batch_size=batch_size,
            keeper=keeper,
            observer=observer,
        )
        keeper.begin(Step.PLAN)
        stops += work.guard()
        campaigns = work.ask_campaigns(credentials, trigger)
        stops += campaigns.stops
        keeper.warn_all(campaigns.notices)
        if dry_run:
            keeper.warn_all(would_stop(stops))
            work.preview()
        else:
            passed = pass_guards(stops, allow, beside=campaigns.beside)
            with client_of(
                credentials,
                waiting=trigger.waiting,
                patience=call_patience(),
                observer=work.on_wait,
                guard=lambda: _require_current(keeper.lease, read_at),
            ) as criteo:
                # Who replaces asks for the whole list anew, whoever filled it.
                accepts_others = export.mode is Mode.REPLACE or Guard.OTHER_LEDGER in allow
                marks = Marks(folder, keeper.id, criteo, accepts_others=accepts_others)
                work.send(criteo, marks, if_list_gone, passed=passed)
        keeper.begin(Step.DONE)
    sweep_workspace(folder)
    run = run_of(folder, keeper.id)
    return _reported(run, run_before(folder, run), language=folder.settings.language)


def resume_export(
    folder: WorkspaceFolder,
    name: str,
    *,
    batch_size: int = MAX_IDENTIFIERS_A_CALL,
    observer: Observer = nobody,
) -> Run:
    """Take up the last run of the export, which failed or was ended: send what is missing, as the tables are now.

    What that run was allowed to pass is passed again; ``batch_size`` is as in ``run_export``. Raises ConfigurationError
    when there is nothing to take up, BusyError when it is still going on.
    """
    export_of(folder, name)
    end_dead_runs(folder)
    last = last_run(folder, name)
    if last is None or last.status is RunStatus.SUCCESSFUL:
        said = _("never ran") if last is None else _("ended well the last time")
        raise ConfigurationError(
            _("There is nothing to resume: export {name!r} {said}.", name=name, said=said), _("Run it instead.")
        )
    if last.status is RunStatus.RUNNING:
        raise BusyError(
            _("Run {last} of export {name!r} is going on.", last=last.id, name=name),
            _("Wait until it is over, or cancel it."),
        )
    # To take a list over is decided by who sees whose it is, each time.
    allow = [it for it in last.allowed if it is not Guard.OTHER_LEDGER]
    return run_export(folder, name, allow=allow, batch_size=batch_size, resumes=last.id, observer=observer)


def _require_current(lease: Lease, read_at: datetime) -> None:
    """Raise LeaseLostError when the run lost its lease, OutdatedInputError when it read its tables too long ago.

    A process may have been stopped, or its machine asleep, without anybody taking over. Who withdrew their consent or
    was suppressed meanwhile is not sent.
    """
    lease.guard()
    if now() - read_at > _LONGEST_SINCE_READ:
        raise OutdatedInputError(
            _("The tables were read at {read_at}, and too long ago to send what they held.", read_at=read_at),
            _("Run the export again: it reads them as they are now, and sends what is missing."),
        )


def _reported(run: Run, previous: Run | None, *, language: str | None) -> Run:
    """Write the report of the run; one that can't be written is a warning, and changes nothing of how it ended."""
    try:
        write_report(run, previous, language=language)
    except UnavailableError as error:
        missing = Notice(NoticeCode.REPORT_MISSING, _("The report is missing. {error}", error=error))
        return replace(run, warnings=(*run.warnings, missing))
    return run


def active_exports(folder: WorkspaceFolder) -> list[str]:
    """Return the names of the exports that ``runs.start_all`` runs: the active ones that have a connection."""
    return [it.name for it in exports(folder) if it.active and it.connection]


def _require_batch_size(size: int) -> None:
    """Raise ConfigurationError unless it is a whole number of identifiers that one call takes."""
    remedy = _("Give batch_size from 1 to {max_identifiers_a_call:,}.", max_identifiers_a_call=MAX_IDENTIFIERS_A_CALL)
    if isinstance(size, bool) or not isinstance(size, int):
        raise ConfigurationError(_("batch_size is no whole number but a {kind}.", kind=type(size).__name__), remedy)
    if not 1 <= size <= MAX_IDENTIFIERS_A_CALL:
        raise ConfigurationError(_("A batch can't have {size:,} identifiers.", size=size), remedy)


def _bring_segments_up_to_date(folder: WorkspaceFolder, export: Export, trigger: Trigger) -> None:
    started_by = StartedBy.REFRESH if trigger is Trigger.REFRESH else StartedBy.RUN
    for name in built_segments_of(folder, export):
        rebuild_if_stale(folder, name, started_by=started_by)


def _inputs(folder: WorkspaceFolder, export: Export) -> list[InputFile]:
    return [*folder.profiles.inputs(), *folder.segments.inputs([*export.segments, *export.exclude])]


def _prepared_and_checked(
    folder: WorkspaceFolder, export: Export, *, keeper: RunRecorder, host: str
) -> tuple[PreparedLists, list[GuardViolation]]:
    """Prepare the audiences and check that of e-mails; return what failed of level error and may be passed.

    Raises DataError when a check fails that can't be passed.
    """
    audiences = prepared(folder, export)
    found = PreparedLists(
        figures_of(targets_of(folder, export, audiences, host=host)), figures_without_advertiser(audiences)
    )
    keeper.note_lists([*found.figures.values(), *found.without_advertiser])
    if audiences:
        first = audiences[first_type(audiences)]
        keeper.warn(NoticeCode.KEYS_SPELT_OTHERWISE, first.spelt_otherwise.sentences)
        keeper.warn(NoticeCode.FURTHER_IDENTIFIERS, doubts_of_further_types(audiences, export))
        keeper.warn(NoticeCode.CONSENT_ENDS, filter(None, [ends_before_next_run([*audiences.values()], export)]))
    keeper.begin(Step.CHECK)
    # Not before the scan: Great Expectations is imported meanwhile.
    results = check_prepared(folder, export, audiences)
    keeper.note_checks(results.rows)
    title = _("Checks of export {export!r}, run {run}", export=export.name, run=keeper.id)
    _keep_found(results, folder.path / "runs" / keeper.id, title=title, language=folder.settings.language)
    keeper.warn(NoticeCode.CHECK_FAILED, (it.sentence for it in results.warnings))
    return found, guard_checks(results.errors)


def _keep_found(results: CheckResults, place: Path, *, title: str, language: str | None) -> None:
    """Write the Data Docs, and whose rows made checks fail: keys, beside the report and not in it."""
    write_data_docs(results, place, title=title, language=language)
    failed = results.failed.unexpected
    if not failed.is_empty():
        write_atomically(place / "unexpected.parquet", failed.write_parquet)
