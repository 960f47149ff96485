"""The contact list that a segment of an export fills: found, made, or gone."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.criteo import ContactList, CriteoClient, IdentifierType
from toolkit.errors import BusyError, ConfigurationError, ListGoneError
from toolkit.runs.batches import newest_batch
from toolkit.workspace import Export, WorkspaceFolder
from toolkit.workspace.connections import client_of, credentials_of
from toolkit.workspace.database import one_at_a_time
from toolkit.workspace.leases import Lease, call_patience, end_if_dead, take_lease
from toolkit.workspace.records import (
    ConnectionRecord,
    ContactListRecord,
    ExportRecord,
    ListLeaseRecord,
    RunRecord,
)


class IfListGone(StrEnum):
    """What a run does about a list that was deleted at Criteo."""

    STOP = "stop"
    """It fails and says so."""
    REMAKE = "remake"
    """It makes a new list and sends the whole segment."""


def list_record(
    folder: WorkspaceFolder,
    export: Export,
    segment: str,
    *,
    host: str,
    advertiser_id: str,
    identifier_type: IdentifierType = IdentifierType.EMAIL,
    save: bool = True,
) -> ContactListRecord:
    """Return what the workspace knows of the segment's list; a list not yet made at Criteo has no id there.

    Without ``save`` nothing is written, and a list that was never filled has no number in the workspace.
    """
    with folder.session() as session, session.begin():
        export_id = session.scalars(select(ExportRecord.id).where(ExportRecord.name == export.name)).one()
        record = session.scalar(
            select(ContactListRecord).where(
                ContactListRecord.export_id == export_id,
                ContactListRecord.segment == segment,
                ContactListRecord.advertiser_id == advertiser_id,
                ContactListRecord.host == host,
                ContactListRecord.identifier_type == identifier_type,
            )
        )
        if record is not None:
            return record
        made_at = datetime.now(UTC)
        record = ContactListRecord(
            export_id=export_id,
            segment=segment,
            host=host,
            advertiser_id=advertiser_id,
            identifier_type=identifier_type.value,
            name=export.name_of_list(segment, made_at.date()),
            made_at=made_at,
            snapshot_batch=0,
            settled=0,
            rejected=0,
            adopted=False,
            holds_unknown=False,
            mixes_forms=False,
        )
        if save:
            session.add(record)
        return record


def find_list(
    folder: WorkspaceFolder,
    record: ContactListRecord,
    *,
    export: Export,
    criteo: CriteoClient,
    if_list_gone: IfListGone,
) -> ContactListRecord:
    """Find the list at Criteo, or make it; return the record with its id.

    Raises ListGoneError when it was deleted there and ``if_list_gone`` says stop, ConfigurationError when a list of
    that name is there which this export did not make.
    """
    existing = export.lists.get(record.segment)
    if existing is not None:
        return _adopt(folder, record, criteo.contact_list(existing))
    if record.adopted:
        # It no longer fills the list that was there before, and gets one of its own.
        record = _forget(folder, record)
    made_at = record.made_at or datetime.now(UTC)
    name = export.name_of_list(record.segment, made_at.date())
    mark = f"[{folder.settings.id}-{_first_of(folder, record)}]"
    description = f"Segment {record.segment!r} of export {export.name!r}, kept by a workspace. {mark}"
    try:
        found = criteo.find_or_create_list(
            record.advertiser_id, name=name, description=description, known_id=record.criteo_id
        )
    except ListGoneError:
        if if_list_gone is IfListGone.STOP:
            raise
        return find_list(folder, _forget(folder, record), export=export, criteo=criteo, if_list_gone=IfListGone.STOP)
    # A list of ours that the record does not know was made by a run that was killed before it could say so.
    if record.criteo_id is None and not found.created and mark not in (found.contact_list.description or ""):
        raise ConfigurationError(
            f"At Criteo there already is a list {name!r} of advertiser {record.advertiser_id} that this export did "
            "not make.",
            "Give the export another list name, such as list_name='{segment} ({export})'; rename that list there; or, "
            f"to fill that one, save the export with lists={{{record.segment!r}: {found.contact_list.id!r}}}.",
        )
    if found.contact_list.name != name:
        criteo.rename(found.contact_list.id, name=name, description=description)
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.criteo_id = found.contact_list.id
        kept.name = name
        kept.made_at = made_at
        return kept


def lease_list(folder: WorkspaceFolder, lease: Lease, record: ContactListRecord) -> ContactListRecord:
    """Keep others from changing the list as long as the lease holds; return what is known of the list by then.

    Raises BusyError when another is at it, LeaseLostError when the lease was lost.
    """
    with folder.session() as session, session.begin():
        one_at_a_time(session)
        lease.require(session)
        held = session.get(ListLeaseRecord, (record.host, record.criteo_id))
        if held is None:
            session.add(ListLeaseRecord(host=record.host, criteo_id=record.criteo_id, lease=lease.number))
        elif held.lease != lease.number:
            if end_if_dead(session, folder, held.lease) is None:
                raise BusyError(
                    f"Contact list {record.name!r} ({record.criteo_id}) is being changed by "
                    f"{_holder(session, held.lease)}.",
                    "Wait until that is over, then run this export again: nothing was sent.",
                )
            held.lease = lease.number
        # Who held it until now may have changed what was known of it.
        return session.get_one(ContactListRecord, record.id, populate_existing=True)


def _holder(session: Session, lease: int) -> str:
    run = session.scalar(select(RunRecord).where(RunRecord.lease == lease))
    return "somebody who empties or deletes it" if run is None else f"run {run.id} of export {run.export.name!r}"


def others_of(folder: WorkspaceFolder, record: ContactListRecord) -> list[ContactListRecord]:
    """Return what else fills the same list: segments of this export or of others, or another type of identifier."""
    if record.criteo_id is None:
        return []
    with folder.session() as session, session.begin():
        query = select(ContactListRecord).where(
            ContactListRecord.host == record.host,
            ContactListRecord.criteo_id == record.criteo_id,
            ContactListRecord.id != record.id,
        )
        return [it for it in session.scalars(query) if it.export]


def abandoned_lists(folder: WorkspaceFolder, export: Export) -> list[ContactListRecord]:
    """Return the lists at Criteo of segments that the export no longer has."""
    with folder.session() as session:
        return list(
            session.scalars(
                select(ContactListRecord)
                .join(ExportRecord)
                .where(
                    ExportRecord.name == export.name,
                    ContactListRecord.criteo_id.is_not(None),
                    ContactListRecord.segment.not_in(export.segments),
                )
            )
        )


class OfLists(StrEnum):
    """What becomes of lists at Criteo when the connection that filled them is removed."""

    KEEP = "keep"
    EMPTY = "empty"
    DELETE = "delete"


def end_lists(folder: WorkspaceFolder, connection_name: str, chosen: OfLists) -> None:
    """Empty or delete the lists at Criteo that exports of the connection filled; one that is gone is passed over.

    Raises BusyError when a run changes one of them now.
    """
    if chosen is OfLists.KEEP:
        return
    with folder.session() as session:
        query = (
            select(ContactListRecord)
            .join(ExportRecord)
            .join(ConnectionRecord, ConnectionRecord.id == ExportRecord.connection_id)
            .where(ConnectionRecord.name == connection_name, ContactListRecord.criteo_id.is_not(None))
            .where(ContactListRecord.host == ConnectionRecord.host)
        )
        records = list(session.scalars(query))
    credentials = credentials_of(folder, connection_name)
    with (
        _leased(folder, f"The removal of connection {connection_name!r}") as lease,
        client_of(credentials, patience=call_patience(), guard=lease.guard) as criteo,
    ):
        for record in records:
            assert record.criteo_id is not None  # noqa: S101  # as the query says
            lease_list(folder, lease, record)
            with suppress(ListGoneError):
                (criteo.clear if chosen is OfLists.EMPTY else criteo.delete_list)(record.criteo_id)
            # Of an emptied list as of a deleted one it is known that it holds nothing.
            _forget(folder, record, with_its_id=chosen is OfLists.DELETE)


@contextmanager
def _leased(folder: WorkspaceFolder, holder: str) -> Iterator[Lease]:
    with folder.session() as session, session.begin():
        lease = take_lease(session, folder, holder=holder)
    try:
        with lease.beating():
            yield lease
        with folder.session() as session, session.begin():
            lease.release(session)
    finally:
        lease.drop()


def _adopt(folder: WorkspaceFolder, record: ContactListRecord, found: ContactList) -> ContactListRecord:
    """Fill a list that was at Criteo already; what the list of before held is forgotten when it was another."""
    if record.criteo_id not in (None, found.id):
        record = _forget(folder, record)
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.holds_unknown = kept.holds_unknown or kept.criteo_id is None
        kept.criteo_id = found.id
        kept.name = found.name or kept.name
        kept.adopted = True
        return kept


def _first_of(folder: WorkspaceFolder, record: ContactListRecord) -> int:
    """Return the number of the record of e-mails, whose list takes other types of identifiers too."""
    with folder.session() as session:
        query = select(ContactListRecord.id).where(
            ContactListRecord.export_id == record.export_id,
            ContactListRecord.segment == record.segment,
            ContactListRecord.advertiser_id == record.advertiser_id,
            ContactListRecord.host == record.host,
            ContactListRecord.identifier_type == IdentifierType.EMAIL,
        )
        return session.scalar(query) or record.id


def _forget(folder: WorkspaceFolder, record: ContactListRecord, *, with_its_id: bool = True) -> ContactListRecord:
    """Forget what the list holds."""
    with folder.session() as session, session.begin():
        kept = session.get_one(ContactListRecord, record.id)
        kept.snapshot = kept.snapshot_sha256 = kept.form = None
        kept.rejected = 0
        kept.mixes_forms = False
        if with_its_id:
            kept.criteo_id = None
            kept.adopted = kept.holds_unknown = False
        kept.snapshot_batch = newest_batch(session)
        return kept
