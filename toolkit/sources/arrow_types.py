"""Types of Arrow that Polars has none for, and what they are read as."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

import polars as pl

_MOST_DIGITS = 38


def is_known_to_polars(dtype: Any) -> bool:  # noqa: PLR0911  # one a kind of type
    """Tell whether Polars is sure to read a column of this type of Arrow by itself."""
    import pyarrow.types as of

    if of.is_timestamp(dtype):
        return dtype.tz is None or dtype.tz in _zones()
    if of.is_dictionary(dtype):
        return is_known_to_polars(dtype.value_type)
    if of.is_map(dtype):
        return is_known_to_polars(dtype.key_type) and is_known_to_polars(dtype.item_type)
    if of.is_struct(dtype):
        return all(is_known_to_polars(it.type) for it in _fields(dtype))
    if of.is_list(dtype) or of.is_large_list(dtype) or of.is_fixed_size_list(dtype):
        return is_known_to_polars(dtype.value_type)
    if of.is_decimal(dtype):
        return bool(of.is_decimal128(dtype) and 0 <= dtype.scale <= dtype.precision)
    return any(
        is_it(dtype)
        for is_it in (
            of.is_integer,
            of.is_float32,
            of.is_float64,
            of.is_boolean,
            of.is_string,
            of.is_large_string,
            of.is_binary,
            of.is_large_binary,
            of.is_fixed_size_binary,
            of.is_date,
            of.is_time,
            of.is_duration,
            of.is_null,
        )
    )


def as_readable(column: Any) -> Any:
    """Return an array of Arrow as one that Polars reads: a moment in an odd zone in UTC, an extension as its storage.

    Raises:
        pyarrow.ArrowException: There is none.
    """
    import pyarrow as pa
    import pyarrow.types as of

    dtype = column.type
    if isinstance(dtype, pa.BaseExtensionType):
        return as_readable(column.storage if isinstance(column, pa.Array) else pa.chunked_array(_storages(column)))
    if of.is_timestamp(dtype) and not is_known_to_polars(dtype):
        return column.cast(pa.timestamp(dtype.unit, tz="UTC"))
    if of.is_decimal256(dtype):
        fits = dtype.precision <= _MOST_DIGITS
        return column.cast(pa.decimal128(dtype.precision, dtype.scale) if fits else pa.string())
    if of.is_float16(dtype):
        return column.cast(pa.float32())
    return column


def polars_type(dtype: Any) -> pl.DataType:
    """Return the type as which Polars gets a column of this type of Arrow, Unknown when it can't."""
    import pyarrow as pa

    try:
        column = as_readable(pa.array([], dtype.storage_type if _is_extension(dtype) else dtype))
        return pl.Series(pl.from_arrow(column)).dtype
    except (pl.exceptions.PolarsError, pa.ArrowException, pl.exceptions.PanicException, TypeError, ValueError):
        return pl.Unknown()


def _is_extension(dtype: Any) -> bool:
    import pyarrow as pa

    return isinstance(dtype, pa.BaseExtensionType)


def _storages(column: Any) -> list[Any]:
    return [chunk.storage for chunk in column.chunks]


def _fields(dtype: Any) -> Iterable[Any]:
    return (dtype.field(number) for number in range(dtype.num_fields))


def _zones() -> set[str]:
    if not _known:
        _known.update(available_timezones())
    return _known


_known: set[str] = set()
