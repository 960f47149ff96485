"""What people are told of: the state of each matter, and to whom it was told.

A state is told once, when it begins. What could not be delivered is told at the next run, as it is then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl
from sqlalchemy import Update, or_, select, update

from toolkit.errors import ToolkitError
from toolkit.notify.addresses import Address, addresses
from toolkit.redaction import redacted
from toolkit.runs.lifecycle import now
from toolkit.workspace import WorkspaceFolder
from toolkit.workspace.records import MatterRecord

GOOD = "good"
_TELLING_LASTS = timedelta(minutes=5)


class Subject(StrEnum):
    """What a matter is about."""

    EXPORT = "export"
    CONNECTION = "connection"
    TABLE = "table"


@dataclass(frozen=True)
class Matter:
    """Something that may go wrong and be well again."""

    subject: Subject
    name: str

    def __str__(self) -> str:
        return f"{self.subject.value.capitalize()} {self.name!r}"


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a matter; ``state`` is the same as long as it is the same trouble."""

    state: str
    """Such as ``failed (DataError)``."""
    what: str
    remedy: str


def note(folder: WorkspaceFolder, matter: Matter, trouble: Trouble | None, *, at: datetime) -> None:
    """Take down how a matter stands; None is good."""
    state = GOOD if trouble is None else trouble.state
    with folder.session() as session, session.begin():
        record = session.get(MatterRecord, (matter.subject.value, matter.name))
        if record is None:
            if trouble is None:
                return
            record = MatterRecord(kind=matter.subject.value, name=matter.name, state=GOOD, since=at, told={})
            session.add(record)
        if record.state != state:
            record.state, record.since = state, at
        record.what = "" if trouble is None else redacted(trouble.what)
        record.remedy = "" if trouble is None else redacted(trouble.remedy)


def tell(folder: WorkspaceFolder, *, to: Collection[Address] | None = None) -> list[str]:
    """Tell every state that was not told; return what could not be delivered, as warnings.

    ``to`` is the configured addresses by default. Nothing is raised: telling never makes a run fail.
    """
    try:
        chosen = addresses() if to is None else to
        return [warning for record in _untold(folder, chosen) for warning in _tell_one(folder, record, chosen)]
    except ToolkitError as error:
        return [f"Nobody was notified. {error.what} {error.remedy}"]


def matters_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row a matter that ever was in trouble: what it is about, how it stands and since when."""
    query = select(MatterRecord).order_by(MatterRecord.kind, MatterRecord.name)
    with folder.reading() as session:
        rows = [(it.kind, it.name, it.state, it.since, it.what, it.remedy) for it in session.scalars(query)]
    return pl.DataFrame(
        rows,
        schema={
            "subject": pl.String,
            "name": pl.String,
            "state": pl.String,
            "since": pl.Datetime("us", "UTC"),
            "what": pl.String,
            "remedy": pl.String,
        },
        orient="row",
    )


def _untold(folder: WorkspaceFolder, chosen: Collection[Address]) -> list[MatterRecord]:
    with folder.reading() as session:
        records = session.scalars(select(MatterRecord).order_by(MatterRecord.since)).all()
    return [it for it in records if any(it.told.get(address.name, GOOD) != it.state for address in chosen)]


def _tell_one(folder: WorkspaceFolder, untold: MatterRecord, chosen: Collection[Address]) -> list[str]:
    record = _claimed(folder, untold)
    if record is None:
        return []  # another process is at it
    told, warnings = dict(record.told), []
    title, text = _wording(folder, record)
    for address in chosen:
        if told.get(address.name, GOOD) == record.state:
            continue
        try:
            address.send(title, text, is_trouble=record.state != GOOD)
        except ToolkitError as error:
            warnings.append(f"{error.what} {error.remedy}")
        else:
            told[address.name] = record.state
    with folder.session() as session, session.begin():
        session.execute(_of(record).values(told=told, telling_until=None))
    return warnings


def _claimed(folder: WorkspaceFolder, untold: MatterRecord) -> MatterRecord | None:
    free = or_(MatterRecord.telling_until.is_(None), MatterRecord.telling_until < now())
    with folder.session() as session, session.begin():
        claim = _of(untold).where(free).values(telling_until=now() + _TELLING_LASTS)
        return session.scalars(claim.returning(MatterRecord)).one_or_none()


def _of(record: MatterRecord) -> Update:
    return update(MatterRecord).where(MatterRecord.kind == record.kind, MatterRecord.name == record.name)


def _wording(folder: WorkspaceFolder, record: MatterRecord) -> tuple[str, str]:
    matter = Matter(Subject(record.kind), record.name)
    where = f"Workspace {folder.path} on {folder.machine}, since {record.since:%Y-%m-%d %H:%M} UTC."
    if record.state == GOOD:
        return f"{matter} is well again", f"It needs nothing more. {where}"
    return f"{matter}: {record.state}", f"{record.what}\n{record.remedy}\n{where}"
