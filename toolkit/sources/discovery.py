"""What lies at a location: which format, in which files.

A location is a file, a folder of part files (nested, or with hive partitions as ``country=NL/``), or the folder of a
table that keeps a record of its files, such as Delta's.
"""

from collections.abc import Sequence

from toolkit.errors import ConfigurationError, DataError
from toolkit.sources.csv_files import CsvFiles
from toolkit.sources.delta_files import DeltaFiles
from toolkit.sources.error_translation import nothing_at, translate_errors
from toolkit.sources.files import Files
from toolkit.sources.formats import (
    Place,
    format_at,
    require_current_file,
    require_no_table_above,
    require_no_table_below,
)
from toolkit.sources.iceberg_files import IcebergFiles, is_metadata
from toolkit.sources.location import ENDINGS, Format, format_of, is_metadata_file
from toolkit.sources.parquet_files import ParquetFiles
from toolkit.sources.storage import Storage, StoredFile
from toolkit.translatable import _, all_of


def find_files(
    what: str, location: str, *, declared: Format | None, storage: Storage, seen: set[str] | None = None
) -> Files:
    """Find the table's files as they are now; ``what`` says which table it is, for errors.

    Whoever lists many tables of one folder hands the same set over as ``seen`` for each, so that the folders above are
    looked at once.

    Raises ConfigurationError when nothing is there, DataError when what is there is no table, empty or of several
    formats, AccessError when it may not be read.
    """
    seen = set() if seen is None else seen
    with translate_errors(what, location):
        found = storage.find(location)
        if found is None:
            raise nothing_at(location, what=what)
        if isinstance(found, StoredFile):
            if is_metadata(found.name):
                return IcebergFiles.open(what, location, storage, metadata=location)
            parts = [found]
            require_current_file(what, found, storage)
            require_no_table_above(what, [location], storage, seen=seen)
        elif declared is Format.DELTA:
            return DeltaFiles.open(what, location, storage)
        else:
            kept_by = format_at(Place(location, storage.entries(location), storage))
            if kept_by is not None and not kept_by.is_plain:
                return kept_by.open(what, location, storage)
            files = list(storage.files(location))
            require_no_table_below(what, location, files, storage)
            parts = [it for it in files if not any(map(is_metadata_file, (*it.folders, it.name)))]
            require_no_table_above(what, [location, *storage.elsewhere(location, parts)], storage, seen=seen)
    if declared is Format.ICEBERG:
        raise ConfigurationError(
            _("There is no Iceberg table at {location}, where the {what} should lie.", location=location, what=what),
            _("Correct the location, or leave out format='iceberg'."),
        )
    form = _format_of(parts, what=what, location=location, declared=declared)
    _require_rows_and_one_layout(parts, what=what)
    kind = CsvFiles if form is Format.CSV else ParquetFiles
    return kind(what, location, storage, tuple(parts))


def _format_of(parts: Sequence[StoredFile], *, what: str, location: str, declared: Format | None) -> Format:
    if not parts:
        raise DataError(
            _("The folder {location}, where the {what} should lie, holds no files.", location=location, what=what),
            _("Wait until whatever writes the table is done, or correct the location."),
        )
    first_of: dict[Format | None, StoredFile] = {}
    for part in parts:
        first_of.setdefault(declared or format_of(part.name), part)
    if None in first_of:
        raise DataError(
            _("{first_of}, of the {what}, has a name that tells no format.", first_of=first_of[None].path, what=what),
            _(
                "Keep files there with names that end in {endings}; or say format='parquet' or format='csv'.",
                endings=", ".join(ENDINGS),
            ),
        )
    if len(first_of) > 1:
        raise DataError(
            _(
                "There are several formats at {location}, where the {what} should lie: look at {names}.",
                location=location,
                what=what,
                names=all_of(it.path for it in first_of.values()),
            ),
            _("Keep files of one format there."),
        )
    (form,) = first_of
    assert form is not None  # noqa: S101  # refused above
    return form


def _require_rows_and_one_layout(parts: Sequence[StoredFile], *, what: str) -> None:
    for part in parts:
        if part.size_bytes == 0:
            raise DataError(
                _("{part}, a file of the {what}, is empty (0 bytes).", part=part.path, what=what),
                _("Have it written again; a table without rows still has its columns."),
            )
        if part.partitions.keys() != parts[0].partitions.keys():
            raise DataError(
                _(
                    "{parts} and {part}, of the {what}, lie in folders of different partitions.",
                    parts=parts[0].path,
                    part=part.path,
                    what=what,
                ),
                _("Have the table written with one layout."),
            )
