"""What the docstrings of the workspace say that a viewer or contributor may not do, they may not."""

import inspect
import os
import typing
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import save_nightly

SOME = pl.DataFrame({"key": ["1"]})
CALLS: dict[str, Callable[[toolkit.Workspace], object]] = {
    "audiences.apply": lambda it: it.audiences.apply(),
    "audiences.delete": lambda it: it.audiences.delete("1", connection="Sandbox", advertiser_id="2711"),
    "audiences.delete_unused_segments": lambda it: it.audiences.delete_unused_segments(
        connection="Sandbox", advertiser_id="2711"
    ),
    "audiences.estimate": lambda it: it.audiences.estimate("All", connection="Sandbox", advertiser_id="2711"),
    "audiences.remove": lambda it: it.audiences.remove("Best"),
    "audiences.save": lambda it: it.audiences.save("Best", "All", connection="Sandbox", advertiser_id="2711"),
    "suppressions.accept_lost": lambda it: it.suppressions.accept_lost(entries=1),
    "checks.add": lambda it: it.checks.add("Own", filled()),
    "people.add": lambda it: it.people.add("Bob", public_key="00" * 32),
    "audit.frame": lambda it: it.audit.frame,
    "segments.build": lambda it: it.segments.build("Built", where="EMail IS NOT NULL"),
    "runs.cancel": lambda it: it.runs.cancel("none"),
    "people.change_role": lambda it: it.people.change_role("Vera", "administrator"),
    "connections.connect": lambda it: it.connections.connect(
        "New", client_id="id", client_secret="secret", i_agree=True
    ),
    "lists.delete": lambda it: it.lists.delete("410001"),
    "exports.detach": lambda it: it.exports.detach("Nightly"),
    "lists.empty": lambda it: it.lists.empty("410001"),
    "runs.flapping": lambda it: it.runs.flapping(),
    "disclose": lambda it: it.disclose(customer="1"),
    "forget": lambda it: it.forget(customer="1"),
    "lists.keep": lambda it: it.lists.keep("410001"),
    "runs.membership": lambda it: it.runs.membership(),
    "preview": lambda it: it.preview("All", email_column="EMail", columns="EMail", unmasked="EMail"),
    "exports.preview": lambda it: it.exports.preview("Nightly", columns="EMail", unmasked="EMail"),
    "read_from": lambda it: it.read_from(profiles=toolkit.Profiles(location="elsewhere", key="CustomerId")),
    "segments.rebuild": lambda it: it.segments.rebuild("Built"),
    "refreshes.start": lambda it: it.refreshes.start(),
    "checks.remove": lambda it: it.checks.remove("Own"),
    "connections.remove": lambda it: it.connections.remove("Sandbox"),
    "exports.remove": lambda it: it.exports.remove("Nightly"),
    "people.remove": lambda it: it.people.remove("Vera"),
    "segments.remove": lambda it: it.segments.remove("Built"),
    "connections.rename": lambda it: it.connections.rename("Sandbox", "Other"),
    "restore_signed_rows": lambda it: it.restore_signed_rows(),
    "runs.resume": lambda it: it.runs.resume("Nightly"),
    "connections.rotate": lambda it: it.connections.rotate(
        "Sandbox", toolkit.Credentials(client_id="id", client_secret="secret")
    ),
    "runs.start": lambda it: it.runs.start("Nightly"),
    "save_tables": lambda it: read_elsewhere(it).save_tables(),
    "connections.seal": lambda it: it.connections.seal("Sandbox"),
    "connections.set_up": lambda it: it.connections.set_up("New"),
    "connections.share": lambda it: it.connections.share("Sandbox", "contributors"),
    "checks.sign": lambda it: it.checks.sign("Own"),
    "suppressions.add": lambda it: it.suppressions.add(SOME, customer_column="key"),
    "connections.test": lambda it: it.connections.test("Sandbox"),
    "connections.unshare": lambda it: it.connections.unshare("Sandbox", "contributors"),
    "suppressions.lift": lambda it: it.suppressions.lift("none"),
}


def read_elsewhere(workspace: toolkit.Workspace) -> toolkit.Workspace:
    profiles = toolkit.Profiles(location="elsewhere", key="CustomerId")
    with pytest.warns(UserWarning, match="elsewhere"):
        return toolkit.open_workspace(workspace.path, profiles=profiles)


def filled() -> object:
    from great_expectations.expectations import ExpectColumnValuesToNotBeNull

    return ExpectColumnValuesToNotBeNull(column="EMail")


def claims(said: str) -> set[str]:
    places: dict[str, type] = {"": toolkit.Workspace}
    for name, it in vars(toolkit.Workspace).items():
        returned = typing.get_type_hints(it.func)["return"] if isinstance(it, cached_property) else None
        if inspect.isclass(returned) and issubclass(returned, toolkit.Collection):
            places[f"{name}."] = returned
    assert len(places) > 10
    found = {
        f"{place}{name}": inspect.getdoc(it) or "" for place, of in places.items() for name, it in vars(of).items()
    }
    return {name for name, text in found.items() if said in " ".join(text.split()) and "._" not in name}


def is_refused(call: Callable[[toolkit.Workspace], object], workspace: toolkit.Workspace) -> bool:
    try:
        call(workspace)
    except toolkit.ToolkitError as error:
        return type(error).__name__ == "AccessError"
    return False


@pytest.fixture
def seen_by_viewer(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> toolkit.Workspace:
    """A workspace that holds one of each, as a viewer sees it."""
    workspace.segments.build("Built", where="EMail IS NOT NULL")
    workspace.checks.add("Own", filled())
    workspace.exports.duplicate("Nightly", "Gone")
    assert workspace.runs.start("Gone").status is toolkit.RunStatus.SUCCESSFUL
    assert [it.list_id for it in workspace.exports.remove("Gone").lists] == ["410001"]
    save_nightly(workspace, thresholds={"contract_limit_profiles": 1})
    assert workspace.runs.start("Nightly").status is toolkit.RunStatus.FAILED
    administrator = os.environ["TOOLKIT_KEY_FILE"]
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "key of Vera"))
    key = toolkit.open_workspace(workspace.path).people.join("Vera").public_key
    monkeypatch.setenv("TOOLKIT_KEY_FILE", administrator)
    workspace.people.add("Vera", public_key=key, role="viewer")
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "key of Vera"))
    return toolkit.open_workspace(workspace.path)


def test_a_viewer_is_refused_what_docstrings_say(seen_by_viewer: toolkit.Workspace) -> None:
    # Opened for each call: one that reads from elsewhere does so for its session.
    refused = {name for name, call in CALLS.items() if is_refused(call, toolkit.open_workspace(seen_by_viewer.path))}
    assert refused == CALLS.keys()


def test_each_claim_about_roles_is_tried() -> None:
    claimed = claims("AccessError: You are a viewer") | claims("AccessError: You are no administrator")
    claimed |= claims("AccessError: You don't agree, you are no administrator")
    assert claimed == CALLS.keys()
