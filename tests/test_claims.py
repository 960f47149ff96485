"""What the docstrings of the workspace say that a viewer or contributor may not do, they may not."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import save_nightly

SOME = pl.DataFrame({"key": ["1"]})
CALLS: dict[str, Callable[[toolkit.Workspace], object]] = {
    "accept_lost_suppressions": lambda it: it.suppressions.accept_lost(entries=1),
    "add_check": lambda it: it.checks.add("Own", filled()),
    "add_person": lambda it: it.people.add("Bob", public_key="00" * 32),
    "audit": lambda it: it.audit.frame,
    "build_segment": lambda it: it.segments.build("Built", where="EMail IS NOT NULL"),
    "cancel": lambda it: it.runs.cancel("none"),
    "change_role": lambda it: it.people.change_role("Vera", "administrator"),
    "connect": lambda it: it.connections.connect("New", client_id="id", client_secret="secret", i_agree=True),
    "delete_list": lambda it: it.lists.delete("410001"),
    "detach_export": lambda it: it.exports.detach("Nightly"),
    "empty_list": lambda it: it.lists.empty("410001"),
    "flapping": lambda it: it.runs.flapping(),
    "forget": lambda it: it.forget(customer="1"),
    "keep_list": lambda it: it.lists.keep("410001"),
    "membership": lambda it: it.runs.membership(),
    "preview": lambda it: it.preview("All", email_column="EMail", columns="EMail", unmasked="EMail"),
    "preview_export": lambda it: it.exports.preview("Nightly", columns="EMail", unmasked="EMail"),
    "read_from": lambda it: it.read_from(profiles=toolkit.Profiles(location="elsewhere", key="CustomerId")),
    "rebuild_segment": lambda it: it.segments.rebuild("Built"),
    "refresh": lambda it: it.refreshes.start(),
    "remove_check": lambda it: it.checks.remove("Own"),
    "remove_connection": lambda it: it.connections.remove("Sandbox"),
    "remove_export": lambda it: it.exports.remove("Nightly"),
    "remove_person": lambda it: it.people.remove("Vera"),
    "remove_segment": lambda it: it.segments.remove("Built"),
    "rename_connection": lambda it: it.connections.rename("Sandbox", "Other"),
    "restore_signed_rows": lambda it: it.restore_signed_rows(),
    "resume": lambda it: it.runs.resume("Nightly"),
    "rotate_connection": lambda it: it.connections.rotate(
        "Sandbox", toolkit.Credentials(client_id="id", client_secret="secret")
    ),
    "run": lambda it: it.runs.start("Nightly"),
    "save_tables": lambda it: read_elsewhere(it).save_tables(),
    "seal_connection": lambda it: it.connections.seal("Sandbox"),
    "set_up_connection": lambda it: it.connections.set_up("New"),
    "share_connection": lambda it: it.connections.share("Sandbox", "contributors"),
    "sign_check": lambda it: it.checks.sign("Own"),
    "suppress": lambda it: it.suppressions.add(SOME, customer_column="key"),
    "test_connection": lambda it: it.connections.test("Sandbox"),
    "unshare_connection": lambda it: it.connections.unshare("Sandbox", "contributors"),
    "unsuppress": lambda it: it.suppressions.lift("none"),
}


def read_elsewhere(workspace: toolkit.Workspace) -> toolkit.Workspace:
    profiles = toolkit.Profiles(location="elsewhere", key="CustomerId")
    with pytest.warns(UserWarning, match="elsewhere"):
        return toolkit.open_workspace(workspace.path, profiles=profiles)


def filled() -> object:
    from great_expectations.expectations import ExpectColumnValuesToNotBeNull

    return ExpectColumnValuesToNotBeNull(column="EMail")


def claims(said: str) -> set[str]:
    found = {name: inspect.getdoc(it) or "" for name, it in vars(toolkit.Workspace).items() if name[0] != "_"}
    return {name for name, text in found.items() if said in " ".join(text.split())}


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
