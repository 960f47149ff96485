"""Batches as they are recorded, and when one is over.

A batch is *open* from when it is recorded, before it is sent, until it is known that nothing of it can still be carried
out at Criteo. Batches are numbered in the order in which they began; one that is over remembers the newest number of
that moment. So of any two it is known which came later, or that they were open at the same time: then it is not known
which of them Criteo carried out last.
"""

from collections.abc import Collection

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from toolkit.errors import ErrorCode
from toolkit.runs.stored import code_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import nothing_lands_any_more
from toolkit.state.models import BatchRecord, ContactListRecord, ExportRecord, RunRecord
from toolkit.state.states import BatchStatus, RunStatus


def newest_batch(session: Session) -> int:
    """Return the number of the newest batch of all, 0 when there is none."""
    return session.scalar(select(func.max(BatchRecord.id))) or 0


def close_batches(session: Session, run_id: str, *, but: Collection[int] = ()) -> None:
    """Close the batches of a run that were not acknowledged, but for those that a call is still under way of."""
    session.execute(
        update(BatchRecord)
        .where(BatchRecord.run_id == run_id, BatchRecord.status == BatchStatus.SENDING, BatchRecord.id.not_in(but))
        .values(status=BatchStatus.UNCERTAIN, closed_after=newest_batch(session))
    )


def close_batches_of_the_dead(session: Session, folder: WorkspaceFolder) -> None:
    """Close what runs left open that are over, and of which nothing can be carried out any more."""
    left = (
        select(RunRecord.id, RunRecord.lease)
        .join(BatchRecord, BatchRecord.run_id == RunRecord.id)
        .where(BatchRecord.status == BatchStatus.SENDING, RunRecord.status != RunStatus.RUNNING)
        .distinct()
    )
    for run_id, lease in session.execute(left).all():
        if nothing_lands_any_more(session, folder, lease):
            close_batches(session, run_id)


def uncertain_exports(folder: WorkspaceFolder) -> dict[str, str]:
    """Return the exports whose lists a run that lost its lease may have changed since, each with the last such run."""
    query = (
        select(ExportRecord.name, RunRecord.id, RunRecord.error)
        .join(RunRecord, RunRecord.export_id == ExportRecord.id)
        .join(BatchRecord, BatchRecord.run_id == RunRecord.id)
        .join(ContactListRecord, ContactListRecord.id == BatchRecord.contact_list_id)
        .where(
            RunRecord.status != RunStatus.RUNNING,
            BatchRecord.status != BatchStatus.ACKNOWLEDGED,
            BatchRecord.criteo_id == ContactListRecord.criteo_id,
            or_(BatchRecord.closed_after.is_(None), BatchRecord.closed_after >= ContactListRecord.snapshot_batch),
        )
        .order_by(BatchRecord.id)
    )
    with folder.reading() as session:
        rows = session.execute(query).all()
    return {name: run_id for name, run_id, error in rows if code_in(error) is ErrorCode.LEASE_LOST}
