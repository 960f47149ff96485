"""Who acts is told by the key; what they may do, by their role and by who shared what with them."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from sqlalchemy import text

import toolkit
from tests.folders import folder_of
from tests.raising import raises
from toolkit.errors import ErrorCode, SignatureError
from toolkit.sandbox import Sandbox

pytestmark = pytest.mark.on_both_databases

As = Callable[[str], toolkit.Workspace]


@pytest.fixture
def person(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> As:
    """Open the workspace as somebody else, each with a key of their own; ``"root"`` is who made it."""
    makers_key = os.environ["TOOLKIT_KEY_FILE"]

    def opened(name: str) -> toolkit.Workspace:
        monkeypatch.setenv("TOOLKIT_KEY_FILE", makers_key if name == "root" else str(tmp_path / f"key of {name}"))
        again = toolkit.open_workspace(workspace.path)
        _ = folder_of(again).identity  # read now, while the variable names this person's key
        return again

    return opened


@pytest.fixture
def let_in(person: As) -> Callable[..., toolkit.Workspace]:
    """Let somebody in with a role; return the workspace as they see it."""

    def join(name: str, role: str) -> toolkit.Workspace:
        theirs = person(name)
        request = theirs.people.join(name)
        person("root").people.add(name, public_key=request.public_key, role=role)
        return theirs

    return join


LetIn = Callable[[str, str], toolkit.Workspace]


def test_whoever_makes_it_is_its_administrator(workspace: toolkit.Workspace) -> None:
    assert workspace.people.me.role is toolkit.Role.ADMINISTRATOR
    assert list(workspace.people) == [workspace.people.me.name]


def test_the_line_of_a_join_request_lets_its_maker_in(person: As) -> None:
    anna = person("anna")
    line = repr(anna.people.join("anna")).splitlines()[-1]
    eval(line, {"workspace": person("root")})
    assert (anna.people.me.name, anna.people.me.role) == ("anna", toolkit.Role.CONTRIBUTOR)


def test_a_stranger_sees_nothing_and_is_told_how_to_join(person: As) -> None:
    stranger = person("stranger")
    for look in (
        lambda: list(stranger.people),
        lambda: list(stranger.connections),
        lambda: list(stranger.exports),
        lambda: list(stranger.runs),
        lambda: stranger.runs.start("Nightly"),
    ):
        with raises(ErrorCode.ACCESS, names="workspace.people.join()"):
            look()


def test_a_name_that_is_typed_makes_nobody(person: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    with raises(ErrorCode.ACCESS, names="workspace.people.join()"):
        _ = person("stranger").people.me


class TestManaging:
    def test_only_administrators_do(self, let_in: LetIn) -> None:
        anna, vera = let_in("anna", "contributor"), let_in("vera", "viewer")
        for theirs in (anna, vera):
            for change in (
                lambda it: it.people.add("x", public_key="0" * 64),
                lambda it: it.people.change_role("vera", "administrator"),
                lambda it: it.people.remove("vera"),
                lambda it: it.connections.set_up("Mine"),
                lambda it: it.connections.share("Sandbox", "contributors"),
                lambda it: it.connections.remove("Sandbox", exports="detach"),
                lambda it: it.audit.frame,
            ):
                with raises(ErrorCode.ACCESS, names="administrator"):
                    change(theirs)

    def test_the_last_administrator_stays(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        let_in("anna", "contributor")
        for change in (
            lambda: workspace.people.remove(workspace.people.me.name),
            lambda: workspace.people.change_role(workspace.people.me.name, "viewer"),
        ):
            with raises(ErrorCode.CONFIGURATION, names="administrator"):
                change()

    def test_what_is_wrong_is_told(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        anna = let_in("anna", "contributor")
        with raises(ErrorCode.CONFIGURATION):
            workspace.people.add("x", public_key="nonsense")
        with raises(ErrorCode.CONFIGURATION, names="anna"):
            workspace.people.add("anna", public_key=SigningKey(b"1" * 32).verify_key.encode().hex())
        with raises(ErrorCode.CONFIGURATION, names="anna"):
            workspace.people.add("x", public_key=anna.people.me.public_key)
        with raises(ErrorCode.UNKNOWN_NAME, names="ana"):
            workspace.people.remove("ana")


class TestSharing:
    def test_what_is_not_shared_is_not_there_for_a_contributor(self, let_in: LetIn) -> None:
        anna = let_in("anna", "contributor")
        assert dict(anna.connections) == {}
        with raises(ErrorCode.ACCESS, names=("Nightly", "anna")):
            anna.runs.start("Nightly")
        with raises(ErrorCode.ACCESS, names=("Nightly", "anna")):
            anna.exports.remove("Nightly")
        for name in ("Nightly", "Mine"):
            with raises(ErrorCode.UNKNOWN_NAME, names="Sandbox"):
                save_nightly_as(anna, name)

    @pytest.mark.parametrize("users", ["contributors", "anna", ["anna"]])
    def test_whoever_it_is_shared_with_runs_and_saves_exports(
        self, workspace: toolkit.Workspace, let_in: LetIn, users: str | list[str]
    ) -> None:
        anna = let_in("anna", "contributor")
        workspace.connections.share("Sandbox", users)
        assert anna.runs.start("Nightly").raise_for_status().person == "anna"
        assert save_nightly_as(anna, "Mine").version == 1
        shown = anna.connections["Sandbox"]
        assert (shown.name, shown.host, shown.users, shown.created_by) == ("Sandbox", None, None, None)
        assert shown.type == "Criteo (embedded)"

    def test_who_joins_later_may_use_what_is_open_to_contributors(
        self, workspace: toolkit.Workspace, let_in: LetIn
    ) -> None:
        workspace.connections.share("Sandbox", "contributors")
        assert let_in("anna", "contributor").runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_a_viewer_sees_exports_and_runs_and_runs_none(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        workspace.connections.share("Sandbox", "contributors")
        workspace.runs.start("Nightly").raise_for_status()
        vera = let_in("vera", "viewer")
        assert list(vera.exports) == ["Nightly"]
        assert vera.runs.frame.height == 1
        for act in (lambda: vera.runs.start("Nightly"), lambda: vera.exports.remove("Nightly")):
            with raises(ErrorCode.ACCESS, names="contributor"):
                act()
        with raises(ErrorCode.CONFIGURATION, names="vera"):
            workspace.connections.share("Sandbox", "vera")

    def test_taking_it_away_says_that_the_secret_should_be_rotated(
        self, workspace: toolkit.Workspace, let_in: LetIn, criteo: Sandbox
    ) -> None:
        anna = let_in("anna", "contributor")
        workspace.connections.share("Sandbox", "anna")
        left = workspace.connections.unshare("Sandbox", "anna")
        assert left.rotate_because == ("anna",)
        assert "Rotate the secret at Criteo, because of anna" in repr(left)
        with raises(ErrorCode.ACCESS, names=("Nightly", "anna")):
            anna.runs.start("Nightly")
        new = toolkit.Credentials(criteo.client_id, criteo.client_secret, criteo.url)
        assert workspace.connections.rotate("Sandbox", new).rotate_because == ()
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_removing_a_person_names_the_connections_to_rotate(
        self, workspace: toolkit.Workspace, let_in: LetIn
    ) -> None:
        anna = let_in("anna", "contributor")
        workspace.connections.share("Sandbox", "contributors")
        assert workspace.people.remove("anna") == ["Sandbox"]
        with raises(ErrorCode.ACCESS, names="workspace.people.join()"):
            anna.runs.start("Nightly")

    def test_an_administrator_who_cannot_open_it_lets_an_export_user_seal_it(
        self, workspace: toolkit.Workspace, let_in: LetIn, person: As
    ) -> None:
        boss = let_in("boss", "administrator")
        key = boss.people.me.public_key
        with folder_of(workspace).session() as session, session.begin():
            session.execute(text("DELETE FROM seals WHERE public_key = :key"), {"key": key})
        with raises(ErrorCode.ACCESS, names="workspace.connections.seal('Sandbox')"):
            boss.runs.start("Nightly")
        assert boss.connections["Sandbox"].waiting == ("boss",)
        workspace.connections.seal("Sandbox")
        assert boss.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL


class TestGettingRoundIt:
    """With write access to the database file."""

    def test_who_adds_themselves_to_the_people_still_opens_no_secret(
        self, workspace: toolkit.Workspace, person: As, criteo: Sandbox
    ) -> None:
        thief = person("thief")
        with folder_of(workspace).session() as session, session.begin():
            session.execute(
                text(
                    "INSERT INTO people (name, role, public_key, added_by, added_at) "
                    "VALUES ('thief', 'administrator', :key, 'thief', '2026-01-01 00:00:00')"
                ),
                {"key": thief.people.join().public_key},
            )
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            thief.runs.start("Nightly")
        assert len(criteo.requests()) == before

    def test_an_old_copy_of_a_removed_connection_opens_for_nobody_new(
        self, workspace: toolkit.Workspace, let_in: LetIn, criteo: Sandbox
    ) -> None:
        anna = let_in("anna", "contributor")
        with folder_of(workspace).session() as session:
            names = ("connections", "seals", "exports")
            old = {name: session.execute(text(f"SELECT * FROM {name}")).mappings().all() for name in names}
        workspace.connections.remove("Sandbox", exports="detach")
        with folder_of(workspace).session() as session, session.begin():
            for name in ("connections", "seals"):
                for row in old[name]:
                    columns = ", ".join(row)
                    values = ", ".join(f":{column}" for column in row)
                    session.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), _plain(row))
            session.execute(text("UPDATE connections SET open_to_contributors = (1 = 1)"))
            session.execute(text("UPDATE exports SET connection_id = :id"), {"id": old["exports"][0]["connection_id"]})
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            anna.runs.start("Nightly")
        assert len(criteo.requests()) == before

    def test_another_persons_seal_under_ones_own_key_does_not_open(
        self, workspace: toolkit.Workspace, let_in: LetIn
    ) -> None:
        anna = let_in("anna", "contributor")
        workspace.connections.share("Sandbox", "anna")
        makers = workspace.people.me.public_key
        with folder_of(workspace).session() as session, session.begin():
            session.execute(
                text("UPDATE seals SET box = (SELECT box FROM seals WHERE public_key = :key)"), {"key": makers}
            )
        with pytest.raises(SignatureError):
            anna.runs.start("Nightly")


class TestAudit:
    def test_it_tells_who_did_what(self, workspace: toolkit.Workspace, let_in: LetIn) -> None:
        anna = let_in("anna", "contributor")
        workspace.connections.share("Sandbox", "anna")
        anna.runs.start("Nightly")
        told = workspace.audit.frame.sort("row").select("person", "action", "name").rows()
        me = workspace.people.me.name
        assert told == [
            (me, "add person", me),
            (me, "save tables of workspace", "workspace"),
            (me, "save connection", "Sandbox"),
            (me, "save export", "Nightly"),
            (me, "add person", "anna"),
            (me, "share connection", "Sandbox"),
            ("anna", "run export", "Nightly"),
        ]
        assert workspace.audit.verify() is None

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("UPDATE audit SET person = 'somebody else' WHERE id = 2", "Row 2 of the audit was altered."),
            ("UPDATE audit SET details = '{}' WHERE id = 3", "Row 3 of the audit was altered."),
            ("DELETE FROM audit WHERE id = 2", "Row 2 of the audit was removed"),
            ("DELETE FROM audit WHERE id = 1", "Row 1 of the audit was removed"),
        ],
    )
    def test_a_row_that_was_changed_or_removed_shows(
        self, workspace: toolkit.Workspace, change: str, told: str
    ) -> None:
        with folder_of(workspace).session() as session, session.begin():
            session.execute(text(change))
        assert str(workspace.audit.verify()).startswith(told)

    def test_it_holds_no_secret(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        assert criteo.client_secret not in str(workspace.audit.frame.rows())


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    return {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in row.items()}


def save_nightly_as(workspace: toolkit.Workspace, name: str) -> toolkit.Export:
    return workspace.exports.save(
        name,
        connection="Sandbox",
        email_column="EMail",
        segments=["All"],
        advertiser_id="2711",
        list_name=f"{name} {{segment}}",
    )


def test_roles_have_their_articles() -> None:
    assert [role.one for role in toolkit.Role] == ["a viewer", "a contributor", "an administrator"]
