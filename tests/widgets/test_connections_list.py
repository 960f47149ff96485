"""The list of connections: who sees what, and what each action does."""

from pathlib import Path

import pytest
from sqlalchemy import text

import toolkit
from tests.conftest import connect
from tests.folders import folder_of
from tests.widgets.driving import press, type_secret
from tests.widgets.test_run_panel import is_shown
from toolkit.exports.connection import ExportDisposal
from toolkit.sandbox import Sandbox
from toolkit.widgets import ConnectionsList


def opened(workspace: toolkit.Workspace) -> ConnectionsList:
    form = ConnectionsList(workspace, language="en")
    form.connections.chosen = "Sandbox"
    return form


def test_an_administrator_sees_all_of_it_and_every_action(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    (row,) = form.connections.table.df.rows(named=True)
    assert (row["Display name"], row["Type"], row["Used by exports"]) == ("Sandbox", "Criteo (embedded)", "Nightly")
    assert [is_shown(it) for it in (form.test, form.edit, form.rotate, form.remove)] == [True] * 4
    assert not is_shown(form.seal)
    assert "2711" in form._details.value


def test_no_action_is_offered_before_a_connection_is_chosen(workspace: toolkit.Workspace) -> None:
    assert not is_shown(ConnectionsList(workspace, language="en").actions)


def test_a_contributor_sees_shared_ones_and_may_test_them(
    workspace: toolkit.Workspace, as_contributor: toolkit.Workspace
) -> None:
    form = ConnectionsList(as_contributor, language="en")
    assert form.connections.keys == []
    workspace.connections.share("Sandbox", "anna")
    form.look()
    form.connections.chosen = "Sandbox"
    assert [is_shown(it) for it in (form.test, form.edit, form.rotate, form.remove)] == [True, False, False, False]
    press(form, form.test)
    assert form.message.text == "Criteo accepts the credentials: 3 advertisers consent."


def test_editing_renames_and_shares(workspace: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
    form = opened(workspace)
    press(form, form.edit)
    form.new_name.control.value = "Marketing"
    form.users.kind.value = "named"
    form.users.ticks["anna"].value = True
    press(form, form.save)
    assert form.connections.chosen == "Marketing"
    assert "anna" in (workspace.connections["Marketing"].users or ())
    assert "Marketing" in as_contributor.connections
    press(form, form.edit)
    assert form.users.value == ("anna",)
    form.users.kind.value = "administrators"
    press(form, form.save)
    assert "Marketing" not in as_contributor.connections
    assert "Replace the secret, because of anna." in str(form.connections.table.df["To do"].to_list())


def test_what_waits_for_a_seal_is_sealed(workspace: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
    workspace.connections.share("Sandbox", "anna")
    with folder_of(workspace).session() as session, session.begin():
        key = {"key": as_contributor.people.me.public_key}
        session.execute(text("DELETE FROM seals WHERE public_key = :key"), key)
    form = opened(workspace)
    assert form.connections.table.df["To do"].to_list() == ["Seal it to anna."]
    press(form, form.seal)
    assert form.message.text == "The secret is sealed to anna."
    assert not is_shown(form.seal)
    assert as_contributor.connections.test("Sandbox").name == "Sandbox"


def test_a_new_secret_takes_the_place_of_the_old(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = opened(workspace)
    press(form, form.rotate)
    press(form, form.replace)
    assert form.secret.problem == "This must be filled in."
    form.client_id.control.value = criteo.client_id
    type_secret(form.secret, "another")
    press(form, form.replace)
    assert 'role="alert"' in form.message.widget.value
    type_secret(form.secret, criteo.client_secret)
    press(form, form.replace)
    assert form.message.text == "The new secret is sealed to everybody who may use the connection."
    assert [it["action"] for it in workspace.audit.frame.rows(named=True)].count("rotate secret of connection") == 1


def test_a_new_secret_shows_where_it_goes(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = opened(workspace)
    press(form, form.rotate)
    assert criteo.url in str([getattr(it, "value", "") for it in form.area.children])
    assert not is_shown(form.know_host.widget)


def test_an_unknown_host_is_confirmed_first(
    workspace: toolkit.Workspace, criteo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "memory of another machine"))
    form = opened(toolkit.open_workspace(workspace.path))
    press(form, form.rotate)
    assert is_shown(form.know_host.widget)
    form.client_id.control.value = criteo.client_id
    type_secret(form.secret, criteo.client_secret)
    before = len(criteo.requests())
    press(form, form.replace)
    assert form.know_host.problem == "This must be ticked to go on."
    assert len(criteo.requests()) == before
    form.know_host.control.value = True
    press(form, form.replace)
    assert form.message.text == "The new secret is sealed to everybody who may use the connection."


def test_a_changed_host_keeps_the_secret(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = opened(workspace)
    press(form, form.rotate)
    with folder_of(workspace).session() as session, session.begin():
        session.execute(text("UPDATE connections SET host = 'http://127.0.0.1:9'"))
    form.client_id.control.value = criteo.client_id
    type_secret(form.secret, criteo.client_secret)
    before = len(criteo.requests())
    press(form, form.replace)
    assert 'role="alert"' in form.message.widget.value
    assert len(criteo.requests()) == before


def test_removing_asks_for_each_export_what_becomes_of_it(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    press(form, form.remove)
    press(form, form.really_remove)
    assert form.of_exports["Nightly"].problem == "This must be filled in."
    assert "Sandbox" in workspace.connections
    form.of_exports["Nightly"].control.value = ExportDisposal.DETACH
    press(form, form.really_remove)
    assert form.message.text == "Connection Sandbox is removed."
    assert list(workspace.connections) == []
    assert workspace.exports["Nightly"].connection == ""
    assert form.connections.keys == []


def test_the_list_shows_what_was_made_since(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = opened(workspace)
    workspace.connections.rename("Sandbox", "Old")
    connect(workspace, criteo)
    press(form, form.refresh)
    assert form.connections.keys == ["Old", "Sandbox"]
    assert form.connections.chosen == "Sandbox"
