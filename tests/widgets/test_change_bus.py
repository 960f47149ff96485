"""What one form changes shows in the forms beside it."""

import pytest

import toolkit
from tests.widgets.driving import press
from tests.widgets.test_connection_form import filled
from toolkit.sandbox import Sandbox
from toolkit.widgets import ConnectionsList, ExportForm, ExportsList, HistoryPanel, RunPanel


def test_a_connection_that_is_saved_shows_in_the_list_beside_the_form(
    workspace: toolkit.Workspace, criteo: Sandbox
) -> None:
    beside = ConnectionsList(workspace, language="en")
    form = filled(workspace, criteo)
    press(form, form.authenticate)
    form.add_me.control.value = True
    press(form, form.save)
    assert set(beside.connections.table.df["Display name"]) == {"Marketing", "Sandbox"}


def test_an_export_that_is_saved_shows_in_the_list_beside_the_form(workspace: toolkit.Workspace) -> None:
    beside = ExportsList(workspace, language="en")
    form = ExportForm(workspace, "Nightly", language="en")
    form.wait()
    form.active.control.value = False
    press(form, form.save)
    assert beside.exports.table.df["Active"].to_list() == ["No"]


@pytest.mark.usefixtures("run_here")
def test_a_run_that_ends_shows_in_the_history_beside_the_panel(workspace: toolkit.Workspace) -> None:
    beside = HistoryPanel(workspace, language="en")
    form = RunPanel(workspace, "Nightly", language="en")
    press(form, form.start)
    beside.wait()
    assert beside.runs.table.df.height == 1


def test_a_form_that_was_opened_in_the_list_stays_open_when_it_saves(workspace: toolkit.Workspace) -> None:
    list_of_exports = ExportsList(workspace, language="en")
    list_of_exports.exports.chosen = "Nightly"
    press(list_of_exports, list_of_exports.edit)
    form = list_of_exports.opened
    assert isinstance(form, ExportForm)
    form.wait()
    press(form, form.save)
    assert list_of_exports.opened is form
    assert form.message.text.startswith("Export Nightly is saved")


def test_another_workspace_is_not_told(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    elsewhere = toolkit.open_workspace(
        workspace.path.with_name("elsewhere"),
        profiles=workspace.profiles,
        segments=workspace.segments.source,
        create=True,
    )
    beside = ConnectionsList(elsewhere, language="en")
    form = filled(workspace, criteo)
    press(form, form.authenticate)
    form.add_me.control.value = True
    press(form, form.save)
    assert beside.connections.keys == []
