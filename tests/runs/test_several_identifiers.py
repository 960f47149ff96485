"""Several identifiers a person, of one type and of several: exactly these are in the list, and all leave with one."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises, require
from toolkit.errors import ConfigurationError, DataError, ErrorCode
from toolkit.sandbox import ADVERTISERS, Sandbox
from toolkit.sandbox.identifiers import count_known

Held = Callable[[str], set[str]]


def sha256(*texts: str) -> set[str]:
    return {hashlib.sha256(it.encode()).hexdigest() for it in texts}


def mail(number: int, of: str = "mail") -> str:
    return f"person{number}@{of}.example"


def mails(*numbers: int, of: str = "mail") -> set[str]:
    return sha256(*(mail(it, of) for it in numbers))


def phone(number: int) -> str:
    return f"3161234{number:04}"


def phones(*numbers: int) -> set[str]:
    return sha256(*(phone(it) for it in numbers))


def add(tables: Tables, **columns: Sequence[object]) -> None:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(pl.Series(name, its) for name, its in columns.items()).write_parquet(path)


def row(run: toolkit.Run, identifier_type: str = "email") -> dict[str, int]:
    return run.frame.filter(identifier_type=identifier_type).row(0, named=True)


class TestTypes:
    def test_phone_numbers(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        written = [f"06-1234{it:04}" for it in range(100)]
        written[1], written[2], written[3], written[4] = "", "call me", "+31 (0)6 1234 0003", phones(4).pop()
        add(tables, Phone=written)
        save_nightly(workspace, phone_column="Phone", phone_region="nl")
        run = workspace.runs.start("Nightly").raise_for_status()
        sent = [it for it in range(100) if it not in (1, 2)]
        assert held("All") == mails(*range(100)) | phones(*sent)
        found = row(run, "phoneNumber")
        assert (found["exportable"], found["missing_identifier"], found["invalid_identifier"]) == (98, 1, 1)

    @pytest.mark.parametrize(
        ("written", "told"), [("call me", [True]), ("", [True]), ("06-12340000", [True]), ("+31 6 1234 0000", [])]
    )
    def test_doubts_of_a_further_type(
        self, workspace: toolkit.Workspace, tables: Tables, written: str, told: list[bool]
    ) -> None:
        # A number without its country is valid in no region but that of the export, which names none.
        add(tables, Phone=[written] * 90 + [None] * 10)
        save_nightly(workspace, phone_column="Phone")
        code = toolkit.NoticeCode.FURTHER_IDENTIFIERS
        assert [it.code is code for it in workspace.exports.preview("Nightly").warnings if it.code is code] == told
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [it.code is code for it in run.warnings if it.code is code] == told

    def test_a_few_that_are_invalid_raise_no_doubt(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        add(tables, Phone=[f"+{phone(it)}" if it % 5 else "call me" for it in range(100)])
        save_nightly(workspace, phone_column="Phone")
        assert toolkit.NoticeCode.FURTHER_IDENTIFIERS not in {
            it.code for it in workspace.runs.start("Nightly").warnings
        }
        tight = {**workspace.exports["Nightly"].thresholds.model_dump(mode="json"), "email_validity": 0.81}
        save_nightly(workspace, phone_column="Phone", thresholds=tight)
        assert toolkit.NoticeCode.FURTHER_IDENTIFIERS in {it.code for it in workspace.runs.start("Nightly").warnings}

    def test_plain_phone_numbers(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        add(tables, Phone=[f"+{phone(it)}" for it in range(100)])
        save_nightly(workspace, phone_column="Phone", form="plain")
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == {mail(it) for it in range(100)} | {f"+{phone(it)}" for it in range(100)}
        kept = b"".join(it.read_bytes() for it in workspace.path.rglob("*") if it.is_file())
        assert phone(7).encode() not in kept

    def test_phone_numbers_as_numbers(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        add(tables, Phone=[612340000 + it for it in range(100)])
        save_nightly(workspace, phone_column="Phone", phone_region="NL")
        run = workspace.runs.start("Nightly")
        assert run.error is not None
        require(run.error, ErrorCode.DATA, names=("Phone", "Int64", "+31612345678"))

    def test_an_advertiser_that_takes_none(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        refusing = next(it.id for it in ADVERTISERS if not it.takes_phones)
        add(tables, Phone=[f"+{phone(it)}" for it in range(100)])
        save_nightly(workspace, phone_column="Phone", advertiser_id=refusing)
        run = workspace.runs.start("Nightly")
        assert run.status is toolkit.RunStatus.FAILED
        assert run.error is not None
        assert "phoneNumber" in run.error.what

    def test_gum_ids(self, workspace: toolkit.Workspace, tables: Tables, held: Held, criteo: Sandbox) -> None:
        add(tables, Gum=[f"k-Visitor{it:03}" for it in range(100)])
        save_nightly(workspace, gum_column="Gum", gum_caller_id=57)
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(100)) | {f"k-Visitor{it:03}" for it in range(100)}
        tables.write(segments={"All": [f"C{it:03}" for it in range(60)]})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(60)) | {f"k-Visitor{it:03}" for it in range(60)}
        # By another caller the same texts are other ids: none of the first may stay.
        save_nightly(workspace, gum_column="Gum", gum_caller_id=58)
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(60)) | {f"k-Visitor{it:03}" for it in range(60)}
        (contact_list,) = criteo.lists()
        assert contact_list.size == 120
        assert workspace.forget(gum="k-Visitor007").done
        assert held("All").isdisjoint({"k-Visitor007"} | mails(7))

    def test_gum_ids_of_another_caller_are_appended(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        add(tables, Gum=[f"k-Visitor{it:03}" for it in range(100)])
        for caller in (57, 58):
            save_nightly(workspace, gum_column="Gum", gum_caller_id=caller, mode="append")
            workspace.runs.start("Nightly").raise_for_status()
        (contact_list,) = criteo.lists()
        assert contact_list.size == 300

    def test_what_names_a_person_is_no_gum_id(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        ids = [f"k-Visitor{it:03}" for it in range(100)]
        ids[1], ids[2], ids[3] = mail(1), f"+{phone(2)}", f"Person <{mail(3)}>".replace(" ", "")
        add(tables, Gum=ids)
        save_nightly(workspace, gum_column="Gum", gum_caller_id=57)
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(100)) | {it for it in ids if it.startswith("k-")}
        assert row(run, "gum")["invalid_identifier"] == 3
        with pytest.raises(DataError):
            workspace.suppressions.add(pl.DataFrame({"id": ids[1:4]}), gum_column="id")

    def test_gum_needs_its_caller(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        add(tables, Gum=["k-Visitor"] * 100)
        for caller in (None, 0, "none"):
            with pytest.raises(ConfigurationError):
                save_nightly(workspace, gum_column="Gum", gum_caller_id=caller)

    def test_liveramp_ids(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        ids = [f"XY1005{it:043}" for it in range(100)]
        add(tables, Ramp=[*ids[:99], ids[99].lower()])
        save_nightly(workspace, identity_link_column="Ramp")
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(100)) | set(ids[:99])

    def test_all_go_through_yaml(self, workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
        add(tables, Phone=["+31612345678"] * 100, Gum=["k-Visitor"] * 100, EMail2=["a@b.example"] * 100)
        saved = save_nightly(
            workspace,
            email_column=["EMail", "EMail2"],
            phone_column="Phone",
            phone_region="NL",
            gum_column=["Gum"],
            gum_caller_id="57",
            separator=";",
        )
        workspace.exports.write(tmp_path / "exports.yaml")
        save_nightly(workspace)
        workspace.exports.read(tmp_path / "exports.yaml")
        again = workspace.exports["Nightly"]
        assert again.model_copy(update={"version": saved.version}) == saved
        assert (again.email_column, again.gum_column, again.gum_caller_id) == (("EMail", "EMail2"), "Gum", 57)


class TestListsByType:
    def test_each_type_has_its_own(self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
        add(tables, Phone=[f"+{phone(it)}" for it in range(100)])
        save_nightly(workspace, phone_column="Phone", list_name="{segment} by {type}")
        workspace.runs.start("Nightly").raise_for_status()
        lists = {it.name: criteo.identifiers(it.id) for it in criteo.lists()}
        assert lists == {"All by email": mails(*range(100)), "All by phoneNumber": phones(*range(100))}
        workspace.runs.start("Nightly").raise_for_status()
        shown = workspace.exports.preview("Nightly", ask_criteo=True).lists
        matches = {name: count_known(its, 0.7) for name, its in lists.items()}
        assert dict(shown.select("name", "matches").iter_rows()) == matches
        assert workspace.forget(phone=f"+{phone(7)}").removed == 2
        assert sorted(it.size for it in criteo.lists()) == [99, 99]

    def test_lists_that_are_there_stay_shared(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        add(tables, Phone=[f"+{phone(it)}" for it in range(100)])
        for name in ("{segment}", "{segment} by {type}", "{segment} by {type}"):
            save_nightly(workspace, phone_column="Phone", list_name=name)
            workspace.runs.start("Nightly").raise_for_status()
        assert [(it.name, it.size) for it in criteo.lists()] == [("All by email", 200)]


@pytest.fixture
def two_columns(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """``Nightly`` sends two addresses a person; C001 has one twice, C002 none, C003 a wrong one first."""
    first = [mail(it) for it in range(100)]
    second: list[str | None] = [mail(it, "work") for it in range(100)]
    second[1], first[2], second[2], first[3], second[4], second[5] = (
        " PERSON1@mail.example",
        "n/a",
        None,
        "nobody",
        None,
        "x",
    )
    add(tables, EMail=first, EMail2=second)
    save_nightly(workspace, email_column=["EMail", "EMail2"])
    return workspace


TWO = [it for it in range(100) if it not in (1, 2, 3, 4, 5)]


class TestSeveralOfAType:
    def test_columns(self, two_columns: toolkit.Workspace, held: Held) -> None:
        run = two_columns.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(1, 4, 5, *TWO) | mails(3, *TWO, of="work")
        found = row(run)
        assert (found["members"], found["exportable"], found["identifiers"], found["added"]) == (100, 99, 194, 194)
        assert (found["missing_identifier"], found["invalid_identifier"], found["size"]) == (1, 0, 194)
        assert run.report.exists()
        assert "identifiers" in run.figures.columns

    def test_preview_counts_both(self, two_columns: toolkit.Workspace) -> None:
        preview = two_columns.exports.preview("Nightly")
        lists = preview.lists.row(0, named=True)
        assert (preview.exportable, preview.distinct, lists["exportable"], lists["identifiers"]) == (99, 99, 99, 194)
        assert lists["added"] == 194
        named = two_columns.preview("All", email_column=["EMail", "EMail2"])
        assert (named.exportable, named.lists["added"].to_list()) == (99, [194])

    def test_a_list_column(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        lists: list[list[str | None] | None] = [[mail(it), None, mail(it, "work").upper()] for it in range(100)]
        lists[1], lists[2], lists[3] = [], None, ["", "nobody"]
        add(tables, Mails=lists)
        save_nightly(workspace, email_column="Mails")
        found = row(workspace.runs.start("Nightly").raise_for_status())
        assert held("All") == mails(0, *range(4, 100)) | mails(0, *range(4, 100), of="work")
        assert (found["exportable"], found["missing_identifier"], found["invalid_identifier"]) == (97, 2, 1)

    def test_a_separator(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        add(tables, EMail=[f"{mail(it)}; {mail(it, 'work')} ;" for it in range(100)])
        save_nightly(workspace, separator=";")
        found = row(workspace.runs.start("Nightly").raise_for_status())
        assert held("All") == mails(*range(100)) | mails(*range(100), of="work")
        assert (found["exportable"], found["identifiers"]) == (100, 200)

    def test_a_field_of_several_is_invalid_without_it(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        add(tables, EMail=[f"{mail(it)};{mail(it, 'work')}" for it in range(100)])
        assert workspace.preview("All", email_column="EMail").exportable == 0

    @pytest.mark.parametrize("separator", ["a", "@", ".", ";;;;", "+"])
    def test_a_separator_stands_in_no_identifier(self, workspace: toolkit.Workspace, separator: str) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(workspace, separator=separator)

    def test_who_shares_all_is_a_duplicate(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        second = [mail(it, "work") for it in range(100)]
        first = [mail(it) for it in range(100)]
        first[2], second[2] = second[1], first[1]
        first[3] = first[1]
        add(tables, EMail=first, EMail2=second)
        save_nightly(workspace, email_column=["EMail", "EMail2"])
        found = row(workspace.runs.start("Nightly").raise_for_status())
        others = [it for it in range(100) if it not in (2, 3)]
        assert held("All") == mails(*others) | mails(3, *others, of="work")
        assert (found["exportable"], found["duplicate_identifier"], found["identifiers"]) == (99, 1, 197)

    def test_changes_are_followed(self, two_columns: toolkit.Workspace, tables: Tables, held: Held) -> None:
        two_columns.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": [f"C{it:03}" for it in range(10, 50)]})
        run = two_columns.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(10, 50)) | mails(*range(10, 50), of="work")
        assert row(run)["removed"] == 194 - 80
        save_nightly(two_columns)
        two_columns.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*range(10, 50))

    def test_history_has_a_row_an_identifier(self, two_columns: toolkit.Workspace) -> None:
        two_columns.runs.start("Nightly").raise_for_status()
        entered = two_columns.runs.membership("Nightly").filter(customer="C007")
        assert entered["change"].to_list() == ["entered", "entered"]

    def test_each_advertiser_gets_its_own(self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
        first, second = sorted(workspace.connections["Sandbox"].advertisers)[:2]
        add(tables, Shop=[first, second] * 50, EMail2=[mail(it, "work") for it in range(100)])
        columns = ["EMail", "EMail2"]
        save_nightly(workspace, advertiser_id="", advertiser_column="Shop", email_column=columns)
        run = workspace.runs.start("Nightly").raise_for_status()
        lists = {it.advertiser_id: criteo.identifiers(it.id) for it in criteo.lists()}
        even, odd = range(0, 100, 2), range(1, 100, 2)
        assert lists == {first: mails(*even) | mails(*even, of="work"), second: mails(*odd) | mails(*odd, of="work")}
        assert run.frame.sort("advertiser_id")["identifiers"].to_list() == [100, 100]

    def test_plain(self, two_columns: toolkit.Workspace, held: Held) -> None:
        save_nightly(two_columns, email_column=["EMail", "EMail2"], form="plain")
        two_columns.runs.start("Nightly").raise_for_status()
        assert held("All") == {mail(it) for it in (1, 4, 5, *TWO)} | {mail(it, "work") for it in (3, *TWO)}

    def test_repeated_keys_are_refused(self, two_columns: toolkit.Workspace, tables: Tables) -> None:
        path = tables.folder / "profiles.parquet"
        frame = pl.read_parquet(path)
        pl.concat([frame, frame.filter(CustomerId="C050")]).write_parquet(path)
        with raises(ErrorCode.DATA, names="C050"):
            two_columns.exports.preview("Nightly")


class TestLeavingOut:
    @pytest.mark.parametrize("separator", ["", ";"])
    @pytest.mark.parametrize("named", [mail(7), mail(7, "work"), hashlib.sha256(mail(7, "work").encode()).hexdigest()])
    def test_suppressed_by_any(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held, named: str, separator: str
    ) -> None:
        two = [(mail(it), mail(it, "work")) for it in range(100)]
        add(tables, EMail=[separator.join(it) if separator else list(it) for it in two])
        save_nightly(workspace, separator=separator)
        workspace.runs.start("Nightly").raise_for_status()
        workspace.suppressions.add(pl.DataFrame({"mail": [named]}), email_column="mail")
        workspace.runs.start("Nightly").raise_for_status()
        others = [it for it in range(100) if it != 7]
        assert held("All") == mails(*others) | mails(*others, of="work")

    def test_suppressed_by_a_phone_leaves_under_all(
        self, two_columns: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        add(tables, Phone=[f"06 1234{it:04}" for it in range(100)])
        save_nightly(two_columns, email_column=["EMail", "EMail2"], phone_column="Phone", phone_region="NL")
        two_columns.runs.start("Nightly").raise_for_status()
        people = pl.DataFrame({"number": ["06-12340007", "+31 6 1234 0008"]})
        added = two_columns.suppressions.add(people, phone_column="number", phone_region="NL")
        assert added.identifiers == {"phoneNumber": 2}
        two_columns.runs.start("Nightly").raise_for_status()
        gone = (7, 8)
        assert held("All").isdisjoint(mails(*gone) | mails(*gone, of="work") | phones(*gone))
        assert mails(9) | mails(9, of="work") | phones(9) <= held("All")

    def test_suppression_reaches_who_shares_a_further_one(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        # C001 and C002 share the second of C001, C002 and C003 the second of C002.
        lists = [[mail(it), mail(it, "work")] for it in range(100)]
        lists[2].append(mail(1, "work"))
        lists[3].append(mail(2, "work"))
        add(tables, EMail=lists)
        save_nightly(workspace)
        workspace.suppressions.add(pl.DataFrame({"mail": [mail(1)]}), email_column="mail")
        workspace.runs.start("Nightly").raise_for_status()
        others = [it for it in range(100) if it not in (1, 2, 3)]
        assert held("All") == mails(*others) | mails(*others, of="work")

    @pytest.mark.parametrize("form", ["sha256", "plain"])
    @pytest.mark.parametrize(
        "given", [{"email": mail(7)}, {"email": mail(7, "work")}, {"phone": "+31 612340007"}, {"customer": "C007"}]
    )
    def test_forgotten_by_any(
        self, two_columns: toolkit.Workspace, tables: Tables, held: Held, given: dict[str, str], form: str
    ) -> None:
        add(tables, Phone=[f"06 1234{it:04}" for it in range(100)])
        columns = {"email_column": ["EMail", "EMail2"], "phone_column": "Phone", "phone_region": "NL"}
        save_nightly(two_columns, form=form, **columns)
        two_columns.runs.start("Nightly").raise_for_status()
        size = len(held("All"))
        forgotten = two_columns.forget(**given)
        assert (forgotten.done, forgotten.removed) == (True, 3)
        theirs = {mail(7), mail(7, "work"), f"+{phone(7)}"}
        assert held("All").isdisjoint(theirs | sha256(*theirs) | phones(7))
        assert len(held("All")) == size - 3
        two_columns.runs.start("Nightly").raise_for_status()
        assert held("All").isdisjoint(theirs | sha256(*theirs) | phones(7))

    def test_suppressed_by_the_hash_of_either_spelling(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        # Other systems hash a number with its plus sign, which Criteo leaves out.
        written = [f"+{phone(it)}" for it in range(100)]
        written[9] = sha256(phone(9)).pop()
        add(tables, Phone=written)
        save_nightly(workspace, phone_column="Phone")
        hashes = [*sha256(phone(7)), *sha256(f"+{phone(8)}")]
        workspace.suppressions.add(pl.DataFrame({"number": hashes}), phone_column="number")
        plain = pl.DataFrame({"number": [f"+{phone(9)}"]})
        workspace.suppressions.add(plain, phone_column="number")
        preview = workspace.preview("All", phone_column="Phone")
        assert sorted(preview.left_out["customer"]) == ["C007", "C008", "C009"]
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All").isdisjoint(mails(7, 8, 9) | phones(7, 8, 9))
        assert len(held("All")) == 194

    def test_forgotten_by_a_national_number(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        add(tables, Phone=[f"06 1234{it:04}" for it in range(100)])
        save_nightly(workspace, phone_column="Phone", phone_region="NL")
        workspace.runs.start("Nightly").raise_for_status()
        with pytest.raises(ConfigurationError):
            workspace.forget(phone="06 12340007")
        assert workspace.forget(phone="06 12340007", phone_region="NL").done
        assert held("All").isdisjoint(mails(7) | phones(7))

    def test_excluded_segments_reach_all(self, two_columns: toolkit.Workspace, tables: Tables, held: Held) -> None:
        tables.write(segments={"Out": ["C007"]})
        save_nightly(two_columns, email_column=["EMail", "EMail2"], exclude=["Out"])
        two_columns.runs.start("Nightly").raise_for_status()
        assert held("All").isdisjoint(mails(7) | mails(7, of="work"))

    def test_another_exports_reading_counts(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        # Nightly sends e-mails only; what another export sends tells who a suppressed number belongs to.
        add(tables, Phone=[f"06 1234{it:04}" for it in range(100)])
        shared = {"connection": "Sandbox", "email_column": "EMail", "segments": ["All"], "phone_column": "Phone"}
        advertiser = min(workspace.connections["Sandbox"].advertisers)
        for region in ("BE", "NL"):
            workspace.exports.save(f"Calls {region}", advertiser_id=advertiser, phone_region=region, **shared)
        people = pl.DataFrame({"number": ["+31612340007"]})
        workspace.suppressions.add(people, phone_column="number")
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == mails(*(it for it in range(100) if it != 7))


def test_norway_is_a_country_in_yaml(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
    add(tables, Phone=["+4721234567"] * 100)
    file = tmp_path / "exports.yaml"
    save_nightly(workspace, phone_column="Phone")
    workspace.exports.write(file)
    file.write_text(file.read_text().replace("phone_column: Phone", "phone_column: Phone\n    phone_region: NO"))
    workspace.exports.read(file)
    assert workspace.exports["Nightly"].phone_region == "NO"


def test_a_preview_tells_how_far_each_type_reaches(two_columns: toolkit.Workspace, tables: Tables) -> None:
    numbers: list[str | None] = [None] * 100
    numbers[2] = numbers[3] = "+31612340002"
    numbers[9], numbers[10] = "+31612340009", "call me"
    add(tables, Phone=numbers)
    save_nightly(two_columns, email_column=["EMail", "EMail2"], phone_column="Phone")
    preview = two_columns.exports.preview("Nightly")
    found = preview.types.select("identifier_type", "members", "exportable", "identifiers", "duplicate_identifier")
    assert found.rows() == [("email", 100, 99, 194, 0), ("phoneNumber", 100, 2, 2, 1), ("any", 100, 100, 196, 0)]
    assert "By type of identifier" in preview._repr_html_()
    assert "100 by at least one" in repr(preview)
    one = two_columns.preview("All", email_column="EMail")
    assert one.types["identifier_type"].to_list() == ["email"]
    assert "By type of identifier" not in one._repr_html_()
