"""Contact lists that nobody fills any more and that still hold people: which they are.

A list is left behind when its export goes to another advertiser, host or list, no longer has the segment or the type of
identifier, is detached or removed. Criteo goes on advertising to whoever is in it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from toolkit.access.people import require_actor
from toolkit.errors import ConfigurationError, DataError, ToolkitError
from toolkit.exports.export import Export
from toolkit.names import unknown_name
from toolkit.runs.abandoned_lists import AbandonedList, AbandonedLists, Because
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord
from toolkit.translatable import _, all_of, mark


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


def _abandoned(folder: WorkspaceFolder, export: Export | None) -> list[tuple[AbandonedList, list[ContactListRecord]]]:
    ledger = LedgerReader(folder)
    filled = sorted(_filled(folder, export), key=lambda it: (it.record.host, it.record.criteo_id or "", it.record.id))
    found = []
    for _list, each in groupby(filled, key=lambda it: (it.record.host, it.record.criteo_id)):
        group = list(each)
        left = [it for it in group if it.because is not None and _holds(ledger, it.record)]
        if not left or (export is not None and all(it.export.name != export.name for it in left)):
            continue
        first = next((it for it in left if export is None or it.export.name == export.name), left[0])
        users = tuple(dict.fromkeys(it.export.name for it in group if it.because is None))
        found.append((_value(ledger, first, left, users), [it.record for it in left]))
    return found


def _value(ledger: LedgerReader, first: _Filled, left: Sequence[_Filled], users: tuple[str, ...]) -> AbandonedList:
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
    settings: dict[int, Export | None] = {}
    with folder.reading() as session:
        require_actor(session, folder)
        query = select(ContactListRecord).join(ExportRecord).where(ContactListRecord.criteo_id.is_not(None))
        query = query.options(joinedload(ContactListRecord.export).joinedload(ExportRecord.connection))
        for record in session.scalars(query).all():
            its = record.export
            host = None if its.connection is None else its.connection.host
            if its.id not in settings:
                is_asked_for = export is not None and export.name == its.name
                settings[its.id] = export if export and is_asked_for else _as_saved(its, names)
            # Where nobody knows what its patterns match, they match the segment.
            current = settings[its.id] or Export.model_validate(its.settings).chosen([record.segment])
            removed = its.removed_at is not None
            yield _Filled(record, current, host, _because(record, current, host, is_removed=removed))


def _as_saved(record: ExportRecord, names: Callable[[], list[str] | None]) -> Export | None:
    """Return the export with the segments that its patterns match; None when these can't be looked at."""
    saved = Export.model_validate(record.settings)
    if not saved.has_patterns:
        return saved
    known = names()
    return None if known is None else saved.chosen(known)


def fillers_of(folder: WorkspaceFolder, host: str, list_ids: Collection[str]) -> list[ContactListRecord]:
    """Return the records by which exports, as they were saved, fill these lists; with the export and its connection."""
    return [
        it.record
        for it in _filled(folder, None)
        if it.because is None and it.record.host == host and it.record.criteo_id in list_ids
    ]


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
        Because.IDENTIFIER: record.identifier_type not in {it.name for it in export.columns_by_type},
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _held(ledger: LedgerReader, records: Sequence[ContactListRecord]) -> int | None:
    try:
        states = [ledger.state_of(it) for it in records]
    except DataError:
        return None
    return pl.concat([part for it in states for part in (it.held, it.uncertain)]).n_unique()


def _holds(ledger: LedgerReader, record: ContactListRecord) -> bool:
    return _held(ledger, [record]) != 0


def abandoned_list(
    folder: WorkspaceFolder, list_id: str, host: str | None
) -> tuple[AbandonedList, list[ContactListRecord]]:
    """Return a list that is left behind, and its records; raises ConfigurationError when there is not exactly one."""
    known = _abandoned(folder, None)
    found = [it for it in known if it[0].list_id == list_id and host in (None, it[0].host)]
    if not found:
        raise unknown_name(mark("list that is left behind"), list_id, [it.list_id for it, _ in known])
    if len(found) > 1:
        raise ConfigurationError(
            _(
                "List {list_id} is left behind at {names}.",
                list_id=list_id,
                names=all_of(it.host for it, _ in found),
            ),
            _("Pass host as well, to say which one."),
        )
    return found[0]
