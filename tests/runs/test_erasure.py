"""A data subject request: one person leaves every list, and is kept out of later runs, without being written down."""

import hashlib
import importlib
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.criteo import CriteoClient
from toolkit.errors import ConfigurationError, DataError
from toolkit.sandbox import Sandbox

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def sha256(number: int) -> str:
    return hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest()


@pytest.fixture
def two_exports(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    tables.write(segments={"Few": ["C001", "C002"]})
    save_nightly(workspace, mode="append")
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save("Second", **(options | {"segments": ["Few"], "form": "md5"}))
    workspace.runs.start_all()
    return workspace


@pytest.mark.parametrize("person", [{"email": " Person1@MAIL.example"}, {"customer": "C001"}])
def test_the_person_leaves_every_list_and_stays_out(
    two_exports: toolkit.Workspace, held: Held, person: dict[str, str]
) -> None:
    forgotten = two_exports.forget(**person)
    assert forgotten.done
    assert forgotten.frame.select("export", "done").rows() == [("Nightly", True), ("Second", True)]
    assert (len(held("All")), len(held("Few"))) == (99, 1)
    two_exports.runs.start_all()
    assert (len(held("All")), len(held("Few"))) == (99, 1)
    assert sha256(1) not in held("All")
    runs = two_exports.runs.find("Nightly")
    assert runs["started_by"].to_list() == ["person", "data subject request", "person"]
    assert two_exports.runs[runs["run"][0]].frame["suppressed"].sum() == 1


def test_a_list_of_two_exports_and_types_is_one(workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
    profiles = tables.folder / "profiles.parquet"
    gum = "k-visitor-" + pl.col("CustomerId")
    pl.read_parquet(profiles).with_columns(Gum=gum).write_parquet(profiles)
    save_nightly(workspace, gum_column="Gum", gum_caller_id=57)
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    (contact_list, _) = workspace.runs.start("Nightly").raise_for_status().lists
    workspace.exports.save("Second", **(options | {"lists": {"All": str(contact_list.list_id)}}))
    workspace.runs.start("Second").raise_for_status()
    before = len(held("All"))
    forgotten = workspace.forget(customer="C001")
    assert (forgotten.removed, forgotten.lists, forgotten.frame.height) == (2, 1, 4)
    assert before - len(held("All")) == 2


def test_nothing_that_is_kept_names_the_person(two_exports: toolkit.Workspace) -> None:
    forgotten = two_exports.forget(email="person1@mail.example")
    kept = b"".join(it.read_bytes() for it in two_exports.path.rglob("*") if it.is_file())
    assert b"person1@" not in kept
    assert "person1" not in repr(forgotten) + forgotten._repr_html_()
    (row,) = two_exports.audit.frame.filter(action="forget person").rows(named=True)
    assert row["name"] == forgotten.entry
    assert json.loads(row["details"]).keys() == {"number", "sha256", "customers", "addresses"}


def test_an_address_that_the_profile_no_longer_has_leaves_by_the_customers_key(
    workspace: toolkit.Workspace, tables: Tables, held: Held
) -> None:
    save_nightly(workspace, mode="append")
    workspace.runs.start("Nightly").raise_for_status()
    profiles = tables.folder / "profiles.parquet"
    gone = pl.col("CustomerId") == "C001"
    pl.read_parquet(profiles).filter(~gone).write_parquet(profiles)
    assert workspace.forget(customer="C001").done
    assert sha256(1) not in held("All")


def test_plain_lists_are_told_the_address_itself(workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
    save_nightly(workspace, form="plain", mode="append")
    workspace.runs.start("Nightly").raise_for_status()
    assert workspace.forget(customer="C001").done
    assert "person1@mail.example" not in held("All")
    profiles = tables.folder / "profiles.parquet"
    pl.read_parquet(profiles).filter(pl.col("CustomerId") != "C002").write_parquet(profiles)
    unnamed = workspace.forget(customer="C002")
    assert not unnamed.done
    assert "mode='replace'" in unnamed.frame["what"].item()
    workspace.runs.start("Nightly", mode="replace").raise_for_status()
    assert held("All") == {f"person{number}@mail.example" for number in range(100) if number not in (1, 2)}


def test_a_list_of_two_forms_is_told_until_sent_anew(workspace: toolkit.Workspace, held: Held) -> None:
    for form in ("plain", "sha256"):
        save_nightly(workspace, form=form, mode="append")
        workspace.runs.start("Nightly").raise_for_status()
    forgotten = workspace.forget(customer="C001")
    assert not forgotten.done
    assert sha256(1) not in held("All")
    assert "both plain values and hashes" in forgotten.frame["what"].item()
    workspace.runs.start("Nightly", mode="replace").raise_for_status()
    assert held("All") == {sha256(number) for number in range(100) if number != 1}
    assert workspace.forget(customer="C001").done


def test_lists_of_a_removed_export_are_left_too(two_exports: toolkit.Workspace, held: Held) -> None:
    two_exports.exports.remove("Nightly")
    assert two_exports.forget(email="person1@mail.example").done
    assert sha256(1) not in held("All")


def test_lists_at_the_host_of_before_are_left_too(
    workspace: toolkit.Workspace, other_criteo: Sandbox, held: Held
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.connections.connect(
        "Other",
        host=other_criteo.url,
        client_id=other_criteo.client_id,
        client_secret=other_criteo.client_secret,
        i_agree=True,
    )
    save_nightly(workspace, connection="Other")
    workspace.runs.start("Nightly").raise_for_status()
    # Both hosts give their first list one and the same number.
    forgotten = workspace.forget(customer="C001")
    assert forgotten.frame.select("connection", "outcome").rows() == [("Sandbox", "removed"), ("Other", "removed")]
    assert len(held("All")) == len(other_criteo.identifiers(other_criteo.lists()[0].id)) == 99
    workspace.connections.remove("Sandbox")
    forgotten = workspace.forget(customer="C002")
    assert forgotten.frame["outcome"].to_list() == ["not done", "removed"]
    assert not forgotten.done


def test_another_account_is_not_asked(two_exports: toolkit.Workspace, criteo: Sandbox, held: Held) -> None:
    advertiser = two_exports.exports["Nightly"].advertiser_id
    assert advertiser is not None
    criteo.withdraw_consent(advertiser)
    two_exports.connections.connect(
        "Another", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
    )
    criteo.give_consent(advertiser)
    two_exports.connections.remove("Sandbox", exports="detach")
    forgotten = two_exports.forget(customer="C001")
    assert forgotten.frame.select("connection", "outcome").rows() == [("", "not done"), ("", "not done")]
    assert not forgotten.done
    assert sha256(1) in held("All")


def test_an_export_that_never_ran_has_no_list(two_exports: toolkit.Workspace) -> None:
    save_nightly(two_exports)
    two_exports.exports.duplicate("Nightly", "Idle")
    forgotten = two_exports.forget(customer="C001")
    assert forgotten.frame["export"].to_list() == ["Nightly", "Second"]
    assert forgotten.done


def test_a_list_that_cannot_be_reached_is_told_and_asked_again(
    two_exports: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    criteo.withdraw_consent(two_exports.exports["Nightly"].advertiser_id)
    forgotten = two_exports.forget(email="person1@mail.example")
    assert not forgotten.done
    assert set(forgotten.frame["done"]) == {False}
    assert forgotten.frame["what"].str.contains("consent").all()
    criteo.give_consent(two_exports.exports["Nightly"].advertiser_id)
    assert two_exports.forget(email="person1@mail.example").done
    assert sha256(1) not in held("All")


def test_a_person_is_named_in_one_way(workspace: toolkit.Workspace) -> None:
    with pytest.raises(ConfigurationError):
        workspace.forget()


@pytest.mark.parametrize("form", ["sha256", "md5", "sha256_of_md5", "plain"])
@pytest.mark.parametrize("known_by", ["plain", "sha256", "md5", "sha256_of_md5", "customer"])
def test_a_suppression_list_holds_in_every_form(
    workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, form: str, known_by: str
) -> None:
    address = "person5@mail.example"
    md5 = hashlib.md5(address.encode()).hexdigest()
    value = {
        "plain": f"{address.upper()} ",
        "sha256": sha256(5).upper(),
        "md5": md5,
        "sha256_of_md5": hashlib.sha256(md5.encode()).hexdigest(),
        "customer": "C005",
    }[known_by]
    pl.DataFrame({"who": [value, None]}).write_csv(tmp_path / "out.csv")
    column = {"customer_column" if known_by == "customer" else "email_column": "who"}
    workspace.suppressions.add(tmp_path / "out.csv", **column, skip_unusable=True)
    left_out = workspace.preview("All", email_column="EMail", form=form).left_out
    assert left_out.select("customer", "status").rows() == [("C005", "suppressed")]
    assert workspace.suppressions.frame.select("customers", "addresses").sum().row(0)[0] == (known_by == "customer")


def test_a_list_that_lacks_the_column_is_told(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    people = pl.DataFrame({"mail": ["a@x.example"]})
    with pytest.raises(ConfigurationError):
        workspace.suppressions.add(people, email_column="email")
    with pytest.raises(ConfigurationError):
        workspace.suppressions.add(people)
    (tmp_path / "broken.parquet").write_bytes(b"a@x.example is no table")
    with pytest.raises(DataError) as raised:
        workspace.suppressions.add(tmp_path / "broken.parquet", email_column="email")
    assert "a@x.example" not in str(raised.value)


class TestFinding:
    @pytest.fixture
    def databases(self) -> None:
        """Who is found is the same on every database."""

    @pytest.fixture
    def database(self) -> None:
        return None

    def test_goes_by_an_address_of_before(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        emails = {f"C{number:03}": f"person{number}@mail.example" for number in range(100)}
        tables.write(emails | {"C001": "new@mail.example"})
        forgotten = workspace.forget(email="person1@mail.example")
        assert (forgotten.customers, forgotten.identifiers, forgotten.lists, forgotten.removed) == (1, 2, 1, 1)
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 99
        tables.write(emails | {"C001": None, "C002": "new@mail.example", "C003": "person1@mail.example"})
        left_out = workspace.preview("All", email_column="EMail").left_out
        assert dict(left_out.select("customer", "suppressed_by").rows()) == {
            "C001": "customer key",
            "C002": "identifier",
            "C003": "identifier",
        }

    def test_goes_by_customers_who_are_gone(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        save_nightly(workspace, mode="append")
        workspace.runs.start("Nightly").raise_for_status()
        tables.write({f"C{number:03}": f"person{number}@mail.example" for number in range(2, 100)})
        forgotten = workspace.forget(customer="C001")
        assert (forgotten.customers, forgotten.identifiers, forgotten.removed) == (1, 1, 1)
        assert sha256(1) not in held("All")
        tables.write({"C900": "person1@mail.example"}, {"All": ["C900"]})
        assert workspace.preview("All", email_column="EMail").left_out["suppressed_by"].to_list() == ["identifier"]

    @pytest.mark.parametrize("person", [{"email": "stranger@mail.example"}, {"customer": "X77"}])
    def test_of_nobody_confirms_no_removal(
        self, workspace: toolkit.Workspace, held: Held, person: dict[str, str]
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        forgotten = workspace.forget(**person)
        assert (forgotten.found, forgotten.customers, forgotten.removed, forgotten.lists) == (False, 0, 0, 0)
        assert forgotten.frame["outcome"].to_list() == ["not found"]
        assert "removed" not in repr(forgotten).splitlines()[0].lower()
        assert len(held("All")) == 100

    @pytest.mark.parametrize(
        "person",
        [
            {"email": ""},
            {"email": "nobody"},
            {"email": "Jan Jansen"},
            {"email": "<person1@mail.example>"},
            {"customer": ""},
            {"customer": "  "},
            {"customer": "c001"},
            {"customer": " C001"},
            {"customer": "{C001}"},
            {"customer": "00C001"},
        ],
    )
    def test_refuses_what_is_none_or_nearly_one(
        self, workspace: toolkit.Workspace, held: Held, person: dict[str, str]
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        with pytest.raises(ConfigurationError) as raised:
            workspace.forget(**person)
        assert ("'C001'" in str(raised.value)) == bool(person.get("customer", "").strip())
        assert "person1@" not in str(raised.value)
        assert workspace.suppressions.frame.is_empty()
        assert len(held("All")) == 100

    def test_takes_the_hash_of_an_address(self, workspace: toolkit.Workspace, held: Held) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        forgotten = workspace.forget(email=sha256(1).upper())
        assert (forgotten.done, forgotten.customers, forgotten.removed) == (True, 1, 1)
        assert sha256(1) not in held("All")

    def test_asked_again_makes_no_second_entry(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        first, second = workspace.forget(customer="C001"), workspace.forget(customer="C001")
        assert first.entry == second.entry
        assert second.frame["outcome"].to_list() == ["not found"]
        assert workspace.suppressions.frame.height == 1

    def test_of_unreadable_profiles_keeps_the_person_out(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        profiles = tables.folder / "profiles.parquet"
        content = profiles.read_bytes()
        profiles.unlink()
        forgotten = workspace.forget(email="person1@mail.example")
        assert not forgotten.done
        assert forgotten.problems
        assert sha256(1) not in held("All")
        profiles.write_bytes(content)
        workspace.runs.start("Nightly").raise_for_status()
        assert sha256(1) not in held("All")


class TestLeaving:
    @pytest.fixture
    def databases(self) -> None:
        """What is sent is the same on every database."""

    @pytest.fixture
    def database(self) -> None:
        return None

    def test_takes_all_types_of_identifiers(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        phones = [f"6D92078A-8246-4ba4-ae5b-{number:012x}" for number in range(100)]
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).with_columns(Phone=pl.Series(phones)).write_parquet(profiles)
        save_nightly(workspace, madid_column="Phone", mode="append")
        workspace.runs.start("Nightly").raise_for_status()
        before = held("All")
        forgotten = workspace.forget(email="person1@mail.example")
        assert len(before) - len(held("All")) == forgotten.removed
        assert sha256(1) not in held("All")
        if forgotten.done:
            assert {it.lower() for it in held("All")}.isdisjoint({phones[1].lower()})
        save_nightly(workspace, mode="append")
        left_out = workspace.preview("All", email_column="EMail").left_out
        assert left_out["customer"].to_list() == ["C001"]

    def test_is_told_within_ten_seconds(self, two_exports: toolkit.Workspace) -> None:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        with pytest.MonkeyPatch.context() as patch:
            # The package has a function of the module's name.
            module = importlib.import_module("toolkit.runs.erasure")
            patch.setattr(module, "client_of", lambda credentials, **options: _closed(port, **options))
            begun = time.monotonic()
            forgotten = two_exports.forget(email="person1@mail.example")
        assert time.monotonic() - begun < 10
        assert forgotten.frame["outcome"].to_list() == ["not done", "not done"]
        assert two_exports.suppressions.frame.height == 1
        assert two_exports.forget(email="person1@mail.example").done

    def test_waits_for_no_run_that_goes_on(self, workspace: toolkit.Workspace, held: Held) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        said: list[toolkit.runs.Forgotten] = []

        def ask(progress: object) -> None:
            if not said:
                said.append(workspace.forget(customer="C001"))

        workspace.runs.start("Nightly", observer=ask).raise_for_status()
        assert said[0].frame["outcome"].to_list() == ["not done"]
        assert workspace.forget(customer="C001").frame["done"].all()
        assert sha256(1) not in held("All")


def _closed(port: int, **options: object) -> CriteoClient:
    """A client of an address where nobody listens."""
    return CriteoClient(host=f"http://127.0.0.1:{port}", client_id="a", client_secret="b", **options)
