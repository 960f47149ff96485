"""Answers that are not as described: passed over where they may be, an error of ours where not."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raising import raises
from toolkit.criteo import Acknowledgement, Advertiser, ContactList, CriteoClient, NoticeKind, Statistics
from toolkit.errors import ErrorCode, ToolkitError

from .conftest import ADVERTISER, GIVES_UP, Connect
from .scripted import Answer, Scripted


def acknowledged(scripted: Scripted, connect: Connect, **attributes: object) -> Acknowledgement:
    scripted.answer(Answer(body={"data": {"type": "ContactlistAmendment", "attributes": attributes}}))
    return connect(scripted).add("12", ["a@b.example"])


@pytest.mark.parametrize("list_id", [12, "12", None])
def test_the_id_of_a_list_is_a_number_or_a_text(scripted: Scripted, connect: Connect, list_id: object) -> None:
    assert acknowledged(scripted, connect, contactListId=list_id).list_id == "12"


def test_nulls_count_as_nothing(scripted: Scripted, connect: Connect) -> None:
    found = acknowledged(
        scripted,
        connect,
        nbValidIdentifiers=None,
        nbInvalidIdentifiers=None,
        sampleInvalidIdentifiers=None,
        requestDate=None,
        identifierType=None,
    )
    assert (found.valid, found.invalid, found.requested_at) == (0, 0, "")


def test_unknown_fields_and_values_are_passed_over(scripted: Scripted, connect: Connect) -> None:
    found = acknowledged(
        scripted, connect, operation="upsert", identifierType="palmPrint", nbValidIdentifiers="1", rating={"stars": 5}
    )
    assert (found.operation, found.valid) == ("add", 1)


def test_a_sample_of_what_was_sent_is_not_kept(scripted: Scripted, connect: Connect) -> None:
    found = acknowledged(scripted, connect, sampleInvalidIdentifiers=["ada@mail.example"])
    assert "ada@mail.example" not in repr(found) + found.model_dump_json()


@pytest.mark.parametrize("data", [None, [], {}])
def test_no_advertisers_are_none(scripted: Scripted, connect: Connect, data: object) -> None:
    scripted.answer(Answer(body={"data": data if data != {} else None, "errors": None, "warnings": None}))
    assert connect(scripted).advertisers() == []


def test_ids_that_are_numbers_become_texts(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": [{"id": 13, "attributes": {"advertiserName": None, "new": []}}, None, "odd"]}))
    assert connect(scripted).advertisers() == [Advertiser(id="13", name="")]


def test_a_list_may_be_all_but_empty(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": [{"id": 13, "attributes": None}], "meta": None}), Answer(body={"data": None}))
    assert connect(scripted).contact_lists(ADVERTISER) == [ContactList(id="13")]


@pytest.mark.parametrize("rate", [0.7, 70, "70", None, "high", []])
def test_a_match_rate_is_taken_as_it_comes(scripted: Scripted, connect: Connect, rate: object) -> None:
    attributes = {"numberOfIdentifiers": 10, "numberOfMatches": 7, "matchRate": rate}
    scripted.answer(Answer(body={"data": {"id": "12", "type": "New", "attributes": attributes}}))
    found = connect(scripted).statistics("12")
    assert found.match_rate == 0.7
    assert found.stated_match_rate in {0.7, 70, None}


def test_statistics_may_be_missing(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": {"attributes": None}}))
    assert connect(scripted).statistics("12") == Statistics()


@pytest.mark.parametrize("life", [None, "soon", 0, -5, "900", "inf"])
def test_a_token_of_unknown_life_is_a_token(scripted: Scripted, connect: Connect, life: object) -> None:
    scripted.token_answers = [Answer(body={"access_token": "t", "expires_in": life})]
    client = connect(scripted)
    client.advertisers()
    client.advertisers()
    assert len(scripted.received) == 3


@pytest.mark.parametrize("token", [None, 7, "two\nlines", "tøken"])
def test_what_is_no_token_is_not_sent(scripted: Scripted, connect: Connect, token: object) -> None:
    scripted.token_answers = [Answer(body={"access_token": token})]
    with raises(ErrorCode.UNAVAILABLE):
        connect(scripted, patience=GIVES_UP).advertisers()
    assert scripted.calls == []


def test_warnings_and_headers_of_the_end_are_noticed_once(scripted: Scripted, connect: Connect) -> None:
    headers = {"Deprecation": "@1830297600", "Sunset": "Sat, 31 Jul 2027 00:00:00 GMT"}
    warnings = [
        {"code": "list-small", "title": "Small list", "traceId": "t-1"},
        {"code": "list-small", "title": "Small list"},
    ]
    scripted.answer(Answer(body={"data": [], "warnings": warnings}, headers=headers))
    client = connect(scripted)
    client.advertisers()
    client.contact_lists(ADVERTISER)
    assert [str(it) for it in client.notices] == [
        "Criteo says of this version of its API: Deprecation @1830297600.",
        "Criteo says of this version of its API: Sunset Sat, 31 Jul 2027 00:00:00 GMT.",
        "Criteo warns of list the advertisers: status 200 (list-small Small list), trace t-1.",
    ]


def test_warnings_beside_an_error_are_noticed_too(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(403, {"errors": [], "warnings": [{"code": "consent-ends"}]}))
    client = connect(scripted)
    with pytest.raises(ToolkitError):
        client.advertisers()
    assert client.notices[0].kind is NoticeKind.WARNING
    assert "consent-ends" in client.notices[0].text


KEYS = st.sampled_from(
    [
        *["data", "errors", "warnings", "meta", "id", "type", "attributes", "code", "title", "traceId", "totalItems"],
        *["name", "size", "contactListId", "nbValidIdentifiers", "numberOfIdentifiers", "advertiserName", "matchRate"],
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
CALLS: list[Callable[[CriteoClient], object]] = [
    lambda client: client.advertisers().frame,
    lambda client: client.contact_lists(ADVERTISER).frame,
    lambda client: client.contact_list("12").frame,
    lambda client: client.find_or_create_list(ADVERTISER, name="A", description=""),
    lambda client: client.add("12", ["a@b.example"]).frame,
    lambda client: client.statistics("12").frame,
    lambda client: client.compute_sizes(["12"]).frame,
    lambda client: client.rename("12", name="A", description=""),
    lambda client: client.clear("12"),
]


@pytest.fixture(scope="module")
def odd() -> Iterator[Scripted]:
    with Scripted() as server:
        # Far more calls are made here than Criteo would allow in a minute.
        headers = {"x-ratelimit-limit": "1000000"}
        server.token_answers = [Answer(body=server.token_answers[0].body, headers=headers)]
        yield server


@pytest.mark.parametrize("number", range(len(CALLS)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.fixed_dictionaries(
        {"data": ANYTHING}, optional={"errors": ANYTHING, "meta": ANYTHING, "warnings": ANYTHING}
    ),
    status=st.sampled_from([200, 200, 200, 201, 400, 500]),
)
def test_no_answer_at_all_raises_anything_but_our_errors(
    odd: Scripted, connect: Connect, number: int, body: object, status: int
) -> None:
    odd.answer(Answer(status, body))
    client = connect(odd, patience=GIVES_UP)
    with client, suppress(ToolkitError):
        CALLS[number](client)
