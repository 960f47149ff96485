"""The declared Criteo audiences of a workspace: saved, looked up, removed. Saving changes nothing at Criteo."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.access.sealing import connection_for, may_use, require_signed_connection
from toolkit.campaigns.declared import DeclaredAudience
from toolkit.campaigns.expression import SegmentLists, leaves_with_seeds
from toolkit.errors import AccessError, ConfigurationError
from toolkit.exports.connections import Connection, connection
from toolkit.exports.decided_audiences import decided_audience, require_signed_audience
from toolkit.exports.saved_exports import exports
from toolkit.names import looks, same_form, unknown_name
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import CriteoAudienceRecord, PersonRecord
from toolkit.translatable import _, mark

_MOST = 2**31 - 1
"""The highest number that every database keeps."""


@dataclass(frozen=True)
class Saved:
    """A declared audience with the number of its row, which its mark at Criteo names."""

    number: int
    audience: DeclaredAudience
    is_removed: bool = False


def save_audience(
    folder: WorkspaceFolder, audience: DeclaredAudience, *, based_on: int | None = None
) -> DeclaredAudience:
    """Save the audience, in the place of one of that name; check first that all it names is there.

    Args:
        folder: The workspace.
        audience: What is saved.
        based_on: The version that was edited: when somebody saved another meanwhile, theirs stays.

    Raises:
        ConfigurationError: A segment, an export, the connection or the advertiser is not there; or somebody saved
            another version meanwhile.
        AccessError: You may not use the connection.
    """
    (saved,) = save_audiences(folder, [audience], based_on=based_on)
    return saved


def save_audiences(
    folder: WorkspaceFolder, some: Iterable[DeclaredAudience], *, based_on: int | None = None
) -> list[DeclaredAudience]:
    """Save audiences as ``save_audience`` does: all of them, or none."""
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
    checked = [_checked(folder, it) for it in some]
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        return [_save(session, folder, actor, it, based_on=based_on) for it in checked]


def _save(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, audience: DeclaredAudience, *, based_on: int | None
) -> DeclaredAudience:
    used = connection_for(session, actor, audience.connection)
    record = session.scalar(select(CriteoAudienceRecord).where(CriteoAudienceRecord.name == audience.name))
    _require_unlike_others(session, audience)
    if record is None:
        # Its mark at Criteo names the number. A backup that was brought back would give the next number once more,
        # and the new declaration would take what a lost one made: at random, no two have the same.
        record = CriteoAudienceRecord(id=1 + secrets.randbelow(_MOST), name=audience.name, version=0)
        session.add(record)
    else:
        _require_manageable(actor, record)
    if based_on is not None and record.version != based_on:
        raise ConfigurationError(
            _(
                "Criteo audience {audience!r} was saved by {saved_by!r} meanwhile: it is at version {version}, "
                "and yours is based on {based_on}.",
                audience=audience.name,
                saved_by=record.saved_by,
                version=record.version,
                based_on=based_on,
            ),
            _("Look at it as it is now, and save your change again."),
        )
    record.connection_id = used.id
    record.removed_at = None
    record.version += 1
    saved = audience.model_copy(update={"version": record.version})
    record.settings = saved.model_dump(mode="json")
    record.saved_by = actor.name
    record.saved_at = datetime.now(UTC)
    session.flush()
    audit.record(
        session,
        folder,
        actor,
        Action.SAVE_AUDIENCE,
        audience.name,
        decides=[decided_audience(record)],
        version=record.version,
    )
    return saved


def audiences(folder: WorkspaceFolder) -> list[DeclaredAudience]:
    """Return all declared audiences, by name."""
    return [it.audience for it in all_saved(folder) if not it.is_removed]


def all_saved(folder: WorkspaceFolder) -> list[Saved]:
    """Return all declared audiences by name, also those that were removed."""
    with folder.reading() as session:
        require_actor(session, folder)
        records = select(CriteoAudienceRecord).order_by(CriteoAudienceRecord.name)
        return [_saved(session, it) for it in session.scalars(records)]


def audience_of(folder: WorkspaceFolder, name: str) -> DeclaredAudience:
    """Return the audience of that name.

    Raises:
        ConfigurationError: There is none.
        SignatureError: It is not as somebody signed it who could use its connection.
    """
    with folder.reading() as session:
        require_actor(session, folder)
        record = _named(session, name)
        _require_signed(session, record)
        return _saved(session, record).audience


def require_appliable(folder: WorkspaceFolder, name: str) -> Saved:
    """Return the audience of that name, once whoever acts may apply it.

    Raises:
        ConfigurationError: There is none, or it has no connection.
        AccessError: You are a viewer, or may not use its connection.
        SignatureError: It is not as somebody signed it who could use its connection.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = _named(session, name)
        _require_signed(session, record)
        if record.connection is None:
            raise without_connection(name)
        _require_manageable(actor, record)
        return _saved(session, record)


def without_connection(name: str) -> ConfigurationError:
    """Return the error of an audience whose connection was removed."""
    return ConfigurationError(
        _("Criteo audience {audience!r} has no connection: it was removed.", audience=name),
        _("Save it with another connection."),
    )


def remove_audience(folder: WorkspaceFolder, name: str) -> None:
    """Remove the declaration; what is at Criteo stays."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = _named(session, name)
        _require_manageable(actor, record)
        record.removed_at = datetime.now(UTC)
        session.flush()
        audit.record(session, folder, actor, Action.REMOVE_AUDIENCE, name, decides=[decided_audience(record)])


def audiences_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an audience."""
    schema = {
        "audience": pl.String,
        "definition": pl.String,
        "connection": pl.String,
        "advertiser": pl.String,
        "version": pl.Int64,
    }
    rows = [
        (it.name, it.definition, it.connection or "No connection", it.advertiser_id, it.version)
        for it in audiences(folder)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def advertiser_of(used: Connection, advertiser_id: str, *, what: str) -> str:
    """Return the advertiser that is meant; raises ConfigurationError when it is unknown, or one of several."""
    if advertiser_id:
        if advertiser_id not in used.advertisers:
            raise unknown_name(mark("advertiser that consented"), advertiser_id, used.advertisers)
        return advertiser_id
    if len(used.advertisers) != 1:
        known = ", ".join(f"{number} ({name})" for number, name in used.advertisers.items())
        raise ConfigurationError(
            _(
                "{what} names no advertiser, and connection {connection!r} has {count}.",
                what=what,
                connection=used.name,
                count=len(used.advertisers),
            ),
            _("Pass advertiser_id, one of {known}.", known=known),
        )
    return next(iter(used.advertisers))


def _checked(folder: WorkspaceFolder, audience: DeclaredAudience) -> DeclaredAudience:
    used = connection(folder, audience.connection)
    segments = folder.segments.names()
    known_exports = [it.name for it in exports(folder)]
    for leaf in leaves_with_seeds(audience.expression):
        if not isinstance(leaf, SegmentLists):
            continue
        if same_form(leaf.name) not in segments:
            raise unknown_name(mark("segment"), leaf.name, segments)
        if leaf.export and leaf.export not in known_exports:
            raise unknown_name(mark("export"), leaf.export, known_exports)
    what = _("Criteo audience {audience!r}", audience=audience.name)
    return audience.model_copy(update={"advertiser_id": advertiser_of(used, audience.advertiser_id, what=what)})


def _require_unlike_others(session: Session, audience: DeclaredAudience) -> None:
    """Raise ConfigurationError where a reader would take the name for another's: so may Criteo."""
    there = select(CriteoAudienceRecord.name).where(CriteoAudienceRecord.removed_at.is_(None))
    for name in session.scalars(there):
        if name != audience.name and looks(name) == looks(audience.name):
            raise ConfigurationError(
                _("There is a Criteo audience {name!r} already.", name=name), _("Choose another name.")
            )


def _named(session: Session, name: str) -> CriteoAudienceRecord:
    there = select(CriteoAudienceRecord).where(CriteoAudienceRecord.removed_at.is_(None))
    record = session.scalar(there.where(CriteoAudienceRecord.name == name))
    if record is None:
        raise unknown_name(mark("Criteo audience"), name, [it.name for it in session.scalars(there)])
    return record


def _require_signed(session: Session, record: CriteoAudienceRecord) -> None:
    require_signed_audience(session, record)
    if record.connection is not None:
        # Its name leads to it, and must not lead to another.
        require_signed_connection(session, record.connection)


def _require_manageable(actor: PersonRecord, record: CriteoAudienceRecord) -> None:
    if record.connection is not None and not may_use(actor, record.connection):
        raise AccessError(
            _(
                "Criteo audience {record!r} uses a connection that is not shared with you ({actor!r}).",
                record=record.name,
                actor=actor.name,
            ),
            _("Ask an administrator to share the connection, or to do it."),
        )


def _saved(session: Session, record: CriteoAudienceRecord) -> Saved:
    used = "" if record.connection is None else record.connection.name
    try:
        audience = DeclaredAudience.model_validate({**record.settings, "name": record.name, "connection": used})
    except (ConfigurationError, ValidationError):
        require_signed_audience(session, record)
        raise
    return Saved(record.id, audience, is_removed=record.removed_at is not None)
