"""Somebody writes to the database or the files, as an attacker would, and gets nothing by it.

``mallory`` is a contributor with a key of their own and write access to everything below the workspace's folder.
"""

import hashlib
import tomllib
from pathlib import Path

import orjson
import pytest
import tomli_w

import toolkit
from tests.conftest import Databases, Tables, connect, save_nightly
from tests.state.attacking import As, LetIn, change, decision, forge_audit_row, identity_of, put, rows
from toolkit.errors import AccessError, ConfigurationError, ErrorCode, SignatureError
from toolkit.sandbox import Sandbox
from toolkit.state.keys import seal
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
