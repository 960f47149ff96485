"""The list of exports: who may do what, and what each action does."""

import toolkit
from tests.widgets.driving import press
from tests.widgets.test_run_panel import is_shown
from toolkit.sandbox import Sandbox
from toolkit.widgets import ExportForm, ExportsList, HistoryPanel, RunPanel


def opened(workspace: toolkit.Workspace) -> ExportsList:
    form = ExportsList(workspace, language="en")
    form.exports.chosen = "Nightly"
    return form


def row(form: ExportsList) -> dict[str, object]:
    (found,) = form.exports.table.df.rows(named=True)
    return found


def test_it_shows_what_became_of_the_last_run(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    assert row(form)["Status"] == "Not started"
    workspace.runs.start("Nightly", dry_run=True)
    press(form, form.refresh)
    assert row(form)["Status"] == "Not started"
    workspace.runs.start("Nightly")
    press(form, form.refresh)
    assert row(form)["Status"] == "✓ Successful"
    assert row(form) | {"Connection": "Sandbox", "Type": "Criteo (embedded)", "You may": "Edit and run"} == row(form)


def test_each_action_opens_its_form(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    for action, kind in ((form.edit, ExportForm), (form.run, RunPanel), (form.history, HistoryPanel)):
        press(form, action)
        assert isinstance(form.opened, kind)
        assert form.area.children[0] is form.opened.widget
        form.opened.wait()
    press(form, form.add)
    assert isinstance(form.opened, ExportForm)
    assert form.opened.name.value == ""
    form.opened.wait()


def test_detaching_and_removing_ask_first(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    press(form, form.detach)
    assert workspace.exports["Nightly"].connection == "Sandbox"
    press(form, form.confirm)
    assert row(form)["Connection"] == "No connection"
    assert not is_shown(form.detach)
    press(form, form.remove)
    assert "Nightly" in workspace.exports
    press(form, form.confirm)
    assert list(workspace.exports) == []
    assert form.message.text == "Export Nightly is removed."


def test_removing_tells_of_lists_left_behind(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    workspace.runs.start("Nightly")
    (made,) = criteo.lists()
    form = opened(workspace)
    press(form, form.remove)
    press(form, form.confirm)
    assert made.id in form.message.text
    assert [it.list_id for it in workspace.lists.left_behind] == [made.id]


def test_a_request_is_no_run_of_the_export(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly", dry_run=True)
    workspace.forget(customer="C001")
    assert row(opened(workspace))["Status"] == "Not started"


def test_who_may_only_look_is_told_why(workspace: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
    form = opened(as_contributor)
    assert row(form)["You may"] == "Look"
    assert [is_shown(it) for it in (form.edit, form.run, form.remove, form.detach)] == [False] * 4
    assert is_shown(form.history)
    assert "not shared with you" in form._why_not.value
    workspace.connections.share("Sandbox", "anna")
    press(form, form.refresh)
    assert [is_shown(it) for it in (form.edit, form.run, form.remove, form.detach)] == [True] * 4


def test_a_viewer_makes_no_export(as_viewer: toolkit.Workspace) -> None:
    form = opened(as_viewer)
    assert not is_shown(form.add)
    assert "You are a viewer" in form._why_not.value


def test_a_duplicate_gets_a_name_of_its_own(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    press(form, form.duplicate)
    press(form, form.confirm)
    assert form.new_name.problem == "This must be filled in."
    form.new_name.control.value = "Nightly"
    press(form, form.confirm)
    assert "There is an export 'Nightly' already" in form.message.text
    form.new_name.control.value = "Copy"
    press(form, form.confirm)
    assert form.exports.chosen == "Copy"
    assert workspace.exports["Copy"].segments == ("All",)
    assert workspace.runs.frame.height == 0


def test_an_export_is_taken_out_of_the_refresh_and_put_back(workspace: toolkit.Workspace) -> None:
    form = opened(workspace)
    assert not is_shown(form.activate)
    press(form, form.deactivate)
    assert not workspace.exports["Nightly"].active
    assert row(form)["Active"] == "No"
    assert not is_shown(form.deactivate)
    press(form, form.activate)
    assert workspace.exports["Nightly"].active
