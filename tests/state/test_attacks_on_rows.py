"""Single rows are put back, deleted, made unreadable or signed anew, and names lead out of the workspace."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from sqlalchemy import delete

import toolkit
from tests.conftest import Databases, Tables, connect, save_nightly
from tests.folders import folder_of
from tests.state.attacking import As, LetIn, change, decision, forge_audit_row, identity_of, put, rows
from toolkit.access.people import require_actor
from toolkit.errors import ConfigurationError, DataError, ErrorCode, SignatureError, ToolkitError, TrustError
from toolkit.exports import suppression_entries
from toolkit.refresh import refresh, run_inline
from toolkit.sandbox import Sandbox
from toolkit.state.audit import Action
from toolkit.state.models import SuppressionPartRecord, SuppressionRecord

pytestmark = pytest.mark.on_both_databases


class TestFilesThatRowsName:
    """What an administrator's run removes or reads is named by rows that others write."""

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Path:
        """A folder of somebody's, beside the workspace."""
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        (folder / "letter.txt").write_text("Dear all")
        return folder

    def test_a_refresh_removes_no_folder_elsewhere(self, workspace: toolkit.Workspace, elsewhere: Path) -> None:
        refresh(folder_of(workspace), execute=run_inline)
        (row,) = rows(workspace, "refreshes")
        put(workspace, "refreshes", row | {"id": str(elsewhere), "asked_at": "2020-01-01 00:00:00+00:00"})
        with pytest.raises(SignatureError):
            refresh(folder_of(workspace), execute=run_inline)
        assert (elsewhere / "letter.txt").exists()

    def test_nor_the_files_of_a_run_elsewhere(self, workspace: toolkit.Workspace, elsewhere: Path) -> None:
        refresh(folder_of(workspace), execute=run_inline)
        (refreshed,) = rows(workspace, "refreshes")
        (run,) = rows(workspace, "runs")
        old = "20200101-000000-000000"
        put(workspace, "refreshes", refreshed | {"id": old, "asked_at": "2020-01-01 00:00:00+00:00"})
        put(workspace, "runs", run | {"id": f"../../{elsewhere.name}", "refresh_id": old})
        with pytest.raises(SignatureError):
            refresh(folder_of(workspace), execute=run_inline)
        assert (elsewhere / "letter.txt").exists()

    def test_nor_what_a_link_leads_to(self, workspace: toolkit.Workspace, elsewhere: Path) -> None:
        refresh(folder_of(workspace), execute=run_inline)
        (refreshed,) = rows(workspace, "refreshes")
        (run,) = rows(workspace, "runs")
        old = "20200101-000000-000000"
        put(workspace, "refreshes", refreshed | {"id": old, "asked_at": "2020-01-01 00:00:00+00:00"})
        put(workspace, "runs", run | {"id": old, "refresh_id": old})
        for place in ("runs", "refreshes"):
            (workspace.path / place).mkdir(exist_ok=True)
            (workspace.path / place / old).symlink_to(elsewhere)
        refresh(folder_of(workspace), execute=run_inline)
        assert (elsewhere / "letter.txt").exists()

    def test_a_snapshot_elsewhere_is_not_removed(self, workspace: toolkit.Workspace, elsewhere: Path) -> None:
        workspace.runs.start("Nightly")
        change(workspace, "UPDATE contact_lists SET snapshot = :it", it=f"../{elsewhere.name}/letter.txt")
        run = workspace.runs.start("Nightly", mode="replace")
        assert run.error is not None
        assert run.error.code is ErrorCode.SIGNATURE
        assert (elsewhere / "letter.txt").exists()

    def test_a_part_of_the_history_elsewhere_is_not_read(self, workspace: toolkit.Workspace, elsewhere: Path) -> None:
        workspace.runs.start("Nightly")
        (part,) = rows(workspace, "history_parts")
        shutil.copy(workspace.path / part["file"], elsewhere / "other.parquet")
        change(workspace, "UPDATE history_parts SET file = :it", it=str(elsewhere / "other.parquet"))
        with pytest.raises(SignatureError):
            workspace.runs.membership("Nightly")

    def test_a_module_in_the_folder_is_not_imported(
        self, workspace: toolkit.Workspace, databases: Databases, tmp_path: Path
    ) -> None:
        """The kernel of a scheduled run starts in the workspace."""
        if databases.kind == "postgresql":
            pytest.skip("the folder is the same")
        for module in ("toolkit", "polars", "ipykernel_launcher", "json"):
            (workspace.path / f"{module}.py").write_text(f"open({str(tmp_path / 'was here')!r}, 'w').close()\n")
        (run,) = workspace.refreshes.start().exports
        assert run.status is toolkit.RunStatus.SUCCESSFUL
        assert not (tmp_path / "was here").exists()


class TestLists:
    def test_of_another_advertiser_get_nothing(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
    ) -> None:
        """The export names the advertiser, and is signed; the id of the list is not."""
        first, second, *_ = sorted(workspace.connections["Sandbox"].advertisers)
        save_nightly(workspace, advertiser_id=first)
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, advertiser_id=second, list_name="Second {segment}")
        workspace.runs.start("Nightly").raise_for_status()
        before = held("All")
        (there,) = (it["criteo_id"] for it in rows(workspace, "contact_lists") if it["advertiser_id"] == first)
        change(workspace, "UPDATE contact_lists SET criteo_id = 'none' WHERE advertiser_id = :it", it=first)
        change(workspace, "UPDATE contact_lists SET criteo_id = :id WHERE advertiser_id = :it", it=second, id=there)
        for mode in ("mirror", "replace"):
            run = workspace.runs.start("Nightly", mode=mode)
            assert run.error is not None
            assert run.error.code is ErrorCode.SIGNATURE
        assert held("All") == before


class TestSuppressions:
    @pytest.fixture
    def suppressed(self, workspace: toolkit.Workspace) -> toolkit.Workspace:
        workspace.suppressions.add(pl.DataFrame({"CustomerId": ["C001"]}), customer_column="CustomerId")
        return workspace

    def test_a_contributor_puts_no_other_entry_in_the_place_of_one(
        self, suppressed: toolkit.Workspace, mallory: toolkit.Workspace, criteo: Sandbox, job: toolkit.Workspace
    ) -> None:
        """The machine of the job has not seen the entry yet."""
        folder = folder_of(mallory)
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder)
            session.execute(delete(SuppressionPartRecord))
            session.execute(delete(SuppressionRecord))
            record = suppression_entries._blank(folder, actor, suppression_entries.Act.ADD, number=1, source="x")
            record.previous = "0" * 64
            record.content_sha256 = suppression_entries._digest_of_parts([])
            with pytest.raises(SignatureError):
                suppression_entries._seal(session, folder, actor, record, action=Action.SUPPRESS)
        forge_audit_row(
            suppressed, identity_of(mallory), name="mallory", decides=[decision("suppression", 1, 2, {"x": 1})]
        )
        with pytest.raises(SignatureError):
            job.runs.start("Nightly")
        assert criteo.lists() == []

    @pytest.fixture
    def job(self, workspace: toolkit.Workspace, let_in: LetIn) -> toolkit.Workspace:
        opened = let_in("nightly job", "contributor")
        workspace.connections.share("Sandbox", "nightly job")
        return opened

    @pytest.mark.parametrize("number", ["1", "3", "02", "-1", "x", str(10**30)])
    def test_a_contributor_decides_the_next_entry_only(
        self, suppressed: toolkit.Workspace, mallory: toolkit.Workspace, number: str
    ) -> None:
        decided = decision("suppression", 0, 2 if number == "1" else 1, {"x": 1}) | {"id": number}
        forge_audit_row(suppressed, identity_of(mallory), name="mallory", decides=[decided])
        with pytest.raises(SignatureError):
            list(suppressed.exports)

    def test_an_entry_that_is_decided_and_not_there_is_missed(
        self, suppressed: toolkit.Workspace, mallory: toolkit.Workspace
    ) -> None:
        forge_audit_row(
            suppressed, identity_of(mallory), name="mallory", decides=[decision("suppression", 2, 1, {"x": 1})]
        )
        run = suppressed.runs.start("Nightly")
        assert run.error is not None
        assert run.error.code is ErrorCode.SUPPRESSIONS_LOST
        suppressed.suppressions.accept_lost(entries=1)
        assert suppressed.runs.start("Nightly").raise_for_status().frame["suppressed"].to_list() == [1]

    @pytest.mark.parametrize("table", ["suppression_parts", "suppressions"])
    def test_one_that_is_deleted_is_missed(
        self, suppressed: toolkit.Workspace, criteo: Sandbox, job: toolkit.Workspace, table: str
    ) -> None:
        for it in dict.fromkeys(("suppression_parts", table)):
            change(suppressed, f"DELETE FROM {it}")
        assert job.runs.start("Nightly").error is not None
        assert criteo.lists() == []


class TestDeletedRows:
    def test_an_export_that_is_deleted_is_missed(self, workspace: toolkit.Workspace) -> None:
        workspace.exports.duplicate("Nightly", "Removed")
        workspace.exports.remove("Removed")
        assert workspace.altered_rows == []
        change(workspace, "DELETE FROM exports WHERE name = 'Nightly'")
        (missed,) = workspace.altered_rows
        assert "'Nightly'" in missed.what
        assert workspace.health().level.name == "CRITICAL"

    def test_an_older_row_of_the_audit_that_is_altered_is_not_shown(self, workspace: toolkit.Workspace) -> None:
        """This machine replayed it long ago."""
        list(workspace.audit)
        change(workspace, "UPDATE audit SET person = 'somebody else' WHERE id = 3")
        with pytest.raises(SignatureError):
            list(workspace.audit)
        assert workspace.health().level.name == "CRITICAL"

    def test_nor_one_that_is_deleted(self, workspace: toolkit.Workspace) -> None:
        change(workspace, "DELETE FROM audit WHERE id = 3")
        with pytest.raises(SignatureError):
            list(workspace.audit)
        assert workspace.health().level.name == "CRITICAL"


class TestUnreadableValues:
    @pytest.mark.parametrize(
        "altered",
        [
            "exports SET settings = '{'",
            "exports SET settings = '[]'",
            "exports SET settings = '{}'",
            "exports SET settings = '{\"a\": 99999999999999999999999}'",
            'exports SET settings = \'{"a": "\\ud800"}\'',
            "exports SET saved_at = 'yesterday'",
            "people SET added_at = 7",
            "connections SET advertisers = '{}'",
            "connections SET consent_at = 'x'",
            "seals SET box = 'text'",
            "audit SET details = '{'",
            "audit SET details = '{\"a\": 99999999999999999999999}'",
            'audit SET details = \'{"a": "\\ud800"}\'',
            "audit SET decides = '[1]'",
            "audit SET at = 'yesterday'",
        ],
    )
    def test_are_told_as_such(
        self, workspace: toolkit.Workspace, databases: Databases, person: As, criteo: Sandbox, altered: str
    ) -> None:
        """SQLite keeps whatever is written to it."""
        if databases.kind == "postgresql":
            pytest.skip("PostgreSQL keeps values of their type only")
        change(workspace, "UPDATE " + altered)
        before = len(criteo.requests())
        newcomer = person("newcomer")
        with pytest.raises(ToolkitError):
            workspace.runs.start("Nightly") if altered.startswith(
                ("exports", "seals", "conn", "people")
            ) else newcomer.people.join()
        if not altered.startswith("seals"):
            assert workspace.health().level.name == "CRITICAL"
        assert len(criteo.requests()) == before

    @pytest.mark.parametrize(
        "altered",
        [
            "runs SET settings = '{}'",
            "runs SET settings = '{\"name\": 7}'",
            "runs SET lists = '[{\"x\": 1}]'",
            'runs SET error = \'{"code": "nonsense"}\'',
            "runs SET allowed = '[\"nonsense\"]'",
            "runs SET status = 'nonsense'",
        ],
    )
    def test_of_a_run_are_told_as_such(self, workspace: toolkit.Workspace, databases: Databases, altered: str) -> None:
        if databases.kind == "postgresql" and "status" in altered:
            pytest.skip("of the kind of a text, as any other")
        run = workspace.runs.start("Nightly").raise_for_status()
        change(workspace, "UPDATE " + altered)
        with pytest.raises(DataError):
            _ = workspace.runs[run.id]
        if "allowed" not in altered:  # which the frame does not show
            with pytest.raises(DataError):
                _ = workspace.runs.frame
        with pytest.raises(DataError):
            repr(workspace)

    def test_of_a_list_are_told_as_such(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        before = criteo.identifiers(criteo.lists()[0].id)
        change(workspace, "UPDATE contact_lists SET form = 'nonsense'")
        run = workspace.runs.start("Nightly")
        assert run.error is not None
        assert run.error.code is ErrorCode.DATA
        assert criteo.identifiers(criteo.lists()[0].id) == before

    @pytest.mark.parametrize(
        "content", [{}, {"connection": 1, "advertisers": {"1": 2}}, {"advertisers": {}}, {"x": 1.5}]
    )
    def test_that_a_contributor_signs_are_told_as_such(
        self, workspace: toolkit.Workspace, mallory: toolkit.Workspace, content: dict[str, object]
    ) -> None:
        workspace.connections.share("Sandbox", "mallory")
        forge_audit_row(
            workspace,
            identity_of(mallory),
            name="mallory",
            decides=[decision("advertisers", 1, 2, content, connection=1)],
        )
        with pytest.raises(SignatureError):
            list(workspace.exports)
        assert workspace.audit.verify() is not None


class TestNames:
    @pytest.mark.parametrize("name", ["Anna", "anna ", "an\u200bna", "\uff41nna", "", " ", "a\nb", "\u202eanna"])
    def test_nobody_is_called_like_another(self, workspace: toolkit.Workspace, let_in: LetIn, name: str) -> None:
        let_in("anna", "contributor")
        with pytest.raises(ConfigurationError):
            let_in(name, "contributor")

    @pytest.mark.parametrize("name", ['x", role="administrator") #', 'a"b', "Zoë", "it's", "back\\slash", "two\nlines"])
    def test_a_name_adds_nothing_to_the_line(self, workspace: toolkit.Workspace, person: As, name: str) -> None:
        request = person("stranger").people.join(name)
        seen: list[tuple[str, str]] = []

        class People:
            def add(self, name: str, *, public_key: str, role: str, root: str) -> None:
                seen.append((name, role))

        eval(request.line, {"workspace": SimpleNamespace(people=People())})
        assert seen == [(name, "contributor")]


class TestOtherWorkspaceOfTheSamePeople:
    @pytest.fixture
    def other(
        self, tmp_path: Path, tables: Tables, criteo: Sandbox, databases: Databases, workspace: toolkit.Workspace
    ) -> toolkit.Workspace:
        made = toolkit.open_workspace(
            tmp_path / "other",
            profiles=tables.profiles,
            segments=tables.segments,
            database=databases.new(),
            create=True,
        )
        connect(made, criteo)
        save_nightly(made, form="plain")
        return made

    @pytest.mark.parametrize("table", ["connections", "seals", "exports", "people"])
    def test_a_row_of_its_own_place_is_refused(
        self, workspace: toolkit.Workspace, other: toolkit.Workspace, criteo: Sandbox, table: str
    ) -> None:
        """Same number, same name, same signer."""
        (theirs,) = rows(other, table)
        json_as_text = {name: it for name, it in theirs.items() if not isinstance(it, dict | list)}
        settings = ", ".join(f"{it} = :{it}" for it in json_as_text)
        change(workspace, f"UPDATE {table} SET {settings}", **json_as_text)
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")
        assert len(criteo.requests()) == before


class TestForks:
    def test_of_equal_length_are_noticed(
        self, workspace: toolkit.Workspace, let_in: LetIn, as_it_was: Callable[[], None]
    ) -> None:
        """Who was an administrator goes on from an older state, where they still are."""
        boss = let_in("boss", "administrator")
        as_it_was()
        workspace.people.remove("boss")
        before = len(rows(workspace, "audit"))
        as_it_was()
        while len(rows(workspace, "audit")) < before:
            forge_audit_row(boss, identity_of(boss), name="boss")
        with pytest.raises(TrustError):
            list(workspace.exports)

    @pytest.fixture
    def as_it_was(self, workspace: toolkit.Workspace) -> Callable[[], None]:
        """Keep people and the audit when called first, and put them back when called again."""
        kept: dict[str, list[dict[str, object]]] = {}

        def act() -> None:
            if not kept:
                kept.update({it: rows(workspace, it) for it in ("people", "audit ORDER BY id")})
                return
            for table in ("audit", "people"):
                change(workspace, f"DELETE FROM {table}")
            for table, them in kept.items():
                for it in them:
                    put(workspace, table.split()[0], it)

        return act


class TestLinks:
    def test_that_lead_elsewhere_than_before_are_told(
        self, workspace: toolkit.Workspace, tmp_path: Path, tables: Tables, databases: Databases
    ) -> None:
        """The folder that the link leads to now was never seen."""
        link = tmp_path / "link"
        link.symlink_to(workspace.path)
        list(toolkit.open_workspace(link).exports)
        theirs = toolkit.open_workspace(
            tmp_path / "theirs", profiles=tables.profiles, database=databases.new(), create=True
        )
        link.unlink()
        link.symlink_to(theirs.path)
        with pytest.raises(TrustError):
            list(toolkit.open_workspace(link).exports)
        toolkit.open_workspace(link).trust(theirs.root)
        assert list(toolkit.open_workspace(link).exports) == []

    def test_to_where_it_was_moved_are_followed(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        folder_of(workspace).engine.dispose()
        shutil.move(workspace.path, tmp_path / "moved")
        workspace.path.symlink_to(tmp_path / "moved")
        assert list(toolkit.open_workspace(workspace.path).exports) == ["Nightly"]


class TestMemory:
    @pytest.fixture
    def memory(self, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The memory of a machine that saw the workspace."""
        monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "memory"))
        list(toolkit.open_workspace(workspace.path).exports)
        return tmp_path / "memory"

    def test_in_a_folder_that_others_may_change_is_refused(self, workspace: toolkit.Workspace, memory: Path) -> None:
        """They could put another file there."""
        memory.chmod(0o777)
        with pytest.raises(ConfigurationError):
            list(toolkit.open_workspace(workspace.path).exports)

    def test_of_another_account_is_refused(self, workspace: toolkit.Workspace, memory: Path) -> None:
        if os.getuid() != 0:
            pytest.skip("only root gives files away")
        for file in memory.glob("*.json"):
            os.chown(file, 12345, -1)
        with pytest.raises(ConfigurationError):
            list(toolkit.open_workspace(workspace.path).exports)

    def test_that_is_removed_is_made_anew(self, workspace: toolkit.Workspace, memory: Path) -> None:
        shutil.rmtree(memory)
        assert list(toolkit.open_workspace(workspace.path).exports) == ["Nightly"]
        assert memory.exists()

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"root": 1}'])
    def test_that_is_damaged_is_told(self, workspace: toolkit.Workspace, memory: Path, content: str) -> None:
        (damaged,) = (it for it in memory.glob("*.json") if it.name != "places.json")
        damaged.write_text(content)
        with pytest.raises(ConfigurationError):
            list(toolkit.open_workspace(workspace.path).exports)
