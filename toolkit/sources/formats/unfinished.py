"""Folders in which a job of Spark, Hive, Impala or Hadoop is still writing, or died."""

from toolkit.errors import BusyError
from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _

_NAMES = ("_temporary", "__magic", "_impala_insert_staging", "_SCRATCH")
_BEGINNINGS = (".spark-staging", ".hive-staging", "_SCRATCH0.")


class Unfinished(TableFormat):
    """What a job writes in before it commits."""

    name = _("a folder that is being written")
    way_out = _("Wait until the job that writes it is done. After one that failed, have the table written again.")

    def is_at(self, place: Place) -> bool:
        """Tell by the folder of the job."""
        if "_SUCCESS" in place.entries:  # of a job that ended, and left its folder
            return False
        return any(
            is_folder and (it in _NAMES or it.startswith(_BEGINNINGS)) for it, is_folder in place.entries.items()
        )

    def refusal(self, what: str, location: str) -> BusyError:
        """Return the error of a table that is not whole."""
        return BusyError(
            _(
                "The {what} at {location} is being written, or its last writing failed: a job's own folder is in it.",
                what=what,
                location=location,
            ),
            self.way_out,
        )
