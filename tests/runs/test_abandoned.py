"""Lists that no run fills any more: told at every run until they are emptied, deleted or knowingly kept."""

from collections.abc import Callable

import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.runs.test_targets import add_column, keys, madid, sha256
from toolkit.criteo import CriteoClient
from toolkit.errors import ConfigurationError, RunFailedError
from toolkit.refresh import HealthLevel
from toolkit.runs import Because
from toolkit.sandbox import Fault, Sandbox

Held = Callable[[str], set[str]]


def sizes(criteo: Sandbox) -> dict[tuple[str, str], int]:
    return {(it.advertiser_id, it.name): it.size for it in criteo.lists()}


def reasons(workspace: toolkit.Workspace) -> list[tuple[str, str, int | None]]:
    return [(it.because, it.segment, it.held) for it in workspace.lists.left_behind]


@pytest.fixture
def advertisers(workspace: toolkit.Workspace) -> list[str]:
    return sorted(workspace.connections["Sandbox"].advertisers)


@pytest.fixture
def moved(workspace: toolkit.Workspace, advertisers: list[str]) -> str:
    """The id of the list that is left behind when the export goes to another advertiser."""
    workspace.runs.start("Nightly").raise_for_status()
    assert len(workspace.lists.left_behind) == 0
    save_nightly(workspace, advertiser_id=advertisers[1])
    workspace.runs.start("Nightly").raise_for_status()
    (found,) = workspace.lists.left_behind
    return found.list_id


class TestTold:
    def test_another_advertiser(
        self, workspace: toolkit.Workspace, moved: str, advertisers: list[str], criteo: Sandbox
    ) -> None:
        for _ in range(2):
            run = workspace.runs.start("Nightly").raise_for_status()
            (told,) = run.abandoned
            assert (told.list_id, told.because, told.held) == (moved, Because.ADVERTISER, 100)
            assert (told.advertiser_id, told.host, told.export) == (advertisers[0], criteo.url, "Nightly")
            assert len(run.warnings) == 1
        assert workspace.lists.left_behind.frame.row(0, named=True)["list_id"] == moved

    def test_in_health_and_the_preview(self, workspace: toolkit.Workspace, moved: str) -> None:
        found = [it for it in workspace.health().findings if it.what == "list"]
        assert [(it.level, it.value) for it in found] == [(HealthLevel.WARNING, 100)]
        assert any(moved in it.text for it in workspace.exports.preview("Nightly").warnings)

    def test_another_host(self, workspace: toolkit.Workspace, criteo: Sandbox, other_criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        workspace.connections.connect(
            "Other",
            host=other_criteo.url,
            client_id=other_criteo.client_id,
            client_secret=other_criteo.client_secret,
            i_agree=True,
        )
        save_nightly(workspace, connection="Other")
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [(it.because, it.host) for it in run.abandoned] == [(Because.HOST, criteo.url)]
        (found,) = workspace.lists.left_behind
        workspace.lists.empty(found.list_id)
        assert list(sizes(criteo).values()) == [0]

    def test_a_renamed_segment(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        old = tables.folder / "segments" / "All.parquet"
        old.rename(old.with_name("Everybody.parquet"))
        save_nightly(workspace, segments=["Everybody"])
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [(it.because, it.segment) for it in run.abandoned] == [(Because.SEGMENT, "All")]

    def test_a_segment_that_no_pattern_matches(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        tables.write(segments={"vip gold": keys(1, 2), "vip silver": keys(3)})
        save_nightly(workspace, segments=["vip *"])
        workspace.runs.start("Nightly").raise_for_status()
        (tables.folder / "segments" / "vip gold.parquet").unlink()
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [(it.segment, it.held) for it in run.abandoned] == [("vip gold", 2)]
        assert reasons(workspace) == [(Because.SEGMENT, "vip gold", 2)]

    def test_an_excluded_segment(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        tables.write(segments={"A": keys(1, 2), "B": keys(2, 3)})
        save_nightly(workspace, segments=["A", "B"])
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, segments=["A"], exclude=["B"])
        workspace.runs.start("Nightly").raise_for_status()
        assert held("A") == sha256(1)
        assert reasons(workspace) == [(Because.SEGMENT, "B", 2)]
        save_nightly(workspace, segments=["A"])
        workspace.runs.start("Nightly").raise_for_status()
        assert held("A") == sha256(1, 2)

    def test_a_removed_and_a_detached_export(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        left = workspace.exports.detach("Nightly")
        assert [it.because for it in left] == [Because.DETACHED]
        left = workspace.exports.remove("Nightly")
        assert [it.because for it in left] == [Because.REMOVED]
        assert reasons(workspace) == [(Because.REMOVED, "All", 100)]
        assert workspace.health().level is HealthLevel.WARNING

    def test_a_removed_connection(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (found,) = workspace.connections.remove("Sandbox", exports="detach", lists="keep")
        with pytest.raises(ConfigurationError):
            workspace.lists.empty(found.list_id)
        workspace.lists.keep(found.list_id)
        assert workspace.lists.left_behind.untended == ()

    @pytest.mark.parametrize("lists", ["empty", "delete"])
    def test_nothing_is_left_of_emptied_lists(self, workspace: toolkit.Workspace, lists: str) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        workspace.connections.remove("Sandbox", exports="remove", lists=lists)
        assert len(workspace.lists.left_behind) == 0

    def test_another_existing_list(self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held) -> None:
        advertiser = min(workspace.connections["Sandbox"].advertisers)
        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            for name in ("One", "Two"):
                client.find_or_create_list(advertiser, name=name, description="ours")
        for name in ("One", "Two"):
            save_nightly(workspace, lists={"All": name})
            run = workspace.runs.start("Nightly").raise_for_status()
        assert [(it.because, it.name, it.held) for it in run.abandoned] == [(Because.LIST, "One", 100)]
        assert workspace.forget(customer="C001").done
        assert held("One") == held("Two") == sha256(*range(100)) - sha256(1)
        save_nightly(workspace, lists={"All": "One"})
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [it.name for it in run.abandoned] == ["Two"]
        save_nightly(workspace)
        run = workspace.runs.start("Nightly").raise_for_status()
        assert sorted(it.name for it in run.abandoned) == ["One", "Two"]
        assert held("All") == held("One") == held("Two")


class TestEnded:
    @pytest.mark.parametrize("end", ["empty", "delete"])
    def test_nobody_is_in_it_and_it_may_come_back(
        self, workspace: toolkit.Workspace, moved: str, advertisers: list[str], criteo: Sandbox, end: str
    ) -> None:
        left = getattr(workspace.lists, end)(moved)
        assert len(left) == 0
        assert sizes(criteo).get((advertisers[0], "All"), 0) == 0
        assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
        save_nightly(workspace, advertiser_id=advertisers[0])
        workspace.runs.start("Nightly").raise_for_status()
        assert sizes(criteo)[advertisers[0], "All"] == 100

    def test_one_that_is_kept_is_told_no_more(self, workspace: toolkit.Workspace, moved: str) -> None:
        left = workspace.lists.keep(moved)
        assert left.frame["kept_by"].to_list() == [workspace.people.me.name]
        run = workspace.runs.start("Nightly").raise_for_status()
        assert (run.warnings, len(run.abandoned)) == ((), 1)
        assert [it for it in workspace.health().findings if it.what == "list"] == []

    def test_keeping_lasts_until_it_is_filled_again(
        self, workspace: toolkit.Workspace, moved: str, advertisers: list[str]
    ) -> None:
        workspace.lists.keep(moved)
        for advertiser in advertisers[:2]:
            save_nightly(workspace, advertiser_id=advertiser)
            run = workspace.runs.start("Nightly").raise_for_status()
        assert [it.list_id for it in run.abandoned] == [moved]
        assert len(run.warnings) == 1

    def test_a_refusal_leaves_it_told(self, workspace: toolkit.Workspace, moved: str, criteo: Sandbox) -> None:
        criteo.fail(Fault.HTTP_401, times=9)
        with pytest.raises(RunFailedError):
            workspace.lists.empty(moved)
        criteo.stop_failing()
        assert len(workspace.lists.left_behind) == 1
        assert len(workspace.lists.empty(moved)) == 0

    def test_one_that_is_filled_is_not_touched(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        (made,) = criteo.lists()
        for end in (workspace.lists.empty, workspace.lists.delete, workspace.lists.keep):
            with pytest.raises(ConfigurationError):
                end(made.id)
        assert criteo.lists()[0].size == 100

    def test_one_that_another_export_fills_is_not_emptied(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        tables.write(segments={"A": keys(1, 2), "B": keys(2, 3)})
        advertiser = min(workspace.connections["Sandbox"].advertisers)
        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            made = client.find_or_create_list(advertiser, name="Both", description="ours").contact_list.id
        save_nightly(workspace, segments=["A"], lists={"A": made})
        options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
        workspace.exports.save("Second", **(options | {"segments": ["B"], "lists": {"B": made}}))
        workspace.runs.start_all()
        workspace.exports.remove("Nightly")
        (found,) = workspace.lists.left_behind
        assert found.filled_by == ("Second",)
        with pytest.raises(ConfigurationError):
            workspace.lists.empty(made)
        workspace.runs.start("Second", mode="replace").raise_for_status()
        assert (held("Both"), len(workspace.lists.left_behind)) == (sha256(2, 3), 0)

    def test_one_that_is_filled_again_meanwhile(
        self,
        workspace: toolkit.Workspace,
        moved: str,
        advertisers: list[str],
        criteo: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from toolkit.runs import ending

        lease = ending.lease_list

        def save_first(*args: object) -> None:
            save_nightly(workspace, advertiser_id=advertisers[0])
            lease(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(ending, "lease_list", save_first)
        with pytest.raises(RunFailedError):
            workspace.lists.empty(moved)
        assert sizes(criteo)[advertisers[0], "All"] == 100

    @pytest.mark.parametrize("step", ["delete_list", "clear"])
    def test_a_kill_while_it_ends_is_mended_by_the_next_run(
        self,
        workspace: toolkit.Workspace,
        moved: str,
        advertisers: list[str],
        criteo: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        step: str,
    ) -> None:
        """What was asked arrived, and nobody lived to record it."""
        act = getattr(CriteoClient, step)

        def killed(client: CriteoClient, list_id: str) -> None:
            act(client, list_id)
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(CriteoClient, step, killed)
            with pytest.raises(SystemExit):
                (workspace.lists.empty if step == "clear" else workspace.lists.delete)(moved)
        save_nightly(workspace, advertiser_id=advertisers[0])
        workspace.runs.start("Nightly", if_list_gone="remake").raise_for_status()
        assert sizes(criteo)[advertisers[0], "All"] == 100

    @pytest.mark.parametrize("end", ["empty", "delete"])
    def test_one_that_was_deleted_at_criteo(
        self, workspace: toolkit.Workspace, moved: str, advertisers: list[str], criteo: Sandbox, end: str
    ) -> None:
        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            client.delete_list(moved)
        assert len(getattr(workspace.lists, end)(moved)) == 0
        save_nightly(workspace, advertiser_id=advertisers[0])
        workspace.runs.start("Nightly").raise_for_status()
        assert sizes(criteo)[advertisers[0], "All"] == 100

    def test_the_command(self, workspace: toolkit.Workspace, moved: str, criteo: Sandbox) -> None:
        from typer.testing import CliRunner

        from toolkit.cli import app

        at = ["--workspace", str(workspace.path)]
        assert moved in CliRunner().invoke(app, ["list", "abandoned", *at]).output
        assert CliRunner().invoke(app, ["list", "empty", moved, *at]).exit_code == 0
        assert sorted(sizes(criteo).values()) == [0, 100]


class TestSiblings:
    def test_mobile_ids_that_are_no_longer_sent_go(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        add_column(tables, "Phone", [madid(number) for number in range(100)])
        save_nightly(workspace, madid_column="Phone")
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 200
        save_nightly(workspace)
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(*range(100))
        assert (run.abandoned, run.warnings) == ((), ())
        assert workspace.runs.start("Nightly").raise_for_status().frame["batches"].sum() == 0

    def test_appending_tells_of_mobile_ids_that_stay(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        add_column(tables, "Phone", [madid(number) for number in range(100)])
        save_nightly(workspace, madid_column="Phone", mode="append")
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, mode="append")
        run = workspace.runs.start("Nightly").raise_for_status()
        assert [(it.because, it.held) for it in run.abandoned] == [(Because.IDENTIFIER, 100)]
        workspace.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("All") == sha256(*range(100))
        assert len(workspace.lists.left_behind) == 0

    def test_by_column_and_back_to_one_advertiser(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, advertisers: list[str]
    ) -> None:
        first, second = advertisers[:2]
        add_column(tables, "Shop", [first, second] * 50)
        save_nightly(workspace, advertiser_id="", advertiser_column="Shop")
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, advertiser_id=first)
        run = workspace.runs.start("Nightly").raise_for_status()
        assert sizes(criteo) == {(first, "All"): 100, (second, "All"): 50}
        assert [(it.advertiser_id, it.held) for it in run.abandoned] == [(second, 50)]

    def test_an_emptied_segment_empties_its_list(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": []})
        workspace.runs.start("Nightly", allow=["emptied"]).raise_for_status()
        assert list(sizes(criteo).values()) == [0]
        save_nightly(workspace, segments=["All"], advertiser_id=sorted(workspace.connections["Sandbox"].advertisers)[1])
        assert len(workspace.lists.left_behind) == 0
