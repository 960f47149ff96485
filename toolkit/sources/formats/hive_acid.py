"""Hive's transactional tables: ``base_…``, ``delta_…`` and ``delete_delta_…``."""

import re

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _

_FOLDER = re.compile(r"(?:base_\d{7,}|(?:delete_)?delta_\d{7,}_\d{7,})(?:_v?\d+)*")


class HiveAcid(TableFormat):
    """A transactional table of Apache Hive."""

    name = _("a transactional table of Apache Hive")
    way_out = _(
        "Export its current rows, with Hive: INSERT OVERWRITE DIRECTORY '…' STORED AS PARQUET SELECT "
        "* FROM …; then name that directory."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the folders of transactions, or by being one of them."""
        inside = place.location.rstrip("/").rsplit("/", 1)[-1]
        folders = [name for name, is_folder in place.entries.items() if is_folder]
        return any(_FOLDER.fullmatch(it) for it in (inside, *folders)) or "_orc_acid_version" in place.entries
