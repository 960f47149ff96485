"""A disk that is full ends a run in words; once there is room, the next ends with the right lists."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases
from tests.faults.days import Days
from toolkit.errors import ErrorCode

pytestmark = pytest.mark.on_both_databases

ROOM = {
    "sqlite": [0, 40_000, 80_000, 120_000, 160_000, 200_000, 300_000],
    "postgresql": [0, 1_000, 3_600, 4_000, 4_500, 5_000, 20_000],
}
"""Bytes that a file may have. SQLite's journal grows with each step, so that one after the other can't be written; with
PostgreSQL, whose files are its own, it is the plan, what the lists hold, the history, the report."""


def make_short(journal_of: Path) -> None:
    with closing(sqlite3.connect(journal_of)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def test_a_run_that_finds_the_disk_full_says_so_and_is_resumed(tmp_path: Path, databases: Databases) -> None:
    ended: Counter[str] = Counter()
    with Days(tmp_path, Random(5), database=databases.new()) as days:
        days.run()
        for room in ROOM[databases.kind]:
            days.begin()
            if databases.kind == "sqlite":
                make_short(days.workspace.path / "workspace.db")
            process = days.start_run(largest_file=room)
            process.wait_until_begun()
            ended[process.outcome] += 1
            days.look_at_what_was_left()
            last = days.workspace.runs[days.workspace.runs.frame["run"][0]]
            assert last.error is None or last.error.code in (ErrorCode.UNAVAILABLE, ErrorCode.PROCESS_ENDED)
            days.resume_or_run()
    # A run ends in words, whether it can still write them down (failed) or not.
    assert ended.keys() <= {"failed", "UnavailableError", "successful"}
    assert ended["failed"] + ended["UnavailableError"] >= len(ROOM[databases.kind]) / 2
