"""A workspace is made by an act, and its tables are saved by one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import toolkit
from tests.access.test_people import As, let_in, person  # noqa: F401  # fixtures
from tests.conftest import Tables
from toolkit.cli import app
from toolkit.errors import AccessError, ConfigurationError
from toolkit.state.folder import WorkspaceFolder

pytestmark = pytest.mark.on_both_databases


def test_a_mistyped_path_makes_nothing(tmp_path: Path, tables: Tables) -> None:
    toolkit.open_workspace(tmp_path / "shop" / "workspace", profiles=tables.profiles, create=True)
    for mistyped in ("shop/worksapce", "shopp/workspace", "shop"):
        with pytest.raises(ConfigurationError) as raised:
            toolkit.open_workspace(tmp_path / mistyped, profiles=tables.profiles, segments=tables.segments)
        assert f"'{tmp_path / 'shop' / 'workspace'}'" in raised.value.what
    assert not (tmp_path / "shop" / "worksapce").exists()
    assert not (tmp_path / "shopp").exists()


def test_creating_twice_opens_the_first(tmp_path: Path, tables: Tables) -> None:
    first = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    again = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    assert first.notice is not None
    assert again.notice is None
    assert list(again.people) == [first.people.me.name]
    assert again.audit.frame["action"].to_list() == ["save tables of workspace", "add person"]


def test_an_interrupted_creation_goes_on(tmp_path: Path, tables: Tables) -> None:
    made = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    (made.path / "workspace.toml").unlink()
    again = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, create=True)
    assert again.people.me == made.people.me


def test_anothers_database_is_not_taken_over(
    tmp_path: Path, tables: Tables, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, database=database, create=True)
    (made.path / "workspace.toml").unlink()
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    with pytest.raises(ConfigurationError):
        toolkit.open_workspace(tmp_path / "w", profiles=tables.profiles, database=database, create=True)


class TestTables:
    @pytest.fixture
    def other(self, tables: Tables, tmp_path: Path) -> Tables:
        return Tables(tmp_path / "other").write({"C000": "other@mail.example"}, {"All": ["C000"]})

    def opened(self, workspace: toolkit.Workspace, other: Tables) -> toolkit.Workspace:
        with pytest.warns(UserWarning, match="profiles"):
            return toolkit.open_workspace(workspace.path, profiles=other.profiles, segments=other.segments)

    def test_other_ones_are_for_the_session(self, workspace: toolkit.Workspace, tables: Tables, other: Tables) -> None:
        saved = (workspace.path / "workspace.toml").read_bytes()
        session = self.opened(workspace, other)
        assert session.preview("All", email_column="EMail").exportable == 1
        assert session.notice in repr(session)
        assert str(other.folder) in session._repr_html_()
        assert (workspace.path / "workspace.toml").read_bytes() == saved
        scheduled = toolkit.open_workspace(workspace.path)
        assert (scheduled.profiles, scheduled.segments.source, scheduled.notice) == (
            tables.profiles,
            tables.segments,
            None,
        )

    def test_saving_them_is_an_act(self, workspace: toolkit.Workspace, other: Tables) -> None:
        session = self.opened(workspace, other)
        session.save_tables()
        assert session.notice is None
        row = workspace.audit.frame.row(0, named=True)
        assert (row["action"], str(other.folder) in row["details"]) == ("save tables of workspace", True)
        assert toolkit.open_workspace(workspace.path).profiles == other.profiles
        session.save_tables()  # what is saved is not saved again
        assert workspace.audit.frame.height == row["row"]

    def test_viewers_save_none(
        self,
        workspace: toolkit.Workspace,
        other: Tables,
        let_in: Callable[[str, str], toolkit.Workspace],  # noqa: F811
        person: As,  # noqa: F811
    ) -> None:
        vera = let_in("vera", "viewer")
        saved = (workspace.path / "workspace.toml").read_bytes()
        for act in (lambda: vera.read_from(profiles=other.profiles), vera.save_tables):
            with pytest.raises(AccessError):
                act()
        stranger = person("stranger")
        with pytest.raises(AccessError):
            stranger.read_from(profiles=other.profiles)
        assert (workspace.path / "workspace.toml").read_bytes() == saved
        assert "save tables of workspace" not in workspace.audit.frame.head(1)["action"]
        anna = let_in("anna", "contributor")
        anna.read_from(profiles=other.profiles)
        assert workspace.audit.frame.row(0, named=True)["person"] == "anna"

    def test_same_ones_are_told_of_nowhere(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        again = toolkit.open_workspace(workspace.path, profiles=tables.profiles, segments=tables.segments)
        assert again.notice is None


class TestCommand:
    def test_create_makes_one_once(self, tmp_path: Path, tables: Tables) -> None:
        command = ["workspace", "create", str(tmp_path / "w"), "--profiles", tables.profiles.location]
        first, second = (CliRunner().invoke(app, command) for _ in range(2))
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert "New workspace in" in first.stdout
        assert "already" in second.stdout
        assert WorkspaceFolder.open(tmp_path / "w").profiles == tables.profiles

    def test_other_commands_make_none(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "toolkit", "run", "list", "--workspace", str(tmp_path / "w")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "toolkit workspace create" in done.stderr) == (2, True)
        assert not (tmp_path / "w").exists()

    def test_tables_are_shown_and_saved(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        command = ["workspace", "tables", "--workspace", str(workspace.path)]
        shown = CliRunner().invoke(app, command).stdout
        assert workspace.profiles.location in shown
        CliRunner().invoke(app, [*command, "--profiles", str(tmp_path / "new.parquet")])
        assert toolkit.open_workspace(workspace.path).profiles.location == str(tmp_path / "new.parquet")
