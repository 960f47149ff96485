"""Texts that are English wherever they are text, and in the reader's language wherever somebody reads."""

import contextvars
import copy
import json
import math
import pickle
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Annotated

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from pydantic import TypeAdapter

import toolkit
from toolkit import translatable
from toolkit.display import per_cent
from toolkit.errors import ErrorInfo
from toolkit.redaction import redacted
from toolkit.translatable import (
    Text,
    Translatable,
    _,
    all_of,
    current_language,
    exact_share,
    json_of,
    moment_text,
    ngettext,
    number_text,
    one_of,
    reading_in,
    sentences,
    share_text,
    shown,
    text_of,
)

CATALOG = r"""
msgid "{count:,} rows of {name!r} ({share:.1%})"
msgstr "{share:.1%} van {name!r}: {count:,} rijen"

msgid "{count:,} row"
msgid_plural "{count:,} rows"
msgstr[0] "{count:,} rij"
msgstr[1] "{count:,} rijen"

msgid "{first} and {last}"
msgstr "{first} en {last}"

msgid "Since {at:%Y-%m-%d %H:%M}: {text}"
msgstr "Sinds {at:%Y-%m-%d %H:%M}: {text}"
"""


@pytest.fixture(autouse=True)
def _dutch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    (folder / "toolkit.po").write_text(head + CATALOG)
    monkeypatch.setattr(translatable, "CATALOGS", tmp_path)
    monkeypatch.delenv("TOOLKIT_LANGUAGE", raising=False)


def rows() -> Text:
    return _("{count:,} rows of {name!r} ({share:.1%})", count=1234, name="VIP", share=0.125)


def test_text_is_english_and_shown_in_a_language() -> None:
    assert rows() == "1,234 rows of 'VIP' (12.5%)"
    assert f"{rows()}" == str(rows())
    assert shown(rows(), "nl") == "12,5% van 'VIP': 1.234 rijen"
    assert shown(rows(), "en") == rows()
    assert shown("plain", "nl") == "plain"


@pytest.mark.parametrize(("count", "dutch"), [(0, "0 rijen"), (1, "1 rij"), (1234, "1.234 rijen")])
def test_plural_follows_the_count(count: int, dutch: str) -> None:
    assert shown(ngettext("{count:,} row", "{count:,} rows", count), "nl") == dutch


def test_texts_within_texts_are_translated() -> None:
    at = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    text = _("Since {at:%Y-%m-%d %H:%M}: {text}", at=at, text=all_of(["a", rows()]))
    assert text == "Since 2026-05-01 12:00: a and 1,234 rows of 'VIP' (12.5%)"
    assert shown(text, "nl") == "Sinds 1 mei 2026 12:00: a en 12,5% van 'VIP': 1.234 rijen"
    assert [str(one_of(it)) for it in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b or c"]


@pytest.mark.parametrize(
    "value", ["a {brace}", 7, 0.5, True, None, date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), ["a", 1], rows()]
)
def test_stored_text_is_read_in_any_language(value: object) -> None:
    text = sentences([_("It is {value}.", value=value), "Plain."])
    again = text_of(json.loads(json.dumps(json_of(text))))
    assert again == text == f"It is {value}. Plain."
    assert isinstance(again, Text)
    assert shown(again, "nl") == shown(text, "nl")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_keep_the_translation(copied: object) -> None:
    assert callable(copied)
    assert shown(copied(rows()), "nl") == shown(rows(), "nl")


def test_stored_text_whose_template_was_altered_is_shown_as_recorded() -> None:
    stored = {"text": "Recorded.", "template": "Another {name}.", "values": {}}
    assert text_of(stored) == "Recorded."
    assert text_of({**stored, "values": {"name": "one"}}) == "Recorded."
    with pytest.raises(ValueError, match="no text"):
        text_of({"template": "no text"})


@pytest.mark.parametrize(
    "forged",
    [
        {"values": ["a"]},
        {"values": {"a": {"at": "never"}}},
        {"template": "Recorded.", "count": 1e400},
        {"template": "{n:,}", "text": "1", "values": {"n": True}},
        {"template": "{n:,}", "text": f"{10**4000:,}", "values": {"n": 10**4000}},
        {"template": "{count:,} row", "many": "Recorded.", "count": 2, "values": {"other": "x"}},
    ],
)
def test_stored_text_of_wrong_values_is_its_english(forged: dict[str, object]) -> None:
    stored = {"text": "Recorded.", "template": "Recorded.", "values": {}} | forged
    assert shown(text_of(stored), "nl") == stored["text"]


@pytest.mark.parametrize("template", ["{a.__class__}", "{a[0]}", "{a:>999999999}", "{a:.999999999f}", "{a:{b}}", "{"])
def test_stored_template_only_fills_in_names(template: str) -> None:
    stored = {"text": "Recorded.", "template": template, "values": {"a": "x", "b": 1}}
    assert type(text_of(stored)) is str


def test_frames_and_errors_hold_english() -> None:
    with reading_in("nl"):
        assert pl.DataFrame([{"what": rows()}]).item() == str(rows())
        assert str(toolkit.DataError(rows(), "Mend it.")) == f"{rows()} Mend it."


def test_error_is_stored_with_its_translation() -> None:
    info = toolkit.DataError(rows(), "Mend it.").info
    again = ErrorInfo.from_json(json.loads(json.dumps(info.to_json())))
    assert again == info
    assert (shown(again.what, "nl"), shown(again.remedy, "nl")) == (shown(rows(), "nl"), "Mend it.")
    plain = {it: value for it, value in info.to_json().items() if it != "translatable"}
    assert ErrorInfo.from_json(plain) == info


def test_field_of_text_is_stored_with_its_translation() -> None:
    kept = TypeAdapter(Annotated[str, Translatable()])
    assert kept.dump_python("plain", mode="json") == "plain"
    assert shown(kept.validate_python(kept.dump_python(rows(), mode="json")), "nl") == shown(rows(), "nl")
    with pytest.raises(ValueError, match="validation error"):
        kept.validate_python(7)


def test_html_is_in_the_language_of_its_reader() -> None:
    text = _("{count:,} rows of {name!r} ({share:.1%})", count=1234, name="<b>", share=0.5)
    with reading_in("nl"):
        assert Markup("<p>{text}</p>").format(text=text) == "<p>50,0% van &#39;&lt;b&gt;&#39;: 1.234 rijen</p>"


def test_addresses_are_hidden_in_every_language() -> None:
    text = redacted(_("{first} and {last}", first="anna@mail.example", last="b"))
    assert "anna" not in text + shown(text, "nl") + json.dumps(json_of(text))
    assert shown(text, "nl").endswith(" en b")
    # What is an address only as a whole has no translation, which would bring it back.
    whole = redacted(_("{first}@{last}", first="anna", last="mail.example"))
    assert not isinstance(whole, Text)
    assert "anna" not in whole


def test_language_of_one_thread_is_not_that_of_another() -> None:
    seen = []
    with reading_in("nl"):
        thread = Thread(target=lambda: seen.append(current_language()))
        thread.start()
        thread.join()
        assert current_language() == "nl"
        assert contextvars.copy_context().run(current_language) == "nl"
    assert seen == ["en"]
    assert current_language() == "en"


@pytest.mark.parametrize(("named", "language"), [("nl_NL.UTF-8", "nl"), ("nl-BE", "nl"), ("fr", "en"), ("", "en")])
def test_environment_names_the_language(named: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANGUAGE", named)
    assert current_language() == language


def test_numbers_and_moments_are_written_as_the_language_does() -> None:
    specs = {",": "1.234,5", ",.2f": "1.234,50", ".0%": "123.450%", "+,": "+1.234,5", ".1f": "1234,5"}
    assert {it: number_text(1234.5, it, language="nl") for it in specs} == specs
    assert number_text(1234.5, ",.2f", language="en") == "1,234.50"
    assert moment_text(datetime(2026, 3, 9, 2, 0), language="nl") == "9 mrt 2026 02:00"  # noqa: DTZ001


@pytest.mark.parametrize(
    ("share", "english", "dutch"),
    [
        (0.8, "80%", "80%"),
        (1.0, "100%", "100%"),
        (0.995, "99.5%", "99,5%"),
        (0.9996, "99.96%", "99,96%"),
        (0, "0%", "0%"),
    ],
)
def test_a_bound_is_told_with_its_decimals(share: float, english: str, dutch: str) -> None:
    text = _("At least {share}.", share=exact_share(share))
    assert str(text) == f"At least {english}."
    again = text_of(json.loads(json.dumps(json_of(text))))
    assert shown(again, "nl") == f"At least {dutch}."


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50%"),
        (0.125, "12.5%"),
        (0.9996, "99.96%"),
        (0.999999999, "99.9999%"),
        (0.0004, "0.04%"),
        (0.000000001, "0.0001%"),
        (1.0000000001, "100.0001%"),
        (-0.0004, "-0.04%"),
        (float("nan"), "nan%"),
    ],
)
def test_a_share_is_never_told_as_all_or_nothing_when_it_is_not(share: float, told: str) -> None:
    assert share_text(share, language="en") == told
    assert str(Text("{share:.0%}", share=share)) == (told if share != 0.125 else "12%")


@given(st.floats(0, 1), st.sampled_from([".0%", ".1%", ".3%"]), st.sampled_from(["en", "nl"]))
def test_only_all_is_told_as_all(share: float, spec: str, language: str) -> None:
    told = number_text(share, spec, language=language).rstrip("% ").replace(",", ".")
    assert (float(told) == 100) == math.isclose(share, 1, rel_tol=1e-12)
    assert (float(told) == 0) == (share == 0)


def test_all_of_a_column_is_told_as_all() -> None:
    for members in (49, 1_871, 9_119):
        share = pl.select(people=pl.Series([members, members - 1])).select(share=pl.col("people") / members)
        assert number_text(share["share"][0], ".1%", language="en") == "100.0%"
        assert number_text(share["share"][1], ".1%", language="en") != "100.0%"
        assert share.select(per_cent(pl.col("share"))).to_series()[0] == "100.0\N{NO-BREAK SPACE}%"
