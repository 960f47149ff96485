import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.sandbox import ADVERTISERS, MOST_IDENTIFIERS_IN_A_CALL, LoggedRequest, Operation, Sandbox

from .plain_client import SEGMENTS, Client, codes

ADDRESS = "john.doe@gmail.com"
MD5 = hashlib.md5(ADDRESS.encode()).hexdigest()
SHA256 = hashlib.sha256(ADDRESS.encode()).hexdigest()


def test_identifiers_are_added_and_removed(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", [ADDRESS, MD5, SHA256])
    assert sandbox.identifiers(list_id) == {ADDRESS, MD5, SHA256}
    client.amend(list_id, "remove", [MD5, "never@was.example"])
    assert sandbox.identifiers(list_id) == {ADDRESS, SHA256}
    assert sandbox.lists()[0].size == 2


def test_an_amendment_is_acknowledged_with_its_counts(client: Client) -> None:
    list_id = client.new_list()
    attributes = client.amend(list_id, "add", [ADDRESS, ADDRESS, "nobody"]).json()["data"]["attributes"]
    del attributes["requestDate"]
    assert attributes == {
        "contactListId": int(list_id),
        "operation": "add",
        "identifierType": "email",
        "nbValidIdentifiers": 2,
        "nbInvalidIdentifiers": 1,
        "sampleInvalidIdentifiers": ["nobody"],
    }


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "nobody",
        "a@b",
        "@b.example",
        "a@",
        "a@@b.example",
        "a b@c.example",
        "a@b..example",
        " a@b.example",
        "a@b.example\n",
        "A@b.example",
        "é@É.example",
        MD5.upper(),
        SHA256.upper(),
        SHA256[:-1],
        SHA256 + "0",
        MD5[:-1] + "g",
    ],
)
def test_a_malformed_email_is_counted_and_not_held(client: Client, sandbox: Sandbox, malformed: str) -> None:
    list_id = client.new_list()
    attributes = client.amend(list_id, "add", [malformed, SHA256]).json()["data"]["attributes"]
    assert (attributes["nbValidIdentifiers"], attributes["nbInvalidIdentifiers"]) == (1, 1)
    assert attributes["sampleInvalidIdentifiers"] == [malformed]
    assert sandbox.identifiers(list_id) == {SHA256}


@pytest.mark.parametrize(
    ("identifier_type", "good", "bad"),
    [
        ("madid", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "6D92078A"),
        ("identityLink", "XY1000bTVtcQ", "two words"),
        ("phoneNumber", "+31201234567", "call me"),
        ("phoneNumber", SHA256, "020-1234567"),
    ],
)
def test_other_types_have_their_own_form(
    client: Client, sandbox: Sandbox, identifier_type: str, good: str, bad: str
) -> None:
    list_id = client.new_list()
    answer = client.amend(list_id, "add", [good, bad], identifier_type=identifier_type)
    assert answer.json()["data"]["attributes"]["nbInvalidIdentifiers"] == 1
    assert sandbox.identifiers(list_id) == {good}


def test_gum_identifiers_need_their_caller(client: Client) -> None:
    list_id = client.new_list()
    assert client.amend(list_id, "add", ["k-1"], identifier_type="gum").status_code == 400
    assert client.amend(list_id, "add", ["k-1"], identifier_type="gum", gumCallerId=12).status_code == 200


def test_a_removal_reaches_identifiers_of_its_own_type_only(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", [SHA256])
    client.amend(list_id, "remove", [SHA256], identifier_type="phoneNumber")
    assert sandbox.identifiers(list_id) == {SHA256}


def test_at_most_five_malformed_identifiers_are_echoed(client: Client) -> None:
    attributes = client.amend(client.new_list(), "add", [f"bad {number}" for number in range(9)]).json()["data"][
        "attributes"
    ]
    assert attributes["nbInvalidIdentifiers"] == 9
    assert attributes["sampleInvalidIdentifiers"] == [f"bad {number}" for number in range(5)]


def test_the_largest_call_is_taken_and_one_more_is_refused(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    most = [f"{number:064x}" for number in range(MOST_IDENTIFIERS_IN_A_CALL)]
    refused = client.amend(list_id, "add", [*most, SHA256])
    assert (refused.status_code, codes(refused)) == (400, ["too-many-identifiers"])
    assert sandbox.lists()[0].size == 0
    assert client.amend(list_id, "add", most).json()["data"]["attributes"]["nbValidIdentifiers"] == len(most)
    assert sandbox.identifiers(list_id) == set(most)


@pytest.mark.parametrize(
    "data",
    [
        {"attributes": {"operation": "add", "identifierType": "email", "identifiers": [SHA256]}},
        {
            "type": "Other",
            "attributes": {"operation": "add", "identifierType": "email", "identifiers": [SHA256]},
        },
        {"type": "ContactlistAmendment"},
        {"type": "ContactlistAmendment", "attributes": {"operation": "add", "identifiers": [SHA256]}},
        {
            "type": "ContactlistAmendment",
            "attributes": {"operation": "replace", "identifierType": "email", "identifiers": [SHA256]},
        },
        {
            "type": "ContactlistAmendment",
            "attributes": {"operation": "add", "identifierType": "customer", "identifiers": [SHA256]},
        },
        {"type": "ContactlistAmendment", "attributes": {"operation": "add", "identifierType": "email"}},
        {
            "type": "ContactlistAmendment",
            "attributes": {"operation": "add", "identifierType": "email", "identifiers": [SHA256, 7, None]},
        },
    ],
)
def test_a_malformed_amendment_is_refused_and_changes_nothing(
    client: Client, sandbox: Sandbox, data: dict[str, object]
) -> None:
    list_id = client.new_list()
    answer = client.call("PATCH", f"{SEGMENTS}/{list_id}/contact-list", {"data": data})
    assert answer.status_code == 400
    assert SHA256 not in answer.text
    assert sandbox.identifiers(list_id) == set()


@pytest.mark.parametrize("list_id", ["999", "0", "abc", "0410001", "9" * 5000])
def test_an_unknown_list_is_answered_with_audience_invalid(client: Client, list_id: str) -> None:
    client.new_list()
    for answer in (
        client.amend(list_id, "add", [SHA256]),
        client.clear(list_id),
        client.statistics(list_id),
    ):
        assert (answer.status_code, codes(answer)) == (404, ["audience-invalid"])


def test_a_list_deleted_behind_the_clients_back_is_gone(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    sandbox.delete_list(list_id)
    assert codes(client.amend(list_id, "add", [SHA256])) == ["audience-invalid"]


def test_a_cleared_list_is_empty_and_stays(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", [SHA256])
    assert client.clear(list_id).json()["data"] == {"id": list_id, "type": "AudienceContactlist"}
    assert [(it.id, it.size) for it in sandbox.lists()] == [(list_id, 0)]
    assert client.statistics(list_id).json()["data"]["attributes"] == {
        "numberOfIdentifiers": 0,
        "numberOfMatches": 0,
        "matchRate": 0.0,
    }


def test_a_removal_takes_its_matches_along(client: Client) -> None:
    list_id = client.new_list()
    everyone = [f"person{number}@mail.example" for number in range(200)]
    client.amend(list_id, "add", everyone)
    matches = client.statistics(list_id).json()["data"]["attributes"]["numberOfMatches"]
    assert 0 < matches < 200
    client.amend(list_id, "remove", everyone[:100])
    client.amend(list_id, "remove", everyone[:100])
    left = client.statistics(list_id).json()["data"]["attributes"]["numberOfMatches"]
    client.amend(list_id, "remove", everyone)
    assert 0 < left < matches
    assert client.statistics(list_id).json()["data"]["attributes"]["numberOfMatches"] == 0


def test_identifiers_with_attributes_are_taken_by_the_preview(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    body = {
        "data": {
            "type": "ContactlistWithUserAttributesAmendment",
            "attributes": {
                "operation": "add",
                "identifierType": "email",
                "identifiers": [
                    {"identifier": ADDRESS, "attributes": [{"key": "firstName", "value": "John"}]},
                    {"identifier": "nobody"},
                ],
            },
        }
    }
    answer = client.call("PATCH", f"/preview/marketing-solutions/audiences/{list_id}/contactlist-attributes", body)
    assert answer.json()["data"]["attributes"]["nbInvalidIdentifiers"] == 1
    assert sandbox.identifiers(list_id) == {ADDRESS}


def test_the_log_counts_identifiers_and_never_holds_them(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.amend(list_id, "remove", [ADDRESS, SHA256])
    client.call("GET", f"/2026-07/{ADDRESS}/{SHA256}")
    *_, amended, unknown = sandbox.requests()
    assert amended == LoggedRequest(
        "PATCH", f"{SEGMENTS}/{list_id}/contact-list", amended.call, 200, Operation.REMOVE, 2
    )
    assert unknown.path == "/2026-07/…/…"


Step = tuple[str, list[int]]
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "clear"]), st.lists(st.integers(0, 12), max_size=12)),
    max_size=8,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_held_is_what_a_set_would_hold(client: Client, sandbox: Sandbox, steps: list[Step]) -> None:
    sandbox.reset()
    client.renew()
    list_id, fresh_id = client.new_list("changed"), client.new_list("fresh")
    expected: set[str] = set()
    for operation, numbers in steps:
        identifiers = [f"person{number}@mail.example" for number in numbers]
        if operation == "clear":
            client.clear(list_id)
            expected.clear()
        else:
            client.amend(list_id, operation, identifiers)
            expected = expected | set(identifiers) if operation == "add" else expected - set(identifiers)
    client.amend(fresh_id, "add", sorted(expected))
    assert sandbox.identifiers(list_id) == expected
    changed, fresh = (client.statistics(it).json()["data"]["attributes"] for it in (list_id, fresh_id))
    assert changed == fresh
    assert changed["numberOfIdentifiers"] == len(expected)
    assert 0 <= changed["numberOfMatches"] <= len(expected)


def test_phone_numbers_are_taken_of_some_advertisers_only(client: Client, sandbox: Sandbox) -> None:
    refusing = next(it.id for it in ADVERTISERS if not it.takes_phones)
    list_id = client.new_list(advertiser_id=refusing)
    refused = client.amend(list_id, "add", ["+31201234567"], identifier_type="phoneNumber")
    assert (refused.status_code, codes(refused)) == (400, ["identifier-type-not-supported"])
    assert client.amend(list_id, "add", [SHA256]).status_code == 200
    assert sandbox.identifiers(list_id) == {SHA256}


@pytest.mark.parametrize("malformed", ["31201234567", "+0201234567", "+3120123456789012", MD5])
def test_a_malformed_phone_number_is_not_held(client: Client, sandbox: Sandbox, malformed: str) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", [malformed, "+31201234567"], identifier_type="phoneNumber")
    assert sandbox.identifiers(list_id) == {"+31201234567"}


def test_an_id_of_another_caller_is_another_id(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", ["k-1abcd"], identifier_type="gum", gumCallerId=12)
    client.amend(list_id, "remove", ["k-1abcd"], identifier_type="gum", gumCallerId=13)
    assert sandbox.identifiers(list_id) == {"k-1abcd"}
    client.amend(list_id, "remove", ["k-1abcd"], identifier_type="gum", gumCallerId=12)
    assert sandbox.identifiers(list_id) == set()
