"""A person's disclosure: what lists held of somebody, signed, and verified without naming them."""

import hashlib
import json
import os
import shutil
import sqlite3
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.runs.disclosure_document import Document
from toolkit.sandbox import Call, Fault, Sandbox

Problem = toolkit.DisclosureProblem


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def mail(number: int) -> str:
    return f"person{number}@mail.example"


def codes(disclosure: toolkit.Disclosure) -> set[str]:
    return {it.code.value for it in disclosure.unknown} - {"other_records"}


def periods(disclosure: toolkit.Disclosure, *columns: str) -> list[tuple[object, ...]]:
    return disclosure.frame.select(columns or ("presence", "from_run", "until_run")).rows()


def add(tables: Tables, **columns: list[str | None]) -> None:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(pl.Series(name, its) for name, its in columns.items()).write_parquet(path)


class TestPeriods:
    def test_from_first_run_until_suppressed(self, workspace: toolkit.Workspace) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        held = workspace.disclose(email=" Person1@MAIL.example")
        assert periods(held) == [("held", first.id, None)]
        entry = workspace.suppressions.add(pl.DataFrame({"key": ["C001"]}), customer_column="key").entry
        second = workspace.runs.start("Nightly").raise_for_status()
        found = workspace.disclose(customer="C001")
        assert periods(found) == [("removed", first.id, second.id)]
        (row,) = found.frame.rows(named=True)
        assert (row["export"], row["segment"], row["list_id"]) == ("Nightly", "All", "410001")
        assert (row["identifier"], row["customer"], row["removed_by"]) == (sha256(mail(1)), "C001", "person")
        assert row["from_at"] < row["until_at"] <= found.document.disclosure.made_at
        assert row["basis"] is None
        assert found.suppressed["entry"].to_list() == [entry]
        assert not codes(found)

    def test_forgotten_person_is_still_told(self, workspace: toolkit.Workspace) -> None:
        first = workspace.runs.start("Nightly")
        forgotten = workspace.forget(email=mail(1))
        found = workspace.disclose(email=mail(1))
        assert periods(found, "presence", "from_run", "removed_by") == [("removed", first.id, "data subject request")]
        assert found.suppressed.select("entry", "source").rows() == [(forgotten.entry, "data subject request")]

    def test_who_comes_again_has_two(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        runs = []
        for members in (["C001", "C002"], ["C002"], ["C001", "C002"]):
            tables.write(segments={"All": members})
            save_nightly(workspace, thresholds={"most_change": 1, "least_size": 0})
            runs.append(workspace.runs.start("Nightly").raise_for_status().id)
        assert periods(workspace.disclose(customer="C001")) == [("removed", runs[0], runs[1]), ("held", runs[2], None)]

    def test_earlier_address_and_further_types(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        phones = [f"+3161234{it:04}" for it in range(100)]
        add(tables, Phone=phones)
        save_nightly(workspace, phone_column="Phone")
        workspace.runs.start("Nightly").raise_for_status()
        emails: list[str | None] = [mail(it) for it in range(100)]
        emails[1] = "new1@mail.example"
        add(tables, EMail=emails)
        workspace.runs.start("Nightly").raise_for_status()
        by_earlier = workspace.disclose(email=mail(1)).frame
        by_phone = workspace.disclose(phone="06-12340001", phone_region="NL").frame
        expected = {
            ("email", sha256(mail(1)), "removed"),
            ("email", sha256("new1@mail.example"), "held"),
            ("phoneNumber", sha256(phones[1].removeprefix("+")), "held"),
        }
        for frame in (by_earlier, by_phone):
            assert set(frame.select("identifier_type", "identifier", "presence").rows()) == expected

    def test_list_of_a_removed_export(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        workspace.exports.remove("Nightly")
        assert periods(workspace.disclose(customer="C001"), "presence", "export") == [("held", "Nightly")]
        workspace.lists.delete("410001")
        assert periods(workspace.disclose(customer="C001"), "presence", "list_id", "removed_by") == [
            ("removed", "410001", "list left behind")
        ]

    def test_list_deleted_at_criteo(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        criteo.delete_list(criteo.lists()[0].id)
        second = workspace.runs.start("Nightly", if_list_gone="remake").raise_for_status()
        found = workspace.disclose(customer="C001").frame
        assert found.select("presence", "from_run", "until_run").rows() == [
            ("list gone", first.id, None),
            ("held", second.id, None),
        ]
        assert found["list_id"].n_unique() == 2

    def test_plain_lists_are_told_by_hash(self, workspace: toolkit.Workspace) -> None:
        save_nightly(workspace, form="plain")
        workspace.runs.start("Nightly").raise_for_status()
        assert periods(workspace.disclose(email=mail(1)), "identifier", "presence") == [(sha256(mail(1)), "held")]

    def test_md5_lists(self, workspace: toolkit.Workspace) -> None:
        save_nightly(workspace, form="md5")
        workspace.runs.start("Nightly").raise_for_status()
        assert len(periods(workspace.disclose(email=mail(1)))) == 1
        assert len(periods(workspace.disclose(email=sha256(mail(1))))) == 1


class TestUncertainty:
    def test_batch_without_an_answer(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        run = workspace.runs.start("Nightly")
        assert run.status is toolkit.RunStatus.FAILED
        assert periods(workspace.disclose(customer="C001")) == [("may be held", run.id, None)]
        again = workspace.runs.start("Nightly").raise_for_status()
        assert periods(workspace.disclose(customer="C001"))[-1] == ("held", again.id, None)

    def test_removal_without_an_answer(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        workspace.suppressions.add(pl.DataFrame({"key": ["C001"]}), customer_column="key")
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.FAILED
        assert periods(workspace.disclose(customer="C001")) == [("may be held", first.id, None)]

    def test_failed_run_that_was_acknowledged_in_part(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        second = workspace.runs.start("Nightly", mode="replace")
        assert second.status is toolkit.RunStatus.FAILED
        ((presence, since, until),) = periods(workspace.disclose(customer="C001"))
        assert (presence, since, until) == ("may be held", first.id, None)

    def test_lost_history(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        shutil.rmtree(workspace.path / "history")
        found = workspace.disclose(email=mail(1))
        assert codes(found) == {"history_incomplete"}
        assert periods(found) == [("held", None, None)]

    @pytest.mark.parametrize("within", [False, True])
    def test_damaged_history(self, workspace: toolkit.Workspace, within: bool) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (part,) = (workspace.path / "history").rglob("*.parquet")
        content = part.read_bytes()
        part.write_bytes(content[:4] + b"\0" * 300 + content[304:] if within else b"PAR1 and nothing else")
        found = workspace.disclose(email=mail(1))
        assert (codes(found), periods(found)) == ({"history_incomplete"}, [("held", None, None)])
        assert workspace.forget(email=mail(1)).done

    def test_lost_ledger(self, workspace: toolkit.Workspace) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        shutil.rmtree(workspace.path / "lists")
        found = workspace.disclose(email=mail(1))
        assert (codes(found), periods(found)) == ({"ledger_lost"}, [("may be held", first.id, None)])

    def test_unreadable_profiles(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (tables.folder / "profiles.parquet").unlink()
        found = workspace.disclose(email=mail(1))
        assert (codes(found), len(periods(found))) == ({"profiles_unreadable"}, 1)

    def test_lifted_entries(self, workspace: toolkit.Workspace) -> None:
        added = workspace.suppressions.add(pl.DataFrame({"key": ["C001"]}), customer_column="key")
        workspace.suppressions.lift(added.entry)
        found = workspace.disclose(customer="C001")
        assert (codes(found), found.suppressed.height) == ({"lifted"}, 0)


class TestWhom:
    def test_two_customers_with_one_address(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        add(tables, EMail=[mail(1 if it == 2 else it) for it in range(100)])
        workspace.runs.start("Nightly").raise_for_status()
        both = workspace.disclose(email=mail(1))
        assert both.document.disclosure.customers == ("C001", "C002")
        assert codes(both) == {"shared"}
        # Whose address was sent for another is told so, and not for whom.
        one = workspace.disclose(customer="C002")
        assert one.document.disclosure.customers == ("C002",)
        assert periods(one, "identifier", "customer", "presence") == [(sha256(mail(1)), None, "held")]
        assert not codes(one)

    def test_nobody(self, workspace: toolkit.Workspace) -> None:
        found = workspace.disclose(email="nobody@mail.example")
        assert not found.found
        assert found.frame.height == 0

    def test_who_is_not_named(self, workspace: toolkit.Workspace) -> None:
        for given in ({}, {"email": "person1"}, {"customer": "c001"}, {"email": mail(1), "customer": "C001"}):
            with raises(ErrorCode.CONFIGURATION):
                workspace.disclose(**given)
        assert workspace.audit.frame.filter(action="disclose person").is_empty()

    def test_viewers_are_refused(
        self, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = Path(os.environ["TOOLKIT_KEY_FILE"])
        monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "key of Vera"))
        line = toolkit.open_workspace(workspace.path).people.join("Vera")
        monkeypatch.setenv("TOOLKIT_KEY_FILE", str(key))
        toolkit.open_workspace(workspace.path).people.add(
            "Vera", public_key=line.public_key, role="viewer", root=line.root
        )
        document = workspace.disclose(customer="C001").to_json(tmp_path / "d.json")
        monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "key of Vera"))
        hers = toolkit.open_workspace(workspace.path)
        with raises(ErrorCode.ACCESS):
            hers.disclose(customer="C001")
        assert hers.verify_disclosure(document).is_genuine


class TestVerifying:
    @pytest.fixture
    def document(self, workspace: toolkit.Workspace, tmp_path: Path) -> Path:
        workspace.runs.start("Nightly").raise_for_status()
        return workspace.disclose(email=mail(1)).to_json(tmp_path / "disclosure.json")

    def test_genuine(self, workspace: toolkit.Workspace, document: Path) -> None:
        found = workspace.verify_disclosure(document)
        assert found.is_genuine
        (row,) = workspace.audit.frame.filter(action="disclose person").rows(named=True)
        assert (row["row"], json.loads(row["details"]).keys()) == (found.row, {"sha256"})

    def test_written_otherwise_is_genuine(self, workspace: toolkit.Workspace, document: Path) -> None:
        document.write_text(json.dumps(json.loads(document.read_text()), sort_keys=True))
        assert workspace.verify_disclosure(document).is_genuine

    def test_altered(self, workspace: toolkit.Workspace, document: Path) -> None:
        whole = document.read_text()
        for part, name, value in (
            ("disclosure", "made_by", "Somebody"),
            ("disclosure", "made_at", "2020-01-01T00:00:00Z"),
            ("disclosure", "customers", []),
            ("disclosure", "lists", []),
            ("disclosure", "unknown", []),
            ("proof", "sha256", "0" * 64),
            ("proof", "signature", "00" * 64),
            ("proof", "public_key", "00" * 32),
        ):
            content = json.loads(whole)
            assert content[part][name] != value
            content[part][name] = value
            document.write_text(json.dumps(content))
            assert workspace.verify_disclosure(document).problem is Problem.ALTERED

    def test_altered_with_its_digest_made_anew(self, workspace: toolkit.Workspace, document: Path) -> None:
        content = Document.model_validate_json(document.read_text())
        forged = content.disclosure.model_copy(update={"lists": ()})
        proof = content.proof.model_copy(update={"sha256": forged.digest})
        document.write_text(content.model_copy(update={"disclosure": forged, "proof": proof}).model_dump_json())
        assert workspace.verify_disclosure(document).problem is Problem.ALTERED

    def test_row_of_another_disclosure(self, workspace: toolkit.Workspace, document: Path, tmp_path: Path) -> None:
        other = json.loads(workspace.disclose(email=mail(2)).to_json(tmp_path / "other.json").read_text())
        content = json.loads(document.read_text())
        content["proof"] = other["proof"]
        document.write_text(json.dumps(content))
        assert workspace.verify_disclosure(document).problem is Problem.NOT_RECORDED
        content["disclosure"]["id"] = other["disclosure"]["id"]
        document.write_text(json.dumps(content))
        assert workspace.verify_disclosure(document).problem is Problem.ALTERED

    def test_row_that_tells_of_something_else(self, workspace: toolkit.Workspace, document: Path) -> None:
        content = json.loads(document.read_text())
        for row in (1, 999):
            content["proof"]["row"] = row
            document.write_text(json.dumps(content))
            assert workspace.verify_disclosure(document).problem is Problem.NOT_RECORDED

    def test_other_workspace(self, document: Path, tmp_path: Path, tables: Tables) -> None:
        other = toolkit.open_workspace(
            tmp_path / "other", profiles=tables.profiles, segments=tables.segments, create=True
        )
        assert other.verify_disclosure(document).problem is Problem.OTHER_WORKSPACE
        content = json.loads(document.read_text())
        content["disclosure"]["workspace"] = other.root
        document.write_text(json.dumps(content))
        assert other.verify_disclosure(document).problem is Problem.NOT_RECORDED

    def test_older_backup(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        shutil.copytree(workspace.path, tmp_path / "backup")
        document = workspace.disclose(email=mail(1)).to_json(tmp_path / "disclosure.json")
        newest = workspace.audit.frame["row"].max()
        assert isinstance(newest, int)
        shutil.rmtree(workspace.path)
        shutil.copytree(tmp_path / "backup", workspace.path)
        back = toolkit.open_workspace(workspace.path)
        assert back.verify_disclosure(document).problem is Problem.NOT_RECORDED
        back.trust(newest_row=newest - 1)
        back.disclose(email=mail(2))
        assert back.verify_disclosure(document).problem is Problem.NOT_RECORDED

    def test_audit_that_was_altered(self, workspace: toolkit.Workspace, document: Path) -> None:
        with sqlite3.connect(workspace.path / "workspace.db") as database:
            database.execute("UPDATE audit SET person = 'Somebody' WHERE id = 2")
        assert workspace.verify_disclosure(document).problem is Problem.AUDIT_BROKEN

    def test_what_is_no_disclosure(self, workspace: toolkit.Workspace, document: Path, tmp_path: Path) -> None:
        whole = json.loads(document.read_text())
        further = json.dumps(whole | {"remark": "all is well"})
        rows = [json.dumps(whole | {"proof": whole["proof"] | {"row": it}}) for it in (0, -1, 2**80, "1")]
        broken = [
            *rows,
            "",
            "[]",
            "{}",
            '{"disclosure": 1, "proof": {}}',
            "[" * 100_000,
            "\ud800",
            "<html></html>",
            further,
        ]
        for content in broken:
            (tmp_path / "it.json").write_bytes(content.encode(errors="surrogatepass"))
            with raises(ErrorCode.CONFIGURATION):
                workspace.verify_disclosure(tmp_path / "it.json")
        with raises(ErrorCode.CONFIGURATION):
            workspace.verify_disclosure(tmp_path / "none.json")

    def test_name_that_stands_there_twice(self, workspace: toolkit.Workspace, document: Path) -> None:
        text = document.read_text()
        document.write_text(text.replace('"customers":', '"customers": ["C099"], "customers":', 1))
        with raises(ErrorCode.CONFIGURATION):
            workspace.verify_disclosure(document)


def test_nothing_names_the_person(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
    emails = {mail(it): mail(it) for it in range(100)}
    tables.write(emails, {"All": list(emails)})
    workspace.runs.start("Nightly")
    found = workspace.disclose(email=mail(1))
    html, written = found.to_html(tmp_path / "it.html").read_text(), found.to_json(tmp_path / "it.json").read_text()
    kept = b"".join(it.read_bytes() for it in workspace.path.rglob("*") if it.is_file())
    assert found.found
    assert b"person1@" not in kept
    assert "person1" not in html + written + repr(found) + found._repr_html_() + str(found.frame.rows())
