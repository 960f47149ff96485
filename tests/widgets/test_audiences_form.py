"""The forms of Criteo audiences and ad sets: what a person ticks is what the interface does."""

import pytest

import toolkit
from tests.widgets.driving import press
from tests.widgets.test_run_panel import is_shown
from toolkit.sandbox import Permission, Sandbox
from toolkit.widgets import AdSetsForm, AudiencesForm


@pytest.fixture
def sent(workspace: toolkit.Workspace) -> toolkit.Workspace:
    workspace.runs.start("Nightly").raise_for_status()
    return workspace


def declared(workspace: toolkit.Workspace) -> AudiencesForm:
    form = AudiencesForm(workspace, language="en")
    form.name.control.value = "Best"
    form.include.ticks["All"].value = True
    press(form, form.save)
    return form


def test_boxes_write_the_definition(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    form = declared(sent)
    assert sent.audiences["Best"].definition == '"All"'
    assert form.code.text.startswith("workspace.audiences.save(")
    form.size.control.value = 5000
    assert form.definition.value == 'lookalike("All", size=5000)'
    form.size.control.value = 0
    form.exclude.ticks["All"].value = True
    press(form, form.save)
    assert form.definition.problem != ""
    assert sent.audiences["Best"].version == 1
    form.definition.control.value = "All"
    press(form, form.estimate)
    assert "68" in form.message.text
    assert criteo.audiences() == []


def test_choosing_ticks_the_boxes(sent: toolkit.Workspace) -> None:
    at = {"connection": "Sandbox", "advertiser_id": "2712"}
    sent.audiences.save("Not them", "id(7) and not All", **at)
    sent.audiences.save("Them", "All", **at)
    form = AudiencesForm(sent, language="en")
    form.audiences.chosen = "Them"
    assert (form.include.value, form.exclude.value, form.advertiser.advertiser_id) == (("All",), (), "2712")
    form.audiences.chosen = "Not them"
    assert (form.include.value, form.definition.value) == ((), 'id(7) and not "All"')


def test_it_compares_before_it_applies(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    form = declared(sent)
    assert not is_shown(form.apply)
    press(form, form.compare)
    assert is_shown(form.apply)
    assert criteo.audiences() == []
    press(form, form.apply)
    (held,) = criteo.audiences()
    assert held.name == "Best"
    criteo.change_audience(held.id, name="Theirs")
    press(form, form.compare)
    assert is_shown(form.overwrite.widget)
    press(form, form.apply)
    assert criteo.audiences()[0].name == "Theirs"
    press(form, form.compare)
    form.overwrite.control.value = True
    press(form, form.apply)
    assert criteo.audiences()[0].name == "Best"


def test_removing_asks_first(sent: toolkit.Workspace) -> None:
    form = declared(sent)
    form.audiences.chosen = "Best"
    press(form, form.remove)
    assert list(sent.audiences) == ["Best"]
    press(form, form.confirm)
    assert list(sent.audiences) == []


def test_linking_shows_what_is_replaced(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    for name in ("First", "Second"):
        sent.audiences.save(name, "All", connection="Sandbox", advertiser_id="2711")
    sent.audiences.apply().raise_for_status()
    form = AdSetsForm(sent, language="en")
    press(form, form.find)
    form.ad_sets.chosen = "610001"
    press(form, form.link)
    assert [it.audience_id for it in criteo.ad_sets() if it.audience_id] == []
    press(form, form.confirm)
    form.audience.control.value = "Second"
    press(form, form.link)
    assert "It targets First now." in form._area.children[1].value
    press(form, form.confirm)
    assert sent.audiences.plan()["Second"].ad_sets == ("Summer NL (live)",)
    press(form, form.unlink)
    press(form, form.confirm)
    assert [it.audience_id for it in criteo.ad_sets() if it.audience_id] == []
    assert not is_shown(form.unlink)


def test_without_permission_it_says_what_to_ask_for(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.withdraw_permission(Permission.READ_CAMPAIGNS)
    criteo.withdraw_permission(Permission.MANAGE_CAMPAIGNS)
    form = AdSetsForm(sent, language="en")
    press(form, form.find)
    assert isinstance(form.problem, toolkit.AccessError)
    assert "Campaign" in form.message.text


def test_a_viewer_looks(sent: toolkit.Workspace, as_viewer: toolkit.Workspace) -> None:
    form = AudiencesForm(as_viewer, language="en")
    assert form.problem is None
    assert not hasattr(form, "save")
    assert AdSetsForm(as_viewer, language="en").problem is None


def test_a_contributor_is_told_who_links(sent: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
    sent.connections.share("Sandbox", "anna")
    form = AdSetsForm(as_contributor, language="en")
    press(form, form.find)
    form.ad_sets.chosen = "610001"
    assert not is_shown(form.actions)
    assert is_shown(form._not_linking)
