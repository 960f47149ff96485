"""Files that a killed process left unfinished are swept, and nothing else."""

import os
import time
from datetime import timedelta

import pytest

import toolkit
from tests.conftest import Tables

pytestmark = pytest.mark.on_both_databases

OLD = time.time() - timedelta(days=2).total_seconds()


def test_only_our_old_unfinished_files_go(workspace: toolkit.Workspace, tables: Tables) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    ours, theirs = ".plan-1.parquet.0123abcd.part", ["film.mkv.part", ".x.parquet.0123ABCD.part", ".0123abcd.part"]
    places = [workspace.path, *(workspace.path / it for it in ("runs/killed", "lists", "history"))]
    places.append(tables.folder / "segments")
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        for name in (ours, *theirs):
            (place / name).write_bytes(b"half")
            os.utime(place / name, (OLD, OLD))
        (place / ".young.0123abcd.part").write_bytes(b"half")
        (place / ".folder.0123abcd.part").mkdir()
    elsewhere = tables.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ours).write_bytes(b"half")
    os.utime(elsewhere / ours, (OLD, OLD))
    (workspace.path / "linked").symlink_to(elsewhere, target_is_directory=True)
    (tables.folder / "segments" / ".folder.0123abcd.part").rmdir()
    workspace.runs.start("Nightly").raise_for_status()
    for place in places:
        left = {it.name for it in place.iterdir() if it.name.endswith(".part") and it.is_file()}
        assert left == {*theirs, ".young.0123abcd.part"}
    assert (elsewhere / ours).exists()
