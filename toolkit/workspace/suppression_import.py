"""People of a table who shall be suppressed: read as all tables are, each row accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import narwhals as nw
import polars as pl

from toolkit.audience import Suppression, email
from toolkit.audience.identifiers import with_addresses_as_hashed
from toolkit.audience.suppression import LONG_HASH, is_madid, with_madids_as_compared
from toolkit.errors import ConfigurationError, UnusableRowsError
from toolkit.names import unknown_name
from toolkit.redaction import masked_field
from toolkit.show import html_table, text_table
from toolkit.tables import Table, reading
from toolkit.tables.find import find_files
from toolkit.tables.location import is_remote
from toolkit.tables.storage import storage_of
from toolkit.tables.telling import telling

_WHAT = "table of people to suppress"
_MOST_SHOWN = 100
_MOST_NAMED = 3


class PeopleColumn(StrEnum):
    """What a column of the table holds."""

    EMAIL = "email"
    CUSTOMER = "customer"
    MADID = "madid"


class Unusable(StrEnum):
    """Why a row can't be used."""

    BLANK = "the row names nobody"
    NO_ADDRESS = "this is no e-mail address, nor the hash of one"
    NO_MOBILE_ID = "this is no mobile id"
    BLANKS_AROUND_KEY = "the customer key has blanks around it"


@dataclass(frozen=True)
class People:
    """The people of a table, and the rows that can't be used."""

    suppression: Suppression
    rows: int
    unusable_rows: int
    unusable: pl.DataFrame
    """The first of them: ``row`` (counted from 1), ``column``, ``value`` (masked), ``why``."""


@dataclass(frozen=True, repr=False)
class SuppressionImport:
    """What became of a table of people who shall be suppressed.

    Examples:
        >>> opted_out = pl.DataFrame({"EMail": ["anna@mail.example", "no address"]})
        >>> added = workspace.suppressions.add(opted_out, email_column="EMail", skip_unusable=True)
        >>> added.rows, added.addresses, added.unusable_rows
        (2, 1, 1)
    """

    entry: str | None
    """The entry of the suppression list; None when the table has no rows."""
    rows: int
    customers: int
    addresses: int
    mobile_ids: int
    unusable_rows: int
    """Rows that name nobody, in whole or in part; what can be used of them was taken."""
    unusable: pl.DataFrame = field(repr=False)
    """The first of them: ``row`` (counted from 1), ``column``, ``value`` (masked), ``why``."""

    @property
    def frame(self) -> pl.DataFrame:
        """One row: the figures."""
        return pl.DataFrame(
            {
                "entry": [self.entry],
                "rows": [self.rows],
                "customers": [self.customers],
                "addresses": [self.addresses],
                "mobile_ids": [self.mobile_ids],
                "unusable_rows": [self.unusable_rows],
            },
            schema_overrides={"entry": pl.String},
        )

    @property
    def _headline(self) -> str:
        if self.entry is None:
            return "The table has no rows. Nobody was added to the suppression list."
        skipped = f" {_counted(self.unusable_rows)} can't be used." if self.unusable_rows else ""
        return (
            f"Entry {self.entry} of the suppression list: {self.customers:,} customer keys, {self.addresses:,} "
            f"addresses and {self.mobile_ids:,} mobile ids of {self.rows:,} rows.{skipped}"
        )

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(self.unusable)}" if self.unusable_rows else self._headline

    def _repr_html_(self) -> str:
        shown = self.unusable if self.unusable_rows else self.frame.drop("entry")
        return html_table(shown, title="Suppressed", subtitle=self._headline)


def read_people(people: pl.DataFrame | pl.LazyFrame | str | Path, columns: Mapping[PeopleColumn, str | None]) -> People:
    """Read the people of a table, or of what lies at a location, by these columns.

    Raises:
        ConfigurationError: No column is named, or a frame lacks one.
        ToolkitError: The table can't be read, or lacks a column.
    """
    named = {kind: column for kind, column in columns.items() if column is not None}
    if not named:
        raise ConfigurationError(
            "No column was named.", "Pass email_column, customer_column or madid_column, or several of them."
        )
    texts = _texts(people, named)
    fields = {kind: pl.col(kind.value) for kind in named}
    checked = _checked(texts, fields)
    is_unusable = pl.any_horizontal(pl.col(f"why {kind}").is_not_null() for kind in fields)
    bad = checked.filter(is_unusable)
    return People(
        _suppression(checked, fields),
        rows=checked.height,
        unusable_rows=bad.height,
        unusable=_shown(bad.head(_MOST_SHOWN), named),
    )


def require_usable(people: People, *, skip_unusable: bool) -> None:
    """Raise UnusableRowsError when rows would be dropped and nobody said that they may, or when all would be."""
    if not people.unusable_rows or (skip_unusable and not people.suppression.is_empty):
        return
    examples = "; ".join(
        f"row {row:,}, column {column!r}: {value}, {why}"
        for row, column, value, why in people.unusable.head(_MOST_NAMED).iter_rows()
    )
    raise UnusableRowsError(
        f"{people.unusable_rows:,} of {people.rows:,} rows can't be used: {examples}. Nobody was added to the "
        "suppression list.",
        "Correct the rows, or pass skip_unusable=True to add the people of the others."
        if not people.suppression.is_empty
        else "See that the right columns are named, and that they hold addresses, customer keys or mobile ids.",
    )


def _texts(people: pl.DataFrame | pl.LazyFrame | str | Path, named: Mapping[PeopleColumn, str]) -> pl.DataFrame:
    """Return the columns as text, called by what they hold, and the number of each row."""
    chosen = [pl.col(column).cast(pl.String).alias(kind.value) for kind, column in named.items()]
    if isinstance(people, pl.DataFrame | pl.LazyFrame):
        there = people.lazy().collect_schema().names()
        for column in named.values():
            if column not in there:
                raise unknown_name("column", column, there)
        return people.lazy().select(chosen).collect(engine="streaming").with_row_index("row", 1)
    location = str(people)
    location = location if is_remote(location) else str(Path(location).expanduser().resolve())
    with telling(_WHAT, location):
        storage = storage_of(location)
    files = find_files(_WHAT, location, declared=None, storage=storage)
    first, *others = dict.fromkeys(named.values())
    table = Table.look(files, key=first, key_as_text=False, columns=others)
    with reading(table):
        return table.scan().select(chosen).collect(engine="streaming").with_row_index("row", 1)


def _checked(texts: pl.DataFrame, fields: Mapping[PeopleColumn, pl.Expr]) -> pl.DataFrame:
    """Normalise the fields, and add why each can't be used, in a column ``why …``."""
    rows = texts.lazy().with_columns(field.alias(f"given {kind}") for kind, field in fields.items())
    if PeopleColumn.EMAIL in fields:
        rows = with_addresses_as_hashed(rows, [PeopleColumn.EMAIL.value])
    if PeopleColumn.MADID in fields:
        rows = with_madids_as_compared(rows, [PeopleColumn.MADID.value])
    filled = {kind: (field.str.strip_chars() != "").fill_null(False) for kind, field in fields.items()}
    is_blank = ~pl.any_horizontal(filled.values())
    rows = _with_usability(rows, fields)
    why = {
        PeopleColumn.EMAIL: Unusable.NO_ADDRESS,
        PeopleColumn.MADID: Unusable.NO_MOBILE_ID,
        PeopleColumn.CUSTOMER: Unusable.BLANKS_AROUND_KEY,
    }
    first = next(iter(fields))
    return rows.with_columns(
        pl.when(is_blank & pl.lit(kind is first))
        .then(pl.lit(Unusable.BLANK.value))
        .when(filled[kind] & ~pl.col(f"usable {kind}"))
        .then(pl.lit(why[kind].value))
        .alias(f"why {kind}")
        for kind in fields
    ).collect(engine="streaming")


def _with_usability(rows: pl.LazyFrame, fields: Mapping[PeopleColumn, pl.Expr]) -> pl.LazyFrame:
    for kind, value in fields.items():
        name = f"usable {kind}"
        match kind:
            case PeopleColumn.EMAIL:
                address = nw.col(kind.value)
                is_one = email.is_hash(address) | email.is_valid(address)
                rows = nw.from_native(rows).with_columns(is_one.alias(name)).to_native()
            case PeopleColumn.MADID:
                rows = nw.from_native(rows).with_columns(is_madid(kind.value).alias(name)).to_native()
                rows = rows.with_columns(pl.col(name) | value.str.contains(LONG_HASH))
            case PeopleColumn.CUSTOMER:
                rows = rows.with_columns((value == value.str.strip_chars()).alias(name))
    return rows.with_columns(pl.col(f"usable {kind}").fill_null(False) for kind in fields)


def _suppression(checked: pl.DataFrame, fields: Mapping[PeopleColumn, pl.Expr]) -> Suppression:
    makers = {
        PeopleColumn.EMAIL: Suppression.of_addresses,
        PeopleColumn.MADID: Suppression.of_madids,
        PeopleColumn.CUSTOMER: Suppression.of_customers,
    }
    people = Suppression.nobody()
    for kind in fields:
        usable = checked.filter(pl.col(f"usable {kind}") & (pl.col(kind.value) != ""))[kind.value]
        people += makers[kind](usable)
    return people


def _shown(bad: pl.DataFrame, named: Mapping[PeopleColumn, str]) -> pl.DataFrame:
    rows = [
        (row["row"], column, masked_field(row[f"given {kind}"] or ""), row[f"why {kind}"])
        for row in bad.iter_rows(named=True)
        for kind, column in named.items()
        if row[f"why {kind}"] is not None
    ]
    schema = {"row": pl.Int64, "column": pl.String, "value": pl.String, "why": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").head(_MOST_SHOWN)


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
