"""A connection is consented to, authenticated, and opens for the person it is sealed to."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import text

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.folders import folder_of
from tests.raising import raises
from toolkit.errors import ErrorCode, SignatureError, UnavailableError
from toolkit.sandbox import Sandbox, start

pytestmark = pytest.mark.on_both_databases


@pytest.fixture
def empty(tmp_path: Path, tables: Tables) -> toolkit.Workspace:
    return toolkit.open_workspace(
        tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, create=True
    )


def change(workspace: toolkit.Workspace, statement: str, **values: object) -> None:
    """Do what somebody with write access to the database could."""
    with folder_of(workspace).session() as session, session.begin():
        session.execute(text(statement), values)


def test_it_knows_the_advertisers_that_consented(empty: toolkit.Workspace, criteo: Sandbox) -> None:
    connection = connect(empty, criteo)
    assert connection.frame.rows() == [
        ("2711", "Fietsfabriek Noord"),
        ("2712", "Fietsfabriek Zuid"),
        ("88104", "Harbour Books"),
    ]
    assert dict(empty.connections) == {"Sandbox": connection}


def test_without_agreement_nothing_is_sent_or_saved(empty: toolkit.Workspace, criteo: Sandbox) -> None:
    with raises(ErrorCode.ACCESS):
        empty.connections.connect("C", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret)
    assert dict(empty.connections) == {}
    assert criteo.requests() == []


def test_a_wrong_secret_is_told_and_nothing_is_saved(empty: toolkit.Workspace, criteo: Sandbox) -> None:
    with raises(ErrorCode.ACCESS) as raised:
        empty.connections.connect(
            "C", host=criteo.url, client_id=criteo.client_id, client_secret="gu3ss3d", i_agree=True
        )
    assert "gu3ss3d" not in str(raised.value)
    assert dict(empty.connections) == {}


def test_a_host_that_does_not_answer_is_told(empty: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.criteo import rate_limit as pacing

    monkeypatch.setattr(pacing.RetryPolicy, "__init__", lambda self, **_: object.__setattr__(self, "seconds", 0.2))
    with pytest.raises(UnavailableError):
        empty.connections.connect("C", host="http://127.0.0.1:9", client_id="a", client_secret="b", i_agree=True)


def test_credentials_that_no_advertiser_consented_to_are_told(empty: toolkit.Workspace, criteo: Sandbox) -> None:
    for advertiser in ("2711", "2712", "88104"):
        criteo.withdraw_consent(advertiser)
    with raises(ErrorCode.ACCESS):
        connect(empty, criteo)
    assert dict(empty.connections) == {}


def test_saving_again_authenticates_anew_and_another_host_needs_another_name(
    empty: toolkit.Workspace, criteo: Sandbox
) -> None:
    connect(empty, criteo)
    criteo.withdraw_consent("88104")
    assert list(connect(empty, criteo).advertisers) == ["2711", "2712"]
    with start() as elsewhere, raises(ErrorCode.CONFIGURATION):
        connect(empty, elsewhere)


@pytest.mark.parametrize("spelling", ["http://localhost:{}", "HTTP://LocalHost.:{}/", "http://[::1]:{}"])
def test_one_host_in_another_spelling_is_the_same(empty: toolkit.Workspace, criteo: Sandbox, spelling: str) -> None:
    connect(empty, criteo)
    port = criteo.url.rpartition(":")[2]
    again = empty.connections.connect(
        "Sandbox",
        host=spelling.format(port),
        client_id=criteo.client_id,
        client_secret=criteo.client_secret,
        i_agree=True,
    )
    assert again.host == criteo.url


class TestSealing:
    def test_another_person_with_all_the_files_cannot_run(
        self, workspace: toolkit.Workspace, criteo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
        before = len(criteo.requests())
        with raises(ErrorCode.ACCESS, names="TOOLKIT_KEY_FILE"):
            toolkit.open_workspace(workspace.path).runs.start("Nightly")
        assert len(criteo.requests()) == before

    def test_a_host_changed_in_the_database_is_noticed_before_anything_is_sent(
        self, workspace: toolkit.Workspace, criteo: Sandbox
    ) -> None:
        change(workspace, "UPDATE connections SET host = 'https://thief.example'")
        before = len(criteo.requests())
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")
        assert len(criteo.requests()) == before

    def test_a_changed_box_is_noticed(self, workspace: toolkit.Workspace) -> None:
        change(workspace, "UPDATE seals SET box = :box", box=b"x" * 200)
        with pytest.raises(SignatureError):
            workspace.runs.start("Nightly")

    def test_a_consent_to_another_text_counts_for_nothing(
        self, workspace: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("toolkit.exports.connection.CONSENT_TEXT", "Something else.")
        with raises(ErrorCode.ACCESS, names="Sandbox"):
            workspace.runs.start("Nightly")
        connect(workspace, criteo)
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL

    def test_the_secret_is_in_no_file_no_log_and_nothing_that_shows_itself(
        self, tmp_path: Path, tables: Tables, criteo: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        workspace = toolkit.open_workspace(
            tmp_path / "w", profiles=tables.profiles, segments=tables.segments, create=True
        )
        connection = connect(workspace, criteo)
        save_nightly(workspace)
        run = workspace.runs.start("Nightly").raise_for_status()
        secret = criteo.client_secret
        files = [it for it in (tmp_path / "w").rglob("*") if it.is_file()]
        assert len(files) > 3
        assert [it for it in files if secret.encode() in it.read_bytes()] == []
        shown = [repr(it) + it._repr_html_() for it in (workspace, connection, run, workspace.exports["Nightly"])]
        assert secret not in "".join([*shown, caplog.text, str(connection.__dict__)])
