"""A segment is built of the profiles that meet a condition, kept with its definition, and known by its history."""

import os
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import toolkit
from tests.conftest import Tables
from tests.raising import raises
from tests.segments.conftest import PROFILES, write_profiles
from toolkit.errors import ErrorCode

Keys = Callable[[str], list[str]]
NL = [it["CustomerId"] for it in PROFILES if it["Country"] == "NL"]


def test_a_draft_tells_who_would_be_in_it_and_saves_nothing(alone: toolkit.Workspace) -> None:
    draft = alone.segments.draft("Dutch", where="Country = 'NL'")
    assert (draft.size, draft.profiles, draft.added, draft.removed) == (34, 100, 34, 0)
    assert draft.members["customer"].to_list() == NL
    assert draft.preview(email_column="EMail").exportable == 34
    assert "34 of 100 profiles. It is not saved." in repr(draft)
    assert "Draft of segment" in draft._repr_html_()
    assert list(alone.segments) == ["All"]
    assert draft.save().size == 34
    assert list(alone.segments) == ["All", "Dutch"]


def test_a_saved_segment_is_like_any_other_and_knows_its_definition(alone: toolkit.Workspace, keys: Keys) -> None:
    segment = alone.segments.build("Dutch", where="Country = 'NL'")
    assert keys("Dutch") == NL
    assert segment.members["customer"].to_list() == NL
    assert (segment.kind, segment.definition.where, segment.definition.version) == ("static", "Country = 'NL'", 1)
    assert alone.preview("Dutch", email_column="EMail").exportable == 34
    assert "Country = 'NL'" in repr(segment)
    assert "Segment Dutch" in segment._repr_html_()


def test_its_definition_is_readable_beside_it(alone: toolkit.Workspace, tables: Tables) -> None:
    alone.segments.build("Dutch", where="Country = 'NL'", dynamic=True)
    content = yaml.safe_load((tables.folder / "segments" / "_Dutch.segment.yaml").read_text())
    assert (content["where"], content["dynamic"], content["version"]) == ("Country = 'NL'", True, 1)


def test_a_segment_whose_files_are_renamed_or_copied_is_another_one(alone: toolkit.Workspace, tables: Tables) -> None:
    alone.segments.build("Dutch", where="Country = 'NL'")
    for file in (tables.folder / "segments").glob("*Dutch*"):
        file.rename(file.with_name(file.name.replace("Dutch", "Nederland")))
    (tables.folder / "segments" / "_other.yaml").write_text("of another tool")
    assert list(alone.segments) == ["All", "Nederland"]
    assert alone.segments.rebuild("Nederland").history["version"].to_list() == [1, 1]


def test_a_segment_from_elsewhere_is_a_value_too_and_is_left_alone(alone: toolkit.Workspace, keys: Keys) -> None:
    segment = alone.segments["All"]
    assert (segment.size, segment.kind, segment.definition, segment.history.height) == (100, "from elsewhere", None, 0)
    for act in (
        lambda: alone.segments.build("All", where="Country = 'NL'"),
        lambda: alone.segments.rebuild("All"),
        lambda: alone.segments.remove("All"),
    ):
        with raises(ErrorCode.CONFIGURATION, names="All"):
            act()
    assert len(keys("All")) == 100
    with raises(ErrorCode.UNKNOWN_NAME, names=("Al", "All")):
        alone.segments["Al"]


def test_an_edited_definition_builds_anew_and_its_history_says_who_came_and_went(
    alone: toolkit.Workspace, keys: Keys
) -> None:
    alone.segments.build("Some", where="Country = 'NL'", dynamic=True)
    draft = alone.segments.draft("Some", where="Country = 'NL' AND Points > 50 OR Points = 1")
    assert (draft.added, draft.removed) == (1, 34 - len([it for it in NL if int(it[1:]) > 50 and int(it[1:]) % 10]))
    assert draft.history["members"].to_list() == [34]
    segment = draft.save()
    assert len(keys("Some")) == segment.size == draft.size
    assert (segment.definition.version, segment.kind) == (2, "dynamic")
    rows = segment.history.select("version", "members", "added", "removed", "started_by").rows()
    assert rows == [(1, 34, 34, 0, "person"), (2, draft.size, 1, draft.removed, "person")]
    assert alone.segments.build("Some", where="Points = 1", dynamic=False).kind == "static"


def test_the_same_result_leaves_the_file_as_it_was(alone: toolkit.Workspace, tables: Tables) -> None:
    alone.segments.build("Dutch", where="Country = 'NL'")
    file = tables.folder / "segments" / "Dutch.parquet"
    os.utime(file, (1, 1))
    write_profiles(tables, PROFILES[::-1])
    segment = alone.segments.rebuild("Dutch")
    assert file.stat().st_mtime == 1
    assert segment.history.select("members", "added", "removed", "version").rows()[-1] == (34, 0, 0, 1)


def test_a_static_segment_keeps_its_members_until_it_is_built_anew(
    alone: toolkit.Workspace, tables: Tables, keys: Keys
) -> None:
    alone.segments.build("Dutch", where="Country = 'NL'")
    write_profiles(tables, PROFILES[:10])
    assert len(keys("Dutch")) == 34
    assert alone.segments.rebuild("Dutch").size == len(keys("Dutch")) == 4


def test_an_expression_builds_a_static_segment_that_is_kept_to_be_read(alone: toolkit.Workspace) -> None:
    segment = alone.segments.build("Dutch", where=pl.col("Country") == "NL")
    assert segment.members["customer"].to_list() == NL
    assert segment.definition.expression == '[(col("Country")) == ("NL")]'
    with raises(ErrorCode.CONFIGURATION, names="Dutch"):
        alone.segments.rebuild("Dutch")
    with raises(ErrorCode.CONFIGURATION, names="dynamic"):
        alone.segments.build("Belgian", where=pl.col("Country") == "BE", dynamic=True)


def test_keys_that_are_null_are_left_out_and_repeated_ones_are_there_once(
    alone: toolkit.Workspace, tables: Tables, keys: Keys
) -> None:
    write_profiles(tables, [*PROFILES[:3], PROFILES[0], {**PROFILES[0], "CustomerId": None}])
    alone.segments.build("Dutch", where="Country = 'NL'")
    assert keys("Dutch") == ["C000"]


def test_keys_that_are_numbers_stay_numbers(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    pl.DataFrame({"Id": [3, 1, 2], "Country": ["NL", "NL", "BE"]}).write_parquet(tmp_path / "profiles.parquet")
    workspace = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(tmp_path / "profiles.parquet"), key="Id"),
        segments=toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="Member"),
        create=True,
    )
    workspace.segments.build("Dutch", where="Country = 'NL'")
    written = pl.read_parquet(tmp_path / "segments" / "Dutch.parquet")
    assert (written.schema, written.rows()) == ({"Member": pl.Int64}, [(1,), (3,)])


def test_a_segment_of_nobody_is_built(alone: toolkit.Workspace) -> None:
    assert alone.segments.build("Nobody", where="Country = 'XX'").size == 0


class TestWhere:
    def test_one_table_of_memberships_is_refused(self, alone: toolkit.Workspace, tables: Tables) -> None:
        table = toolkit.SegmentTable(location=tables.profiles.location, key="CustomerId", segment="Country")
        alone.read_from(segments=table)
        with raises(ErrorCode.CONFIGURATION, names="read_from"):
            alone.segments.build("Dutch", where="Country = 'NL'")
        assert alone.segments["NL"].size == 34

    def test_a_cloud_is_refused(self, alone: toolkit.Workspace) -> None:
        alone.read_from(segments=toolkit.SegmentFolder(location="s3://bucket/segments", key="CustomerId"))
        with raises(ErrorCode.CONFIGURATION, names="s3://bucket/segments"):
            alone.segments.build("Dutch", where="Country = 'NL'")

    def test_a_folder_that_is_read_as_csv_is_refused(self, alone: toolkit.Workspace, tables: Tables) -> None:
        alone.read_from(segments=tables.segments.model_copy(update={"format": toolkit.sources.Format.CSV}))
        with raises(ErrorCode.CONFIGURATION, names="csv"):
            alone.segments.build("Dutch", where="Country = 'NL'")

    @pytest.mark.parametrize("name", ["", "  ", "x" * 201, "half \ud800"])
    def test_a_name_that_no_file_can_have_is_refused(self, alone: toolkit.Workspace, name: str) -> None:
        with raises(ErrorCode.CONFIGURATION):
            alone.segments.build(name, where="Country = 'NL'")


class TestPeople:
    def test_a_contributor_builds_and_removes_and_both_are_in_the_audit(
        self, workspace: toolkit.Workspace, as_contributor: toolkit.Workspace
    ) -> None:
        as_contributor.segments.build("Some", where="CustomerId < 'C010'")
        as_contributor.segments.remove("Some")
        rows = workspace.audit.frame.head(2).select("person", "action", "name").rows()
        assert rows == [("anna", "remove segment", "Some"), ("anna", "build segment", "Some")]
        assert '"members":10' in workspace.audit.frame["details"][1]

    def test_a_viewer_looks_and_changes_nothing(
        self, workspace: toolkit.Workspace, as_viewer: toolkit.Workspace
    ) -> None:
        workspace.segments.build("Some", where="CustomerId < 'C010'")
        assert (
            as_viewer.segments["Some"].size == as_viewer.segments.draft("New", where="CustomerId < 'C010'").size == 10
        )
        for act in (
            lambda: as_viewer.segments.build("New", where="CustomerId < 'C010'"),
            lambda: as_viewer.segments.rebuild("Some"),
            lambda: as_viewer.segments.remove("Some"),
        ):
            with raises(ErrorCode.ACCESS, names="contributor"):
                act()
        assert list(workspace.segments) == ["All", "Some"]

    def test_of_two_who_edit_one_definition_the_second_is_told(self, alone: toolkit.Workspace) -> None:
        alone.segments.build("Some", where="Country = 'NL'")
        mine, theirs = (alone.segments.draft("Some", where=f"Points > {it}") for it in (1, 2))
        theirs.save()
        with raises(ErrorCode.BUSY, names="Some"):
            mine.save()
        assert alone.segments["Some"].definition.where == "Points > 2"


class TestRemoving:
    def test_nothing_is_left_of_it(self, alone: toolkit.Workspace, tables: Tables) -> None:
        alone.segments.build("A/B", where="Country = 'NL'")
        alone.segments.remove("A/B")
        assert [it.name for it in (tables.folder / "segments").iterdir()] == ["All.parquet"]
        with raises(ErrorCode.UNKNOWN_NAME, names="A/B"):
            alone.segments.remove("A/B")

    @pytest.mark.parametrize("held", [{"segments": ["All", "So*"]}, {"exclude": ["Some"]}])
    def test_not_while_an_export_holds_it(self, workspace: toolkit.Workspace, held: dict[str, list[str]]) -> None:
        workspace.segments.build("Some", where="CustomerId < 'C010'")
        options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
        workspace.exports.save("Nightly", **(options | held))
        assert workspace.segments["Some"].exports == ("Nightly",)
        with raises(ErrorCode.CONFIGURATION, names=("Some", "Nightly")):
            workspace.segments.remove("Some")


class TestRuns:
    def test_a_run_sends_who_meets_the_condition_now(
        self, workspace: toolkit.Workspace, tables: Tables, held: Callable[[str], set[str]]
    ) -> None:
        workspace.segments.build("Some", where="CustomerId < 'C010'", dynamic=True)
        workspace.exports.save(
            "Nightly",
            connection="Sandbox",
            email_column="EMail",
            segments=["Some"],
            advertiser_id="2711",
            thresholds={"most_change": 1},
        )
        assert workspace.runs.start("Nightly").status == "successful"
        assert len(held("Some")) == 10
        assert workspace.segments["Some"].history.height == 1
        tables.write({f"C{number:03}": f"person{number}@mail.example" for number in range(7)})
        assert workspace.runs.start("Nightly").status == "successful"
        assert len(held("Some")) == 7
        last = workspace.segments["Some"].history.row(-1, named=True)
        assert (last["started_by"], last["members"], last["removed"]) == ("run", 7, 3)

    def test_a_definition_that_fails_fails_the_run_and_sends_nothing_of_yesterday(
        self, workspace: toolkit.Workspace, tables: Tables, held: Callable[[str], set[str]]
    ) -> None:
        workspace.segments.build("Some", where="CustomerId < 'C010' AND EMail IS NOT NULL", dynamic=True)
        options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
        workspace.exports.save("Nightly", **(options | {"segments": ["Some"]}))
        pl.read_parquet(tables.profiles.location).rename({"EMail": "Mail"}).write_parquet(tables.profiles.location)
        run = workspace.runs.start("Nightly")
        assert run.status == "failed"
        assert run.error.what.startswith("Segment 'Some' can't be built. There is no column 'EMail'")

    def test_a_file_that_somebody_changed_or_removed_is_built_again(
        self, workspace: toolkit.Workspace, tables: Tables, held: Callable[[str], set[str]]
    ) -> None:
        workspace.segments.build("Some", where="CustomerId < 'C010'", dynamic=True)
        options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
        workspace.exports.save("Nightly", **(options | {"segments": ["Some"]}))
        file = tables.folder / "segments" / "Some.parquet"
        tables.write(segments={"Some": ["C050"]})
        assert workspace.runs.start("Nightly").status == "successful"
        assert len(held("Some")) == 10
        file.unlink()
        assert workspace.runs.start("Nightly").status == "successful"
        assert file.exists()


def composed(name: str) -> str:
    """Return a name as the catalog has it: characters that Unicode takes for the same are written in one way."""
    return unicodedata.normalize("NFC", name)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@settings(max_examples=25)
@example(names=["\U0002f800"])
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique_by=composed))
def test_names_of_any_characters_go_into_the_catalog_and_out_again(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as at:
        workspace = _workspace(Path(at), pl.DataFrame({"Id": ["a"], "Value": [1]}))
        for number, name in enumerate(names):
            segment = workspace.segments.build(name, where=f"Value > {number - 2}", dynamic=bool(number % 2))
            assert (segment.name, segment.size) == (composed(name), 1 if number < 3 else 0)
        assert sorted(workspace.segments) == sorted(map(composed, names))
        frame = workspace.segments.frame.sort("segment")
        assert frame["segment"].to_list() == sorted(map(composed, names))
        assert frame["condition"].null_count() == 0
        for name in names:
            workspace.segments.remove(name)
        assert list((Path(at) / "segments").iterdir()) == []


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-5, 5)),
        st.one_of(st.none(), st.sampled_from(["NL", "BE", "it's"])),
        st.one_of(st.none(), st.integers(-3, 3)),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(before=ROWS, after=ROWS, country=st.sampled_from(["NL", "it's"]), least=st.integers(-3, 3))
def test_a_built_segment_holds_exactly_the_keys_that_plain_python_finds(
    before: list[tuple[object, ...]], after: list[tuple[object, ...]], country: str, least: int
) -> None:
    quoted = country.replace("'", "''")
    where = f"Country = '{quoted}' AND NOT (Points < {least})"

    def expected(rows: list[tuple[object, ...]]) -> list[object]:
        return sorted(
            {
                key
                for key, at, points in rows
                if key is not None and at == country and points is not None and points >= least
            }
        )  # type: ignore[operator]

    with tempfile.TemporaryDirectory() as at:
        workspace = _workspace(Path(at), _frame(before))
        assert workspace.segments.build("Some", where=where).members["customer"].to_list() == expected(before)
        _frame(after).write_parquet(Path(at) / "profiles.parquet")
        built = workspace.segments.rebuild("Some")
        assert built.members["customer"].to_list() == expected(after)
        came, went = set(expected(after)) - set(expected(before)), set(expected(before)) - set(expected(after))
        last = built.history.row(-1, named=True)
        assert (last["members"], last["added"], last["removed"]) == (len(expected(after)), len(came), len(went))


def _frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"Id": pl.Int64, "Country": pl.String, "Points": pl.Int64}, orient="row")


def _workspace(at: Path, profiles: pl.DataFrame) -> toolkit.Workspace:
    (at / "segments").mkdir()
    profiles.write_parquet(at / "profiles.parquet")
    return toolkit.open_workspace(
        at / "workspace",
        profiles=toolkit.Profiles(location=str(at / "profiles.parquet"), key="Id"),
        segments=toolkit.SegmentFolder(location=str(at / "segments"), key="Id"),
        create=True,
    )


_TEXTS = [
    "nothing: [",
    "none",
    "version: 1",
    "where: x\nexpression: y",
    "[" * 20_000,
    "where: 2026-02-31",
    "a: 1\na: 1",
]


@pytest.mark.parametrize("text", _TEXTS, ids=range(len(_TEXTS)))
def test_a_damaged_definition_is_named(alone: toolkit.Workspace, tables: Tables, text: str) -> None:
    alone.segments.build("Dutch", where="Country = 'NL'")
    (tables.folder / "segments" / "_Dutch.segment.yaml").write_text(text)
    with raises(ErrorCode.DATA, names="_Dutch.segment.yaml"):
        alone.segments["Dutch"]
    assert alone.segments["All"].size == 100


def test_a_build_that_was_cut_short_is_made_up_for(
    workspace: toolkit.Workspace, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.segments.build("Some", where="CustomerId < 'C010'")
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save("Nightly", **(options | {"segments": ["Some"]}))

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("toolkit.segments.store.write_atomically", cut)
        with pytest.raises(KeyboardInterrupt):
            workspace.segments.build("Some", where="CustomerId < 'C005'")
    assert workspace.segments["Some"].size == 10
    assert workspace.runs.start("Nightly").status == "successful"
    assert workspace.segments["Some"].size == 5


def test_listing_looks_into_the_folder_once(alone: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def listings() -> int:
        looked: list[Path] = []
        glob = Path.glob

        def counted(folder: Path, pattern: str) -> list[Path]:
            looked.append(folder)
            return list(glob(folder, pattern))

        with monkeypatch.context() as patched:
            patched.setattr(Path, "glob", counted)
            assert alone.segments.frame["kind"].to_list() == ["from elsewhere", *["static"] * (len(alone.segments) - 1)]
        return len(looked)

    alone.segments.build("Dutch", where="Country = 'NL'")
    of_one = listings()
    alone.segments.build("Few", where="Points < 9")
    alone.segments.build("Some", where="Points < 50")
    assert listings() == of_one


@pytest.mark.parametrize("where", ["Points + 1 > 0", "Points - 1 < 10", "Points * 2 = 10", "Points + 1 = 6"])
def test_the_greatest_numbers_of_a_file_hide_nobody(tables: Tables, alone: toolkit.Workspace, where: str) -> None:
    ends = {"C000": 2**63 - 1, "C001": -(2**63)}
    write_profiles(tables, [it | {"Points": ends.get(it["CustomerId"], 5)} for it in PROFILES])
    asked = pl.read_parquet(tables.profiles.location).filter(pl.sql_expr(where))
    assert asked.height >= 98
    assert alone.segments.draft("Some", where=where).members["customer"].to_list() == asked["CustomerId"].to_list()
