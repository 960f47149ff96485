"""What a preview shows of persons, and to whom."""

import re
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables
from tests.folders import folder_of
from tests.raising import raises
from toolkit.errors import ErrorCode

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


@pytest.fixture
def workspace(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    number = pl.int_range(pl.len())
    pl.read_parquet(tables.profiles.location).with_columns(
        FirstName=pl.format("Person {}", number),
        City=pl.when(number % 3 == 0).then(pl.lit("Ede")).otherwise(pl.lit("Gent")),
        Note=pl.format("call 06-12345{}", number.cast(pl.String).str.zfill(3)),
        Orders=number,
        EMail=pl.when(number == 4).then(None).when(number == 5).then(pl.lit("not one")).otherwise("EMail"),
    ).write_parquet(tables.profiles.location)
    return workspace


@pytest.fixture
def as_viewer(workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> toolkit.Workspace:
    """Opened by Vera, a viewer."""
    _ = folder_of(workspace).identity
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "another key"))
    opened = toolkit.open_workspace(workspace.path)
    workspace.people.add("vera", public_key=opened.people.join("vera").public_key, role="viewer")
    return opened


def test_members_are_the_first_by_key_with_the_email_masked(workspace: toolkit.Workspace) -> None:
    members = workspace.preview("All", email_column="EMail", members=7).members
    assert members.columns == ["segment", "customer", "status", "EMail"]
    assert members["customer"].to_list() == [f"C{number:03}" for number in range(7)]
    assert members["EMail"].to_list() == [*["p•••@m•••.example"] * 4, None, "n•••", "p•••@m•••.example"]


def test_columns_that_look_personal_are_masked_and_others_are_not(workspace: toolkit.Workspace) -> None:
    columns = ["FirstName", "City", "Note", "Orders"]
    shown = workspace.preview("All", email_column="EMail", columns=columns, members=50).members.row(0, named=True)
    assert [shown[it] for it in columns] == ["P•••", "Ede", "c•••", 0]


def test_an_unknown_column_is_told(workspace: toolkit.Workspace) -> None:
    with raises(ErrorCode.DATA, names="Town"):
        workspace.preview("All", email_column="EMail", columns=["Town"])


def test_unmasked_columns_are_shown_and_the_audit_keeps_it(workspace: toolkit.Workspace) -> None:
    preview = workspace.exports.preview("Nightly", unmasked=["FirstName", "EMail"])
    assert preview.members["FirstName"][0] == "Person 0"
    assert preview.members["EMail"][0] == "p•••@m•••.example"
    row = workspace.audit.frame.row(0, named=True)
    assert (row["action"], row["name"]) == ("show columns unmasked", "Nightly")
    assert "FirstName" in row["details"]


def test_an_address_is_masked_whatever_its_column_is_called(workspace: toolkit.Workspace, tables: Tables) -> None:
    address = pl.format("{}@mail.example", pl.col("CustomerId").str.to_lowercase())
    pl.read_parquet(tables.profiles.location).with_columns(
        Remark=pl.format("write to {} please", address),
        Wide=address.str.replace("@", "\uff20"),
        Bytes=address.cast(pl.Binary),
        Several=pl.concat_list(address, address),
        Nested=pl.struct(a=address),
        Kind=address.cast(pl.Categorical),
    ).write_parquet(tables.profiles.location)
    columns = ["EMail", "Remark", "Wide", "Bytes", "Several", "Nested", "Kind", "City"]
    for options in ({"unmasked": columns}, {"columns": columns}):
        preview = workspace.preview("All", email_column="CustomerId", **options)
        assert preview.members["City"][0] == "Ede"
        shown = preview.members.drop("customer").write_json() + preview._repr_html_()
        assert re.findall(r"c?\d+[@\uff20]mail", shown) == []
        assert ADDRESS.findall(shown) == []


def test_a_viewer_sees_a_preview_and_neither_unmasked_columns_nor_a_file(
    as_viewer: toolkit.Workspace, tmp_path: Path
) -> None:
    preview = as_viewer.exports.preview("Nightly")
    assert preview.exportable == 98
    with raises(ErrorCode.ACCESS, names="viewer"):
        as_viewer.preview("All", email_column="EMail", unmasked=["FirstName"])
    with raises(ErrorCode.ACCESS, names="viewer"):
        preview.write_left_out(tmp_path / "left out.csv")
    assert not (tmp_path / "left out.csv").exists()


@pytest.mark.parametrize(("name", "read"), [("out.csv", pl.read_csv), ("out.parquet", pl.read_parquet)])
def test_who_is_left_out_is_written_and_the_audit_keeps_who_did(
    name: str, read: object, workspace: toolkit.Workspace, tmp_path: Path
) -> None:
    preview = workspace.preview("All", email_column="EMail")
    written = preview.write_left_out(tmp_path / name)
    assert callable(read)
    rows = read(written).sort("customer").select("segment", "customer", "status", "suppressed_by").rows()
    assert rows == [("All", "C004", "missing_identifier", None), ("All", "C005", "invalid_identifier", None)]
    row = workspace.audit.frame.row(0, named=True)
    assert (row["action"], row["name"]) == ("write members left out", "All")
    assert name in row["details"]
    assert workspace.audit.verify() is None


def test_a_file_of_no_known_format_is_refused(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    with raises(ErrorCode.CONFIGURATION, names=("out.xlsx", ".csv", ".parquet")):
        workspace.preview("All", email_column="EMail").write_left_out(tmp_path / "out.xlsx")


def test_nothing_that_is_shown_holds_an_address_or_loads_from_a_network(
    workspace: toolkit.Workspace, tables: Tables, tmp_path: Path
) -> None:
    rows = pl.read_parquet(tables.profiles.location).with_columns(Note=pl.col("EMail"), FirstName=pl.col("EMail"))
    rows.write_parquet(tables.profiles.location)
    tables.write(segments={"All": rows["CustomerId"].to_list(), "Few": ["nobody"]})
    names = ["All", "Few"]
    preview = workspace.preview(names, email_column="EMail", columns=["FirstName", "Note"])
    page = preview.to_html(tmp_path / "preview.html").read_text()
    assert ADDRESS.findall(page) == []
    assert "p•••@m•••.example" in page
    assert set(re.findall(r"(?:https?:)?//[\w./]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in page
    assert page.count("<svg") == 2
