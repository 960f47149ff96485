"""What a profile table holds is told by its content, and no value of a person is shown."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit
from tests.conftest import Tables
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.profiling import ContentType, ProfileQuality, find_candidates, quality_of, sample
from toolkit.redaction import masked_column
from toolkit.sources.parquet_files import ParquetFiles

ROWS = 200


def table(folder: Path, **columns: object) -> toolkit.Profiles:
    keys = [f"K{number}" for number in range(ROWS)]
    pl.DataFrame({"CustomerId": keys, **columns}).write_parquet(folder / "profiles.parquet")
    return toolkit.Profiles(location=str(folder / "profiles.parquet"), key="CustomerId")


def row(quality: ProfileQuality, column: str) -> dict[str, object]:
    return quality.frame.row(by_predicate=pl.col("column") == column, named=True)


def many(template: str) -> list[str]:
    return [template.format(number) for number in range(ROWS)]


def test_the_figures_of_a_column_are_those_of_plain_python(tmp_path: Path) -> None:
    values = [None, "", " \t", *["NL"] * 100, *["BE"] * 90, *["DE"] * 7]
    found = row(quality_of(table(tmp_path, Country=values)), "Country")
    assert (found["nulls"], found["blanks"], found["filled"]) == (1, 2, 197 / 200)
    assert (found["distinct"], found["is_exact"]) == (len({it for it in values if it is not None}), True)
    assert (found["holds"], found["masked"], found["examples"]) == ("categories", False, ["NL", "BE", "DE"])


@pytest.mark.parametrize(
    ("holds", "values", "masks"),
    [
        ("e-mail addresses", many("person{}@mail.example"), {"p•••@m•••.example"}),
        (ContentType.PHONES, many("+31 6 12345{:03}"), {"+•••"}),
        (ContentType.PHONES, [31612345000 + number for number in range(ROWS)], {"3•••"}),
        (ContentType.HASHES, many("{:032x}"), {"0•••"}),
        ("UUIDs", many("6d92078a-8246-4ba4-ae5b-76104861{:04x}"), {"6•••"}),
        (ContentType.TEXT, many("Anna {}"), {"A•••"}),
        (ContentType.MOMENTS, ["1984-03-09"] * ROWS, {"1984-••-••"}),
        (ContentType.BIRTH_DATES, [date(1984, 3, 9)] * ROWS, {"1984-••-••"}),
    ],
)
def test_what_tells_of_a_person_is_known_by_its_content_and_masked(
    tmp_path: Path, holds: str, values: list[object], masks: set[str]
) -> None:
    found = row(quality_of(table(tmp_path, Column=values)), "Column")
    assert (found["holds"], found["masked"], set(found["examples"])) == (holds, True, masks)
    assert (found["least"], found["most"]) == (None, None)


def test_what_tells_of_nobody_is_shown(tmp_path: Path) -> None:
    bought = [date(2026, 1, 1 + number % 28) for number in range(ROWS)]
    quality = quality_of(table(tmp_path, Points=range(ROWS), Bought=bought, IsMember=[True, False] * 100))
    points, bought_, member = (row(quality, it) for it in ("Points", "Bought", "IsMember"))
    assert (points["least"], points["most"], points["examples"]) == ("0", "199", ["0", "1", "2"])
    assert (bought_["least"], bought_["most"], bought_["holds"]) == ("2026-01-01", "2026-01-28", "dates")
    assert (member["holds"], member["masked"]) == ("yes or no", False)


def test_a_name_can_hide_a_column_and_never_show_one(tmp_path: Path) -> None:
    quality = quality_of(table(tmp_path, FirstName=["Anna", "Bram"] * 100, Colour=many("person{}@mail.example")))
    assert row(quality, "FirstName")["examples"] == ["A•••", "B•••"]
    assert row(quality, "Colour")["masked"] is True


def test_a_value_of_few_among_many_is_not_shown(tmp_path: Path) -> None:
    values = ["Anna Bakker, Rotterdam", *["NL"] * 199]
    assert row(quality_of(table(tmp_path, Country=values)), "Country")["examples"] == ["NL"]


def test_text_among_numbers_is_not_shown(tmp_path: Path) -> None:
    values = ["Anna Bakker", *map(str, range(199))]
    assert row(quality_of(table(tmp_path, House=values)), "House")["examples"] == ["0", "1", "2"]


@given(st.text(min_size=1))
def test_no_more_than_first_letters_and_an_ending_are_left_of_a_masked_value(value: str) -> None:
    left = pl.select(masked_column(pl.lit(value))).item()
    parts = left.split("•••")
    assert len(parts) in (1, 2, 3)
    assert len(parts[0].strip()) <= 1
    if len(parts) == 3:
        assert "@" in value
        assert len(parts[1]) == 2
        assert parts[2].startswith(".")
        assert value.rstrip().endswith(parts[2])


def test_columns_that_cannot_be_counted_are_there_too(tmp_path: Path) -> None:
    found = row(quality_of(table(tmp_path, Tags=[["a"], None] * 100, Nothing=[None] * ROWS)), "Tags")
    assert (found["holds"], found["nulls"], found["distinct"]) == ("nested values", 100, None)


def test_a_table_without_rows_and_one_of_text_have_a_quality_too(tmp_path: Path) -> None:
    (tmp_path / "profiles.csv").write_text("CustomerId,EMail\n")
    profiles = toolkit.Profiles(location=str(tmp_path / "profiles.csv"), key="CustomerId")
    assert quality_of(profiles).frame["filled"].to_list() == [0, 0]
    (tmp_path / "profiles.csv").write_text("CustomerId,EMail\n1,a@mail.example\n2,\n")
    assert quality_of(profiles).candidates["email"]["coverage"].to_list() == [0.5]


def test_a_broken_file_is_named(tmp_path: Path, tables: Tables) -> None:
    Path(tables.profiles.location).write_bytes(b"nothing")
    with raises(ErrorCode.DATA, names="profiles.parquet"):
        quality_of(tables.profiles)


class TestCandidates:
    def test_the_content_wins_over_the_name(self, tmp_path: Path) -> None:
        profiles = table(tmp_path, EMail2=many("+31 6 12345{:03}"), Contact=many("person{}@mail.example"))
        assert quality_of(profiles).candidates["email"]["column"].to_list() == ["Contact"]

    def test_the_column_that_reaches_most_people_is_first(self, tmp_path: Path) -> None:
        profiles = table(
            tmp_path,
            Shop=["info@shop.example"] * ROWS,
            Hashed=many("{:064x}"),
            Some=[f"p{number}@mail.example" if number % 2 else None for number in range(ROWS)],
            Wrong=many("nothing {}"),
        )
        found = quality_of(profiles).candidates["email"]
        assert found["column"].to_list() == ["Some", "Shop", "Hashed"]
        assert found["coverage"].to_list() == [0.5, 1, 1]
        assert found["hashes"].to_list() == [0, 0, 1]
        assert found["reach"].to_list() == [0.5, 1 / ROWS, 1]

    def test_mobile_ids_and_keys_are_found(self, tmp_path: Path) -> None:
        ids = [f"6d92078a-8246-4ba4-ae5b-76104861{number:04x}" if number % 4 else None for number in range(ROWS)]
        quality = quality_of(table(tmp_path, Device=ids, Number=range(ROWS), Many=[1] * ROWS))
        assert quality.candidates["madid"].select("column", "coverage").rows() == [("Device", 0.75)]
        assert quality.key_candidates["column"].to_list() == ["CustomerId", "Number"]

    def test_a_large_table_is_ranked_by_a_sample_and_counted_in_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sample, "ROWS", 40)
        few = [f"p{number}@mail.example" if number < 150 else None for number in range(ROWS)]
        profiles = table(tmp_path, A=few, B=many("q{}@mail.example"), C=many("{:064x}"))
        best, second, third = find_candidates(profiles, EMAIL)
        assert (best.column, best.coverage, best.based_on) == ("B", 1, "all rows")
        assert (second.column, second.coverage, second.distinct) == ("A", 0.75, 150)
        assert (third.column, third.based_on) == ("C", "a sample of 40 of 200 rows")


def test_it_shows_itself_without_an_address_and_in_one_line_of_python(tmp_path: Path, tables: Tables) -> None:
    workspace = toolkit.open_workspace(
        tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, create=True
    )
    quality = workspace.quality()
    shown = repr(quality) + quality._repr_html_()
    assert "100 rows, 2 columns" in shown
    assert "p•••@m•••.example" in shown
    assert "person" not in shown


class TestManyColumns:
    """A table of very many columns is looked at in blocks, each as the whole would be."""

    def test_are_told_in_their_order(self, tmp_path: Path) -> None:
        columns = {f"Column{number}": many(f"{{}} of {number}") for number in range(150)}
        columns["Column0"] = many("first{}@mail.example")
        columns["Column149"] = many("Last{}@mail.example")[:-20] + ["last1@mail.example"] * 10 + ["none"] * 10
        found = quality_of(table(tmp_path, **columns))
        assert found.frame["column"].to_list() == ["CustomerId", *columns]
        best = found.candidates["email"].select("column", "coverage", "validity", "distinct", "reach").rows()
        assert best == [("Column0", 1.0, 1.0, 1.0, 1.0), ("Column149", 1.0, 0.95, 180 / 190, 0.9)]
        assert set(found.key_candidates["column"]) == {"CustomerId", *columns} - {"Column149"}

    def test_read_the_head_of_the_file_but_a_few_times(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        profiles = table(tmp_path, **{f"Column{number}": many("{}") for number in range(150)})
        asked, schema = [], ParquetFiles.schema

        def counted(self: ParquetFiles, *arguments: object) -> pl.Schema:
            asked.append(self)
            return schema(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(ParquetFiles, "schema", counted)
        assert quality_of(profiles).frame.height == 151
        assert len(asked) < 10


def test_phone_numbers_and_lists_are_recognised(tmp_path: Path) -> None:
    quality = quality_of(
        table(
            tmp_path,
            Abroad=[f"+31 6 1234{it:04}" for it in range(ROWS)],
            Here=[f"06-1234{it:04}" for it in range(ROWS)],
            Mails=[[f"a{it}@x.example", f"b{it}@x.example"] for it in range(ROWS)],
            Ramp=[f"XY1005{it:043}" for it in range(ROWS)],
        )
    )
    holds = dict(quality.frame.select("column", "holds").iter_rows())
    assert (holds["Abroad"], holds["Here"]) == ("phone numbers", "phone numbers")
    assert (holds["Mails"], holds["Ramp"]) == ("e-mail addresses", "LiveRamp ids")
    assert quality.frame.filter(pl.col("column").is_in(["Abroad", "Here", "Mails"]))["masked"].all()
    assert quality.candidates["phone"].select("column", "coverage", "validity").rows() == [("Abroad", 1.0, 1.0)]
    assert quality.candidates["email"]["column"].to_list() == ["Mails"]
    assert quality.candidates["identity_link"]["column"].to_list() == ["Ramp"]
    assert quality.candidates["gum"].is_empty()
    assert "a1@x.example" not in repr(quality)


def test_lists_are_judged_by_what_is_not_blank(tmp_path: Path) -> None:
    mails = [["", f"person{it}@mail.example"] if it % 2 else [None, f"person{it}@mail.example"] for it in range(50)]
    frame = pl.DataFrame({"CustomerId": [f"C{it}" for it in range(50)], "Mails": mails})
    frame.write_parquet(tmp_path / "profiles.parquet")
    quality = quality_of(toolkit.Profiles(location=str(tmp_path / "profiles.parquet"), key="CustomerId"))
    assert quality.candidates["email"].select("column", "coverage").rows() == [("Mails", 1.0)]
