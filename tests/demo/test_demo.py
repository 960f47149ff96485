"""The demo shows the main job, and would tell if a list at Criteo were wrong."""

import re
from pathlib import Path

import pytest

from tests.raising import raises
from toolkit.demo import demo, run_demo
from toolkit.demo.expected import identifier_of
from toolkit.errors import ErrorCode


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    folder = tmp_path_factory.mktemp("demo") / "workspace"
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOLKIT_KEY_FILE", str(folder.parent / "key"))
        code = run_demo(folder, say=lines.append)
    return code, "\n".join(lines), folder


def test_both_nights_end_with_exactly_the_right_members(said: tuple[int, str, Path]) -> None:
    code, text, _ = said
    assert code == 0
    assert "All lists hold exactly what they should, identifier by identifier." in text


def test_it_ends_with_an_audience_in_an_ad_set(said: tuple[int, str, Path]) -> None:
    _, text, _ = said
    assert "Ad set 'Summer NL' targets 'Best customers' now" in text
    assert "one ad set targets it" in text


def test_it_tells_of_each_segment_what_was_sent_and_what_was_left_out(said: tuple[int, str, Path]) -> None:
    _, text, _ = said
    first, second = re.findall(r"^ Newsletter subscribers .*$", text, re.MULTILINE)
    assert first.split()[2:10] == ["9,103", "8,394", "60", "378", "186", "85", "8,394", "0"]
    assert second.split()[2:10] == ["9,157", "8,440", "60", "382", "180", "95", "620", "574"]


def test_it_leaves_executed_notebooks_and_reports(said: tuple[int, str, Path]) -> None:
    _, text, folder = said
    assert sorted(it.name for it in (folder / "notebooks").iterdir()) == ["day-1.ipynb", "day-2.ipynb"]
    reports = [Path(it) for it in re.findall(r"^Report: +(.+)$", text, re.MULTILINE)]
    assert len(reports) == 2
    assert all("Newsletter subscribers" in it.read_text() for it in reports)


def test_no_address_is_in_what_it_leaves_behind(said: tuple[int, str, Path]) -> None:
    _, _, folder = said
    sample = folder / "data"
    left = {it: it.read_bytes() for it in folder.rglob("*") if it.is_file() and not it.is_relative_to(sample)}
    assert [it for it, content in left.items() if re.search(rb"[\w.]@(mail|post|inbox)\.example", content)] == []


def test_a_list_that_is_not_as_it_should_be_is_told_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_too_many(day: Path, *, email_column: str) -> dict[str, set[str]]:
        expected = right(day, email_column=email_column)
        expected["High value"].add("0" * 64)
        return expected

    right = demo.expected_lists
    monkeypatch.setattr(demo, "expected_lists", one_too_many)
    lines: list[str] = []
    assert run_demo(tmp_path / "workspace", say=lines.append) == 1
    assert "DIFFERENT: day 1, segment 'High value': 1 identifiers missing, 0 too many" in lines
    assert not any("exactly what they should" in it for it in lines)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with raises(ErrorCode.CONFIGURATION, names=tmp_path):
        run_demo(tmp_path, say=print)


@pytest.mark.parametrize(
    ("field", "address"),
    [
        (" Jan@Mail.Example ", "jan@mail.example"),
        ("\u200bjan@mail.example\u00a0", "jan@mail.example"),
        ("jan@mail.example.", None),
        ("jan@mail.example;piet@mail.example", None),
        ("", None),
        (None, None),
    ],
)
def test_the_judge_reads_a_field_as_the_rule_says(field: str | None, address: str | None) -> None:
    assert identifier_of(field) == (None if address is None else identifier_of(address))
    assert (identifier_of(field) is None) == (address is None)
