"""CSV files as Excel and other programs write them, byte by byte."""

import codecs
import gzip
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.raising import raises
from toolkit.errors import ErrorCode

ROWS = [("C1", "ann@mail.example"), ("C2", "bob@mail.example")]


def read(tmp_path: Path, content: bytes, name: str = "profiles.csv", email: str = "EMail") -> list[tuple[str, ...]]:
    (tmp_path / name).write_bytes(content)
    profiles = toolkit.Profiles(location=str(tmp_path / name), key="CustomerId")
    return profiles.scan([email]).collect().rows()


def lines(*rows: str, end: str = "\r\n") -> str:
    return end.join(rows) + end


PLAIN = lines("CustomerId;EMail;Amount", "C1;ann@mail.example;1,50", "C2;bob@mail.example;2,25")
BOM = codecs.BOM_UTF8
WRITTEN = {
    "semicolons and comma decimals": PLAIN.encode(),
    "UTF-8 with a mark": BOM + PLAIN.encode(),
    "UTF-16 with tabs": codecs.BOM_UTF16_LE + PLAIN.replace(";", "\t").encode("utf-16-le"),
    "UTF-16 of the other kind": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "sep line": b"sep=;\r\n" + PLAIN.encode(),
    "sep line with a mark": BOM + b"sep=;\r\n" + PLAIN.encode(),
    "sep line in quotes": b'"sep=;"\r\n' + PLAIN.encode(),
    "sep line in UTF-16": codecs.BOM_UTF16_LE + ("sep=\t\r\n" + PLAIN.replace(";", "\t")).encode("utf-16-le"),
    "empty columns at the end": lines("CustomerId;EMail;;", "C1;ann@mail.example;;", "C2;bob@mail.example;;").encode(),
    "empty rows at the end": (PLAIN + ";;\r\n;;\r\n\r\n").encode(),
    "empty rows without an end": (PLAIN + ";;\r\n;;").encode(),
    "separators in quoted names": lines('CustomerId;EMail;"a, b, c, d"', f"C1;{ROWS[0][1]};x", f"C2;{ROWS[1][1]};y").encode(),
    "separators in plain names": lines("CustomerId;EMail;a, b, c", f"C1;{ROWS[0][1]};x", f"C2;{ROWS[1][1]};y").encode(),
    "tabs": lines('CustomerId\tEMail\t"a, b, c"', f"C1\t{ROWS[0][1]}\tx", f"C2\t{ROWS[1][1]}\ty").encode(),
    "pipes": lines("CustomerId|EMail|a;b", f"C1|{ROWS[0][1]}|x;y", f"C2|{ROWS[1][1]}|y").encode(),
    "a name over two lines": lines('"Sales\r\nEU";CustomerId;EMail', f'"1\r\n2";C1;{ROWS[0][1]}', f"3;C2;{ROWS[1][1]}").encode(),
    "a line of separators within a field": lines('CustomerId;EMail;Note', f'C1;{ROWS[0][1]};"a\r\n;;\r\nb"', f"C2;{ROWS[1][1]};").encode(),
    "Unix line ends": lines("CustomerId,EMail", "C1,ann@mail.example", "C2,bob@mail.example", end="\n").encode(),
    "no end of the last line": PLAIN.rstrip().encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_excel_writes_is_read(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, WRITTEN[name]) == ROWS


@pytest.mark.parametrize("name", ["sep line", "UTF-16 with tabs", "empty rows at the end"])
def test_what_excel_writes_is_read_zipped(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, gzip.compress(WRITTEN[name]), "profiles.csv.gz") == ROWS


def test_a_field_keeps_its_line_of_separators(tmp_path: Path) -> None:
    found = read(tmp_path, WRITTEN["a line of separators within a field"], email="Note")
    assert found[0] == ("C1", "a\r\n;;\r\nb")


def test_a_large_utf16_file_is_whole(tmp_path: Path) -> None:
    rows = [(f"C{number:06}", f"pérson{number}@mail.example") for number in range(100_000)]
    text = lines("CustomerId\tEMail", *("\t".join(it) for it in rows), "\t", "\t")
    assert read(tmp_path, codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == rows


def test_accents_of_windows_are_refused(tmp_path: Path) -> None:
    for text in (
        "CustomerId;EMail;Stadt\r\nC1;a@mail.example;Köln\r\n",
        "CustomerId;EMail;Größe\r\nC1;a@mail.example;1\r\n",
    ):
        with raises(ErrorCode.DATA, names="CSV UTF-8"):
            read(tmp_path, text.encode("cp1252"), email="Stadt" if "Stadt" in text else "EMail")


def test_utf16_without_a_mark_is_refused(tmp_path: Path) -> None:
    with raises(ErrorCode.DATA, names="CSV UTF-8"):
        read(tmp_path, PLAIN.encode("utf-16-le"))


@pytest.mark.parametrize("key", ["1.23E+15", "1,23457E+15", "9E+12"])
def test_keys_that_excel_rounded_are_refused(tmp_path: Path, key: str) -> None:
    with raises(ErrorCode.DATA, names="CustomerId"):
        read(tmp_path, lines("CustomerId;EMail", f"{key};ann@mail.example").encode())


def test_amounts_may_be_rounded(tmp_path: Path) -> None:
    assert read(tmp_path, b"CustomerId,EMail\r\nC1,1.23E+15\r\n") == [("C1", "1.23E+15")]
    assert read(tmp_path, b"CustomerId,EMail\r\n1E5,x\r\nC1E+05,y\r\n") == [("1E5", "x"), ("C1E+05", "y")]


def test_a_row_without_a_key_but_with_a_field_stays(tmp_path: Path) -> None:
    assert read(tmp_path, (PLAIN + ";c@mail.example;\r\n").encode())[-1] == (None, "c@mail.example")


def test_quality_reads_it_too(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "p.csv").write_bytes(WRITTEN["empty columns at the end"])
    profiles = toolkit.Profiles(location=str(tmp_path / "p.csv"), key="CustomerId")
    assert profiles.columns == ["CustomerId", "EMail"]
    assert profiles.schema_["EMail"] == pl.String
