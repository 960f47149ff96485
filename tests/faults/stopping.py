"""Days of one workspace on which a run is stopped, others run meanwhile, and it goes on."""

from pathlib import Path
from random import Random
from typing import Self

import polars as pl
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.faults.killing import OwnProcess, Place
from tests.faults.truth import People
from toolkit.errors import ErrorCode
from toolkit.runs import Guard
from toolkit.sandbox import Sandbox, SandboxOptions, start

SEGMENT = "Loyal"
LOST = ErrorCode.LEASE_LOST
_OTHERS_TRANSACTIONS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
)


class StoppedDays:
    """A workspace with an export of one segment, an embedded Criteo of its own, and what its list should hold."""

    def __init__(self, folder: Path, random: Random, *, database: str | None, batch_size: int = 4) -> None:
        self.random = random
        self.batch_size = batch_size
        self.people = People(segments={SEGMENT: {0}})
        self._tables = Tables(folder / "tables")
        self.people.write(self._tables)
        self.criteo: Sandbox = start(options=SandboxOptions(calls_per_minute=1_000_000))
        self.workspace = toolkit.open_workspace(
            folder / "workspace",
            profiles=self._tables.profiles,
            segments=self._tables.segments,
            database=database,
            create=True,
        )
        self._engine = create_engine(
            database or f"sqlite:///{self.workspace.path / 'workspace.db'}", poolclass=NullPool
        )
        connect(self.workspace, self.criteo)
        save_nightly(self.workspace, segments=[SEGMENT])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.criteo.close()

    def begin(self, *, evenly: bool) -> None:
        """Let a day begin: the segment changes, by as many who enter as who leave if it does so evenly."""
        self._before = (dict(self.people.addresses), {name: set(it) for name, it in self.people.segments.items()})
        if evenly:
            self.people.rotate()
        else:
            self.people.change(self.random)
        self.people.write(self._tables)

    def begin_back(self) -> None:
        """Let a day begin on which all is as it was on the day before the last: what was sent since is wrong."""
        self.people.addresses, self.people.segments = self._before
        self.people.write(self._tables)

    def start_run(self, *, stops_at: Place | None = None) -> OwnProcess:
        """Start a run in a process of its own."""
        process = OwnProcess(self.workspace.path, stops_at=stops_at, batch_size=self.batch_size, allow=list(Guard))
        process.wait_until_begun()
        return process

    def start_ending_lists(self, lists: str, *, stops_at: Place) -> OwnProcess:
        """Start to remove the connection, and to empty or delete its lists, in a process of its own."""
        process = OwnProcess(
            self.workspace.path,
            stops_at=stops_at,
            method="connections.remove",
            subject="Sandbox",
            exports="detach",
            lists=lists,
        )
        process.wait_until_begun()
        return process

    def let_time_pass(self, *, seconds: float) -> None:
        """Let everybody who gave a sign of life have done so this long ago, by the database's clock."""
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE leases SET heartbeat_at = heartbeat_at - :seconds"), {"seconds": seconds})

    def run(self) -> toolkit.Run:
        """Run the export to its good end."""
        return self.workspace.runs.start("Nightly", batch_size=self.batch_size, allow=list(Guard)).raise_for_status()

    @property
    def wanted(self) -> set[str]:
        """What the list should hold."""
        return self.people.identifiers(SEGMENT)

    @property
    def held(self) -> set[str]:
        """What it holds."""
        (made,) = self.criteo.lists()
        return self.criteo.identifiers(made.id)

    @property
    def last_run(self) -> toolkit.Run:
        """The run that began last."""
        return self.workspace.runs[self.workspace.runs.frame["run"][0]]

    @property
    def health(self) -> str:
        """The level of what a monitor is told of the export."""
        return str(self.workspace.health().frame.filter(what="export", name="Nightly")["level"].item())

    def count_batches(self) -> int:
        """Return how many batches were ever begun."""
        with self._engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM batches")).scalar_one())

    def under_way(self, run: toolkit.Run) -> set[str]:
        """Return the identifiers of the batches of a run that were begun and are not acknowledged."""
        open_ones = text("SELECT number, contact_list_id FROM batches WHERE run_id = :run AND status <> 'acknowledged'")
        with self._engine.connect() as connection:
            rows = connection.execute(open_ones, {"run": run.id}).all()
        found: set[str] = set()
        for number, record in rows:
            plan = pl.read_parquet(run.folder / f"plan-{record}.parquet")
            found |= set(plan.filter(pl.col("number") == number)["identifier"])
        return found

    @property
    def is_in_a_transaction(self) -> bool:
        """Whether somebody has begun a transaction that may keep others waiting."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                return bool(connection.execute(_OTHERS_TRANSACTIONS).scalar_one())
            connection.execute(text("PRAGMA busy_timeout = 0"))
            try:
                connection.execute(text("BEGIN EXCLUSIVE"))
            except OperationalError:
                return True
            return False

    def error_of(self, run: toolkit.Run) -> ErrorCode | None:
        """Return the kind of error that a run ended with, as it is recorded now."""
        return self.error_of_id(run.id)

    def error_of_id(self, run_id: str) -> ErrorCode | None:
        """Return the kind of error that the run of that id ended with."""
        error = self.workspace.runs[run_id].error
        return None if error is None else error.code

    @staticmethod
    def warns_of(run: toolkit.Run, other: toolkit.Run) -> bool:
        """Tell whether the report of a run warns of another."""
        return any(other.id in it.text for it in run.warnings)
