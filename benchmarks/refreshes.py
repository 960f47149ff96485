"""Measures a refresh of many tiny exports, each by its notebook: ``python -m benchmarks.refreshes --exports 8``.

Beside it stands the same refresh without notebooks, in one process: what the notebooks cost is the difference.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
LONG_AGO = 1_700_000_000


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--exports", type=int, default=8)
    given = arguments.parse_args()
    table = Table(title=f"A refresh of {given.exports} exports of 100 customers")
    for heading in ("what", "seconds", "seconds an export", "of a processor, an export"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, program in (
        ("by notebooks, from the command line", _BY_NOTEBOOKS),
        ("without notebooks, in one process", [sys.executable, "-c", _IN_ONE_PROCESS]),
    ):
        took, busy = _refresh(program, given.exports)
        table.add_row(what, f"{took:.1f}", f"{took / given.exports:.2f}", f"{busy / given.exports:.2f}")
    Console().print(table)


def measure_refresh(exports: int) -> float:
    """Return how many seconds a refresh of that many tiny exports takes, each by its notebook."""
    took, _busy = _refresh(_BY_NOTEBOOKS, exports)
    return took


_BY_NOTEBOOKS = [sys.executable, "-P", "-m", "toolkit", "refresh", "--workspace"]
_IN_ONE_PROCESS = """
import sys
from toolkit.refresh import run_inline, refresh
from toolkit.state.folder import WorkspaceFolder
raise SystemExit(refresh(WorkspaceFolder.open(sys.argv[1]), execute=run_inline).exit_code)
"""


def _refresh(program: list[str], exports: int) -> tuple[float, float]:
    """Return how long it took, and how long processors worked for it without those of the embedded Criteo."""
    from toolkit.sandbox import SandboxOptions, start

    with start(options=SandboxOptions(calls_per_minute=100_000)) as criteo, tempfile.TemporaryDirectory() as at:
        os.environ |= {"TOOLKIT_KEY_FILE": f"{at}/key", "TOOLKIT_MEMORY": f"{at}/memory"}
        workspace = _workspace(Path(at), criteo.url, exports)
        started, before = time.perf_counter(), _processor_seconds()
        subprocess.run([*program, str(workspace)], check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - started
        assert len(criteo.lists()) == exports
        return took, _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _workspace(at: Path, host: str, exports: int) -> Path:
    """Make a workspace with that many exports of one small segment."""
    import toolkit
    from toolkit.sandbox import ADVERTISERS, CLIENT_ID, CLIENT_SECRET

    keys = [f"C{number:03}" for number in range(100)]
    emails = [f"person{number}@mail.example" for number in range(100)]
    (at / "segments").mkdir()
    pl.DataFrame({"CustomerId": keys, "EMail": emails}).write_parquet(at / "profiles.parquet")
    pl.DataFrame({"CustomerId": keys}).write_parquet(at / "segments" / "All.parquet")
    for file in (at / "profiles.parquet", at / "segments" / "All.parquet"):
        os.utime(file, (LONG_AGO, LONG_AGO))
    opened = toolkit.open_workspace(
        at / "workspace",
        profiles=toolkit.Profiles(location=str(at / "profiles.parquet"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(at / "segments"), key="CustomerId"),
        create=True,
    )
    opened.connections.connect("Criteo", host=host, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, i_agree=True)
    for number in range(exports):
        opened.exports.save(
            f"Export {number}",
            connection="Criteo",
            advertiser_id=ADVERTISERS[0].id,
            email_column="EMail",
            segments=["All"],
            list_name=f"Export {number} {{segment}}",
            thresholds={"most_change": 1, "least_size": 0},
        )
    return opened.path


if __name__ == "__main__":
    main()
