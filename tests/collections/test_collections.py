"""What a workspace holds is found by name, shown as a table, and looked at without a trace."""

from collections.abc import Callable, Mapping

import polars as pl
import pytest
from nacl.signing import SigningKey

import toolkit
from tests.access.test_people import let_in, person  # noqa: F401  # fixtures
from tests.conftest import save_nightly
from tests.folders import folder_of

COLLECTIONS = (
    "audit",
    "checks",
    "connections",
    "exports",
    "lists",
    "people",
    "refreshes",
    "runs",
    "segments",
    "suppressions",
)
KEYED_BY_TEXT = [it for it in COLLECTIONS if it != "audit"]


@pytest.fixture
def full(workspace: toolkit.Workspace) -> toolkit.Workspace:
    """A workspace in which no collection is empty."""
    from great_expectations.expectations import ExpectColumnValuesToNotBeNull

    workspace.runs.start("Nightly").raise_for_status()
    workspace.exports.duplicate("Nightly", "Gone")
    workspace.runs.start("Gone").raise_for_status()
    workspace.exports.remove("Gone")
    workspace.suppressions.add(pl.DataFrame({"key": ["C001"]}), customer_column="key")
    workspace.checks.add("Own", ExpectColumnValuesToNotBeNull(column="EMail"))
    workspace.exports.deactivate("Nightly")
    workspace.refreshes.start()
    return workspace


def test_each_is_a_mapping(full: toolkit.Workspace) -> None:
    for name in COLLECTIONS:
        collection = getattr(full, name)
        assert isinstance(collection, Mapping)
        names = list(collection)
        assert len(names) == len(collection) > 0
        assert collection._ipython_key_completions_() == names
        assert next(iter(collection.items()))[0] == names[0]
        assert len(list(collection.values())) == len(names)
        assert names[0] in collection
        assert collection.get(names[0]) is not None
        assert type(collection[names[0]]) is type(next(iter(collection.values())))


def test_each_shows_a_table(full: toolkit.Workspace) -> None:
    for name in COLLECTIONS:
        collection = getattr(full, name)
        assert isinstance(collection.frame, pl.DataFrame)
        assert "<table" in collection._repr_html_()
    assert "Nightly" in repr(full.exports)
    # The refresh at which nothing was due is looked up, and has no row.
    assert (len(full.refreshes), full.refreshes.frame.height) == (1, 0)


def test_an_empty_one_says_what_to_do(workspace: toolkit.Workspace) -> None:
    for name in ("checks", "lists", "refreshes", "runs", "suppressions"):
        collection = getattr(workspace, name)
        assert (len(collection), list(collection), dict(collection)) == (0, [], {})
        assert len(repr(collection).splitlines()) == 1
        assert "<table" in collection._repr_html_()


@pytest.mark.parametrize("name", KEYED_BY_TEXT)
def test_an_unknown_name_is_an_error(workspace: toolkit.Workspace, name: str) -> None:
    collection = getattr(workspace, name)
    with pytest.raises(toolkit.UnknownNameError):
        collection["no such name"]
    with pytest.raises(KeyError):
        collection["no such name"]
    assert collection.get("no such name") is None
    assert collection.get("no such name", 7) == 7
    assert "no such name" not in collection


def test_an_unknown_row_of_the_audit(workspace: toolkit.Workspace) -> None:
    newest = max(workspace.audit)
    with pytest.raises(toolkit.UnknownNameError):
        workspace.audit[newest + 1]
    assert newest + 1 not in workspace.audit
    assert [workspace.audit[it].row for it in workspace.audit] == list(range(newest, 0, -1))


@pytest.mark.parametrize(
    ("collection", "nearly", "near"),
    [("exports", "Nihgtly", "Nightly"), ("connections", "Sandbocks", "Sandbox"), ("segments", "Al", "All")],
)
def test_near_names_are_listed(workspace: toolkit.Workspace, collection: str, nearly: str, near: str) -> None:
    with pytest.raises(toolkit.UnknownNameError) as raised:
        getattr(workspace, collection)[nearly]
    assert repr(near) in raised.value.remedy
    assert str(raised.value) == f"{raised.value.what} {raised.value.remedy}"


PAST: dict[str, Callable[[toolkit.Runs, str], pl.DataFrame]] = {
    "find": lambda runs, export: runs.find(export),
    "trend": lambda runs, export: runs.trend(export),
    "membership": lambda runs, export: runs.membership(export),
    "flapping": lambda runs, export: runs.flapping(export),
}


@pytest.mark.parametrize("look", PAST.values(), ids=PAST)
class TestPast:
    def test_no_such_export(
        self, workspace: toolkit.Workspace, look: Callable[[toolkit.Runs, str], pl.DataFrame]
    ) -> None:
        with pytest.raises(toolkit.UnknownNameError) as raised:
            look(workspace.runs, "Nihgtly")
        assert "'Nightly'" in raised.value.remedy

    def test_none_yet(self, workspace: toolkit.Workspace, look: Callable[[toolkit.Runs, str], pl.DataFrame]) -> None:
        assert look(workspace.runs, "Nightly").is_empty()

    def test_of_a_removed_export(
        self, workspace: toolkit.Workspace, look: Callable[[toolkit.Runs, str], pl.DataFrame]
    ) -> None:
        workspace.exports.remove("Nightly")
        assert look(workspace.runs, "Nightly").is_empty()


def test_runs_of_one_export(workspace: toolkit.Workspace) -> None:
    workspace.exports.duplicate("Nightly", "Weekly")
    of_nightly = workspace.runs.start("Nightly").id
    of_weekly = workspace.runs.start("Weekly").id
    assert workspace.runs.find("Nightly")["run"].to_list() == [of_nightly]
    assert list(workspace.runs) == workspace.runs.frame["run"].to_list() == [of_weekly, of_nightly]
    assert workspace.runs[of_weekly].export == "Weekly"
    workspace.exports.remove("Weekly")
    assert workspace.runs.find("Weekly")["run"].to_list() == [of_weekly]


def test_a_list_of_two_exports_is_one(full: toolkit.Workspace) -> None:
    (list_id,) = full.lists
    (left,) = full.lists[list_id]
    assert (left.export, left.list_id) == ("Gone", list_id)
    assert full.lists.delete(list_id).lists == ()
    assert list_id not in full.lists


@pytest.mark.parametrize("typed", ['workspace.exports["', "workspace.exports['Nig", 'workspace.connections["'])
def test_names_are_completed(workspace: toolkit.Workspace, typed: str) -> None:
    from IPython.core.completer import IPCompleter, provisionalcompleter

    completer = IPCompleter(namespace={"workspace": workspace}, use_jedi=False)
    with provisionalcompleter():
        found = {it.text for it in completer.completions(typed, len(typed))}
    assert found in ({"Nightly"}, {"Sandbox"})


def test_it_follows_what_happens(workspace: toolkit.Workspace) -> None:
    exports = workspace.exports
    assert list(exports) == ["Nightly"]
    exports.duplicate("Nightly", "Weekly")
    assert (list(exports), exports["Weekly"].name) == (["Nightly", "Weekly"], "Weekly")
    exports.remove("Nightly")
    assert ("Nightly" in exports, len(exports)) == (False, 1)


def test_a_segment_in_either_form_of_an_accent(workspace: toolkit.Workspace) -> None:
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    workspace.segments.build(decomposed, where="EMail IS NOT NULL")
    assert composed in workspace.segments
    assert decomposed in workspace.segments
    assert workspace.segments[decomposed].name == workspace.segments[composed].name == composed
    assert workspace.segments.get(decomposed) is not None


def test_a_segment_that_is_no_text(workspace: toolkit.Workspace) -> None:
    assert 7 not in workspace.segments


def test_an_export_that_was_altered(workspace: toolkit.Workspace) -> None:
    with folder_of(workspace).session() as session, session.begin():
        session.connection().exec_driver_sql("UPDATE exports SET saved_by = 'mallory'")
    with pytest.raises(toolkit.SignatureError):
        workspace.exports["Nightly"]
    with pytest.raises(toolkit.SignatureError):
        workspace.exports.get("Nightly")


def test_each_item_of_suppressions(workspace: toolkit.Workspace) -> None:
    entry = workspace.suppressions.add(pl.DataFrame({"key": ["C001", "C002"]}), customer_column="key").entry
    assert entry is not None
    assert (workspace.suppressions[entry].customers, workspace.suppressions[entry].lifted_at) == (2, None)
    workspace.suppressions.lift(entry)
    assert workspace.suppressions[entry].lifted_at is not None


def test_a_new_person_gets_a_line(workspace: toolkit.Workspace) -> None:
    key = SigningKey.generate().verify_key.encode().hex()
    added = workspace.people.add("Bob", public_key=key, role="viewer")
    assert (added.name, added.role) == ("Bob", toolkit.Role.VIEWER)
    assert added.answer in repr(added)
    assert workspace.people["Bob"].public_key == key
    assert workspace.people.change_role("Bob", "contributor").role is toolkit.Role.CONTRIBUTOR
    assert workspace.people.remove("Bob") == []
    with pytest.raises(toolkit.UnknownNameError):
        workspace.people["Bob"]


class TestOverview:
    def test_last_runs(self, workspace: toolkit.Workspace) -> None:
        workspace.exports.duplicate("Nightly", "Weekly")
        assert workspace.overview.exports["last_run"].to_list() == [None, None]
        workspace.runs.start("Nightly")
        workspace.runs.start("Nightly", dry_run=True)
        shown = workspace.overview.exports.select("export", "last_run", "added").rows()
        assert shown == [("Nightly", "successful", 100), ("Weekly", None, None)]
        workspace.runs.start("Nightly")
        assert workspace.overview.exports["added"].to_list() == [0, None]
        workspace.forget(customer="C001")
        assert workspace.overview.exports["last_run"].to_list() == ["successful", None]

    def test_sizes_and_next_runs(self, workspace: toolkit.Workspace) -> None:
        schedule = {"every": "day", "at": ["02:00"], "time_zone": "UTC"}
        workspace.exports.duplicate("Nightly", "Weekly")
        save_nightly(workspace, schedule=schedule)
        workspace.runs.start("Nightly")
        assert workspace.overview.exports["match_rate"].to_list() == [None, None]  # counted before it was sent
        workspace.runs.start("Nightly")
        nightly, weekly = workspace.overview.exports.select("size", "match_rate", "next_run").rows()
        assert nightly[0] == 100
        assert 0 < nightly[1] <= 1
        assert (nightly[2].hour, nightly[2].minute) == (2, 0)
        assert weekly == (None, None, None)

    def test_what_needs_attention(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly")
        workspace.exports.detach("Nightly")
        overview = workspace.overview
        assert "list" in overview.attention["what"].to_list()
        assert "ok" not in overview.attention["level"].to_list()
        levels = overview.attention["level"].to_list()
        assert levels == sorted(levels)  # critical before warning

    def test_it_is_what_a_cell_shows(self, workspace: toolkit.Workspace) -> None:
        shown = workspace._repr_html_()
        assert all(it in shown for it in ("Sandbox", "Nightly", "Needs attention", str(workspace.path)))
        assert all(it in repr(workspace) for it in ("Sandbox", "Nightly", "Needs attention", str(workspace.path)))

    @pytest.mark.parametrize("role", ["viewer", "contributor"])
    def test_whoever_may_look_sees_one(
        self,
        workspace: toolkit.Workspace,
        let_in: Callable[[str, str], toolkit.Workspace],  # noqa: F811
        role: str,
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        theirs = let_in("vera", role)
        assert theirs.overview.exports["last_run"].to_list() == ["successful"]
        assert (theirs.overview.connections.height, list(theirs.connections)) == (0, [])
        assert "Nightly" in theirs._repr_html_()
        for name in set(COLLECTIONS) - {"audit"}:
            assert isinstance(getattr(theirs, name).frame, pl.DataFrame)
        with pytest.raises(toolkit.AccessError):
            list(theirs.audit)
        assert theirs.audit.verify() is None

    def test_a_workspace_without_tables(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        opened = toolkit.open_workspace(tmp_path_factory.mktemp("empty") / "w", create=True)
        assert opened.overview.tables["location"].to_list() == ["not set", "not set"]
        assert (opened.overview.exports.height, opened.overview.connections.height) == (0, 0)
        assert "workspace.exports.save" in repr(opened)
        assert "<table" in opened._repr_html_()

    def test_names_are_escaped(self, workspace: toolkit.Workspace) -> None:
        workspace.exports.duplicate("Nightly", "<b>Bold</b>")
        assert "<b>Bold" not in workspace._repr_html_()
        assert "&lt;b&gt;Bold" in workspace._repr_html_()
        assert "<b>Bold" not in workspace.exports._repr_html_()


def test_options_are_named(workspace: toolkit.Workspace) -> None:
    assert save_nightly(workspace, mode="append").mode is toolkit.Mode.APPEND
    with pytest.raises(toolkit.ConfigurationError):
        save_nightly(workspace, colour="blue")
