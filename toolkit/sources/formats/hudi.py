"""Apache Hudi: ``.hoodie``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _


class Hudi(TableFormat):
    """Apache Hudi, copy on write or merge on read; each of its partitions is marked, too."""

    name = _("an Apache Hudi table")
    markers = (".hoodie", ".hoodie_partition_metadata")
    way_out = _(
        "Write its current rows to another folder, with Spark: "
        "spark.read.format('hudi').load('…').write.parquet('…'); then name that folder."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the timeline, or by what marks a partition."""
        return any(name.startswith(".hoodie") for name in place.entries)
