"""Paths are paths, whatever stands in the names of folders."""

import os
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

import toolkit
from tests.conftest import connect, save_nightly
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.sandbox import Sandbox

NAMES = [
    "Campaign [2026]",
    "a*b",
    "what?",
    "x y",
    "é ü",
    "100%20",
    "50%",
    "#1",
    "{x}",
    "~t",
    'it\'s "q"',
    "a=b",
    "a\nb",
    "a\\b",
]
ROWS = pl.DataFrame({"CustomerId": ["C1", "C2"], "EMail": ["a@mail.example", "b@mail.example"]})

# The tables of a workspace that is there are changed on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:This session reads")


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / request.param
    (made / "segments").mkdir(parents=True)
    return made


def opened(folder: Path, profiles: str) -> toolkit.Workspace:
    return toolkit.open_workspace(
        folder / "workspace",
        profiles=toolkit.Profiles(location=str(folder / profiles), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(folder / "segments"), key="CustomerId"),
        create=True,
    )


def test_files_are_read(folder: Path) -> None:
    ROWS.write_parquet(folder / "p.parquet")
    ROWS.write_csv(folder / "p.csv")
    (folder / "parts").mkdir()
    ROWS.write_parquet(folder / "parts" / "part-0.parquet")
    ROWS.select("CustomerId").write_parquet(folder / "segments" / "S.parquet")
    for profiles in ("p.parquet", "p.csv", "parts"):
        assert opened(folder, profiles).preview("S", email_column="EMail").exportable == 2


def test_segments_are_built(folder: Path) -> None:
    ROWS.write_parquet(folder / "p.parquet")
    workspace = opened(folder, "p.parquet")
    workspace.segments.build("S", where="CustomerId = 'C1'")
    assert len(workspace.segments.rebuild("S").members) == 1


def test_suppression_is_kept(folder: Path) -> None:
    ROWS.write_parquet(folder / "p.parquet")
    ROWS.select("CustomerId").write_parquet(folder / "segments" / "S.parquet")
    workspace = opened(folder, "p.parquet")
    ROWS.head(1).write_csv(folder / "out.csv")
    workspace.suppressions.add(folder / "out.csv", customer_column="CustomerId")
    assert workspace.preview("S", email_column="EMail").exportable == 1


def test_a_person_is_forgotten(folder: Path, criteo: Sandbox) -> None:
    ROWS.write_parquet(folder / "p.parquet")
    ROWS.select("CustomerId").write_parquet(folder / "segments" / "S.parquet")
    workspace = opened(folder, "p.parquet")
    connect(workspace, criteo)
    save_nightly(workspace, segments=["S"])
    workspace.runs.start("Nightly")
    assert workspace.forget(customer="C1").done
    (filled,) = [it for it in criteo.lists() if it.name == "S"]
    assert len(criteo.identifiers(filled.id)) == 1


def test_delta_is_read_or_refused(folder: Path, tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "plain"), ROWS.to_arrow())
    os.rename(tmp_path / "plain", folder / "t")  # noqa: PTH104
    profiles = toolkit.Profiles(location=str(folder / "t"), key="CustomerId")
    if folder.name in ("100%20", "a\nb", "a\\b"):
        with raises(ErrorCode.DATA):
            profiles.scan(["EMail"])
    else:
        assert profiles.scan(["EMail"]).collect().height == 2
