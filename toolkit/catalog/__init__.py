"""Segments as values: looked at, drafted, built."""

from toolkit.catalog.draft import SegmentDraft, build_segment, draft_segment
from toolkit.catalog.segment import Segment, rebuild_segment, segment_of, segments_frame

__all__ = [
    "Segment",
    "SegmentDraft",
    "build_segment",
    "draft_segment",
    "rebuild_segment",
    "segment_of",
    "segments_frame",
]
