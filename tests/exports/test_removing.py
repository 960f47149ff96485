"""Removing a connection ends the transfer of data through it, and says what becomes of what used it."""

from collections.abc import Callable

import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.raising import raises
from toolkit.errors import ConfigurationError, ErrorCode, RunFailedError
from toolkit.runs import RunKind
from toolkit.sandbox import Call, Fault, Sandbox

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def test_exports_that_use_it_must_be_decided_on(workspace: toolkit.Workspace) -> None:
    with raises(ErrorCode.CONFIGURATION, names="Nightly"):
        workspace.connections.remove("Sandbox")
    assert list(workspace.connections) == ["Sandbox"]


def test_a_detached_export_runs_with_another_connection(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Held
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.connections.remove("Sandbox", exports="detach")
    assert "No connection" in repr(workspace.exports["Nightly"])
    with raises(ErrorCode.CONFIGURATION, names="Nightly"):
        workspace.runs.start("Nightly")
    connect(workspace, criteo)
    save_nightly(workspace)
    assert workspace.runs.start("Nightly").raise_for_status().frame["added"].item() == 0
    assert len(held("All")) == 100


def test_a_removed_export_is_gone_and_its_runs_stay(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.connections.remove("Sandbox", exports={"Nightly": "remove"})
    assert workspace.exports == {}
    assert workspace.runs.frame.height == 1


@pytest.mark.parametrize(("lists", "left"), [("keep", 100), ("empty", 0), ("delete", None)])
def test_lists_at_criteo_are_kept_emptied_or_deleted(
    workspace: toolkit.Workspace, criteo: Sandbox, lists: str, left: int | None
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    workspace.connections.remove("Sandbox", exports="detach", lists=lists)
    assert [len(criteo.identifiers(it.id)) for it in criteo.lists()] == ([] if left is None else [left])
    connect(workspace, criteo)
    save_nightly(workspace)
    workspace.runs.start("Nightly").raise_for_status()
    assert [len(criteo.identifiers(it.id)) for it in criteo.lists()] == [100]


@pytest.mark.parametrize("lists", ["empty", "delete"])
def test_a_removal_that_breaks_off_is_made_good(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, lists: str
) -> None:
    tables.write(segments={"Few": ["C001", "C002"]})
    save_nightly(workspace, segments=["All", "Few"])
    workspace.runs.start("Nightly").raise_for_status()
    criteo.fail(Fault.HTTP_401, calls=Call.CLEAR if lists == "empty" else Call.DELETE, times=9, after=1)
    with pytest.raises(RunFailedError):
        workspace.connections.remove("Sandbox", exports="detach", lists=lists)
    criteo.stop_failing()
    assert list(workspace.connections) == ["Sandbox"]
    assert workspace.runs.frame["kind"][0] == RunKind.LISTS
    assert sum(it.size > 0 for it in criteo.lists()) == 1
    workspace.runs.start("Nightly").raise_for_status()
    assert (len(held("All")), len(held("Few"))) == (100, 2)
    workspace.connections.remove("Sandbox", exports="detach", lists=lists)
    assert all(it.size == 0 for it in criteo.lists())
    assert len(workspace.lists.left_behind) == 0


@pytest.fixture
def shared_list(workspace: toolkit.Workspace, criteo: Sandbox) -> toolkit.Workspace:
    """The workspace with an export ``Other`` of a connection ``Second`` that fills the list too."""
    workspace.runs.start("Nightly").raise_for_status()
    workspace.connections.connect(
        "Second", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
    )
    options = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    (made,) = criteo.lists()
    workspace.exports.save("Other", **(options | {"connection": "Second", "lists": {"All": made.id}}))
    workspace.runs.start("Other").raise_for_status()
    return workspace


@pytest.mark.parametrize("lists", ["empty", "delete"])
class TestListOfTwo:
    def test_is_left_to_another_connection(self, shared_list: toolkit.Workspace, held: Held, lists: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            shared_list.connections.remove("Sandbox", exports="remove", lists=lists)
        assert "'Other'" in refused.value.what
        assert "Sandbox" in shared_list.connections
        assert len(held("All")) == 100

    @pytest.mark.parametrize("end", ["detach", "remove"])
    def test_is_ended_for_an_export_that_was(
        self, shared_list: toolkit.Workspace, criteo: Sandbox, lists: str, end: str
    ) -> None:
        getattr(shared_list.exports, end)("Other")
        shared_list.connections.remove("Sandbox", exports="remove", lists=lists)
        assert [it.size for it in criteo.lists()] == ([0] if lists == "empty" else [])
        assert len(shared_list.lists.left_behind) == 0

    def test_is_ended_for_an_export_that_has_another(
        self, shared_list: toolkit.Workspace, criteo: Sandbox, lists: str
    ) -> None:
        options = shared_list.exports["Other"].model_dump(exclude={"name", "version"})
        shared_list.exports.save(
            "Other", **(options | {"advertiser_id": max(shared_list.connections["Second"].advertisers), "lists": {}})
        )
        shared_list.connections.remove("Sandbox", exports="remove", lists=lists)
        assert [it.size for it in criteo.lists()] == ([0] if lists == "empty" else [])
        shared_list.runs.start("Other").raise_for_status()
        assert sorted(it.size for it in criteo.lists()) == ([0, 100] if lists == "empty" else [100])


def test_a_renamed_connection_is_followed_by_its_exports(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    workspace.connections.rename("Sandbox", "Criteo NL")
    assert workspace.exports["Nightly"].connection == "Criteo NL"
    assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
    connect(workspace, criteo)
    with raises(ErrorCode.CONFIGURATION, names="Criteo NL"):
        workspace.connections.rename("Sandbox", "Criteo NL")


def test_the_list_of_connections_can_be_sorted_and_shows_itself(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    shown = workspace.connections
    assert shown.frame.sort("created_at").select("name", "exports", "should_be_rotated").rows() == [
        ("Sandbox", "Nightly", False)
    ]
    assert workspace.people.me.name in shown.frame["who_has_access"].item()
    assert "Sandbox" in shown._repr_html_()


def test_a_change_based_on_an_older_version_is_not_saved_over_a_newer(workspace: toolkit.Workspace) -> None:
    seen = workspace.exports["Nightly"].version
    save_nightly(workspace, mode="append", based_on=seen)
    with raises(ErrorCode.CONFIGURATION, names="version 2"):
        save_nightly(workspace, mode="replace", based_on=seen)
    assert workspace.exports["Nightly"].mode is toolkit.Mode.APPEND
