"""Which format a folder is of: its own, that of a folder above it, or of one below."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from toolkit.errors import DataError
from toolkit.sources.formats.carbondata import CarbonData
from toolkit.sources.formats.databricks_commits import DatabricksCommits
from toolkit.sources.formats.delta import Delta
from toolkit.sources.formats.ducklake import DuckLake
from toolkit.sources.formats.hive_acid import HiveAcid
from toolkit.sources.formats.hudi import Hudi
from toolkit.sources.formats.iceberg import Iceberg
from toolkit.sources.formats.lance import Lance
from toolkit.sources.formats.paimon import Paimon
from toolkit.sources.formats.spark_streaming import SparkStreaming
from toolkit.sources.formats.symlink_manifest import SymlinkManifest
from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.sources.formats.unfinished import Unfinished
from toolkit.sources.storage import Storage, StoredFile
from toolkit.translatable import _

FORMATS: Sequence[TableFormat] = (
    Delta(),  # first, because a Delta table may have Iceberg's metadata and a manifest beside its log
    Iceberg(),
    Hudi(),
    Paimon(),
    Lance(),
    HiveAcid(),
    CarbonData(),
    DuckLake(),
    SymlinkManifest(),
    SparkStreaming(),
    Unfinished(),
    DatabricksCommits(),
)
"""In the order in which they are tried."""

_MARKERS = tuple(dict.fromkeys(marker for it in FORMATS for marker in it.markers))


def format_at(place: Place) -> TableFormat | None:
    """Return the format of the table whose folder this is, None for a folder of plain files."""
    return next((it for it in FORMATS if it.is_at(place)), None)


def require_no_table_above(what: str, locations: Iterable[str], storage: Storage, *, seen: set[str]) -> None:
    """Raise DataError when one of these folders or files lies in the folder of a table that keeps a record of files.

    A partition's folder still holds the files of rows that were deleted. What is ``seen`` was looked at in the same
    listing, is not looked at again, and grows.
    """
    for location in locations:
        for folder in storage.folders_above(location):
            if folder in seen:
                continue
            seen.add(folder)
            found = format_at(Place(folder, storage.present(folder, _MARKERS), storage))
            if found is not None:
                raise _is_part(what, location, found, folder)


def require_current_file(what: str, file: StoredFile, storage: Storage) -> None:
    """Raise DataError when a file that is named by itself is one of a table whose record may no longer hold it."""
    folder = file.path.rsplit("/", 1)[0]
    found = format_at(Place(folder, {file.name: False}, storage))
    if found is not None and not found.is_plain:
        raise _is_part(what, file.path, found, folder)
    if DatabricksCommits.is_named_so(file.name):
        DatabricksCommits().require_current(what, Place(folder, storage.entries(folder), storage), [file])


def require_no_table_below(what: str, location: str, files: Sequence[StoredFile], storage: Storage) -> None:
    """Raise DataError when a folder below the location is one of a table that keeps a record of its files."""
    entries: dict[tuple[str, ...], dict[str, bool]] = defaultdict(dict)
    parts: dict[tuple[str, ...], list[StoredFile]] = defaultdict(list)
    for file in files:
        entries[file.folders][file.name] = False
        parts[file.folders].append(file)
        for depth, name in enumerate(file.folders):
            entries[file.folders[:depth]][name] = True
    for folders, names in entries.items():
        place = Place("/".join([location.rstrip("/"), *folders]), names, storage)
        found = format_at(place)
        if found is None:
            continue
        if found.is_read:
            raise DataError(
                _(
                    "{location}, where the {what} should lie, holds {found} in {place_location}.",
                    location=location,
                    what=what,
                    found=found.name,
                    place_location=place.location,
                ),
                _("Name {location} as the table's location.", location=place.location),
            )
        found.require_current(what, place, parts[folders])


def _is_part(what: str, location: str, found: TableFormat, folder: str) -> DataError:
    remedy = _("Name the table's folder {folder}", folder=folder) if found.is_read else found.way_out.rstrip(".")
    return DataError(
        _(
            "{location}, where the {what} should lie, is a part of {found} in {folder}: it may hold rows "
            "that the table no longer has.",
            location=location,
            what=what,
            found=found.name,
            folder=folder,
        ),
        _("{remedy}. If it is no part of that table, move it elsewhere.", remedy=remedy),
    )
