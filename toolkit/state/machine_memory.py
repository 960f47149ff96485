"""What one's own machine remembers of each workspace, as ``known_hosts`` does of servers.

It lies in the user's data folder, or where the environment variable ``TOOLKIT_MEMORY`` says: one file a workspace, that
only its owner may read, and ``places.json``, which tells which workspace a folder holds. Nobody who can only write to
the workspace can change it; so it tells of a database that was put back to an older state, or exchanged.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import ConfigurationError, UnavailableError
from toolkit.files import write_atomically
from toolkit.translatable import _

MEMORY_VARIABLE = "TOOLKIT_MEMORY"


class Head(BaseModel):
    """The newest of things that are chained: how many there are, and the hash of the last."""

    model_config = ConfigDict(frozen=True)

    count: int
    sha256: str


class SuppressionsHead(Head):
    """The newest entry of the suppression list that was seen."""

    at: datetime
    """When it was made."""


class KnownHost(BaseModel):
    """Where a connection goes, as somebody at this machine typed it or used it."""

    model_config = ConfigDict(frozen=True)

    host: str
    fingerprint: str
    """Of the secret, that tells nothing about it."""


class Decision(BaseModel):
    """The newest decision about one thing, found to be signed by somebody entitled."""

    model_config = ConfigDict(frozen=True)

    row: int
    """Of the audit."""
    version: int
    sha256: str | None
    """Of what was decided; None when the thing was removed."""
    by: str
    """The public key of whoever decided it."""
    connection: int | None = None
    """Of an export: its connection, by the id."""


class KnownPerson(BaseModel):
    """Somebody whom the workspace knows, as an administrator signed it."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    role: str
    public_key: str
    added_by: str
    added_at: datetime


class KnownConnection(BaseModel):
    """A connection, as an administrator signed it."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    host: str
    consent_sha256: str
    consent_by: str
    consent_at: datetime
    created_by: str
    created_at: datetime
    open_to_contributors: bool
    shared_with: tuple[str, ...]
    """Public keys."""
    lost_access: tuple[str, ...]
    secret_fingerprint: str


class Remembered(BaseModel):
    """What is remembered of a workspace."""

    model_config = ConfigDict(frozen=True)

    root: str
    """The fingerprint of its beginning."""
    workspace_id: str
    head: Head
    """Of the audit."""
    suppressions: SuppressionsHead | None = None
    hosts: Mapping[str, KnownHost] = Field(default_factory=dict)
    """By the connection's name."""
    people: Mapping[str, KnownPerson] = Field(default_factory=dict)
    """Everybody who is let in, by their public keys."""
    connections: Mapping[str, KnownConnection] = Field(default_factory=dict)
    """By their ids."""
    advertisers: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    """Names of those that consent, by their ids, by the ids of connections."""
    sealers: tuple[str, ...] = ()
    """Public keys of those who ever could seal a secret: what they sealed opens after they left."""
    decisions: Mapping[str, Decision] = Field(default_factory=dict)
    """By what they are about, such as ``export:3``."""


class _Places(BaseModel):
    """Which workspace each folder holds: its root, by the folder's path."""

    roots: Mapping[str, str] = Field(default_factory=dict)


M = TypeVar("M", bound=BaseModel)


class MachineMemory:
    """What this machine remembers, read when asked for and written in whole."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = memory_path() if folder is None else folder
        self._read: dict[Path, tuple[tuple[int, int, int], BaseModel]] = {}

    def root_at(self, place: Path) -> str | None:
        """Return the root of the workspace that the folder holds; None for a folder that was never seen."""
        places = self._load(self._places, _Places)
        return None if places is None else places.roots.get(str(place))

    def of(self, root: str) -> Remembered | None:
        """Return what is remembered of the workspace with this root; None when it was never seen."""
        return self._load(self._file(root), Remembered)

    def keep(self, place: Path, remembered: Remembered) -> None:
        """Remember this, unless another process remembered something newer; the hosts of both are kept."""

        def newest(known: Remembered | None) -> Remembered:
            if known is None:
                return remembered
            newer = remembered if remembered.head.count >= known.head.count else known
            return newer.model_copy(
                update={
                    "hosts": {**known.hosts, **remembered.hosts},
                    "suppressions": remembered.suppressions or known.suppressions,
                }
            )

        self.update(remembered.root, newest)
        self.pin(place, remembered.root)

    def replace(self, place: Path, remembered: Remembered) -> None:
        """Remember this in the place of what is remembered; for what somebody confirmed."""
        self.update(remembered.root, lambda _: remembered)
        self.pin(place, remembered.root)

    def forget_host(self, root: str, connection: str) -> None:
        """Forget where a connection goes that was removed here."""

        def without(known: Remembered | None) -> Remembered | None:
            if known is None:
                return None
            return known.model_copy(
                update={"hosts": {name: it for name, it in known.hosts.items() if name != connection}}
            )

        self.update(root, without)

    def update(self, root: str, change: Callable[[Remembered | None], Remembered | None]) -> None:
        """Change what is remembered of a workspace; no other process changes it meanwhile."""
        with self._locked():
            known = self.of(root)
            changed = change(known)
            if changed is not None and changed != known:
                self._write(self._file(root), changed)

    def pin(self, place: Path, root: str) -> None:
        """Remember which workspace the folder holds."""
        if self.root_at(place) == root:
            return
        with self._locked():
            places = self._load(self._places, _Places) or _Places()
            self._write(self._places, _Places(roots={**places.roots, str(place): root}))

    @property
    def _places(self) -> Path:
        return self._folder / "places.json"

    def _file(self, root: str) -> Path:
        return self._folder / f"{root}.json"

    def _load(self, path: Path, kind: type[M]) -> M | None:
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        known = self._read.get(path)
        if known is not None and known[0] == stamp and isinstance(known[1], kind):
            return known[1]
        _refuse_if_others_may_change(path)
        _refuse_if_others_may_change(path.parent)
        try:
            content = kind.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigurationError(
                _("What this machine remembers, {path}, cannot be read: {kind}.", path=path, kind=type(error).__name__),
                _(
                    "Bring the file back from a backup; or remove it, and compare the workspace's root "
                    "with a colleague's."
                ),
            ) from None
        self._read[path] = (stamp, content)
        return content

    def _write(self, path: Path, content: BaseModel) -> None:
        text = content.model_dump_json()

        def write(beside: Path) -> None:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
                file.write(text)

        write_atomically(path, write)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UnavailableError(
                _(
                    "This machine can't remember the workspace: {folder} cannot be written: {reason}.",
                    folder=self._folder,
                    reason=error.strerror,
                ),
                _(
                    "Make it writable for you, or name another folder with {memory_variable}.",
                    memory_variable=MEMORY_VARIABLE,
                ),
            ) from None
        try:
            _take(lock)
            yield
        finally:
            os.close(lock)


def memory_path() -> Path:
    """Return where this machine remembers workspaces."""
    named = os.environ.get(MEMORY_VARIABLE)
    return Path(named).expanduser() if named else user_data_path("criteo-segment-toolkit") / "workspaces"


def _refuse_if_others_may_change(path: Path) -> None:
    if os.name != "posix":
        return
    found = path.stat()
    if found.st_mode & 0o022:
        raise ConfigurationError(
            _("What this machine remembers, {path}, may be changed by others.", path=path),
            _("Take that away with: chmod go-w '{path}'", path=path),
        )
    if found.st_uid not in (0, os.getuid()):
        raise ConfigurationError(
            _("What this machine remembers, {path}, belongs to another account.", path=path),
            _(
                "Remove it, or name another folder with {memory_variable}; and compare the workspace's "
                "root with a colleague's.",
                memory_variable=MEMORY_VARIABLE,
            ),
        )


# Closing the file gives the lock back, also when the process is killed.
if sys.platform == "win32":
    import msvcrt

    def _take(lock: int) -> None:
        msvcrt.locking(lock, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _take(lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX)
