"""An Apache Iceberg table, at one snapshot, read by pyiceberg and Polars."""

import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from toolkit.errors import DataError
from toolkit.extras import WRITE_AS_PARQUET, Extra, require
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.files import Files, InputFile
from toolkit.sources.location import Format, is_remote
from toolkit.sources.storage import Storage, StoredFile
from toolkit.translatable import _, one_of

_METADATA = re.compile(r"(?:v(?P<version>\d+)|(?P<number>\d+)-[0-9a-f-]+)(?:\.gz)?\.metadata\.json(?:\.gz)?")
_MISTAKEN = re.compile(r"[#?\x00-\x1f]")
_OTHER_METADATA = re.compile(r".+\.metadata\.json(?:\.gz)?")


def is_metadata(name: str) -> bool:
    """Tell whether a file of that name is the metadata of an Iceberg table."""
    return bool(_OTHER_METADATA.fullmatch(name))


@dataclass(frozen=True)
class IcebergFiles(Files):
    """An Iceberg table as it was when its metadata was read."""

    metadata: str
    """The metadata's file."""
    log: Any
    """pyiceberg's StaticTable."""

    @classmethod
    def open(cls, what: str, location: str, storage: Storage, metadata: str | None = None) -> "IcebergFiles":
        """Read the newest metadata in the table's folder, or the one that is named.

        Raises:
            MissingExtraError: pyiceberg is not installed.
            DataError: pyiceberg takes its folder for another, it can't be told which metadata is the newest, or the
                table was moved or copied: its metadata names the files of the place where it was written.
        """
        require(
            Extra.ICEBERG,
            _("The Apache Iceberg table of the {what} at {location}", what=what, location=location),
            otherwise=WRITE_AS_PARQUET,
        )
        # Polars warns of a quicker planner that is not installed.
        os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
        from pyiceberg.table import StaticTable

        if not is_remote(location) and _MISTAKEN.search(location):
            raise DataError(
                _(
                    "The Iceberg table of the {what} at {location} lies in a folder with #, ? or a line "
                    "end in its name, which the reader of Iceberg tables takes for another.",
                    what=what,
                    location=location,
                ),
                _(
                    "Rename the folder and have the table registered anew, or write its current rows "
                    "elsewhere as Parquet."
                ),
            )
        path = metadata or _newest(what, location, storage)
        if path.endswith(".gz"):
            raise DataError(
                _(
                    "The newest metadata of the Iceberg table of the {what} is packed, and can't be read so: {path}.",
                    what=what,
                    path=path,
                ),
                _(
                    "Unpack it beside itself with gunzip --keep, and name that file as the location; or "
                    "write the table's current rows as Parquet to another folder."
                ),
            )
        with translate_errors(what, path):
            try:
                table = StaticTable.from_metadata(_url(path))
            except (ValueError, EOFError, zlib.error) as error:  # pydantic's and gzip's, whose text quotes the file
                raise DataError(
                    _(
                        "The metadata {path} of the Iceberg table of the {what} is damaged ({kind}).",
                        path=path,
                        what=what,
                        kind=type(error).__name__,
                    ),
                    _(
                        "Name an older metadata file that the catalog names as the table's location, or "
                        "have the table written again."
                    ),
                ) from None
        if metadata is None:
            _require_in_place(what, location, table.metadata.location)
        return cls(what, location, storage, (StoredFile(location, (), 0, None),), path, table)

    def has_rows(self, part: StoredFile) -> bool:
        """Tell whether the snapshot has rows, as far as it says."""
        snapshot = self.log.current_snapshot()
        if snapshot is None:
            return False
        return snapshot.summary is None or snapshot.summary["total-data-files"] != "0"

    @property
    def format(self) -> Format:
        """Iceberg."""
        return Format.ICEBERG

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns as these types, lazily; nothing else is read."""
        if self.log.current_snapshot() is None:
            return pl.LazyFrame(schema=types)
        return pl.scan_iceberg(self.log).select(pl.col(name).cast(dtype) for name, dtype in types.items())

    def _schema(self, part: StoredFile) -> pl.Schema:
        return pl.scan_iceberg(self.log).collect_schema()

    def inputs(self) -> list[InputFile]:
        """Return the table, its snapshot, and when that was made."""
        snapshot = self.log.current_snapshot()
        if snapshot is None:
            return [InputFile(self.location, None, None, None)]
        made_at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        return [InputFile(self.location, None, made_at, None, version=snapshot.snapshot_id)]


def _newest(what: str, location: str, storage: Storage) -> str:
    folder = f"{location.rstrip('/')}/metadata"
    with translate_errors(what, folder):
        names = [name for name in storage.entries(folder) if is_metadata(name)]
    numbered = [(int(found["version"] or found["number"]), it) for it in names if (found := _METADATA.fullmatch(it))]
    highest = max((number for number, _ in numbered), default=None)
    newest = [name for number, name in numbered if number == highest]
    if len(newest) == 1:
        return f"{folder}/{newest[0]}"
    raise DataError(
        _(
            "It can't be told which metadata of the Iceberg table at {location}, of the {what}, is current: {names}.",
            location=location,
            what=what,
            names=one_of(sorted(newest or names)[:3]),
        ),
        _("Name the file that the catalog names as the table's location: location='…/metadata/….metadata.json'."),
    )


def _require_in_place(what: str, location: str, written_at: str) -> None:
    """Raise DataError when a table was moved or copied: what it names are the files of the other place.

    Where those are still there, they would be read in place of the ones that lie here.
    """
    here, there = _comparable(location), _comparable(written_at)
    if here.partition("://")[0] == there.partition("://")[0] and here != there:
        raise DataError(
            _(
                "The Iceberg table of the {what} at {location} was moved or copied: its metadata names "
                "the files at {there}.",
                what=what,
                location=location,
                there=there.removeprefix("file://"),
            ),
            _(
                "Name the place where it was written as the location; or have the table registered, or "
                "written, anew; or write its current rows as Parquet to another folder."
            ),
        )


def _comparable(location: str) -> str:
    """Return the place with its scheme, in one spelling."""
    if re.match(r"s3[an]?://", location):
        return "s3://" + location.partition("://")[2].rstrip("/")
    if is_remote(location) and not location.startswith("file:"):
        return location.rstrip("/")
    # Java writes file:/folder.
    return "file://" + os.path.realpath(re.sub(r"^file:/+", "/", location))


def _url(path: str) -> str:
    return path if "://" in path else f"file://{path}"
