"""The formats that keep a record of which files belong to a table, a module each."""

from toolkit.sources.formats.registry import (
    FORMATS,
    format_at,
    require_current_file,
    require_no_table_above,
    require_no_table_below,
)
from toolkit.sources.formats.table_format import Place, TableFormat

__all__ = [
    "FORMATS",
    "Place",
    "TableFormat",
    "format_at",
    "require_current_file",
    "require_no_table_above",
    "require_no_table_below",
]
