"""The connection form, driven by what a person types and clicks."""

import toolkit
from tests.widgets.driving import press, type_secret
from toolkit.sandbox import Sandbox
from toolkit.widgets import ConnectionForm, ExportForm
from toolkit.widgets.consent import CONSENT


def filled(workspace: toolkit.Workspace, criteo: Sandbox, *, name: str = "Marketing") -> ConnectionForm:
    form = ConnectionForm(workspace, host=criteo.url, client_id=criteo.client_id, language="en")
    form.name.control.value = name
    form.agree.control.value = True
    type_secret(form.secret, criteo.client_secret)
    return form


def test_all_steps_make_a_connection(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = filled(workspace, criteo)
    form.users.kind.value = "contributors"
    press(form, form.authenticate)
    assert "2711" in form.advertisers.value
    form.add_me.control.value = True
    press(form, form.save)
    assert form.message.text == "Connection Marketing is saved."
    # The line holds no secret, and an export is what comes next.
    assert criteo.client_secret not in form.code.text
    assert "client_secret=getpass.getpass()" in form.code.text
    form.next.open.click()
    assert isinstance(form.next.opened, ExportForm)
    form.next.opened.wait()
    saved = workspace.connections["Marketing"]
    assert (saved.host, saved.open_to) == (criteo.url, "contributors")
    assert workspace.connections.test("Marketing").advertisers == saved.advertisers


def test_what_is_missing_shows_at_the_field(workspace: toolkit.Workspace) -> None:
    form = ConnectionForm(workspace, language="en")
    press(form, form.authenticate)
    lacking = {it: getattr(form, it).problem for it in ("name", "client_id", "secret", "agree", "host")}
    assert lacking == {
        "name": "This must be filled in.",
        "client_id": "This must be filled in.",
        "secret": "This must be filled in.",
        "agree": "This must be ticked to go on.",
        "host": "",
    }
    form.name.control.value = "Marketing"
    press(form, form.authenticate)
    assert form.name.problem == ""


def test_nothing_is_saved_before_authentication_and_without_an_export_user(
    workspace: toolkit.Workspace, criteo: Sandbox
) -> None:
    form = filled(workspace, criteo)
    press(form, form.save)
    assert form.secret.problem == "Authenticate with Criteo first."
    press(form, form.authenticate)
    press(form, form.save)
    assert form.add_me.problem == "This must be ticked to go on."
    assert "Marketing" not in workspace.connections


def test_a_changed_field_asks_for_authentication_anew(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = filled(workspace, criteo)
    press(form, form.authenticate)
    form.host.control.value = "https://elsewhere.example"
    form.add_me.control.value = True
    press(form, form.save)
    assert form.secret.problem == "Authenticate with Criteo first."
    assert form.advertisers.value == ""


def test_the_secret_is_gone_after_use_and_never_in_the_state(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = filled(workspace, criteo)
    assert criteo.client_secret not in str(form.secret.control.get_state())
    press(form, form.authenticate)
    assert form.secret.control.is_empty
    assert criteo.client_secret not in str([it.get_state() for it in form.secret.widget.children])
    assert criteo.client_secret not in repr(form.secret.control)


def test_a_wrong_secret_is_told_in_two_sentences(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = filled(workspace, criteo)
    type_secret(form.secret, "a-mistyped-one")
    press(form, form.authenticate)
    assert "Traceback" not in form.secret._problem.value
    assert 'role="alert"' in form.secret._problem.value
    assert "secret" in form.secret.problem
    assert form.message.text == ""
    assert not form.authenticate.disabled
    log = (workspace.path / "logs" / "forms.log").read_text()
    assert "toolkit/criteo" in log
    assert "a-mistyped-one" not in log


def test_a_contributor_is_told_who_makes_connections(
    workspace: toolkit.Workspace, criteo: Sandbox, as_contributor: toolkit.Workspace
) -> None:
    form = ConnectionForm(as_contributor, language="en")
    assert "Connections are made by administrators" in form.widget.children[-1].value


def test_whom_the_workspace_does_not_know_is_told_so_in_the_form(
    workspace: toolkit.Workspace, as_stranger: toolkit.Workspace
) -> None:
    form = ConnectionForm(as_stranger, language="en")
    assert "does not know you" in form.message.text
    assert "the page of people shows you" in form.message.text


def test_the_text_that_is_translated_is_the_text_that_is_consented_to() -> None:
    assert CONSENT == toolkit.CONSENT_TEXT
