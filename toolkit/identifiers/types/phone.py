"""Telephone numbers, plain or hashed.

The rule, and where it comes from:

- *Normalized* to E.164, as ``+31612345678``: by the metadata of Google's libphonenumber (the library ``phonenumbers``).
  What stands between digits is removed, ``00`` reads as ``+``, and so does a zero that is dialled within the country
  only, as in ``+31 (0)6``. A number without a country is read as one of the default country, if an export names one;
  without one it is not valid, because the same digits are somebody else's in another country.
- *Valid* when the number is one that its country gives out, by the same metadata.
- *Already hashed* when it is 64 hexadecimal digits. Criteo hashes a number without its plus sign (its guide to the
  OneTag: "a trimmed E.164 format … without the leading + sign"), and so does the toolkit. A plain one is sent with it,
  as the guide asks too.

Nearly all columns are normalized by expressions alone. The library itself reads what these leave: numbers with an
extension, digits of other scripts, countries with rules of their own; each distinct one once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import narwhals as nw
import polars as pl

from toolkit.identifiers.hashing import HashFormat
from toolkit.identifiers.hashing import hashed as hashed_text
from toolkit.identifiers.identifier_type import IdentifierType, TypeSetting
from toolkit.identifiers.placeholders import Placeholders, placeholders_of
from toolkit.invisible_characters import UNSEEN
from toolkit.translatable import _, mark

_BETWEEN = "[\\s().\\-/\u00b7\u2010-\u2015\u2212]"
_BEFORE = "^tel:"
_WRITTEN = (
    "^(?:tel:)?[(]?[+\uff0b\\p{Nd}][\\p{Nd}\\s().\\-/\u00b7\u2010-\u2015\u2212]{3,40}"
    r"(?:(?:;ext=|ext\.?|x|#)\s?\p{Nd}{1,7})?$"
)
_USUAL = r"^[(]?\+?[0-9][0-9 ().\-/]{2,38}[0-9)]$"
"""How nearly all numbers are written: a part of ``_WRITTEN``."""
_USUAL_BETWEEN = [" ", "(", ")", ".", "-", "/"]
_NOTHING = [""] * len(_USUAL_BETWEEN)
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
)  # fmt: skip
_NOBODYS = rf"^\+?(?:0*|{'|'.join(f'{it}{{6,}}' for it in range(1, 10))}|0?123456789?0?)$"


class _Country(NamedTuple):
    """How numbers are dialled in a country."""

    code: str
    prefix: str | None
    """What is dialled before a number within the country; None where rules of its own say it."""
    abroad: str
    """A pattern of what is dialled before the code of another country."""


class _Reading(NamedTuple):
    """How a number may be written: a pattern, and what is put in the place of so many letters at its beginning."""

    pattern: str
    head: str
    cut: int
    groups: str = "${1}"
    """What stays, as the groups of the pattern; all but what is cut off, where that is known."""

    @property
    def kept(self) -> str:
        return f"{self.head}{self.groups}"

    def number(self, value: pl.Expr) -> pl.Expr:
        """Return a value that the pattern fits as E.164."""
        if self.cut < 0:
            return value.str.replace(self.pattern, self.kept)
        # A fifth of what groups cost.
        return pl.lit(self.head) + value.str.slice(self.cut)


class _PhoneNumber(IdentifierType):
    name = "phoneNumber"
    keyword = "phone"
    position = 20

    label = mark("Phone number")
    help_text = mark("Optional: a column with phone numbers. Criteo takes them of some advertisers only.")
    misfit = mark("Most of what column {column} holds is no phone number with its country.")
    noun = _("a phone number with its country, such as +31 6 12345678")
    plural = _("phone numbers")
    short = _("phone number")
    content = "phone numbers"

    forms = (HashFormat.SHA256, HashFormat.PLAIN)
    prehashed = (HashFormat.SHA256,)
    # With its plus sign: digits alone are what customer numbers look like.
    in_keys = r"^\s*[+\x{FF0B}](?:[\s()./-]*[0-9]){8,15}\s*$"
    as_numbers = _(
        "A number has lost the zero or plus sign in front. Have the column written as text, such as 0612345678 or "
        "+31612345678, by whatever writes the table."
    )
    settings = (
        TypeSetting(
            "phone_region",
            mark("Country of phone numbers"),
            mark("Two letters, such as NL: the country of numbers that name none. Without it, these are not sent."),
        ),
    )

    def __init__(self, region: str = "") -> None:
        self._region = region

    @property
    def configuration(self) -> tuple[str, ...]:
        return (self._region,)

    def configured(self, given: Mapping[str, str]) -> "_PhoneNumber":
        region = given.get("phone_region", "").strip().upper()
        if region and region not in _regions():
            raise ValueError(
                _("phone_region: {region!r} is no country; write its two letters, such as NL", region=region)
            )
        return _PhoneNumber(region)

    def normalize(self, field: nw.Expr) -> nw.Expr:
        seen = field.str.replace_all(UNSEEN, "").str.strip_chars().str.to_lowercase()
        bare = seen.str.replace_all(_BEFORE, "").str.replace_all(_BETWEEN, "")
        found = nw.when(~seen.str.contains(_WRITTEN)).then(seen)
        for it in self._readings():
            number = bare.str.replace_all(it.pattern, it.kept)
            found = found.when(self.is_valid(number)).then(number)
        return found.otherwise(seen)

    def _readings(self) -> list["_Reading"]:
        """Return how a number may be written, the likeliest first."""
        international = [
            _Reading(r"^\+([0-9]{6,17})$", "+", 1),
            _Reading("^00([0-9]{6,17})$", "+", 2),
            _within_country(),
        ]
        if not self._region:
            return international
        code, prefix, _ = _country(self._region)
        if prefix is None:
            return international
        head = f"+{code}"
        stripped = [_Reading(rf"^{prefix}([0-9]{{4,15}})$", head, len(prefix))] if prefix else []
        with_code = _Reading(rf"^({code}[0-9]{{4,14}})$", "+", 0)
        return [*international, *stripped, _Reading("^([0-9]{4,15})$", head, 0), with_code]

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        return value.str.contains(_possible()) & value.str.contains(_given_out())

    def normalize_columns(self, frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
        for it in columns:
            frame = self._normalize_column(frame, it)
        return frame

    def _normalize_column(self, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Normalize a column as ``normalize`` does, each field by the first reading that fits: others pass over it."""
        seen, bare, read, found = (f"{it} {name}" for it in ("seen", "bare", "read", "found"))
        usual, other = f"usual {name}", f"other {name}"
        rows = frame.with_columns(pl.when(~_is_given_out(pl.col(name))).then(name).alias(seen))
        # What needs no cleaning passes over half of what the rest costs.
        is_usual = pl.col(seen).str.contains(_USUAL)
        rows = rows.with_columns(
            pl.when(is_usual).then(seen).alias(usual),
            pl.when(~is_usual).then(seen).str.replace_all(UNSEEN, "").str.strip_chars().str.to_lowercase().alias(other),
        )
        # Most text that is no number is told by its first letters.
        without = (
            pl.when(pl.col(other).str.contains(_WRITTEN))
            .then(other)
            .str.replace_all(_BEFORE, "")
            .str.replace_all(_BETWEEN, "")
        )
        rows = rows.with_columns(
            pl.coalesce(usual, other).alias(seen),
            pl.coalesce(pl.col(usual).str.replace_many(_USUAL_BETWEEN, _NOTHING), without).alias(bare),
            pl.lit(None, pl.String).alias(found),
        ).drop(usual, other)
        for it in self._readings():
            is_so = pl.col(found).is_null() & pl.col(bare).str.contains(it.pattern)
            rows = rows.with_columns(pl.when(is_so).then(bare).alias(read))
            rows = rows.with_columns(it.number(pl.col(read)).alias(read))
            rows = rows.with_columns(pl.coalesce(found, pl.when(_is_given_out(pl.col(read))).then(read)).alias(found))
        rows = rows.with_columns(pl.when(pl.col(found).is_null()).then(bare).alias(bare))
        return rows.with_columns(pl.coalesce(found, self._read_by_library(seen, bare), seen, name).alias(name)).drop(
            seen, bare, read, found
        )

    def _read_by_library(self, seen: str, bare: str) -> pl.Expr:
        """Return what the library makes of fields that no reading fits; null for all others."""
        needs = ~pl.col(bare).str.contains(r"^\+?[0-9]*$") | pl.col(bare).str.contains(_with_rules())
        is_readable = pl.col(bare).str.contains("^[+\uff0b]")
        if self._region:
            country = _country(self._region)
            needs |= pl.lit(True) if country.prefix is None else pl.col(bare).str.contains(f"^(?:{country.abroad})")
            is_readable = ~pl.col(seen).str.contains(_DATE)
        is_left = needs & is_readable & pl.col(bare).is_not_null()
        return pl.when(is_left).then(seen).map_batches(self._parsed, return_dtype=pl.String, is_elementwise=True)

    def _parsed(self, texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        if distinct.is_empty():
            return pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
        numbers = pl.Series([_parse(it, self._region) for it in distinct], dtype=pl.String)
        return texts.replace_strict(distinct, numbers, default=None, return_dtype=pl.String)

    def hashed(self, column: str, form: HashFormat) -> pl.Expr:
        # The plus sign is no part of what Criteo hashes.
        return hashed_text(pl.col(column).str.strip_prefix("+"), form)

    def hashed_anywhere(self, column: str, form: HashFormat) -> list[pl.Expr]:
        return [self.hashed(column, form), hashed_text(column, form)]

    def placeholders(self, added: Sequence[str] = ()) -> Placeholders:
        return _placeholders(tuple(added))


@cache
def _regions() -> frozenset[str]:
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)


@cache
def _country(region: str) -> _Country:
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(region)
    assert found is not None  # noqa: S101  # regions are those that there is metadata of
    prefix = found.national_prefix_for_parsing or ""
    is_plain = (not prefix or prefix.isdecimal()) and not found.national_prefix_transform_rule
    abroad = (found.international_prefix or "00").replace(r"\d", "[0-9]")
    return _Country(str(found.country_code), prefix if is_plain else None, abroad)


def _is_given_out(value: pl.Expr) -> pl.Expr:
    return value.str.contains(_possible()) & value.str.contains(_given_out())


@cache
def _given_out() -> str:
    """Return a pattern of all numbers, as E.164, that are of a kind which countries give out."""
    return _pattern_of(_KINDS)


@cache
def _possible() -> str:
    """Return a pattern of what numbers of each country look like, whatever their kind."""
    return _pattern_of(("general_desc",))


def _pattern_of(kinds: Sequence[str]) -> str:
    from phonenumbers import PhoneMetadata

    patterns: dict[int, set[str]] = {}
    for region in _regions():
        found, code = PhoneMetadata.metadata_for_region(region), int(_country(region).code)
        for kind in kinds:
            described = getattr(found, kind)
            if described is not None and described.national_number_pattern:
                # Of Unicode's digits the pattern would be too large to be compiled.
                digits = described.national_number_pattern.replace(r"\d", "[0-9]")
                patterns.setdefault(code, set()).add(digits)
    countries = (f"{code}(?:{'|'.join(sorted(its))})" for code, its in sorted(patterns.items()))
    return rf"^\+(?:{'|'.join(countries)})$"


@cache
def _within_country() -> _Reading:
    """Return a pattern of numbers that have a country and what is dialled within it only, and what stays of them."""
    codes: dict[str, set[str]] = {}
    for it in _countries():
        if it.prefix:
            codes.setdefault(it.prefix, set()).add(it.code)
    groups = [f"({'|'.join(sorted(its))}){prefix}" for prefix, its in sorted(codes.items())]
    kept = "".join(f"${{{number}}}" for number in range(1, len(groups) + 2))
    return _Reading(rf"^(?:\+|00)(?:{'|'.join(groups)})([0-9]+)$", "+", -1, kept)


@cache
def _with_rules() -> str:
    """Return a pattern of numbers of countries whose numbers are read by rules of their own."""
    codes = sorted({it.code for it in _countries() if it.prefix is None})
    return rf"^(?:\+|00)(?:{'|'.join(codes)})"


@cache
def _countries() -> list[_Country]:
    """Return the countries; of those that share a code, the one whose rules hold for it."""
    from phonenumbers import region_code_for_country_code

    return [_country(it) for it in sorted({region_code_for_country_code(int(_country(it).code)) for it in _regions()})]


def _parse(text: str, region: str) -> str | None:
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse

    try:
        number = parse(text, region or None)
    except NumberParseException:
        return None
    return format_number(number, PhoneNumberFormat.E164) if is_valid_number(number) else None


@cache
def _placeholders(added: tuple[str, ...]) -> Placeholders:
    return placeholders_of(added, patterns=[_NOBODYS])


TYPE = _PhoneNumber()
