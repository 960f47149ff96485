"""The client on its own, as an analyst uses it: a line a question, and answers that show themselves."""

import polars as pl

from toolkit.criteo import Advertiser, ContactList, CriteoClient, FoundList, ListSize, Operation, Rows, Statistics
from toolkit.criteo.models import Acknowledgement, Answered
from toolkit.sandbox import Sandbox

from .conftest import ADVERTISER, hashes, new_list


def test_one_line_lists_advertisers_lists_and_statistics(sandbox: Sandbox) -> None:
    with CriteoClient(host=sandbox.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret) as criteo:
        list_id = criteo.find_or_create_list(ADVERTISER, name="A", description="mine").contact_list.id
        criteo.add(list_id, hashes(4))
        assert criteo.advertisers().frame["name"].to_list() == [
            "Fietsfabriek Noord",
            "Fietsfabriek Zuid",
            "Harbour Books",
        ]
        assert criteo.contact_lists(ADVERTISER).frame.row(0, named=True) == {
            "id": list_id,
            "name": "A",
            "description": "mine",
            "advertiser_id": ADVERTISER,
            "type": "ContactList",
        }
        assert criteo.statistics(list_id).frame["identifiers"].to_list() == [4]


def test_an_answer_shows_itself_as_a_table(client: CriteoClient) -> None:
    list_id = new_list(client, "A & <B>")
    client.add(list_id, hashes(2_000))
    shown = client.advertisers()._repr_html_()
    assert "Advertisers" in shown
    assert "Harbour Books" in shown
    assert "A &amp; &lt;B&gt;" in client.contact_lists(ADVERTISER)._repr_html_()
    assert "2,000" in client.statistics(list_id)._repr_html_()
    assert list_id in client.compute_sizes([list_id])._repr_html_()


def test_no_rows_are_a_table_too() -> None:
    frame = Rows(ListSize).frame
    assert frame.schema == {"id": pl.String, "size": pl.Int64}
    assert "Sizes" in Rows(ListSize)._repr_html_()


def test_every_kind_of_answer_is_a_row_of_its_types() -> None:
    values: list[Answered] = [
        Advertiser(id="1"),
        ContactList(id="1"),
        ListSize(id="1"),
        Statistics(identifiers=4, matches=3),
        Acknowledgement(operation=Operation.ADD, valid=7),
    ]
    for value in values:
        assert value.frame.height == 1
        assert value.frame.schema == Rows(type(value)).frame.schema
    assert values[3].frame["match_rate"].to_list() == [0.75]
    assert values[4].frame.schema["valid"] == pl.Int64


def test_a_found_list_says_what_it_is() -> None:
    assert "name='A'" in repr(FoundList(ContactList(id="1", name="A"), created=True))


def test_acknowledgements_add_up() -> None:
    one = Acknowledgement(operation=Operation.ADD, list_id="1", valid=3, invalid=1)
    both = one + one
    assert (both.valid, both.invalid, both.calls, both.list_id) == (6, 2, 2, "1")
