"""How columns are read that hold keys, ids or text in a type that databases write them in."""

from enum import Enum

import polars as pl

from toolkit.errors import DataError
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.files import Files
from toolkit.translatable import _

_LONGEST_INT64 = 18
_LEAST_INT64, _MOST_INT64 = -(2**63), 2**63 - 1
_EXACT_IN_FLOAT32, _EXACT_IN_FLOAT64 = 2**24, 2**53
"""Below these a float holds every whole number; at them already two are written as one."""
_BYTES_OF_A_UUID = 16
_SAMPLE = 1_000
_UNPRINTABLE = r"[\x00-\x08\x0e-\x1f\x7f]"
_UUID_PARTS = ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))


class Reading(Enum):
    """What is made of a stored value."""

    AS_IT_IS = _("as it is")
    WHOLE_NUMBER = _("a whole number of 64 bits")
    WIDE_NUMBER = _("a whole number, as text because 64 bits may not hold it")
    TEXT_OF_BYTES = _("bytes of UTF-8, as text")
    UUID_OF_BYTES = _("16 bytes, as the text of a UUID")

    @property
    def is_number(self) -> bool:
        """Whether the value is a number, also where it is read as text."""
        return self in (Reading.WHOLE_NUMBER, Reading.WIDE_NUMBER)


def is_whole(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Tell of a number whether it is whole, and exactly what was written; null of null and NaN."""
    if dtype.is_float():
        most = _EXACT_IN_FLOAT64 if dtype == pl.Float64 else _EXACT_IN_FLOAT32
        return pl.when(value.is_not_nan()).then(value.is_finite() & (value.abs() < most) & (value == value.round()))
    return value == value.cast(pl.Decimal(38, 0), strict=False)


def id_as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return an id as text, without white space around it: a number without a decimal point, null when not whole."""
    if dtype.is_float() or (isinstance(dtype, pl.Decimal) and dtype.scale):
        return pl.when(is_whole(value, dtype)).then(value.cast(pl.Int128, strict=False)).cast(pl.String)
    return value.cast(pl.String).str.strip_chars()


def key_reading(name: str, dtype: pl.DataType, *, files: Files) -> Reading:
    """Return how a key of this type is read.

    Raises:
        DataError: It can't be a key: by its type, or because it has numbers that are not whole.
    """
    if dtype.is_numeric():
        if dtype.is_float() or (isinstance(dtype, pl.Decimal) and dtype.scale):
            _require_whole(name, dtype, files)
        is_narrow = dtype == pl.Int64 or dtype.is_float() or _fits(name, dtype, files)
        return Reading.WHOLE_NUMBER if is_narrow else Reading.WIDE_NUMBER
    if dtype in (pl.String, pl.Null, pl.Categorical, pl.Enum):
        return Reading.AS_IT_IS
    found = reading_of_bytes(name, dtype, files=files)
    if found is not Reading.AS_IT_IS:
        return found
    raise DataError(
        _(
            "Column {name!r} of the {what} at {location} holds {dtype}, which cannot be a customer's key.",
            name=name,
            what=files.what,
            location=files.location,
            dtype=dtype,
        ),
        _("Have it written as integers, text or UUIDs, or name the column that holds the key."),
    )


def reading_of_bytes(name: str, dtype: pl.DataType, *, files: Files) -> Reading:
    """Return how bytes are read, by some of them: as text, as UUIDs, or as they are."""
    if dtype != pl.Binary:
        return Reading.AS_IT_IS
    if files.is_uuid(name):
        return Reading.UUID_OF_BYTES
    with translate_errors(files.what, files.location):
        some = files.scan(pl.Schema({name: dtype})).head(_SAMPLE).collect()[name].drop_nulls()
    if not len(some) or _is_text(some):
        return Reading.TEXT_OF_BYTES
    return Reading.UUID_OF_BYTES if (some.bin.size() == _BYTES_OF_A_UUID).all() else Reading.AS_IT_IS


def _is_text(values: pl.Series) -> bool:
    try:
        return not values.cast(pl.String).str.contains(_UNPRINTABLE).any()
    except pl.exceptions.ComputeError:
        return False


def type_of(reading: Reading, dtype: pl.DataType) -> pl.DataType:
    """Return the type that a column of this type is read as."""
    match reading:
        case Reading.WHOLE_NUMBER:
            return pl.Int64()
        case Reading.WIDE_NUMBER | Reading.TEXT_OF_BYTES | Reading.UUID_OF_BYTES:
            return pl.String()
        case Reading.AS_IT_IS:
            return dtype


def read(name: str, reading: Reading, dtype: pl.DataType) -> pl.Expr:
    """Return a column of this stored type as it is read."""
    value = pl.col(name)
    match reading:
        case Reading.AS_IT_IS:
            return value
        case Reading.WHOLE_NUMBER:
            number = value.fill_nan(None) if dtype.is_float() else value
            return value if dtype == pl.Int64 else number.cast(pl.Int64)
        case Reading.WIDE_NUMBER:
            return value.cast(pl.Int128).cast(pl.String) if isinstance(dtype, pl.Decimal) else value.cast(pl.String)
        case Reading.TEXT_OF_BYTES:
            return value.cast(pl.String)
        case Reading.UUID_OF_BYTES:
            digits = value.bin.encode("hex")
            parts = [digits.str.slice(begin, length) for begin, length in _UUID_PARTS]
            return pl.concat_str(parts, separator="-").alias(name)


def _fits(name: str, dtype: pl.DataType, files: Files) -> bool:
    """Tell whether all numbers of a type that could hold more fit into 64 bits."""
    if isinstance(dtype, pl.Decimal) and (dtype.precision or _LONGEST_INT64 + 1) <= _LONGEST_INT64:
        return True
    least, most = files.ends(name, dtype)
    return least is None or most is None or (least >= _LEAST_INT64 and most <= _MOST_INT64)


def _require_whole(name: str, dtype: pl.DataType, files: Files) -> None:
    value = pl.col(name)
    with translate_errors(files.what, files.location):
        wrong = (
            files.scan(pl.Schema({name: dtype}))
            .select(broken=(~is_whole(value, dtype)).sum(), example=value.filter(~is_whole(value, dtype)).first())
            .collect(engine="streaming")
        )
    broken, example = wrong.row(0)
    if broken:
        raise DataError(
            _(
                "Column {name!r} of the {what} at {location} holds {dtype}, and {broken:,} of its values "
                "are no whole numbers, or too large to be exact, such as {example}: they cannot be a "
                "customer's key.",
                name=name,
                what=files.what,
                location=files.location,
                dtype=dtype,
                broken=broken,
                example=example,
            ),
            _("Have it written as integers or text, or name the column that holds the key."),
        )
