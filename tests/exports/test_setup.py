"""A connection is made step by step; each step refuses when the one before is missing."""

import pickle
from pathlib import Path

import pytest

import toolkit
from tests.raising import raises
from toolkit.errors import AccessError, ErrorCode
from toolkit.sandbox import Sandbox

pytestmark = pytest.mark.on_both_databases


@pytest.fixture
def credentials(criteo: Sandbox) -> toolkit.Credentials:
    return toolkit.Credentials(criteo.client_id, criteo.client_secret, criteo.url)


def test_the_steps_in_their_order_make_a_connection(
    workspace: toolkit.Workspace, credentials: toolkit.Credentials
) -> None:
    setup = workspace.connections.set_up("Step by step").share("contributors").agree().authenticate(credentials)
    assert list(setup.advertisers) == ["2711", "2712", "88104"]
    made = setup.add_me().save()
    assert (made.open_to, made.users, made.waiting) == ("contributors", (workspace.people.me.name,), ())


def test_each_step_refuses_before_its_turn(
    workspace: toolkit.Workspace, credentials: toolkit.Credentials, criteo: Sandbox
) -> None:
    before = len(criteo.requests())
    setup = workspace.connections.set_up("Step by step")
    with raises(ErrorCode.ACCESS):
        setup.authenticate(credentials)
    assert len(criteo.requests()) == before
    with raises(ErrorCode.ACCESS):
        setup.agree().add_me()
    with raises(ErrorCode.ACCESS):
        setup.authenticate(credentials).save()
    with raises(ErrorCode.CONFIGURATION):
        workspace.connections.set_up(" ")
    assert list(workspace.connections) == ["Sandbox"]


class TestCredentials:
    def test_they_come_from_the_environment(
        self, workspace: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with raises(ErrorCode.CONFIGURATION, names=("CRITEO_CLIENT_ID", "CRITEO_CLIENT_SECRET")):
            toolkit.Credentials.from_environment(host=criteo.url)
        monkeypatch.setenv("CRITEO_CLIENT_ID", criteo.client_id)
        monkeypatch.setenv("CRITEO_CLIENT_SECRET", criteo.client_secret)
        found = toolkit.Credentials.from_environment(host=criteo.url)
        assert workspace.connections.connect("Environment", credentials=found, i_agree=True).name == "Environment"

    def test_they_come_from_a_file_of_ones_own(self, criteo: Sandbox, tmp_path: Path) -> None:
        file = tmp_path / "criteo.toml"
        file.write_text(f'client_id = "{criteo.client_id}"\nclient_secret = "{criteo.client_secret}"\n')
        file.chmod(0o600)
        assert toolkit.Credentials.from_file(file).client_secret == criteo.client_secret
        file.chmod(0o644)
        with raises(ErrorCode.CONFIGURATION, names=file):
            toolkit.Credentials.from_file(file)

    @pytest.mark.parametrize(
        ("content", "named"), [("client_id = 'a'", "client_secret"), ("=", "TOML"), (None, "criteo.toml")]
    )
    def test_a_file_that_is_none_is_told(self, tmp_path: Path, content: str | None, named: str) -> None:
        file = tmp_path / "criteo.toml"
        if content is not None:
            file.touch(0o600)
            file.write_text(content)
        with raises(ErrorCode.CONFIGURATION, names=(file, named)):
            toolkit.Credentials.from_file(file)

    def test_they_come_from_a_hidden_prompt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("getpass.getpass", lambda prompt: "typed" if "my-app" in prompt else "")
        assert toolkit.Credentials.ask(client_id="my-app").client_secret == "typed"
        with raises(ErrorCode.CONFIGURATION, names="client_secret"):
            toolkit.Credentials.ask(client_id="other")

    def test_they_show_no_secret(self, credentials: toolkit.Credentials) -> None:
        assert credentials.client_secret not in repr(credentials)
        with pytest.raises(TypeError):
            pickle.dumps(credentials)


def test_testing_a_connection_takes_over_who_consents_now(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.withdraw_consent("2712")
    assert list(workspace.connections.test("Sandbox").advertisers) == ["2711", "88104"]
    assert list(workspace.connections["Sandbox"].advertisers) == ["2711", "88104"]


def test_a_new_secret_that_criteo_refuses_leaves_the_old_in_use(
    workspace: toolkit.Workspace, credentials: toolkit.Credentials
) -> None:
    wrong = toolkit.Credentials(credentials.client_id, "wrong", credentials.host)
    with pytest.raises(AccessError):
        workspace.connections.rotate("Sandbox", wrong)
    assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
