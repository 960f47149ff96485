"""Finding the list of a name, or making it: once, whoever else does the same."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import toolkit
from tests.raising import raises
from toolkit.criteo import CriteoClient, ListChange, NewList
from toolkit.errors import ErrorCode, ListGoneError
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

from .conftest import ADVERTISER, GIVES_UP, Connect, new_list
from .scripted import Answer, Scripted

TAKEN = Answer(body={"data": None, "errors": [{"code": "name-must-be-unique", "title": "Taken"}]})


def calls(sandbox: Sandbox, kind: Call) -> int:
    return sum(1 for it in sandbox.requests() if it.call is kind)


def page(*names: str, total: int | None, first: int = 1) -> Answer:
    data = [
        {"id": str(number), "attributes": {"name": name, "type": "ContactList"}}
        for number, name in enumerate(names, first)
    ]
    return Answer(body={"data": data, "meta": {} if total is None else {"totalItems": total}})


def test_a_list_is_made_once_and_found_again(client: CriteoClient, sandbox: Sandbox, connect: Connect) -> None:
    made = client.find_or_create_list(ADVERTISER, name="A", description="first")
    again = connect(sandbox).find_or_create_list(ADVERTISER, name="A", description="second")
    assert (made.created, again.created) == (True, False)
    assert made.contact_list == again.contact_list


def test_advertisers_have_names_of_their_own(client: CriteoClient, sandbox: Sandbox) -> None:
    for advertiser in ("2711", "2712"):
        assert client.find_or_create_list(advertiser, name="A", description="").created
    assert len(sandbox.lists()) == 2


def test_all_pages_are_searched_once_for_all_names(client: CriteoClient, sandbox: Sandbox, connect: Connect) -> None:
    for number in range(201):
        new_list(client, f"list {number}")
    searches = calls(sandbox, Call.SEARCH)
    other = connect(sandbox)
    for number in (200, 0, 100):
        assert not other.find_or_create_list(ADVERTISER, name=f"list {number}", description="").created
    assert calls(sandbox, Call.SEARCH) - searches == 3
    assert len(other.contact_lists(ADVERTISER)) == 201


def test_a_known_list_is_found_by_its_id_whatever_its_name(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client, "renamed by somebody")
    found = client.find_or_create_list(ADVERTISER, name="A", description="", known_id=list_id)
    assert (found.contact_list.id, found.contact_list.name, found.created) == (list_id, "renamed by somebody", False)
    assert len(sandbox.lists()) == 1


def test_a_known_list_that_was_deleted_is_never_made_anew_in_silence(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    sandbox.delete_list(list_id)
    with raises(ErrorCode.LIST_GONE, names=(list_id, "if_list_gone='remake'")):
        client.find_or_create_list(ADVERTISER, name="a list", description="", known_id=list_id)
    assert sandbox.lists() == []


def test_a_list_that_may_not_be_seen_any_more_is_not_said_to_be_gone(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    sandbox.withdraw_consent(ADVERTISER)
    with raises(ErrorCode.ACCESS, names="administrator"):
        client.find_or_create_list(ADVERTISER, name="a list", description="", known_id=list_id)


def test_a_list_that_a_search_does_not_show_yet_is_there(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page(total=0), Answer(body={"data": {"attributes": {"numberOfIdentifiers": 1}}}))
    assert connect(scripted).contact_list("12").id == "12"


@pytest.mark.parametrize("call", ["add", "remove", "clear", "statistics", "rename", "delete_list", "contact_list"])
def test_a_list_deleted_in_between_is_said_to_be_gone(client: CriteoClient, sandbox: Sandbox, call: str) -> None:
    list_id = new_list(client)
    sandbox.delete_list(list_id)
    arguments = {"add": (["a@b.example"],), "remove": (["a@b.example"],)}.get(call, ())
    named = {"name": "A", "description": ""} if call == "rename" else {}
    with raises(ErrorCode.LIST_GONE, names=list_id):
        getattr(client, call)(list_id, *arguments, **named)


def test_an_empty_404_on_a_list_means_that_it_is_gone(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(404))
    with raises(ErrorCode.LIST_GONE, names=("12", 404)):
        connect(scripted).clear("12")


def test_a_search_that_fails_in_part_does_not_say_that_a_list_is_gone(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(body={"data": None, "errors": [{"code": "search-broken", "title": "Broken"}]}))
    with raises(ErrorCode.CONFIGURATION, names="search-broken"):
        connect(scripted).contact_list("12")


@pytest.mark.parametrize("times", [1, 3])
def test_a_create_that_was_done_but_not_answered_leaves_one_list(
    client: CriteoClient, sandbox: Sandbox, times: int
) -> None:
    sandbox.fail(Fault.DROP_AFTER, calls=Call.CREATE, times=times)
    found = client.find_or_create_list(ADVERTISER, name="A", description="mine")
    assert [(it.id, it.description) for it in sandbox.lists()] == [(found.contact_list.id, "mine")]


@pytest.mark.parametrize("fault", [Fault.HTTP_500, Fault.HTTP_503, Fault.DROP_BEFORE, Fault.NOT_JSON, Fault.HTTP_401])
def test_a_create_that_failed_is_tried_again(client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.fail(fault, calls=Call.CREATE)
    assert client.find_or_create_list(ADVERTISER, name="A", description="").created
    assert len(sandbox.lists()) == 1


def test_a_list_that_somebody_made_in_between_is_taken(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page("other", total=1), TAKEN, page("other", "A", total=2))
    found = connect(scripted).find_or_create_list(ADVERTISER, name="A", description="")
    assert (found.contact_list.id, found.created) == ("2", False)


def test_a_name_that_something_else_has_is_said_to_be_taken(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page(total=0), TAKEN, page(total=0))
    with raises(ErrorCode.CONFIGURATION, names="A"):
        connect(scripted).find_or_create_list(ADVERTISER, name="A", description="")


def test_an_empty_name_is_refused(client: CriteoClient) -> None:
    with raises(ErrorCode.CONFIGURATION, names="name-must-not-be-empty"):
        client.find_or_create_list(ADVERTISER, name=" ", description="")


def test_an_answer_with_fewer_lists_than_asked_for_is_no_success(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page(total=0), Answer(body={"data": [], "errors": [], "warnings": []}))
    with raises(ErrorCode.UNAVAILABLE):
        connect(scripted).find_or_create_list(ADVERTISER, name="A", description="")


def test_pages_are_read_to_their_end_without_a_total(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page("A", "B", total=None), page("C", total=None, first=3), page(total=None))
    assert [it.name for it in connect(scripted).contact_lists(ADVERTISER)] == ["A", "B", "C"]


def test_pages_that_shift_are_read_again(scripted: Scripted, connect: Connect) -> None:
    # A was deleted after the first page was read, and so C is on no later page.
    scripted.answer(page("A", "B", total=4), page("D", total=3, first=4), page("B", "C", "D", total=3, first=2))
    assert [it.name for it in connect(scripted).contact_lists(ADVERTISER)] == ["A", "B", "D", "C"]


def test_a_server_that_gives_the_same_page_for_ever_is_not_asked_for_ever(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(page("A", "B", total=1_000))
    assert [it.name for it in connect(scripted).contact_lists(ADVERTISER)] == ["A", "B"]


def test_segments_of_other_kinds_are_left_out(scripted: Scripted, connect: Connect) -> None:
    kinds = ["ContactList", "Lookalike", "SomethingNew", None]
    data = [{"id": str(number), "attributes": {"type": kind}} for number, kind in enumerate(kinds)]
    scripted.answer(Answer(body={"data": data, "meta": {"totalItems": 4}}))
    assert [it.id for it in connect(scripted).contact_lists(ADVERTISER)] == ["0", "3"]


def test_threads_that_want_one_list_get_one_list(client: CriteoClient, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_list(client), range(8)))
    assert made == [sandbox.lists()[0].id] * 8
    assert len(sandbox.lists()) == 1


def test_two_processes_that_want_one_list_get_one_list(sandbox: Sandbox) -> None:
    code = (
        "import sys\n"
        "from toolkit.criteo import CriteoClient\n"
        "host, client_id, secret = sys.argv[1:]\n"
        "with CriteoClient(host=host, client_id=client_id, client_secret=secret) as criteo:\n"
        "    criteo.advertisers()\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    found = criteo.find_or_create_list('2711', name='A', description='')\n"
        "    print(found.contact_list.id, found.created)\n"
    )
    command = [sys.executable, "-c", code, sandbox.url, sandbox.client_id, sandbox.client_secret]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    # Both have looked, and found nothing, before either makes the list.
    sandbox.fail(Fault.SLOW, calls=Call.SEARCH, times=2, seconds=1.5)
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in processes]
    (held,) = sandbox.lists()
    assert sorted(said) == [[held.id, "False"], [held.id, "True"]]
    assert calls(sandbox, Call.CREATE) == 2


class TestManyAtOnce:
    def test_a_hundred_a_call_are_made_found_and_changed(self, client: CriteoClient, sandbox: Sandbox) -> None:
        new = [NewList(ADVERTISER, f"list {number}", "first") for number in range(201)]
        made = client.create_lists(new)
        assert [made[it].name for it in new] == [it.name for it in new]
        ids = [it.id for it in made.values()]
        assert list(client.lists_by_id([*ids, "999", ids[0]])) == ids
        client.change_lists([ListChange(it, description="second") for it in ids])
        client.change_lists([ListChange(ids[0], name="other")])
        assert {it.description for it in sandbox.lists()} == {"second"}
        assert client.list_named(ADVERTISER, "list 0") is None
        assert [calls(sandbox, it) for it in (Call.CREATE, Call.SEARCH, Call.UPDATE)] == [3, 3 + 3, 4]

    def test_nothing_asks_nothing(self, client: CriteoClient, sandbox: Sandbox) -> None:
        assert (client.create_lists([]), client.lists_by_id([])) == ({}, {})
        client.change_lists([])
        assert sandbox.requests() == []

    def test_names_that_are_taken_are_left_out(self, client: CriteoClient, sandbox: Sandbox) -> None:
        new_list(client, "taken")
        free, taken = NewList(ADVERTISER, "free", ""), NewList(ADVERTISER, "taken", "")
        assert list(client.create_lists([taken, free])) == [free]

    def test_other_refusals_are_errors(self, client: CriteoClient) -> None:
        with raises(ErrorCode.CONFIGURATION, names="name-must-not-be-empty"):
            client.create_lists([NewList(ADVERTISER, "A", ""), NewList(ADVERTISER, " ", "")])

    def test_a_list_that_is_gone_is_told_and_others_change(self, client: CriteoClient, sandbox: Sandbox) -> None:
        kept = new_list(client)
        with pytest.raises(ListGoneError):
            client.change_lists([ListChange("999", description="x"), ListChange(kept, description="x")])
        assert [it.description for it in sandbox.lists()] == ["x"]

    @pytest.mark.parametrize("fault", [Fault.IN_PART, Fault.IN_SILENCE])
    def test_what_is_left_out_is_named(self, client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
        made = client.create_lists([NewList(ADVERTISER, f"list {number}", "") for number in range(3)])
        ids = [it.id for it in made.values()]
        sandbox.fail(fault, calls=Call.UPDATE)
        with pytest.raises((toolkit.ConfigurationError, toolkit.UnavailableError), match=ids[-1]):
            client.change_lists([ListChange(it, description="changed") for it in ids])
        assert [it.description for it in sandbox.lists()] == ["changed", "changed", ""]

    @pytest.mark.parametrize("fault", [Fault.IN_PART, Fault.IN_SILENCE])
    def test_a_list_that_is_not_made_is_no_success(self, client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
        new = [NewList(ADVERTISER, f"list {number}", "") for number in range(3)]
        sandbox.fail(fault, calls=Call.CREATE)
        with pytest.raises((toolkit.ConfigurationError, toolkit.UnavailableError)):
            client.create_lists(new)
        assert [it.name for it in sandbox.lists()] == ["list 0", "list 1"]
        assert {it.name for it in client.create_lists(new)} == {"list 2"}

    def test_a_change_without_an_answer_is_no_success(self, scripted: Scripted, connect: Connect) -> None:
        scripted.answer(Answer(body={"data": [{"id": "1"}], "errors": []}))
        with raises(ErrorCode.UNAVAILABLE):
            connect(scripted).change_lists([ListChange("1", name="A"), ListChange("2", name="B")])

    def test_what_is_too_large_goes_in_halves(self, connect: Connect) -> None:
        with start(options=SandboxOptions(max_body_bytes=2_000)) as narrow:
            client = connect(narrow)
            made = client.create_lists([NewList(ADVERTISER, f"list {number}", "x" * 100) for number in range(20)])
            client.change_lists([ListChange(it.id, description="y" * 100) for it in made.values()])
            assert {it.description for it in narrow.lists()} == {"y" * 100}
            assert len(made) == 20

    @pytest.mark.parametrize("call", [Call.CREATE, Call.UPDATE])
    def test_what_was_done_but_not_answered_is_done_once(
        self, client: CriteoClient, sandbox: Sandbox, call: Call
    ) -> None:
        sandbox.fail(Fault.DROP_AFTER, calls=call)
        client.create_lists([NewList(ADVERTISER, "A", "first")])
        (made,) = sandbox.lists()
        client.change_lists([ListChange(made.id, description="second")])
        assert [(it.name, it.description) for it in sandbox.lists()] == [("A", "second")]


def test_impatience_with_a_create_loses_nothing(client: CriteoClient, sandbox: Sandbox, connect: Connect) -> None:
    sandbox.fail(Fault.DROP_AFTER, calls=Call.CREATE)
    with raises(ErrorCode.UNAVAILABLE):
        connect(sandbox, patience=GIVES_UP).find_or_create_list(ADVERTISER, name="A", description="")
    assert not client.find_or_create_list(ADVERTISER, name="A", description="").created
