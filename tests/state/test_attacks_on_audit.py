"""Somebody writes to the audit, or puts that of another workspace in its place, and gets nothing by it."""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import tomli_w

import toolkit
from tests.conftest import Databases, Tables, connect, save_nightly
from tests.folders import folder_of
from tests.state.attacking import As, change, decision, forge_audit_row, identity_of, put, rows
from toolkit.errors import AccessError, SignatureError, TrustError
from toolkit.sandbox import Sandbox
from toolkit.state.decisions import row_digest
from toolkit.state.models import AuditRecord

pytestmark = pytest.mark.on_both_databases


class TestAudit:
    @pytest.mark.parametrize("kind", ["person", "connection", "advertisers"])
    def test_a_contributor_decides_nothing_of_an_administrators(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace, kind: str
    ) -> None:
        number = next(it["id"] for it in rows(workspace, "people") if it["name"] == "mallory")
        me = identity_of(mallory).public_key
        content = {
            "person": {
                "id": number,
                "name": "mallory",
                "role": "administrator",
                "public_key": me,
                "added_by": "mallory",
                "added_at": "2026-01-01T00:00:00+00:00",
            },
            "connection": {"id": 1},
            "advertisers": {"connection": 1, "advertisers": {"1": "x"}},
        }[kind]
        number = number if kind == "person" else 1
        forge_audit_row(workspace, identity_of(mallory), name="mallory", decides=[decision(kind, number, 2, content)])
        with pytest.raises(SignatureError):
            _ = workspace.people.me
        assert workspace.audit.verify() is not None
        assert workspace.health().level.name == "CRITICAL"

    def test_a_row_in_anothers_name_is_refused(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        forge_audit_row(workspace, identity_of(mallory), name=workspace.people.me.name)
        with pytest.raises(SignatureError):
            _ = workspace.audit.frame
        assert workspace.audit.verify() is not None

    def test_a_row_with_anothers_key_is_refused(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        maker = workspace.people.me
        forge_audit_row(workspace, identity_of(mallory), name=maker.name)
        last = max(it["id"] for it in rows(workspace, "audit"))
        change(workspace, "UPDATE audit SET public_key = :key WHERE id = :id", key=maker.public_key, id=last)
        assert workspace.audit.verify() is not None

    def test_a_key_the_workspace_does_not_know_signs_nothing(self, workspace: toolkit.Workspace, person: As) -> None:
        forge_audit_row(workspace, identity_of(person("stranger")), name=workspace.people.me.name)
        with pytest.raises(SignatureError):
            list(workspace.exports)

    def test_who_was_removed_signs_nothing_more(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        workspace.people.remove("mallory")
        forge_audit_row(workspace, identity_of(mallory), name="mallory")
        with pytest.raises(SignatureError):
            list(workspace.exports)

    def test_the_chain_written_anew_is_noticed(self, workspace: toolkit.Workspace) -> None:
        """Whoever writes the whole chain anew has not the keys that signed it."""
        with folder_of(workspace).session() as session, session.begin():
            previous = None
            for row in session.query(AuditRecord).order_by(AuditRecord.id):
                row.machine = "elsewhere"
                row.previous = row.previous if previous is None else previous
                row.sha256 = previous = row_digest(row)
        assert workspace.audit.verify() is not None
        with pytest.raises(TrustError):
            list(workspace.exports)

    def test_a_tail_that_was_cut_off_is_noticed(self, workspace: toolkit.Workspace) -> None:
        last = max(it["id"] for it in rows(workspace, "audit"))
        change(workspace, "DELETE FROM audit WHERE id = :id", id=last)
        with pytest.raises(TrustError):
            list(workspace.exports)
        assert workspace.health().level.name == "CRITICAL"

    def test_all_of_it_cut_off_is_noticed(self, workspace: toolkit.Workspace) -> None:
        change(workspace, "DELETE FROM audit")
        with pytest.raises(TrustError):
            list(workspace.exports)

    def test_a_decision_taken_out_of_the_middle_is_noticed(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace
    ) -> None:
        workspace.connections.share("Sandbox", "mallory")
        workspace.connections.unshare("Sandbox", "mallory")
        workspace.runs.start("Nightly")
        number = next(it["id"] for it in rows(workspace, "audit") if it["action"] == "unshare connection")
        change(workspace, "DELETE FROM audit WHERE id = :id", id=number)
        assert workspace.audit.verify() is not None
        assert mallory.audit.verify() is not None


class TestOtherWorkspace:
    def test_rows_copied_from_another_are_refused(
        self, workspace: toolkit.Workspace, tmp_path: Path, tables: Tables, criteo: Sandbox, databases: Databases
    ) -> None:
        """The same person makes both; what they signed for one counts nothing in the other."""
        other = toolkit.open_workspace(
            tmp_path / "other",
            profiles=tables.profiles,
            segments=tables.segments,
            database=databases.new(),
            create=True,
        )
        connect(other, criteo)
        save_nightly(other, mode="append")
        (theirs,) = rows(other, "exports")
        change(workspace, "DELETE FROM exports")
        put(workspace, "exports", theirs)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_an_audit_row_copied_from_another_is_refused(
        self, workspace: toolkit.Workspace, tmp_path: Path, tables: Tables, criteo: Sandbox, databases: Databases
    ) -> None:
        other = toolkit.open_workspace(
            tmp_path / "other",
            profiles=tables.profiles,
            segments=tables.segments,
            database=databases.new(),
            create=True,
        )
        connect(other, criteo)
        save_nightly(other)
        save_nightly(other)
        theirs = max(rows(other, "audit"), key=lambda it: it["id"])
        theirs["previous"] = max(rows(workspace, "audit"), key=lambda it: it["id"])["sha256"]
        put(workspace, "audit", theirs)
        with pytest.raises(SignatureError):
            list(workspace.exports)

    def test_a_database_put_in_its_place_is_told(
        self, workspace: toolkit.Workspace, tmp_path: Path, tables: Tables, person: As, databases: Databases
    ) -> None:
        database = databases.new()
        person("mallory")
        theirs = toolkit.open_workspace(tmp_path / "theirs", profiles=tables.profiles, database=database, create=True)
        if database is None:
            folder_of(workspace).engine.dispose()
            for it in workspace.path.glob("workspace.db*"):
                it.unlink()
            with closing(sqlite3.connect(tmp_path / "theirs" / "workspace.db")) as copied:
                copied.execute(f"VACUUM INTO '{workspace.path / 'workspace.db'}'")
        else:
            file = workspace.path / "workspace.toml"
            settings = tomllib.loads(file.read_text()) | {"database": database}
            file.write_text(tomli_w.dumps(settings))
        root = theirs.root
        again = person("root")
        with pytest.raises(TrustError):
            _ = again.people.me
        again.trust(root)
        with pytest.raises(AccessError):
            _ = again.people.me
        assert again.root == root
