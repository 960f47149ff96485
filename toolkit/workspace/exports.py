"""Exports: saved configurations. Saving never runs one."""

from datetime import UTC, datetime
from enum import StrEnum
from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import select

from toolkit.audience import IdentifierForm
from toolkit.checks import Thresholds
from toolkit.errors import AccessError, ConfigurationError
from toolkit.names import unknown_name
from toolkit.show import html_table, text_table
from toolkit.workspace import audit
from toolkit.workspace.access import connection_for, may_use
from toolkit.workspace.audit import Action
from toolkit.workspace.connections import connection
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import Role, acting
from toolkit.workspace.records import ExportRecord, PersonRecord


class Mode(StrEnum):
    """What a run makes of a contact list that was filled before."""

    MIRROR = "mirror"
    """The list holds exactly the segment; only the difference is sent."""
    APPEND = "append"
    """New members are added; none is removed."""
    REPLACE = "replace"
    """The list is emptied, and the whole segment sent."""


class Export(BaseModel):
    """A connection, the data matching, the segments and the options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    connection: str
    """Name of the connection."""
    email_column: str
    """Data matching: the profile column that holds the e-mail."""
    segments: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()
    """Segments whose members, and whoever shares an address with one, are never sent."""
    advertiser_id: str = ""
    """One of the connection's advertisers; not needed when there is only one."""
    list_name: str = "{segment}"
    """How the contact lists are called: ``{segment}`` and ``{export}`` are filled in."""
    form: IdentifierForm = IdentifierForm.SHA256
    mode: Mode = Mode.MIRROR
    thresholds: Thresholds = Thresholds()
    version: int = 0
    """How often it was saved."""

    @field_validator("list_name")
    @classmethod
    def _fields_are_known(cls, template: str) -> str:
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if "segment" not in fields or not fields <= {"segment", "export"}:
            raise ValueError("it must hold {segment}, may hold {export}, and nothing else in braces")
        return template

    @field_validator("segments", "exclude")
    @classmethod
    def _named_once(cls, segments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(segments))

    def name_of_list(self, segment: str) -> str:
        """Return the name of the contact list that the segment fills."""
        return self.list_name.format(segment=segment, export=self.name)

    def __repr__(self) -> str:
        return f"Export {self.name!r}, version {self.version}\n{text_table(self._table)}"

    def _repr_html_(self) -> str:
        return html_table(self._table, title=f"Export {self.name}", subtitle=f"version {self.version}")

    @property
    def _table(self) -> Any:
        import polars as pl

        shown = {
            "connection": self.connection or "No connection",
            "e-mail column": self.email_column,
            "segments": ", ".join(self.segments),
            "excluded": ", ".join(self.exclude),
            "advertiser": self.advertiser_id,
            "list name": self.list_name,
            "sent as": self.form.value,
            "mode": self.mode.value,
        }
        return pl.DataFrame({"option": list(shown), "value": list(shown.values())})


def make_export(name: str, options: dict[str, Any]) -> Export:
    """Return an export from its options; raises ConfigurationError that names each option that is wrong."""
    try:
        return Export(name=name, **options)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in error.errors())
        raise ConfigurationError(
            f"Export {name!r} was not saved: {wrong}.",
            f"Options are {', '.join(field for field in Export.model_fields if field not in ('name', 'version'))}.",
        ) from None


def save_export(folder: WorkspaceFolder, export: Export, *, based_on: int | None = None) -> Export:
    """Save the export, in the place of one of that name; check first that all it names is there.

    ``based_on`` is the version that was edited: when somebody saved another meanwhile, theirs stays and
    ConfigurationError says so. Raises ConfigurationError for an unknown connection, e-mail column, segment or
    advertiser, AccessError to whom may not use the connection.
    """
    _require_known(folder, export)
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        used = connection_for(session, actor, export.connection)
        record = session.scalar(select(ExportRecord).where(ExportRecord.name == export.name))
        if record is None:
            record = ExportRecord(name=export.name, version=0)
            session.add(record)
        else:
            _require_manageable(actor, record)
        if based_on is not None and record.version != based_on:
            raise ConfigurationError(
                f"Export {export.name!r} was saved by {record.saved_by!r} meanwhile: it is at version "
                f"{record.version}, and yours is based on {based_on}.",
                "Look at it as it is now, and save your change again.",
            )
        record.connection_id = used.id
        record.removed_at = None
        record.version += 1
        advertiser_id = _advertiser(export, {it["id"]: it["name"] for it in used.advertisers})
        saved = export.model_copy(update={"advertiser_id": advertiser_id, "version": record.version})
        record.settings = saved.model_dump(mode="json")
        record.saved_by = actor.name
        record.saved_at = datetime.now(UTC)
        audit.record(session, folder, actor, Action.SAVE_EXPORT, export.name, version=record.version)
    return saved


def exports(folder: WorkspaceFolder) -> list[Export]:
    """Return all exports, by name; one without a connection is detached."""
    with folder.session() as session, session.begin():
        acting(session, folder)
        records = select(ExportRecord).where(ExportRecord.removed_at.is_(None)).order_by(ExportRecord.name)
        return [_value(record) for record in session.scalars(records)]


def export_of(folder: WorkspaceFolder, name: str) -> Export:
    """Return the export; raises ConfigurationError when there is none of that name."""
    known = {it.name: it for it in exports(folder)}
    if name not in known:
        raise unknown_name("export", name, known)
    return known[name]


def remove_export(folder: WorkspaceFolder, name: str) -> None:
    """Remove the export; its runs, and its lists at Criteo, stay."""
    _end(folder, name, Action.REMOVE_EXPORT)


def detach_export(folder: WorkspaceFolder, name: str) -> None:
    """Take the export's connection away: it keeps its settings, and does not run until it is saved with another."""
    _end(folder, name, Action.DETACH_EXPORT)


def _end(folder: WorkspaceFolder, name: str, action: Action) -> None:
    export_of(folder, name)
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        record = session.scalars(select(ExportRecord).where(ExportRecord.name == name)).one()
        _require_manageable(actor, record)
        record.connection_id = None
        if action is Action.REMOVE_EXPORT:
            record.removed_at = datetime.now(UTC)
        audit.record(session, folder, actor, action, name)


def require_runnable(folder: WorkspaceFolder, export: Export) -> None:
    """Raise AccessError to whom may not run the export, ConfigurationError when it is detached."""
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        record = session.scalars(select(ExportRecord).where(ExportRecord.name == export.name)).one()
        if record.connection_id is None:
            raise ConfigurationError(
                f"Export {export.name!r} has no connection: it was detached.", "Save it with another connection."
            )
        _require_manageable(actor, record)


def _require_known(folder: WorkspaceFolder, export: Export) -> None:
    connection(folder, export.connection)
    columns = folder.profiles.columns
    if export.email_column not in columns:
        raise unknown_name("profile column", export.email_column, columns)
    known = set(folder.segments.names())
    for segment in (*export.segments, *export.exclude):
        if segment not in known:
            raise unknown_name("segment", segment, known)


def _require_manageable(actor: PersonRecord, record: ExportRecord) -> None:
    if record.connection is not None and not may_use(actor, record.connection):
        raise AccessError(
            f"Export {record.name!r} uses a connection that is not shared with you ({actor.name!r}).",
            "Ask an administrator to share the connection, or to do it.",
        )


def _value(record: ExportRecord) -> Export:
    used = "" if record.connection is None else record.connection.name
    return Export.model_validate({**record.settings, "connection": used})


def _advertiser(export: Export, advertisers: dict[str, str]) -> str:
    if export.advertiser_id:
        if export.advertiser_id not in advertisers:
            raise unknown_name("advertiser that consented", export.advertiser_id, advertisers)
        return export.advertiser_id
    if len(advertisers) > 1:
        known = ", ".join(f"{number} ({name})" for number, name in advertisers.items())
        raise ConfigurationError(
            f"Export {export.name!r} names no advertiser, and connection {export.connection!r} has several.",
            f"Pass advertiser_id, one of {known}.",
        )
    return next(iter(advertisers))
