"""What a team goes on after: a backup, another host, a machine that is new, a key or a person that is gone."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.folders import folder_of
from tests.state.attacking import As, LetIn, rows
from toolkit.access.people import require_actor, signed_people
from toolkit.access.sealing import require_signed_connection
from toolkit.errors import TrustError
from toolkit.sandbox import Sandbox
from toolkit.state.models import ConnectionRecord

pytestmark = pytest.mark.on_both_databases


class TestMachine:
    def test_a_backup_is_told_and_accepted(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        if folder_of(workspace).engine.dialect.name != "sqlite":
            pytest.skip("files of SQLite are copied")
        with closing(sqlite3.connect(workspace.path / "workspace.db")) as database:
            database.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")
        newest = max(it["id"] for it in rows(workspace, "audit"))
        save_nightly(workspace, mode="append")
        folder_of(workspace).engine.dispose()
        for it in workspace.path.glob("workspace.db*"):
            it.unlink()
        shutil.copy(tmp_path / "backup.db", workspace.path / "workspace.db")
        again = toolkit.open_workspace(workspace.path)
        with pytest.raises(TrustError):
            again.runs.start("Nightly")
        with pytest.raises(TrustError):
            again.trust(newest_row=newest + 1)
        again.trust(newest_row=newest)
        assert again.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
        assert again.altered_rows == []

    def test_another_host_of_a_known_connection_is_told(
        self, workspace: toolkit.Workspace, let_in: LetIn, criteo: Sandbox, other_criteo: Sandbox
    ) -> None:
        """An administrator makes the connection anew, with another host: whoever used the old one is asked."""
        boss = let_in("boss", "administrator")
        boss.runs.start("Nightly").raise_for_status()
        workspace.connections.remove("Sandbox", exports="detach")
        elsewhere = other_criteo.url
        workspace.connections.connect(
            "Sandbox", host=elsewhere, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
        )
        save_nightly(workspace)
        before = len(criteo.requests())
        with pytest.raises(TrustError):
            boss.runs.start("Nightly")
        new = toolkit.Credentials(criteo.client_id, criteo.client_secret, elsewhere)
        with pytest.raises(TrustError):
            boss.connections.rotate("Sandbox", new)
        assert len(criteo.requests()) == before
        with pytest.raises(TrustError):
            boss.trust(hosts={"Sandbox": "https://thief.example"})
        boss.trust(hosts={"Sandbox": elsewhere})
        boss.connections.rotate("Sandbox", new)
        assert boss.connections.test("Sandbox").host == elsewhere

    def test_who_joins_and_who_lets_in_see_the_same(self, workspace: toolkit.Workspace, person: As) -> None:
        anna = person("anna")
        request = anna.people.join("anna")
        assert request.root == workspace.root
        with pytest.raises(TrustError):
            workspace.people.add("anna", public_key=request.public_key, root="f" * 64)
        answer = workspace.people.add("anna", public_key=request.public_key, root=request.root).answer
        eval(answer, {"workspace": anna})
        with pytest.raises(TrustError):
            anna.trust("f" * 64)

    def test_a_fresh_machine_may_be_told_the_root(
        self, workspace: toolkit.Workspace, person: As, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = person("job")
        monkeypatch.setenv("TOOLKIT_ROOT", "f" * 64)
        with pytest.raises(TrustError):
            job.people.join()
        monkeypatch.setenv("TOOLKIT_ROOT", folder_of(workspace).memory.root_at(workspace.path) or "")
        assert job.people.join().root


class TestWays:
    """What happens without an attack has its way."""

    def test_a_lost_key(self, workspace: toolkit.Workspace, let_in: LetIn, person: As) -> None:
        workspace.connections.share("Sandbox", "contributors")
        let_in("anna", "contributor")
        workspace.people.remove("anna")
        renewed = person("anna with a new key")
        workspace.people.add("anna", public_key=renewed.people.join().public_key)
        assert renewed.runs.start("Nightly").raise_for_status().person == "anna"
        assert workspace.altered_rows == []

    def test_a_new_laptop_with_the_old_key(
        self, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "memory of the new laptop"))
        assert toolkit.open_workspace(workspace.path).runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_a_workspace_moved_to_another_machine(
        self, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder_of(workspace).engine.dispose()
        shutil.move(workspace.path, tmp_path / "moved")
        assert toolkit.open_workspace(tmp_path / "moved").runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
        monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "memory of another machine"))
        assert toolkit.open_workspace(tmp_path / "moved").runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_a_service_account(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        job = let_in("nightly job", "contributor")
        workspace.connections.share("Sandbox", "nightly job")
        assert job.runs.start("Nightly").raise_for_status().person == "nightly job"

    def test_the_last_administrator_gone(
        self, workspace: toolkit.Workspace, let_in: LetIn, person: As, tmp_path: Path, tables: Tables, criteo: Sandbox
    ) -> None:
        vera = let_in("vera", "viewer")
        vera.exports.write(tmp_path / "exports.yaml")
        person("vera")
        anew = toolkit.open_workspace(
            tmp_path / "anew", profiles=tables.profiles, segments=tables.segments, create=True
        )
        connect(anew, criteo)
        assert list(anew.exports.read(tmp_path / "exports.yaml")) == ["Nightly"]
        assert anew.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_who_left_leaves_working_exports(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        workspace.connections.share("Sandbox", "contributors")
        anna = let_in("anna", "contributor")
        save_nightly(anna)
        anna.connections.seal("Sandbox")
        workspace.people.remove("anna")
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_several_act_at_once(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        for name in ("anna", "bob"):
            let_in(name, "contributor")

        def act(name: str) -> None:
            mine = toolkit.open_workspace(workspace.path)
            for number in range(3):
                mine.connections.share("Sandbox", name)
                mine.exports.duplicate("Nightly", f"{name} {number}")
                mine.connections.unshare("Sandbox", name)

        with ThreadPoolExecutor() as pool:
            list(pool.map(act, ("anna", "bob")))
        assert workspace.altered_rows == []
        assert workspace.audit.verify() is None
        assert len(workspace.exports) == 7

    def test_a_reader_sees_one_moment(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        vera = let_in("vera", "viewer")
        with folder_of(vera).reading() as session:
            require_actor(session, folder_of(vera))
            workspace.people.change_role("vera", "contributor")
            workspace.connections.share("Sandbox", "vera")
            assert {it.name: it.role for it in signed_people(session)}["vera"] == "viewer"
            require_signed_connection(session, session.scalars(select(ConnectionRecord)).one())
        assert vera.people.me.role is toolkit.Role.CONTRIBUTOR

    def test_a_reader_waits_for_nobody(self, workspace: toolkit.Workspace) -> None:
        with folder_of(workspace).session() as session, session.begin():
            require_actor(session, folder_of(workspace))
            assert list(toolkit.open_workspace(workspace.path).exports) == ["Nightly"]

    def test_the_first_administrator_gone(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        boss = let_in("boss", "administrator")
        boss.people.remove(workspace.people.me.name)
        assert boss.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
        assert boss.audit.verify() is None
