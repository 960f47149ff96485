"""What live ad sets depend on is not emptied unknowingly, and whoever would hurt a campaign is told."""

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises, require
from toolkit.criteo import Algebra, And, CriteoClient, Lookalike, NewAudience, NewList, NewSegment, Not, Or, Segment
from toolkit.errors import ErrorCode
from toolkit.runs import Guard, NoticeCode, blast_radius, transfer
from toolkit.sandbox import Call, DeliveryStatus, Fault, Permission, Sandbox

ALL = ["live campaign", "emptied", "large change"]
ASKED = {Call.SEARCH_AUDIENCES, Call.SEARCH_AD_SETS}
Link = Callable[..., str]


def members(count: int) -> list[str]:
    return [f"C{number:03}" for number in range(count)]


@pytest.fixture
def filled(workspace: toolkit.Workspace) -> toolkit.Workspace:
    """A workspace whose list holds a hundred."""
    save_nightly(workspace, thresholds={})
    workspace.runs.start("Nightly").raise_for_status()
    return workspace


@pytest.fixture
def target(criteo: Sandbox) -> Link:
    """Let ad sets target an audience of the list, or of what is given; return the audience's id."""

    def link(*ad_sets: str, algebra: Callable[[str], Algebra] = Segment, name: str = "VIPs") -> str:
        (held,) = [it for it in criteo.lists() if it.name == "All"]
        with CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url) as client:
            (made,) = client.audiences.create([NewAudience(held.advertiser_id, name, algebra(held.id))])
            audience = made.require().id
            for ad_set in ad_sets:
                client.ad_sets.link(ad_set, audience)
        return audience

    return link


def texts(found: Any) -> str:
    return " ".join(str(it) for it in found)


def asked(criteo: Sandbox) -> int:
    return sum(it.call in ASKED for it in criteo.requests())


def test_an_ordinary_run_asks_nothing(filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link) -> None:
    target("610001")
    before = asked(criteo)
    tables.write(segments={"All": members(80)})
    filled.exports.preview("Nightly")
    filled.runs.start("Nightly", dry_run=True).raise_for_status()
    filled.runs.start("Nightly").raise_for_status()
    assert asked(criteo) == before


def test_a_list_of_a_live_ad_set_is_not_emptied(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link, held: Callable[[str], set[str]]
) -> None:
    target("610001", "610002", "610007")
    tables.write(segments={"All": []})
    stopped = filled.runs.start("Nightly", allow=["emptied"])
    require(stopped.error, ErrorCode.GUARD, names=("live campaign", "Summer NL", "Summer BE"))
    assert stopped.error is not None
    assert "Loyal BE" not in str(stopped.error.what)
    assert len(held("All")) == 100
    passed = filled.runs.start("Nightly", allow=["emptied", "live campaign"]).raise_for_status()
    assert held("All") == set()
    assert "2 live ad sets target list 'All'" in texts(it for it in passed.notes if it.code is NoticeCode.GUARD_PASSED)
    assert Guard.LIVE_CAMPAIGN in passed.allowed
    before = asked(criteo)
    filled.runs.start("Nightly", allow=["emptied"]).raise_for_status()
    assert asked(criteo) == before


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_other_modes_are_guarded_where_they_empty(
    filled: toolkit.Workspace, tables: Tables, target: Link, mode: str
) -> None:
    target("610001")
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", mode=mode, allow=["emptied"])
    assert (run.status is toolkit.RunStatus.FAILED) == (mode == "replace")


def add_column(tables: Tables, **columns: pl.Expr) -> None:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(**columns).write_parquet(path)


Change = Callable[[toolkit.Workspace, Tables], object]
_CHANGES: dict[str, Change] = {
    "suppressed": lambda workspace, _: workspace.suppressions.add(
        pl.DataFrame({"CustomerId": members(100)}), customer_column="CustomerId"
    ),
    "excluded": lambda workspace, tables: (
        tables.write(segments={"Out": members(100)}),
        save_nightly(workspace, thresholds={}, exclude=["Out"]),
    ),
    "without consent": lambda workspace, tables: (
        add_column(tables, Allowed=pl.lit(value=False)),
        save_nightly(workspace, thresholds={}, consent_column="Allowed", consent_basis="form"),
    ),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_whatever_empties_it_is_guarded(
    filled: toolkit.Workspace, tables: Tables, target: Link, held: Callable[[str], set[str]], change: str
) -> None:
    target("610001")
    _CHANGES[change](filled, tables)
    for act in (partial(filled.runs.start, "Nightly", allow=["emptied"]), partial(filled.runs.resume, "Nightly")):
        require(act().error, ErrorCode.GUARD, names=("Summer NL",))
    assert len(held("All")) == 100


def test_what_is_passed_once_is_not_passed_again(filled: toolkit.Workspace, tables: Tables, target: Link) -> None:
    target("610001")
    tables.write(segments={"All": []})
    filled.runs.start("Nightly", allow=["emptied", "live campaign"]).raise_for_status()
    tables.write(segments={"All": members(100)})
    filled.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": []})
    require(filled.runs.start("Nightly", allow=["emptied"]).error, ErrorCode.GUARD, names=("live campaign",))


def test_one_of_many_audiences_is_found(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    (mine,) = criteo.lists()
    with CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url) as client:
        new = [NewAudience(mine.advertiser_id, f"Audience {it}", Segment(mine.id)) for it in range(250)]
        made = client.audiences.create(new)
        client.ad_sets.link("610001", made[-1].require().id)
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Summer NL"))
    assert len(held("All")) == 100


@pytest.mark.parametrize("few", [[], members(5)], ids=["nobody", "five"])
def test_who_replaces_a_shared_list_takes_it_from_others(
    filled: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    target: Link,
    held: Callable[[str], set[str]],
    few: list[str],
) -> None:
    target("610001")
    tables.write(segments={"Few": few})
    advertiser, lists = filled.exports["Nightly"].advertiser_id, {"Few": criteo.lists()[0].id}
    save = partial(filled.exports.save, "Beside", connection="Sandbox", email_column="EMail", segments=["Few"])
    save(advertiser_id=advertiser, lists=lists, thresholds={"least_size": 0})
    run = filled.runs.start("Beside", mode="replace", allow=["emptied"])
    if few:
        assert "Summer NL" in texts(it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN)
        assert len(held("All")) == 5
    else:
        require(run.error, ErrorCode.GUARD, names=("live campaign", "Summer NL"))
        assert len(held("All")) == 100


def test_a_scheduled_ad_set_is_told_and_stops_nothing(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link
) -> None:
    criteo.set_delivery_status("610001", DeliveryStatus.SCHEDULED)
    target("610001")
    tables.write(segments={"All": []})
    assert "Summer NL" in texts(filled.exports.preview("Nightly").warnings)
    run = filled.runs.start("Nightly", allow=["emptied"]).raise_for_status()
    (told,) = [it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN]
    assert "1 scheduled ad set depends on list 'All'" in told.text


def test_a_pausing_ad_set_delivers_still(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link
) -> None:
    criteo.set_delivery_status("610001", DeliveryStatus.PAUSING)
    target("610001")
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Summer NL"))


@pytest.mark.parametrize(
    ("algebra", "said"),
    [
        (lambda it: Or((Segment(it), Segment("410002"))), "1 live ad set targets list"),
        (lambda it: And((Segment("410002"), Not(Segment(it)))), "1 live ad set excludes list"),
        (lambda it: Not(Segment(it)), "1 live ad set excludes list"),
    ],
)
def test_audiences_are_followed_through_their_algebra(
    filled: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    target: Link,
    algebra: Callable[[str], Algebra],
    said: str,
) -> None:
    with CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url) as client:
        client.create_lists([NewList("2711", "Buyers", "")])
    target("610006", algebra=algebra)
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Loyal NL", said))


def test_a_combination_of_the_future_is_no_all_clear(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link
) -> None:
    audience = target("610001")
    (held,) = criteo.lists()
    criteo.change_audience(audience, algebra={"atLeast": [{"of": {"audienceSegmentId": held.id}}]})
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Summer NL", "can't be known"))


def test_lookalikes_depend_on_their_seed(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link
) -> None:
    (held,) = criteo.lists()
    with CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url) as client:
        (alike,) = client.segments.create([NewSegment(held.advertiser_id, "Alike", Lookalike(held.id))])
    target("610001", algebra=lambda _: Segment(alike.require().id))
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Summer NL", "can't be known"))


def test_without_campaign_it_is_told_and_goes_on(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link, held: Callable[[str], set[str]]
) -> None:
    target("610001", name="VIPs of the summer")
    for permission in (Permission.READ_CAMPAIGNS, Permission.MANAGE_CAMPAIGNS):
        criteo.withdraw_permission(permission)
    tables.write(segments={"All": []})
    stopped = filled.runs.start("Nightly")
    require(stopped.error, ErrorCode.GUARD, names=("emptied", "VIPs of the summer", "can't be known"))
    run = filled.runs.start("Nightly", allow=["emptied"]).raise_for_status()
    (told,) = [it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN]
    assert "VIPs of the summer" in told.text
    assert "Campaign" in told.text
    assert held("All") == set()


def test_without_an_audience_nothing_is_told(filled: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    for permission in (Permission.READ_CAMPAIGNS, Permission.MANAGE_CAMPAIGNS):
        criteo.withdraw_permission(permission)
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", allow=["emptied"]).raise_for_status()
    assert [it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN] == []


@pytest.mark.one_case
@pytest.mark.parametrize("call", [Call.SEARCH_AUDIENCES, Call.SEARCH_AD_SETS, Call.SEARCH])
def test_criteo_that_fails_to_answer_stops_it(
    filled: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    target: Link,
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
) -> None:
    monkeypatch.setattr(blast_radius, "SECONDS_TO_ASK_A_PERSON", 0.5)
    monkeypatch.setattr(transfer, "SECONDS_TO_ASK", 0.5)
    target("610001")
    tables.write(segments={"All": []})
    criteo.fail(Fault.HTTP_503, calls=call, times=200)
    try:
        preview = filled.exports.preview("Nightly")
        assert "can't be known" in texts(it for it in preview.warnings if it.code is NoticeCode.WOULD_STOP)
        run = filled.runs.start("Nightly", allow=["emptied"])
        require(run.error, ErrorCode.GUARD, names=("live campaign", "can't be known"))
    finally:
        criteo.stop_failing()
    assert "Summer NL" in texts(filled.exports.preview("Nightly").warnings)


def test_what_goes_live_after_the_preview_stops_the_run(
    filled: toolkit.Workspace, tables: Tables, criteo: Sandbox, target: Link
) -> None:
    target("610007")
    tables.write(segments={"All": []})
    assert [it for it in filled.exports.preview("Nightly").warnings if "live campaign" in it.text] == []
    criteo.set_delivery_status("610007", DeliveryStatus.LIVE)
    run = filled.runs.start("Nightly", allow=["emptied"])
    require(run.error, ErrorCode.GUARD, names=("live campaign", "Loyal BE"))


def test_a_list_that_shrinks_much_is_told(
    filled: toolkit.Workspace, tables: Tables, target: Link, held: Callable[[str], set[str]]
) -> None:
    target("610001")
    tables.write(segments={"All": members(10)})
    assert "Summer NL" in texts(filled.exports.preview("Nightly").warnings)
    stopped = filled.runs.start("Nightly")
    require(stopped.error, ErrorCode.GUARD, names=("large change", "Summer NL"))
    assert stopped.error is not None
    assert "live campaign" not in str(stopped.error.remedy)
    run = filled.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert "Summer NL" in texts(it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN)
    assert len(held("All")) == 10


def test_a_list_that_is_left_behind_is_told(filled: toolkit.Workspace, criteo: Sandbox, target: Link) -> None:
    target("610001")
    save_nightly(filled, thresholds={}, advertiser_id="2712")
    assert "Summer NL" in texts(it for it in filled.exports.preview("Nightly").warnings)
    run = filled.runs.start("Nightly").raise_for_status()
    assert "Summer NL" in texts(it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN)
    before = asked(criteo)
    filled.runs.start("Nightly").raise_for_status()
    assert asked(criteo) == before


def test_a_list_that_another_one_replaces_is_told(
    filled: toolkit.Workspace, criteo: Sandbox, target: Link, held: Callable[[str], set[str]]
) -> None:
    target("610001")
    advertiser = filled.exports["Nightly"].advertiser_id
    with CriteoClient(client_id=criteo.client_id, client_secret=criteo.client_secret, host=criteo.url) as client:
        client.create_lists([NewList(advertiser, "Another", "")])
    (another,) = [it.id for it in criteo.lists() if it.name == "Another"]
    save_nightly(filled, thresholds={}, lists={"All": another})
    assert "Summer NL" in texts(filled.exports.preview("Nightly").warnings)
    run = filled.runs.start("Nightly").raise_for_status()
    assert "Summer NL" in texts(it for it in run.warnings if it.code is NoticeCode.LIVE_CAMPAIGN)
    assert (len(held("All")), len(held("Another"))) == (100, 100)


@pytest.mark.parametrize("verb", ["empty", "delete"])
def test_ending_a_list_is_guarded(
    filled: toolkit.Workspace, criteo: Sandbox, target: Link, verb: str, held: Callable[[str], set[str]]
) -> None:
    target("610001")
    left = filled.exports.remove("Nightly")
    assert "Summer NL" in texts(left.campaigns)
    assert "Summer NL" in repr(left)
    end = getattr(filled.lists, verb)
    with raises(ErrorCode.GUARD, names=("live campaign", "Summer NL")):
        end(left.lists[0].list_id)
    assert len(held("All")) == 100
    assert end(left.lists[0].list_id, allow="live campaign").lists == ()
    run = filled.runs[filled.runs.frame["run"][0]]
    assert run.allowed == (Guard.LIVE_CAMPAIGN,)
    assert "Summer NL" in texts(run.notes)


@pytest.mark.parametrize("lists", ["empty", "delete"])
def test_removing_a_connection_is_guarded(filled: toolkit.Workspace, criteo: Sandbox, target: Link, lists: str) -> None:
    target("610001")
    with raises(ErrorCode.GUARD, names=("live campaign", "Summer NL")):
        filled.connections.remove("Sandbox", exports="detach", lists=lists)
    assert list(filled.connections) == ["Sandbox"]
    filled.connections.remove("Sandbox", exports="detach", lists=lists, allow=["live campaign"])
    assert sum(it.size for it in criteo.lists()) == 0
    assert list(filled.connections) == []


def test_a_dry_run_tells_what_would_stop(filled: toolkit.Workspace, tables: Tables, target: Link) -> None:
    target("610001")
    tables.write(segments={"All": []})
    run = filled.runs.start("Nightly", dry_run=True)
    assert "Summer NL" in texts(it for it in run.warnings if it.code is NoticeCode.WOULD_STOP)


def test_a_segment_tells_where_it_is_used(filled: toolkit.Workspace, criteo: Sandbox, target: Link) -> None:
    assert filled.segments["All"].used.frame.select("export", "list", "audience").rows() == [("Nightly", "All", None)]
    (unused,) = [it for it in filled.health(ask_criteo=True).findings if it.what == "list"]
    assert unused.level is toolkit.HealthLevel.OK
    target("610001", "610007")
    used = filled.segments["All"].used
    assert used.frame.select("export", "list", "audience", "ad_set", "status").rows() == [
        ("Nightly", "All", "VIPs", "Summer NL", "live"),
        ("Nightly", "All", "VIPs", "Loyal BE", "paused"),
    ]
    assert used.doubts == ()
    assert "Summer NL" in repr(used)
    assert used.chart.count("<svg") == 1
    assert {"VIPs", "Summer NL (live)"} <= {it for it in ("VIPs", "Summer NL (live)") if it in used._repr_html_()}
    assert [it for it in filled.health(ask_criteo=True).findings if it.what == "list"] == []
    before = asked(criteo)
    filled.health()
    assert asked(criteo) == before


def test_where_it_is_used_can_be_unknown(filled: toolkit.Workspace, criteo: Sandbox, target: Link) -> None:
    target("610001")
    criteo.withdraw_permission(Permission.READ_CAMPAIGNS)
    criteo.withdraw_permission(Permission.MANAGE_CAMPAIGNS)
    used = filled.segments["All"].used
    assert used.frame.select("audience", "ad_set_id", "ad_set", "status").rows() == [
        ("VIPs", "610001", None, "unknown")
    ]
    assert "Campaign" in texts(used.doubts)
    filled.exports.detach("Nightly")
    filled.connections.remove("Sandbox")
    lost = filled.segments["All"].used
    assert len(lost.doubts) == 1
