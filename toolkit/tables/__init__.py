"""Where profile and segment tables lie, and how they are scanned."""

from toolkit.tables.files import InputFile
from toolkit.tables.key_rules import KeyRule
from toolkit.tables.location import Format
from toolkit.tables.profiles import Profiles
from toolkit.tables.reading import reading
from toolkit.tables.segments import Members, SegmentFolder, SegmentTable
from toolkit.tables.table import Table

__all__ = ["Format", "InputFile", "KeyRule", "Members", "Profiles", "SegmentFolder", "SegmentTable", "Table", "reading"]
