"""The suppression list: people who asked not to be sent any more.

Each addition is a Parquet file of its own below ``suppression/``, so that two people can add at once and nothing is
ever rewritten. It holds customer keys and hashes of addresses, in all forms that can be sent.
"""

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import polars as pl

from toolkit.audience import Suppression
from toolkit.errors import DataError
from toolkit.files import write_atomically
from toolkit.workspace.folder import WorkspaceFolder


def suppression_of(folder: WorkspaceFolder) -> Suppression:
    """Return everybody who is suppressed; raises DataError when a file of the list is damaged."""
    parts = [_read(it) for it in sorted((folder.path / "suppression").glob("*.parquet"))]
    nobody = Suppression.nobody()
    return Suppression(pl.concat([nobody.frame, *parts]).unique()) if parts else nobody


def add_suppression(folder: WorkspaceFolder, added: Suppression) -> str:
    """Keep these people out of all later runs; return the name of the entry."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(3)}"
    path = folder.path / "suppression" / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, added.frame.write_parquet)
    return name


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path).select(Suppression.nobody().frame.columns)
    except (OSError, pl.exceptions.PolarsError):
        raise DataError(
            f"A part of the suppression list is damaged: {path}.",
            "Bring it back from a backup: without it somebody who asked not to be sent would be.",
        ) from None
