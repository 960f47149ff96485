"""How segments are built here, from the profiles, by a condition."""

from toolkit.segments.building import (
    bring_up_to_date,
    built_segments_of,
    rebuild,
    remove_segment,
    stale_segments_of,
    using,
)
from toolkit.segments.catalog import SegmentFiles, built_segments, definition_of, writable_catalog
from toolkit.segments.computing import Found, find_members
from toolkit.segments.condition import Condition, condition_of
from toolkit.segments.definition import Definition, read_definition
from toolkit.segments.history import StartedBy, history_frame, read_history
from toolkit.segments.keeping import keep, members_of, require_ours, without

__all__ = [
    "Condition",
    "Definition",
    "Found",
    "SegmentFiles",
    "StartedBy",
    "bring_up_to_date",
    "built_segments",
    "built_segments_of",
    "condition_of",
    "definition_of",
    "find_members",
    "history_frame",
    "keep",
    "members_of",
    "read_definition",
    "read_history",
    "rebuild",
    "remove_segment",
    "require_ours",
    "stale_segments_of",
    "using",
    "without",
    "writable_catalog",
]
