"""What must hold of the figures of every preview."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from tests.conftest import Tables
from toolkit import NoticeCode
from toolkit.audience import LEFT_OUT
from toolkit.audience.domains import FEWEST_PEOPLE

CUSTOMERS = [f"C{number}" for number in range(8)]
EMAILS = [None, "", "nobody", "ann@mail.example", " Ann@mail.example", "bo@mail.example", "cy@post.example", "d@e.f"]


def preview_of(
    emails: Mapping[str, str | None], segments: Mapping[str, Sequence[str | None]], **options: object
) -> toolkit.Preview:
    with TemporaryDirectory() as folder:
        tables = Tables(Path(folder)).write(emails, segments)
        workspace = toolkit.open_workspace(
            Path(folder) / "workspace", profiles=tables.profiles, segments=tables.segments, create=True
        )
        return workspace.preview(list(segments), email_column="EMail", **options)


people = st.dictionaries(st.sampled_from(CUSTOMERS), st.sampled_from(EMAILS), min_size=1)
memberships = st.dictionaries(
    st.sampled_from(["A", "B", "C", "D"]), st.lists(st.sampled_from([*CUSTOMERS, "stranger"])), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(people, memberships)
def test_the_funnel_adds_up_and_the_overlap_is_that_of_sets(
    emails: dict[str, str | None], segments: dict[str, list[str]]
) -> None:
    preview = preview_of(emails, segments, members=3)
    steps = dict(preview.funnel.select("step", "people").iter_rows())
    assert steps["members"] - sum(steps[it.value] for it in LEFT_OUT) == steps["exportable"] == preview.exportable
    assert steps["members"] == sum(len(set(members)) for members in segments.values())
    assert preview.funnel["remaining"].tail(1).item() == preview.exportable
    sent = {name: set(preview.audience.identifiers(name)) for name in preview.segments}
    assert preview.distinct == len(set().union(*sent.values()))
    assert {(it["segment"], it["other"]): it["both"] for it in preview.overlap.iter_rows(named=True)} == {
        (one, other): len(sent[one] & sent[other]) for one in sent for other in sent if one != other
    }
    assert preview.domains["people"].sum() == preview.distinct
    assert preview.members.height == sum(min(3, len(set(members))) for members in segments.values())


def test_more_segments_than_a_number_has_bits_overlap_as_sets_do() -> None:
    emails = {f"C{number}": f"p{number}@mail.example" for number in range(90)}
    customers = list(emails)
    segments = {f"S{number:03}": customers[number : number + 20] for number in range(70)}
    preview = preview_of(emails, segments)
    assert preview.distinct == 89
    both = {(it["segment"], it["other"]): it["both"] for it in preview.overlap.iter_rows(named=True)}
    assert (both["S000", "S001"], both["S010", "S069"], both["S060", "S066"]) == (19, 0, 14)
    assert len(both) == 70 * 69


def test_coverage_and_validity_are_what_the_checks_count() -> None:
    emails = {"C1": "a@mail.example", "C2": "b@mail.example", "C3": "nobody", "C4": None, "C5": "e@mail.example"}
    preview = preview_of(emails, {"All": list(emails), "Out": ["C5"]}, exclude=["Out"])
    assert preview.coverage.rows() == [("All", 4, 3, 2, 3 / 4, 2 / 3, 0.0)]
    assert [str(it) for it in preview.warnings if "valid" in it.text] == [
        "In segment 'All', 66.7% of the addresses are valid; the check expects at least 80%. A run would stop."
    ]


def test_a_domain_of_few_people_is_not_named_and_they_are_counted_together() -> None:
    emails = {f"C{number}": f"p{number}@mail.example" for number in range(FEWEST_PEOPLE)}
    emails |= {f"D{number}": f"p{number}@own.example" for number in range(FEWEST_PEOPLE - 1)}
    emails |= {"E": "ann@ann-jansen.example", "F": "0a" * 32}
    preview = preview_of(emails, {"All": list(emails), "Again": list(emails)})
    assert preview.domains.select("domain", "people").rows() == [("mail.example", 10), (None, 11)]
    assert "own.example" not in preview._repr_html_()


def test_limits_tell_what_is_too_much_and_what_is_too_little() -> None:
    emails = {f"C{number}": f"p{number}@mail.example" for number in range(30)}
    thresholds = toolkit.Thresholds(limit_profiles=29, contract_limit_profiles=100)
    preview = preview_of(emails, {"All": list(emails)}, thresholds=thresholds)
    assert preview.limits.select("limit", "size", "at_least", "at_most", "is_kept", "level").rows() == [
        ("most of an export", 30, None, 29, False, "error"),
        ("most by the contract", 30, None, 100, True, "error"),
        ("fewest that are of use", 30, 500, None, False, "warning"),
    ]
    too_many, too_few = preview.warnings
    assert (too_many.code, too_few.code) == (NoticeCode.WOULD_STOP, NoticeCode.CHECK_FAILED)
    assert "30 identifiers are more than the limit of 29" in too_many.text
    assert "Fewer than 500 people" in too_few.text
    lenient = thresholds.model_copy(update={"levels": {"limit of an export": "warning"}, "least_size": 10})
    (said,) = preview_of(emails, {"All": list(emails)}, thresholds=lenient).warnings
    assert said.code is NoticeCode.CHECK_FAILED
    assert said.text.endswith("A run would go on, with a warning.")


def test_a_segment_of_nobody_is_shown(tmp_path: Path) -> None:
    preview = preview_of({"C1": "a@mail.example"}, {"Nobody": []})
    assert (preview.exportable, preview.distinct, preview.members.height) == (0, 0, 0)
    assert preview.funnel["share"].null_count() == preview.funnel.height
    assert "Nobody" in preview._repr_html_()
    assert preview.to_html(tmp_path / "nobody.html").exists()


@pytest.mark.parametrize("key", [7, "7"])
def test_a_customer_is_found_by_the_key_whatever_its_type(key: int | str, tmp_path: Path) -> None:
    pl.DataFrame({"Id": [7, 8], "EMail": ["a@mail.example", None]}).write_parquet(tmp_path / "profiles.parquet")
    (tmp_path / "segments").mkdir()
    for name, members in {"B": [7, 8, 9], "A": [7]}.items():
        pl.DataFrame({"Id": members}).write_parquet(tmp_path / "segments" / f"{name}.parquet")
    workspace = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(tmp_path / "profiles.parquet"), key="Id"),
        segments=toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="Id"),
        create=True,
    )
    preview = workspace.preview(["B", "A"], email_column="EMail")
    assert preview.find(key).rows() == [("A", 7, "exportable", None), ("B", 7, "exportable", None)]
    assert preview.find(9).rows() == [("B", 9, "not_in_profiles", None)]
    assert preview.find("nobody").is_empty()
