import time

import pytest

from toolkit.sandbox import Call, Fault, HeldList, Sandbox

from .plain_client import SEGMENTS, Client, codes


def test_a_new_list_is_answered_and_held(client: Client, sandbox: Sandbox) -> None:
    answer = client.create("Lapsed", description="bought once")
    (made,) = answer.json()["data"]
    assert made["attributes"]["type"] == "ContactList"
    assert made["attributes"]["advertiserId"] == "2711"
    assert sandbox.lists() == [HeldList(made["id"], "2711", "Lapsed", "bought once", 0)]


def test_a_name_is_unique_for_each_advertiser(client: Client, sandbox: Sandbox) -> None:
    client.new_list("Lapsed", advertiser_id="2711")
    again = client.create("Lapsed", advertiser_id="2711")
    assert (again.status_code, again.json()["data"], codes(again)) == (200, [], ["name-must-be-unique"])
    assert client.create("Lapsed", advertiser_id="2712").json()["errors"] == []
    assert len(sandbox.lists()) == 2


@pytest.mark.parametrize("name", ["", "   "])
def test_an_empty_name_is_refused(client: Client, name: str) -> None:
    answer = client.create(name)
    assert (answer.status_code, codes(answer)) == (200, ["name-must-not-be-empty"])


def test_a_bulk_creation_makes_what_it_can(client: Client, sandbox: Sandbox) -> None:
    items = [{"attributes": {"advertiserId": "2711", "name": name, "contactList": {}}} for name in ("A", "A", "", "B")]
    answer = client.call("POST", f"{SEGMENTS}/create", {"data": items})
    assert [it["attributes"]["name"] for it in answer.json()["data"]] == ["A", "B"]
    assert codes(answer) == ["name-must-be-unique", "name-must-not-be-empty"]
    assert [it.name for it in sandbox.lists()] == ["A", "B"]


@pytest.mark.parametrize("advertiser_id", ["90210", "1", ""])
def test_nothing_is_made_for_an_advertiser_without_consent(
    client: Client, sandbox: Sandbox, advertiser_id: str
) -> None:
    items = [{"attributes": {"advertiserId": it, "name": "A", "contactList": {}}} for it in ("2711", advertiser_id)]
    assert client.call("POST", f"{SEGMENTS}/create", {"data": items}).status_code == 403
    assert sandbox.lists() == []


def test_a_consent_withdrawn_closes_the_lists_made_before(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    sandbox.withdraw_consent("2711")
    assert client.amend(list_id, "add", ["a@b.example"]).status_code == 403
    assert client.clear(list_id).status_code == 403
    assert client.statistics(list_id).status_code == 403
    assert client.search(advertiserIds=["2711"]).status_code == 403
    assert client.search().json()["data"] == []


def test_other_kinds_of_segment_are_an_error_beside_the_data(client: Client) -> None:
    assert codes(client.create("A", contactList=None)) == ["segment-type-not-supported"]


def test_name_and_description_change_and_what_is_not_named_stays(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list("A")

    def update(**attributes: object) -> None:
        client.call("PATCH", SEGMENTS, {"data": [{"id": list_id, "attributes": attributes}]})

    update(description={"value": "first"})
    assert sandbox.lists() == [HeldList(list_id, "2711", "A", "first", 0)]
    update(name="B")
    assert sandbox.lists() == [HeldList(list_id, "2711", "B", "first", 0)]
    update(name="B", description={"value": None})
    assert sandbox.lists() == [HeldList(list_id, "2711", "B", None, 0)]


def test_a_bulk_update_changes_what_it_can(client: Client, sandbox: Sandbox) -> None:
    first, second = client.new_list("A"), client.new_list("B")
    items = [
        {"id": "999", "attributes": {"name": "C"}},
        {"id": first, "attributes": {"name": "B"}},
        {"id": first, "attributes": {"name": ""}},
        {"id": second, "attributes": {"name": "C"}},
    ]
    answer = client.call("PATCH", SEGMENTS, {"data": items})
    assert codes(answer) == ["segment-not-found", "name-must-be-unique", "name-must-not-be-empty"]
    assert [it.name for it in sandbox.lists()] == ["A", "C"]


def test_a_bulk_deletion_deletes_what_it_can_and_ids_are_not_used_again(client: Client, sandbox: Sandbox) -> None:
    gone = client.new_list("A")
    answer = client.call("POST", f"{SEGMENTS}/delete", {"data": [{"id": "999"}, {"id": gone, "attributes": {}}]})
    assert codes(answer) == ["segment-not-found"]
    assert [it["id"] for it in answer.json()["data"]] == [gone]
    assert sandbox.lists() == []
    assert client.new_list("A") != gone


@pytest.mark.parametrize(("fault", "told"), [(Fault.IN_PART, ["item-not-processed"]), (Fault.IN_SILENCE, [])])
def test_a_bulk_call_may_do_all_but_its_last_item(
    client: Client, sandbox: Sandbox, fault: Fault, told: list[str]
) -> None:
    first, last = client.new_list("A"), client.new_list("B")
    sandbox.fail(fault, calls=[Call.UPDATE, Call.DELETE, Call.COMPUTE_SIZES], times=3)
    sizes = client.call("POST", f"{SEGMENTS}/compute-sizes", {"data": [{"id": first}, {"id": last}]})
    renamed = [{"id": it, "attributes": {"name": f"new {it}"}} for it in (first, last)]
    changed = client.call("PATCH", SEGMENTS, {"data": renamed})
    deleted = client.call("POST", f"{SEGMENTS}/delete", {"data": [{"id": first}, {"id": last}]})
    for answer in (sizes, changed, deleted):
        assert answer.status_code == 200
        assert [it["id"] for it in answer.json()["data"]] == [first]
        assert codes(answer) == told
    assert [it.name for it in sandbox.lists()] == ["B"]


def test_every_list_is_found_once_over_the_pages(client: Client) -> None:
    made = [client.new_list(f"list {number}") for number in range(7)]
    pages = [client.search(f"?limit=3&offset={offset}").json() for offset in (0, 3, 6, 9)]
    assert [len(page["data"]) for page in pages] == [3, 3, 1, 0]
    assert [it["id"] for page in pages for it in page["data"]] == made
    assert [page["meta"]["totalItems"] for page in pages] == [7] * 4


def test_a_search_that_answers_late_shows_what_was(client: Client, sandbox: Sandbox) -> None:
    first = client.new_list("A")
    time.sleep(0.5)
    client.call("PATCH", SEGMENTS, {"data": [{"id": first, "attributes": {"name": "B"}}]})
    client.new_list("C")
    sandbox.fail(Fault.LATE, calls=Call.SEARCH, seconds=0.4)
    assert [it["attributes"]["name"] for it in client.search().json()["data"]] == ["A"]
    assert [it["attributes"]["name"] for it in client.search().json()["data"]] == ["B", "C"]


def test_filters_must_all_hold(client: Client) -> None:
    first, second = client.new_list("A", advertiser_id="2711"), client.new_list("A", advertiser_id="2712")

    def found(**filters: list[str]) -> list[str]:
        return [it["id"] for it in client.search(**filters).json()["data"]]

    assert found() == [first, second]
    assert found(advertiserIds=["2712"]) == [second]
    assert found(audienceSegmentIds=[first, "999"]) == [first]
    assert found(audienceSegmentIds=[first], advertiserIds=["2712"]) == []
    assert found(audienceSegmentTypes=["ContactList", "Location"]) == [first, second]
    assert found(audienceSegmentTypes=["Location"]) == []


@pytest.mark.parametrize("query", ["?limit=101", "?limit=-1", "?limit=many", "?offset=-1", "?limit=" + "9" * 5000])
def test_a_page_out_of_range_is_refused(client: Client, query: str) -> None:
    assert client.search(query).status_code == 400


def test_sizes_are_the_matches_of_each_list(client: Client) -> None:
    list_id = client.new_list()
    client.amend(list_id, "add", [f"person{number}@mail.example" for number in range(100)])
    matches = client.statistics(list_id).json()["data"]["attributes"]["numberOfMatches"]
    answer = client.call("POST", f"{SEGMENTS}/compute-sizes", {"data": [{"id": list_id}, {"id": "999"}]})
    assert [(it["id"], it["attributes"]) for it in answer.json()["data"]] == [(list_id, {"size": matches})]
    assert codes(answer) == ["segment-not-found"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{SEGMENTS}/create"),
        ("PATCH", SEGMENTS),
        ("POST", f"{SEGMENTS}/delete"),
        ("POST", f"{SEGMENTS}/search"),
        ("POST", f"{SEGMENTS}/compute-sizes"),
    ],
)
@pytest.mark.parametrize("body", [{}, {"data": 3}, {"data": [{"id": 12, "attributes": {}}]}, []])
def test_a_malformed_body_is_refused(client: Client, method: str, path: str, body: object) -> None:
    answer = client.call(method, path, body)
    assert answer.status_code == 400
    assert all(problem["type"] == "validation" for problem in answer.json()["errors"])


def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    answer = client.call(
        "POST", f"{SEGMENTS}/search", data=b"{", headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert (answer.status_code, codes(answer)) == (400, ["invalid-json"])


def test_a_body_of_another_content_type_is_refused(client: Client) -> None:
    answer = client.call("POST", f"{SEGMENTS}/search", data=b'{"data": {}}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/2026-01/advertisers/me", 410),
        ("/2023-10/advertisers/me", 410),
        ("/2027-01/advertisers/me", 404),
        ("/v1/advertisers/me", 404),
        ("/2026-07/advertisers/you", 404),
        ("/", 404),
    ],
)
def test_other_versions_and_paths_do_not_answer(client: Client, path: str, status: int) -> None:
    answer = client.call("GET", path)
    assert answer.status_code == status
    assert answer.json()["errors"]
