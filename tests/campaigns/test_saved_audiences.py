"""Declared audiences: saved, looked up, written as YAML, removed; signed like exports."""

from pathlib import Path

import pytest

import toolkit
from tests.folders import folder_of
from tests.state.attacking import As, LetIn, change, put, rows
from tests.state.conftest import let_in as let_in  # noqa: PLC0414
from tests.state.conftest import person as person  # noqa: PLC0414
from toolkit.campaigns import segment
from toolkit.errors import AccessError, ConfigurationError, SignatureError, UnknownNameError


def save(workspace: toolkit.Workspace, name: str = "Best", definition: object = '"All"', **options: object):
    return workspace.audiences.save(
        name,
        definition,
        **({"connection": "Sandbox", "advertiser_id": 2711} | options),  # type: ignore[arg-type]
    )


def test_saving_raises_the_version(workspace: toolkit.Workspace) -> None:
    first = save(workspace)
    second = save(workspace, definition=segment("All") - "All" | segment("All"))
    assert (first.version, second.version, second.definition) == (1, 2, '("All" and not "All") or "All"')
    assert workspace.audiences == {"Best": second}
    assert "Best" in workspace.audiences._ipython_key_completions_()
    assert "Best" in workspace.audiences._repr_html_()
    assert workspace.audiences.frame.row(0) == ("Best", second.definition, "Sandbox", "2711", 2)


WRONG = [
    ({"definition": "Al"}, UnknownNameError),
    ({"definition": 'lookalike("Al", size=10)'}, UnknownNameError),
    ({"definition": 'segment("All", export="No")'}, UnknownNameError),
    ({"connection": "No"}, UnknownNameError),
    ({"advertiser_id": 1}, UnknownNameError),
    ({"advertiser_id": ""}, ConfigurationError),
    ({"definition": "All and not All"}, ConfigurationError),
    ({"definition": "All or not All"}, ConfigurationError),
    ({"definition": "All or"}, ConfigurationError),
    ({"definition": 7}, ConfigurationError),
    ({"name": " "}, ConfigurationError),
    ({"name": "x" * 256}, ConfigurationError),
    ({"name": "a\nb"}, ConfigurationError),
    ({"adopts": "x"}, ConfigurationError),
]


def test_what_is_wrong_is_not_saved(workspace: toolkit.Workspace) -> None:
    for options, error in WRONG:
        with pytest.raises(error):
            save(workspace, **options)  # type: ignore[arg-type]
    assert len(workspace.audiences) == 0


def test_a_name_that_looks_alike_is_refused(workspace: toolkit.Workspace) -> None:
    save(workspace)
    with pytest.raises(ConfigurationError):
        save(workspace, "BEST")


def test_another_version_meanwhile_stays(workspace: toolkit.Workspace) -> None:
    save(workspace)
    save(workspace)
    with pytest.raises(ConfigurationError):
        save(workspace, based_on=1)


@pytest.mark.on_both_databases
def test_yaml_goes_round(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    saved = save(workspace, definition='"All" and not id(7)')
    file = tmp_path / "audiences.yml"
    workspace.audiences.write(file)
    assert workspace.audiences.read(file) == {}
    workspace.audiences.remove("Best")
    assert list(workspace.audiences) == []
    again = workspace.audiences.read(file)["Best"]
    assert (again.definition, again.version) == (saved.definition, 3 - 1)


def test_one_file_may_hold_exports_too(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    save(workspace)
    workspace.exports.write(tmp_path / "exports.yml")
    workspace.audiences.write(tmp_path / "audiences.yml")
    both = tmp_path / "both.yml"
    both.write_text((tmp_path / "exports.yml").read_text() + (tmp_path / "audiences.yml").read_text())
    assert (workspace.exports.read(both), workspace.audiences.read(both)) == ({}, {})


def test_a_wrong_file_saves_nothing(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    for text in ("", "audiences: 3", "audiences: {A: 3}", "exports: {}", ": :", "audiences: {A: {}}"):
        (tmp_path / "it.yml").write_text(text)
        with pytest.raises(ConfigurationError):
            workspace.audiences.read(tmp_path / "it.yml")
    assert len(workspace.audiences) == 0


@pytest.mark.on_both_databases
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE criteo_audiences SET settings = REPLACE(CAST(settings AS TEXT), 'All', 'Any')",
        "UPDATE criteo_audiences SET name = 'Worst'",
        "UPDATE criteo_audiences SET version = 9",
    ],
)
def test_a_changed_row_is_refused(workspace: toolkit.Workspace, statement: str) -> None:
    from sqlalchemy import make_url

    save(workspace)
    url = folder_of(workspace).settings.database
    if url and make_url(url).get_backend_name() == "postgresql" and "REPLACE" in statement:
        statement = statement.replace("= REPLACE", "= CAST(REPLACE") + " AS JSON)"
    change(workspace, statement)
    (name,) = workspace.audiences
    with pytest.raises(SignatureError):
        workspace.audiences[name]
    assert len(workspace.altered_rows) == 1


def test_a_row_that_nobody_signed_is_refused(workspace: toolkit.Workspace) -> None:
    save(workspace)
    (row,) = rows(workspace, "criteo_audiences")
    put(workspace, "criteo_audiences", row | {"id": 99, "name": "Forged"})
    with pytest.raises(SignatureError):
        workspace.audiences["Forged"]


def test_a_deleted_row_is_missed(workspace: toolkit.Workspace) -> None:
    save(workspace)
    change(workspace, "DELETE FROM criteo_audiences")
    assert ["Best" in it.what for it in workspace.altered_rows] == [True]


def test_viewers_only_look(workspace: toolkit.Workspace, let_in: LetIn, person: As) -> None:
    save(workspace)
    viewer = let_in("Vera", "viewer")
    assert list(viewer.audiences) == ["Best"]
    with pytest.raises(AccessError):
        viewer.audiences.remove("Best")


def test_contributors_need_the_connection(workspace: toolkit.Workspace, let_in: LetIn, person: As) -> None:
    save(workspace)
    carl = let_in("Carl", "contributor")
    with pytest.raises(AccessError):
        carl.audiences.remove("Best")
    workspace.connections.share("Sandbox", "Carl")
    carl.audiences.remove("Best")
    assert list(workspace.audiences) == []


def test_a_removed_connection_detaches(workspace: toolkit.Workspace) -> None:
    save(workspace)
    workspace.connections.rename("Sandbox", "Renamed")
    assert workspace.audiences["Best"].connection == "Renamed"
    workspace.connections.remove("Renamed", exports="remove")
    assert workspace.audiences["Best"].connection == ""
    (planned,), (applied,) = workspace.audiences.plan(), workspace.audiences.apply()
    assert (planned.step, applied.error) == (toolkit.AudienceStep.BLOCKED, planned.problem)
    assert workspace.altered_rows == []


def test_one_named_like_an_export_is_not_removed_with_it(workspace: toolkit.Workspace) -> None:
    save(workspace, "Nightly")
    workspace.connections.remove("Sandbox", exports="remove")
    assert list(workspace.exports) == []
    assert workspace.audiences["Nightly"].connection == ""
    assert workspace.altered_rows == []
