"""The contact list that a segment of an export fills: found, made, or gone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from toolkit.criteo import ContactList, CriteoClient, ListChange, NewList, canonical_host
from toolkit.errors import BusyError, ConfigurationError
from toolkit.exports.export import Export
from toolkit.identifiers import identifier_types
from toolkit.runs.batches import newest_batch
from toolkit.runs.marks import Mark, Marks, ShownLists, Sighting, Standing, judge
from toolkit.state.database import serialize_writes
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Lease, end_if_dead
from toolkit.state.models import ContactListRecord, ExportRecord, ListLeaseRecord, RunRecord
from toolkit.translatable import _

K = TypeVar("K")


@dataclass(frozen=True)
class FoundLists(Generic[K]):
    """The lists of a run, as they are at Criteo."""

    records: dict[K, ContactListRecord]
    """Each with the id of its list."""
    updates: Mapping[str, str]
    """When lists that were there before were changed last, as Criteo says, by their ids."""


class IfListGone(StrEnum):
    """What a run does about a list that was deleted at Criteo.

    Examples:
        >>> [choice.value for choice in toolkit.IfListGone]
        ['stop', 'remake']
    """

    STOP = "stop"
    """It fails and says so."""
    REMAKE = "remake"
    """It makes a new list and sends the whole segment."""


@dataclass(frozen=True)
class ListKey:
    """Which list of an export, at one host: what its record is found by."""

    segment: str
    advertiser_id: str
    identifier_type: str
    """The name of the type."""


def get_lists(
    folder: WorkspaceFolder, export: Export, keys: Collection[ListKey], *, host: str
) -> dict[ListKey, ContactListRecord]:
    """Return what the workspace knows of lists. Nothing is written.

    Args:
        folder: The workspace.
        export: The export that fills them.
        keys: Which lists.
        host: Where they are.

    Returns:
        The records; one that no run was about to fill has none.
    """
    with folder.reading() as session:
        return _known(session, export, keys, host=host)


def get_or_create_lists(
    folder: WorkspaceFolder, export: Export, keys: Collection[ListKey], *, host: str
) -> dict[ListKey, ContactListRecord]:
    """Return what the workspace knows of lists that are about to be filled; one not yet made at Criteo has no id there.

    Args:
        folder: The workspace.
        export: The export that fills them.
        keys: Which lists.
        host: Where they are.

    Returns:
        A record for each of the keys.
    """
    made_at = datetime.now(UTC)
    with folder.session() as session, session.begin():
        known = _known(session, export, keys, host=host)
        export_id = session.scalars(select(ExportRecord.id).where(ExportRecord.name == export.name)).one()
        for key in keys:
            if key not in known:
                known[key] = ContactListRecord(
                    export_id=export_id,
                    segment=key.segment,
                    host=canonical_host(host),
                    advertiser_id=key.advertiser_id,
                    identifier_type=key.identifier_type,
                    name=export.name_of_list(key.segment, made_at.date(), key.identifier_type),
                    made_at=made_at,
                )
                session.add(known[key])
    return known


def reread(folder: WorkspaceFolder, record: ContactListRecord) -> ContactListRecord:
    """Return what is known of the list by now."""
    return reread_all(folder, [record])[record.id]


def reread_all(folder: WorkspaceFolder, records: Iterable[ContactListRecord]) -> dict[int, ContactListRecord]:
    """Return what is known of lists by now, by the numbers of their records."""
    query = select(ContactListRecord).where(ContactListRecord.id.in_([it.id for it in records]))
    with folder.reading() as session:
        return {it.id: it for it in session.scalars(query)}


def _known(
    session: Session, export: Export, keys: Collection[ListKey], *, host: str
) -> dict[ListKey, ContactListRecord]:
    query = (
        select(ContactListRecord)
        .join(ExportRecord)
        .where(
            ExportRecord.name == export.name,
            ContactListRecord.host == canonical_host(host),
            ContactListRecord.left_at.is_(None),
        )
    )
    found = {ListKey(it.segment, it.advertiser_id, it.identifier_type): it for it in session.scalars(query)}
    return {key: found[key] for key in keys if key in found}


def find_lists(
    folder: WorkspaceFolder,
    records: Mapping[K, ContactListRecord],
    *,
    export: Export,
    criteo: CriteoClient,
    marks: Marks,
    if_list_gone: IfListGone,
) -> FoundLists[K]:
    """Find the lists at Criteo, or make them; a hundred a call.

    Args:
        folder: The workspace.
        records: What the workspace knows of the lists.
        export: The export that fills them.
        criteo: The client.
        marks: The marks of the run, by which is known who changed a list.
        if_list_gone: What is done about a list that was deleted at Criteo.

    Returns:
        The records with their ids.

    Raises:
        LedgerDivergedError: Another ledger changed one of the lists. Nothing was sent.
        ListGoneError: A list was deleted, and ``if_list_gone`` says stop.
        ConfigurationError: A list of that name is there which this export did not make.
    """
    kept = {key: _as_export_says(folder, it, export) for key, it in records.items()}
    kept, found = _with_known_ids(folder, kept, export=export, criteo=criteo, if_list_gone=if_list_gone)
    if not kept:
        return FoundLists({}, {})
    host = next(iter(kept.values())).host
    sightings = judge(folder, host, found.values())
    without_id = [it for it in kept.values() if it.criteo_id is None and it.segment not in export.lists]
    unknown = _by_name(folder, without_id, export)
    named: dict[ListName, ContactList] = {}
    for name, record in unknown.items():
        there = criteo.list_named(name.advertiser_id, name.name)
        if there is not None:
            # The list of one type of identifier takes the others too.
            sightings |= {} if there.id in found else _require_ours(folder, record, there)
            named[name] = there
    updates = {it.id: it.updated_at for it in (*found.values(), *named.values())}
    marks.accept(sightings)
    named |= _make(folder, {it: record for it, record in unknown.items() if it not in named}, export, criteo, marks)
    _rename(criteo, [it for it in kept.values() if it.segment not in export.lists], found, export)
    unclear = {list_id for list_id, it in sightings.items() if list_id not in found and it.was_known}
    return FoundLists(_note_found(folder, kept, export, named=named, found=found, unclear=unclear), updates)


@dataclass(frozen=True)
class ListName:
    """What a list is found by whose id is not known."""

    advertiser_id: str
    name: str


def _as_export_says(folder: WorkspaceFolder, record: ContactListRecord, export: Export) -> ContactListRecord:
    # It no longer fills the list that was there before, and gets one of its own.
    return _leave(folder, record) if record.adopted and record.segment not in export.lists else record


def _with_known_ids(
    folder: WorkspaceFolder,
    records: Mapping[K, ContactListRecord],
    *,
    export: Export,
    criteo: CriteoClient,
    if_list_gone: IfListGone,
) -> tuple[dict[K, ContactListRecord], Mapping[str, ContactList]]:
    """Find the lists whose ids are known; return the records, without the ids that are gone, and the lists by id."""
    kept = dict(records)
    ids = {key: export.lists.get(it.segment, it.criteo_id) for key, it in kept.items()}
    shown = ShownLists.of(criteo, {it for it in ids.values() if it})
    shown.require_open()
    for key, list_id in ids.items():
        if list_id is not None:
            shown.require_advertiser(list_id, kept[key])
        if list_id is not None and list_id in shown.gone:
            if if_list_gone is IfListGone.STOP or kept[key].segment in export.lists:
                raise shown.gone[list_id]
            kept[key] = empty_record(folder, kept[key])
    return kept, shown.found


def _by_name(
    folder: WorkspaceFolder, records: Iterable[ContactListRecord], export: Export
) -> dict[ListName, ContactListRecord]:
    """Return the names of lists whose ids are not known, each with the record that comes first."""
    first: dict[ListName, ContactListRecord] = {}
    for record in records:
        name = ListName(record.advertiser_id, _name_of(record, export))
        if first.setdefault(name, record).segment != record.segment:
            raise ConfigurationError(
                _(
                    "Segments {segment!r} and {record_segment!r} of export {export!r} would fill one list, {name!r}.",
                    segment=first[name].segment,
                    record_segment=record.segment,
                    export=export.name,
                    name=name.name,
                ),
                _("Let the name of the lists tell the segment: list_name='{segment}'."),
            )
    return first


def _name_of(record: ContactListRecord, export: Export) -> str:
    return export.name_of_list(record.segment, record.made_at.date(), record.identifier_type)


def _require_ours(folder: WorkspaceFolder, record: ContactListRecord, found: ContactList) -> dict[str, Sighting]:
    """Return how the list of a name stands to this ledger; raises ConfigurationError when the export did not make it.

    One of ours that the record does not know was made by a run that was killed before it could say so, or after the
    backup that this database comes from.
    """
    sightings = judge(folder, record.host, [found])
    sighting = sightings[found.id]
    is_own = sighting.standing is Standing.OWN and sighting.made_for in _numbers_of(folder, record)
    is_of_a_copy = (
        sighting.standing is Standing.OTHER
        and sighting.mark is not None
        and sighting.mark.workspace == folder.settings.id
    )
    if not (is_own or is_of_a_copy):
        raise _not_ours(record, found)
    return sightings


def _not_ours(record: ContactListRecord, found: ContactList) -> ConfigurationError:
    return ConfigurationError(
        _(
            "At Criteo there already is a list {found!r} of advertiser {advertiser_id} that this export did not make.",
            found=found.name,
            advertiser_id=record.advertiser_id,
        ),
        _(
            "Give the export another list name, such as list_name='{{segment}} ({{export}})'; rename that "
            "list there; or, to fill that one, save the export with lists={{{segment!r}: {found!r}}}.",
            segment=record.segment,
            found=found.id,
        ),
    )


def _make(
    folder: WorkspaceFolder,
    missing: Mapping[ListName, ContactListRecord],
    export: Export,
    criteo: CriteoClient,
    marks: Marks,
) -> dict[ListName, ContactList]:
    """Make lists, each with its mark in the description from the beginning."""
    of_records = marks.intend(missing.values(), numbers=_first_of(folder, missing.values()))
    intended = {name: of_records[record.id] for name, record in missing.items()}
    new = {
        name: NewList(
            name.advertiser_id,
            name.name,
            intended[name].put_into(f"Segment {record.segment!r} of export {export.name!r}, kept by a workspace."),
        )
        for name, record in missing.items()
    }
    made = criteo.create_lists(list(new.values())) if new else {}
    created = {name: made[it] for name, it in new.items() if it in made}
    found = dict(created)
    for name in new.keys() - found.keys():
        # Another process was faster, or a first try of ours arrived: what is there now is the one.
        there = criteo.list_named(name.advertiser_id, name.name)
        if there is None:
            raise ConfigurationError(
                _(
                    "Criteo has the name {name!r} already, and shows no contact list of it: a segment of "
                    "another kind may have it.",
                    name=name.name,
                ),
                _("Give the list another name, or run again in some minutes."),
            )
        marks.accept(_require_ours(folder, missing[name], there))
        found[name] = there
    with_our_mark = {
        name: it for name, it in found.items() if name in created or Mark.in_text(it.description) == intended[name]
    }
    marks.note_made(
        {it.id: (missing[name], intended[name]) for name, it in with_our_mark.items()},
        {it.id: new[name].description for name, it in with_our_mark.items()},
    )
    return found


def _rename(
    criteo: CriteoClient, records: Iterable[ContactListRecord], found: Mapping[str, ContactList], export: Export
) -> None:
    # A list that several types of identifiers share is called as that of the first.
    names = {it.criteo_id: _name_of(it, export) for it in reversed(list(records)) if it.criteo_id is not None}
    changes = [ListChange(list_id, name=name) for list_id, name in names.items() if found[list_id].name != name]
    if changes:
        criteo.change_lists(changes)


def _note_found(
    folder: WorkspaceFolder,
    records: Mapping[K, ContactListRecord],
    export: Export,
    *,
    named: Mapping[ListName, ContactList],
    found: Mapping[str, ContactList],
    unclear: Collection[str],
) -> dict[K, ContactListRecord]:
    """Keep in the records which lists they are; ``unclear`` are lists that they filled before, and forgot."""
    existing = {key: export.lists[it.segment] for key, it in records.items() if it.segment in export.lists}
    adopted = {key: _adopt(folder, records[key], found[list_id]) for key, list_id in existing.items()}
    noted: dict[K, ContactListRecord] = {}
    with folder.session() as session, session.begin():
        ids = [it.id for key, it in records.items() if key not in adopted]
        rows = {it.id: it for it in session.scalars(select(ContactListRecord).where(ContactListRecord.id.in_(ids)))}
        for key, record in records.items():
            if key in adopted:
                continue
            name = _name_of(record, export)
            kept = rows[record.id]
            kept.criteo_id = record.criteo_id or named[ListName(record.advertiser_id, name)].id
            kept.name = name
            kept.kept_by = None
            # Whom it sent then is not known any more: a mirror empties such a list, and sends it whole.
            kept.mixes_forms = kept.mixes_forms or kept.criteo_id in unclear
            noted[key] = kept
    return {key: adopted[key] if key in adopted else noted[key] for key in records}


def lease_list(folder: WorkspaceFolder, lease: Lease, record: ContactListRecord) -> ContactListRecord:
    """Keep others from changing the list as long as the lease holds; return what is known of the list by then.

    Raises BusyError when another is at it, LeaseLostError when the lease was lost.
    """
    return lease_lists(folder, lease, {record.id: record})[record.id]


def lease_lists(
    folder: WorkspaceFolder, lease: Lease, records: Mapping[K, ContactListRecord]
) -> dict[K, ContactListRecord]:
    """Keep others from changing lists as long as the lease holds: all of them, or none.

    Args:
        folder: The workspace.
        lease: That of the run.
        records: The lists, each with its id at Criteo.

    Returns:
        What is known of the lists by then.

    Raises:
        BusyError: Another is changing one of them.
        LeaseLostError: The lease was lost.
    """
    with folder.session() as session, session.begin():
        serialize_writes(session)
        lease.require(session)
        wanted = {(it.host, str(it.criteo_id)): it for it in records.values()}
        query = select(ListLeaseRecord).where(
            ListLeaseRecord.host.in_({host for host, _ in wanted}),
            ListLeaseRecord.criteo_id.in_([criteo_id for _, criteo_id in wanted]),
        )
        leased = {(it.host, it.criteo_id): it for it in session.scalars(query)}
        dead: set[int] = {lease.number}
        for which, record in wanted.items():
            held = leased.get(which)
            if held is None:
                session.add(ListLeaseRecord(host=record.host, criteo_id=record.criteo_id, lease=lease.number))
                continue
            if held.lease not in dead:
                if end_if_dead(session, folder, held.lease) is None:
                    raise BusyError(
                        _(
                            "Contact list {record!r} ({criteo_id}) is being changed by {holder}.",
                            record=record.name,
                            criteo_id=record.criteo_id,
                            holder=_holder(session, held.lease),
                        ),
                        _("Wait until that is over, then run this export again: nothing was sent."),
                    )
                dead.add(held.lease)
            held.lease = lease.number
        # Who held them until now may have changed what was known of them.
        ids = [it.id for it in records.values()]
        known = {it.id: it for it in session.scalars(select(ContactListRecord).where(ContactListRecord.id.in_(ids)))}
        return {key: known[it.id] for key, it in records.items()}


def _holder(session: Session, lease: int) -> str:
    run = session.scalar(select(RunRecord).where(RunRecord.lease == lease))
    return (
        _("somebody who empties or deletes it")
        if run is None
        else _("run {run} of export {export!r}", run=run.id, export=run.export.name)
    )


def others_of(folder: WorkspaceFolder, record: ContactListRecord) -> list[ContactListRecord]:
    """Return what else fills the same list: segments of this export or of others, or another type of identifier."""
    return sharing(folder, [record])[record.id]


def records_of_list(folder: WorkspaceFolder, host: str, list_id: str) -> list[ContactListRecord]:
    """Return the records of all that ever filled a list: segments of any export, and types of identifiers."""
    query = select(ContactListRecord).where(ContactListRecord.host == host, ContactListRecord.criteo_id == list_id)
    with folder.reading() as session:
        return list(session.scalars(query.order_by(ContactListRecord.id)))


def sharing(folder: WorkspaceFolder, records: Iterable[ContactListRecord]) -> dict[int, list[ContactListRecord]]:
    """Return by the number of each record what else fills the same list."""
    asked = list(records)
    filled = [it for it in asked if it.criteo_id is not None]
    if not filled:
        return {it.id: [] for it in asked}
    query = (
        select(ContactListRecord)
        .where(
            ContactListRecord.host.in_({it.host for it in filled}),
            ContactListRecord.criteo_id.in_({it.criteo_id for it in filled}),
        )
        .order_by(ContactListRecord.id)
        .options(joinedload(ContactListRecord.export))
    )
    by_list: dict[tuple[str, str | None], list[ContactListRecord]] = {}
    with folder.reading() as session:
        for it in session.scalars(query):
            by_list.setdefault((it.host, it.criteo_id), []).append(it)
    return {
        it.id: [other for other in by_list.get((it.host, it.criteo_id), ()) if other.id != it.id]
        if it.criteo_id is not None
        else []
        for it in asked
    }


class ListDisposal(StrEnum):
    """What becomes of lists at Criteo when the connection that filled them is removed.

    Examples:
        >>> [choice.value for choice in toolkit.ListDisposal]
        ['keep', 'empty', 'delete']
    """

    KEEP = "keep"
    EMPTY = "empty"
    DELETE = "delete"


class Holds(StrEnum):
    """What is known of a list that another ledger changed."""

    OTHERS_TOO = "others too"
    """It may hold, besides what was sent from here, what the other ledger put there."""
    ANYTHING = "anything"
    """Nothing: a mirror empties it, and sends it whole."""


def note_doubt(folder: WorkspaceFolder, record: ContactListRecord, holds: Holds) -> None:
    """Record, until the list is emptied, that another ledger changed it."""
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.holds_unknown = True
        kept.mixes_forms = kept.mixes_forms or holds is Holds.ANYTHING


def _adopt(folder: WorkspaceFolder, record: ContactListRecord, found: ContactList) -> ContactListRecord:
    """Fill a list that was at Criteo already; what the list of before holds stays known when it was another."""
    if record.criteo_id not in (None, found.id):
        record = _leave(folder, record, to=found.id)
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.holds_unknown = kept.holds_unknown or kept.criteo_id is None
        kept.criteo_id = found.id
        kept.name = found.name or kept.name
        kept.adopted = True
        kept.kept_by = None
        return kept


def _first_of(folder: WorkspaceFolder, records: Collection[ContactListRecord]) -> dict[int, int]:
    """Return by the number of each record that of the first type of identifier, whose list takes the others too."""
    query = select(ContactListRecord).where(
        ContactListRecord.export_id.in_({it.export_id for it in records}), ContactListRecord.left_at.is_(None)
    )
    same: dict[tuple[object, ...], dict[str, int]] = {}
    with folder.reading() as session:
        for it in session.scalars(query):
            same.setdefault(_fills(it), {})[it.identifier_type] = it.id
    numbers = {it.id: same.get(_fills(it), {}) for it in records}
    return {
        it.id: next((numbers[it.id][kind.name] for kind in identifier_types() if kind.name in numbers[it.id]), it.id)
        for it in records
    }


def _fills(record: ContactListRecord) -> tuple[object, ...]:
    """Return what the records of one list have in common, whatever type of identifier they are."""
    return record.export_id, record.segment, record.advertiser_id, record.host


def _numbers_of(folder: WorkspaceFolder, record: ContactListRecord) -> set[int]:
    """Return the numbers of all records of the segment, those of lists that it was left for too."""
    with folder.reading() as session:
        query = select(ContactListRecord.id).where(
            ContactListRecord.export_id == record.export_id,
            ContactListRecord.segment == record.segment,
            ContactListRecord.advertiser_id == record.advertiser_id,
            ContactListRecord.host == record.host,
        )
        return {record.id, *session.scalars(query)}


def _leave(folder: WorkspaceFolder, record: ContactListRecord, *, to: str | None = None) -> ContactListRecord:
    """Note that the export fills another list now; return the record of that one, as it was if it had it before."""
    which = ("export_id", "segment", "host", "advertiser_id", "identifier_type")
    with folder.session() as session, session.begin():
        session.get_one(ContactListRecord, record.id).left_at = datetime.now(UTC)
        session.flush()
        before = None
        if to is not None:
            same = [getattr(ContactListRecord, it) == getattr(record, it) for it in which]
            before = session.scalar(
                select(ContactListRecord).where(
                    *same, ContactListRecord.criteo_id == to, ContactListRecord.id != record.id
                )
            )
        if before is None:
            before = ContactListRecord(
                **{it: getattr(record, it) for it in which},
                name=record.name,
                made_at=datetime.now(UTC),
            )
            session.add(before)
        before.left_at = before.kept_by = None
        return before


def empty_record(folder: WorkspaceFolder, record: ContactListRecord, *, with_its_id: bool = True) -> ContactListRecord:
    """Forget what the list holds."""
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.snapshot = kept.snapshot_sha256 = kept.form = kept.caller_id = None
        kept.rejected = 0
        kept.mixes_forms = False
        if with_its_id:
            kept.criteo_id = None
            kept.counted_at = None
            kept.adopted = kept.holds_unknown = False
        kept.snapshot_batch = newest_batch(session)
        return kept
