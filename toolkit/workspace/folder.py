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

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from toolkit.errors import ConfigurationError
from toolkit.tables import Profiles, SegmentFolder, SegmentTable
from toolkit.workspace import settings as settings_file
from toolkit.workspace.database import connect, parsed, told
from toolkit.workspace.decisions import committed, remember_committed, rolled_back
from toolkit.workspace.keys import Identity, current_identity
from toolkit.workspace.machine_memory import MachineMemory
from toolkit.workspace.settings import Settings

ROOT_VARIABLE = "TOOLKIT_ROOT"
"""Names the root that a workspace must have, for a machine that remembers nothing, such as a fresh container."""


class WorkspaceFolder:
    """Where a workspace lies, what it is set to, and sessions on its database."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings

    @classmethod
    def open(cls, path: Path | str) -> "WorkspaceFolder":
        """Open the workspace in the folder; raises ConfigurationError when there is none."""
        folder = Path(path).expanduser().resolve()
        settings = settings_file.read(folder)
        _warn_if_open_to_everybody(folder)
        return cls(folder, settings)

    @classmethod
    def make(cls, path: Path | str, *, database: str | None = None) -> "WorkspaceFolder":
        """Open the workspace in the folder, which is made, with this database, when there is none.

        Raises ConfigurationError when there is one with another database.
        """
        folder = Path(path).expanduser().resolve()
        settings = Settings() if database is None else Settings(database=parsed(database).render_as_string())
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            settings_file.write_new(folder, settings)
        except OSError as error:
            raise ConfigurationError(
                f"No workspace can be made in {folder}: {error.strerror}.",
                "Name another folder, or have this one made writable for you.",
            ) from None
        opened = cls.open(folder)
        if database is not None and opened.settings.database != settings.database:
            raise ConfigurationError(
                f"The workspace in {folder} has another database: {opened.settings.database}.",
                "Leave out the database, or name another folder.",
            )
        return opened

    def read_from(
        self, *, profiles: Profiles | None = None, segments: SegmentFolder | SegmentTable | None = None
    ) -> None:
        """Set where profiles and segments are read from; what is None stays as it is."""
        given = {"profiles": profiles, "segments": segments}
        changed = self.settings.model_copy(update={name: it for name, it in given.items() if it is not None})
        if changed != self.settings:
            settings_file.write(self.path, changed)
            self.settings = changed

    @property
    def profiles(self) -> Profiles:
        """The profile table; raises ConfigurationError when it is not set."""
        if self.settings.profiles is None:
            raise ConfigurationError(
                f"The workspace {self.path} does not know where the profiles lie.",
                'Say it with read_from(profiles=Profiles(location="…", key="CustomerId")).',
            )
        return self.settings.profiles.resolved(self.path)

    @property
    def segments(self) -> SegmentFolder | SegmentTable:
        """The catalog of segments; raises ConfigurationError when it is not set."""
        if self.settings.segments is None:
            raise ConfigurationError(
                f"The workspace {self.path} does not know where the segments lie.",
                'Say it with read_from(segments=SegmentFolder(location="…", key="CustomerId")).',
            )
        return self.settings.segments.resolved(self.path)

    @cached_property
    def engine(self) -> Engine:
        """The database, brought to this version's schema when first used."""
        engine = connect(self.settings.database, self.path)
        weakref.finalize(self, engine.dispose)
        return engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session; ``with folder.session() as session, session.begin():`` commits or changes nothing.

        Raises BusyError, DataError or UnavailableError when the database can't do what it is asked for.
        """
        with told(self.settings.database), Session(self.engine, expire_on_commit=False) as session:
            event.listen(session, "after_commit", committed)
            event.listen(session, "after_rollback", rolled_back)
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
    def expected_root(self) -> str:
        """The root that the environment says the workspace has; empty when it says none."""
        return os.environ.get(ROOT_VARIABLE, "").strip()

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


def _warn_if_open_to_everybody(folder: Path) -> None:
    if os.name == "posix" and folder.stat().st_mode & 0o007:
        warnings.warn(
            f"The workspace {folder} is open to everybody on this machine. Take that away with: chmod o-rwx '{folder}'",
            stacklevel=4,
        )
