"""People of a table who shall be suppressed: read as all tables are, each row accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import narwhals as nw
import polars as pl

from toolkit.audience import Suppression
from toolkit.audience.keys import find_nearly_in_profiles
from toolkit.display import html_table, text_table
from toolkit.errors import ConfigurationError, ToolkitError, UnusableRowsError
from toolkit.identifiers import IdentifierType, identifier_types
from toolkit.names import unknown_name
from toolkit.redaction import masked_field, redacted
from toolkit.sources import Table, blame_table
from toolkit.sources.discovery import find_files
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.location import is_remote
from toolkit.sources.secrets import secret_in
from toolkit.sources.storage import storage_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import Text, _, all_of, mark, ngettext, sentences

_WHAT = _("table of people to suppress")
_MOST_SHOWN = 100
_MOST_NAMED = 3


_CUSTOMER = "customer"
_BLANK = _("the row names nobody")
_BLANKS_AROUND_KEY = _("the customer key has blanks around it")


@dataclass(frozen=True)
class People:
    """The people of a table, and the rows that can't be used."""

    suppression: Suppression
    rows: int
    unusable_rows: int
    unusable: pl.DataFrame
    """The first of them: ``row`` (counted from 1), ``column``, ``value`` (masked), ``why``."""
    keys: pl.Series
    """The customer keys, as they are written."""


@dataclass(frozen=True, repr=False)
class SuppressionImport:
    """What became of a table of people who shall be suppressed.

    Examples:
        >>> opted_out = pl.DataFrame({"EMail": ["anna@mail.example", "no address"]})
        >>> added = workspace.suppressions.add(opted_out, email_column="EMail", skip_unusable=True)
        >>> added.rows, added.identifiers["email"], added.unusable_rows
        (2, 1, 1)
    """

    entry: str | None
    """The entry of the suppression list; None when the table has no rows."""
    rows: int
    customers: int
    identifiers: Mapping[str, int]
    """How many identifiers of each type that was named were added, by the name of the type."""
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
                **{it.count_name: [self.identifiers.get(it.name, 0)] for it in identifier_types()},
                "unusable_rows": [self.unusable_rows],
            },
            schema_overrides={"entry": pl.String},
        )

    @property
    def headline(self) -> str:
        """What was added, in a sentence."""
        if self.entry is None:
            return _("The table has no rows. Nobody was added to the suppression list.")
        counts = [
            ngettext("{count:,} customer key", "{count:,} customer keys", self.customers),
            *(
                _("{count:,} {plural}", count=self.identifiers.get(it.name, 0), plural=it.plural)
                for it in identifier_types()
            ),
        ]
        added = _(
            "Entry {entry} of the suppression list: {added} of {rows:,} rows.",
            entry=self.entry,
            added=all_of(counts),
            rows=self.rows,
        )
        unusable = ngettext("{count:,} row can't be used.", "{count:,} rows can't be used.", self.unusable_rows)
        return sentences([added, unusable if self.unusable_rows else ""])

    def __repr__(self) -> str:
        return f"{self.headline}\n{text_table(self.unusable)}" if self.unusable_rows else self.headline

    def _repr_html_(self) -> str:
        shown = self.unusable if self.unusable_rows else self.frame.drop("entry")
        return html_table(shown, title=_("Suppressed"), subtitle=self.headline)


def read_people(
    people: pl.DataFrame | pl.LazyFrame | str | Path,
    columns: Mapping[IdentifierType, str],
    *,
    customer_column: str | None,
) -> People:
    """Read the people of a table, or of what lies at a location, by the columns of identifiers, and that of keys.

    Raises:
        ConfigurationError: No column is named, or a frame lacks one.
        ToolkitError: The table can't be read, or lacks a column.
    """
    named = {it.name: column for it, column in columns.items()}
    if customer_column is not None:
        named[_CUSTOMER] = customer_column
    if not named:
        options = [f"{_CUSTOMER}_column", *(it.column_option for it in identifier_types())]
        raise ConfigurationError(
            _("No column was named."), _("Pass one or several of {options}.", options=", ".join(options))
        )
    texts = _texts(people, named)
    checked = _checked(texts, list(named), list(columns))
    is_unusable = pl.any_horizontal(pl.col(f"why {field}").is_not_null() for field in named)
    bad = checked.filter(is_unusable)
    return People(
        _suppression(checked, list(named), list(columns)),
        rows=checked.height,
        unusable_rows=bad.height,
        unusable=_shown(bad.head(_MOST_SHOWN), named),
        keys=_usable(checked, _CUSTOMER) if _CUSTOMER in named else pl.Series(dtype=pl.String),
    )


def require_usable(people: People, *, skip_unusable: bool) -> None:
    """Raise UnusableRowsError when rows would be dropped and nobody said that they may, or when all would be."""
    if not people.unusable_rows or (skip_unusable and not people.suppression.is_empty):
        return
    # A frame keeps the English of a text alone.
    texts = {str(it): it for it in (_BLANK, _BLANKS_AROUND_KEY, *(_is_no(it) for it in identifier_types()))}
    examples = sentences(
        (
            _(
                "row {row:,}, column {column!r}: {value}, {why}",
                row=row,
                column=column,
                value=value,
                why=texts.get(why, why),
            )
            for row, column, value, why in people.unusable.head(_MOST_NAMED).iter_rows()
        ),
        between="; ",
    )
    raise UnusableRowsError(
        _(
            "{unusable_rows:,} of {rows:,} rows can't be used: {examples}. Nobody was added to the suppression list.",
            unusable_rows=people.unusable_rows,
            rows=people.rows,
            examples=examples,
        ),
        (
            _("Correct the rows, or pass skip_unusable=True to add the people of the others.")
            if not people.suppression.is_empty
            else _("See that the right columns are named, and that they hold what their names say.")
        ),
    )


def require_keys_as_in_profiles(people: People, folder: WorkspaceFolder) -> None:
    """Raise ConfigurationError when a key is that of no profile, but nearly: it would keep nobody out."""
    if people.keys.is_empty():
        return
    try:
        rules = [*folder.profiles.key_normalization, *folder.segments.key_normalization]
        near = find_nearly_in_profiles(people.keys, folder.profiles, rules)
    except ToolkitError:
        # Who asks not to be sent is kept out also while the profiles can't be read.
        return
    if near.is_empty():
        return
    examples = all_of(
        _("{given!r} for {profile!r}", given=redacted(given), profile=redacted(profile))
        for given, profile in near.head(_MOST_NAMED).iter_rows()
    )
    raise ConfigurationError(
        ngettext(
            "{count:,} customer key is that of no profile, but nearly: {examples}. "
            "Nobody was added to the suppression list.",
            "{count:,} customer keys are those of no profile, but nearly: {examples}. "
            "Nobody was added to the suppression list.",
            near.height,
            examples=examples,
        ),
        _("Write them as the profiles do; or pass skip_unusable=True to add them as they are."),
    )


def _texts(people: pl.DataFrame | pl.LazyFrame | str | Path, named: Mapping[str, str]) -> pl.DataFrame:
    """Return the columns as text, called by what they hold, and the number of each row."""
    chosen = [pl.col(column).cast(pl.String).alias(field) for field, column in named.items()]
    if isinstance(people, pl.DataFrame | pl.LazyFrame):
        there = people.lazy().collect_schema().names()
        for column in named.values():
            if column not in there:
                raise unknown_name(mark("column"), column, there)
        return people.lazy().select(chosen).collect(engine="streaming").with_row_index("row", 1)
    location = str(people)
    secret = secret_in(location)
    if secret:
        # It would be told with whatever goes wrong at the location.
        raise ConfigurationError(
            _("The location of the {what} holds {secret}.", what=_WHAT, secret=secret),
            _(
                "Leave it out and put it in the environment: AZURE_STORAGE_SAS_TOKEN, "
                "AZURE_STORAGE_ACCOUNT_KEY, AWS_SECRET_ACCESS_KEY or GOOGLE_APPLICATION_CREDENTIALS."
            ),
        )
    location = location if is_remote(location) else str(Path(location).expanduser().resolve())
    with translate_errors(_WHAT, location):
        storage = storage_of(location)
    files = find_files(_WHAT, location, declared=None, storage=storage)
    first, *others = dict.fromkeys(named.values())
    table = Table.look(files, key=first, key_as_text=False, columns=others)
    with blame_table(table):
        return table.scan().select(chosen).collect(engine="streaming").with_row_index("row", 1)


def _checked(texts: pl.DataFrame, fields: Sequence[str], types: Sequence[IdentifierType]) -> pl.DataFrame:
    """Normalize the fields, and add why each can't be used, in a column ``why …``."""
    rows = texts.lazy().with_columns(pl.col(it).alias(f"given {it}") for it in fields)
    why = {_CUSTOMER: _BLANKS_AROUND_KEY}
    usable = {_CUSTOMER: pl.col(_CUSTOMER) == pl.col(_CUSTOMER).str.strip_chars()}
    for it in types:
        rows = it.normalize_columns(rows, [it.name])
        is_one = it.is_known_by(nw.col(it.name)).alias(f"usable {it.name}")
        rows = nw.from_native(rows).with_columns(is_one).to_native()
        usable[it.name] = pl.col(f"usable {it.name}")
        why[it.name] = _is_no(it)
    rows = rows.with_columns(usable[it].fill_null(False).alias(f"usable {it}") for it in fields)
    filled = {it: (pl.col(it).str.strip_chars() != "").fill_null(False) for it in fields}
    is_blank = ~pl.any_horizontal(filled.values())
    return rows.with_columns(
        pl.when(is_blank & pl.lit(it == fields[0]))
        .then(pl.lit(_BLANK))
        .when(filled[it] & ~pl.col(f"usable {it}"))
        .then(pl.lit(why[it]))
        .alias(f"why {it}")
        for it in fields
    ).collect(engine="streaming")


def _is_no(identifier_type: IdentifierType) -> Text:
    return _("this is not {noun}, nor the hash of one", noun=identifier_type.noun)


def _suppression(checked: pl.DataFrame, fields: Sequence[str], types: Sequence[IdentifierType]) -> Suppression:
    usable = {it: _usable(checked, it) for it in fields}
    people = Suppression.of_customers(usable[_CUSTOMER]) if _CUSTOMER in usable else Suppression.nobody()
    for it in types:
        people += Suppression.of_identifiers(it, usable[it.name])
    return people


def _usable(checked: pl.DataFrame, field: str) -> pl.Series:
    return checked.filter(pl.col(f"usable {field}") & (pl.col(field) != ""))[field]


def _shown(bad: pl.DataFrame, named: Mapping[str, str]) -> pl.DataFrame:
    rows = [
        (row["row"], column, masked_field(row[f"given {field}"] or ""), row[f"why {field}"])
        for row in bad.iter_rows(named=True)
        for field, column in named.items()
        if row[f"why {field}"] is not None
    ]
    schema = {"row": pl.Int64, "column": pl.String, "value": pl.String, "why": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").head(_MOST_SHOWN)
