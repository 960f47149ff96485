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
    "accept_lost_suppressions": lambda it: it.accept_lost_suppressions(entries=1),
    "add_check": lambda it: it.add_check("Own", filled()),
    "add_person": lambda it: it.add_person("Bob", public_key="00" * 32),
    "audit": lambda it: it.audit,
    "build_segment": lambda it: it.build_segment("Built", where="EMail IS NOT NULL"),
    "cancel": lambda it: it.cancel("none"),
    "change_role": lambda it: it.change_role("Vera", "administrator"),
    "connect": lambda it: it.connect("New", client_id="id", client_secret="secret", i_agree=True),
    "delete_list": lambda it: it.delete_list("410001"),
    "detach_export": lambda it: it.detach_export("Nightly"),
    "empty_list": lambda it: it.empty_list("410001"),
    "flapping": lambda it: it.flapping(),
    "forget": lambda it: it.forget(customer="1"),
    "keep_list": lambda it: it.keep_list("410001"),
    "membership": lambda it: it.membership(),
    "preview": lambda it: it.preview("All", email_column="EMail", columns="EMail", unmasked="EMail"),
    "preview_export": lambda it: it.preview_export("Nightly", columns="EMail", unmasked="EMail"),
    "read_from": lambda it: it.read_from(profiles=toolkit.Profiles(location="elsewhere", key="CustomerId")),
    "rebuild_segment": lambda it: it.rebuild_segment("Built"),
    "refresh": lambda it: it.refresh(),
    "remove_check": lambda it: it.remove_check("Own"),
    "remove_connection": lambda it: it.remove_connection("Sandbox"),
    "remove_export": lambda it: it.remove_export("Nightly"),
    "remove_person": lambda it: it.remove_person("Vera"),
    "remove_segment": lambda it: it.remove_segment("Built"),
    "rename_connection": lambda it: it.rename_connection("Sandbox", "Other"),
    "restore_signed_rows": lambda it: it.restore_signed_rows(),
    "resume": lambda it: it.resume("Nightly"),
    "rotate_connection": lambda it: it.rotate_connection(
        "Sandbox", toolkit.Credentials(client_id="id", client_secret="secret")
    ),
    "run": lambda it: it.run("Nightly"),
    "save_tables": lambda it: read_elsewhere(it).save_tables(),
    "seal_connection": lambda it: it.seal_connection("Sandbox"),
    "set_up_connection": lambda it: it.set_up_connection("New"),
    "share_connection": lambda it: it.share_connection("Sandbox", "contributors"),
    "sign_check": lambda it: it.sign_check("Own"),
    "suppress": lambda it: it.suppress(SOME, customer_column="key"),
    "test_connection": lambda it: it.test_connection("Sandbox"),
    "unshare_connection": lambda it: it.unshare_connection("Sandbox", "contributors"),
    "unsuppress": lambda it: it.unsuppress("none"),
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
    workspace.build_segment("Built", where="EMail IS NOT NULL")
    workspace.add_check("Own", filled())
    workspace.duplicate_export("Nightly", "Gone")
    assert workspace.run("Gone").status is toolkit.RunStatus.SUCCESSFUL
    assert [it.list_id for it in workspace.remove_export("Gone").lists] == ["410001"]
    save_nightly(workspace, thresholds={"contract_limit_profiles": 1})
    assert workspace.run("Nightly").status is toolkit.RunStatus.FAILED
    administrator = os.environ["TOOLKIT_KEY_FILE"]
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "key of Vera"))
    key = toolkit.open_workspace(workspace.path).join("Vera").public_key
    monkeypatch.setenv("TOOLKIT_KEY_FILE", administrator)
    workspace.add_person("Vera", public_key=key, role="viewer")
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
