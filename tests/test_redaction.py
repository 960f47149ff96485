"""Nothing that names a person is left in text, whatever stands around it, and in time that grows with the text."""

import hashlib
import time

import narwhals as nw
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.redaction import HIDDEN, masked_field, redacted, without_identifiers

LOCAL = st.text(
    st.one_of(st.sampled_from("abzAZ09!#$%&'*+/=?^_`{|}~-."), st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Nd"])),
    min_size=1,
    max_size=20,
)
LABEL = st.text(
    st.one_of(st.sampled_from("abz09-"), st.characters(categories=["Ll", "Lo", "Mn"])), min_size=1, max_size=8
)
ADDRESSES = st.builds(
    lambda local, labels: f"{local}@{'.'.join(labels)}", LOCAL, st.lists(LABEL, min_size=2, max_size=4)
)
AROUND = st.text(
    st.one_of(st.sampled_from(" '\"<>()[]{},;:=/\\|?&@.%40\n\t"), st.characters(exclude_categories=["Cs"])), max_size=20
).filter(lambda it: "://" not in it)


def is_valid(address: str) -> bool:
    frame = nw.from_native(pl.DataFrame({"a": [address]}))
    return bool(frame.select(EMAIL.is_valid(EMAIL.normalize(nw.col("a")))).item())


@example("+@0.a", "", "")
@given(ADDRESSES, AROUND, AROUND)
def test_no_valid_address_survives(address: str, before: str, after: str) -> None:
    if is_valid(address):
        shown = redacted(f"{before}{address}{after}")
        assert address not in shown
        assert f"@{address.split('@')[1]}" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "'jan.de.boer'@x.nl",
        '"jan de boer"@x.nl',
        "jan@localhost",
        "jan@bücher.example",
        "jan@xn--bcher-kva.example",
        "mailto:jan@x.nl?subject=1",
        "https://x.nl/?mail=jan%40x.nl&b=1",
        "jan&#64;x.nl",
        "jan\uff20x.nl",
        "jan%2540x.nl",
        "jan%252540x.nl",
        '{"mail": "jan\\u0040x.nl"}',
        "jan\\\\u0040x.nl",
        "jan=40x.nl",
        "o'jan@x.nl",
        "<jan@x.nl>",
        "jan@x.nl,jan@y.nl;jan@z.nl",
        "https://user:jan@x.nl/",
        "postgresql://user:jan@host/db",
        "jan@[127.0.0.1]",
        "{'mail': 'jan@x.nl'}",
        "email=jan@x.nl",
    ],
)
def test_written_in_many_ways_it_is_hidden(text: str) -> None:
    for around in (text, f"Row 7 holds {text}.", f"('{text}')"):
        assert "jan" not in redacted(around)
        assert HIDDEN in redacted(around)


@pytest.mark.parametrize(
    "text",
    [
        "abfss://container@account.dfs.core.windows.net/folder",
        "postgresql+psycopg://user@host/db",
        "at @ all, @handle",
        "2026-01-31 10:00",
        "Column 'EMail' of s3://bucket/a.csv",
        "",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("data", [b"", b"jan@x.nl"])
def test_hashes_are_hidden(data: bytes) -> None:
    for it in (hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest().upper()):
        assert it not in redacted(f"value '{it}' in row 2")
    assert redacted("commit " + "a" * 40) == "commit " + "a" * 40


def test_phones_and_devices_are_hidden_on_request() -> None:
    text = "id 6d92078a-8246-4ba4-ae5b-76104861e7dc, phone +31 6 12345678, on 2026-01-31"
    assert without_identifiers(text) == f"id {HIDDEN}, phone {HIDDEN}, on 2026-01-31"


SIZE = 5_000_000


@pytest.mark.parametrize(
    "text",
    ["a" * SIZE, "@" * SIZE, "a@" * (SIZE // 2), "'" * SIZE, "'a" * (SIZE // 2), "1" * SIZE, "1-" * (SIZE // 2), "a.b=" * (SIZE // 4),
     "a" * SIZE + "@x.nl", "jan@x.nl " * (SIZE // 9), "%40" * (SIZE // 3), "&#" * (SIZE // 2), "f" * 31 + " " + "f" * SIZE, "\"'" * (SIZE // 2), "a://" * (SIZE // 4),
     "=40" * (SIZE // 3), "\\" * SIZE, "%25" * (SIZE // 3)],
    ids=lambda it: it[:5],
)  # fmt: skip
def test_time_grows_with_the_text_only(text: str) -> None:
    def seconds(some: str) -> float:
        started = time.process_time()
        without_identifiers(some)
        return time.process_time() - started

    small, large = seconds(text[: SIZE // 10]), seconds(text)
    assert large < max(40 * small, 2.0)
    assert large < 15


@pytest.mark.parametrize(
    ("value", "shown"), [("jan@x.nl", "j•••@x•••.nl"), ("abc", "a•••"), ("", "''"), (-12.5, "-••.•")]
)
def test_a_field_shows_its_first_letters(value: object, shown: str) -> None:
    assert masked_field(value) == shown
