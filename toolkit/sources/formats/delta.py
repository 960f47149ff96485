"""Delta Lake: ``_delta_log``."""

from toolkit.sources.delta_files import DeltaFiles
from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.sources.storage import Storage
from toolkit.translatable import _


class Delta(TableFormat):
    """Delta Lake, also with Iceberg's metadata beside it (UniForm)."""

    name = _("a Delta table")
    markers = ("_delta_log",)
    is_read = True
    way_out = _("Name the table's own folder, in which _delta_log lies.")

    def is_at(self, place: Place) -> bool:
        """Tell by the log."""
        return bool(place.entries.get("_delta_log"))

    def open(self, what: str, location: str, storage: Storage) -> DeltaFiles:
        """Read the log."""
        return DeltaFiles.open(what, location, storage)
