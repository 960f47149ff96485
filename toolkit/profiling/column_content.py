"""What a column holds, told by its type and its content, and how its values are shown so that they name nobody.

A value is shown as it is only where it can't tell of one person: numbers, moments, and text of which a few values are
shared by many. All else is masked, and so is a column whose name speaks of persons, whatever it holds. A name never
makes a column less private.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import narwhals as nw
import polars as pl

from toolkit.identifiers import IdentifierType, identifier_types, is_hash
from toolkit.invisible_characters import UNSEEN
from toolkit.redaction import masked_column

EXAMPLES = 3
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_UNITS_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_SOME, _MOST = 0.01, 0.5
_MOST_CATEGORIES = 50
_SHARED_BY = 5
"""How many rows of a sample share a value that is shown."""

_PHONE = r"^\s*[+(]?[0-9][0-9 ()./\-]{6,20}[0-9]\s*$"
_MOMENT = r"^\s*([0-9]{4})-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.+Z-]*)?\s*$"
_NUMBER = r"^\s*-?[0-9]{1,7}([.,][0-9]+)?\s*$"
_LEAST_PHONE, _MOST_PHONE = 10**7, 10**15
_PERSONAL_NAME = re.compile(
    r"name|naam|phone|mobile|mobiel|telefoon|e.?mail|street|straat|address|adres|birth|geboorte|\bdob\b"
    r"|post.?code|zip|passport|\bbsn\b|\bssn\b|iban",
    re.IGNORECASE,
)
_YEARS_OF_A_GROWN_PERSON = 12


class ContentType(StrEnum):
    """What most values of a column are, if they are not identifiers of a type, whose words the type has."""

    NOTHING = "nothing"
    HASHES = "hashes"
    PHONES = "phone numbers"
    NUMBERS = "numbers"
    MOMENTS = "dates"
    BIRTH_DATES = "dates of birth"
    CATEGORIES = "categories"
    YES_OR_NO = "yes or no"
    TEXT = "text"
    NESTED = "nested values"
    NOT_READABLE = "not readable"


@dataclass(frozen=True)
class ColumnContent:
    """What a column holds, and what of it may be shown."""

    holds: str
    """A value of ``Holds``, or the words of a type of identifier."""
    is_masked: bool
    examples: tuple[str, ...]


def content_type_of(values: pl.Series, *, today: date) -> ColumnContent:
    """Tell what a column holds by some of its values."""
    filled = values.drop_nulls().alias("value").to_frame()
    dtype = values.dtype
    if dtype == pl.String:
        return _of_text(filled.filter(pl.col("value").str.strip_chars() != ""), values.name)
    if filled.is_empty():
        return ColumnContent(ContentType.NOTHING, is_masked=False, examples=())
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object) or isinstance(dtype, pl.BaseExtension):
        return _of_nested(filled, values.name)
    if dtype == pl.Boolean:
        return ColumnContent(ContentType.YES_OR_NO, is_masked=False, examples=_as_they_are(filled))
    if dtype.is_temporal():
        return _of_moments(filled, values.name, today=today)
    return _of_numbers(filled, values.name)


def _of_text(filled: pl.DataFrame, name: str) -> ColumnContent:
    if filled.is_empty():
        return ColumnContent(ContentType.NOTHING, is_masked=False, examples=())
    field = nw.col("value")
    text = field.str.strip_chars()
    kinds = {it.content: it for it in identifier_types() if it.is_recognizable}
    looks_like = {ContentType.PHONES.value: text.str.contains(_PHONE) & ~text.str.contains(_MOMENT)}
    shares = (
        nw.from_native(filled)
        .select(
            *(_is_of_type(it, field, looks_like.get(content)).mean().alias(content) for content, it in kinds.items()),
            is_hash(field.str.replace_all(UNSEEN, "").str.strip_chars().str.to_lowercase())
            .mean()
            .alias(ContentType.HASHES),
            *(its.mean().alias(content) for content, its in looks_like.items() if content not in kinds),
            text.str.contains(_MOMENT).mean().alias(ContentType.MOMENTS),
            text.str.contains(_NUMBER).mean().alias(ContentType.NUMBERS),
            at=text.str.contains("@").mean(),
        )
        .to_native()
        .row(0, named=True)
    )
    others = (ContentType.HASHES, ContentType.PHONES, ContentType.MOMENTS, ContentType.NUMBERS)
    named: list[str] = list(dict.fromkeys([*kinds, *others]))
    found = next((it for it in named if shares[it] > _MOST), ContentType.TEXT)
    is_telling = any(shares[it] > _SOME for it in (*kinds, "at", ContentType.PHONES, ContentType.HASHES))
    shared = filled["value"].value_counts(sort=True).filter(pl.col("count") >= _SHARED_BY)
    is_closed = filled["value"].n_unique() <= _MOST_CATEGORIES and not shared.is_empty()
    if found == ContentType.TEXT and is_closed:
        found = ContentType.CATEGORIES
    is_masked = is_telling or is_pii_name(name) or found == ContentType.TEXT
    if is_masked:
        return ColumnContent(found, is_masked=True, examples=_masked_examples(filled))
    if found == ContentType.CATEGORIES:
        return ColumnContent(found, is_masked=False, examples=tuple(shared["value"].head(EXAMPLES)))
    value = pl.col("value")
    if found == ContentType.MOMENTS:  # of birth, for all that text can tell
        years = filled.filter(value.str.contains(_MOMENT)).select(value.str.replace(_MOMENT, "${1}-••-••"))
        return ColumnContent(found, is_masked=True, examples=_as_they_are(years))
    return ColumnContent(found, is_masked=False, examples=_as_they_are(filled.filter(value.str.contains(_NUMBER))))


def _of_nested(filled: pl.DataFrame, name: str) -> ColumnContent:
    """Tell of lists of text whether they hold identifiers, of which a person then has several."""
    nested = ColumnContent(ContentType.NESTED, is_masked=True, examples=())
    if filled["value"].dtype != pl.List(pl.String):
        return nested
    inside = filled.explode("value").drop_nulls()
    found = _of_text(inside.filter(pl.col("value").str.strip_chars() != ""), name)
    of_people = {*(it.content for it in identifier_types()), ContentType.HASHES.value}
    return replace(found, is_masked=True, examples=_masked_examples(inside)) if found.holds in of_people else nested


def _is_of_type(kind: IdentifierType, field: nw.Expr, looks_like: nw.Expr | None) -> nw.Expr:
    """Tell whether a field is an identifier of a type, or looks like one that lacks what it takes to be sent."""
    is_one = kind.is_valid(kind.normalize(field))
    return is_one if looks_like is None else is_one | looks_like


def _of_moments(filled: pl.DataFrame, name: str, *, today: date) -> ColumnContent:
    is_date = filled["value"].dtype in (pl.Date, pl.Datetime)
    # Of moments that a calendar of four digits can't hold, the year is null.
    year = filled["value"].dt.year().median() if is_date else None
    age = today.year - year if isinstance(year, float) else 0
    if is_pii_name(name) or age > _YEARS_OF_A_GROWN_PERSON:
        years = filled.select(pl.format("{}-••-••", pl.col("value").dt.year())) if is_date else filled.clear()
        return ColumnContent(
            ContentType.BIRTH_DATES, is_masked=True, examples=_as_they_are(years.rename(lambda _: "value"))
        )
    return ColumnContent(ContentType.MOMENTS, is_masked=False, examples=_as_they_are(filled))


def _of_numbers(filled: pl.DataFrame, name: str) -> ColumnContent:
    is_phone = pl.col("value").is_between(_LEAST_PHONE, _MOST_PHONE)
    phones = filled.select(is_phone.mean()).item() if filled["value"].dtype.is_integer() else 0.0
    if phones > _SOME or is_pii_name(name):
        found = ContentType.PHONES if phones > _MOST else ContentType.NUMBERS
        return ColumnContent(found, is_masked=True, examples=_masked_examples(filled.cast(pl.String)))
    return ColumnContent(ContentType.NUMBERS, is_masked=False, examples=_as_they_are(filled))


def is_pii_name(name: str) -> bool:
    """Tell whether a column's name says that it holds what identifies somebody."""
    return bool(_PERSONAL_NAME.search(name))


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a value as it is read: a moment to the minute, a duration in its unit, a list with commas."""
    if isinstance(dtype, pl.Datetime | pl.Date):
        units = _UNITS_A_DAY[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
        is_of_calendar = value.to_physical().is_between(_FIRST_DAY * units, (_LAST_DAY + 1) * units - 1)
        # Polars panics where it writes a moment that no calendar of four digits holds.
        moment = pl.when(is_of_calendar).then(value)
        text = moment.dt.strftime("%Y-%m-%d %H:%M" if isinstance(dtype, pl.Datetime) else "%Y-%m-%d")
        return pl.when(is_of_calendar | value.is_null()).then(text).otherwise(pl.lit("outside the years 1 to 9999"))
    if isinstance(dtype, pl.Duration):
        return pl.format("{} {}", value.to_physical(), pl.lit(dtype.time_unit))
    if isinstance(dtype, pl.List | pl.Array):
        values = value.arr.to_list() if isinstance(dtype, pl.Array) else value
        return values.list.eval(as_text(pl.element(), _inner(dtype))).list.join(", ", ignore_nulls=True)
    if dtype.is_nested():
        return pl.when(value.is_not_null()).then(pl.struct(value.alias("_")).struct.json_encode())
    if dtype == pl.Binary:
        return value.bin.encode("hex")
    return value.cast(pl.String)


def _inner(dtype: pl.List | pl.Array) -> pl.DataType:
    inner = dtype.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _as_they_are(filled: pl.DataFrame) -> tuple[str, ...]:
    first = filled.unique(maintain_order=True).head(EXAMPLES)
    return tuple(first.select(as_text(pl.col("value"), first["value"].dtype))["value"])


def _masked_examples(filled: pl.DataFrame) -> tuple[str, ...]:
    return tuple(filled.select(masked_column(pl.col("value"))).unique(maintain_order=True).head(EXAMPLES)["value"])
