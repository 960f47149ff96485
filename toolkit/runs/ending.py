"""Contact lists that are emptied or deleted at Criteo because nobody is to fill them any more.

Whoever does so is a run of its own that is recorded, with a batch for each list that is emptied: what ends it half-way
leaves nobody sure of what the lists hold, and the next run of whoever fills one sends it anew.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

import polars as pl
from sqlalchemy import select

from toolkit.access.people import Role, require_actor
from toolkit.audience import HashFormat
from toolkit.criteo import CriteoClient
from toolkit.errors import AccessError, BusyError, ConfigurationError, DataError, LedgerDivergedError, ListGoneError
from toolkit.exports.connections import client_of, connections, credentials_of
from toolkit.exports.export import Export
from toolkit.runs.abandoned import abandoned_list, fillers_of
from toolkit.runs.abandoned_lists import AbandonedList
from toolkit.runs.blast_radius import ask_blast_radius, ended_lists
from toolkit.runs.diff import Plan
from toolkit.runs.guards import Guard, pass_guards
from toolkit.runs.ledger import Ledger
from toolkit.runs.lifecycle import end_dead_runs, now, track_run
from toolkit.runs.list_result import ListResult
from toolkit.runs.lists import ListDisposal, empty_record, lease_list, others_of
from toolkit.runs.marks import ShownLists, diverged, judge, marked_lists
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.progress import Step, nobody
from toolkit.runs.pusher import push
from toolkit.runs.run import Run, run_of
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import call_patience
from toolkit.state.models import ConnectionRecord, ContactListRecord, ExportRecord, RunRecord
from toolkit.state.states import RunStatus, Trigger
from toolkit.translatable import _

Records = Sequence[ContactListRecord]
"""All that is known of one list: a record for each segment that was put into it."""


def end_abandoned(
    folder: WorkspaceFolder,
    list_id: str,
    chosen: ListDisposal,
    *,
    host: str | None = None,
    allow: Collection[Guard] = (),
) -> Run | None:
    """Empty, delete or knowingly keep a list that is left behind.

    Args:
        folder: The workspace.
        list_id: The list's id at Criteo.
        chosen: What becomes of it.
        host: Which Criteo, where two have a list of that id.
        allow: Guards to pass: ``live campaign`` ends a list that a live ad set depends on.

    Returns:
        The run that did it, successful; None when the list is kept.

    Raises:
        ConfigurationError: The list is not left behind, is filled by an export, or no connection goes there.
        AccessError: The person is a viewer, or may not use the connection.
        GuardError: A live ad set depends on the list, and that is not allowed. Nothing was changed.
        RunFailedError: Criteo could not be asked, or refused.
    """
    found, records = abandoned_list(folder, list_id, host)
    if chosen is ListDisposal.KEEP:
        _keep(folder, found, records)
        return None
    if found.filled_by:
        raise ConfigurationError(
            _(
                "List {found!r} ({list_id}) was not changed: export {filled_by!r} fills it too.",
                found=found.name,
                list_id=list_id,
                filled_by=found.filled_by[0],
            ),
            found.remedy,
        )

    def still_left_behind() -> list[Records]:
        # Since it was looked at, somebody may have had an export fill it again.
        again, its_records = abandoned_list(folder, list_id, found.host)
        if again.filled_by:
            raise ConfigurationError(again.what, again.remedy)
        return [its_records]

    name = connection_to(folder, records[0])
    passed = _pass_campaigns(folder, name, records[:1], allow)
    return _end(folder, name, [records], chosen, once_leased=still_left_behind, allow=allow, passed=passed)


def dispose_lists(
    folder: WorkspaceFolder, connection_name: str, chosen: ListDisposal, *, allow: Collection[Guard] = ()
) -> None:
    """Empty or delete the lists at Criteo that exports of the connection filled; one that is gone is passed over.

    ``allow`` names guards to pass: ``live campaign`` ends lists that a live ad set depends on.

    Raises:
        GuardError: A live ad set depends on one of them, and that is not allowed. Nothing was changed.
        ConfigurationError: An export of another connection fills one of them too. Nothing was changed.
        LedgerDivergedError: Another ledger changed one of them. Nothing was changed.
        BusyError: One of the exports is running. Nothing was changed.
        RunFailedError: Criteo could not be asked, or refused: the lists of some exports may be ended already.
    """
    if chosen is ListDisposal.KEEP:
        return
    filled = _filled_through(folder, connection_name)
    if not filled:
        return
    lists = {it.criteo_id: it for it in filled if it.criteo_id}
    host = filled[0].host

    def require_nobody_else() -> None:
        _require_no_others_fill(folder, connection_name, host, lists)

    require_nobody_else()
    _require_none_running(folder, filled)
    with client_of(
        credentials_of(folder, connection_name), waiting=Trigger.LISTS.waiting, patience=call_patience()
    ) as criteo:
        _require_own(
            folder,
            host,
            lists,
            criteo,
            remedy=_("Remove it with lists='keep', and end the lists where they are filled."),
        )
    passed = _pass_campaigns(folder, connection_name, list(lists.values()), allow)
    for export_id in dict.fromkeys(it.export_id for it in lists.values()):
        its_lists = [it for it in lists.values() if it.export_id == export_id]

        def with_all_that_is_known(its_lists: Records = its_lists) -> list[Records]:
            # Who begins to fill one from now on is kept from it by the lease.
            require_nobody_else()
            return [[it, *others_of(folder, it)] for it in its_lists]

        _end(
            folder,
            connection_name,
            [[it] for it in its_lists],
            chosen,
            once_leased=with_all_that_is_known,
            allow=allow,
            passed=passed,
        )


def _pass_campaigns(
    folder: WorkspaceFolder, connection_name: str, records: Records, allow: Collection[Guard]
) -> list[Notice]:
    """Ask what depends on lists that are about to be ended; return what is told of it and what was passed knowingly.

    Raises GuardError when a live ad set depends on one, and that is not allowed.
    """
    found = ask_blast_radius(folder, connection_name, ended_lists(records))
    return [*pass_guards(found.stops, allow, beside=found.beside), *found.notices]


def connection_to(folder: WorkspaceFolder, record: ContactListRecord) -> str:
    """Return a connection to the list's advertiser that the person may use, that of its export if it is one.

    Another account may be told that the list is not there, although it is.

    Raises:
        AccessError: There is one, and it is not shared with the person.
        ConfigurationError: There is none.
    """
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        there = session.scalars(select(ConnectionRecord).where(ConnectionRecord.host == record.host)).all()
        own = session.get_one(ExportRecord, record.export_id).connection_id
    reaching = [it for it in there if record.advertiser_id in {each["id"] for each in it.advertisers}]
    shared = connections(folder)
    mine = [it for it in reaching if it.name in shared]
    if not mine:
        remedy = _("Have it shared, or make one to that advertiser, or empty the list at Criteo.")
        which = {
            "name": record.name,
            "list_id": record.criteo_id,
            "advertiser_id": record.advertiser_id,
            "host": record.host,
        }
        not_shared = _(
            "List {name!r} ({list_id}) of advertiser {advertiser_id} at {host} was not changed: "
            "no connection there is shared with you.",
            **which,
        )
        not_there = _(
            "List {name!r} ({list_id}) of advertiser {advertiser_id} at {host} was not changed: "
            "no connection goes there any more.",
            **which,
        )
        raise AccessError(not_shared, remedy) if reaching else ConfigurationError(not_there, remedy)
    return next((it.name for it in mine if it.id == own), mine[0].name)


def _end(
    folder: WorkspaceFolder,
    connection_name: str,
    lists: Sequence[Records],
    chosen: ListDisposal,
    *,
    once_leased: Callable[[], Sequence[Records]],
    allow: Collection[Guard],
    passed: Sequence[Notice],
) -> Run:
    """Empty or delete lists, as a run of the export that filled the first; return the run, successful.

    Args:
        folder: The workspace.
        connection_name: The connection.
        lists: What is known of each list.
        chosen: What becomes of them.
        once_leased: Returns what is known of them when nobody else changes them any more.
        allow: The guards that were allowed to be passed.
        passed: What was passed knowingly, and what is told of campaigns.
    """
    credentials = credentials_of(folder, connection_name)
    settings = Export.model_validate({**lists[0][0].export.settings, "connection": connection_name})
    with track_run(folder, settings, trigger=Trigger.LISTS, allowed=allow, observer=nobody) as keeper:
        keeper.begin(Step.PUSH)
        keeper.warn_all(it for it in passed if it.code is not NoticeCode.GUARD_PASSED)
        for records in lists:
            lease_list(folder, keeper.lease, records[0])
        lists = once_leased()
        ledger = Ledger(folder, keeper.id, now=now, lease=keeper.lease, under_way=keeper.under_way)
        emptied = [_emptied(ledger, record) for records in lists for record in records]
        for records in lists:
            _audit(folder, Action.EMPTY_LIST if chosen is ListDisposal.EMPTY else Action.DELETE_LIST, records[0])
            for record in records:
                _doubt(ledger, record)
        with client_of(
            credentials, waiting=Trigger.LISTS.waiting, patience=call_patience(), guard=keeper.lease.guard
        ) as criteo:
            if chosen is ListDisposal.DELETE:
                _delete_all(folder, lists, ledger, criteo)
            else:
                _empty_all(folder, lists, ledger, criteo, run_id=keeper.id)
        keeper.note_lists(emptied, [it for it in passed if it.code is NoticeCode.GUARD_PASSED])
    return run_of(folder, keeper.id).raise_for_status()


def _delete_all(folder: WorkspaceFolder, lists: Sequence[Records], ledger: Ledger, criteo: CriteoClient) -> None:
    known = {records[0].criteo_id or "": records for records in lists}
    host = lists[0][0].host
    _require_own(folder, host, known, criteo, remedy=_("Delete it from the workspace that fills it, or keep it."))
    for list_id, records in known.items():
        # One that somebody deleted at Criteo holds nobody either.
        with suppress(ListGoneError):
            criteo.delete_list(list_id)
        _note_empty(folder, ledger, records, is_gone=True)


def _empty_all(
    folder: WorkspaceFolder, lists: Sequence[Records], ledger: Ledger, criteo: CriteoClient, *, run_id: str
) -> None:
    gone = set()
    with marked_lists(folder, [it[0] for it in lists], run_id=run_id, criteo=criteo) as refused:
        for problem in refused.values():
            raise problem
        for records in lists:
            try:
                _clear(ledger, records[0], criteo)
            except ListGoneError:
                gone.add(records[0].criteo_id)
    for records in lists:
        _note_empty(folder, ledger, records, is_gone=records[0].criteo_id in gone)


def _note_empty(folder: WorkspaceFolder, ledger: Ledger, records: Records, *, is_gone: bool) -> None:
    for record in records:
        ledger.mark_cleared(record)
        empty_record(folder, record, with_its_id=is_gone)


def _emptied(ledger: Ledger, record: ContactListRecord) -> ListResult:
    """Return the row of the report for a list that holds nobody afterwards; raises nothing for what is lost."""
    try:
        state = ledger.state_of(record)
    except DataError:
        removed = 0
    else:
        removed = pl.concat([state.held, state.uncertain]).n_unique()
    return ListResult(
        record.segment,
        record.advertiser_id,
        record.identifier_type,
        members=0,
        exportable=0,
        left_out={},
        removed=removed,
        list_id=record.criteo_id,
        size=0,
    )


_NO_MEMBERS = pl.DataFrame(schema={"identifier": pl.String, "customer": pl.String})


def _clear(ledger: Ledger, record: ContactListRecord, criteo: CriteoClient) -> None:
    """Empty the list, as a batch of the ledger: whatever ends this, it is known whether it was done."""
    nothing = pl.Series("identifier", [], dtype=pl.String)
    plan = Plan(clear=True, remove=nothing, add=nothing, leave=nothing)
    push(
        ledger.write_plan(record, plan, 1, wanted=_NO_MEMBERS),
        record,
        criteo=criteo,
        ledger=ledger,
        form=record.form or HashFormat.SHA256,
        addresses=None,
        on_batch=lambda _: None,
    )


def _doubt(ledger: Ledger, record: ContactListRecord) -> None:
    """Take nothing of the list for certain; what is lost already needs no doubt."""
    try:
        ledger.invalidate(record)
    except DataError:
        return


def _require_own(
    folder: WorkspaceFolder, host: str, list_ids: Iterable[str], criteo: CriteoClient, *, remedy: str
) -> None:
    """Raise LedgerDivergedError when another ledger changed one of the lists since."""
    shown = ShownLists.of(criteo, set(list_ids))
    shown.require_open()
    changed = diverged(folder, judge(folder, host, shown.found.values()).values())
    if changed is not None:
        raise LedgerDivergedError(_("{changed} Nothing was changed.", changed=changed), remedy)


def _filled_through(folder: WorkspaceFolder, connection_name: str) -> list[ContactListRecord]:
    """Return the lists that exports of the connection filled, at its host, with their exports."""
    with folder.reading() as session:
        query = (
            select(ContactListRecord)
            .join(ExportRecord)
            .join(ConnectionRecord, ConnectionRecord.id == ExportRecord.connection_id)
            .where(ConnectionRecord.name == connection_name, ContactListRecord.criteo_id.is_not(None))
            .where(ContactListRecord.host == ConnectionRecord.host)
            .order_by(ContactListRecord.id)
        )
        return [it for it in session.scalars(query) if it.export]


def _require_no_others_fill(folder: WorkspaceFolder, connection_name: str, host: str, lists: Iterable[str]) -> None:
    for it in fillers_of(folder, host, set(lists)):
        connection = it.export.connection
        if connection is not None and connection.name != connection_name:
            raise ConfigurationError(
                _(
                    "Export {export!r} of connection {connection!r} fills contact list {name!r} "
                    "({criteo_id}) too. Connection {connection_name!r} and its lists stay as they are.",
                    export=it.export.name,
                    connection=connection.name,
                    name=it.name,
                    criteo_id=it.criteo_id,
                    connection_name=connection_name,
                ),
                _(
                    "Remove it with lists='keep', and run export {export!r} with mode='replace': then the "
                    "list holds what that one puts there. Or remove that export first.",
                    export=it.export.name,
                ),
            )


def _require_none_running(folder: WorkspaceFolder, records: Records) -> None:
    end_dead_runs(folder)
    with folder.reading() as session:
        query = (
            select(ExportRecord.name)
            .join(RunRecord, RunRecord.export_id == ExportRecord.id)
            .where(RunRecord.status == RunStatus.RUNNING, ExportRecord.id.in_({it.export_id for it in records}))
        )
        running = session.scalars(query.limit(1)).one_or_none()
    if running is not None:
        raise BusyError(
            _("Export {running!r} is running: its lists stay as they are.", running=running),
            _("Wait until that run is over, then try again."),
        )


def _keep(folder: WorkspaceFolder, found: AbandonedList, records: Records) -> None:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        for record in records:
            session.get_one(ContactListRecord, record.id).kept_by = actor.name
        audit.record(session, folder, actor, Action.KEEP_LIST, found.name, list=found.list_id, host=found.host)


def _audit(folder: WorkspaceFolder, action: Action, record: ContactListRecord) -> None:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, action, record.name, list=record.criteo_id, host=record.host)
