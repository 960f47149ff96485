"""Every call, against the embedded Criteo."""

import polars as pl
import pytest

from tests.raising import raises
from toolkit.criteo import CriteoClient, IdentifierType, ListSize, Operation
from toolkit.errors import ErrorCode, ListGoneError
from toolkit.sandbox import Call, Sandbox

from .conftest import ADVERTISER, Connect, hashes, new_list
from .scripted import Answer, Scripted


def test_advertisers_are_those_that_consented(client: CriteoClient) -> None:
    assert {it.id: it.name for it in client.advertisers()} == {
        "2711": "Fietsfabriek Noord",
        "2712": "Fietsfabriek Zuid",
        "88104": "Harbour Books",
    }


def test_a_new_list_has_its_name_and_description(client: CriteoClient, sandbox: Sandbox) -> None:
    made = client.find_or_create_list(ADVERTISER, name="Café ☕", description="kept by a workspace")
    assert made.created
    (held,) = sandbox.lists()
    assert (held.id, held.advertiser_id, held.name, held.description) == (
        made.contact_list.id,
        ADVERTISER,
        "Café ☕",
        "kept by a workspace",
    )
    assert client.contact_list(held.id) == made.contact_list


def test_identifiers_are_added_removed_and_cleared(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    added = client.add(list_id, [*hashes(3), "nobody"])
    assert (added.operation, added.list_id, added.valid, added.invalid, added.calls) == (
        Operation.ADD,
        list_id,
        3,
        1,
        1,
    )
    removed = client.remove(list_id, pl.Series(hashes(1)))
    assert (removed.operation, removed.valid) == (Operation.REMOVE, 1)
    assert sandbox.identifiers(list_id) == set(hashes(2, first=1))
    client.clear(list_id)
    assert sandbox.identifiers(list_id) == set()
    assert [it.id for it in client.contact_lists(ADVERTISER)] == [list_id]


def test_nothing_to_send_is_not_sent(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    assert client.add(list_id, []).calls == 0
    assert client.add(list_id, pl.Series([], dtype=pl.String)).valid == 0
    assert client.compute_sizes([]) == []
    assert not [it for it in sandbox.requests() if it.call in {Call.AMEND, Call.COMPUTE_SIZES}]


def test_more_than_a_call_takes_is_refused_before_it_is_sent(client: CriteoClient, sandbox: Sandbox) -> None:
    with raises(ErrorCode.DATA, names=("50,000", "50,001")):
        client.add("1", hashes(50_001))
    assert sandbox.requests() == []


def test_other_identifiers_travel_under_their_type(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    client.add(list_id, ["+31201234567"], identifier_type=IdentifierType.PHONE_NUMBER)
    client.add(list_id, ["k-1"], identifier_type=IdentifierType.GUM, gum_caller_id=12)
    assert sandbox.identifiers(list_id) == {"+31201234567", "k-1"}
    with raises(ErrorCode.CONFIGURATION, names="gum_caller_id"):
        client.remove(list_id, ["k-1"], identifier_type=IdentifierType.GUM)


def test_identifiers_can_bring_attributes(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    people = {identifier: {"firstName": "Ada", "city": "Zürich"} for identifier in hashes(2)}
    assert client.add_with_attributes(list_id, people).valid == 2
    assert sandbox.identifiers(list_id) == set(people)
    assert sandbox.requests()[-1].call is Call.AMEND_WITH_ATTRIBUTES


def test_attributes_are_sent_as_keys_and_values(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": {"attributes": {"nbValidIdentifiers": 1}}}))
    connect(scripted).add_with_attributes("12", {"a@b.example": {"firstName": "Ada"}})
    (call,) = scripted.calls
    assert (call.method, call.path) == ("PATCH", "/preview/marketing-solutions/audiences/12/contactlist-attributes")
    assert call.json["data"]["attributes"]["identifiers"] == [
        {"identifier": "a@b.example", "attributes": [{"key": "firstName", "value": "Ada"}]}
    ]


def test_statistics_count_identifiers_and_matches(client: CriteoClient) -> None:
    list_id = new_list(client)
    assert client.statistics(list_id).match_rate is None
    client.add(list_id, hashes(1_000))
    found = client.statistics(list_id)
    assert found.identifiers == 1_000
    assert 0 < found.matches < 1_000
    assert found.match_rate == found.matches / 1_000


def test_sizes_of_lists_come_in_the_order_asked_for(client: CriteoClient) -> None:
    first, second = new_list(client, "A"), new_list(client, "B")
    client.add(first, hashes(100))
    matches = client.statistics(first).matches
    assert client.compute_sizes([second, first]) == [ListSize(id=second, size=0), ListSize(id=first, size=matches)]


def test_a_size_that_criteo_does_not_tell_is_none_and_noticed(client: CriteoClient) -> None:
    list_id = new_list(client)
    assert [it.size for it in client.compute_sizes([list_id, "999"])] == [0, None]
    assert [it for it in client.notices if "measure lists" in it.text and "segment-not-found" in it.text]


def test_a_list_is_renamed(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client, "old")
    client.rename(list_id, name="new", description="other")
    assert [(it.name, it.description) for it in sandbox.lists()] == [("new", "other")]
    assert client.find_or_create_list(ADVERTISER, name="new", description="").contact_list.id == list_id


def test_a_deleted_list_is_gone(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    client.delete_list(list_id)
    assert sandbox.lists() == []
    with pytest.raises(ListGoneError):
        client.delete_list(list_id)
    assert new_list(client) != list_id


def test_a_success_without_content_is_one(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(204))
    client = connect(scripted)
    client.clear("12")
    client.delete_list("12")


def test_the_version_can_be_another(scripted: Scripted, connect: Connect) -> None:
    connect(scripted, version="2027-01").contact_lists(ADVERTISER)
    assert scripted.calls[0].path.startswith("/2027-01/marketing-solutions/audience-segments/search?")


def test_an_id_stays_one_piece_of_the_path(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": {"id": "1"}}))
    connect(scripted).clear("../1?x={y}")
    assert scripted.calls[0].path.endswith("/audience-segments/..%2F1%3Fx%3D%7By%7D/contact-list")
