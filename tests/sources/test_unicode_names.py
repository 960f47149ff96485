"""A segment's name is one name in whatever Unicode form it comes back."""

import unicodedata
from collections.abc import Callable

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.sandbox import Sandbox

COMPOSED = unicodedata.normalize("NFC", "Été")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
assert COMPOSED != DECOMPOSED


def write(tables: Tables, name: str, *customers: str) -> None:
    path = tables.folder / "segments" / f"{name}.parquet"
    pl.DataFrame({"CustomerId": list(customers)}).write_parquet(path)


@pytest.mark.parametrize("saved", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("filed", [COMPOSED, DECOMPOSED])
def test_one_segment_and_one_list(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, saved: str, filed: str
) -> None:
    write(tables, filed, "C001")
    save_nightly(workspace, segments=[saved])
    workspace.runs.start("Nightly").raise_for_status()
    (tables.folder / "segments" / f"{filed}.parquet").unlink()
    write(tables, DECOMPOSED if filed == COMPOSED else COMPOSED, "C001", "C002")
    save_nightly(workspace, segments=[DECOMPOSED if saved == COMPOSED else COMPOSED])
    run = workspace.runs.start("Nightly").raise_for_status()
    assert run.warnings == ()
    assert [(it.name, it.size) for it in criteo.lists()] == [(COMPOSED, 2)]


def test_every_door_takes_both_forms(workspace: toolkit.Workspace, tables: Tables) -> None:
    write(tables, DECOMPOSED, "C001")
    save_nightly(workspace, segments=[DECOMPOSED])
    for name in (COMPOSED, DECOMPOSED):
        assert list(workspace.segments) == ["All", COMPOSED]
        assert workspace.segments[name].name == COMPOSED
        assert list(workspace.exports.using(name)) == ["Nightly"]
        assert workspace.preview(name, email_column="EMail").audience.counts["exportable"].to_list() == [1]
        assert workspace.preview("All", email_column="EMail", exclude=[name]).audience.counts[
            "exportable"
        ].to_list() == [99]
        assert workspace.segments.source.scan([name]).collect().height == 1


def test_two_files_of_one_name_are_refused(workspace: toolkit.Workspace, tables: Tables) -> None:
    write(tables, COMPOSED, "C001")
    write(tables, DECOMPOSED, "C002")
    with raises(ErrorCode.DATA, names="Unicode") as told:
        list(workspace.segments)
    assert ascii(COMPOSED)[1:-1] in told.value.what
    assert ascii(DECOMPOSED)[1:-1] in told.value.what


def test_a_table_of_memberships_is_read_alike(workspace: toolkit.Workspace, tables: Tables) -> None:
    path = tables.folder / "memberships.parquet"
    pl.DataFrame({"Segment": [COMPOSED, DECOMPOSED], "CustomerId": ["C001", "C002"]}).write_parquet(path)
    table = toolkit.SegmentTable(location=str(path), key="CustomerId", segment="Segment")
    assert table.names() == [COMPOSED]
    assert table.scan([DECOMPOSED]).collect().rows() == [(COMPOSED, "C001"), (COMPOSED, "C002")]


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
def test_a_built_segment_that_comes_back_otherwise(
    workspace: toolkit.Workspace, tables: Tables, name: str, held: Callable[[str], set[str]]
) -> None:
    workspace.segments.build(name, where="CustomerId < 'C010'", dynamic=True)
    for path in [it for it in (tables.folder / "segments").iterdir() if "All" not in it.name]:
        path.rename(path.with_name(unicodedata.normalize("NFD", path.name)))
    save_nightly(workspace, segments=[COMPOSED])
    workspace.segments.rebuild(name)
    workspace.runs.start("Nightly").raise_for_status()
    assert len(held(COMPOSED)) == 10
    assert list(workspace.segments) == ["All", COMPOSED]
    save_nightly(workspace, segments=["All"])
    workspace.segments.remove(name)
    assert list(workspace.segments) == ["All"]
