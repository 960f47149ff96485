"""What is so, told by sets of Python alone: who is in which segment, what Criteo received, what the ledger says."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import polars as pl
from sqlalchemy import NullPool, create_engine, text

import toolkit
from tests.conftest import Tables

CUSTOMERS = 40


def sha256(address: str) -> str:
    """Return the identifier of an address."""
    return hashlib.sha256(address.encode()).hexdigest()


@dataclass
class People:
    """Customers, each with an address of their own, and the segments that they are in."""

    addresses: dict[int, str] = field(default_factory=lambda: {it: _address(it, 0) for it in range(CUSTOMERS)})
    segments: dict[str, set[int]] = field(default_factory=dict)
    turns: int = 0

    def identifiers(self, segment: str) -> set[str]:
        """Return what a list that mirrors the segment holds."""
        return {sha256(self.addresses[it]) for it in self.segments[segment]}

    def change(self, random: Random) -> None:
        """Let some enter, some leave, and some take another address."""
        for name in self.segments:
            share = random.choice([0.2, 0.5, 0.9])
            self.segments[name] = {it for it in self.addresses if random.random() < share} or {0}
        for number in random.sample(sorted(self.addresses), random.choice([0, 0, 3])):
            self.addresses[number] = _address(number, random.randrange(1000))

    def rotate(self) -> None:
        """Let a fifth of the customers enter each segment, and as many leave it."""
        self.turns += 1
        first = self.turns * CUSTOMERS // 5
        for name in self.segments:
            self.segments[name] = {(first + it) % CUSTOMERS for it in range(CUSTOMERS // 2)}

    def write(self, tables: Tables) -> None:
        """Write the tables that hold them."""
        tables.write(
            {f"C{number}": address for number, address in self.addresses.items()},
            {name: [f"C{number}" for number in sorted(members)] for name, members in self.segments.items()},
        )


def _address(number: int, version: int) -> str:
    return f"person{number}.{version}@mail.example"


@dataclass(frozen=True)
class Received:
    """An amendment that arrived at Criteo."""

    list_id: str
    operation: str
    identifiers: frozenset[str]


class Journal:
    """What the sandbox received, as it keeps it in a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "criteo-sandbox.jsonl"
        self._read = 0

    @property
    def size(self) -> int:
        """How many bytes it is long."""
        return self._file.stat().st_size

    def has_amendment(self, *, after: int) -> bool:
        """Tell whether an amendment arrived after the file had that many bytes."""
        with self._file.open("rb") as lines:
            lines.seek(after)
            return b'"amended"' in lines.read()

    def unread(self) -> list[Received]:
        """Return what arrived since this was last asked."""
        with self._file.open("rb") as lines:
            lines.seek(self._read)
            whole = lines.read()
        self._read += len(whole)
        changes = map(json.loads, whole.splitlines())
        return [
            Received(str(it["id"]), it["operation"], frozenset(it["identifiers"]))
            for it in changes
            if it["kind"] == "amended"
        ]


@dataclass(frozen=True)
class LedgerBatch:
    """A batch as the ledger has it; ``identifiers`` is None once its run has settled the list."""

    number: int
    segment: str
    operation: str
    acknowledged: bool
    identifiers: frozenset[str] | None


def ledger_batches(workspace: toolkit.Workspace, database: str | None, *, after: int) -> Iterator[LedgerBatch]:
    """Read the batches that were recorded after the batch of that number, oldest first."""
    engine = create_engine(database or f"sqlite:///{workspace.path / 'workspace.db'}", poolclass=NullPool)
    query = text(
        "SELECT batches.id, run_id, number, operation, status, contact_lists.id AS list, segment FROM batches "
        "JOIN contact_lists ON contact_lists.id = contact_list_id WHERE batches.id > :after ORDER BY batches.id"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"after": after}).mappings().all()
    for row in rows:
        plan = workspace.path / "runs" / row["run_id"] / f"plan-{row['list']}.parquet"
        identifiers = None
        if plan.exists():
            mine = pl.read_parquet(plan).filter(pl.col("number") == row["number"])
            identifiers = frozenset(mine["identifier"])
        yield LedgerBatch(row["id"], row["segment"], row["operation"], row["status"] == "acknowledged", identifiers)


@dataclass
class Known:
    """What was acknowledged of a list: to be in it, and what is open."""

    held: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)

    def learn(self, batch: LedgerBatch) -> None:
        """Take over what a batch of a run tells that has not settled the list."""
        assert batch.identifiers is not None
        self.held -= batch.identifiers
        self.unsure -= batch.identifiers
        if not batch.acknowledged:
            self.unsure |= batch.identifiers
        elif batch.operation == "add":
            self.held |= batch.identifiers

    def sent_in_vain(self, received: Received) -> frozenset[str]:
        """Return what was sent though it was acknowledged."""
        if received.operation == "add":
            return received.identifiers & self.held
        return received.identifiers - self.held - self.unsure


def sent_in_vain(
    received: list[Received], known: Mapping[str, Known], *, lists: Mapping[str, str]
) -> list[tuple[str, str, int]]:
    """Return of each amendment that repeats what was acknowledged: segment, operation, identifiers."""
    segments = {list_id: segment for segment, list_id in lists.items()}
    found = [(it, known[segments[it.list_id]].sent_in_vain(it)) for it in received]
    return [(segments[it.list_id], it.operation, len(again)) for it, again in found if again]
