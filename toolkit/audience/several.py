"""Several identifiers a person: columns beside one another, lists, fields with a separator.

A member is exportable if any of the identifiers is. The first of these, in the order of the columns and fields, stands
in the row of the member; the others are further ones.
"""

from collections.abc import Sequence
from enum import Enum

import narwhals as nw
import polars as pl

from toolkit.audience.excluded import IdentityColumn, as_texts, is_list
from toolkit.audience.status import STATUS_TYPE, Status
from toolkit.identifiers import IdentifierType, Placeholders

FIELDS = "fields"
"""How many rows a member has."""
_KEYS = ["segment", "customer"]


class Reading(Enum):
    """How the identifiers of a person are read."""

    ONE = 1
    """One column that holds one."""
    BESIDE = 2
    """Columns that hold one each: they stay beside one another in the row of the member."""
    ROWS = 3
    """Lists, or fields with a separator: a row each, since nobody knows how many there are."""


def reading_of(profiles: pl.LazyFrame, columns: Sequence[IdentityColumn]) -> Reading:
    """Tell how the identifiers in these columns are read."""
    schema = profiles.select(list(dict.fromkeys(it.name for it in columns))).collect_schema()
    if any(it.separator or is_list(schema[it.name]) for it in columns):
        return Reading.ROWS
    return Reading.ONE if len(columns) == 1 else Reading.BESIDE


def fields_of(profiles: pl.LazyFrame, columns: Sequence[IdentityColumn], reading: Reading) -> list[pl.Expr]:
    """Return what each profile has: ``field``, and of columns beside it what will be ``address 1`` and so on.

    It is text, or a list of it where there is to be a row each.
    """
    if reading is Reading.ROWS:
        schema = profiles.select(list(dict.fromkeys(it.name for it in columns))).collect_schema()
        lists = pl.concat_list(as_texts(it, schema[it.name]) for it in columns)
        return [lists.list.drop_nulls().alias("field")]
    names = ["field", *further_columns("address", len(columns) - 1)]
    return [pl.col(it.name).cast(pl.String).alias(name) for it, name in zip(columns, names, strict=True)]


def further_columns(name: str, count: int) -> list[str]:
    """Return what columns beside the first one are called."""
    return [f"{name} {number}" for number in range(1, count + 1)]


def best_first(
    matched: pl.LazyFrame, identifier_type: IdentifierType, placeholders: Placeholders, further: int
) -> pl.LazyFrame:
    """Put the first identifier that can be sent into ``address``, and only further ones into those beside it.

    Where none can be, ``address`` is the first that is something, so that the member has the status of that.
    """
    names = ["address", *further_columns("address", further)]
    usable, filled, nobody = (
        [f"{it} {number}" for number in range(len(names))] for it in ("usable", "filled", "nobody")
    )
    judged = (
        nw.from_native(matched)
        .with_columns(placeholders.names_nobody(nw.col(it)).alias(mark) for it, mark in zip(names, nobody, strict=True))
        .with_columns(
            *(
                (identifier_type.is_usable(nw.col(it)) & ~nw.col(is_nobody)).fill_null(False).alias(mark)
                for it, is_nobody, mark in zip(names, nobody, usable, strict=True)
            ),
            *(
                (~identifier_type.is_missing(nw.col(it)) & ~nw.col(is_nobody)).alias(mark)
                for it, is_nobody, mark in zip(names, nobody, filled, strict=True)
            ),
        )
        .to_native()
    )
    values = dict(zip(names, usable, strict=True))
    first = pl.coalesce(
        *(pl.when(mark).then(it) for it, mark in values.items()),
        *(pl.when(mark).then(it) for it, mark in zip(names, filled, strict=True)),
        *names,
    )

    def is_further(number: int) -> pl.Expr:
        before = range(number)
        has_one = pl.any_horizontal(usable[it] for it in before)
        is_new = pl.all_horizontal(~pl.col(usable[it]) | (pl.col(names[it]) != pl.col(names[number])) for it in before)
        return pl.col(usable[number]) & has_one & is_new.fill_null(True)

    kept = (pl.when(is_further(number)).then(names[number]).alias(names[number]) for number in range(1, len(names)))
    return judged.with_columns(first.alias("address"), *kept).drop(*usable, *filled, *nobody)


def a_row_each(matched: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each identifier of a member, and one for a member without; ``fields`` is how many there are."""
    counted = matched.with_columns(pl.col("field").list.len().alias(FIELDS))
    return counted.explode("field", empty_as_null=True, keep_nulls=True).with_columns(address="field")


def first_and_further(labelled: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a row a member, with the first of the identifiers, and a row for each further one."""
    if reading is Reading.ROWS:
        return _of_rows(labelled)
    columns = [it for it in labelled.columns if not it.startswith(("identifier ", "address "))]
    names = [it for it in labelled.columns if it.startswith("identifier ")]
    parts = [labelled.select(columns).clear()]
    for it in names:
        others = {"identifier": it, "address": it.replace("identifier", "address")}
        taken = (pl.col(others.get(name, name)).alias(name) for name in columns)
        parts.append(labelled.filter(pl.col(it).is_not_null()).select(taken))
    return labelled.select(columns), pl.concat(parts)


def _of_rows(labelled: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make one row of the rows of each member.

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
    people = people.with_columns(
        is_placeholder=pl.col("is_placeholder") & is_missing,
        # Rows of a second profile are more than the fields of the first.
        met=pl.when(pl.col("met") == pl.col(FIELDS)).then(1).otherwise(2),
    )
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
    further = further.select(*group, "customer", *kept)
    # Counting numbers costs half of what counting texts does; two identifiers with one number are told apart below.
    number = pl.struct(*group, "identifier").hash()
    is_one = pl.col("identifier").is_not_null()
    numbers = pl.concat([members.lazy().filter(is_one).select(number=number), further.lazy().select(number=number)])
    repeated = numbers.group_by("number").len().filter(pl.col("len") > 1).collect(engine="streaming")["number"]
    if repeated.is_empty():
        return members, further
    is_repeated = number.is_in(repeated.implode())
    of_members = members.filter(is_one & is_repeated).select(*group, "customer", *kept)
    suspects = pl.concat([of_members, further.filter(is_repeated)])
    keepers = suspects.group_by(*group, "identifier").agg(keeper=pl.col("customer").min())
    marked = suspects.join(keepers, on=[*group, "identifier"], how="left", nulls_equal=True)
    lost = marked.filter(pl.col("keeper") != pl.col("customer")).select(*_KEYS, "identifier")
    if lost.is_empty():
        return members, further
    # Of those who lose one, the next becomes the first.
    people = lost.select(_KEYS).unique()
    theirs = pl.concat(
        [
            members.filter(is_one).select(*group, "customer", *kept).join(people, on=_KEYS, how="semi"),
            further.join(people, on=_KEYS, how="semi", maintain_order="left"),
        ]
    )
    left = theirs.join(lost, on=[*_KEYS, "identifier"], how="anti", maintain_order="left")
    is_first = pl.struct(_KEYS).is_first_distinct()
    first = left.filter(is_first).select(*_KEYS, *kept)
    others = further.join(people, on=_KEYS, how="anti")
    touched = members.join(people, on=_KEYS, how="semi")
    again = touched.drop(kept).join(first, on=_KEYS, how="left")
    duplicate = pl.lit(Status.DUPLICATE_IDENTIFIER.value, STATUS_TYPE)
    again = again.with_columns(status=pl.when(is_one).then("status").otherwise(duplicate)).select(members.columns)
    return (
        pl.concat([members.join(people, on=_KEYS, how="anti"), again]),
        pl.concat([others, left.filter(~is_first)]),
    )
