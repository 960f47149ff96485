"""The folder of a workspace: its settings and its database, opened."""

import getpass
import os
import platform
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from toolkit.errors import ConfigurationError
from toolkit.sources import Profiles, SegmentFolder, SegmentTable
from toolkit.state import settings as settings_file
from toolkit.state.database import connect, translate_database_errors
from toolkit.state.decisions import WorkspaceSession, remember_committed
from toolkit.state.keys import Identity, current_identity, key_path
from toolkit.state.machine_memory import MachineMemory
from toolkit.state.read_only import Reader
from toolkit.state.settings import Settings
from toolkit.translatable import _

ROOT_VARIABLE = "TOOLKIT_ROOT"
"""Names the root that a workspace must have, for a machine that remembers nothing, such as a fresh container."""


class WorkspaceFolder:
    """Where a workspace lies, what it is set to, and sessions on its database."""

    def __init__(self, path: Path, settings: Settings, *, is_new: bool = False, named: Path | None = None) -> None:
        self.path = path
        self.named = named or path
        """The path by which it was asked for, in which links are not followed."""
        self.saved = settings
        """What the file holds, and scheduled runs use."""
        self.settings = settings
        """What this session uses."""
        self.is_new = is_new
        """Whether this session made the workspace."""

    @classmethod
    def open(cls, path: Path | str) -> "WorkspaceFolder":
        """Open the workspace in the folder; raises ConfigurationError when there is none, AccessError without a right.

        It is not made, and nothing is written.
        """
        folder = full_path(path)
        settings = settings_file.read(folder)
        _warn_if_open_to_everybody(folder)
        return cls(folder, settings, named=named_path(path))

    def use_tables(
        self, *, profiles: Profiles | None = None, segments: SegmentFolder | SegmentTable | None = None
    ) -> None:
        """Read profiles and segments from these in this session; what is None stays as it is. Nothing is saved."""
        given = {"profiles": profiles, "segments": segments}
        self.settings = self.settings.model_copy(update={name: it for name, it in given.items() if it is not None})

    def write_tables(self) -> None:
        """Write the tables that this session uses into the settings; see ``locations`` for who may."""
        tables = {"profiles": self.settings.profiles, "segments": self.settings.segments}
        # Read anew: somebody may have changed something else meanwhile.
        self.saved = settings_file.read(self.path).model_copy(update=tables)
        settings_file.write(self.path, self.saved)
        self.settings = self.saved

    @property
    def profiles(self) -> Profiles:
        """The profile table; raises ConfigurationError when it is not set."""
        if self.settings.profiles is None:
            raise ConfigurationError(
                _("The workspace {path} does not know where the profiles lie.", path=self.path),
                _('Say it with read_from(profiles=Profiles(location="…", key="CustomerId")).'),
            )
        return self.settings.profiles.resolved(self.path)

    @property
    def segments(self) -> SegmentFolder | SegmentTable:
        """The catalog of segments; raises ConfigurationError when it is not set."""
        if self.settings.segments is None:
            raise ConfigurationError(
                _("The workspace {path} does not know where the segments lie.", path=self.path),
                _('Say it with read_from(segments=SegmentFolder(location="…", key="CustomerId")).'),
            )
        return self.settings.segments.resolved(self.path)

    @cached_property
    def engine(self) -> Engine:
        """The database, brought to this version's schema when first used."""
        engine = connect(self.settings.database, self.path, makes=self.is_new)
        weakref.finalize(self, engine.dispose)
        return engine

    @cached_property
    def reader(self) -> Reader:
        """The database for those who only look: it is not brought to another schema."""
        reader = Reader(self.settings.database, self.path)
        weakref.finalize(self, reader.dispose)
        return reader

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only reads: it waits for nobody, and needs no right to write.

        Raises BusyError, DataError or UnavailableError when the database can't be read, AccessError without the right.
        """
        with translate_database_errors(self.settings.database):
            reader = self.reader
        with reader.session() as session:
            yield session

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session to write; ``with folder.session() as session, session.begin():`` commits or changes nothing.

        Raises BusyError, DataError or UnavailableError when the database can't do what it is asked for, AccessError
        when the account may not write. What only looks takes ``reading``.
        """
        with (
            translate_database_errors(self.settings.database),
            WorkspaceSession(self.engine, expire_on_commit=False) as session,
        ):
            yield session
            remember_committed(session, self)

    @cached_property
    def identity(self) -> Identity:
        """The key pair of whoever acts."""
        return current_identity()

    @cached_property
    def memory(self) -> MachineMemory:
        """What this machine remembers."""
        return MachineMemory()

    @property
    def pins(self) -> set[str | None]:
        """The roots that this machine knows at this place, None where it knows none.

        A link may lead to another folder than before, which was never seen; the name by which it is asked for was.
        """
        return {self.memory.root_at(it) for it in (self.path, self.named)}

    def pin(self, root: str) -> None:
        """Remember which workspace is here."""
        for place in (self.path, self.named):
            self.memory.pin(place, root)

    @property
    def expected_root(self) -> str:
        """The root that the environment says the workspace has; empty when it says none."""
        return os.environ.get(ROOT_VARIABLE, "").strip()

    @property
    def public_key(self) -> str | None:
        """The public key of whoever acts; None when they have no key yet, which looking does not make."""
        return self.identity.public_key if "identity" in vars(self) or key_path().exists() else None

    @property
    def account(self) -> str:
        """The name of the account on this machine; nobody is trusted by it."""
        return getpass.getuser()

    @property
    def machine(self) -> str:
        """The machine's name, for records."""
        return platform.node()

    @property
    def process(self) -> int:
        """The number of this process, for records."""
        return os.getpid()


def full_path(path: Path | str) -> Path:
    """Return the full path of a workspace's folder; raises ConfigurationError for the home of nobody."""
    try:
        return Path(path).expanduser().resolve()
    except (RuntimeError, OSError) as error:  # `~nobody`, or links that go round
        raise ConfigurationError(
            _("{path} names no folder: {error}.", path=path, error=error), _("Name another folder.")
        ) from None


def named_path(path: Path | str) -> Path:
    """Return the full path as it was given: links are not followed."""
    return Path(path).expanduser().absolute()


def _warn_if_open_to_everybody(folder: Path) -> None:
    if os.name == "posix" and folder.stat().st_mode & 0o007:
        warnings.warn(
            _(
                "The workspace {folder} is open to everybody on this machine. Take that away with: chmod "
                "o-rwx '{folder}'",
                folder=folder,
            ),
            stacklevel=4,
        )
