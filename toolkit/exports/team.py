"""Changes of people that change who may use which connection; what everybody did."""

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access import people
from toolkit.access.people import Role, require_actor
from toolkit.exports.connection_users import remembering_lost_access
from toolkit.spreadsheets import FrameForPeople
from toolkit.state import audit
from toolkit.state.audit import AuditBreak
from toolkit.state.decisions import state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord


def add_person(folder: WorkspaceFolder, name: str, *, public_key: str, role: Role, root: str = "") -> str:
    """Let somebody in, and seal to them each connection that they may use and one's own key opens.

    ``root`` is the root of the workspace as they see it; raises TrustError when they see another workspace. Return the
    line that they run to know that they see the same workspace.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        with remembering_lost_access(session, folder, actor, _connections(session)):
            people.require_same_root(session, name, root)
            people.add_person(session, folder, actor, name, public_key=public_key, role=role)
        return f'workspace.trust("{state_of(session).root}")'


def change_role(folder: WorkspaceFolder, name: str, role: Role) -> None:
    """Give somebody another role, with the connections that go with it."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        with remembering_lost_access(session, folder, actor, _connections(session)):
            people.change_role(session, folder, actor, name, role)


def remove_person(folder: WorkspaceFolder, name: str) -> list[str]:
    """Let somebody out; return the connections whose secret they could open, and that should be rotated."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        found = _connections(session)
        with remembering_lost_access(session, folder, actor, found):
            people.remove_person(session, folder, actor, name)
        return [it.name for it in found if name in it.lost_access]


def audit_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return the audit, the newest action first."""
    with folder.reading() as session:
        require_actor(session, folder, least=Role.ADMINISTRATOR)
        return FrameForPeople(audit.frame(session))


def verify_audit(folder: WorkspaceFolder) -> AuditBreak | None:
    """Return where the audit's chain breaks."""
    with folder.reading() as session:
        # Not as somebody: who may look is told by the audit, and whoever can read it may know that it does not hold.
        return audit.verify(session, root=folder.memory.root_at(folder.path) or "")


def _connections(session: Session) -> list[ConnectionRecord]:
    return list(session.scalars(select(ConnectionRecord).order_by(ConnectionRecord.name)))
