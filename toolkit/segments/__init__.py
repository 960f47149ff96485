"""Segments that are built here, from the profiles, by a condition."""

from toolkit.segments.building import (
    bring_up_to_date,
    build_segment,
    built_segments_of,
    rebuild_segment,
    remove_segment,
)
from toolkit.segments.catalog import built_segments
from toolkit.segments.definition import Definition
from toolkit.segments.draft import SegmentDraft, draft_segment
from toolkit.segments.history import StartedBy
from toolkit.segments.segment import Segment, segment_of, segments_frame

__all__ = [
    "Definition",
    "Segment",
    "SegmentDraft",
    "StartedBy",
    "bring_up_to_date",
    "build_segment",
    "built_segments",
    "built_segments_of",
    "draft_segment",
    "rebuild_segment",
    "remove_segment",
    "segment_of",
    "segments_frame",
]
