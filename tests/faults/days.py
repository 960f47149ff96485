"""Days of one workspace: its segments change, a run is killed, the next makes good."""

from pathlib import Path
from random import Random
from typing import Any, Self

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.faults.killing import OwnProcess, Place
from tests.faults.truth import Journal, Known, People, ledger_batches, sent_in_vain
from toolkit.runs import Guard
from toolkit.sandbox import Sandbox, SandboxOptions, start
from toolkit.validation import Check

SEGMENTS = ("Lapsed", "Loyal")


class Days:
    """A workspace with an export of two segments, an embedded Criteo of its own, and what must be so by then."""

    def __init__(self, folder: Path, random: Random, *, database: str | None, batch_size: int = 4) -> None:
        self.random = random
        self._batch_size = batch_size
        self.people = People(segments={name: {0} for name in SEGMENTS})
        self._tables = Tables(folder / "tables")
        self.people.write(self._tables)
        self.criteo: Sandbox = start(options=SandboxOptions(keep=folder / "criteo", calls_per_minute=1_000_000))
        self.journal = Journal(folder / "criteo")
        self._database = database
        self.workspace = toolkit.open_workspace(
            folder / "workspace",
            profiles=self._tables.profiles,
            segments=self._tables.segments,
            database=database,
            create=True,
        )
        connect(self.workspace, self.criteo)
        save_nightly(self.workspace, segments=SEGMENTS)
        self._known = {name: Known() for name in SEGMENTS}
        self._last_batch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.criteo.close()

    def begin(self) -> None:
        """Let a day begin: the segments change."""
        self.people.change(self.random)
        self.people.write(self._tables)

    def begin_evenly(self) -> None:
        """Let a day begin on which a run has exactly as much to do as on the one before."""
        self.people.rotate()
        self.people.write(self._tables)

    def start_run(self, *, dies_at: Place | None = None, largest_file: int | None = None) -> OwnProcess:
        """Start a run in a process of its own."""
        return OwnProcess(self.workspace.path, dies_at=dies_at, largest_file=largest_file, **self._options)

    def look_at_what_was_left(self) -> bool:
        """See what a run that was killed has sent, and left in the ledger; tell whether a batch was open."""
        self._require_nothing_in_vain()
        wanted = {name: self.people.identifiers(name) for name in SEGMENTS}
        for batch in ledger_batches(self.workspace, self._database, after=self._last_batch):
            self._last_batch = batch.number
            if batch.identifiers is None:
                self._known[batch.segment] = Known(held=set(wanted[batch.segment]))
            else:
                self._known[batch.segment].learn(batch)
        return any(it.unsure for it in self._known.values())

    def resume_or_run(self) -> toolkit.Run:
        """Take up the last run where it was broken off, and run anew where it was not."""
        is_broken = self.workspace.runs.frame["status"].first() == "failed"
        return self._made_good(
            self.workspace.runs.resume("Nightly", batch_size=self._batch_size)
            if is_broken
            else self.workspace.runs.start("Nightly", **self._options)
        )

    def run(self) -> toolkit.Run:
        """Run the export to its end."""
        return self._made_good(self.workspace.runs.start("Nightly", **self._options))

    def _made_good(self, run: toolkit.Run) -> toolkit.Run:
        """See that the lists are what the segments are, and that nothing was sent in vain."""
        run.raise_for_status()
        lists = self._lists()
        assert lists.keys() == set(SEGMENTS)
        wanted = {name: self.people.identifiers(name) for name in SEGMENTS}
        assert {name: self.criteo.identifiers(lists[name]) for name in SEGMENTS} == wanted
        self._require_nothing_in_vain()
        self._known = {name: Known(held=set(wanted[name])) for name in SEGMENTS}
        for batch in ledger_batches(self.workspace, self._database, after=self._last_batch):
            self._last_batch = batch.number
        return run

    @property
    def _options(self) -> dict[str, Any]:
        return {"batch_size": self._batch_size, "allow": list(Guard)}

    def require_ends(self) -> None:
        """See that runs were killed or ended well, and that no run found a list to be other than it should be."""
        runs = self.workspace.runs.frame
        assert {it.removesuffix(" with warnings") for it in runs["status"]} == {"failed", "successful"}
        warnings = [it for run in runs["run"] for it in self.workspace.runs[run].warnings]
        # Segments of a handful of people grow to twice their size from one day to the next.
        of_size = f"Check {Check.SIZE_CHANGE.value!r}"
        assert [it for it in warnings if not it.text.startswith(of_size)] == []

    def _require_nothing_in_vain(self) -> None:
        assert sent_in_vain(self.journal.unread(), self._known, lists=self._lists()) == []

    def _lists(self) -> dict[str, str]:
        return {it.name: it.id for it in self.criteo.lists()}
