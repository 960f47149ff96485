"""The segments of a workspace."""

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.collections.segment import Segment, rebuild_segment, segment_of, segments_frame
from toolkit.collections.segment_draft import SegmentDraft, build_segment, draft_segment
from toolkit.names import same_form
from toolkit.segments import remove_segment
from toolkit.sources import SegmentFolder, SegmentTable
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, mark


class Segments(Collection[str, Segment]):
    """The segments, by name: those from elsewhere, and those that were built here.

    A segment's size is counted when you ask for it, so that names are there at once.

    Examples:
        >>> list(workspace.segments)[:2]
        ['High value', 'Invited but empty']
        >>> workspace.segments["High value"].size
        1879
    """

    _title: ClassVar[str] = _("Segments")
    _kind: ClassVar[str] = mark("segment")
    _if_empty: ClassVar[str] = _("Build one with workspace.segments.build(name, where=…).")

    def _load(self) -> Mapping[str, Segment]:
        return {name: segment_of(self._folder, name) for name in self._names()}

    def _names(self) -> list[str]:
        return self.source.names()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and same_form(name) in self._names()

    def __getitem__(self, name: str) -> Segment:
        return segment_of(self._folder, same_form(name))

    @property
    def source(self) -> SegmentFolder | SegmentTable:
        """Where the segments are read from.

        Examples:
            >>> workspace.segments.source.key
            'CustomerId'
        """
        return self._folder.segments

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each segment.

        Columns: ``segment``, ``rows``, ``changed_at`` and, for segments built here, ``kind``, ``condition`` and
            ``version``.

        Examples:
            >>> workspace.segments.frame.columns
            ['segment', 'rows', 'changed_at', 'kind', 'condition', 'version']
        """
        return FrameForPeople(segments_frame(self._folder))

    def draft(self, name: str, *, where: str | pl.Expr) -> SegmentDraft:
        """Find out who would be in a segment, as ``segments.build`` would build it; nothing is saved.

        Args:
            name: Name of the segment.
            where: What stands after ``WHERE`` in SQL, or a Polars expression.

        Returns:
            The draft: its members, and how many it would add and remove.

        Raises:
            ConfigurationError: The condition is no SQL, or no segment can be built in the
                catalog.
            DataError: The condition names a column that is not there, or the profile table can't be read.

        Examples:
            >>> draft = workspace.segments.draft("Dutch", where="Country = 'Netherlands'")
            >>> draft.size, draft.added, draft.removed
            (9027, 9027, 0)
        """
        return draft_segment(self._folder, same_form(name), where)

    def build(self, name: str, *, where: str | pl.Expr, dynamic: bool | None = None) -> Segment:
        """Build a segment of the profiles that meet a condition.

        It replaces a segment that was built under that name. A dynamic segment, by SQL only, is built again at each
        refresh and before each run that sends it. A static segment keeps its members.

        Args:
            name: Name of the segment.
            where: What stands after ``WHERE`` in SQL, or a Polars expression.
            dynamic: Whether the segment is dynamic. By default a segment stays what it is, and a new one is static.

        Returns:
            The segment as it was built.

        Raises:
            ConfigurationError: The condition is no SQL, no segment can be built in the
                catalog, a table of that name was not built here, or a dynamic segment has a Polars expression.
            DataError: The condition names a column that is not there, or the profile table can't be read.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.segments.build("Dutch", where="Country = 'Netherlands'", dynamic=True).kind
            'dynamic'
        """
        return build_segment(self._folder, same_form(name), where, dynamic=dynamic)

    def rebuild(self, name: str) -> Segment:
        """Build a segment again by its definition, with the profiles as they are now.

        Args:
            name: Name of a segment that was built here, static or dynamic.

        Returns:
            The segment as it was built.

        Raises:
            ConfigurationError: The segment was not built here, or was built by a Polars expression, which can't be
                stored.
            AccessError: You are a viewer.

        Examples:
            >>> segment = workspace.segments.build("Polish", where="Country = 'Poland'")
            >>> workspace.segments.rebuild("Polish").history.height
            2
        """
        return rebuild_segment(self._folder, same_form(name))

    def remove(self, name: str) -> None:
        """Remove a segment that was built here. Contact lists at Criteo stay.

        Args:
            name: Name of the segment.

        Raises:
            ConfigurationError: The segment was not built here, or an export uses it.
            AccessError: You are a viewer.

        Examples:
            >>> segment = workspace.segments.build("To remove", where="Country = 'Poland'")
            >>> workspace.segments.remove("To remove")
        """
        remove_segment(self._folder, same_form(name))
