"""Files that are something else than their names say, known by their first bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.errors import DataError
from toolkit.translatable import _

LONGEST = 64
"""How many bytes are enough."""


@dataclass(frozen=True)
class _Kind:
    beginnings: Sequence[bytes]
    name: str
    remedy: str


_AS_PARQUET = _("Have it written as Parquet or CSV.")
_KINDS = (
    _Kind(
        (b"version https://git-lfs.github.com/spec/",),
        _("a pointer of Git LFS, and not the file that it points to"),
        _("Run git lfs pull in its repository."),
    ),
    _Kind(
        (b"/annex/objects/", b"../.git/annex/objects/"),
        _("a pointer of git-annex, and not the file that it points to"),
        _("Run git annex get in its repository."),
    ),
    _Kind((b"\x1f\x8b",), _("compressed with gzip"), _("Let the name of a CSV file end in .csv.gz; or unpack it.")),
    _Kind((b"(\xb5/\xfd",), _("compressed with Zstandard"), _("Unpack it.")),
    _Kind(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"),
        _("a workbook of Excel, or a zip file"),
        _("Save it in Excel as CSV UTF-8 (Comma delimited), or unpack it."),
    ),
    _Kind((b"PAR1",), _("a Parquet file"), _("Let its name end in .parquet.")),
    _Kind((b"ARROW1", b"FEA1"), "an Arrow (Feather) file", _AS_PARQUET),
    _Kind((b"Obj\x01",), _("an Avro file"), _AS_PARQUET),
    _Kind((b"ORC",), _("an ORC file"), _AS_PARQUET),
    _Kind((b"SQLite format 3\0",), _("a database of SQLite"), _AS_PARQUET),
    _Kind(
        (b"<!doctype html", b"<html", b"<?xml"),
        _("a page or an answer of a server, and no table"),
        _("Open it to see what it says, and download the file again."),
    ),
)


def mistaken(head: bytes, *, what: str, file: str) -> DataError | None:
    """Return the error of a file that is known to be something else, None when it is not.

    Args:
        head: Its first bytes.
        what: The table, as errors call it.
        file: Where it lies.
    """
    begins = head.lstrip()[:LONGEST]
    found = next((it for it in _KINDS if _begins_as(begins, it)), None)
    return (
        None
        if found is None
        else DataError(
            _("{file}, a file of the {what}, is {found}.", file=file, what=what, found=found.name), found.remedy
        )
    )


def _begins_as(head: bytes, kind: _Kind) -> bool:
    beginnings = tuple(kind.beginnings)
    return head.startswith(beginnings) or head.lower().startswith(beginnings)
