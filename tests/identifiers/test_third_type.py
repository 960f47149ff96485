"""A type of identifier is a module: one that is registered here goes all the way, with nothing else edited."""

import ast
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest

import toolkit
import toolkit.criteo as wire
from tests.conftest import Tables, save_nightly
from tests.raising import raises
from toolkit.audience import IdentityColumn, Suppression
from toolkit.audience.excluded import find_excluded
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.identifiers import HashFormat, IdentifierType, first_type, identifier_types, registered
from toolkit.widgets import ExportForm

Held = Callable[[str], set[str]]
PACKAGE = Path(toolkit.__file__).parent


class Loyalty(IdentifierType):
    """The number on a card, which the embedded Criteo takes as a LiveRamp id."""

    name = "identityLink"
    keyword = "loyalty"
    position = 20
    label = "Loyalty card"
    help_text = "Optional: the number on the card."
    misfit = "Most of what column {column} holds is on no card."
    noun = "a card number"
    plural = "card numbers"
    short = "loyalty card"
    content = "numbers of loyalty cards"
    forms = (HashFormat.SHA256, HashFormat.PLAIN)
    prehashed = (HashFormat.SHA256,)

    def normalize(self, field: nw.Expr) -> nw.Expr:
        return field.str.replace_all(r"[\s.]", "").str.to_lowercase()

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        return value.str.contains(r"^loy[0-9]{6}$")


CARD = Loyalty()


def card(number: int) -> str:
    return f"loy{number:06}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cards(*numbers: int) -> set[str]:
    return {sha256(card(it)) for it in numbers}


def emails(*numbers: int) -> set[str]:
    return {sha256(f"person{it}@mail.example") for it in numbers}


BUILT_IN = identifier_types()


@pytest.fixture(autouse=True)
def loyalty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the type in the place of that whose name it has at Criteo."""
    others = tuple(it for it in BUILT_IN if it.name != CARD.name)
    monkeypatch.setattr("toolkit.identifiers.registry._built_in", lambda: others)
    with registered(CARD):
        yield


@pytest.fixture
def carded(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """``Nightly`` sends the cards that a column ``Card`` holds: of all but three, and one card of two customers."""
    path = tables.folder / "profiles.parquet"
    spelt = [f"LOY 000.{it:03}" for it in range(100)]
    spelt[1], spelt[2], spelt[3], spelt[5] = "", "card lost", spelt[4], sha256(card(5))
    pl.read_parquet(path).with_columns(Card=pl.Series(spelt)).write_parquet(path)
    save_nightly(workspace, loyalty_column="Card")
    return workspace


def row(run: toolkit.Run, identifier_type: str) -> dict[str, int]:
    return run.frame.filter(identifier_type=identifier_type).row(0, named=True)


class TestExport:
    def test_keeps_the_column(self, carded: toolkit.Workspace) -> None:
        export = carded.exports["Nightly"]
        assert export.columns_of(CARD) == ("Card",)
        assert "Card" in dict(export.frame.iter_rows()).values()
        assert [(it.name, it.identifier_type.name) for it in export.identity_columns] == [
            ("EMail", "email"),
            ("Card", "identityLink"),
        ]

    def test_goes_through_yaml(self, carded: toolkit.Workspace, tmp_path: Path) -> None:
        file = tmp_path / "exports.yaml"
        carded.exports.write(file)
        save_nightly(carded)
        assert carded.exports["Nightly"].columns_of(CARD) == ()
        carded.exports.read(file)
        assert carded.exports["Nightly"].columns_of(CARD) == ("Card",)

    def test_refuses_what_no_type_has(self, workspace: toolkit.Workspace) -> None:
        for given in ({"shoe_size_column": "EMail"}, {"shoe_size_column": ""}, {"loyalty_column": 7}):
            with pytest.raises(ConfigurationError):
                save_nightly(workspace, **given)

    def test_refuses_a_column_that_is_not_there(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(workspace, loyalty_column="Nowhere")

    def test_needs_the_required_type(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(workspace, email_column="", loyalty_column="EMail")

    def test_form_offers_the_column(self, carded: toolkit.Workspace) -> None:
        form = ExportForm(carded, "Nightly", language="nl")
        assert form.matching["loyalty_column"].value == "Card"
        form.matching["loyalty_column"].control.value = ""
        form.save.click()
        assert carded.exports["Nightly"].columns_of(CARD) == ()


class TestRun:
    def test_sends_each_once(self, carded: toolkit.Workspace, held: Held) -> None:
        run = carded.runs.start("Nightly").raise_for_status()
        numbers = [it for it in range(100) if it not in (1, 2, 3)]
        assert held("All") == emails(*range(100)) | cards(*numbers)
        found = row(run, "identityLink")
        statuses = ("exportable", "missing_identifier", "invalid_identifier", "duplicate_identifier", "added")
        assert tuple(found[it] for it in statuses) == (97, 1, 1, 1, 97)
        assert row(run, "email")["missing_identifier"] == 0

    def test_is_sent_as_it_is_taken(self, carded: toolkit.Workspace, held: Held) -> None:
        save_nightly(carded, loyalty_column="Card", form="md5")
        carded.runs.start("Nightly").raise_for_status()
        assert cards(*range(6, 100)) <= held("All")

    def test_plain_is_not_kept(self, carded: toolkit.Workspace, held: Held) -> None:
        save_nightly(carded, loyalty_column="Card", form="plain")
        carded.runs.start("Nightly").raise_for_status()
        assert {card(7), card(99), sha256(card(5))} <= held("All")
        kept = b"".join(it.read_bytes() for it in carded.path.rglob("*") if it.is_file())
        assert card(7).encode() not in kept

    def test_follows_changes(self, carded: toolkit.Workspace, tables: Tables, held: Held) -> None:
        carded.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": [f"C{it:03}" for it in range(50)]})
        again = carded.runs.start("Nightly").raise_for_status()
        assert row(again, "identityLink")["removed"] == 50
        assert held("All") == emails(*range(50)) | cards(*(it for it in range(50) if it not in (1, 2, 3)))

    def test_leaves_when_no_longer_sent(self, carded: toolkit.Workspace, held: Held) -> None:
        carded.runs.start("Nightly").raise_for_status()
        save_nightly(carded)
        carded.runs.start("Nightly").raise_for_status()
        assert held("All") == emails(*range(100))

    def test_stays_apart_from_other_types(self, carded: toolkit.Workspace, tables: Tables, held: Held) -> None:
        path = tables.folder / "profiles.parquet"
        ids = [f"0000000a-0000-4000-8000-{it:012}" for it in range(100)]
        pl.read_parquet(path).with_columns(Device=pl.Series(ids)).write_parquet(path)
        save_nightly(carded, loyalty_column="Card", madid_column="Device")
        run = carded.runs.start("Nightly").raise_for_status()
        assert dict(run.frame.select("identifier_type", "exportable").iter_rows()) == {
            "email": 100,
            "madid": 100,
            "identityLink": 97,
        }
        assert len(held("All")) == 297

    def test_checks_name_a_column_that_is_gone(self, carded: toolkit.Workspace, tables: Tables) -> None:
        path = tables.folder / "profiles.parquet"
        pl.read_parquet(path).drop("Card").write_parquet(path)
        results = carded.exports.check("Nightly")
        assert [it.check for it in results.errors] == [toolkit.Check.COLUMNS]

    def test_numbers_are_refused_by_the_words_of_the_type(self, carded: toolkit.Workspace, tables: Tables) -> None:
        path = tables.folder / "profiles.parquet"
        pl.read_parquet(path).with_columns(Card=pl.lit(7)).write_parquet(path)
        with raises(ErrorCode.DATA, names="Card"):
            carded.preview("All", loyalty_column="Card")


class TestPreview:
    def test_of_a_segment(self, carded: toolkit.Workspace) -> None:
        preview = carded.preview("All", loyalty_column="Card")
        assert preview.audience.exportable == 97
        assert set(preview.audience.identifiers("All")) == cards(*(it for it in range(100) if it not in (1, 2, 3)))
        assert preview.lists["identifier_type"].to_list() == ["identityLink"]
        assert preview.members["Card"].to_list()[0] == "L•••"
        assert preview.domains.is_empty()

    def test_of_an_export(self, carded: toolkit.Workspace) -> None:
        lists = carded.exports.preview("Nightly").lists
        assert dict(lists.select("identifier_type", "added").iter_rows()) == {"email": 100, "identityLink": 97}

    def test_is_of_one_column(self, carded: toolkit.Workspace) -> None:
        for named in ({}, {"email_column": "EMail", "loyalty_column": "Card"}):
            with pytest.raises(ConfigurationError):
                carded.preview("All", **named)


class TestQuality:
    def test_recognises_the_column(self, carded: toolkit.Workspace) -> None:
        quality = carded.quality()
        found = quality.frame.filter(column="Card").row(0, named=True)
        assert (found["holds"], found["masked"]) == (CARD.content, True)
        (candidate,) = quality.candidates["loyalty"].rows(named=True)
        assert (candidate["column"], round(candidate["reach"] * 100)) == ("Card", 97)
        assert quality.candidates["email"]["column"][0] == "EMail"
        assert "the loyalty card column" in repr(quality)


class TestLeavingOut:
    def test_forgets_by_the_identifier(self, carded: toolkit.Workspace, held: Held) -> None:
        carded.runs.start("Nightly").raise_for_status()
        forgotten = carded.forget(loyalty=" LOY 000.007")
        assert (forgotten.done, forgotten.customers, forgotten.removed) == (True, 1, 2)
        assert held("All").isdisjoint(emails(7) | cards(7))
        carded.runs.start("Nightly").raise_for_status()
        assert held("All").isdisjoint(emails(7) | cards(7))

    def test_forgets_by_another_identifier(self, carded: toolkit.Workspace, held: Held) -> None:
        carded.runs.start("Nightly").raise_for_status()
        assert carded.forget(email="person5@mail.example").done
        assert held("All").isdisjoint(emails(5) | cards(5))

    def test_forgets_plain_ones(self, carded: toolkit.Workspace, held: Held) -> None:
        save_nightly(carded, loyalty_column="Card", form="plain")
        carded.runs.start("Nightly").raise_for_status()
        assert carded.forget(customer="C008").done
        assert held("All").isdisjoint({"person8@mail.example", card(8)})

    def test_forgets_nobody_by_something_else(self, carded: toolkit.Workspace) -> None:
        for given in ({"loyalty": "person1@mail.example"}, {"shoe_size": "43"}, {"loyalty": card(7), "email": "a@b.c"}):
            with pytest.raises(ConfigurationError):
                carded.forget(**given)
        assert carded.suppressions.frame.is_empty()

    def test_suppresses(self, carded: toolkit.Workspace, held: Held) -> None:
        people = pl.DataFrame({"number": [card(10), sha256(card(11)), "LOY 000.005"]})
        added = carded.suppressions.add(people, loyalty_column="number")
        assert added.identifiers == {"identityLink": 3}
        assert carded.suppressions.frame.select("addresses", "mobile_ids", "card_numbers").rows() == [(0, 0, 3)]
        carded.runs.start("Nightly").raise_for_status()
        gone = (5, 10, 11)
        assert held("All").isdisjoint(emails(*gone) | cards(*gone))

    def test_suppresses_whoever_shares_one(self, carded: toolkit.Workspace, held: Held) -> None:
        # C003 and C004 have one card.
        carded.suppressions.add(pl.DataFrame({"mail": ["person3@mail.example"]}), email_column="mail")
        carded.runs.start("Nightly").raise_for_status()
        assert held("All").isdisjoint(emails(3, 4) | cards(4))
        by = carded.exports.preview("Nightly").suppressed_by
        assert dict(by.select("suppressed_by", "members").iter_rows()) == {"identifier": 1, "shared identifier": 1}

    def test_refuses_rows_of_another_type(self, carded: toolkit.Workspace) -> None:
        with raises(ErrorCode.UNUSABLE_ROWS):
            carded.suppressions.add(pl.DataFrame({"number": ["person1@mail.example"]}), loyalty_column="number")

    def test_an_entry_of_an_unknown_type_stops_runs(self, workspace: toolkit.Workspace) -> None:
        workspace.suppressions.add(pl.DataFrame({"number": [card(10)]}), loyalty_column="number")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("toolkit.identifiers.registry._added", {})
            run = workspace.runs.start("Nightly")
        assert run.status is toolkit.RunStatus.FAILED
        assert run.error is not None
        assert "identityLink" in run.error.what


class WithDashes(Loyalty):
    """The same type, set up for a column with dashes."""

    def normalize(self, field: nw.Expr) -> nw.Expr:
        return super().normalize(field.str.replace_all("-", ""))


def test_each_column_is_read_by_its_own_type() -> None:
    profiles = pl.LazyFrame({"Id": ["a", "b", "c"], "Here": ["LOY000001", "", ""], "There": ["", "LOY-000001", ""]})
    columns = [IdentityColumn("Here", CARD), IdentityColumn("There", WithDashes())]
    suppression = Suppression.of_identifiers(CARD, pl.Series([card(1)]))
    found = find_excluded(profiles, profile_key="Id", columns=columns, suppression=suppression)
    assert sorted(found.customers["customer"]) == ["a", "b"]


class TestRegistry:
    def test_a_copy_is_the_same_type(self) -> None:
        assert WithDashes() == CARD
        assert {CARD: 1}[WithDashes()] == 1
        assert first_type([WithDashes()]) == CARD

    def test_is_in_order(self) -> None:
        assert [it.name for it in identifier_types()] == ["email", "madid", "identityLink", "phoneNumber", "gum"]
        assert first_type([CARD, *identifier_types()]).name == "email"

    def test_takes_each_name_once(self) -> None:
        with pytest.raises(ValueError, match="identityLink"), registered(CARD):
            pass

    @pytest.mark.parametrize("kind", [*BUILT_IN, CARD], ids=str)
    def test_types_hold_together(self, kind: IdentifierType) -> None:
        sent = {it for it in kind.forms if it is not HashFormat.PLAIN}
        assert wire.IdentifierType(kind.name) == kind.name
        assert HashFormat.SHA256 in kind.hashes
        assert sent | set(kind.prehashed) <= set(kind.hashes)
        assert kind.column_option.isidentifier()
        for text in (kind.label, kind.help_text, kind.misfit, kind.noun, kind.plural, kind.short, kind.content):
            assert text

    @pytest.mark.parametrize("kind", [*BUILT_IN, CARD], ids=str)
    def test_fast_and_plain_rules_agree(self, kind: IdentifierType) -> None:
        fields = pl.Series("field", [
            None, "", " ", " " * 36, "\u200b" * 12, "ANNA@X.example", "e\u0301@x.example", "loy000001", " LOY 000.001 ",
            "6D92078A-8246-4BA4-AE5B-76104861E7DC", "{6D92078A-8246-4BA4-AE5B-76104861E7DC}", "A" * 36, "F" * 64,
            "\ufeff6D92078A-8246-4BA4-AE5B-76104861E7DC", "\u00c9" * 18,
        ])  # fmt: skip
        frame = fields.to_frame()
        fast = kind.normalize_columns(frame.lazy(), ["field"]).collect()["field"]
        plain = nw.from_native(frame).select(kind.normalize(nw.col("field"))).to_native()["field"]
        assert fast.str.normalize("NFC").to_list() == plain.str.normalize("NFC").to_list()


def _named_types() -> Iterator[str]:
    """Where a module outside the registry asks which type of identifier there is, or takes one by name."""
    words = {it for kind in BUILT_IN for it in (kind.name, kind.keyword)}
    for file in PACKAGE.rglob("*.py"):
        inside = file.relative_to(PACKAGE)
        # The client and the embedded Criteo have the words of Criteo's API.
        if inside.parts[0] in ("identifiers", "criteo", "sandbox"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            where = f"{inside}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolkit.identifiers.types"):
                yield f"{where} imports a type"
            if isinstance(node, ast.Attribute) and node.attr in ("EMAIL", "MADID"):
                yield f"{where} names {node.attr}"
            if isinstance(node, ast.Compare | ast.MatchValue):
                for it in ast.walk(node):
                    if isinstance(it, ast.Constant) and it.value in words:
                        yield f"{where} compares with {it.value!r}"


def test_no_other_module_names_a_type() -> None:
    assert list(_named_types()) == []
