"""Apache Paimon: ``snapshot`` and ``manifest``."""

import re

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _

_SNAPSHOT = re.compile(r"snapshot-\d+|LATEST|EARLIEST")


class Paimon(TableFormat):
    """A table of Apache Paimon."""

    name = _("an Apache Paimon table")
    markers = ("snapshot", "manifest")
    way_out = _(
        "Write its current rows to another folder, with Spark: "
        "spark.read.format('paimon').load('…').write.parquet('…'); then name that folder."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the snapshots beside the manifests."""
        return bool(place.entries.get("manifest")) and any(map(_SNAPSHOT.fullmatch, place.names_in("snapshot")))
