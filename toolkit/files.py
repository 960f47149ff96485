"""Files that are there in whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from toolkit.errors import UnavailableError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, bring it to the disk, then put it in the place of ``path``.

    A reader, and whoever looks after a power cut, finds the old content or the new. Raises UnavailableError when it
    can't be written; the old content then stays.
    """
    beside = _beside(path)
    try:
        write(beside)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be written: {error.strerror or error}.",
            "See that the disk has room and that you may write there; then try again.",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def write_once(path: Path, text: str, *, mode: int = 0o666) -> bool:
    """Write the file with these permissions unless it is there; tell whether it was written.

    Of several processes that do this at once, one writes and all find what it wrote, in whole.
    """
    beside = _beside(path)
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
