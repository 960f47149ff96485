"""Bringing a built segment to the disk: definition, members and history, each in whole or not at all."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.errors import BusyError, ConfigurationError
from toolkit.files import read_parquet, write_atomically
from toolkit.segments.definition import Definition, read_definition, write_definition
from toolkit.segments.evaluation import Found
from toolkit.segments.files import SegmentFiles
from toolkit.segments.history import Build, StartedBy, read_history, write_history
from toolkit.sources import SegmentFolder
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.database import serialize_writes
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import PersonRecord
from toolkit.translatable import _


def save_build(
    folder: WorkspaceFolder,
    catalog: SegmentFolder,
    definition: Definition,
    found: Found,
    *,
    based_on: Definition | None,
    started_by: StartedBy,
) -> None:
    """Write what was found of a segment; the file of the members stays untouched when they are as they were.

    Raises BusyError when somebody saved another definition since ``based_on``, AccessError to viewers,
    ConfigurationError when there is a segment of that name that was not built here.
    """
    files = SegmentFiles.of(catalog, definition.segment)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        serialize_writes(session)
        if read_definition(files.definition) != based_on:
            raise BusyError(
                _("Somebody saved another definition of segment {segment!r} meanwhile.", segment=definition.segment),
                _("Look at it, then build yours again."),
            )
        require_ours(catalog, definition.segment, based_on)
        if started_by is StartedBy.PERSON:
            _record(session, folder, actor, definition, found)
        # In this order, so that a segment whose build was cut short is known by its definition, and built again.
        if definition != based_on:
            write_definition(files.definition, definition)
        before = members_of(files.members, catalog.key)
        if before is None or not before.equals(found.members):
            rows = found.members.alias(catalog.key).to_frame()
            write_atomically(files.members, rows.write_parquet)
        build = _build(definition, found, before, files.members, by=actor.name, started_by=started_by)
        write_history(files.history, [*read_history(files.history), build])


def require_ours(catalog: SegmentFolder, name: str, definition: Definition | None) -> None:
    """Raise ConfigurationError when a segment of that name came from elsewhere."""
    if definition is None and name in catalog.names():
        raise ConfigurationError(
            _("Segment {name!r} is there already, and was not built here.", name=name),
            _("Choose another name, or remove what lies in {location}.", location=catalog.location),
        )


def members_of(path: Path, key: str) -> pl.Series | None:
    """Return the members that a build left, None when the file is gone or not what was written."""
    try:
        return read_parquet(path)[key]
    except (OSError, pl.exceptions.PolarsError):
        return None


def state_of(path: Path) -> str:
    """Return what differs when somebody wrote the file anew; nothing when it is gone."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _record(
    session: Session, folder: WorkspaceFolder, actor: PersonRecord, definition: Definition, found: Found
) -> None:
    audit.record(
        session,
        folder,
        actor,
        Action.BUILD_SEGMENT,
        definition.segment,
        version=definition.version,
        kind=definition.kind,
        condition=definition.condition,
        members=len(found.members),
    )


def _build(
    definition: Definition,
    found: Found,
    before: pl.Series | None,
    path: Path,
    *,
    by: str,
    started_by: StartedBy,
) -> Build:
    known = found.members.clear() if before is None or before.dtype != found.members.dtype else before
    return Build(
        at=datetime.now(UTC),
        members=len(found.members),
        added=len(anti_join(found.members, known)),
        removed=len(anti_join(known, found.members)),
        version=definition.version,
        kind=definition.kind,
        condition=definition.condition,
        by=by,
        started_by=started_by,
        seconds=round(found.seconds, 3),
        fingerprint=found.fingerprint,
        file=state_of(path),
    )


def anti_join(some: pl.Series, others: pl.Series) -> pl.Series:
    """Return those of ``some`` that are not among the others."""
    return some.filter(~some.is_in(others.implode()))
