"""Audiences, segments to combine, and ad sets, as Criteo keeps them."""

from pathlib import Path
from typing import Any

import pytest
import requests

from toolkit.sandbox import Call, DeliveryStatus, Fault, Permission, Sandbox, SandboxOptions, start
from toolkit.sandbox.algebra import PEOPLE

from .plain_client import SEGMENTS, Client, codes

SOLUTIONS = "/2026-07/marketing-solutions"
AUDIENCES = f"{SOLUTIONS}/audiences"
Answer = requests.Response


def segment(segment_id: str) -> dict[str, Any]:
    return {"audienceSegmentId": segment_id}


def create(client: Client, *named: tuple[str, Any], advertiser_id: str = "2711") -> Answer:
    items = [{"attributes": {"advertiserId": advertiser_id, "name": name, "algebra": it}} for name, it in named]
    return client.call("POST", f"{AUDIENCES}/create", {"data": items})


def new_audience(client: Client, name: str, algebra: Any) -> str:
    return str(create(client, (name, algebra)).json()["data"][0]["id"])


def find(client: Client, query: str = "", **filters: list[str]) -> Answer:
    return client.call("POST", f"{AUDIENCES}/search{query}", {"data": {"attributes": filters}})


def act(client: Client, call: str, *ids: str) -> Answer:
    return client.call("POST", f"{AUDIENCES}/{call}", {"data": [{"id": it, "attributes": {}} for it in ids]})


def link(client: Client, ad_set_id: str, audience_id: str | None) -> Answer:
    body = {"data": {"type": "AdSetAudienceLink", "attributes": {"audienceId": audience_id}}}
    return client.call("PUT", f"{SOLUTIONS}/ad-sets/{ad_set_id}/audience", body)


def estimate(client: Client, algebra: Any) -> Any:
    attributes = {"advertiserId": "2711", "algebra": algebra}
    return client.call("POST", f"{AUDIENCES}/estimate-size", {"data": {"attributes": attributes}})


def size(client: Client, algebra: Any) -> int:
    return int(estimate(client, algebra).json()["data"]["attributes"]["size"])


def filled(client: Client, name: str, numbers: range) -> str:
    list_id = client.new_list(name)
    client.amend(list_id, "add", [f"{it:064x}" for it in numbers])
    return list_id


def test_bulk_creation_makes_what_it_can(client: Client, sandbox: Sandbox) -> None:
    known = segment(client.new_list("A"))
    foreign = segment(client.new_list("B", advertiser_id="2712"))
    answer = create(
        client,
        ("one", known),
        ("one", known),
        (" ", known),
        ("two", segment("999")),
        ("three", foreign),
        ("four", {"not": {"or": [known]}}),
    )
    assert answer.status_code == 200
    assert [it["attributes"]["name"] for it in answer.json()["data"]] == ["one", "four"]
    assert codes(answer) == ["name-must-be-unique", "name-must-not-be-empty", "segment-not-found", "segment-not-found"]
    assert [it.name for it in sandbox.audiences()] == ["one", "four"]


@pytest.mark.parametrize(
    "algebra",
    [
        None,
        [],
        {},
        {"and": []},
        {"or": {}},
        {"not": None},
        {"not": []},
        {"xor": [{"audienceSegmentId": "410001"}]},
        {"audienceSegmentId": 410001},
        {"audienceSegmentId": "410001", "not": {"audienceSegmentId": "410001"}},
        {"and": [{"audienceSegmentId": "410001"}, {}]},
    ],
)
def test_algebra_must_be_well_formed(client: Client, algebra: Any) -> None:
    assert client.new_list() == "410001"
    assert codes(create(client, ("A", algebra))) == ["algebra-is-invalid"]
    assert estimate(client, algebra).status_code == 400


def test_sizes_follow_from_the_members(client: Client) -> None:
    first, second = filled(client, "A", range(300)), filled(client, "B", range(200, 1000))
    sizes = client.call("POST", f"{SEGMENTS}/compute-sizes", {"data": [{"id": first}, {"id": second}]})
    one, two = (it["attributes"]["size"] for it in sizes.json()["data"])
    a, b = segment(first), segment(second)
    both = size(client, {"and": [a, b]})
    assert 0 < both < one < two
    assert (size(client, a), size(client, b)) == (one, two)
    assert size(client, {"or": [a, b]}) == one + two - both
    assert size(client, {"and": [a, {"not": b}]}) == one - both
    assert size(client, {"not": a}) == PEOPLE - one
    assert size(client, {"not": {"and": [{"not": a}, {"not": b}]}}) == one + two - both
    assert size(client, {"and": [a, {"not": a}]}) == 0
    client.clear(second)
    assert size(client, {"and": [a, {"not": b}]}) == one


def test_other_segments_combine_with_lists(client: Client) -> None:
    seed = filled(client, "A", range(100))
    kinds = {
        "Lookalike": {"lookalike": {"seedSegmentId": seed, "targetSize": 50_000}},
        "Retargeting": {
            "retargeting": {"visitorsType": "Buyers", "daysSinceLastVisitMin": 0, "daysSinceLastVisitMax": 29}
        },
        "Prospecting": {"prospecting": {"usersType": "Prospects"}},
    }
    made = [client.create(kind, contactList=None, **settings).json()["data"][0] for kind, settings in kinds.items()]
    assert [it["attributes"]["type"] for it in made] == list(kinds)
    assert made[0]["attributes"]["lookalike"] == {"seedSegmentId": seed, "targetSize": 50_000}
    alike, visitors, strangers = (segment(it["id"]) for it in made)
    assert size(client, alike) == 50_000
    assert size(client, {"and": [visitors, strangers]}) == 0
    assert size(client, {"or": [visitors, alike]}) == size(client, visitors) + 50_000
    assert [it["id"] for it in client.search(audienceSegmentTypes=["Lookalike"]).json()["data"]] == [made[0]["id"]]
    assert client.statistics(made[0]["id"]).status_code == 404


def test_other_segments_are_judged_and_changed(client: Client, sandbox: Sandbox) -> None:
    seed = client.new_list("A")
    wrong = [
        {"lookalike": {"seedSegmentId": "999"}},
        {"lookalike": {"seedSegmentId": seed, "targetSize": 0}},
        {"retargeting": {"visitorsType": "All", "daysSinceLastVisitMin": 9, "daysSinceLastVisitMax": 3}},
        {"lookalike": {"seedSegmentId": seed}, "prospecting": {"usersType": "Prospects"}},
        {"lookalike": {"seedSegmentId": seed}},
    ]
    found = [codes(client.create(name, contactList=None, **it)) for name, it in zip("BBBBA", wrong, strict=True)]
    assert [it for (it,) in found] == [
        "segment-not-found",
        "invalid",
        "invalid",
        "segment-type-not-supported",
        "name-must-be-unique",
    ]
    made = client.create("B", contactList=None, lookalike={"seedSegmentId": seed}).json()["data"][0]["id"]
    change = {"id": made, "attributes": {"name": "C", "lookalike": {"targetSize": 7}}}
    (changed,) = client.call("PATCH", SEGMENTS, {"data": [change]}).json()["data"]
    assert (changed["attributes"]["name"], changed["attributes"]["lookalike"]["targetSize"]) == ("C", 7)
    client.call("POST", f"{SEGMENTS}/delete", {"data": [{"id": made}]})
    assert client.new_list("C") not in {made, seed}


def test_an_audience_changes_where_it_is_told(client: Client, sandbox: Sandbox) -> None:
    one, two = segment(client.new_list("A")), segment(client.new_list("B"))
    first, second = new_audience(client, "first", one), new_audience(client, "second", one)
    items: list[dict[str, Any]] = [
        {"id": first, "attributes": {"description": {"value": "said"}}},
        {"id": second, "attributes": {"name": "first"}},
        {"id": "999", "attributes": {"name": "third"}},
        {"id": second, "attributes": {"algebra": {"or": [one, two]}}},
        {"id": second, "attributes": {"algebra": {"or": []}}},
    ]
    answer = client.call("PATCH", AUDIENCES, {"data": items})
    assert codes(answer) == ["name-must-be-unique", "audience-not-found", "algebra-is-invalid"]
    assert [(it["id"], it["attributes"]["description"]) for it in answer.json()["data"]] == [
        (first, "said"),
        (second, None),
    ]
    assert [it["id"] for it in find(client, audienceSegmentIds=[two["audienceSegmentId"]]).json()["data"]] == [second]


def test_searches_page_and_filter(client: Client) -> None:
    one, two = client.new_list("A"), client.new_list("B")
    made = [new_audience(client, f"{it}", segment(one)) for it in range(5)]
    nested = new_audience(client, "nested", {"and": [segment(one), {"not": segment(two)}]})
    pages = [find(client, f"?limit=4&offset={it}").json() for it in (0, 4)]
    assert [it["id"] for page in pages for it in page["data"]] == [*made, nested]
    assert [page["meta"]["totalItems"] for page in pages] == [6, 6]
    assert [it["id"] for it in find(client, audienceSegmentIds=[two]).json()["data"]] == [nested]
    assert find(client, advertiserIds=["2712"]).json()["data"] == []
    assert find(client, advertiserIds=["90210"]).status_code == 403
    assert find(client, "?limit=101").status_code == 400


def test_an_ad_set_targets_one_audience(client: Client, sandbox: Sandbox) -> None:
    known = segment(client.new_list("A"))
    first, second = new_audience(client, "first", known), new_audience(client, "second", known)
    assert link(client, "610001", first).json()["data"]["attributes"] == {"audienceId": first}
    link(client, "610002", first)
    link(client, "610001", second)
    assert [it.ad_set_ids for it in sandbox.audiences()] == [("610002",), ("610001",)]
    assert [it["id"] for it in find(client, adSetIds=["610001"]).json()["data"]] == [second]
    assert codes(act(client, "delete", first)) == ["audience-is-targeted"]
    link(client, "610002", None)
    assert [it["id"] for it in act(client, "delete", first, "999").json()["data"]] == [first]
    assert link(client, "610002", first).status_code == 400
    assert link(client, "610011", second).status_code == 400
    assert link(client, "1", second).status_code == 404


def test_targeted_audiences_may_be_deleted_with_their_links() -> None:
    with start(options=SandboxOptions(deletes_targeted_audiences=True)) as sandbox:
        client = Client(sandbox.url)
        audience = new_audience(client, "first", segment(client.new_list("A")))
        link(client, "610001", audience)
        assert codes(act(client, "delete", audience)) == []
        assert {it.audience_id for it in sandbox.ad_sets()} == {None}
        client.session.close()


def test_there_are_ad_sets_to_play_with(client: Client, sandbox: Sandbox) -> None:
    def found(path: str, **filters: list[str]) -> list[str]:
        return [
            it["id"] for it in client.call("POST", f"{SOLUTIONS}/{path}/search", {"filters": filters}).json()["data"]
        ]

    assert {it.delivery_status for it in sandbox.ad_sets()} == set(DeliveryStatus)
    assert found("campaigns", advertiserIds=["2712"]) == ["510003"]
    assert found("ad-sets", campaignIds=["510003"]) == ["610011", "610012", "610013"]
    assert found("ad-sets", adSetIds=["610001", "1"], advertiserIds=["2711"]) == ["610001"]
    sandbox.withdraw_consent("2712")
    assert "610011" not in found("ad-sets")
    assert client.call("POST", f"{SOLUTIONS}/ad-sets/search", {}).status_code == 200


@pytest.mark.parametrize(
    ("withdrawn", "refused"),
    [
        ([Permission.READ_CAMPAIGNS, Permission.MANAGE_CAMPAIGNS], {"ad-sets", "campaigns", "link"}),
        ([Permission.MANAGE_CAMPAIGNS], {"link"}),
        ([Permission.READ_AUDIENCES, Permission.MANAGE_AUDIENCES], {"search", "create", "list"}),
        ([Permission.MANAGE_AUDIENCES], {"create", "list"}),
    ],
)
def test_permissions_are_apart(
    client: Client, sandbox: Sandbox, withdrawn: list[Permission], refused: set[str]
) -> None:
    known = client.new_list("A")
    audience = new_audience(client, "first", segment(known))
    for permission in withdrawn:
        sandbox.withdraw_permission(permission)
    answers = {
        "ad-sets": client.call("POST", f"{SOLUTIONS}/ad-sets/search", {"filters": {}}),
        "campaigns": client.call("POST", f"{SOLUTIONS}/campaigns/search", {"filters": {}}),
        "link": link(client, "610001", audience),
        "search": find(client),
        "create": create(client, ("second", segment(known))),
        "list": client.clear(known),
    }
    assert {name for name, answer in answers.items() if answer.status_code == 403} == refused
    sandbox.reset()
    client.renew()
    assert client.call("POST", f"{SOLUTIONS}/ad-sets/search", {}).status_code == 200


def test_faults_reach_the_new_calls(client: Client, sandbox: Sandbox) -> None:
    known = segment(client.new_list("A"))
    sandbox.fail(Fault.DROP_AFTER, calls=Call.CREATE_AUDIENCES)
    with pytest.raises(requests.ConnectionError):
        create(client, ("first", known))
    assert [it.name for it in sandbox.audiences()] == ["first"]
    sandbox.fail(Fault.IN_SILENCE, calls=Call.CREATE_AUDIENCES)
    sandbox.fail(Fault.LATE, calls=Call.SEARCH_AUDIENCES, seconds=60)
    assert create(client, ("second", known)).json()["data"] == []
    assert find(client).json()["data"] == []
    sandbox.fail(Fault.HTTP_503, calls=[Call.SEARCH_AD_SETS, Call.LINK_AD_SET], times=2)
    assert client.call("POST", f"{SOLUTIONS}/ad-sets/search", {}).status_code == 503
    assert link(client, "610001", None).status_code == 503


def test_unknown_algebra_has_no_size(client: Client, sandbox: Sandbox) -> None:
    known = client.new_list("A")
    audience = new_audience(client, "first", segment(known))
    sandbox.change_audience(audience, algebra={"atLeast": {"count": 1, "of": [segment(known)]}})
    assert codes(act(client, "compute-sizes", audience)) == ["audience-size-not-supported"]
    assert [it["id"] for it in find(client, audienceSegmentIds=[known]).json()["data"]] == [audience]


def test_audiences_and_links_survive_a_restart(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path)
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        seed = client.new_list("A")
        client.create("B", contactList=None, lookalike={"seedSegmentId": seed, "targetSize": 9})
        audience = new_audience(client, "first", {"not": segment(seed)})
        link(client, "610007", audience)
        sandbox.set_delivery_status("610007", DeliveryStatus.LIVE)
        before = (sandbox.audiences(), sandbox.ad_sets(), client.search().json()["data"])
        client.session.close()
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        assert (sandbox.audiences(), sandbox.ad_sets(), client.search().json()["data"]) == before
        assert client.new_list("C") not in {it["id"] for it in before[2]}
        client.session.close()
