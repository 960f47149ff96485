"""A person is excluded, not an identifier: whoever is linked with somebody who is out, is out under everything."""

import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.audience import Excluded, HashFormat, IdentityColumn, Suppression, build_audience
from toolkit.audience import excluded as excluded_module
from toolkit.audience.excluded import find_excluded, find_excluded_by_identifier
from toolkit.errors import DataError
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.identifiers.types.madid import TYPE as MADID

MAIL = IdentityColumn("Mail", EMAIL)
PHONE = IdentityColumn("Phone", MADID)


def phone(number: int) -> str:
    return f"6d92078a-8246-4ba4-ae5b-{number:012x}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def found(
    rows: list[tuple[object, str | None, str | None]],
    *,
    suppression: Suppression | None = None,
    members: list[object] | None = None,
    columns: tuple[IdentityColumn, ...] = (MAIL, PHONE),
    key_type: type[pl.DataType] = pl.String,
) -> dict[object, str]:
    profiles = pl.LazyFrame(rows, schema={"Key": key_type, "Mail": pl.String, "Phone": pl.String}, orient="row")
    excluded: Excluded = find_excluded(
        profiles,
        profile_key="Key",
        columns=columns,
        suppression=suppression or Suppression.nobody(),
        members=None if members is None else pl.Series("customer", members, dtype=key_type),
    )
    return dict(excluded.customers.cast({"suppressed_by": pl.String}).iter_rows())


def of_address(*values: str) -> Suppression:
    return Suppression.of_identifiers(EMAIL, pl.Series(values))


class TestReasons:
    ROWS = (
        ("by key", "key@x.example", phone(1)),
        ("by address", "Mail@x.example ", None),
        ("by phone", None, phone(2).upper()),
        ("in segment", "segment@x.example", None),
        ("shares a phone", "other@x.example", phone(1)),
        ("shares an address", "segment@X.example", phone(3)),
        ("free", "free@x.example", phone(4)),
        ("nobody", None, None),
    )

    def test_tell_by_what(self) -> None:
        suppression = (
            Suppression.of_customers(pl.Series(["by key", "gone"]))
            + of_address("mail@x.example")
            + Suppression.of_identifiers(MADID, pl.Series([phone(2)]))
        )
        assert found(list(self.ROWS), suppression=suppression, members=["in segment", "gone too"]) == {
            "by key": "customer key",
            "by address": "identifier",
            "by phone": "identifier",
            "in segment": "excluded segment",
            "shares a phone": "shared identifier",
            "shares an address": "shared identifier",
        }

    def test_name_the_first_that_holds(self) -> None:
        suppression = Suppression.of_customers(pl.Series(["a"])) + of_address("a@x.example")
        assert found([("a", "a@x.example", None)], suppression=suppression, members=["a"]) == {"a": "customer key"}

    def test_nobody_is_linked_by_what_is_no_identifier(self) -> None:
        rows = [("a", "none", "-"), ("b", "none", "-"), ("c", "", "0" * 8), ("d", " ", None)]
        assert found(rows, members=["a", "c"]) == {"a": "excluded segment", "c": "excluded segment"}

    def test_a_phone_of_zeros_links_nobody(self) -> None:
        zeros = "00000000-0000-0000-0000-000000000000"
        assert found([("a", None, zeros), ("b", None, zeros)], members=["a"]) == {"a": "excluded segment"}


class TestChains:
    def test_end_where_nothing_is_shared(self) -> None:
        rows = [(f"{it}", f"p{(it + 1) // 2}@x.example", phone(it // 2)) for it in range(9)]
        assert set(found(rows, members=["0"])) == {f"{it}" for it in range(9)}
        assert set(found(rows, members=["0"], columns=(MAIL,))) == {"0"}

    def test_of_one_address_in_all_forms(self) -> None:
        address = "ann@x.example"
        forms = [address, sha256(address).upper(), md5(address), sha256(md5(address))]
        rows = [(f"{number}", it, None) for number, it in enumerate(forms)]
        for seed in range(4):
            assert set(found(rows, members=[f"{seed}"], columns=(MAIL,))) == {"0", "1", "2", "3"}
            assert set(found(rows, suppression=of_address(forms[seed]), columns=(MAIL,))) == {"0", "1", "2", "3"}

    def test_that_are_too_long_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(excluded_module, "MOST_STEPS", 3)
        rows = [(f"{it}", f"p{(it + 1) // 2}@x.example", phone(it // 2)) for it in range(9)]
        with pytest.raises(DataError):
            found(rows, members=["0"])

    @given(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 3), st.one_of(st.none(), st.integers(0, 6))
            ),
            max_size=10,
        ),
        st.lists(st.integers(0, 12), max_size=2),
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=2),
    )
    def test_are_those_of_the_row_by_row_rule(
        self,
        people: list[tuple[int | None, int, int | None]],
        members: list[int],
        suppressed: list[tuple[int, int]],
    ) -> None:
        def form_of(number: int, form: int) -> str:
            address = f"p{number}@x.example"
            return [address, sha256(address), md5(address), sha256(md5(address))][form]

        rows = [
            (f"{key}", None if mail is None else form_of(mail, form), None if own is None else phone(own))
            for key, (mail, form, own) in enumerate(people)
        ]
        # A hash is linked with the address that it is of where somebody, or the list, has the address itself.
        plain = {mail for mail, form, _ in people if mail is not None and form == 0}
        plain |= {mail for mail, form in suppressed if form == 0}

        def name_of(mail: int, form: int) -> tuple[int, int]:
            # The SHA-256 of an MD5 follows from it.
            return (mail, 0 if mail in plain else 2 if form == 3 else form)

        out = {key for key in members if key < len(people)}
        names = {name_of(mail, form) for mail, form in suppressed}
        phones: set[int] = set()
        while True:
            for key in out:
                mail, form, own = people[key]
                names |= set() if mail is None else {name_of(mail, form)}
                phones |= set() if own is None else {own}
            more = {
                key
                for key, (mail, form, own) in enumerate(people)
                if (mail is not None and name_of(mail, form) in names) or own in phones
            } - out
            if not more:
                break
            out |= more
        suppression = of_address(*(form_of(*it) for it in suppressed))
        assert set(found(rows, suppression=suppression, members=[f"{it}" for it in members])) == {f"{it}" for it in out}


class TestAddressesAlone:
    @given(
        st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 4)), st.integers(0, 3)), max_size=8),
        st.lists(st.integers(0, 9), max_size=2),
        st.lists(st.integers(0, 4), max_size=2),
        st.sampled_from(list(HashFormat)),
    )
    def test_give_the_same_without_a_look_at_all(
        self, people: list[tuple[int | None, int]], members: list[int], suppressed: list[int], form: HashFormat
    ) -> None:
        def form_of(number: int, form: int) -> str:
            address = f"p{number}@x.example"
            return [address, sha256(address), md5(address), sha256(md5(address))][form]

        rows = [(f"{key}", None if mail is None else form_of(mail, form)) for key, (mail, form) in enumerate(people)]
        profiles = pl.LazyFrame(rows, schema={"Key": pl.String, "Mail": pl.String}, orient="row")
        out = pl.Series("customer", [f"{it}" for it in members], dtype=pl.String)
        suppression = of_address(*(form_of(it, 0) for it in suppressed))
        given = {"profile_key": "Key", "suppression": suppression, "members": out}
        quick = find_excluded_by_identifier(profiles, column=MAIL, **given)
        if quick is None:
            return
        everybody = pl.LazyFrame({"segment": ["S"] * len(rows), "Key": [key for key, _ in rows]}).with_columns(
            pl.col("segment").cast(pl.Enum(["S"])), pl.col("Key").cast(pl.String)
        )
        found = [
            build_audience(
                everybody,
                profiles,
                key="Key",
                profile_key="Key",
                identifier_column="Mail",
                excluded=it,
                form=form,
            ).frame.sort("customer")
            for it in (quick, find_excluded(profiles, columns=[MAIL], **given))
        ]
        assert found[0].equals(found[1])


class TestKeys:
    @pytest.mark.parametrize(
        ("given", "met"), [("7", {7}), ("007", set()), ("7.0", set()), (" 7", set()), ("x", set())]
    )
    def test_of_numbers_are_met_as_they_are_written(self, given: str, met: set[int]) -> None:
        suppression = Suppression.of_customers(pl.Series([given]))
        assert set(found([(7, "a@x.example", None)], suppression=suppression, key_type=pl.Int64)) == met

    def test_that_are_addresses_are_held_as_hashes(self) -> None:
        suppression = Suppression.of_customers(pl.Series(["Ann@x.example"]))
        assert "Ann" not in str(suppression.frame.rows())
        assert set(found([("Ann@x.example", None, None), ("b", None, None)], suppression=suppression)) == {
            "Ann@x.example"
        }


class TestCondensing:
    def test_drops_what_is_known_in_all_forms(self) -> None:
        address = "a@x.example"
        both = of_address(address, sha256(address), md5(address), sha256(md5(address)), sha256("b@x.example"))
        assert both.condensed().frame.height == 3
        assert list(both.condensed().by_form(EMAIL)) == ["sha256", "sha256_of_md5"]
        assert list(of_address(address).by_form(EMAIL)) == ["sha256"]
