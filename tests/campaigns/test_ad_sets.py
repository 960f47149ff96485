"""Ad sets are linked by an act of their own."""

from typing import Any

import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, actions
from tests.campaigns.test_saved_audiences import save
from toolkit.criteo.http import Request
from toolkit.criteo.transport import Transport
from toolkit.errors import AccessError, ConfigurationError, UnavailableError, UnknownNameError
from toolkit.sandbox import Call, Fault, Permission, Sandbox


class TestAdSets:
    @pytest.fixture
    def applied(self, sent: toolkit.Workspace) -> toolkit.Workspace:
        save(sent, definition="All")
        save(sent, "Second", definition="Half")
        sent.audiences.apply().raise_for_status()
        return sent

    def find(self, workspace: toolkit.Workspace, **options: str) -> toolkit.AdSets:
        return workspace.ad_sets.find(connection="Sandbox", advertiser_id=ADVERTISER, **options)

    def test_they_are_found_with_their_status(self, applied: toolkit.Workspace) -> None:
        found = self.find(applied)
        assert found.frame.row(0) == ("610001", "Summer NL", "Summer", "live", "", "")
        assert len(self.find(applied, campaign_id="510002")) == 5

    def test_linking_says_what_was_there(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        link = applied.ad_sets.link("610001", "Best")
        assert (link.before, link.after) == ("", "Best")
        assert applied.ad_sets.link(610001, "Best").before == "Best"
        with pytest.raises(ConfigurationError):
            applied.ad_sets.link("610001", "Second")
        with pytest.raises(ConfigurationError):
            applied.ad_sets.link("610001", "Second", replaces="Other")
        assert applied.ad_sets.link("610001", "Second", replaces="Best").before == "Best"
        assert applied.audiences.plan()["Second"].ad_sets == ("Summer NL (live)",)
        with pytest.raises(ConfigurationError):
            applied.ad_sets.unlink("610001", "Best", connection="Sandbox", advertiser_id=ADVERTISER)
        applied.ad_sets.unlink("610001", "Second", connection="Sandbox", advertiser_id=ADVERTISER)
        assert [it.audience_id for it in criteo.ad_sets() if it.id == "610001"] == [None]
        assert actions(applied)[:3] == ["unlink ad set", "link ad set", "link ad set"]
        nothing = applied.ad_sets.unlink("610001", "Second", connection="Sandbox", advertiser_id=ADVERTISER)
        assert "''" not in str(nothing)

    def test_apply_links_nothing(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        applied.ad_sets.link("610001", "Best")
        save(applied, definition="Half or All and Half")
        applied.audiences.apply().raise_for_status()
        assert [it.id for it in criteo.ad_sets() if it.audience_id] == ["610001"]

    def test_only_what_is_as_declared_is_linked(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        criteo.change_audience(applied.audiences.plan()["Best"].audience_id, name="Theirs")
        save(applied, "Third", definition="All and Half")
        for name in ("Best", "Third"):
            with pytest.raises(ConfigurationError):
                applied.ad_sets.link("610001", name)

    def test_unknown_ones_are_refused(self, applied: toolkit.Workspace) -> None:
        with pytest.raises(UnknownNameError):
            applied.ad_sets.link("610011", "Best")  # of another advertiser
        with pytest.raises(UnknownNameError):
            applied.ad_sets.link("610001", "Bset")

    def test_without_permission_the_rest_works(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        applied.ad_sets.link("610001", "Best")
        criteo.withdraw_permission(Permission.READ_CAMPAIGNS)
        criteo.withdraw_permission(Permission.MANAGE_CAMPAIGNS)
        with pytest.raises(AccessError):
            self.find(applied)
        with pytest.raises(AccessError):
            applied.ad_sets.link("610002", "Best")
        plan = applied.audiences.plan()
        assert plan["Best"].ad_sets == ("610001",)
        assert len(plan.notices) == 1
        save(applied, definition="Half or All and Half")
        applied.audiences.apply().raise_for_status()

    def test_a_lost_answer_is_no_harm(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        criteo.fail(Fault.DROP_AFTER, calls=Call.LINK_AD_SET)
        assert applied.ad_sets.link("610001", "Best").after == "Best"

    def test_contributors_may_not_link(self, applied: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
        applied.connections.share("Sandbox", "anna")
        assert len(as_contributor.ad_sets.find(connection="Sandbox", advertiser_id=ADVERTISER)) == 10
        with pytest.raises(AccessError):
            as_contributor.ad_sets.link("610001", "Best")
        save(as_contributor, "Third", definition="Half")
        as_contributor.audiences.apply("Third").raise_for_status()

    def test_viewers_may_not_apply(self, applied: toolkit.Workspace, as_viewer: toolkit.Workspace) -> None:
        with pytest.raises(AccessError):
            as_viewer.audiences.apply()
        with pytest.raises(AccessError):
            as_viewer.audiences.apply("Best")


def test_an_answer_without_ad_sets_is_no_answer(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.criteo import CriteoAudience
    from toolkit.criteo.audiences import AudienceCalls

    save(sent, definition="All")
    save(sent, "Other", definition="Half")
    ours, _other = sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Best")
    search = AudienceCalls.search

    def without(self: object, **filters: object) -> list[CriteoAudience]:
        return [it.model_copy(update={"ad_set_ids": None}) for it in search(self, **filters)]  # type: ignore[arg-type]

    monkeypatch.setattr(AudienceCalls, "search", without)
    found = sent.ad_sets.find(connection="Sandbox", advertiser_id=ADVERTISER)
    assert [(it.id, it.audience) for it in found if it.audience_id] == [("610001", "Best")]
    (notice,) = sent.audiences.plan().notices
    assert "Best" in notice
    with pytest.raises(ConfigurationError, match="Best"):
        sent.ad_sets.link("610001", "Other")
    sent.audiences.remove("Best")
    with pytest.raises(ConfigurationError, match="610001"):
        sent.audiences.delete(ours.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
    assert sent.ad_sets.link("610001", "Other", replaces="Best").before == "Best"


def test_an_audience_without_a_name_is_not_replaced_unasked(
    sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, definition="All")
    save(sent, "Other", definition="Half")
    ours, _other = sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Best")
    call = Transport.call

    def without_name(self: Transport, request: Request) -> Any:
        answer = call(self, request)
        if request.path.endswith("audiences/search"):
            for it in answer["data"]:
                it["attributes"] |= {"name": None} if it["id"] == ours.audience_id else {}
        return answer

    monkeypatch.setattr(Transport, "call", without_name)
    with pytest.raises(ConfigurationError, match=ours.audience_id):
        sent.ad_sets.link("610001", "Other")
    assert sent.ad_sets.link("610001", "Other", replaces=ours.audience_id).after == "Other"


def answer_links_with(monkeypatch: pytest.MonkeyPatch, audience_id: str | None) -> None:
    call = Transport.call

    def answered(self: Transport, request: Request) -> Any:
        if request.method != "PUT":
            return call(self, request)
        return {"data": {"type": "AdSetAudienceLink", "attributes": {"audienceId": audience_id}}}

    monkeypatch.setattr(Transport, "call", answered)


@pytest.mark.parametrize("answered", [None, "999"])
def test_a_link_that_criteo_did_not_make_is_no_link(
    sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, answered: str | None
) -> None:
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    answer_links_with(monkeypatch, answered)
    with pytest.raises(UnavailableError):
        sent.ad_sets.link("610001", "Best")


def test_an_audience_that_stays_is_not_unlinked(sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Best")
    answer_links_with(monkeypatch, applied.audience_id)
    with pytest.raises(UnavailableError):
        sent.ad_sets.unlink("610001", "Best", connection="Sandbox", advertiser_id=ADVERTISER)
