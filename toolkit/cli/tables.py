"""The options that say where profiles and segments are, and how their keys are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from toolkit.access.locations import Tables

ProfilesOption = Annotated[str | None, typer.Option(help="Location of the profile table: a file, a folder or a URL.")]
SegmentsOption = Annotated[str | None, typer.Option(help="Folder or URL with a table for each segment.")]
SegmentColumnOption = Annotated[
    str, typer.Option(help="The column that names the segment, when --segments is one table of memberships.")
]
KeyOption = Annotated[str, typer.Option(help="The column of both that holds the customer key.")]
KeyAsTextOption = Annotated[
    bool, typer.Option("--key-as-text", help="Read integer keys as text, because the other table's keys are text.")
]
KeyNormalizationOption = Annotated[
    list[str] | None,
    typer.Option(help="What is ignored when keys are compared, such as case or blanks; repeat for several."),
]
KEY = "CustomerId"


def tables_at(
    profiles: str | None,
    segments: str | None,
    *,
    key: str,
    segment_column: str = "",
    key_as_text: bool = False,
    key_normalization: Sequence[str] | None = None,
) -> "Tables":
    """Return the tables that the options name; None for one that they leave out."""
    from toolkit.access.locations import Tables
    from toolkit.names import one_of
    from toolkit.sources import Profiles, SegmentFolder, SegmentTable
    from toolkit.sources.key_rules import KeyRule

    rules = tuple(one_of("rule of keys", KeyRule, it) for it in key_normalization or ())
    how: dict[str, Any] = {"key": key, "key_as_text": key_as_text, "key_normalization": rules}
    here = Path.cwd()
    catalog: SegmentFolder | SegmentTable | None = None
    if segments is not None and segment_column:
        catalog = SegmentTable(location=segments, segment=segment_column, **how).resolved(here)
    elif segments is not None:
        catalog = SegmentFolder(location=segments, **how).resolved(here)
    table = None if profiles is None else Profiles(location=profiles, **how).resolved(here)
    return Tables(table, catalog)
