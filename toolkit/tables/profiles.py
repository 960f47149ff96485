"""The table of unified customer profiles."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import polars as pl

from toolkit.errors import BusyError, DataError, ToolkitError
from toolkit.redaction import redacted
from toolkit.show import html_table, text_table
from toolkit.tables.reading import reading
from toolkit.tables.source import Source
from toolkit.tables.table import Table, require_columns

_FILE = "file of the table"
_MOST_EXAMPLES = 3


class Profiles(Source):
    """Where the profiles lie, and the name of their key column. One row a customer."""

    what: ClassVar[str] = "profiles"
    kind: Literal["profiles"] = "profiles"

    @property
    def schema_(self) -> pl.Schema:
        """The columns and their types, as they are now."""
        return self._files().schema()

    @property
    def columns(self) -> list[str]:
        """The names of the columns, as they are now."""
        return self.schema_.names()

    def look(self, columns: Sequence[str] = ()) -> Table:
        """Look at what lies there; raises DataError when the key or one of these columns is missing."""
        return Table.look(self._files(), key=self.key, key_as_text=self.key_as_text, columns=columns)

    def look_at_all(self) -> tuple[Table, dict[str, str]]:
        """Look at all columns that can be read, the key as any other; return of each other the type that it has."""
        files = self._files()
        schema, types = files.schema(), files.unreadable()
        unreadable = {name: types.get(name, "unknown") for name, dtype in schema.items() if dtype == pl.Unknown}
        require_columns(schema, [self.key], files=files)
        columns = [name for name in schema if name not in unreadable]
        if not columns:
            raise DataError(
                f"No column of the profiles at {self.location} has a type that can be read.",
                "Have the table written with common types, such as text and whole numbers.",
            )
        key = self.key if self.key not in unreadable else columns[0]
        table = Table.look(files, key=key, key_as_text=False, columns=columns, is_matched=False)
        return table.only(columns), unreadable

    def scan(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Return the key and these columns, lazily; raises DataError when one is missing."""
        return self.look(columns).scan()

    def check_keys(self) -> None:
        """Read the whole key column; raises DataError when a key is null or there twice."""
        table = self.look()
        with reading(table):
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
        """Return the error that tells where these keys are repeated or, when none are given, where a key is null."""
        where = pl.col(self.key).is_in(keys.implode()) if len(keys) else pl.col(self.key).is_null()
        table = self.look()
        with reading(table):
            found = _with_files(table).filter(where).group_by(_FILE).agg(rows=pl.len()).sort(_FILE).collect()
        if found.is_empty():
            return BusyError(
                f"The profiles at {self.location} changed while they were read.",
                "Whatever writes the table may be at work: run again when it is done.",
            )
        files = ", ".join(f"{file} ({rows:,} rows)" for file, rows in found.head(_MOST_EXAMPLES).iter_rows())
        if len(keys):
            examples = ", ".join(repr(redacted(key)) for key in keys.sort().head(_MOST_EXAMPLES))
            return DataError(
                f"In the profiles, {len(keys):,} values of the key column {self.key!r} are there more than once, "
                f"such as {examples}: in {files}.",
                "A profile table has one row a customer: remove the repeated rows, or name another key column.",
            )
        return DataError(
            f"In the profiles, the key column {self.key!r} is null in {files}.",
            "A profile without a key belongs to nobody: remove those rows, or name another key column.",
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
