"""Which lists a run fills: by pattern, by advertiser, beside others, with mobile ids too."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises, require
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.runs import NoticeCode
from toolkit.sandbox import Sandbox

Held = Callable[[str], set[str]]


def keys(*numbers: int) -> list[str]:
    return [f"C{number:03}" for number in numbers]


def sha256(*numbers: int) -> set[str]:
    return {hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest() for number in numbers}


def madid(number: int) -> str:
    return f"0000000a-0000-4000-8000-{number:012}"


def add_column(tables: Tables, name: str, values: list[object]) -> None:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(pl.Series(name, values, strict=False)).write_parquet(path)


class TestPatterns:
    def test_a_segment_that_is_made_later_joins_by_its_name(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        tables.write(segments={"vip gold": keys(1, 2), "other": keys(9)})
        save_nightly(workspace, segments=["vip *"])
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={"vip silver": keys(3)})
        run = workspace.runs.start("Nightly").raise_for_status()
        assert run.frame["segment"].to_list() == ["vip gold", "vip silver"]
        assert (held("vip gold"), held("vip silver")) == (sha256(1, 2), sha256(3))
        assert list(workspace.exports.using("vip silver")) == ["Nightly"]
        assert list(workspace.exports.using("other")) == []

    def test_a_pattern_that_matches_nothing_is_told(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        tables.write(segments={"vip": keys(1)})
        save_nightly(workspace, segments=["vi?"])
        (tables.folder / "segments" / "vip.parquet").unlink()
        run = workspace.runs.start("Nightly")
        require(run.error, ErrorCode.CONFIGURATION, names="'vi?'")


class TestAdvertisers:
    def test_each_advertiser_gets_its_own_members(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        first, second = sorted(workspace.connections["Sandbox"].advertisers)[:2]
        add_column(tables, "Shop", [int(first), int(second), None, 999999] * 25)
        save_nightly(workspace, advertiser_id="", advertiser_column="Shop")
        run = workspace.runs.start("Nightly").raise_for_status()
        lists = {it.advertiser_id: criteo.identifiers(it.id) for it in criteo.lists()}
        assert lists == {first: sha256(*range(0, 100, 4)), second: sha256(*range(1, 100, 4))}
        assert run.frame.group_by("advertiser_id").agg(pl.col("exportable", "no_advertiser").sum()).sort(
            "advertiser_id"
        ).rows() == [("", 0, 50), (first, 25, 0), (second, 25, 0)]
        assert run.frame["members"].sum() == 100

    def test_an_advertiser_that_lost_its_last_member_loses_them_at_criteo_too(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        first, second = sorted(workspace.connections["Sandbox"].advertisers)[:2]
        add_column(tables, "Shop", [first, second] * 50)
        save_nightly(workspace, advertiser_id="", advertiser_column="Shop")
        workspace.runs.start("Nightly").raise_for_status()
        add_column(tables, "Shop", [f" {first} "] * 100)
        workspace.runs.start("Nightly", allow=["emptied"]).raise_for_status()
        sizes = {it.advertiser_id: it.size for it in criteo.lists()}
        assert sizes == {first: 100, second: 0}

    def test_the_column_must_be_there_and_stands_alone(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(workspace, advertiser_id="", advertiser_column="Shop")
        with pytest.raises(ConfigurationError):
            save_nightly(workspace, advertiser_column="Shop")


class TestMobileIds:
    def test_they_are_sent_beside_the_addresses_and_kept_as_hashes(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        nobody = "00000000-0000-0000-0000-000000000000"
        add_column(tables, "Phone", [madid(0), madid(1), nobody, "no id", *[None] * 96])
        save_nightly(workspace, madid_column="Phone")
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(*range(100)) | {madid(0), madid(1)}
        assert run.frame.filter(identifier_type="madid").select(
            "exportable", "invalid_identifier", "missing_identifier", "added"
        ).row(0) == (2, 1, 97, 2)
        kept = b"".join(it.read_bytes() for it in workspace.path.rglob("*") if it.is_file())
        assert madid(0).encode() not in kept

    def test_a_hash_of_one_is_invalid(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        hashed = [hashlib.sha256(madid(0).encode()).hexdigest(), hashlib.md5(madid(1).encode()).hexdigest()]
        add_column(tables, "Phone", [*hashed, *[None] * 98])
        save_nightly(workspace, madid_column="Phone")
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(*range(100))
        counts = run.frame.filter(identifier_type="madid").select("exportable", "invalid_identifier", "rejected")
        assert counts.row(0) == (0, 2, 0)

    def test_a_list_that_loses_one_is_sent_whole_once_and_then_no_more(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        add_column(tables, "Phone", [madid(number) for number in range(100)])
        save_nightly(workspace, madid_column="Phone")
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": keys(*range(90))})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(*range(90)) | {madid(number) for number in range(90)}
        again = workspace.runs.start("Nightly").raise_for_status()
        assert (again.frame["added"].sum(), again.frame["batches"].sum()) == (0, 0)


class TestListsThatAreThere:
    @pytest.fixture
    def adopted(self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> str:
        """The id of a list that holds C010, put there by somebody else."""
        from toolkit.criteo import CriteoClient

        with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
            advertiser = min(workspace.connections["Sandbox"].advertisers)
            made = client.find_or_create_list(advertiser, name="By hand", description="ours").contact_list.id
            client.add(made, sorted(sha256(10)))
        return made

    @pytest.mark.parametrize("by", ["id", "name"])
    def test_an_export_fills_one_and_leaves_its_name_and_what_it_held(
        self, workspace: toolkit.Workspace, tables: Tables, adopted: str, held: Held, by: str
    ) -> None:
        tables.write(segments={"All": keys(1, 2)})
        saved = save_nightly(workspace, lists={"All": adopted if by == "id" else "By hand"})
        assert saved.lists == {"All": adopted}
        assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
        assert held("By hand") == sha256(1, 2, 10)
        tables.write(segments={"All": keys(2, 3)})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("By hand") == sha256(2, 3, 10)
        workspace.runs.start("Nightly", mode="replace").raise_for_status()
        assert held("By hand") == sha256(2, 3)

    def test_one_that_is_not_there_is_told_with_the_nearest(self, workspace: toolkit.Workspace, adopted: str) -> None:
        with raises(ErrorCode.UNKNOWN_NAME, names=("By hant", "By hand")):
            save_nightly(workspace, lists={"All": "By hant"})

    def test_two_exports_that_fill_one_never_remove_what_the_other_wants(
        self, workspace: toolkit.Workspace, tables: Tables, adopted: str, held: Held
    ) -> None:
        tables.write(segments={"All": keys(1, 2, 3), "Others": keys(3, 4)})
        save_nightly(workspace, lists={"All": adopted})
        options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
        workspace.exports.save("Second", **(options | {"segments": ["Others"], "lists": {"Others": adopted}}))
        assert all(it.status == "successful" for it in workspace.runs.start_all().values())
        assert held("By hand") == sha256(1, 2, 3, 4, 10)
        tables.write(segments={"All": keys(1), "Others": keys(3)})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("By hand") == sha256(1, 3, 4, 10)
        workspace.runs.start("Second").raise_for_status()
        assert held("By hand") == sha256(1, 3, 10)
        replaced = workspace.runs.start("Nightly", mode="replace").raise_for_status()
        assert [it.code for it in replaced.notes] == [NoticeCode.EMPTIED_FOR_OTHERS]
        assert held("By hand") == sha256(1)
        workspace.runs.start("Second").raise_for_status()
        assert held("By hand") == sha256(1, 3)

    def test_two_segments_that_fill_one_list_are_both_in_it(
        self, workspace: toolkit.Workspace, tables: Tables, adopted: str, held: Held
    ) -> None:
        tables.write(segments={"A": keys(1, 2), "B": keys(2, 3)})
        save_nightly(workspace, segments=["A", "B"], lists={"A": adopted, "B": adopted})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("By hand") == sha256(1, 2, 3, 10)
        tables.write(segments={"A": keys(1), "B": keys(3)})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("By hand") == sha256(1, 3, 10)


def test_the_name_of_a_list_keeps_the_day_on_which_it_was_made(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    save_nightly(workspace, list_name="{segment} since {date}")
    workspace.runs.start("Nightly").raise_for_status()
    workspace.runs.start("Nightly").raise_for_status()
    (made,) = criteo.lists()
    assert made.name.startswith("All since 20")


def test_exports_live_in_a_file_and_come_back_as_they_were(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    save_nightly(workspace, mode="append", thresholds={"email_coverage": 0.7})
    before = workspace.exports["Nightly"]
    workspace.exports.write(tmp_path / "exports.yaml")
    assert workspace.exports.read(tmp_path / "exports.yaml") == {}
    save_nightly(workspace)
    changed = workspace.exports.read(tmp_path / "exports.yaml")
    assert changed["Nightly"].model_copy(update={"version": before.version}) == before
    (tmp_path / "exports.yaml").write_text("exports: {Nightly: {connexion: Sandbox}}")
    with raises(ErrorCode.CONFIGURATION, names=("Nightly", "connexion")):
        workspace.exports.read(tmp_path / "exports.yaml")


def test_a_duplicate_has_lists_of_its_own(workspace: toolkit.Workspace, held: Held) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.exports.duplicate("Nightly", "Copy")
    workspace.runs.start("Copy").raise_for_status()
    assert held("All") == held("All (Copy)") == sha256(*range(100))
    with pytest.raises(ConfigurationError):
        workspace.exports.duplicate("Nightly", "Copy")


def test_what_is_not_active_is_left_out_when_all_are_run(workspace: toolkit.Workspace) -> None:
    workspace.exports.duplicate("Nightly", "Copy")
    workspace.exports.deactivate("Nightly")
    assert list(workspace.runs.start_all()) == ["Copy"]
    workspace.exports.activate("Nightly")
    assert list(workspace.runs.start_all()) == ["Copy", "Nightly"]
