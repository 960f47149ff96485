"""A workspace is a folder of one's own, with settings that people can read."""

import os
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables
from tests.raising import raises
from toolkit.errors import ErrorCode

pytestmark = pytest.mark.on_both_databases


def test_opening_with_tables_makes_it_and_opening_again_finds_them(tmp_path: Path, tables: Tables) -> None:
    toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, segments=tables.segments, create=True)
    again = toolkit.open_workspace(tmp_path / "w")
    assert (again.profiles, again.segments.source) == (tables.profiles, tables.segments)


def test_a_memberships_table_is_kept_as_such(tmp_path: Path) -> None:
    table = toolkit.SegmentTable(location=str(tmp_path / "all.parquet"), key="Id", segment="Segment")
    toolkit.open_workspace(tmp_path / "w", segments=table, create=True)
    assert toolkit.open_workspace(tmp_path / "w").segments.source == table


def test_tables_are_found_from_wherever_it_is_opened(
    tmp_path: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tables.folder)
    toolkit.open_workspace(
        tmp_path / "w",
        profiles=toolkit.Profiles(location="profiles.parquet", key="CustomerId"),
        segments=toolkit.SegmentFolder(location="segments", key="CustomerId"),
        create=True,
    )
    monkeypatch.chdir("/")
    assert toolkit.open_workspace(tmp_path / "w").preview("All", email_column="EMail").exportable == 100


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_its_owner_may_look_into_it(tmp_path: Path, tables: Tables) -> None:
    toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    assert (tmp_path / "w").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_one_that_everybody_may_look_into_is_warned_of(tmp_path: Path, tables: Tables) -> None:
    toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    (tmp_path / "w").chmod(0o755)
    with pytest.warns(UserWarning, match="chmod o-rwx"):
        toolkit.open_workspace(tmp_path / "w")


def test_a_folder_without_one_is_told(tmp_path: Path) -> None:
    with raises(ErrorCode.CONFIGURATION, names=tmp_path):
        toolkit.open_workspace(tmp_path)


def test_what_is_not_set_is_told(tmp_path: Path, tables: Tables) -> None:
    workspace = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    with raises(ErrorCode.CONFIGURATION, names=("segments", workspace.path)):
        list(workspace.segments)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("id = ", "TOML"),
        ("\xff", "TOML"),
        ("colour = 'blue'", "colour"),
        ("[profiles]\nlocation = 'x'", "profiles.key"),
    ],
)
def test_settings_that_cannot_be_read_are_told_with_the_file(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "workspace.toml"
    file.write_bytes(text.encode("latin-1"))
    with raises(ErrorCode.CONFIGURATION, names=(file, named)):
        toolkit.open_workspace(tmp_path)


def test_where_no_folder_can_be_made_is_told(tmp_path: Path, tables: Tables) -> None:
    (tmp_path / "file").write_text("in the way")
    with raises(ErrorCode.CONFIGURATION, names=tmp_path / "file" / "w"):
        toolkit.open_workspace(tmp_path / "file" / "w", profiles=tables.profiles, create=True)


def test_it_shows_what_it_has(workspace: toolkit.Workspace) -> None:
    assert all(it in repr(workspace) for it in ("Sandbox", "Nightly"))
    assert all(it in workspace._repr_html_() for it in ("Sandbox", "Nightly"))
