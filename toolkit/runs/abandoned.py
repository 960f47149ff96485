"""Contact lists that nobody fills any more and that still hold people: found, told, and ended.

A list is left behind when its export goes to another advertiser, host or list, no longer has the segment or the kind of
identifier, is detached or removed. Criteo goes on advertising to whoever is in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache, partial
from itertools import groupby
from typing import Any

import polars as pl
from sqlalchemy import select

from toolkit.audience import IdentifierForm, IdentifierKind
from toolkit.criteo import CriteoClient
from toolkit.errors import AccessError, ConfigurationError, DataError, LedgerDivergedError, ListGoneError, ToolkitError
from toolkit.names import unknown_name
from toolkit.runs.ledger import Ledger
from toolkit.runs.lifecycle import now, recorded_run
from toolkit.runs.lists import OfLists, empty_record, lease_list
from toolkit.runs.marks import ShownLists, diverged, judge, marked_lists
from toolkit.runs.plan import Plan
from toolkit.runs.progress import Step, nobody
from toolkit.runs.push import push
from toolkit.runs.run import Run, Trigger, run_of
from toolkit.show import html_table, text_table
from toolkit.workspace import Export, WorkspaceFolder, audit
from toolkit.workspace.audit import Action
from toolkit.workspace.connections import client_of, connections, credentials_of
from toolkit.workspace.leases import call_patience
from toolkit.workspace.people import Role, acting
from toolkit.workspace.records import ConnectionRecord, ContactListRecord, ExportRecord


class Because(StrEnum):
    """Why nobody fills a list any more.

    Examples:
        >>> (left_behind,) = workspace.exports.detach("Nightly")
        >>> left_behind.because
        <Because.DETACHED: 'detached'>
    """

    ADVERTISER = "another advertiser"
    HOST = "another host"
    LIST = "another list"
    SEGMENT = "without the segment"
    IDENTIFIER = "without the mobile ids"
    DETACHED = "detached"
    REMOVED = "removed"


_SAID = {
    Because.ADVERTISER: "The export sends to another advertiser now.",
    Because.HOST: "The connection of the export goes to another host now.",
    Because.LIST: "The export fills another list now.",
    Because.SEGMENT: "The export no longer has the segment.",
    Because.IDENTIFIER: "The export no longer sends mobile ids.",
    Because.DETACHED: "The export has no connection.",
    Because.REMOVED: "The export was removed.",
}


@dataclass(frozen=True)
class AbandonedList:
    """A list at Criteo that holds what no run keeps up to date.

    Examples:
        >>> (left_behind,) = workspace.exports.remove("Nightly").lists
        >>> left_behind.segment, left_behind.held, left_behind.because.value
        ('High value', 1751, 'removed')
    """

    list_id: str
    name: str
    advertiser_id: str
    host: str
    export: str
    segment: str
    because: Because
    held: int | None
    """How many identifiers it still holds for this; None when the record of that is lost."""
    filled_by: tuple[str, ...] = ()
    """Exports that fill the list with others."""
    kept_by: str | None = None
    """Who decided that it stays as it is."""

    @property
    def what(self) -> str:
        """What is left behind, and why."""
        held = "may still hold people" if self.held is None else f"still holds {self.held:,} identifiers"
        return (
            f"List {self.name!r} ({self.list_id}) of advertiser {self.advertiser_id} at {self.host} {held} of segment "
            f"{self.segment!r} of export {self.export!r}, which no run updates. {_SAID[self.because]}"
        )

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.filled_by:
            return f"Run export {self.filled_by[0]!r}, which fills it too, with mode='replace'."
        return (
            f"Empty it with workspace.lists.empty({self.list_id!r}), delete it with lists.delete, or keep it as it "
            "is with lists.keep."
        )

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as values that JSON can hold."""
        return asdict(self) | {"because": self.because.value, "filled_by": list(self.filled_by)}


@dataclass(frozen=True, repr=False)
class AbandonedLists:
    """The lists that are left behind.

    Examples:
        >>> left_behind = workspace.exports.detach("Nightly")
        >>> len(left_behind), left_behind.frame["held"].to_list()
        (1, [1751])
    """

    lists: tuple[AbandonedList, ...]

    @property
    def untended(self) -> tuple[AbandonedList, ...]:
        """Those that nobody decided to keep."""
        return tuple(it for it in self.lists if it.kept_by is None)

    @property
    def frame(self) -> pl.DataFrame:
        """A row a list, with the fields of ``AbandonedList``; ``filled_by`` is a list of exports."""
        return pl.DataFrame([it.to_dict() for it in self.lists], schema=_SCHEMA)

    def __iter__(self) -> Iterator[AbandonedList]:
        return iter(self.lists)

    def __len__(self) -> int:
        return len(self.lists)

    def __repr__(self) -> str:
        if not self.lists:
            return "No list is left behind."
        return "\n".join([text_table(self.frame.drop("filled_by")), *(it.remedy for it in self.untended)])

    def _repr_html_(self) -> str:
        return html_table(self.frame.drop("filled_by"), title="Lists left behind")


_SCHEMA = pl.Schema(
    {
        "list_id": pl.String(),
        "name": pl.String(),
        "advertiser_id": pl.String(),
        "host": pl.String(),
        "export": pl.String(),
        "segment": pl.String(),
        "because": pl.String(),
        "held": pl.Int64(),
        "filled_by": pl.List(pl.String),
        "kept_by": pl.String(),
    }
)


@dataclass(frozen=True)
class _Filled:
    """A record with what its export says now."""

    record: ContactListRecord
    export: Export
    host: str | None
    because: Because | None


def find_abandoned(folder: WorkspaceFolder, export: Export | None = None) -> AbandonedLists:
    """Return the lists that are left behind and hold people, of this export or of all.

    Args:
        folder: The workspace.
        export: The export as a run has it, its patterns resolved; None looks at all as they were saved.

    Returns:
        A row a list; Criteo is not asked: what a list holds is what was acknowledged.
    """
    return AbandonedLists(tuple(it for it, _ in _abandoned(folder, export)))


def end_abandoned(folder: WorkspaceFolder, list_id: str, chosen: OfLists, *, host: str | None = None) -> Run | None:
    """Empty, delete or knowingly keep a list that is left behind.

    Args:
        folder: The workspace.
        list_id: The list's id at Criteo.
        chosen: What becomes of it.
        host: Which Criteo, where two have a list of that id.

    Returns:
        The run that did it, successful; None when the list is kept.

    Raises:
        ConfigurationError: The list is not left behind, is filled by an export, or no connection goes there.
        AccessError: The person is a viewer, or may not use the connection.
        RunFailedError: Criteo could not be asked, or refused.
    """
    found, records = _chosen(folder, list_id, host)
    if chosen is OfLists.KEEP:
        _keep(folder, found, records)
        return None
    if found.filled_by:
        raise ConfigurationError(
            f"List {found.name!r} ({list_id}) was not changed: export {found.filled_by[0]!r} fills it too.",
            found.remedy,
        )
    name = _connection_to(folder, found)
    credentials = credentials_of(folder, name)
    settings = Export.model_validate({**records[0].export.settings, "connection": name})
    with recorded_run(folder, settings, trigger=Trigger.LISTS, observer=nobody) as keeper:
        keeper.begin(Step.PUSH)
        _audit(folder, Action.EMPTY_LIST if chosen is OfLists.EMPTY else Action.DELETE_LIST, found)
        ledger = Ledger(folder, keeper.id, now=now, lease=keeper.lease, under_way=keeper.under_way)
        lease_list(folder, keeper.lease, records[0])
        # Since it was looked at, somebody may have had an export fill it again.
        again, records = _chosen(folder, list_id, found.host)
        if again.filled_by:
            raise ConfigurationError(again.what, again.remedy)
        for record in records:
            _doubt(ledger, record)
        is_gone = chosen is OfLists.DELETE
        with client_of(
            credentials, waiting=Trigger.LISTS.waiting, patience=call_patience(), guard=keeper.lease.guard
        ) as criteo:
            try:
                if chosen is OfLists.DELETE:
                    _require_own(folder, records[0], criteo)
                    criteo.delete_list(list_id)
                else:
                    with marked_lists(folder, records, run_id=keeper.id, criteo=criteo) as refused:
                        for problem in refused.values():
                            raise problem
                        _clear(ledger, records[0], criteo)
            except ListGoneError:
                # Somebody deleted it at Criteo: nobody is in it any more.
                is_gone = True
        for record in records:
            ledger.forget_emptied(record)
            empty_record(folder, record, with_its_id=is_gone)
    return run_of(folder, keeper.id).raise_for_status()


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
        form=IdentifierForm(record.form or IdentifierForm.SHA256),
        addresses=None,
        on_batch=lambda _: None,
    )


def _require_own(folder: WorkspaceFolder, record: ContactListRecord, criteo: CriteoClient) -> None:
    """Raise LedgerDivergedError when another ledger changed the list since."""
    shown = ShownLists.of(criteo, {record.criteo_id or ""})
    shown.require_open()
    changed = diverged(folder, judge(folder, record.host, shown.found.values()).values())
    if changed is not None:
        raise LedgerDivergedError(
            changed, "Delete it from the workspace that fills it, or keep it here with lists.keep."
        )


def _doubt(ledger: Ledger, record: ContactListRecord) -> None:
    """Take nothing of the list for certain; what is lost already needs no doubt."""
    try:
        ledger.doubt(record)
    except DataError:
        return


def _abandoned(folder: WorkspaceFolder, export: Export | None) -> list[tuple[AbandonedList, list[ContactListRecord]]]:
    ledger = Ledger(folder, "", now=now)
    filled = sorted(_filled(folder, export), key=lambda it: (it.record.host, it.record.criteo_id or "", it.record.id))
    found = []
    for _, each in groupby(filled, key=lambda it: (it.record.host, it.record.criteo_id)):
        group = list(each)
        left = [it for it in group if it.because is not None and _holds(ledger, it.record)]
        if not left or (export is not None and all(it.export.name != export.name for it in left)):
            continue
        first = next((it for it in left if export is None or it.export.name == export.name), left[0])
        users = tuple(dict.fromkeys(it.export.name for it in group if it.because is None))
        found.append((_value(ledger, first, left, users), [it.record for it in left]))
    return found


def _value(ledger: Ledger, first: _Filled, left: Sequence[_Filled], users: tuple[str, ...]) -> AbandonedList:
    record, because = first.record, first.because
    assert record.criteo_id is not None  # noqa: S101  # as the query says
    assert because is not None  # noqa: S101
    keepers = {it.record.kept_by for it in left}
    return AbandonedList(
        list_id=record.criteo_id,
        name=record.name,
        advertiser_id=record.advertiser_id,
        host=record.host,
        export=first.export.name,
        segment=record.segment,
        because=because,
        held=_held(ledger, [it.record for it in left]),
        filled_by=users,
        kept_by=None if None in keepers else next(iter(keepers)),
    )


def _filled(folder: WorkspaceFolder, export: Export | None) -> Iterator[_Filled]:
    names = cache(partial(_segment_names, folder))
    with folder.reading() as session:
        acting(session, folder)
        query = select(ContactListRecord).join(ExportRecord).where(ContactListRecord.criteo_id.is_not(None))
        for record in session.scalars(query).all():
            its = record.export
            host = None if its.connection is None else its.connection.host
            settings = Export.model_validate(its.settings)
            if export is not None and export.name == its.name:
                settings = export
            elif settings.has_patterns:
                known = names()
                settings = settings.chosen([record.segment] if known is None else known)
            removed = its.removed_at is not None
            yield _Filled(record, settings, host, _because(record, settings, host, is_removed=removed))


def _segment_names(folder: WorkspaceFolder) -> list[str] | None:
    """Return the names that patterns match; None when the segments can't be looked at, which is told elsewhere."""
    try:
        return folder.segments.names()
    except ToolkitError:
        return None


def _because(record: ContactListRecord, export: Export, host: str | None, *, is_removed: bool) -> Because | None:
    """Return why no run fills the record's list, None when one does."""
    reasons = {
        Because.REMOVED: is_removed,
        Because.DETACHED: host is None,
        Because.HOST: host != record.host,
        Because.ADVERTISER: not export.advertiser_column and export.advertiser_id != record.advertiser_id,
        Because.SEGMENT: record.segment not in export.segments,
        Because.LIST: record.left_at is not None,
        Because.IDENTIFIER: record.identifier_type == IdentifierKind.MADID.value and not export.madid_column,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _held(ledger: Ledger, records: Sequence[ContactListRecord]) -> int | None:
    try:
        states = [ledger.state_of(it) for it in records]
    except DataError:
        return None
    return pl.concat([part for it in states for part in (it.held, it.uncertain)]).n_unique()


def _holds(ledger: Ledger, record: ContactListRecord) -> bool:
    return _held(ledger, [record]) != 0


def _chosen(folder: WorkspaceFolder, list_id: str, host: str | None) -> tuple[AbandonedList, list[ContactListRecord]]:
    known = _abandoned(folder, None)
    found = [it for it in known if it[0].list_id == list_id and host in (None, it[0].host)]
    if not found:
        raise unknown_name("list that is left behind", list_id, [it.list_id for it, _ in known])
    if len(found) > 1:
        raise ConfigurationError(
            f"List {list_id} is left behind at {' and at '.join(it.host for it, _ in found)}.",
            "Pass host as well, to say which one.",
        )
    return found[0]


def _connection_to(folder: WorkspaceFolder, found: AbandonedList) -> str:
    """Return a connection to the list's host that the person may use, one with its advertiser if there is one."""
    with folder.reading() as session:
        acting(session, folder, least=Role.CONTRIBUTOR)
        query = select(ConnectionRecord.name).where(ConnectionRecord.host == found.host)
        there = set(session.scalars(query))
    mine = {name: it for name, it in connections(folder).items() if name in there}
    if not mine:
        said = "is shared with you" if there else "goes there any more"
        raise (AccessError if there else ConfigurationError)(
            f"List {found.name!r} ({found.list_id}) at {found.host} was not changed: no connection {said}.",
            "Have it shared, or make one to that host, or empty the list at Criteo and keep it here.",
        )
    return next((name for name, it in mine.items() if found.advertiser_id in it.advertisers), next(iter(mine)))


def _keep(folder: WorkspaceFolder, found: AbandonedList, records: Sequence[ContactListRecord]) -> None:
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        for record in records:
            session.get_one(ContactListRecord, record.id).kept_by = actor.name
        audit.record(session, folder, actor, Action.KEEP_LIST, found.name, list=found.list_id, host=found.host)


def _audit(folder: WorkspaceFolder, action: Action, found: AbandonedList) -> None:
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, action, found.name, list=found.list_id, host=found.host)
