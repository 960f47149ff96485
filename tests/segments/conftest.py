"""Profiles with a country, a day and points, and others than the maker of the workspace."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables
from tests.widgets.conftest import as_contributor as as_contributor  # noqa: PLC0414
from tests.widgets.conftest import as_stranger as as_stranger  # noqa: PLC0414
from tests.widgets.conftest import as_viewer as as_viewer  # noqa: PLC0414

COUNTRIES = ("NL", "BE", None)
PROFILES: list[dict[str, Any]] = [
    {
        "CustomerId": f"C{number:03}",
        "EMail": f"person{number}@mail.example",
        "Country": COUNTRIES[number % 3],
        "Points": number if number % 10 else None,
        "Bought": date(2025, 1 + number % 12, 1),
    }
    for number in range(100)
]


def write_profiles(tables: Tables, rows: list[dict[str, Any]] = PROFILES) -> None:
    pl.DataFrame(rows).write_parquet(tables.profiles.location)


@pytest.fixture
def alone(tmp_path: Path, tables: Tables) -> toolkit.Workspace:
    """A workspace without a connection."""
    write_profiles(tables)
    return toolkit.open_workspace(
        tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, create=True
    )


@pytest.fixture
def keys(tables: Tables) -> Callable[[str], list[str]]:
    """Return the keys in the file of a segment."""
    return lambda stem: pl.read_parquet(tables.folder / "segments" / f"{stem}.parquet")["CustomerId"].to_list()
