"""Where profile and segment tables lie, and how they are scanned."""

from toolkit.tables.inputs import InputFile
from toolkit.tables.location import Format
from toolkit.tables.profiles import Profiles
from toolkit.tables.reading import reading
from toolkit.tables.segments import SegmentFolder, SegmentTable

__all__ = ["Format", "InputFile", "Profiles", "SegmentFolder", "SegmentTable", "reading"]
