"""Lance: ``_versions``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _


class Lance(TableFormat):
    """A Lance dataset."""

    name = _("a Lance dataset")
    markers = ("_versions", "_latest.manifest")
    way_out = _(
        "Write its current rows as Parquet, with Python: "
        "pyarrow.parquet.write_table(lance.dataset('…').to_table(), '….parquet'); then name that "
        "file."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the folder of versions."""
        if "_latest.manifest" in place.entries:
            return True
        return any(name.endswith(".manifest") for name in place.names_in("_versions"))
