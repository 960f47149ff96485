"""Spark's structured streaming: ``_spark_metadata``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _


class SparkStreaming(TableFormat):
    """Files that a structured stream writes; what counts is in its log."""

    name = _("the output of a Spark stream")
    markers = ("_spark_metadata",)
    way_out = _(
        "Write its rows to another folder, with Spark: spark.read.parquet('…').write.parquet('…'), "
        "which minds the stream's log; then name that folder."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the stream's log."""
        return bool(place.entries.get("_spark_metadata"))
