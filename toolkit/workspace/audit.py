"""Who did what to what, when and from where: rows that are only added, each chained to the one before by its hash."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson
import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.workspace.database import one_at_a_time
from toolkit.workspace.records import AuditRecord, PersonRecord

if TYPE_CHECKING:
    from toolkit.workspace.folder import WorkspaceFolder

_BEGINNING = "0" * 64


class Action(StrEnum):
    """What was done, and to what kind of thing."""

    ADD_PERSON = "add person"
    CHANGE_ROLE = "change role of person"
    REMOVE_PERSON = "remove person"
    SAVE_CONNECTION = "save connection"
    ROTATE_SECRET = "rotate secret of connection"  # noqa: S105
    SHARE_CONNECTION = "share connection"
    UNSHARE_CONNECTION = "unshare connection"
    SEAL_CONNECTION = "seal connection"
    RENAME_CONNECTION = "rename connection"
    TEST_CONNECTION = "test connection"
    REMOVE_CONNECTION = "remove connection"
    SAVE_EXPORT = "save export"
    DETACH_EXPORT = "detach export"
    REMOVE_EXPORT = "remove export"
    RUN_EXPORT = "run export"
    CANCEL_RUN = "cancel run of export"
    BUILD_SEGMENT = "build segment"
    REMOVE_SEGMENT = "remove segment"
    FORGET = "forget person"
    SUPPRESS = "suppress people"
    WRITE_LEFT_OUT = "write members left out"
    SHOW_UNMASKED = "show columns unmasked"
    SAVE_TABLES = "save tables of workspace"
    SAVE_SUITE = "save suite of checks"
    REMOVE_SUITE = "remove suite of checks"


@dataclass(frozen=True)
class AuditBreak:
    """The first place where the chain does not hold."""

    row: int
    what: str

    def __str__(self) -> str:
        return f"Row {self.row} of the audit {self.what}."


def record(
    session: Session, folder: "WorkspaceFolder", actor: PersonRecord, action: Action, name: str, **details: object
) -> None:
    """Add a row, in the same transaction as what it tells of. Details hold no secret and no address."""
    one_at_a_time(session)
    last = session.scalar(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1))
    row = AuditRecord(
        id=1 if last is None else last.id + 1,
        at=datetime.now(UTC),
        person=actor.name,
        public_key=actor.public_key,
        machine=folder.machine,
        action=action.value,
        name=name,
        details=orjson.loads(orjson.dumps(details)),
        previous=_BEGINNING if last is None else last.sha256,
    )
    row.sha256 = _digest(row)
    session.add(row)
    session.flush()


def frame(session: Session) -> pl.DataFrame:
    """Return a row an action, the newest first."""
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


def verify(session: Session) -> AuditBreak | None:
    """Return where a row was altered, removed or slipped in; None when the chain holds.

    Rows that were cut off at the end leave a chain that holds: compare its length and last hash with a copy.
    """
    previous, expected = _BEGINNING, 1
    for row in session.scalars(select(AuditRecord).order_by(AuditRecord.id)):
        if row.id != expected or row.previous != previous:
            return AuditBreak(expected, "was removed, or another put in its place")
        if row.sha256 != _digest(row):
            return AuditBreak(row.id, "was altered")
        previous, expected = row.sha256, row.id + 1
    return None


def _digest(row: AuditRecord) -> str:
    content = {
        "id": row.id,
        "at": row.at.astimezone(UTC).isoformat(),
        "person": row.person,
        "public_key": row.public_key,
        "machine": row.machine,
        "action": row.action,
        "name": row.name,
        "details": row.details,
        "previous": row.previous,
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
