"""The declared Criteo audiences of a workspace: saved, looked up, removed. Saving changes nothing at Criteo."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.campaigns.declared import DeclaredAudience
from toolkit.campaigns.expression import SegmentLists, leaves_with_seeds
from toolkit.errors import ConfigurationError
from toolkit.exports.connection import Connection
from toolkit.exports.connections import connection
from toolkit.exports.definition_store import DefinitionStore
from toolkit.exports.definitions import CRITEO_AUDIENCE
from toolkit.exports.saved_exports import exports
from toolkit.names import looks, same_form, unknown_name
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import CriteoAudienceRecord
from toolkit.translatable import _, mark

_MOST = 2**31 - 1
"""The highest number that every database keeps."""


@dataclass(frozen=True)
class Saved:
    """A declared audience with the number of its row, which its mark at Criteo names."""

    number: int
    audience: DeclaredAudience
    is_removed: bool = False


class _Audiences(DefinitionStore[CriteoAudienceRecord, DeclaredAudience]):
    def require_allowed_name(self, session: Session, name: str) -> None:
        """Raise ConfigurationError where a reader would take the name for another's: so may Criteo."""
        there = select(CriteoAudienceRecord.name).where(CriteoAudienceRecord.removed_at.is_(None))
        for other in session.scalars(there):
            if other != name and looks(other) == looks(name):
                raise ConfigurationError(
                    _("There is a Criteo audience {name!r} already.", name=other), _("Choose another name.")
                )

    def new_record(self, name: str) -> CriteoAudienceRecord:
        """Return a row with a number at random, which its mark at Criteo names.

        A backup that was brought back would give the next number once more, and the new declaration would take what a
        lost one made: at random, no two have the same.
        """
        return CriteoAudienceRecord(id=1 + secrets.randbelow(_MOST), name=name, version=0)


_AUDIENCES = _Audiences(CRITEO_AUDIENCE, DeclaredAudience)


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
    return _AUDIENCES.save_all(folder, [_checked(folder, it) for it in some], based_on=based_on)


def audiences(folder: WorkspaceFolder) -> list[DeclaredAudience]:
    """Return all declared audiences, by name."""
    return _AUDIENCES.all(folder)


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
    return _AUDIENCES.get(folder, name)


def require_appliable(folder: WorkspaceFolder, name: str) -> Saved:
    """Return the audience of that name, once whoever acts may apply it.

    Raises:
        ConfigurationError: There is none, or it has no connection.
        AccessError: You are a viewer, or may not use its connection.
        SignatureError: It is not as somebody signed it who could use its connection.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = _AUDIENCES.signed(session, name)
        if record.connection is None:
            raise without_connection(name)
        CRITEO_AUDIENCE.require_manageable(actor, record)
        return _saved(session, record)


def without_connection(name: str) -> ConfigurationError:
    """Return the error of an audience whose connection was removed."""
    return ConfigurationError(
        _("Criteo audience {audience!r} has no connection: it was removed.", audience=name),
        _("Save it with another connection."),
    )


def remove_audience(folder: WorkspaceFolder, name: str) -> None:
    """Remove the declaration; what is at Criteo stays."""
    with _AUDIENCES.changing(folder, name, Action.REMOVE_AUDIENCE) as record:
        record.removed_at = datetime.now(UTC)


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
    what = CRITEO_AUDIENCE.titled(audience.name)
    return audience.model_copy(update={"advertiser_id": advertiser_of(used, audience.advertiser_id, what=what)})


def _saved(session: Session, record: CriteoAudienceRecord) -> Saved:
    return Saved(record.id, _AUDIENCES.value(session, record), is_removed=record.removed_at is not None)
