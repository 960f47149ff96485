"""The bytes of a CSV file as they are read: in UTF-8, whatever Excel wrote them in, without its empty rows."""

import codecs
import io
import re
from typing import Any

_CHUNK_BYTES = 1 << 20
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def utf16_of(head: bytes) -> str | None:
    """Return the encoding that a byte-order mark tells, None where it is not UTF-16."""
    return _UTF16.get(head[:2])


def decoded_head(head: bytes, encoding: str | None) -> bytes:
    """Return the beginning of a file in UTF-8; a character that is cut off at the end is left out."""
    if encoding is None:
        return head
    return codecs.getincrementaldecoder(encoding)().decode(head[2:]).encode()


class CleanedStream(io.RawIOBase):
    """A stream in UTF-8, without rows of separators alone; it counts quotes: of a sound file, an even number."""

    def __init__(self, stream: Any, separator: str, encoding: str | None) -> None:
        self._stream = stream
        self._empty = re.compile(rb"(?m)^" + re.escape(separator.encode()) + rb"+(?=\r?$)")
        self._starts_empty = re.compile(rb"(?:^|\n)" + re.escape(separator.encode()))
        self._decoder = None if encoding is None else codecs.getincrementaldecoder(encoding)()
        self._line = b""
        self._ready = b""
        self._is_first = True
        self._has_ended = False
        self.quotes = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, none at the end."""
        while not self._has_ended and (size < 0 or len(self._ready) < size):
            self._fill(max(size, _CHUNK_BYTES))
        end = len(self._ready) if size < 0 else size
        read, self._ready = self._ready[:end], self._ready[end:]
        return read

    def _fill(self, size: int) -> None:
        read = bytes(self._stream.read(size))
        self._has_ended = not read
        if self._decoder is not None:
            if self._is_first:
                read = read[2:]
            read = self._decoder.decode(read, final=self._has_ended).encode()
        self._is_first = False
        lines, newline, rest = (self._line + read).rpartition(b"\n")
        if self._has_ended:
            lines, newline, rest = lines + newline + rest, b"", b""
        self._line = rest
        self._ready += self._without_empty_rows(lines + newline)

    def _without_empty_rows(self, lines: bytes) -> bytes:
        before = self.quotes
        self.quotes += lines.count(b'"')
        if self._starts_empty.search(lines) is None:
            return lines
        kept: list[bytes] = []
        place = 0
        for found in self._empty.finditer(lines):
            before += lines.count(b'"', place, found.start())
            is_within_quotes = before % 2
            kept.append(lines[place : found.end() if is_within_quotes else found.start()])
            place = found.end()
        return b"".join([*kept, lines[place:]])
