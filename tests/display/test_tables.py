"""Frames as tables of HTML."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import polars as pl
import pytest

from toolkit.display import html_table, page, per_cent, table, table_of_texts


class _Cells(HTMLParser):
    """The text of each cell, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += data


def cells(html: str) -> list[list[str]]:
    return _Cells(html).rows


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("members", 1_234_567, "1,234,567"),
        ("match_rate", 0.4321, "43.2%"),
        ("share", 1.0, "100.0%"),
        ("seconds", 12.345, "12.35"),
        ("value", 76_624_019_456.0, "76,624,019,456"),
        ("is_kept", True, "yes"),
        ("is_kept", False, "no"),
        ("segment", "a < b & 'c'", "a < b & 'c'"),
        ("members", None, ""),
        ("list_id", "410001", "410001"),
    ],
)
def test_a_value_is_shown_by_its_kind(name: str, value: object, shown: str) -> None:
    assert cells(table(pl.DataFrame({name: [value]}))) == [[name.replace("_", " ")], [shown]]


def test_a_moment_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    try:
        frame = pl.DataFrame({"at": [datetime(2026, 7, 1, 22, 30, tzinfo=UTC)]})
        assert cells(table(frame))[1] == ["2026-07-02 00:30"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_text_is_escaped() -> None:
    script = "<script>alert(1)</script>"
    html = html_table(pl.DataFrame({script: [script]}), title=script, subtitle=script)
    html += str(table_of_texts([script], [[script]], title=script))
    html += page(script, table(pl.DataFrame({script: [script]})))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 10


def test_a_long_frame_says_how_long_it_is() -> None:
    html = table(pl.DataFrame({"n": range(1500)}), most_rows=10)
    assert len(cells(html)) == 11
    assert "and 1,490 more" in html


def test_nothing_is_loaded_and_no_colour_of_text_is_fixed() -> None:
    html = html_table(pl.DataFrame({"n": [1]}), title="")
    assert re.findall(r"(?:src|href|url)\s*[=(]|@import", html) == []
    assert set(re.findall(r"[^-]color: ([^;]+);", html)) == {"inherit", "var(--toolkit-quiet)"}


def test_shares_of_a_frame_are_never_told_as_all_or_nothing_when_they_are_not() -> None:
    shares = [0.0, 1.0, 0.5, 0.1234, 0.9996, 1 - 1e-9, 0.0004, 1e-9, 1.5, None]
    told = pl.DataFrame({"share": shares}).select(per_cent(pl.col("share"))).to_series()
    assert [it and it.removesuffix("\N{NO-BREAK SPACE}%") for it in told] == [
        "0.0",
        "100.0",
        "50.0",
        "12.3",
        "99.96",
        "99.9999",
        "0.04",
        "0.0001",
        "150.0",
        None,
    ]
