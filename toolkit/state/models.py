"""The tables of the workspace's database.

No row holds an e-mail address or a secret that is not sealed; hashes of addresses lie in the suppression list alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

from toolkit.errors import DataError
from toolkit.identifiers import HashFormat
from toolkit.state.states import BatchStatus, Operation, RefreshStatus, RunStatus, Trigger
from toolkit.translatable import _


def _readable(process: Callable[[Any], Any] | None, kind: type, expected: str) -> Callable[[Any], Any]:
    """Return what takes a value from the database, and tells when it is not what is expected there.

    SQLite keeps whatever is written to it, of any kind.
    """

    def read(value: Any) -> Any:
        try:
            found = value if process is None else process(value)
        except (ValueError, TypeError):
            raise _unreadable(expected) from None
        if found is None or isinstance(found, kind):
            return found
        raise _unreadable(expected)

    return read


def _unreadable(expected: str) -> DataError:
    return DataError(
        _("The workspace's database holds something that is no {expected} where one is expected.", expected=expected),
        _("Somebody changed the database, or it is damaged: bring it back from a backup."),
    )


class Moment(TypeDecorator[datetime]):
    """A moment, aware of its zone: kept and given in UTC, also where the database keeps none (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring the moment to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        if value is None or value.tzinfo is None:
            return None if value is None else value.replace(tzinfo=UTC)
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what takes it from the database; it raises DataError for what is no moment."""
        return _readable(super().result_processor(dialect, coltype), datetime, "moment")


class Json(TypeDecorator[Any]):
    """An object or a list, as JSON."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: type[dict[Any, Any]] | type[list[Any]]) -> None:
        super().__init__()
        self.kind = kind

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what takes it from the database; it raises DataError for what is no JSON of that kind."""
        return _readable(super().result_processor(dialect, coltype), self.kind, f"JSON {self.kind.__name__}")


class Bytes(TypeDecorator[bytes]):
    """Bytes."""

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what takes them from the database; it raises DataError for what are none."""
        return _readable(super().result_processor(dialect, coltype), bytes, "binary value")


E = TypeVar("E", bound=StrEnum)


class OneOf(TypeDecorator[E]):
    """A member of an enumeration, kept by its value."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """Return the value of the member."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Return the member of the value."""
        return None if value is None else self.kind(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what takes it from the database; it raises DataError for what is no such value."""
        return _readable(super().result_processor(dialect, coltype), self.kind, f"value of {self.kind.__name__}")


class Base(DeclarativeBase):
    """What all records share."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        dict[str, Any]: Json(dict),
        dict[str, int]: Json(dict),
        list[dict[str, Any]]: Json(list),
        list[str]: Json(list),
        **{it: OneOf(it) for it in (RunStatus, RefreshStatus, BatchStatus, Operation, Trigger, HashFormat)},
    }


class PersonRecord(Base):
    """Somebody whom the workspace knows, by the public key."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    public_key: Mapped[str] = mapped_column(unique=True)
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class AuditRecord(Base):
    """One thing that somebody did; ``sha256`` covers the row and the hash of the row before, and is signed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    person: Mapped[str]
    public_key: Mapped[str]
    machine: Mapped[str]
    action: Mapped[str]
    name: Mapped[str]
    details: Mapped[dict[str, Any]]
    decides: Mapped[list[dict[str, Any]]]
    """What other rows became by it: of each the subject, its version and digest."""
    previous: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    signature: Mapped[str]
    """By the actor's key."""


class ConnectionRecord(Base):
    """A consented, authenticated link to one Criteo account."""

    __tablename__ = "connections"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str]
    advertisers: Mapped[list[dict[str, Any]]]
    consent_sha256: Mapped[str]
    consent_by: Mapped[str]
    consent_at: Mapped[datetime]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    open_to_contributors: Mapped[bool] = mapped_column(default=False)
    """Whether all contributors may use it; administrators always may."""
    lost_access: Mapped[list[str]] = mapped_column(default=list)
    """Names of those who could open the secret as it is, and may no longer use it."""
    secret_fingerprint: Mapped[str] = mapped_column(default="")
    """Of what is sealed; only a seal that holds exactly this is used."""
    seals: Mapped[list["SealRecord"]] = relationship(cascade="all, delete-orphan")
    shares: Mapped[list["ShareRecord"]] = relationship(cascade="all, delete-orphan")


class SealRecord(Base):
    """The secret of a connection, with the host it may go to, sealed to one person's public key."""

    __tablename__ = "seals"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id"), primary_key=True)
    public_key: Mapped[str] = mapped_column(primary_key=True)
    box: Mapped[bytes] = mapped_column(Bytes)
    sealed_by: Mapped[str]
    """The public key of whoever sealed and signed it."""
    signature: Mapped[str]


class ShareRecord(Base):
    """A person by name who may use a connection."""

    __tablename__ = "shares"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[PersonRecord] = relationship()


class DefinitionRecord(Base):
    """A saved definition that uses a connection; each saving raises its version."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    connection_id: Mapped[int | None] = mapped_column(ForeignKey("connections.id"))
    """None when the definition is detached: it keeps its settings, and changes nothing at Criteo."""
    version: Mapped[int]
    settings: Mapped[dict[str, Any]]
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    """When it was removed; what came of it stays: an export's runs, what an audience made at Criteo and its sizes."""

    @declared_attr
    def connection(self) -> Mapped[ConnectionRecord | None]:
        """What it uses."""
        return relationship()


class ExportRecord(DefinitionRecord):
    """A saved export."""

    __tablename__ = "exports"


class CriteoAudienceRecord(DefinitionRecord):
    """A declared Criteo audience. What is at Criteo is found there by its mark."""

    __tablename__ = "criteo_audiences"


class AudienceSizeRecord(Base):
    """How many people a Criteo audience reached, when it was asked."""

    __tablename__ = "audience_sizes"

    audience_id: Mapped[int] = mapped_column(ForeignKey("criteo_audiences.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    criteo_id: Mapped[str]
    size: Mapped[int]


class LeaseRecord(Base):
    """What keeps others from changing something as long as its holder lives; a takeover has a higher number.

    Times are seconds of the database's own clock.
    """

    __tablename__ = "leases"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True)
    machine: Mapped[str]
    place: Mapped[str]
    """What process numbers are of: a machine since it was started, or a container of it."""
    process: Mapped[int]
    process_started: Mapped[str]
    heartbeat_at: Mapped[float]
    """When its holder gave a sign of life last."""
    ended_at: Mapped[float | None]
    gone_at: Mapped[float | None]
    """When the process of its holder was first seen to be gone."""


class RunRecord(Base):
    """One execution of an export. At most one run of an export is running."""

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "one_running_run_an_export",
            "export_id",
            unique=True,
            sqlite_where=text(f"status = '{RunStatus.RUNNING}'"),
            postgresql_where=text(f"status = '{RunStatus.RUNNING}'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"))
    export_version: Mapped[int]
    settings: Mapped[dict[str, Any]]
    status: Mapped[RunStatus]
    dry_run: Mapped[bool]
    started_by: Mapped[Trigger]
    person: Mapped[str]
    lease: Mapped[int] = mapped_column(ForeignKey("leases.number"))
    toolkit_version: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    notes: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    error: Mapped[dict[str, Any] | None]
    timings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Seconds by step."""
    allowed: Mapped[list[str]] = mapped_column(default=list)
    """Guards that are passed knowingly."""
    resumes: Mapped[str | None]
    """The run that it takes up."""
    cancel_by: Mapped[str | None]
    """Who asked it to end."""
    refresh_id: Mapped[str | None]
    """The refresh that started it."""
    # What is long comes last: SQLite reads past it to what comes after.
    lists: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    """What became of each contact list."""
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    abandoned: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    """Lists of the export that it found left behind."""
    checks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    export: Mapped[ExportRecord] = relationship()


class ContactListRecord(Base):
    """What one segment of one export puts into a contact list at Criteo, as it was last known.

    Several exports may fill one list, which then holds what each of them put there.
    """

    __tablename__ = "contact_lists"
    __table_args__ = (
        Index(
            "one_list_in_use",
            "export_id",
            "segment",
            "host",
            "advertiser_id",
            "identifier_type",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_contact_lists_host_criteo_id", "host", "criteo_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"))
    segment: Mapped[str]
    host: Mapped[str]
    advertiser_id: Mapped[str]
    name: Mapped[str]
    criteo_id: Mapped[str | None]
    snapshot: Mapped[str | None]
    """File below the workspace's folder that holds the identifiers acknowledged up to ``snapshot_batch``."""
    snapshot_sha256: Mapped[str | None]
    snapshot_batch: Mapped[int] = mapped_column(default=0)
    form: Mapped[HashFormat | None]
    """The form in which something was sent last, since the list was last empty."""
    identifier_type: Mapped[str]
    """The name of the type: what Criteo calls it."""
    caller_id: Mapped[int | None]
    """Whose identifiers were sent last, since the list was last empty, where Criteo asks for it."""
    made_at: Mapped[datetime]
    """When the list got its name, which may tell the day."""
    settled: Mapped[int] = mapped_column(default=0)
    """How often a run that came to its end changed what is known; so many parts has the history of its members."""
    rejected: Mapped[int] = mapped_column(default=0)
    """Identifiers that were sent since the list was last empty, and that Criteo counted as invalid."""
    adopted: Mapped[bool] = mapped_column(default=False)
    """Whether the list was at Criteo already: it keeps its name."""
    holds_unknown: Mapped[bool] = mapped_column(default=False)
    """Whether the list may hold what somebody else put there: it was adopted, and never emptied since."""
    mixes_forms: Mapped[bool] = mapped_column(default=False)
    """Whether both plain values and hashes were sent since the list was last empty: both are known by one hash."""
    left_at: Mapped[datetime | None]
    """When the export was given another list to fill; what it put into this one may still be there."""
    kept_by: Mapped[str | None]
    """Who decided that the list, which nobody fills any more, stays as it is."""
    counted_at: Mapped[datetime | None]
    """When Criteo's count of the list last agreed with what is known of it."""
    counted_batch: Mapped[int] = mapped_column(default=0)
    """The newest batch of the list by then."""
    counted_update: Mapped[str] = mapped_column(default="")
    """When the list was last changed by then, as Criteo says."""
    export: Mapped[ExportRecord] = relationship()


class ListLeaseRecord(Base):
    """Who may change a contact list, as long as its lease holds."""

    __tablename__ = "list_leases"

    host: Mapped[str] = mapped_column(primary_key=True)
    criteo_id: Mapped[str] = mapped_column(primary_key=True)
    lease: Mapped[int] = mapped_column(ForeignKey("leases.number"))


class ListMarkRecord(Base):
    """A mark that a run was about to put into a list's description at Criteo: recorded before it is set there.

    Who finds a mark there that stands in no row knows that another ledger changed the list.
    """

    __tablename__ = "list_marks"
    __table_args__ = (Index("ix_list_marks_host_criteo_id", "host", "criteo_id"),)

    token: Mapped[str] = mapped_column(primary_key=True)
    """What is random about the mark."""
    host: Mapped[str]
    criteo_id: Mapped[str | None]
    """None as long as the list is not known to be made."""
    contact_list_id: Mapped[int]
    run_id: Mapped[str]
    """The run, or whatever else changed the list."""
    set_at: Mapped[datetime]
    is_confirmed: Mapped[bool] = mapped_column(default=False)
    """Whether it was seen at Criteo."""


class BatchRecord(Base):
    """One request to change a contact list: recorded before it is sent, and again when it is acknowledged."""

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    contact_list_id: Mapped[int] = mapped_column(ForeignKey("contact_lists.id"), index=True)
    criteo_id: Mapped[str | None] = mapped_column(index=True)
    """The list at Criteo that it changes."""
    number: Mapped[int]
    operation: Mapped[Operation]
    identifiers: Mapped[int]
    status: Mapped[BatchStatus]
    valid: Mapped[int | None]
    invalid: Mapped[int | None]
    sent_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    closed_after: Mapped[int | None]
    """The newest batch of all when it was known to be over; None while it may still be carried out."""


class HistoryPartRecord(Base):
    """A file of the history of a list's members; a file that no record names was never a part of it."""

    __tablename__ = "history_parts"

    contact_list_id: Mapped[int] = mapped_column(ForeignKey("contact_lists.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str]
    """Below the workspace's folder."""


class SuppressionRecord(Base):
    """One entry of the suppression list: people who were added, or another entry that was lifted.

    Entries are numbered and chained: ``sha256`` covers the entry and the hash of the one before.
    """

    __tablename__ = "suppressions"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(unique=True)
    act: Mapped[str]
    source: Mapped[str]
    """Where the people come from."""
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    public_key: Mapped[str]
    lifts: Mapped[str | None]
    """The name of the entry that is lifted."""
    kept: Mapped[list[str]] = mapped_column(default=list)
    """Of one that accepts that others are lost: the hashes of those that hold on."""
    customers: Mapped[int] = mapped_column(default=0)
    identifiers: Mapped[dict[str, int]] = mapped_column(default=dict)
    """How many of each type, by its name."""
    content_sha256: Mapped[str] = mapped_column(default="")
    """Of the people."""
    previous: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    signature: Mapped[str]


class SuppressionPartRecord(Base):
    """A part of the people of an entry of the suppression list: a Parquet table of customer keys and hashes."""

    __tablename__ = "suppression_parts"

    number: Mapped[int] = mapped_column(ForeignKey("suppressions.number"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(Bytes)


class RefreshRecord(Base):
    """One refresh: it runs the exports that are due. At most one is running."""

    __tablename__ = "refreshes"
    __table_args__ = (
        Index(
            "one_running_refresh",
            "status",
            unique=True,
            sqlite_where=text(f"status = '{RefreshStatus.RUNNING}'"),
            postgresql_where=text(f"status = '{RefreshStatus.RUNNING}'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    """When it was asked for; it may have waited for another."""
    runs_all: Mapped[bool]
    """Whether exports were due that run with every refresh."""
    schedule: Mapped[dict[str, Any]]
    """When exports run that run with every refresh, as it was told."""
    takes_up: Mapped[str | None]
    """The refresh that was killed, and that it goes on with."""
    status: Mapped[RefreshStatus]
    person: Mapped[str]
    lease: Mapped[int] = mapped_column(ForeignKey("leases.number"))
    toolkit_version: Mapped[str]
    finished_at: Mapped[datetime | None]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(default=list)


class RefreshedExportRecord(Base):
    """What a refresh makes of one export that is due."""

    __tablename__ = "refreshed_exports"

    refresh_id: Mapped[str] = mapped_column(ForeignKey("refreshes.id"), primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    position: Mapped[int]
    due_at: Mapped[datetime]
    """The time of its schedule, or when the refresh was asked for."""
    missed: Mapped[int] = mapped_column(default=0)
    """Earlier times of its schedule at which no refresh ran; one run makes up for all."""
    schedule: Mapped[dict[str, Any]]
    """Its schedule, as it was then."""
    status: Mapped[RunStatus]
    tries: Mapped[int] = mapped_column(default=0)
    run_id: Mapped[str | None]
    """The last of its runs."""
    error: Mapped[dict[str, Any] | None]
    """Why it failed or was skipped."""
    notebook: Mapped[str | None]
    """The executed notebook, below the workspace's folder."""
    begun_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    export: Mapped[ExportRecord] = relationship()


class MatterRecord(Base):
    """Something that people are told of when it goes wrong, and when it is well again."""

    __tablename__ = "matters"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    error: Mapped[dict[str, Any] | None]
    """What is wrong; None when it is well."""
    since: Mapped[datetime]
    """When this kind of error began, or it became well."""
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The code of the error that was told last, None when it was well, by what stands for the address."""
    telling_until: Mapped[datetime | None]
    """Until when a process that tells of it keeps others from doing so."""
