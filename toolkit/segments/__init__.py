"""How segments are built here, from the profiles, by a condition."""

from toolkit.segments.builder import (
    built_segments_of,
    exports_using,
    rebuild,
    rebuild_if_stale,
    remove_segment,
    stale_segments_of,
)
from toolkit.segments.condition import Condition, condition_of
from toolkit.segments.definition import Definition, read_definition
from toolkit.segments.evaluation import Found, find_members
from toolkit.segments.files import SegmentFiles, built_segments, definition_of, definitions, writable_catalog
from toolkit.segments.history import StartedBy, history_frame, read_history
from toolkit.segments.store import anti_join, members_of, require_ours, save_build

__all__ = [
    "Condition",
    "Definition",
    "Found",
    "SegmentFiles",
    "StartedBy",
    "anti_join",
    "built_segments",
    "built_segments_of",
    "condition_of",
    "definition_of",
    "definitions",
    "exports_using",
    "find_members",
    "history_frame",
    "members_of",
    "read_definition",
    "read_history",
    "rebuild",
    "rebuild_if_stale",
    "remove_segment",
    "require_ours",
    "save_build",
    "stale_segments_of",
    "writable_catalog",
]
