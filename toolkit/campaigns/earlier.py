"""What was done at Criteo earlier, as the audit tells it; what is there now, only Criteo tells."""

from collections.abc import Iterable

from sqlalchemy import select

from toolkit.exports.connections import connections
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import AuditRecord, ContactListRecord

_WROTE = (Action.CREATE_AUDIENCE_AT_CRITEO, Action.CHANGE_AUDIENCE_AT_CRITEO, Action.ADOPT_AUDIENCE_AT_CRITEO)


def applied_audiences(folder: WorkspaceFolder) -> set[tuple[str, str]]:
    """Return the names and advertisers of the audiences that were applied, and not deleted since by this workspace."""
    applied: set[tuple[str, str]] = set()
    for action, name, advertiser_id in _acts(folder):
        if action in _WROTE:
            applied.add((name, advertiser_id))
        else:
            applied.discard((name, advertiser_id))
    return applied


def places_without_declaration(folder: WorkspaceFolder, declared: Iterable[str]) -> list[tuple[str, str]]:
    """Return connections and advertisers where audiences of this workspace may be, though none is declared.

    An audience may have gone to another advertiser, or its declaration was lost with a backup that was brought back:
    then the lists of exports tell which advertisers there are.

    Args:
        folder: The workspace.
        declared: The advertisers that declarations name.
    """
    with folder.reading() as session:
        filled = set(session.scalars(select(ContactListRecord.advertiser_id).distinct()))
    wanted = (filled | {advertiser_id for _action, _name, advertiser_id in _acts(folder)}) - {*declared}
    found: dict[str, str] = {}
    for name, used in connections(folder).items() if wanted else ():
        for advertiser_id in used.advertisers:
            if advertiser_id in wanted:
                found.setdefault(advertiser_id, name)
    return [(name, advertiser_id) for advertiser_id, name in found.items()]


def _acts(folder: WorkspaceFolder) -> list[tuple[str, str, str]]:
    """Return what was done with audiences at Criteo, the oldest first: the action, the name and the advertiser."""
    query = (
        select(AuditRecord.action, AuditRecord.name, AuditRecord.details)
        .where(AuditRecord.action.in_([*_WROTE, Action.DELETE_AUDIENCE_AT_CRITEO]))
        .order_by(AuditRecord.id)
    )
    with folder.reading() as session:
        return [(action, name, str(details["advertiser"])) for action, name, details in session.execute(query)]
