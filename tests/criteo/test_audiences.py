"""The calls on audiences, other segments and ad sets, against the embedded Criteo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.raising import raises
from toolkit.criteo import (
    AUDIENCE_UNKNOWN,
    NAME_TAKEN,
    And,
    AudienceChange,
    CriteoClient,
    DeliveryStatus,
    ListSize,
    Lookalike,
    NewAudience,
    NewSegment,
    Not,
    Or,
    Retargeting,
    Segment,
    SegmentChange,
    SegmentType,
    UnknownNode,
    VisitorsType,
    is_readable,
    segment_ids,
)
from toolkit.criteo.algebra import read_algebra, to_json
from toolkit.errors import ErrorCode, UnavailableError
from toolkit.sandbox import Call, Fault, Permission, Sandbox
from toolkit.sandbox import DeliveryStatus as Delivery

from .conftest import ADVERTISER, Connect, hashes, new_list
from .scripted import Answer, Scripted


def new_audience(client: CriteoClient, name: str, *segments: str) -> str:
    algebra = Or(tuple(map(Segment, segments)))
    (made,) = client.audiences.create([NewAudience(ADVERTISER, name, algebra)])
    return made.require().id


def test_audiences_come_back_as_they_were_made(client: CriteoClient) -> None:
    one, two = new_list(client, "A"), new_list(client, "B")
    algebra = And((Segment(one), Not(Or((Segment(two), Segment(one))))))
    (made,) = client.audiences.create([NewAudience(ADVERTISER, "VIPs", algebra, "kept by a workspace")])
    (found,) = client.audiences.search(segment_ids=[two])
    assert found == made.require()
    assert (found.name, found.description, found.advertiser_id) == ("VIPs", "kept by a workspace", ADVERTISER)
    assert (found.algebra, found.ad_set_ids) == (algebra, ())
    assert segment_ids(found.algebra) == (one, two)
    assert found.frame["algebra"].to_list() == [f"({one} and not ({two} or {one}))"]


def test_each_item_has_its_result(client: CriteoClient) -> None:
    known = new_list(client)
    new_audience(client, "taken", known)
    asked = [
        NewAudience(ADVERTISER, "new", Segment(known)),
        NewAudience(ADVERTISER, "taken", Segment(known)),
        NewAudience(ADVERTISER, "of nobody", Segment("999")),
        NewAudience(ADVERTISER, "", Segment(known)),
    ]
    results = client.audiences.create(asked)
    assert [it.code for it in results] == ["", NAME_TAKEN, "segment-not-found", "name-must-not-be-empty"]
    assert [it.value is None for it in results] == [False, True, True, True]
    with raises(ErrorCode.CONFIGURATION, names="taken"):
        results[1].require()
    changed = client.audiences.change([AudienceChange("999", "x"), AudienceChange(results[0].require().id, "y")])
    assert [it.code for it in changed] == [AUDIENCE_UNKNOWN, ""]
    assert changed[1].require().name == "y"


@pytest.mark.parametrize("fault", [Fault.IN_PART, Fault.IN_SILENCE])
def test_an_item_left_out_is_an_error(client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
    known = new_list(client)
    sandbox.fail(fault, calls=Call.CREATE_AUDIENCES)
    first, last = client.audiences.create([NewAudience(ADVERTISER, it, Segment(known)) for it in "AB"])
    assert first.require().name == "A"
    assert last.error is not None
    assert isinstance(last.error, UnavailableError) is (fault is Fault.IN_SILENCE)


def test_lost_answers_do_no_harm(client: CriteoClient, sandbox: Sandbox) -> None:
    known = new_list(client)
    sandbox.fail(Fault.DROP_AFTER, calls=Call.CREATE_AUDIENCES)
    (made,) = client.audiences.create([NewAudience(ADVERTISER, "A", Segment(known))])
    assert made.code == NAME_TAKEN
    (audience,) = client.audiences.search(advertiser_ids=[ADVERTISER])
    for call in (Call.LINK_AD_SET, Call.DELETE_AUDIENCES, Call.UPDATE_AUDIENCES):
        sandbox.fail(Fault.DROP_AFTER, calls=call)
    assert client.ad_sets.link("610001", audience.id).audience_id == audience.id
    assert client.audiences.change([AudienceChange(audience.id, "B")])[0].require().name == "B"
    client.ad_sets.link("610001", None)
    assert client.audiences.delete([audience.id])[0].require().id == audience.id
    assert sandbox.audiences() == []


def test_long_searches_take_a_hundred_a_call(client: CriteoClient, sandbox: Sandbox) -> None:
    known = new_list(client)
    results = client.audiences.create([NewAudience(ADVERTISER, f"{it}", Segment(known)) for it in range(230)])
    made = [it.require().id for it in results]
    assert [it.id for it in client.audiences.search(segment_ids=[known])] == made
    before = len(sandbox.requests())
    asked = [*made, *(str(it) for it in range(1, 71))]
    assert [it.id for it in client.audiences.search(audience_ids=asked)] == made
    assert len(sandbox.requests()) - before == 3
    assert client.audiences.search(audience_ids=[]) == []
    assert client.ad_sets.search(ad_set_ids=[]) == []


def test_sizes_and_estimates_agree(client: CriteoClient) -> None:
    one, two = new_list(client, "A"), new_list(client, "B")
    client.add(one, hashes(100))
    client.add(two, hashes(50, first=50))
    algebra = And((Segment(one), Not(Segment(two))))
    estimated = client.audiences.estimate_size(ADVERTISER, algebra)
    (made,) = client.audiences.create([NewAudience(ADVERTISER, "A", algebra)])
    audience = made.require().id
    assert client.audiences.compute_sizes(["999", audience]) == [
        ListSize(id="999"),
        ListSize(id=audience, size=estimated),
    ]
    assert estimated is not None
    assert 0 < estimated < 100
    with raises(ErrorCode.CONFIGURATION):
        client.audiences.estimate_size(ADVERTISER, Segment("999"))


def test_ad_sets_say_how_they_stand(client: CriteoClient, sandbox: Sandbox) -> None:
    found = {it.id: it for it in client.ad_sets.search(advertiser_ids=[ADVERTISER])}
    assert (found["610001"].name, found["610001"].campaign_id) == ("Summer NL", "510001")
    assert {it.id for it in found.values() if it.is_live} == {"610001", "610002", "610006", "610008"}
    assert found["610001"].start_date.startswith("2026")
    sandbox.set_delivery_status("610001", Delivery.ARCHIVED)
    (now,) = client.ad_sets.search(ad_set_ids=["610001", "1"])
    assert (now.delivery_status, now.is_live) == (DeliveryStatus.ARCHIVED, False)
    assert [it.name for it in client.ad_sets.campaigns(campaign_ids=["510003"])] == ["Autumn"]


def test_without_campaign_the_rest_goes_on(client: CriteoClient, sandbox: Sandbox) -> None:
    audience = new_audience(client, "A", new_list(client))
    for permission in (Permission.READ_CAMPAIGNS, Permission.MANAGE_CAMPAIGNS):
        sandbox.withdraw_permission(permission)
    for refused in (
        lambda: client.ad_sets.search(advertiser_ids=[ADVERTISER]),
        client.ad_sets.campaigns,
        lambda: client.ad_sets.link("610001", audience),
    ):
        with raises(ErrorCode.ACCESS, names="Campaign"):
            refused()
    assert [it.id for it in client.audiences.search(audience_ids=[audience])] == [audience]
    sandbox.withdraw_permission(Permission.READ_AUDIENCES)
    sandbox.withdraw_permission(Permission.MANAGE_AUDIENCES)
    with raises(ErrorCode.ACCESS):
        client.audiences.search()


def test_segments_of_other_kinds_are_made_and_changed(client: CriteoClient) -> None:
    seed = new_list(client)
    wanted = [
        NewSegment(ADVERTISER, "Alike", Lookalike(seed, 5_000), "made"),
        NewSegment(ADVERTISER, "Buyers", Retargeting(VisitorsType.BUYERS, 0, 29)),
    ]
    alike, buyers = (it.require() for it in client.segments.create(wanted))
    assert (alike.type, alike.seed_id, alike.target_size) == (SegmentType.LOOKALIKE, seed, 5_000)
    assert (buyers.visitors, buyers.least_days, buyers.most_days) == (VisitorsType.BUYERS, 0, 29)
    (changed,) = client.segments.change([SegmentChange(alike.id, settings=Lookalike(seed, 9_000))])
    assert changed.require().target_size == 9_000
    assert [it.size for it in client.compute_sizes([alike.id])] == [9_000]
    assert [it.id for it in client.segments.search(types=[SegmentType.LOOKALIKE])] == [alike.id]
    assert [it.id for it in client.contact_lists(ADVERTISER)] == [seed]
    assert [it.error for it in client.segments.delete([alike.id, alike.id])] == [None, None]


def test_what_cannot_be_read_is_unknown() -> None:
    future = {"atLeast": {"count": 2, "of": [{"audienceSegmentId": "7"}, {"and": [{"audienceSegmentId": "8"}]}]}}
    read = read_algebra({"and": [{"audienceSegmentId": "1", "or": None}, future]})
    assert isinstance(read, And)
    assert segment_ids(read)[0] == "1"
    assert set(segment_ids(read)) == {"1", "7", "8"}
    assert not is_readable(read)
    with raises(ErrorCode.CONFIGURATION):
        to_json(read)
    for odd in (
        None,
        [],
        {},
        {"and": []},
        {"not": [1]},
        {"audienceSegmentId": "1", "and": [{"audienceSegmentId": "2"}]},
    ):
        assert isinstance(read_algebra(odd), UnknownNode)
    assert not is_readable(read_algebra({"not": {"or": [{"audienceSegmentId": "1"}, {"xor": []}]}}))
    assert read_algebra({"xor": [1]}) != read_algebra({"xor": [2]})
    deep: object = {"audienceSegmentId": "1"}
    for _ in range(900):
        deep = {"not": deep}
    assert not is_readable(read_algebra(deep))


def test_odd_answers_are_read(scripted: Scripted, connect: Connect) -> None:
    client = connect(scripted)
    scripted.answer(
        Answer(body={"data": [{"id": 7, "attributes": {"algebra": {"xor": [1]}, "adSetIds": None}}], "errors": None}),
        Answer(body={"data": []}),
    )
    (found,) = client.audiences.search()
    assert (found.id, found.ad_set_ids, is_readable(found.algebra)) == ("7", None, False)
    scripted.answer(Answer(body={"data": [{"id": "9", "attributes": {"schedule": {"deliveryStatus": "dreaming"}}}]}))
    (ad_set,) = client.ad_sets.search()
    assert ad_set.delivery_status is DeliveryStatus.UNKNOWN
    scripted.answer(Answer(status=204))
    assert client.audiences.delete(["1", "2"])[1].require().id == "2"
    nameless = {"errors": [{"code": "name-must-be-unique"}, {"code": "name-must-not-be-empty"}], "data": None}
    scripted.answer(Answer(body=nameless))
    results = client.audiences.change([AudienceChange("1"), AudienceChange("2")])
    assert [it.code for it in results] == ["name-must-be-unique", "name-must-not-be-empty"]


SDK = os.environ.get("CRITEO_SDK", "")


@pytest.mark.skipif(not Path(SDK or "-").is_dir(), reason="CRITEO_SDK names no folder with Criteo's official SDK")
def test_the_official_kit_understands_the_answers(client: CriteoClient, sandbox: Sandbox) -> None:
    script = Path(__file__).with_name("official_kit.py")
    found = subprocess.run(
        [sys.executable, str(script), sandbox.url, new_list(client)],
        env={**os.environ, "PYTHONPATH": SDK},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (found.returncode, found.stdout.split()) == (0, ["linked", "unlinked"]), found.stderr
