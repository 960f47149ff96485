"""The exports of a workspace: saved, looked up, duplicated, ended. Saving never runs one."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from toolkit.access.locations import require_signed_locations
from toolkit.access.people import Role, require_actor
from toolkit.audience.keys import require_no_addresses_as_keys
from toolkit.criteo import CriteoClient, Waiting
from toolkit.errors import ConfigurationError
from toolkit.exports.connection import Connection
from toolkit.exports.connections import client_of, connection, credentials_of
from toolkit.exports.definition_store import DefinitionStore
from toolkit.exports.definitions import EXPORT
from toolkit.exports.export import Export
from toolkit.names import same_form, unknown_name
from toolkit.redaction import TELEPHONE
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, PersonRecord
from toolkit.translatable import _, mark

_EXPORTS = DefinitionStore(EXPORT, Export)
_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")


def save_export(folder: WorkspaceFolder, export: Export, *, based_on: int | None = None) -> Export:
    """Save the export, in the place of one of that name; check first that all it names is there.

    ``based_on`` is the version that was edited: when somebody saved another meanwhile, theirs stays and
    ConfigurationError says so. Raises ConfigurationError for an unknown connection, profile column, segment,
    advertiser or list at Criteo (which is asked only when the export names lists), AccessError to whom may not use the
    connection.
    """
    (saved,) = save_exports(folder, [export], based_on=based_on)
    return saved


def save_exports(folder: WorkspaceFolder, some: Iterable[Export], *, based_on: int | None = None) -> list[Export]:
    """Save exports as ``save_export`` does: all of them, or none."""
    return _EXPORTS.save_all(folder, [_checked(folder, it) for it in some], based_on=based_on)


def exports(folder: WorkspaceFolder) -> list[Export]:
    """Return all exports, by name; one without a connection is detached."""
    return _EXPORTS.all(folder)


def export_of(folder: WorkspaceFolder, name: str) -> Export:
    """Return the export; raises ConfigurationError when there is none of that name.

    Raises SignatureError when it is not as somebody signed it who could use its connection.
    """
    return _EXPORTS.get(folder, name)


def remove_export(folder: WorkspaceFolder, name: str) -> None:
    """Remove the export; its runs, and its lists at Criteo, stay."""
    with _EXPORTS.changing(folder, name, Action.REMOVE_EXPORT) as record:
        record.connection_id = None
        record.removed_at = datetime.now(UTC)


def detach_export(folder: WorkspaceFolder, name: str) -> None:
    """Take the export's connection away: it keeps its settings, and does not run until it is saved with another."""
    with _EXPORTS.changing(folder, name, Action.DETACH_EXPORT) as record:
        record.connection_id = None


def require_runnable(folder: WorkspaceFolder, export: Export) -> None:
    """Raise AccessError to whom may not run the export, ConfigurationError when it is detached.

    Raises SignatureError when it, or where the tables lie, is not as somebody entitled signed it.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = session.scalars(select(ExportRecord).where(ExportRecord.name == export.name)).one()
        if record.connection_id is None:
            raise ConfigurationError(
                _("Export {export!r} has no connection: it was detached.", export=export.name),
                _("Save it with another connection."),
            )
        EXPORT.require_manageable(actor, record)
        EXPORT.require_signed(session, record)
        require_signed_locations(session, folder)


def chosen_segments(folder: WorkspaceFolder, export: Export) -> Export:
    """Return the export with the segments that its patterns match now; raises ConfigurationError when none does."""
    if not export.has_patterns:
        return export
    chosen = export.chosen(folder.segments.names())
    if not chosen.segments:
        raise ConfigurationError(
            _(
                "No segment at {location} matches {segments} of export {export!r}.",
                location=folder.segments.location,
                segments=", ".join(map(repr, export.segments)),
                export=export.name,
            ),
            _("Correct the pattern, or the folder that the segments are read from."),
        )
    return chosen


def exports_with(folder: WorkspaceFolder, segment: str) -> list[Export]:
    """Return the exports that send the segment, by name or by pattern."""
    known = folder.segments.names()
    segment = same_form(segment)
    if segment not in known:
        raise unknown_name(mark("segment"), segment, known)
    return [it for it in exports(folder) if segment in it.chosen(known).segments]


def duplicate_export(folder: WorkspaceFolder, name: str, to: str) -> Export:
    """Save a copy under another name. Its lists at Criteo are its own, so their names tell the export.

    Raises ConfigurationError when that name is taken.
    """
    export = export_of(folder, name)
    if to in {it.name for it in exports(folder)}:
        raise ConfigurationError(_("There is an export {to!r} already.", to=to), _("Choose another name."))
    own = export.list_name if "{export}" in export.list_name else f"{export.list_name} ({{export}})"
    return save_export(folder, export.model_copy(update={"name": to, "list_name": own}))


def activate_export(folder: WorkspaceFolder, name: str, *, active: bool) -> Export:
    """Let ``runs.start_all`` and the refresh run the export, or not."""
    export = export_of(folder, name)
    if export.active == active:
        return export
    return save_export(folder, export.model_copy(update={"active": active}), based_on=export.version)


def exports_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an export."""
    schema = {
        "export": pl.String,
        "connection": pl.String,
        "segments": pl.String,
        "mode": pl.String,
        "active": pl.Boolean,
        "version": pl.Int64,
    }
    rows = [
        (it.name, it.connection or "No connection", ", ".join(it.segments), it.mode.value, it.active, it.version)
        for it in exports(folder)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def require_manageable(actor: PersonRecord, record: ExportRecord) -> None:
    """Raise AccessError to whom may not use the export's connection."""
    EXPORT.require_manageable(actor, record)


def _checked(folder: WorkspaceFolder, export: Export) -> Export:
    """Return the export with its advertiser and lists by their ids; raises ConfigurationError for what is not there."""
    _require_no_personal_words(export)
    used = connection(folder, export.connection)
    columns = folder.profiles.columns
    identities = [it.name for it in export.identity_columns]
    asked = (export.advertiser_column, export.consent_column, export.consent_basis_column)
    for column in filter(None, (*identities, *asked)):
        if column not in columns:
            raise unknown_name(mark("profile column"), column, columns)
    if folder.profiles.key in identities:
        require_no_addresses_as_keys(folder.profiles)
    if export.consent_basis_column == folder.profiles.key:
        raise ConfigurationError(
            _("consent_basis_column names the key of the profiles, which no evidence of consent may hold."),
            _("Name the column that says on what basis people consented, or none."),
        )
    known = folder.segments.names()
    chosen = chosen_segments(folder, export)
    for segment in (*chosen.segments, *chosen.exclude):
        if segment not in known:
            raise unknown_name(mark("segment"), segment, known)
    export.require_names_of_lists(chosen.segments)
    advertiser_id = "" if export.advertiser_column else _advertiser(export, used)
    lists = _found_lists(folder, export, advertiser_id) if export.lists else {}
    return export.model_copy(update={"advertiser_id": advertiser_id, "lists": lists})


def _require_no_personal_words(export: Export) -> None:
    """Check that what is written down and sent as it is names no person."""
    # Numbers of campaigns and years stand in names, too.
    forbidden = {"name": _ADDRESS, "list_name": _ADDRESS, "consent_basis": re.compile(TELEPHONE)}
    for option, pattern in forbidden.items():
        if pattern.search(getattr(export, option)):
            raise ConfigurationError(
                _("The export was not saved: {option} holds an e-mail address or a phone number.", option=option),
                _("It is kept and shown as it is. Write it without what names a person."),
            )


def _advertiser(export: Export, used: Connection) -> str:
    if export.advertiser_id:
        if export.advertiser_id not in used.advertisers:
            raise unknown_name(mark("advertiser that consented"), export.advertiser_id, used.advertisers)
        return export.advertiser_id
    if len(used.advertisers) > 1:
        known = ", ".join(f"{number} ({name})" for number, name in used.advertisers.items())
        raise ConfigurationError(
            _(
                "Export {export!r} names no advertiser, and connection {connection!r} has several.",
                export=export.name,
                connection=export.connection,
            ),
            _("Pass advertiser_id, one of {known}; or advertiser_column, if the profiles hold it.", known=known),
        )
    return next(iter(used.advertisers))


def _found_lists(folder: WorkspaceFolder, export: Export, advertiser_id: str) -> Mapping[str, str]:
    with client_of(credentials_of(folder, export.connection), waiting=Waiting.PERSON) as criteo:
        return {segment: _found_list(criteo, given, advertiser_id) for segment, given in export.lists.items()}


def _found_list(criteo: CriteoClient, given: str, advertiser_id: str) -> str:
    known = criteo.contact_lists(advertiser_id)
    for found in known:
        if given == found.id or same_form(given) == same_form(found.name):
            return found.id
    raise unknown_name(
        _("contact list of advertiser {advertiser_id}", advertiser_id=advertiser_id), given, [it.name for it in known]
    )
