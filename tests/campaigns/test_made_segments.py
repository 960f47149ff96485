"""Lookalikes and others are made once, and go once none uses them; nobody else's do."""

import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, actions, steps
from tests.campaigns.test_saved_audiences import save
from tests.state.attacking import change
from toolkit import AudienceStep as Step
from toolkit.campaigns import lookalike, retargeting
from toolkit.criteo import CriteoClient, NewAudience, NewSegment, Prospecting, Segment, SegmentChange
from toolkit.errors import ConfigurationError, SignatureError
from toolkit.sandbox import Sandbox

LIKE_ALL = 'lookalike("All", size=1000)'


class TestMadeSegments:
    def test_they_are_made_once(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, "New", lookalike("All", size=10_000) - retargeting("Buyers"))
        (planned,) = sent.audiences.plan()
        assert len(planned.segments) == 2
        sent.audiences.apply().raise_for_status()
        save(sent, "Newer", lookalike("All", size=10_000) & "Half")
        sent.audiences.apply().raise_for_status()
        assert actions(sent).count("create segment at Criteo") == 2
        assert steps(sent) == {"New": Step.UNCHANGED, "Newer": Step.UNCHANGED}

    def test_another_size_is_another_segment(self, sent: toolkit.Workspace) -> None:
        save(sent, definition=lookalike("All", size=10_000))
        sent.audiences.apply().raise_for_status()
        save(sent, definition=lookalike("All", size=20_000))
        assert steps(sent) == {"Best": Step.CHANGE}
        (applied,) = sent.audiences.apply().raise_for_status()
        assert applied.size == 20_000

    def test_an_estimate_makes_nothing(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        options = {"connection": "Sandbox", "advertiser_id": ADVERTISER}
        assert sent.audiences.estimate("All and not Half", **options) == 31
        save(sent, definition="All and not Half")
        assert sent.audiences.estimate("Best") == 31
        with pytest.raises(ConfigurationError):
            sent.audiences.estimate(lookalike("All", size=10_000), **options)
        assert criteo.audiences() == []


def client(criteo: Sandbox) -> CriteoClient:
    return CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url)


def others(criteo: Sandbox) -> dict[str, str]:
    """Return the ids of what is no list, by name."""
    lists = {it.id for it in criteo.lists()}
    with client(criteo) as api:
        return {it.name: it.id for it in api.segments.search(advertiser_ids=[ADVERTISER]) if it.id not in lists}


def tidy(workspace: toolkit.Workspace) -> list[str]:
    deleted = workspace.audiences.delete_unused_segments(connection="Sandbox", advertiser_id=ADVERTISER)
    return deleted["segment"].to_list()


@pytest.fixture
def unused(sent: toolkit.Workspace, criteo: Sandbox) -> str:
    """A lookalike whose audience was changed; returns its name."""
    save(sent, definition=f"All or {LIKE_ALL}")
    sent.audiences.apply().raise_for_status()
    assert tidy(sent) == []
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    (name,) = others(criteo)
    return name


def test_it_is_told_and_deleted(sent: toolkit.Workspace, criteo: Sandbox, unused: str) -> None:
    assert unused in " ".join(sent.audiences.plan().notices)
    assert steps(sent) == {"Best": Step.UNCHANGED}
    assert tidy(sent) == [unused]
    assert others(criteo) == {}
    assert sent.audiences.plan().notices == ()
    assert actions(sent).count("delete segment at Criteo") == 1
    save(sent, definition=f"All or {LIKE_ALL}")
    sent.audiences.apply().raise_for_status()
    assert list(others(criteo)) == [unused]


def test_so_is_that_of_a_deleted_audience(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition=f"All or {LIKE_ALL}")
    (applied,) = sent.audiences.apply().raise_for_status()
    sent.audiences.remove("Best")
    assert tidy(sent) == []  # its audience is still at Criteo
    sent.audiences.delete(applied.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
    assert len(tidy(sent)) == 1
    assert others(criteo) == {}


@pytest.mark.one_case
@pytest.mark.parametrize("how", ["declared", "audience", "unreadable", "renamed", "theirs", "copied"])
def test_what_is_used_or_not_ours_stays(sent: toolkit.Workspace, criteo: Sandbox, unused: str, how: str) -> None:
    its_id = others(criteo)[unused]
    with client(criteo) as api:
        match how:
            case "declared":
                save(sent, "Next", LIKE_ALL)
            case "audience" | "unreadable":
                api.audiences.create([NewAudience(ADVERTISER, "Theirs", Segment(its_id))])[0].require()
                if how == "unreadable":
                    (theirs,) = [it for it in criteo.audiences() if it.name == "Theirs"]
                    criteo.change_audience(theirs.id, algebra={"most": [{"audienceSegmentId": its_id}]})
            case "renamed":
                api.segments.change([SegmentChange(its_id, name="Kept")])[0].require()
            case "theirs":
                api.segments.change([SegmentChange(its_id, description="somebody's")])[0].require()
            case "copied":
                there = api.segments.search(segment_ids=[its_id])[0].description
                new = NewSegment(ADVERTISER, "Copy", Prospecting("Prospects"), there)
                copy = api.segments.create([new])[0].require().id
    deleted = tidy(sent)
    assert deleted == ([unused] if how == "copied" else [])
    assert set(others(criteo).values()) == {copy if how == "copied" else its_id}


def test_nothing_is_deleted_when_a_need_is_not_known(sent: toolkit.Workspace, criteo: Sandbox, unused: str) -> None:
    save(sent, "Next", 'id(99) or retargeting("All")')
    with pytest.raises(ConfigurationError):
        tidy(sent)
    assert list(others(criteo)) == [unused]


def test_nothing_is_deleted_when_a_declaration_was_forged_away(
    sent: toolkit.Workspace, criteo: Sandbox, unused: str
) -> None:
    save(sent, "Next", LIKE_ALL)
    change(sent, "DELETE FROM criteo_audiences WHERE name = 'Next'")
    with pytest.raises(SignatureError):
        tidy(sent)
    assert list(others(criteo)) == [unused]
