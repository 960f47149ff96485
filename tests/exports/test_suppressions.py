"""The suppression list lies in the database, and what is lost or altered of it stops a run before anything is sent."""

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import delete, update

import toolkit
from tests.conftest import Tables
from tests.folders import folder_of
from toolkit.errors import (
    AccessError,
    ConfigurationError,
    LedgerDivergedError,
    SignatureError,
    SuppressionsLostError,
    ToolkitError,
    UnusableRowsError,
)
from toolkit.state.keys import KEY_FILE_VARIABLE
from toolkit.state.machine_memory import MEMORY_VARIABLE, Remembered, SuppressionsHead
from toolkit.state.models import AuditRecord, SuppressionPartRecord, SuppressionRecord

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def suppress(workspace: toolkit.Workspace, *numbers: int) -> str:
    people = pl.DataFrame({"mail": [f"person{it}@mail.example" for it in numbers]})
    entry = workspace.suppressions.add(people, email_column="mail").entry
    assert entry is not None
    return entry


def suppressed(workspace: toolkit.Workspace) -> set[str]:
    left_out = workspace.preview("All", email_column="EMail").left_out
    return set(left_out.filter(pl.col("status") == "suppressed")["customer"])


def sha256(number: int) -> str:
    return hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest()


def change(workspace: toolkit.Workspace, statement: object) -> None:
    with folder_of(workspace).session() as session, session.begin():
        session.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Go on as on a machine that remembers nothing."""
    numbers = iter(range(9))
    return lambda: monkeypatch.setenv(MEMORY_VARIABLE, str(tmp_path / f"machine {next(numbers)}"))


class TestEntries:
    def test_are_listed_without_the_people(self, workspace: toolkit.Workspace) -> None:
        entry = suppress(workspace, 1, 2)
        (row,) = workspace.suppressions.frame.rows(named=True)
        assert (row["entry"], row["customers"], row["addresses"], row["mobile_ids"]) == (entry, 0, 2, 0)
        assert (row["by"], row["lifted_at"]) == (workspace.people.me.name, None)

    def test_hold_until_they_are_lifted(self, workspace: toolkit.Workspace, held: Held) -> None:
        entry, _ = suppress(workspace, 1), suppress(workspace, 2)
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 98
        workspace.suppressions.lift(entry)
        assert suppressed(workspace) == {"C002"}
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 99
        assert workspace.suppressions.frame["lifted_at"].is_null().to_list() == [False, True]
        assert workspace.audit.verify() is None

    def test_are_lifted_once_and_by_name(self, workspace: toolkit.Workspace) -> None:
        entry = suppress(workspace, 1)
        workspace.suppressions.lift(entry)
        for name in (entry, "nothing"):
            with pytest.raises(ConfigurationError):
                workspace.suppressions.lift(name)

    def test_of_one_person_hold_on_when_another_is_lifted(self, workspace: toolkit.Workspace) -> None:
        entry, _ = suppress(workspace, 1), suppress(workspace, 1)
        workspace.suppressions.lift(entry)
        assert suppressed(workspace) == {"C001"}

    def test_of_many_people_are_read_whole(self, workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("toolkit.exports.suppression_entries._ROWS_A_PART", 7)
        suppress(workspace, *range(50))
        assert len(suppressed(workspace)) == 50

    def test_hold_no_address(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        workspace.suppressions.add(pl.DataFrame({"k": ["key@x.example", "C1"]}), customer_column="k")
        suppress(workspace, 1)
        kept = b"".join(it.read_bytes() for it in workspace.path.rglob("*") if it.is_file())
        assert b"@x.example" not in kept
        assert b"person1@" not in kept

    def test_are_lifted_by_administrators_only(
        self, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = suppress(workspace, 1)
        monkeypatch.setenv(KEY_FILE_VARIABLE, str(tmp_path / "key of another"))
        request = toolkit.open_workspace(workspace.path).people.join("Another")
        workspace.people.add("Another", public_key=request.public_key, role="contributor")
        theirs = toolkit.open_workspace(workspace.path)
        suppress(theirs, 2)
        with pytest.raises(AccessError):
            theirs.suppressions.lift(entry)
        workspace.people.change_role("Another", "viewer")
        theirs = toolkit.open_workspace(workspace.path)
        with pytest.raises(AccessError):
            suppress(theirs, 3)
        with pytest.raises(AccessError):
            theirs.forget(customer="C005")
        assert theirs.suppressions.frame.height == 2


class TestLoss:
    def require_stopped(self, workspace: toolkit.Workspace, error: type[ToolkitError], held: Held) -> None:
        with pytest.raises(error):
            workspace.preview("All", email_column="EMail")
        before = held("All")
        run = workspace.runs.start("Nightly", mode="replace")
        assert run.error is not None
        assert run.error.code is error.code
        assert held("All") == before

    @pytest.fixture
    def three(self, workspace: toolkit.Workspace) -> list[str]:
        entries = [suppress(workspace, it) for it in (1, 2, 3)]
        workspace.runs.start("Nightly").raise_for_status()
        return entries

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_of_an_entry_stops_a_run(
        self, workspace: toolkit.Workspace, three: list[str], held: Held, number: int, other_machine: Callable[[], None]
    ) -> None:
        change(workspace, delete(SuppressionPartRecord).where(SuppressionPartRecord.number == number))
        change(workspace, delete(SuppressionRecord).where(SuppressionRecord.number == number))
        other_machine()
        workspace = toolkit.open_workspace(workspace.path)
        self.require_stopped(workspace, SuppressionsLostError, held)
        with pytest.raises(SuppressionsLostError):
            suppress(workspace, 4)
        with pytest.raises(ConfigurationError):
            workspace.suppressions.accept_lost(entries=2)
        workspace.suppressions.accept_lost(entries=1)
        assert suppressed(workspace) == {"C001", "C002", "C003"} - {f"C00{number}"}
        suppress(workspace, 4)
        workspace.suppressions.lift(three[number % 3])
        assert len(suppressed(workspace)) == 2

    def test_of_people_stops_a_run(self, workspace: toolkit.Workspace, three: list[str], held: Held) -> None:
        change(workspace, delete(SuppressionPartRecord).where(SuppressionPartRecord.number == 2))
        self.require_stopped(workspace, SignatureError, held)
        workspace.suppressions.lift(three[1])
        assert suppressed(workspace) == {"C001", "C003"}

    @pytest.mark.parametrize("column", ["name", "act", "lifts", "content_sha256", "added_by", "signature", "sha256"])
    def test_by_altering_stops_a_run(
        self, workspace: toolkit.Workspace, three: list[str], held: Held, column: str
    ) -> None:
        value = {"act": "lift", "signature": "00" * 64}.get(column, "a" * 64)
        change(workspace, update(SuppressionRecord).where(SuppressionRecord.number == 2).values({column: value}))
        self.require_stopped(workspace, SignatureError, held)
        workspace.suppressions.accept_lost(entries=1)
        assert suppressed(workspace) == {"C001", "C003"}

    def test_of_all_and_of_the_audit_is_known_to_the_machine(
        self, workspace: toolkit.Workspace, three: list[str]
    ) -> None:
        change(workspace, delete(SuppressionPartRecord))
        change(workspace, delete(SuppressionRecord))
        change(workspace, delete(AuditRecord).where(AuditRecord.action == "suppress people"))
        with pytest.raises(toolkit.ToolkitError) as raised:
            workspace.preview("All", email_column="EMail")
        assert isinstance(raised.value, SuppressionsLostError | toolkit.TrustError | SignatureError)

    def test_of_lifting_keeps_people_in_force(self, workspace: toolkit.Workspace, three: list[str], held: Held) -> None:
        workspace.suppressions.lift(three[0])
        change(workspace, delete(SuppressionRecord).where(SuppressionRecord.number == 4))
        with pytest.raises(SuppressionsLostError):
            workspace.preview("All", email_column="EMail")


class TestRestore:
    @pytest.fixture
    def databases(self) -> None:
        """A database in a file is restored by copying it."""

    @pytest.fixture
    def database(self) -> None:
        return None

    def restore(self, workspace: toolkit.Workspace, backup: Path) -> toolkit.Workspace:
        path = workspace.path
        folder_of(workspace).engine.dispose()
        shutil.rmtree(path)
        shutil.copytree(backup, path)
        return toolkit.open_workspace(path)

    def backed_up(self, workspace: toolkit.Workspace, tmp_path: Path) -> Path:
        folder_of(workspace).engine.dispose()
        shutil.copytree(workspace.path, tmp_path / "backup")
        return tmp_path / "backup"

    @pytest.mark.parametrize("added_before", [0, 1])
    def test_of_an_older_database_stops_a_run(
        self, workspace: toolkit.Workspace, tmp_path: Path, held: Held, added_before: int
    ) -> None:
        for it in range(added_before):
            suppress(workspace, 50 + it)
        workspace.runs.start("Nightly").raise_for_status()
        backup = self.backed_up(workspace, tmp_path)
        workspace.forget(customer="C001")
        suppress(workspace, 2)
        assert len(held("All")) == 99 - added_before
        restored = self.restore(workspace, backup)
        with pytest.raises(toolkit.ToolkitError) as raised:
            restored.runs.start("Nightly", mode="replace").raise_for_status()
        assert "2 entries" in str(raised.value) or isinstance(raised.value, toolkit.TrustError)
        assert len(held("All")) == 99 - added_before

    @pytest.fixture
    def trusted_backup(self, workspace: toolkit.Workspace, tmp_path: Path) -> toolkit.Workspace:
        """A workspace that was restored, which was confirmed, after somebody was forgotten and a run followed."""
        workspace.runs.start("Nightly").raise_for_status()
        rows = workspace.audit.frame.height
        backup = self.backed_up(workspace, tmp_path)
        workspace.forget(customer="C001")
        restored = self.restore(workspace, backup)
        restored.trust(newest_row=rows)
        return restored

    @pytest.mark.parametrize("options", [{}, {"mode": "replace"}, {"allow": ["other ledger"]}])
    def test_of_a_trusted_backup_still_stops_a_run(
        self, trusted_backup: toolkit.Workspace, held: Held, options: dict[str, Any]
    ) -> None:
        run = trusted_backup.runs.start("Nightly", **options)
        assert run.error is not None
        assert run.error.code is SuppressionsLostError.code
        assert len(held("All")) == 99
        (found,) = trusted_backup.health().frame.filter(what="suppressions").rows(named=True)
        assert found["level"] == "critical"

    @pytest.mark.parametrize("options", [{"mode": "replace"}, {"allow": ["other ledger"]}])
    def test_a_restore_by_the_book_ends_right(
        self, trusted_backup: toolkit.Workspace, held: Held, options: dict[str, Any]
    ) -> None:
        trusted_backup.suppressions.accept_lost(entries=1)
        trusted_backup.forget(customer="C001")
        run = trusted_backup.runs.start("Nightly")
        assert run.error is not None
        assert run.error.code is LedgerDivergedError.code
        trusted_backup.runs.start("Nightly", **options).raise_for_status()
        trusted_backup.runs.start("Nightly").raise_for_status()
        assert held("All") == {sha256(number) for number in range(100) if number != 1}

    def test_that_was_trusted_is_confirmed_knowingly(self, workspace: toolkit.Workspace) -> None:
        suppress(workspace, 1)
        memory = folder_of(workspace).memory
        root = memory.root_at(workspace.path)
        assert root is not None

        def newer(known: Remembered | None) -> Remembered:
            assert known is not None
            assert known.suppressions is not None
            head = SuppressionsHead(count=3, sha256="a" * 64, at=known.suppressions.at)
            return known.model_copy(update={"suppressions": head})

        memory.update(root, newer)
        with pytest.raises(SuppressionsLostError) as raised:
            workspace.preview("All", email_column="EMail")
        assert "2 entries" in raised.value.what
        with pytest.raises(SuppressionsLostError):
            workspace.forget(customer="C001")
        workspace.suppressions.accept_lost(entries=2)
        assert suppressed(workspace) == {"C001"}
        suppress(workspace, 4)
        assert suppressed(workspace) == {"C001", "C004"}

    def test_of_another_history_stops_a_run(
        self,
        workspace: toolkit.Workspace,
        tmp_path: Path,
        other_machine: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        suppress(workspace, 1)
        backup = self.backed_up(workspace, tmp_path)
        suppress(workspace, 2)
        restored = self.restore(workspace, backup)
        ours = os.environ[MEMORY_VARIABLE]
        other_machine()
        restored = toolkit.open_workspace(workspace.path)
        suppress(restored, 3)
        suppress(restored, 4)
        monkeypatch.setenv(MEMORY_VARIABLE, ours)
        with pytest.raises(toolkit.ToolkitError) as raised:
            toolkit.open_workspace(workspace.path).preview("All", email_column="EMail")
        assert isinstance(raised.value, SuppressionsLostError | SignatureError | toolkit.TrustError)

    def test_is_not_felt_in_a_fresh_folder(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        assert suppressed(workspace) == set()
        assert workspace.suppressions.frame.is_empty()
        shutil.rmtree(workspace.path)
        again = toolkit.open_workspace(workspace.path, profiles=tables.profiles, segments=tables.segments, create=True)
        assert again.suppressions.frame.is_empty()


class TestImports:
    @pytest.fixture
    def databases(self) -> None:
        """What is read is the same on every database."""

    @pytest.fixture
    def database(self) -> None:
        return None

    MIXED = pl.DataFrame(
        {"mail": ["person1@mail.example", "<person2@mail.example>", None, " "], "key": [None, "C005", None, ""]}
    )

    def test_with_unusable_rows_are_refused(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(UnusableRowsError) as raised:
            workspace.suppressions.add(self.MIXED, email_column="mail", customer_column="key")
        assert "3 of 4 rows" in raised.value.what
        assert "person2" not in str(raised.value)
        assert workspace.suppressions.frame.is_empty()

    def test_take_the_rest_knowingly(self, workspace: toolkit.Workspace) -> None:
        added = workspace.suppressions.add(self.MIXED, email_column="mail", customer_column="key", skip_unusable=True)
        assert (added.rows, added.customers, added.identifiers["email"], added.unusable_rows) == (4, 1, 1, 3)
        assert added.unusable["row"].to_list() == [2, 3, 4]
        assert "person2" not in str(added.unusable.rows()) + repr(added) + added._repr_html_()
        assert suppressed(workspace) == {"C001", "C005"}

    def test_of_nothing_usable_are_refused(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(UnusableRowsError):
            workspace.suppressions.add(pl.DataFrame({"mail": ["x", None]}), email_column="mail", skip_unusable=True)

    def test_of_no_rows_add_no_entry(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").write_text("mail\n")
        added = workspace.suppressions.add(tmp_path / "empty.csv", email_column="mail")
        assert (added.entry, added.rows) == (None, 0)
        assert workspace.suppressions.frame.is_empty()

    @pytest.mark.parametrize(
        ("profiles", "given", "written"),
        [
            (pl.Series(["C005", "C006"]), pl.Series(["c005"]), "C005"),
            (pl.Series(["007", "008"]), pl.Series([7]), "007"),
            (pl.Series([7, 8]), pl.Series([7.0, None]), "7"),
            (pl.Series([7, 8]), pl.Series(["007"]), "7"),
        ],
        ids=["case", "zeros lost", "a point", "zeros"],
    )
    def test_of_keys_that_are_nearly_a_profiles_are_refused(
        self, workspace: toolkit.Workspace, tables: Tables, profiles: pl.Series, given: pl.Series, written: str
    ) -> None:
        mails = pl.Series([f"person{it}@mail.example" for it in range(2)])
        pl.DataFrame({"CustomerId": profiles, "EMail": mails}).write_parquet(tables.folder / "profiles.parquet")
        people = pl.DataFrame({"key": given}).drop_nulls()
        with pytest.raises(ConfigurationError, match=repr(written)):
            workspace.suppressions.add(people, customer_column="key")
        assert workspace.suppressions.frame.is_empty()
        stranger = pl.DataFrame({"key": [written, "99"]})
        assert workspace.suppressions.add(stranger, customer_column="key").customers == 2
        assert workspace.suppressions.add(people, customer_column="key", skip_unusable=True).customers == 1

    def test_of_keys_with_blanks_are_refused(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(UnusableRowsError):
            workspace.suppressions.add(pl.DataFrame({"key": [" C005"]}), customer_column="key")

    @pytest.mark.parametrize("name", ["p.parquet", "p.csv", "p.CSV", "p.csv.gz", "semicolon.csv", "folder", "delta"])
    def test_read_what_tables_read(self, workspace: toolkit.Workspace, tmp_path: Path, name: str) -> None:
        frame = pl.DataFrame({"mail": ["person1@mail.example", "PERSON2@mail.example"], "n": [1, 2]})
        path = tmp_path / name
        text = frame.write_csv()
        if name == "folder":
            path.mkdir()
            frame.write_parquet(path / "part.parquet")
        elif name == "delta":
            frame.write_delta(path)
        elif name.endswith("parquet"):
            frame.write_parquet(path)
        elif name.endswith("gz"):
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text("\ufeff" + (text.replace(",", ";") if name.startswith("semi") else text), encoding="utf-8")
        assert workspace.suppressions.add(path, email_column="mail").identifiers == {"email": 2}
        assert suppressed(workspace) == {"C001", "C002"}

    def test_refuse_rows_that_tables_refuse(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        (tmp_path / "ragged.csv").write_text("mail,n\nperson1@mail.example,1,2\n")
        with pytest.raises(toolkit.ToolkitError) as raised:
            workspace.suppressions.add(tmp_path / "ragged.csv", email_column="mail")
        assert "person1" not in str(raised.value)
        assert workspace.suppressions.frame.is_empty()

    def test_meet_every_form(self, workspace: toolkit.Workspace) -> None:
        address = "person7@mail.example"
        md5 = hashlib.md5(address.encode()).hexdigest()
        for value in (address.upper(), hashlib.sha256(address.encode()).hexdigest().upper(), md5):
            entry = workspace.suppressions.add(pl.LazyFrame({"mail": [value]}), email_column="mail").entry
            assert suppressed(workspace) == {"C007"}
            assert entry is not None
            workspace.suppressions.lift(entry)

    def test_are_named_in_the_audit(self, workspace: toolkit.Workspace) -> None:
        entry = suppress(workspace, 1, 2)
        (row,) = workspace.audit.frame.filter(action="suppress people").rows(named=True)
        details = json.loads(row["details"])
        assert (row["name"], details["number"], details["addresses"]) == (entry, 1, 2)
