"""A segment that is not saved: who would be in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from toolkit.access.people import current_user
from toolkit.audience import HashFormat
from toolkit.collections.segment import Segment, segment_of
from toolkit.display import html_table, per_cent, text_table
from toolkit.errors import ConfigurationError
from toolkit.names import listed, one_of
from toolkit.preview import FIRST_MEMBERS, Preview, preview_of_members
from toolkit.segments import (
    Condition,
    Definition,
    Found,
    SegmentFiles,
    StartedBy,
    anti_join,
    condition_of,
    find_members,
    history_frame,
    members_of,
    read_definition,
    read_history,
    require_ours,
    save_build,
    writable_catalog,
)
from toolkit.sources import SegmentFolder
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _
from toolkit.validation import Thresholds


@dataclass(frozen=True, repr=False, eq=False)
class SegmentDraft:
    """Who would be in a segment, with the profiles as they are. ``save`` makes it one.

    Examples:
        >>> draft = workspace.segments.draft("Polish", where="Country = 'Poland'")
        >>> draft.size, draft.profiles
        (2000, 20000)
        >>> draft.save().size
        2000
    """

    name: str
    condition: str
    members: pl.DataFrame
    """The keys of those who meet the condition, ``customer``."""
    profiles: int
    """The rows of the profile table."""
    added: int
    """Who would come to the segment of that name, of those who are not in it now."""
    removed: int
    history: pl.DataFrame
    """The builds of the segment of that name, as in ``Segment.history``."""
    _made: "_Made" = field(repr=False)

    @property
    def size(self) -> int:
        """How many would be in it."""
        return self.members.height

    def preview(
        self,
        *,
        email_column: str | Sequence[str] | None = None,
        form: HashFormat | str = HashFormat.SHA256,
        thresholds: Thresholds | None = None,
        columns: str | Sequence[str] = (),
        unmasked: str | Sequence[str] = (),
        members: int = FIRST_MEMBERS,
        **identifier_column: str | int | Sequence[str],
    ) -> Preview:
        """Preview the draft before anything is sent.

        Args:
            email_column: The profile column that holds the e-mail, or several, unless another type of identifier is
                named.
            form: How e-mails are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            thresholds: The limits that the preview compares with.
            columns: Further profile columns in ``preview.members``, masked where they look personal.
            unmasked: Columns to show as they are. The audit records who looked.
            members: How many members ``preview.members`` shows.
            **identifier_column: The column of another type of identifier instead, such as ``phone_column``; what the
                type takes beside it, such as ``phone_region``; and the ``separator`` of several in one field.

        Returns:
            The preview, as ``Workspace.preview`` returns it.

        Raises:
            DataError: A column is not there, or the profile table can't be read.
            AccessError: You are a viewer and asked for unmasked columns.
        """
        keys = self.members["customer"]
        return preview_of_members(
            self._made.folder,
            self.name,
            keys,
            email_column=email_column,
            form=one_of("form", HashFormat, form),
            thresholds=thresholds,
            columns=listed(columns, what=_("columns")),
            unmasked=listed(unmasked, what=_("unmasked")),
            members=members,
            **identifier_column,
        )

    def save(self, *, dynamic: bool | None = None) -> Segment:
        """Save the segment: its members as Parquet in the catalog, and its definition beside them.

        A dynamic segment is built again at each refresh and before each run that sends it. A static segment keeps its
        members.

        Args:
            dynamic: Whether the segment is dynamic. By default a segment stays what it is, and a new one is static.

        Returns:
            The segment as it was built.

        Raises:
            ConfigurationError: A dynamic segment has a Polars expression, or a table of that name was not built here.
            BusyError: Somebody saved another definition meanwhile.
            AccessError: You are a viewer.
        """
        made = self._made
        definition = _definition(made, dynamic=dynamic)
        save_build(
            made.folder,
            made.catalog,
            definition,
            made.found,
            based_on=made.based_on,
            started_by=StartedBy.PERSON,
        )
        return segment_of(made.folder, self.name)

    @property
    def frame(self) -> pl.DataFrame:
        """One row: ``members``, their ``share`` of the profiles, ``added``, ``removed``."""
        share = self.size / self.profiles if self.profiles else 0.0
        return pl.DataFrame(
            {"members": [self.size], "share": [share], "added": [self.added], "removed": [self.removed]}
        )

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(self._shown)}"

    def _repr_html_(self) -> str:
        return html_table(self._shown, title=self._headline, subtitle=self.condition)

    @property
    def _headline(self) -> str:
        return _(
            "Draft of segment {name!r}: {size:,} of {profiles:,} profiles. It is not saved.",
            name=self.name,
            size=self.size,
            profiles=self.profiles,
        )

    @property
    def _shown(self) -> pl.DataFrame:
        return self.frame.with_columns(share=per_cent(pl.col("share")))


@dataclass(frozen=True)
class _Made:
    """What a draft was made of."""

    folder: WorkspaceFolder
    catalog: SegmentFolder
    name: str
    condition: Condition
    found: Found
    based_on: Definition | None


def draft_segment(folder: WorkspaceFolder, name: str, where: str | pl.Expr) -> SegmentDraft:
    """Find out who would be in a segment; nothing is saved. Raises a ToolkitError for a condition that is none."""
    catalog = writable_catalog(folder)
    files = SegmentFiles.of(catalog, name)
    based_on = read_definition(files.definition)
    require_ours(catalog, name, based_on)
    condition = condition_of(where)
    found = find_members(folder.profiles, condition)
    known = members_of(files.members, catalog.key) if based_on is not None else None
    if known is None or known.dtype != found.members.dtype:
        known = found.members.clear()
    return SegmentDraft(
        name=name,
        condition=condition.text,
        members=found.members.alias("customer").to_frame(),
        profiles=found.profiles,
        added=len(anti_join(found.members, known)),
        removed=len(anti_join(known, found.members)),
        history=history_frame(read_history(files.history) if based_on is not None else []),
        _made=_Made(folder, catalog, name, condition, found, based_on),
    )


def build_segment(folder: WorkspaceFolder, name: str, where: str | pl.Expr, *, dynamic: bool | None = None) -> Segment:
    """Build a segment of the profiles that meet a condition, in the place of one that was built under that name."""
    return draft_segment(folder, name, where).save(dynamic=dynamic)


def _definition(made: _Made, *, dynamic: bool | None) -> Definition:
    known = made.based_on
    is_dynamic = (known is not None and known.dynamic) if dynamic is None else dynamic
    if is_dynamic and not made.condition.is_sql:
        raise ConfigurationError(
            _(
                "Segment {made!r} can't be dynamic: its condition is a Polars expression, which can't be kept.",
                made=made.name,
            ),
            _("Write the condition as SQL, or save the segment with dynamic=False."),
        )
    kept = {"where" if made.condition.is_sql else "expression": made.condition.text}
    if known is not None and (known.dynamic, known.condition) == (is_dynamic, made.condition.text):
        return known
    return Definition(
        segment=made.name,
        dynamic=is_dynamic,
        version=1 if known is None else known.version + 1,
        saved_by=current_user(made.folder).name,
        saved_at=datetime.now(UTC).replace(microsecond=0),
        **kept,
    )
