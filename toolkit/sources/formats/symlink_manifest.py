"""Manifests for Presto, Trino and Athena: ``_symlink_format_manifest``."""

from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.translatable import _


class SymlinkManifest(TableFormat):
    """A table whose current files a manifest names for engines that know no better."""

    name = _("a table with a symlink manifest")
    markers = ("_symlink_format_manifest",)
    way_out = _(
        "Name the folder of the Delta or Hudi table that the manifest was made of; or write the "
        "current rows to another folder, with Trino or Athena: CREATE TABLE … WITH (format = "
        "'PARQUET') AS SELECT * FROM …."
    )

    def is_at(self, place: Place) -> bool:
        """Tell by the folder of the manifest."""
        return bool(place.entries.get("_symlink_format_manifest"))
