"""Where profile and segment tables lie, and how they are scanned."""

from toolkit.sources.engines import DuckDBTable, IbisTable, SparkTable
from toolkit.sources.fault_finding import blame_table
from toolkit.sources.files import InputFile
from toolkit.sources.key_rules import KeyRule
from toolkit.sources.location import Format
from toolkit.sources.profiles import Profiles
from toolkit.sources.segments import Members, SegmentFolder, SegmentTable
from toolkit.sources.table import Table

__all__ = [
    "DuckDBTable",
    "Format",
    "IbisTable",
    "InputFile",
    "KeyRule",
    "Members",
    "Profiles",
    "SegmentFolder",
    "SegmentTable",
    "SparkTable",
    "Table",
    "blame_table",
]
