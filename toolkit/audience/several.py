"""Several identifiers a person: columns beside one another, lists, fields with a separator.

A member is prepared as a row for each identifier, and is one row again afterwards: exportable if any of the identifiers
is. The first of these stands in the row, in the order of the columns and fields; the others are further ones.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.audience.excluded import IdentityColumn, as_texts, is_list
from toolkit.audience.status import STATUS_TYPE, Status

FIELDS = "fields"
"""How many rows a member has."""
_KEYS = ("segment", "customer")


def several_in(profiles: pl.LazyFrame, columns: Sequence[IdentityColumn]) -> bool:
    """Tell whether a person may have several identifiers in these columns."""
    schema = profiles.select(list(dict.fromkeys(it.name for it in columns))).collect_schema()
    return len(columns) > 1 or any(it.separator or is_list(schema[it.name]) for it in columns)


def field_of(profiles: pl.LazyFrame, columns: Sequence[IdentityColumn], *, several: bool) -> pl.Expr:
    """Return the field of each profile, called ``field``: text, or a list of it where there may be several."""
    if not several:
        return pl.col(columns[0].name).cast(pl.String).alias("field")
    schema = profiles.select(list(dict.fromkeys(it.name for it in columns))).collect_schema()
    return pl.concat_list(as_texts(it, schema[it.name]) for it in columns).list.drop_nulls().alias("field")


def a_row_each(matched: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each identifier of a member, and one for a member without; ``fields`` is how many there are."""
    counted = matched.with_columns(pl.col("field").list.len().alias(FIELDS))
    return counted.explode("field", empty_as_null=True, keep_nulls=True).with_columns(address="field")


def first_and_further(labelled: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a row a member, with the first of the identifiers, and a row for each further one.

    A member has the best status of the fields: exportable before invalid, invalid before missing. Who met two profiles
    keeps a row for each, so that it can be told.
    """
    is_one = pl.col(FIELDS).fill_null(0) <= 1
    many = labelled.filter(~is_one)
    if many.is_empty():
        return labelled.drop(FIELDS), labelled.clear().drop(FIELDS)
    others = [it for it in many.columns if it not in (*_KEYS, FIELDS, "status", "is_placeholder")]
    of_identifier = [it for it in others if it in ("identifier", "address", "domain")]
    is_sent = pl.col("identifier").is_not_null()
    sent = many.filter(is_sent).unique([*_KEYS, "identifier"], keep="first", maintain_order=True)
    people = many.group_by(*_KEYS, maintain_order=True).agg(
        pl.col(it for it in others if it not in of_identifier).first(),
        pl.len().alias("met"),
        pl.col(FIELDS).first(),
        # Statuses are ordered as they are decided: exportable is the last.
        status=pl.col("status").max(),
        is_placeholder=pl.col("is_placeholder").any(),
    )
    is_missing = pl.col("status") == Status.MISSING_IDENTIFIER.value
    # As many times as profiles were met.
    people = people.with_columns(is_placeholder=pl.col("is_placeholder") & is_missing, met=pl.col("met") // FIELDS)
    first = sent.unique(_KEYS, keep="first", maintain_order=True).select(*_KEYS, *of_identifier)
    people = people.join(first, on=_KEYS, how="left", nulls_equal=True)
    people = people.select(pl.all().repeat_by("met").explode()) if people["met"].max() != 1 else people
    columns = [it for it in labelled.columns if it != FIELDS]
    further = sent.filter(~pl.struct(_KEYS).is_first_distinct()).select(columns)
    return pl.concat([labelled.filter(is_one).select(columns), people.select(columns)]), further


def each_once(members: pl.DataFrame, further: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep each identifier of a segment (and advertiser) once, for the member with the smallest key.

    Who has another one is exportable by that; who has none left has the status of a duplicate.
    """
    group = [it for it in ("segment", "advertiser") if it in members.columns]
    kept = [it for it in ("identifier", "address", "domain") if it in members.columns]
    of_members = members.filter(pl.col("identifier").is_not_null())
    every = pl.concat([it.select(*group, "customer", *kept) for it in (of_members, further)])
    shared = (
        every.group_by(*group, "identifier")
        .agg(pl.len(), keeper=pl.col("customer").min())
        .filter(pl.col("len") > 1)
        .drop("len")
    )
    if shared.is_empty():
        return members, further.select(*group, "customer", *kept)
    marked = every.join(shared, on=[*group, "identifier"], how="left", nulls_equal=True, maintain_order="left")
    left = marked.filter((pl.col("keeper") == pl.col("customer")).fill_null(True)).drop("keeper")
    is_first = pl.struct(*_KEYS).is_first_distinct()
    first = left.filter(is_first).select(*_KEYS, *kept)
    had_one = pl.col("had_one")
    people = members.with_columns(had_one=pl.col("identifier").is_not_null()).drop(kept)
    people = people.join(first, on=_KEYS, how="left", maintain_order="left")
    duplicate = pl.lit(Status.DUPLICATE_IDENTIFIER.value, STATUS_TYPE)
    people = people.with_columns(
        status=pl.when(had_one & pl.col("identifier").is_null()).then(duplicate).otherwise("status")
    )
    return people.select(members.columns), left.filter(~is_first)
