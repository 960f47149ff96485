"""Apache CarbonData: ``Metadata/tablestatus`` and ``Fact``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _


class CarbonData(TableFormat):
    """A table of Apache CarbonData."""

    name = _("an Apache CarbonData table")
    markers = ("Metadata", "Fact")
    way_out = _(
        "Write its current rows to another folder, with Spark: spark.table('…').write.parquet('…'); "
        "then name that folder."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the status of its segments, or by the schema beside the facts."""
        return any(it == "schema" or it.startswith("tablestatus") for it in place.names_in("Metadata"))
