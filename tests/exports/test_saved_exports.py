"""Saving an export checks what it names, and runs nothing."""

import pytest

import toolkit
from tests.conftest import save_nightly
from tests.raising import raises
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.sandbox import Sandbox

pytestmark = pytest.mark.on_both_databases


def test_saving_runs_nothing(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    save_nightly(workspace)
    assert criteo.lists() == []
    assert workspace.runs.frame.height == 0


def test_saving_again_takes_its_place_under_the_next_version(workspace: toolkit.Workspace) -> None:
    assert workspace.exports["Nightly"].version == 1
    saved = save_nightly(workspace, mode="append")
    assert (saved.version, saved.mode) == (2, toolkit.Mode.APPEND)
    assert workspace.exports == {"Nightly": saved}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"connection": "Sandbxo"}, "There is no connection 'Sandbxo'. Choose one of 1, such as 'Sandbox'."),
        ({"email_column": "Email"}, "There is no profile column 'Email'. Choose one of 2, such as 'EMail'."),
        ({"segments": ["Al"]}, "There is no segment 'Al'. Choose one of 1, such as 'All'."),
        ({"exclude": ["Nobody"]}, "There is no segment 'Nobody'."),
        ({"segments": []}, "segments: needs at least 1"),
        ({"advertiser_id": "90210"}, "There is no advertiser that consented '90210'."),
        ({"advertiser_id": ""}, "has several. Pass advertiser_id, one of 2711 (Fietsfabriek Noord)"),
        ({"list_name": "VIP"}, "list_name: it must hold {segment}"),
        ({"list_name": "{segment} {secret}"}, "list_name: it must hold {segment}"),
        ({"mode": "delete"}, "mode: must be one of 'mirror', 'append' or 'replace'"),
        ({"form": "rot13"}, "form: must be one of"),
        ({"thresholds": {"email_coverage": 2}}, "thresholds.email_coverage: must be at most 1"),
    ],
)
def test_what_is_wrong_is_told_by_name_and_nothing_is_saved(
    workspace: toolkit.Workspace, options: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        save_nightly(workspace, **options)
    assert told in str(raised.value)
    assert workspace.exports["Nightly"].version == 1


@pytest.mark.parametrize(
    "options",
    [
        {"name": "For ann@mail.example"},
        {"list_name": "{segment} ann@mail.example"},
        {"consent_column": "EMail", "consent_values": ["yes"], "consent_basis": "asked on +31 6 1234 5678"},
    ],
)
def test_what_names_a_person_is_not_written_down(workspace: toolkit.Workspace, options: dict[str, object]) -> None:
    kept = workspace.exports["Nightly"].model_dump(include={"connection", "email_column", "segments", "advertiser_id"})
    with raises(ErrorCode.CONFIGURATION):
        workspace.exports.save(**({"name": "Nightly"} | kept | options))
    assert list(workspace.exports) == ["Nightly"]
    assert workspace.exports["Nightly"].version == 1
    for file in workspace.path.rglob("*"):
        assert not file.is_file() or b"ann@mail" not in file.read_bytes()


def test_the_key_is_no_basis_of_consent(workspace: toolkit.Workspace) -> None:
    with raises(ErrorCode.CONFIGURATION):
        save_nightly(workspace, consent_column="EMail", consent_values=["yes"], consent_basis_column="CustomerId")
    assert workspace.exports["Nightly"].version == 1


def test_a_connection_with_one_advertiser_needs_none_named(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    from tests.conftest import connect

    for advertiser in ("2712", "88104"):
        criteo.withdraw_consent(advertiser)
    connect(workspace, criteo)
    assert save_nightly(workspace, advertiser_id="").advertiser_id == "2711"


def test_an_unknown_export_is_told_with_the_nearest(workspace: toolkit.Workspace) -> None:
    with raises(ErrorCode.UNKNOWN_NAME, names=("Nightly run", "'Nightly'")):
        workspace.runs.start("Nightly run")


def test_it_shows_itself(workspace: toolkit.Workspace) -> None:
    export = workspace.exports["Nightly"]
    assert repr(export).startswith("Export 'Nightly', version 1\n")
    assert "EMail" in export._repr_html_()
