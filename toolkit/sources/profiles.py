"""The table of unified customer profiles."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import polars as pl

from toolkit.display import html_table, text_table
from toolkit.errors import BusyError, DataError, ToolkitError
from toolkit.redaction import redacted
from toolkit.sources.fault_finding import blame_table
from toolkit.sources.source import Source
from toolkit.sources.table import Table, require_columns
from toolkit.translatable import _, ngettext

_FILE = "file of the table"
_MOST_EXAMPLES = 3


class Profiles(Source):
    """Where the profiles are, and the name of their key column. The table has one row for each customer.

    It stores nothing of the table: each call looks again.

    Raises:
        ConfigurationError: An option is wrong, or the location holds a secret, which belongs in the environment.

    Examples:
        >>> profiles = toolkit.Profiles(location="data/day1/profiles", key="CustomerId")
        >>> profiles.columns[:2]
        ['CustomerId', 'FirstName']
        >>> profiles.scan(["Country"]).collect().columns
        ['CustomerId', 'Country']
    """

    what: ClassVar[str] = _("profiles")
    kind: Literal["profiles"] = "profiles"

    @property
    def schema_(self) -> pl.Schema:
        """The columns and their types, as they are now.

        Raises:
            ConfigurationError: There is no table at the location.
            DataError: The table can't be read.
        """
        return self._files().schema()

    @property
    def columns(self) -> list[str]:
        """The names of the columns, as they are now."""
        return self.schema_.names()

    def look(self, columns: Sequence[str] = ()) -> Table:
        """Open the table, and check that its columns are there.

        Args:
            columns: Columns that must be there, besides the key.

        Returns:
            The table, ready to be scanned.

        Raises:
            ConfigurationError: There is no table at the location.
            DataError: The key or one of the columns is missing, or the table can't be read.
        """
        return Table.look(self._files(), key=self.key, key_as_text=self.key_as_text, columns=columns)

    def look_at_all(self) -> tuple[Table, dict[str, str]]:
        """Open the table with all columns that can be read.

        Returns:
            The table with its readable columns, and the types of the other columns, by name.

        Raises:
            DataError: The key is missing, or no column can be read.
        """
        files = self._files()
        schema, types = files.schema(), files.unreadable()
        unreadable = {name: types.get(name, "unknown") for name, dtype in schema.items() if dtype == pl.Unknown}
        require_columns(schema, [self.key], files=files)
        columns = [name for name in schema if name not in unreadable]
        if not columns:
            raise DataError(
                _("No column of the profiles at {location} has a type that can be read.", location=self.location),
                _("Have the table written with common types, such as text and whole numbers."),
            )
        key = self.key if self.key not in unreadable else columns[0]
        table = Table.look(files, key=key, key_as_text=False, columns=columns, is_matched=False)
        return table.only(columns), unreadable

    def scan(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Scan the key and some columns.

        Args:
            columns: The columns to read, besides the key.

        Returns:
            A lazy frame with a row for each customer: the key, then the columns.

        Raises:
            ConfigurationError: There is no table at the location.
            DataError: The key or one of the columns is missing, or the table can't be read.
        """
        return self.look(columns).scan()

    def check_keys(self) -> None:
        """Check that each row has a key, and that no two rows have the same. This reads the whole key column.

        Raises:
            DataError: A key is null, or there more than once.

        Examples:
            >>> toolkit.Profiles(location="data/day1/profiles", key="CustomerId").check_keys()
        """
        table = self.look()
        with blame_table(table):
            repeated = (
                table.scan()
                .select(pl.col(self.key).alias("key"))
                .group_by("key")
                .agg(rows=pl.len())
                .filter((pl.col("rows") > 1) | pl.col("key").is_null())
                .collect(engine="streaming")["key"]
            )
        if len(repeated):
            raise self.key_error(repeated.drop_nulls())

    def key_error(self, keys: pl.Series) -> ToolkitError:
        """Return the error for keys that are repeated or null, with the files that hold them.

        Args:
            keys: The repeated keys; an empty series for keys that are null.

        Returns:
            A DataError, or a BusyError when the table no longer holds these keys, because it changed meanwhile.
        """
        where = pl.col(self.key).is_in(keys.implode()) if len(keys) else pl.col(self.key).is_null()
        table = self.look()
        if len(keys):
            table = table.choose_by(self.key, keys)
        with blame_table(table):
            found = _with_files(table).filter(where).group_by(_FILE).agg(rows=pl.len()).sort(_FILE).collect()
        if found.is_empty():
            return BusyError(
                _("The profiles at {location} changed while they were read.", location=self.location),
                _("Whatever writes the table may be at work: run again when it is done."),
            )
        files = ", ".join(f"{file} ({rows:,} rows)" for file, rows in found.head(_MOST_EXAMPLES).iter_rows())
        if len(keys):
            examples = ", ".join(repr(redacted(key)) for key in keys.sort().head(_MOST_EXAMPLES))
            return DataError(
                ngettext(
                    "In the profiles, {count:,} value of the key column {key!r} is there more than once: {examples}, "
                    "in {files}.",
                    "In the profiles, {count:,} values of the key column {key!r} are there more than "
                    "once, such as {examples}: in {files}.",
                    len(keys),
                    key=self.key,
                    examples=examples,
                    files=files,
                ),
                _("A profile table has one row a customer: remove the repeated rows, or name another key column."),
            )
        return DataError(
            _("In the profiles, the key column {key!r} is null in {files}.", key=self.key, files=files),
            _("A profile without a key belongs to nobody: remove those rows, or name another key column."),
        )

    def __repr__(self) -> str:
        return f"Profiles at {self.location}, key {self.key!r}\n{text_table(self._table)}"

    def _repr_html_(self) -> str:
        return html_table(self._table, title="Profiles", subtitle=f"{self.location}, key {self.key}")

    @property
    def _table(self) -> pl.DataFrame:
        schema = self.schema_
        types = ["not readable" if it == pl.Unknown else str(it) for it in schema.dtypes()]
        return pl.DataFrame({"column": schema.names(), "type": types})


def _with_files(table: Table) -> pl.LazyFrame:
    return pl.concat(table.scan([part]).select(table.key, pl.lit(part.path).alias(_FILE)) for part in table.files.parts)
