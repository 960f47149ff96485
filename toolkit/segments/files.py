"""The catalog as a place where segments are built: which files a segment has there."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from toolkit import bundled
from toolkit.errors import ConfigurationError
from toolkit.names import same_form
from toolkit.segments.definition import (
    ENDING,
    Definition,
    definition_path,
    encode_file_name,
    read_definition,
    segment_named_by,
)
from toolkit.sources import Format, SegmentFolder
from toolkit.sources.location import is_remote
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _


@dataclass(frozen=True)
class SegmentFiles:
    """Where a segment that is built here lies."""

    members: Path
    definition: Path
    history: Path

    @classmethod
    def of(cls, catalog: SegmentFolder, name: str) -> "SegmentFiles":
        """Return the files of the segment of that name."""
        folder, stem = Path(catalog.location), encode_file_name(name)
        return cls(
            _as_it_lies_there(folder / f"{stem}.parquet"),
            _as_it_lies_there(definition_path(folder, name)),
            _as_it_lies_there(folder / f"_{stem}.history.ndjson"),
        )


def _as_it_lies_there(path: Path) -> Path:
    """Return the path of the file, whose name may have come back from elsewhere in another Unicode form."""
    decomposed = path.with_name(unicodedata.normalize("NFD", path.name))
    return decomposed if not path.exists() and decomposed.exists() else path


def writable_catalog(folder: WorkspaceFolder) -> SegmentFolder:
    """Return the catalog as a folder that segments can be built in; raises ConfigurationError when it is none."""
    catalog = folder.segments
    remedy = _('Set one with read_from(segments=SegmentFolder(location="…", key="CustomerId")), and build it there.')
    if not isinstance(catalog, SegmentFolder):
        raise ConfigurationError(
            _(
                "No segment can be built in {location}: it is one table of memberships, not a folder.",
                location=catalog.location,
            ),
            remedy,
        )
    if is_remote(catalog.location):
        raise ConfigurationError(
            _(
                "No segment can be built in {location}: it is not on this machine, and only read.",
                location=catalog.location,
            ),
            remedy,
        )
    if catalog.format not in (None, Format.PARQUET):
        raise ConfigurationError(
            _(
                "No segment can be built in {location}: it is read as {format}, and segments are built as Parquet.",
                location=catalog.location,
                format=catalog.format,
            ),
            remedy,
        )
    if bundled.holds(Path(catalog.location)):
        raise ConfigurationError(
            _(
                "No segment can be built in {location}: these are the toolkit's own sample tables.",
                location=catalog.location,
            ),
            _("Work on a copy, which `toolkit init FOLDER --sample` makes."),
        )
    return catalog


def built_segments(folder: WorkspaceFolder) -> list[str]:
    """Return the names of the segments that are built here; none where none can be."""
    catalog = folder.segments
    if not isinstance(catalog, SegmentFolder) or is_remote(catalog.location):
        return []
    return [segment_named_by(it) for it in sorted(Path(catalog.location).glob(f"_*{ENDING}"))]


def definitions(folder: WorkspaceFolder) -> list[Definition]:
    """Return the definitions of all segments that are built here, by name; raises DataError when one is damaged."""
    catalog = folder.segments
    if not isinstance(catalog, SegmentFolder):
        return []
    files = [SegmentFiles.of(catalog, name).definition for name in built_segments(folder)]
    return [it for file in files if (it := read_definition(file)) is not None]


def definition_of(folder: WorkspaceFolder, name: str) -> Definition | None:
    """Return the definition of a segment, None when it is not built here; raises DataError when it is damaged."""
    catalog = folder.segments
    if same_form(name) not in built_segments(folder) or not isinstance(catalog, SegmentFolder):
        return None
    return read_definition(SegmentFiles.of(catalog, name).definition)
