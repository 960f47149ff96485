"""Segments that are built here: built anew, kept up to date, removed."""

from collections.abc import Iterator
from contextlib import contextmanager

from toolkit.access.people import Role, require_actor
from toolkit.errors import ConfigurationError, ToolkitError
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import exports
from toolkit.names import unknown_name
from toolkit.segments.condition import Condition, condition_of
from toolkit.segments.definition import Definition
from toolkit.segments.evaluation import find_members, fingerprint_of
from toolkit.segments.files import SegmentFiles, built_segments, definition_of, writable_catalog
from toolkit.segments.history import StartedBy, read_history
from toolkit.segments.store import save_build, state_of
from toolkit.sources import SegmentFolder
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark


def rebuild(folder: WorkspaceFolder, name: str) -> None:
    """Build a segment anew by its definition, static or dynamic, with the profiles as they are.

    Raises ConfigurationError when it was not built here, or by a Polars expression.
    """
    catalog = writable_catalog(folder)
    definition = _built(folder, name)
    if not definition.where:
        raise ConfigurationError(
            _("Segment {name!r} was built by a Polars expression, which is kept to be read only.", name=name),
            _("Build it with the expression again, or with a condition in SQL."),
        )
    with _telling(name):
        _rebuild(folder, catalog, definition, StartedBy.PERSON)


def built_segments_of(folder: WorkspaceFolder, export: Export) -> list[str]:
    """Return those segments of an export, sent or excluded, that are built here."""
    built = built_segments(folder)
    if not built:
        return []
    chosen = export.chosen(sorted({*folder.segments.names(), *built}))
    return [it for it in dict.fromkeys([*chosen.segments, *chosen.exclude]) if it in built]


def stale_segments_of(folder: WorkspaceFolder, export: Export) -> list[str]:
    """Return those segments of an export that a run would build anew before it sends them."""
    return [
        name
        for name in built_segments_of(folder, export)
        if _is_stale(folder, writable_catalog(folder), _built(folder, name))
    ]


def rebuild_if_stale(folder: WorkspaceFolder, name: str, *, started_by: StartedBy) -> None:
    """Build a segment anew if it is dynamic, and the profiles or its condition are not as when it was built last.

    Raises a ToolkitError that names the segment when it can't be built: what it held is not to be sent in its place.
    """
    with _telling(name):
        catalog = writable_catalog(folder)
        definition = _built(folder, name)
        if _is_stale(folder, catalog, definition):
            _rebuild(folder, catalog, definition, started_by)


def remove_segment(folder: WorkspaceFolder, name: str) -> None:
    """Remove a segment that was built here; raises ConfigurationError while exports hold it."""
    catalog = writable_catalog(folder)
    _built(folder, name)
    holding = exports_using(folder, name)
    if holding:
        raise ConfigurationError(
            _("Segment {name!r} is in {names}.", name=name, names=", ".join(f"export {it!r}" for it in holding)),
            _("Take it out there, or remove the exports, first."),
        )
    files = SegmentFiles.of(catalog, name)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.REMOVE_SEGMENT, name)
        # The definition last, so that what was cut short can be removed again.
        for path in (files.members, files.history, files.definition):
            path.unlink(missing_ok=True)


def exports_using(folder: WorkspaceFolder, name: str) -> list[str]:
    """Return the exports that hold the segment, by name or by pattern, to send it or to keep its members out."""
    known = folder.segments.names()
    chosen = [it.chosen(known) for it in exports(folder)]
    return [it.name for it in chosen if name in it.segments or name in it.exclude]


def _built(folder: WorkspaceFolder, name: str) -> Definition:
    definition = definition_of(folder, name)
    if definition is not None:
        return definition
    if name in folder.segments.names():
        raise ConfigurationError(
            _("Segment {name!r} was not built here.", name=name), _("Change or remove it where its table comes from.")
        )
    raise unknown_name(mark("segment that is built here"), name, built_segments(folder))


def _is_stale(folder: WorkspaceFolder, catalog: SegmentFolder, definition: Definition) -> bool:
    files = SegmentFiles.of(catalog, definition.segment)
    builds = read_history(files.history)
    if not builds or builds[-1].version != definition.version:
        return True  # its build was cut short
    if not definition.dynamic:
        return False
    last = builds[-1]
    if last.condition != definition.condition or last.file != state_of(files.members):
        return True
    return last.fingerprint != fingerprint_of(_condition(definition), folder.profiles.inputs())


def _rebuild(folder: WorkspaceFolder, catalog: SegmentFolder, definition: Definition, started_by: StartedBy) -> None:
    found = find_members(folder.profiles, _condition(definition))
    save_build(folder, catalog, definition, found, based_on=definition, started_by=started_by)


def _condition(definition: Definition) -> Condition:
    if not definition.where:
        raise ConfigurationError(_("Its condition is kept to be read only."), _("Build it with the expression again."))
    return condition_of(definition.where)


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Let an error name the segment."""
    try:
        yield
    except ToolkitError as error:
        raise type(error)(
            _("Segment {name!r} can't be built. {what}", name=name, what=error.what), error.remedy
        ) from None
