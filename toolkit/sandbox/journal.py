"""The folder in which a sandbox keeps what it accepted: one line of JSON a change, only ever appended to.

A line is written in full before the change takes effect and before the client is answered, so whatever was
acknowledged is there after the process is killed. A kill in the middle of a line leaves a torn last one,
which nobody was promised: it is cut off at the next start. No line is forced to the disk's platter; a power
failure may cost the last ones.
"""

import os
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from toolkit.errors import BusyError, ConfigurationError
from toolkit.sandbox.changes import Change
from toolkit.translatable import _

if sys.platform != "win32":
    import fcntl

_FILE = "criteo-sandbox.jsonl"
_ONE_CHANGE: TypeAdapter[Change] = TypeAdapter(Annotated[Change, Field(discriminator="kind")])


class Journal:
    """The changes of one sandbox, in order. One process at a time may have it open."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder, made if need be and readable by its owner only.

        Raises ConfigurationError if the folder cannot be written, BusyError if another sandbox has it.
        """
        self._path = folder / _FILE
        try:
            _make_for_its_owner(folder)
            self._file = FileIO(self._path, "a+", opener=_open_for_its_owner)
        except OSError as error:
            raise ConfigurationError(
                _("The sandbox cannot keep its lists in {folder}: {reason}.", folder=folder, reason=error.strerror),
                _("Choose a folder that you may write to."),
            ) from error
        _lock(self._file, folder)

    def changes(self) -> Iterator[Change]:
        """Read what is kept, oldest first, and cut off a torn last line.

        Raises ConfigurationError naming the line if one in the middle cannot be read.
        """
        whole = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    yield _ONE_CHANGE.validate_python(orjson.loads(line))
                except (orjson.JSONDecodeError, ValidationError):
                    raise ConfigurationError(
                        _(
                            "Line {number} of {path} is not a change that this sandbox wrote.",
                            number=number,
                            path=self._path,
                        ),
                        _("Give another folder, or remove the file to begin with no lists."),
                    ) from None
                whole += len(line)
        self._file.truncate(whole)

    def append(self, change: Change) -> None:
        """Write one change; if that fails, what was written of it is taken back and the error goes on."""
        before = os.fstat(self._file.fileno()).st_size
        rest = memoryview(orjson.dumps(change, option=orjson.OPT_APPEND_NEWLINE))
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(before)
            raise

    def clear(self) -> None:
        """Forget everything."""
        self._file.truncate(0)


def _make_for_its_owner(folder: Path) -> None:
    """Make the folder and those above it that are not there; ``mkdir`` alone would leave those above open to all."""
    missing = [it for it in (folder, *folder.parents) if not it.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def _open_for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _lock(file: FileIO, folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BusyError(
            _("Another sandbox keeps its lists in {folder}.", folder=folder),
            _("Stop that one, or choose another folder."),
        ) from error
