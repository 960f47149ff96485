"""The first members, as a table that names nobody."""

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from toolkit.audience import Audience, IdentityColumn
from toolkit.profiling.column_content import as_text, content_type_of
from toolkit.redaction import masked_column
from toolkit.sources import Profiles, blame_table
from toolkit.sources.streaming import compact

_OWN = ("segment", "customer", "status")
_AT = "[@\uff20\ufe6b]"
"""The sign of an address, in the widths in which it is written."""


def first_members(
    profiles: Profiles,
    audience: Audience,
    *,
    column: IdentityColumn,
    beside: Sequence[IdentityColumn] = (),
    columns: Sequence[str],
    unmasked: Sequence[str],
    most: int,
) -> pl.DataFrame:
    """Return ``segment``, ``customer``, ``status``, the identifier and these columns of the first members.

    Those with the smallest keys, ``most`` of each segment. The identifier is masked always; another column where what
    it holds may tell of a person, as the quality of the profiles judges it, unless it is among the ``unmasked``. An
    address is masked in these too, whatever its column is called. A column that is itself called ``customer``,
    ``segment`` or ``status`` is shown as ``customer (profile)`` and so on.
    """
    identified = [column.name, *(it.name for it in beside)]
    shown = [it for it in dict.fromkeys(columns) if it not in (profiles.key, *identified)]
    # A column of the profiles may be called as one of these three are.
    names = {it: f"{it} (profile)" if it in _OWN else it for it in (*identified, *shown)}
    first = _first(audience.frame, most)
    table = profiles.look([*identified, *shown])
    if first.is_empty():
        return first.with_columns(pl.lit(None, pl.String).alias(it) for it in names.values())
    keys = first["customer"].unique()
    with blame_table(table):
        rows = (
            table.choose(first.lazy())
            .scan()
            .filter(pl.col(profiles.key).cast(first.schema["customer"]).is_in(keys.implode()))
            .select(
                pl.col(profiles.key).cast(first.schema["customer"]).alias("customer"),
                *(_shown(pl.col(it), table.types[it]).alias(name) for it, name in names.items()),
            )
        )
        found = compact(rows).collect(engine="streaming")
    today = datetime.now(UTC).date()
    hidden = [
        names[it]
        for it in shown
        if it not in unmasked and content_type_of(found[names[it]].alias(it), today=today).is_masked
    ]
    # A customer key may be the column that is taken for the identifier.
    by_identifier = [names[it] for it in identified]
    own = [it for it in dict.fromkeys((*by_identifier, *hidden)) if it in found.columns]
    plain = [names[it] for it in shown if names[it] not in hidden]
    return first.join(found, on="customer", how="left", maintain_order="left").with_columns(
        *(
            (column.identifier_type.masked if it in by_identifier else masked_column)(
                as_text(pl.col(it), found.schema[it])
            ).alias(it)
            for it in own
        ),
        *(_without_addresses(it, found.schema[it]) for it in plain),
    )


def _shown(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return lists, bytes and what else no table shows as text."""
    needs_text = dtype.is_nested() or dtype == pl.Binary or isinstance(dtype, pl.Duration)
    return as_text(value, dtype) if needs_text else value


def _without_addresses(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return the column with values masked that hold an address; numbers and moments stay as they are."""
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        return pl.col(column)
    text = as_text(pl.col(column), dtype)
    return pl.when(text.str.contains(_AT)).then(masked_column(text)).otherwise(text).alias(column)


def _first(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    smallest = frame.group_by("segment").agg(pl.col("customer", "status").bottom_k_by("customer", most))
    found = smallest.explode("customer", "status").sort("segment", "customer")
    return found.select(pl.col("segment").cast(pl.String), "customer", "status")
