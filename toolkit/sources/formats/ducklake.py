"""DuckLake, whose record of files lies in a database elsewhere."""

import re

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _

_FILE = re.compile(r"ducklake-[0-9a-f]{8}-?[0-9a-f-]+(?:-delete)?\.parquet")


class DuckLake(TableFormat):
    """The data files of a DuckLake, which are named so."""

    name = _("a table of a DuckLake")
    way_out = _(
        "Write its current rows as Parquet, with DuckDB: ATTACH 'ducklake:…' AS lake; COPY lake.… TO "
        "'….parquet'; then name that file."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the names of data files."""
        return any(map(_FILE.fullmatch, place.entries))
