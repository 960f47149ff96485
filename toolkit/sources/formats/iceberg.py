"""Apache Iceberg: ``metadata/*.metadata.json``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.sources.iceberg_files import IcebergFiles, is_metadata
from toolkit.sources.storage import Storage
from toolkit.translatable import _


class Iceberg(TableFormat):
    """Apache Iceberg, whatever catalog keeps it."""

    name = _("an Apache Iceberg table")
    markers = ("metadata",)
    is_read = True
    way_out = _("Name the table's own folder, in which metadata lies.")

    def is_at(self, place: Place) -> bool:
        """Tell by the metadata's files."""
        return any(map(is_metadata, place.names_in("metadata")))

    def open(self, what: str, location: str, storage: Storage) -> IcebergFiles:
        """Read the newest metadata."""
        return IcebergFiles.open(what, location, storage)
