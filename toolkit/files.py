"""Files that are there in whole or not at all."""

import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISREG

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from polars.exceptions import PolarsError

from toolkit.errors import UnavailableError
from toolkit.translatable import _


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, bring it to the disk, then put it in the place of ``path``.

    A reader, and whoever looks after a power cut, finds the old content or the new. Raises UnavailableError when it
    can't be written; the old content then stays.
    """
    beside = temporary_path_of(path)
    try:
        write(beside)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except (OSError, PolarsError) as error:  # Polars tells of a full disk by an error of its own, too
        raise _unwritten(path, error) from error
    finally:
        # What can't be removed now is swept later; why it could not be written is told.
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def read_parquet(path: Path) -> pl.DataFrame:
    """Return what the Parquet file holds.

    Polars would take ``[``, ``*`` and ``?`` in the names of folders for a pattern, and ``a=b`` for a column.
    """
    return pl.read_parquet(path, glob=False, hive_partitioning=False)


def scan_parquet(path: Path) -> pl.LazyFrame:
    """Return what the Parquet file holds, lazily, by the very path."""
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def scan_parquets(
    paths: Sequence[Path], schema: Mapping[str, DataType | DataTypeClass], *, file_column: str | None = None
) -> pl.LazyFrame:
    """Return what Parquet files hold together, lazily, in their order.

    Args:
        paths: The files, by their very paths.
        schema: The columns; one that a file lacks is null there.
        file_column: A further column that tells the path of the file.
    """
    return pl.scan_parquet(
        list(paths),
        glob=False,
        hive_partitioning=False,
        schema=schema,
        missing_columns="insert",
        include_file_paths=file_column,
    )


def read_csv(path: Path) -> pl.DataFrame:
    """Return what the CSV file holds, as text, by the very path."""
    return pl.read_csv(path, infer_schema=False, glob=False)


def make_folder(path: Path) -> None:
    """Make the folder, and those above it, where it is not there; raises UnavailableError when it can't be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from error


def write_once(path: Path, text: str, *, mode: int = 0o666) -> bool:
    """Write the file with these permissions unless it is there; tell whether it was written.

    Of several processes that do this at once, one writes and all find what it wrote, in whole.
    """
    beside = temporary_path_of(path)
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


def _unwritten(path: Path, error: Exception) -> UnavailableError:
    said = getattr(error, "strerror", None) or error
    return UnavailableError(
        _("{path} cannot be written: {said}.", path=path, said=said),
        _("See that the disk has room and that you may write there; then try again."),
    )


def temporary_path_of(path: Path) -> Path:
    """Return a name beside ``path``, for a file that is to take its place; ``sweep_unfinished`` removes it when old."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def is_beside(path: Path, name: str) -> bool:
    """Tell whether the file was to take the place of one of this name."""
    return _BESIDE.fullmatch(path.name) is not None and path.name.removeprefix(".").rsplit(".", 2)[0] == name


_BESIDE = re.compile(r"\..+\.[0-9a-f]{8}\.part")


def bytes_below(folder: Path | str) -> int:
    """Return how large all files in the folder and those within are together; links are not followed.

    What another process removes meanwhile, and what may not be looked at, counts nothing.
    """
    size = 0
    with suppress(FileNotFoundError, PermissionError), os.scandir(folder) as entries:
        for it in entries:
            if it.is_dir(follow_symlinks=False):
                size += bytes_below(it.path)
            elif it.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    size += it.stat(follow_symlinks=False).st_size
    return size


def sweep_unfinished(*folders: Path, before: datetime) -> int:
    """Remove what a process that was killed left while it wrote a file; return how many files that were.

    Only files of the name that ``write_atomically`` gives, which nobody wrote to since ``before``, are removed; folders
    within are looked through too, links are not followed. What can't be removed stays for the next time.
    """
    swept = 0
    for folder in folders:
        for place, _folders, files in os.walk(folder):
            for path in [Path(place) / it for it in files if _BESIDE.fullmatch(it)]:
                with suppress(OSError):
                    stat = path.lstat()
                    if S_ISREG(stat.st_mode) and stat.st_mtime < before.timestamp():
                        path.unlink()
                        swept += 1
    return swept
