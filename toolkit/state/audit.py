"""Who did what to what, when and from where: rows that are only added.

Each is chained to the one before by its hash, and signed by whoever acted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson
import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.errors import SignatureError
from toolkit.state.database import serialize_writes
from toolkit.state.decisions import Decided, State, catch_up, require_chain, root_in, row_digest, sign_row, state_of
from toolkit.state.models import AuditRecord, PersonRecord
from toolkit.translatable import _

if TYPE_CHECKING:
    from toolkit.state.folder import WorkspaceFolder


class Action(StrEnum):
    """What was done, and to what kind of thing."""

    ADD_PERSON = "add person"
    CHANGE_ROLE = "change role of person"
    REMOVE_PERSON = "remove person"
    SAVE_CONNECTION = "save connection"
    ROTATE_SECRET = "rotate secret of connection"  # noqa: S105
    UPDATE_USERS = "update users of connection"
    SHARE_CONNECTION = "share connection"
    UNSHARE_CONNECTION = "unshare connection"
    SEAL_CONNECTION = "seal connection"
    RENAME_CONNECTION = "rename connection"
    TEST_CONNECTION = "test connection"
    REMOVE_CONNECTION = "remove connection"
    SAVE_EXPORT = "save export"
    DETACH_EXPORT = "detach export"
    REMOVE_EXPORT = "remove export"
    SAVE_AUDIENCE = "save Criteo audience"
    DETACH_AUDIENCE = "detach Criteo audience"
    REMOVE_AUDIENCE = "remove Criteo audience"
    CREATE_SEGMENT_AT_CRITEO = "create segment at Criteo"
    CREATE_AUDIENCE_AT_CRITEO = "create Criteo audience at Criteo"
    CHANGE_AUDIENCE_AT_CRITEO = "change Criteo audience at Criteo"
    ADOPT_AUDIENCE_AT_CRITEO = "adopt Criteo audience at Criteo"
    DELETE_AUDIENCE_AT_CRITEO = "delete Criteo audience at Criteo"
    DELETE_SEGMENT_AT_CRITEO = "delete segment at Criteo"
    LINK_AD_SET = "link ad set"
    UNLINK_AD_SET = "unlink ad set"
    RUN_EXPORT = "run export"
    PROVE_CONSENT = "prove consent of whom export sends"
    CANCEL_RUN = "cancel run of export"
    BUILD_SEGMENT = "build segment"
    REMOVE_SEGMENT = "remove segment"
    EMPTY_LIST = "empty list left behind"
    DELETE_LIST = "delete list left behind"
    KEEP_LIST = "keep list left behind"
    FORGET = "forget person"
    DISCLOSE = "disclose person"
    SUPPRESS = "suppress people"
    UNSUPPRESS = "lift entry of suppression list"
    ACCEPT_LOST_SUPPRESSIONS = "accept loss of entries of suppression list"
    WRITE_LEFT_OUT = "write members left out"
    SHOW_UNMASKED = "show columns unmasked"
    SAVE_TABLES = "save tables of workspace"
    SAVE_SUITE = "save suite of checks"
    REMOVE_SUITE = "remove suite of checks"


@dataclass(frozen=True)
class AuditBreak:
    """The first place where the chain does not hold.

    Examples:
        >>> found = workspace.audit.verify()
        >>> if found is not None:
        ...     print(found.row, found.what)
    """

    row: int
    what: str

    def __str__(self) -> str:
        return _("Row {row} of the audit {what}.", row=self.row, what=self.what)


def record(
    session: Session,
    folder: "WorkspaceFolder",
    actor: PersonRecord,
    action: Action,
    name: str,
    *,
    decides: Sequence[Decided] = (),
    **details: object,
) -> None:
    """Add a row, signed by the actor's key, in the same transaction as what it tells of.

    Details hold no secret and no address. ``decides`` says how other rows are from now on; a row that is changed and
    not decided anew is taken for altered by somebody else.
    """
    serialize_writes(session)
    state = state_of(session)
    catch_up(session, state)
    row = AuditRecord(
        id=state.head.count + 1,
        at=datetime.now(UTC),
        person=actor.name,
        public_key=folder.identity.public_key,
        machine=folder.machine,
        action=action.value,
        name=name,
        details=orjson.loads(orjson.dumps(details)),
        decides=state.entries(decides),
        previous=state.head.sha256,
        signature="",
    )
    row.sha256 = row_digest(row)
    row.signature = sign_row(folder, row, root=state.root)
    state.apply(row)
    session.add(row)
    session.flush()


def frame(session: Session) -> pl.DataFrame:
    """Return a row an action, the newest first; raises SignatureError when one was altered since it was signed."""
    require_chain(session)
    rows = session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()))
    return pl.DataFrame(
        [
            (it.id, it.at, it.person, it.action, it.name, orjson.dumps(it.details).decode(), it.machine, it.public_key)
            for it in rows
        ],
        schema={
            "row": pl.Int64,
            "at": pl.Datetime("us", "UTC"),
            "person": pl.String,
            "action": pl.String,
            "name": pl.String,
            "details": pl.String,
            "machine": pl.String,
            "public_key": pl.String,
        },
        orient="row",
    )


def verify(session: Session, *, root: str = "") -> AuditBreak | None:
    """Return where a row was altered, removed, slipped in, or signed by nobody entitled; None when all holds.

    ``root`` is the one that the workspace is known to have. Rows that were cut off at the end leave a chain that holds;
    a machine that saw them remembers.
    """
    state = State()
    found = root_in(session)
    if root and found != root:
        return AuditBreak(
            1, _("was altered, and is not the root that this machine knows") if found else _("was removed")
        )
    try:
        catch_up(session, state)
    except SignatureError as error:
        return AuditBreak(state.head.count + 1, error.what.partition(" of the audit ")[2].rstrip("."))
    return None
