"""What people are told of: the state of each matter, and to whom it was told.

A state is told once, when it begins. What could not be delivered is told at the next run, as it is then.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Update, or_, select, update

from toolkit.alerts.channels import Address, configured_channels
from toolkit.errors import ErrorCode, ErrorInfo, ToolkitError
from toolkit.redaction import redacted
from toolkit.runs.lifecycle import now
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.stored import code_in, error_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import MatterRecord
from toolkit.translatable import Text, _, reading_in, sentences, shown

_TELLING_LASTS = timedelta(minutes=5)


class Subject(StrEnum):
    """What a matter is about."""

    EXPORT = "export"
    CONNECTION = "connection"
    TABLE = "table"


@dataclass(frozen=True)
class AlertKey:
    """Something that may go wrong and be well again."""

    subject: Subject
    name: str

    def __str__(self) -> str:
        return str(self.__text__())

    def __text__(self) -> Text:
        match self.subject:
            case Subject.EXPORT:
                return _("Export {name!r}", name=self.name)
            case Subject.CONNECTION:
                return _("Connection {name!r}", name=self.name)
            case Subject.TABLE:
                return _("Table {name!r}", name=self.name)


@dataclass(frozen=True)
class AlertState:
    """How a matter stands that ever was in trouble."""

    matter: AlertKey
    error: ErrorInfo | None
    """What is wrong; None when it is well again."""
    since: datetime
    """When this kind of error began, or it became well."""


def record_state(folder: WorkspaceFolder, matter: AlertKey, trouble: ErrorInfo | None, *, at: datetime) -> None:
    """Take down how a matter stands; None is well."""
    with folder.session() as session, session.begin():
        record = session.get(MatterRecord, (matter.subject.value, matter.name))
        if record is None:
            if trouble is None:
                return
            record = MatterRecord(kind=matter.subject.value, name=matter.name, error=None, since=at, told={})
            session.add(record)
        if _code(record) != (None if trouble is None else trouble.code):
            record.since = at
        hidden = trouble and replace(trouble, what=redacted(trouble.what), remedy=redacted(trouble.remedy))
        record.error = None if hidden is None else hidden.to_json()


def dispatch(folder: WorkspaceFolder, *, to: Collection[Address] | None = None) -> list[Notice]:
    """Tell every state that was not told, in the workspace's language; return what could not be delivered, as warnings.

    ``to`` is the configured addresses by default. Nothing is raised: telling never makes a run fail.
    """
    try:
        chosen = configured_channels() if to is None else to
        return [warning for record in _untold(folder, chosen) for warning in _tell_one(folder, record, chosen)]
    except ToolkitError as error:
        text = _("Nobody was notified. {what} {remedy}", what=error.what, remedy=error.remedy)
        return [Notice(NoticeCode.NOT_NOTIFIED, text)]


def alert_states(folder: WorkspaceFolder) -> tuple[AlertState, ...]:
    """Return how each matter stands that ever was in trouble, by what it is about and its name."""
    query = select(MatterRecord).order_by(MatterRecord.kind, MatterRecord.name)
    with folder.reading() as session:
        return tuple(
            AlertState(AlertKey(Subject(it.kind), it.name), error_in(it.error), it.since)
            for it in session.scalars(query)
        )


def _untold(folder: WorkspaceFolder, chosen: Collection[Address]) -> list[MatterRecord]:
    with folder.reading() as session:
        records = session.scalars(select(MatterRecord).order_by(MatterRecord.since)).all()
    return [it for it in records if any(it.told.get(address.name) != _code(it) for address in chosen)]


def _tell_one(folder: WorkspaceFolder, untold: MatterRecord, chosen: Collection[Address]) -> list[Notice]:
    record = _claimed(folder, untold)
    if record is None:
        return []  # another process is at it
    told = dict(record.told)
    warnings: list[Notice] = []
    with reading_in(folder.settings.language):
        title, text = map(shown, _wording(folder, record))
    for address in chosen:
        if told.get(address.name) == _code(record):
            continue
        try:
            address.send(title, text, is_trouble=record.error is not None)
        except ToolkitError as error:
            warnings.append(Notice(NoticeCode.NOT_NOTIFIED, error.info.sentences))
        else:
            told[address.name] = _code(record)
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
    matter = AlertKey(Subject(record.kind), record.name)
    where = _(
        "Workspace {folder} on {machine}, since {since:%Y-%m-%d %H:%M} UTC.",
        folder=folder.path,
        machine=folder.machine,
        since=record.since,
    )
    error = error_in(record.error)
    if error is None:
        return _("{matter} is well again", matter=matter), _("It needs nothing more. {where}", where=where)
    return (
        _("{matter}: {headline}", matter=matter, headline=headline(error.code)),
        sentences([error.what, error.remedy, where], between="\n"),
    )


def headline(code: ErrorCode) -> str:
    """Return in a few words what is wrong."""
    return _HEADLINES.get(code) or _("failed ({code})", code=code.value.replace("_", " "))


_HEADLINES = {
    ErrorCode.GUARD: _("stopped by a guard"),
    ErrorCode.CHANGING_INPUT: _("stopped by a guard"),
    ErrorCode.INPUT_NOT_READY: _("not there in time"),
    ErrorCode.OUTDATED_INPUT: _("read too long ago"),
}


def _code(record: MatterRecord) -> ErrorCode | None:
    return code_in(record.error)
