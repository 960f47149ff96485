"""Somebody writes to the database or the files, as an attacker would, and gets nothing by it.

``mallory`` is a contributor with a key of their own and write access to everything below the workspace's folder.
"""

import hashlib
import shutil
import sqlite3
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import tomli_w
from sqlalchemy import select

import toolkit
from tests.conftest import Databases, Tables, connect, save_nightly
from tests.folders import folder_of
from tests.state.attacking import As, LetIn, change, decision, forge_audit_row, identity_of, put, rows
from toolkit.access.people import require_actor, signed_people
from toolkit.access.sealing import require_signed_connection
from toolkit.errors import AccessError, ConfigurationError, ErrorCode, SignatureError, TrustError
from toolkit.sandbox import Sandbox
from toolkit.state.decisions import row_digest
from toolkit.state.keys import seal
from toolkit.state.models import AuditRecord, ConnectionRecord
from toolkit.state.signing import SignedKind, sign

pytestmark = pytest.mark.on_both_databases


class TestForgedSeal:
    @pytest.fixture
    def forged(self, thief: Sandbox, workspace: toolkit.Workspace) -> bytes:
        """A box for the administrator, that anybody can make."""
        content = {
            "connection": 1,
            "host": thief.url,
            "client_id": thief.client_id,
            "client_secret": thief.client_secret,
            "salt": "0" * 64,
        }
        return seal(orjson.dumps(content), workspace.people.me.public_key)

    def test_with_another_host_sends_nothing(
        self, workspace: toolkit.Workspace, thief: Sandbox, criteo: Sandbox, forged: bytes
    ) -> None:
        change(workspace, "UPDATE connections SET host = :host", host=thief.url)
        change(workspace, "UPDATE seals SET box = :box", box=forged)
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")
        assert thief.requests() == []
        assert len(criteo.requests()) == before
        assert workspace.health().level.name == "CRITICAL"

    def test_alone_is_not_opened(self, workspace: toolkit.Workspace, thief: Sandbox, forged: bytes) -> None:
        change(workspace, "UPDATE seals SET box = :box", box=forged)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")
        assert thief.requests() == []

    def test_by_a_contributor_is_not_opened(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace, thief: Sandbox, criteo: Sandbox
    ) -> None:
        """Mallory may seal, and seals credentials of an account of their own at the same host."""
        workspace.connections.share("Sandbox", "mallory")
        (connection,) = rows(workspace, "connections")
        content = {"connection": 1, "host": criteo.url, "client_id": "mine", "client_secret": "mine", "salt": "0" * 64}
        box = seal(orjson.dumps(content), workspace.people.me.public_key)
        payload = {
            "connection": 1,
            "host": criteo.url,
            "fingerprint": connection["secret_fingerprint"],
            "recipient": workspace.people.me.public_key,
            "box": hashlib.sha256(box).hexdigest(),
        }
        signer = identity_of(mallory)
        change(
            workspace,
            "UPDATE seals SET box = :box, sealed_by = :by, signature = :signature WHERE public_key = :key",
            box=box,
            by=signer.public_key,
            signature=sign(signer, SignedKind.SEAL, payload, root=workspace.root).signature,
            key=workspace.people.me.public_key,
        )
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")
        assert len(criteo.requests()) == before

    def test_of_another_connection_is_not_opened(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.connections.connect(
            "Other", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
        )
        other = next(it for it in rows(workspace, "seals") if it["connection_id"] == 2)
        del other["connection_id"], other["public_key"]
        settings = ", ".join(f"{it} = :{it}" for it in other)
        change(workspace, f"UPDATE seals SET {settings} WHERE connection_id = 1", **other)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_older_than_a_rotation_is_not_opened(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        (old,) = rows(workspace, "seals")
        new = toolkit.Credentials(criteo.client_id, criteo.client_secret, criteo.url)
        workspace.connections.rotate("Sandbox", new)
        change(workspace, "DELETE FROM seals")
        put(workspace, "seals", old)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")


class TestPeople:
    def test_a_role_that_is_updated_gives_nothing(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace
    ) -> None:
        change(workspace, "UPDATE people SET role = 'administrator' WHERE name = 'mallory'")
        for act in (lambda: mallory.audit.frame, lambda: mallory.runs.start("Nightly"), lambda: mallory.people.me):
            with pytest.raises(SignatureError):
                act()
        with pytest.raises(SignatureError):
            workspace.people.add("new", public_key=identity_of(mallory).public_key)

    def test_a_key_that_is_replaced_is_not_sealed_to(
        self, workspace: toolkit.Workspace, let_in: LetIn, person: As
    ) -> None:
        let_in("anna", "contributor")
        stranger = person("stranger").people.join().public_key
        change(workspace, "UPDATE people SET public_key = :key WHERE name = 'anna'", key=stranger)
        for act in (
            lambda: workspace.connections.share("Sandbox", "anna"),
            lambda: workspace.connections.share("Sandbox", "contributors"),
            lambda: workspace.people.add("bob", public_key=person("bob").people.join().public_key),
            lambda: workspace.connections.seal("Sandbox"),
        ):
            with pytest.raises(SignatureError):
                act()
        assert stranger not in {it["public_key"] for it in rows(workspace, "seals")}

    def test_an_administrator_of_ones_own_making_is_not_sealed_to(
        self, workspace: toolkit.Workspace, person: As, criteo: Sandbox
    ) -> None:
        stranger = person("stranger").people.join().public_key
        row = {"name": "x", "role": "administrator", "public_key": stranger, "added_by": "x"}
        put(workspace, "people", row | {"added_at": "2026-01-01 00:00:00"})
        new = toolkit.Credentials(criteo.client_id, criteo.client_secret, criteo.url)
        for act in (lambda: workspace.connections.rotate("Sandbox", new), lambda: connect(workspace, criteo)):
            with pytest.raises(SignatureError):
                act()
        assert stranger not in {it["public_key"] for it in rows(workspace, "seals")}

    def test_an_older_row_gives_no_role_back(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        boss = let_in("boss", "administrator")
        workspace.people.change_role("boss", "viewer")
        change(workspace, "UPDATE people SET role = 'administrator' WHERE name = 'boss'")
        with pytest.raises(SignatureError):
            list(boss.audit)

    def test_who_was_removed_does_not_come_back(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        workspace.connections.share("Sandbox", "contributors")
        old = next(it for it in rows(workspace, "people") if it["name"] == "mallory")
        workspace.people.remove("mallory")
        put(workspace, "people", old)
        with pytest.raises(AccessError):
            mallory.runs.start("Nightly")
        with pytest.raises(SignatureError):
            workspace.connections.share("Sandbox", "mallory")

    def test_a_person_who_is_deleted_is_missed(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        anna = let_in("anna", "contributor")
        change(workspace, "DELETE FROM people WHERE name = 'anna'")
        with pytest.raises(SignatureError):
            _ = anna.people.me
        with pytest.raises(SignatureError):
            list(workspace.people)
        assert any("'anna'" in it.what for it in workspace.altered_rows)

    def test_they_are_put_back(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        anna = let_in("anna", "contributor")
        vera = let_in("vera", "viewer")
        change(workspace, "UPDATE people SET name = 'x' WHERE name = 'anna'")
        change(workspace, "UPDATE people SET name = 'anna', role = 'administrator' WHERE name = 'vera'")
        assert len(workspace.restore_signed_rows()) == 2
        assert workspace.altered_rows == []
        assert (anna.people.me.name, vera.people.me.name, vera.people.me.role) == ("anna", "vera", toolkit.Role.VIEWER)

    def test_only_an_administrator_puts_back(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        change(workspace, "UPDATE people SET role = 'administrator' WHERE name = 'mallory'")
        with pytest.raises(AccessError):
            mallory.restore_signed_rows()


class TestConnections:
    def test_a_share_that_is_slipped_in_gives_nothing(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace, criteo: Sandbox
    ) -> None:
        number = next(it["id"] for it in rows(workspace, "people") if it["name"] == "mallory")
        put(workspace, "shares", {"connection_id": 1, "person_id": number})
        with pytest.raises(AccessError):
            mallory.runs.start("Nightly")
        for act in (
            lambda: workspace.connections.seal("Sandbox"),
            lambda: workspace.connections.share("Sandbox", "contributors"),
            lambda: workspace.people.change_role("mallory", "contributor"),
        ):
            with pytest.raises(SignatureError):
                act()
        assert len(rows(workspace, "seals")) == 1
        assert workspace.restore_signed_rows() == ["connection 'Sandbox'"]
        assert rows(workspace, "shares") == []
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    @pytest.mark.parametrize(
        "altered",
        [
            "host = 'https://thief.example'",
            "open_to_contributors = (1 = 1)",
            "consent_sha256 = 'x'",
            "consent_by = 'x'",
            "secret_fingerprint = 'x'",
            "name = 'Other'",
            "lost_access = '[\"x\"]'",
            """advertisers = '[{"id": "666", "name": "Mallory"}]'""",
        ],
    )
    def test_one_that_is_altered_is_not_used(self, workspace: toolkit.Workspace, criteo: Sandbox, altered: str) -> None:
        change(workspace, f"UPDATE connections SET {altered}")
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            workspace.connections["Sandbox"]
        with pytest.raises((SignatureError, ConfigurationError)):
            workspace.runs.start("Nightly")
        assert len(criteo.requests()) == before
        assert workspace.altered_rows != []
        assert workspace.restore_signed_rows() == ["connection 'Sandbox'"]
        assert workspace.altered_rows == []
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_two_that_are_swapped_are_noticed(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.connections.connect(
            "Other", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
        )
        change(workspace, "UPDATE connections SET name = 'x' WHERE id = 1")
        change(workspace, "UPDATE connections SET name = 'Sandbox' WHERE id = 2")
        change(workspace, "UPDATE connections SET name = 'Other' WHERE id = 1")
        for name in ("Sandbox", "Other"):
            with pytest.raises(SignatureError):
                workspace.connections.test(name)
        assert len(workspace.restore_signed_rows()) == 2
        assert workspace.connections.test("Sandbox").name == "Sandbox"

    def test_a_share_that_was_taken_away_does_not_come_back(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace
    ) -> None:
        workspace.connections.share("Sandbox", "mallory")
        (share,) = rows(workspace, "shares")
        seals = rows(workspace, "seals")
        workspace.connections.unshare("Sandbox", "mallory")
        put(workspace, "shares", share)
        change(workspace, "DELETE FROM seals")
        for it in seals:
            put(workspace, "seals", it)
        change(workspace, "UPDATE connections SET lost_access = '[]'")
        with pytest.raises(AccessError):
            mallory.runs.start("Nightly")

    def test_a_new_secret_goes_to_no_other_host(
        self, workspace: toolkit.Workspace, thief: Sandbox, criteo: Sandbox
    ) -> None:
        change(workspace, "UPDATE connections SET host = :host", host=thief.url)
        before = len(criteo.requests())
        for host in (thief.url, criteo.url):
            with pytest.raises(SignatureError):
                workspace.connections.rotate("Sandbox", toolkit.Credentials("id", "new-secret", host))
        assert thief.requests() == []
        assert len(criteo.requests()) == before

    def test_a_new_secret_for_another_host_is_not_sent(self, workspace: toolkit.Workspace, thief: Sandbox) -> None:
        new = toolkit.Credentials(thief.client_id, thief.client_secret, thief.url)
        with pytest.raises(ConfigurationError):
            workspace.connections.rotate("Sandbox", new)
        with pytest.raises(ConfigurationError):
            workspace.connections.connect("Sandbox", credentials=new, i_agree=True)
        assert thief.requests() == []


class TestExports:
    @pytest.mark.parametrize(
        "altered",
        [
            "settings = REPLACE(CAST(settings AS TEXT), '\"sha256\"', '\"plain\"')::json",
            "settings = REPLACE(CAST(settings AS TEXT), '\"All\"', '\"Everybody\"')::json",
            "version = 1 - 1",
            "name = 'Other'",
            "saved_by = 'x'",
        ],
    )
    def test_one_that_is_altered_is_not_run(
        self, workspace: toolkit.Workspace, criteo: Sandbox, databases: Databases, altered: str
    ) -> None:
        change(
            workspace,
            f"UPDATE exports SET {altered if databases.kind == 'postgresql' else altered.replace('::json', '')}",
        )
        before = len(criteo.requests())
        with pytest.raises((SignatureError, ConfigurationError)):
            workspace.runs.start("Nightly")
        with pytest.raises((SignatureError, ConfigurationError)):
            workspace.exports.check("Nightly")
        assert len(criteo.requests()) == before
        assert len(workspace.altered_rows) == 1

    def test_saving_it_again_signs_it(self, workspace: toolkit.Workspace) -> None:
        change(workspace, "UPDATE exports SET saved_by = 'x'")
        save_nightly(workspace)
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_an_older_version_is_not_run(self, workspace: toolkit.Workspace) -> None:
        (old,) = rows(workspace, "exports")
        save_nightly(workspace, mode="append")
        change(workspace, "DELETE FROM exports")
        put(workspace, "exports", old)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_one_that_is_attached_to_another_connection_is_not_run(
        self, workspace: toolkit.Workspace, criteo: Sandbox
    ) -> None:
        workspace.connections.connect(
            "Other", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
        )
        change(workspace, "UPDATE exports SET connection_id = 2")
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_one_that_was_removed_does_not_come_back(self, workspace: toolkit.Workspace) -> None:
        workspace.exports.remove("Nightly")
        change(workspace, "UPDATE exports SET removed_at = NULL, connection_id = 1")
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_a_contributor_without_the_connection_signs_in_vain(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace
    ) -> None:
        """Mallory signs with their own key what they may not decide, and writes it past the interface."""
        content = {"settings": "whatever"}
        forge_audit_row(
            workspace, identity_of(mallory), name="mallory", decides=[decision("export", 1, 2, content, connection=1)]
        )
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_nor_by_leaving_the_connection_out(self, workspace: toolkit.Workspace, mallory: toolkit.Workspace) -> None:
        forge_audit_row(workspace, identity_of(mallory), name="mallory", decides=[decision("export", 1, 2, {})])
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")


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


class TestFiles:
    def test_tables_turned_elsewhere_are_not_sent(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, tmp_path: Path
    ) -> None:
        file = workspace.path / "workspace.toml"
        settings = tomllib.loads(file.read_text())
        settings["segments"]["location"] = str(tmp_path / "elsewhere")
        file.write_text(tomli_w.dumps(settings))
        again = toolkit.open_workspace(workspace.path)
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            again.runs.start("Nightly")
        assert len(criteo.requests()) == before
        assert len(again.altered_rows) == 1
        again.read_from(segments=tables.segments)
        assert again.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    @pytest.fixture
    def suite(self, workspace: toolkit.Workspace) -> Path:
        import great_expectations.expectations as gxe

        workspace.checks.add("Addresses", gxe.ExpectColumnValuesToNotBeNull(column="EMail"))
        return workspace.path / "checks" / "expectations" / "Addresses.json"

    def test_a_suite_that_is_changed_stops_runs(
        self, workspace: toolkit.Workspace, criteo: Sandbox, suite: Path
    ) -> None:
        suite.write_text(suite.read_text().replace("not_be_null", "be_null"))
        assert workspace.runs.start("Nightly").error.code is ErrorCode.SIGNATURE
        assert criteo.lists() == []
        workspace.checks.sign("Addresses")
        assert workspace.altered_rows == []

    def test_a_suite_that_is_deleted_is_missed(
        self, workspace: toolkit.Workspace, criteo: Sandbox, suite: Path
    ) -> None:
        suite.unlink()
        assert workspace.runs.start("Nightly").error.code is ErrorCode.SIGNATURE
        assert criteo.lists() == []
        workspace.checks.remove("Addresses")
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL


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
