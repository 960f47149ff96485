"""What counts as an address."""

import narwhals as nw
import polars as pl
import pytest

from toolkit.identifiers.types.email import TYPE as EMAIL


def valid(field: str) -> bool:
    frame = nw.from_native(pl.DataFrame({"field": [field]}))
    address = EMAIL.normalize(nw.col("field"))
    return bool(frame.select(EMAIL.is_valid(address)).item())


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.com",
        "a.b+c_d'e@mail.example",
        "o'neil@sub.mail.example",
        "josé@example.org",
        "anna@bücher.example",
        "李@例え.example",
        "anna@x-y.example",
        f"{'a' * 64}@example.com",
        f"a@{'b' * 63}.example",
        "  ANNA@Example.com\u00a0",
        "an\u200bna@example.com",
    ],
)
def test_these_are_addresses(address: str) -> None:
    assert valid(address)


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "anna@",
        "@example.com",
        "anna@example",
        "anna@example.com.",
        "anna@.example.com",
        "anna@example..com",
        ".anna@example.com",
        "anna.@example.com",
        "an..na@example.com",
        "anna@bob@example.com",
        "anna@example.com;bob@example.com",
        "anna@example.com, bob@example.com",
        "an na@example.com",
        "anna@-x.example",
        "anna@x-.example",
        "anna@192.0.2.1",
        "Anna <anna@example.com>",
        "anna@exam_ple.com",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 64}.example",
        f"{'a' * 64}@{'b.' * 100}example",
    ],
)
def test_these_are_not(address: str) -> None:
    assert not valid(address)
