"""Files where they lie: on this machine, or in a cloud's storage with the usual credentials of the environment."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_ISDIR
from typing import Any, Protocol
from urllib.parse import unquote

from toolkit.errors import ConfigurationError
from toolkit.sources.location import is_remote
from toolkit.translatable import _

_GIVE_UP_AFTER = timedelta(seconds=30)
_URL = re.compile(r"(s3|gs)://[^/@]+(/|$)|abfss?://[^/@]+@[^/@]+(/|$)")
_EXAMPLES = ("abfss://container@account.dfs.core.windows.net/folder", "s3://bucket/folder", "gs://bucket/folder")
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class StoredFile:
    """A file as it was when it was listed."""

    path: str
    folders: tuple[str, ...]
    """The folders between the location and the file."""
    size_bytes: int
    modified_at: datetime | None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def partitions(self) -> dict[str, str | None]:
        """What folders named as ``country=NL`` tell of the rows."""
        pairs = [folder.split("=", 1) for folder in self.folders if "=" in folder]
        return {name: None if value == _HIVE_NULL else unquote(value) for name, value in pairs}


@dataclass(frozen=True)
class Folder:
    """A folder."""

    path: str


class Storage(Protocol):
    """What is asked of a place that holds files. Errors are those of the operating system."""

    def find(self, path: str) -> StoredFile | Folder | None:
        """Return what lies at the path, None when nothing does."""

    def entries(self, folder: str) -> dict[str, bool]:
        """Return the names in the folder, and whether each is a folder itself."""

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Yield the files in the folder and in all below it."""

    def open(self, path: str, *, at_once_bytes: int) -> Any:
        """Return a stream of the file's bytes, as Arrow takes it; a cloud is asked for so many at once."""

    def open_file(self, path: str) -> Any:
        """Return the file, as Arrow takes it, to be read from anywhere."""

    def folders_above(self, path: str) -> list[str]:
        """Return the folders that hold what lies at the path, the innermost first; of a link, also of its target."""

    def present(self, folder: str, names: Sequence[str]) -> dict[str, bool]:
        """Return those of these names that are in the folder, and whether each is a folder itself.

        A folder that may not be looked into has none.
        """

    def elsewhere(self, location: str, files: Sequence[StoredFile]) -> list[str]:
        """Return the folders, beside the location's own, that links of these files lead to."""


def storage_of(location: str) -> Storage:
    """Return the storage that the location lies in; raises ConfigurationError for a kind that is not known."""
    if not is_remote(location):
        return _Machine()
    if not _URL.match(location):
        raise ConfigurationError(
            _("The location {location} is of no kind that can be read.", location=location),
            _("Name a path on this machine, or a URL such as {examples}.", examples=", ".join(_EXAMPLES)),
        )
    return _Cloud(location)


class _Machine:
    """Without paths as objects where a folder of 10,000 segments is listed."""

    def __init__(self) -> None:
        self._above: dict[str, list[str]] = {}

    def find(self, path: str) -> StoredFile | Folder | None:
        try:
            found = os.stat(path)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Folder(path) if S_ISDIR(found.st_mode) else _stored_as(path, (), found)

    def entries(self, folder: str) -> dict[str, bool]:
        with os.scandir(folder) as found:
            return {it.name: it.is_dir() for it in sorted(found, key=lambda it: it.name)}

    def files(self, folder: str) -> Iterator[StoredFile]:
        for found, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
            folders.sort()
            for name in sorted(names):
                yield _stored(os.path.join(found, name), Path(found).relative_to(folder).parts)  # noqa: PTH118

    def open(self, path: str, *, at_once_bytes: int) -> Any:
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem().open_input_stream(path, compression=None)

    def open_file(self, path: str) -> Any:
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem().open_input_file(path)

    def folders_above(self, path: str) -> list[str]:
        folder = os.path.dirname(path)  # noqa: PTH120
        if os.path.islink(path) or os.path.basename(path) in ("", "."):  # noqa: PTH114, PTH119
            given = Path(path).absolute()
            return list(dict.fromkeys(str(it) for it in (*given.parents, *given.resolve().parents)))
        if folder not in self._above:
            # Those of the folder; its own resolved path is above the file too.
            given = Path(folder).absolute()
            real = given.resolve()
            above = (given, *given.parents, real, *real.parents)
            self._above[folder] = list(dict.fromkeys(map(str, above)))
        return self._above[folder]

    def present(self, folder: str, names: Sequence[str]) -> dict[str, bool]:
        found = {}
        for name in names:
            try:
                path = Path(folder, name)
                if path.exists():
                    found[name] = path.is_dir()
            except OSError:
                continue
        return found

    def elsewhere(self, location: str, files: Sequence[StoredFile]) -> list[str]:
        own = Path(location).resolve()
        reached = {Path(it.path).resolve() for it in files if Path(it.path).is_symlink()}
        reached |= {Path(it).resolve() / "." for it in {it.path.rsplit("/", 1)[0] for it in files}}
        return sorted(str(it) for it in reached if not it.is_relative_to(own))


def _stored(path: str, folders: tuple[str, ...]) -> StoredFile:
    return _stored_as(path, folders, os.stat(path))  # noqa: PTH116


def _stored_as(path: str, folders: tuple[str, ...], found: os.stat_result) -> StoredFile:
    return StoredFile(path, folders, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _raise(error: OSError) -> None:
    raise error


class _Cloud:
    """The storage of one bucket or container."""

    def __init__(self, location: str) -> None:
        scheme, rest = location.split("://", 1)
        authority = rest.partition("/")[0]
        self._root = f"{scheme}://{authority}"
        self._bucket = authority.partition("@")[0]
        self._system = _file_system(scheme, authority)

    def find(self, path: str) -> StoredFile | Folder | None:
        from pyarrow.fs import FileType

        (info,) = self._system.get_file_info([self._inside(path)])
        match info.type:
            case FileType.NotFound:
                return None
            case FileType.Directory:
                return Folder(path)
            case _:
                return self._stored(info, path)

    def entries(self, folder: str) -> dict[str, bool]:
        from pyarrow.fs import FileType

        # At Google, Arrow lists no folder that is but the beginning of names, unless it lists what is below it.
        found = self._list(folder, recursive=self._root.startswith("gs:"))
        below = {it.path[len(self._inside(folder)) :].strip("/"): it.type == FileType.Directory for it in found}
        return {path.partition("/")[0]: "/" in path or is_folder for path, is_folder in sorted(below.items())}

    def files(self, folder: str) -> Iterator[StoredFile]:
        from pyarrow.fs import FileType

        found = self._list(folder, recursive=True)
        for info in sorted(found, key=lambda it: it.path):
            if info.type == FileType.File:
                yield self._stored(info, folder)

    def open(self, path: str, *, at_once_bytes: int) -> Any:
        return self._system.open_input_stream(self._inside(path), compression=None, buffer_size=at_once_bytes)

    def open_file(self, path: str) -> Any:
        return self._system.open_input_file(self._inside(path))

    def folders_above(self, path: str) -> list[str]:
        names = path[len(self._root) :].strip("/").split("/")
        return ["/".join([self._root, *names[:depth]]) for depth in range(len(names) - 1, -1, -1)]

    def present(self, folder: str, names: Sequence[str]) -> dict[str, bool]:
        from pyarrow.fs import FileType

        inside = self._inside(folder)
        try:
            infos = self._system.get_file_info([f"{inside}/{name}" for name in names])
        except OSError:
            return {}
        return {
            name: info.type == FileType.Directory
            for name, info in zip(names, infos, strict=True)
            if info.type != FileType.NotFound
        }

    def elsewhere(self, location: str, files: Sequence[StoredFile]) -> list[str]:
        return []

    def _list(self, folder: str, *, recursive: bool) -> list[Any]:
        from pyarrow.fs import FileSelector

        found: list[Any] = self._system.get_file_info(FileSelector(self._inside(folder), recursive=recursive))
        return found

    def _stored(self, info: Any, location: str) -> StoredFile:
        key = info.path[len(self._bucket) + 1 :]
        below = info.path[len(self._inside(location)) :].strip("/")
        return StoredFile(f"{self._root}/{key}", tuple(below.split("/")[:-1]), info.size, info.mtime)

    def _inside(self, url: str) -> str:
        return f"{self._bucket}/{url[len(self._root) :].strip('/')}".rstrip("/")


def _file_system(scheme: str, authority: str) -> Any:
    """Return the file system that lists and reads where Polars and Delta, too, will look for their credentials."""
    from pyarrow import fs

    match scheme:
        case "s3":
            return fs.FileSystem.from_uri(f"s3://{authority}")[0]
        case "gs":
            return fs.GcsFileSystem(retry_time_limit=_GIVE_UP_AFTER)
        case _:
            return fs.AzureFileSystem(authority.partition("@")[2].partition(".")[0], **_azure_credentials())


def _azure_credentials() -> dict[str, str]:
    """Return what the environment says of Azure; without it, Azure's own chain of credentials is tried."""
    for names, option in (
        (("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"), "account_key"),
        (("AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"), "sas_token"),
    ):
        given = next((os.environ[name] for name in names if os.environ.get(name)), None)
        if given:
            return {option: given}
    return {}
