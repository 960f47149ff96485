"""Catalogs of segments: a folder of them, or one table of memberships."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import unquote

import polars as pl

from toolkit.errors import ConfigurationError, DataError
from toolkit.names import unknown_name
from toolkit.show import html_table, text_table
from toolkit.tables.inputs import InputFile, input_files
from toolkit.tables.location import Place, find, format_of, is_remote, stem_of
from toolkit.tables.profiles import Profiles
from toolkit.tables.reading import reading
from toolkit.tables.source import Source, key_expression, require_columns, scan, schema_of


class SegmentFolder(Source):
    """A folder with one file, or one folder of part files, a segment.

    The name of a segment is the file's name without its ending, or the folder's name. Characters that a file's name
    can't hold are written as in a URL: ``A%2FB.parquet`` is the segment ``A/B``.
    """

    what: ClassVar[str] = "segments"
    kind: Literal["folder"] = "folder"

    def names(self) -> list[str]:
        """Return the names of the segments."""
        return sorted(self._places, key=lambda name: (name.casefold(), name))

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Return ``segment`` and the key, a row a membership, of these segments."""
        kind = pl.Enum(list(names))
        return pl.concat(
            [
                scan(self._place(name)).select(pl.lit(name, kind).alias("segment"), self._key(self._place(name)))
                for name in names
            ]
        )

    def summary(self) -> pl.DataFrame:
        """Return a row a segment: its rows, when it changed, where it lies."""
        return _summary({name: self._place(name) for name in self.names()})

    def inputs(self, names: Sequence[str] | None = None) -> list[InputFile]:
        """Return the files of these segments."""
        return [file for name in names or self.names() for file in input_files(self._place(name))]

    @cached_property
    def _places(self) -> dict[str, Path]:
        folder = Path(self.location)
        if is_remote(self.location):
            raise ConfigurationError(
                f"The segments at {self.location} are not listed: a folder of segments must lie on this machine.",
                "Use SegmentTable for one membership table in the cloud, or bring the folder here.",
            )
        if not folder.is_dir():
            raise ConfigurationError(
                f"There is no folder {folder}, where the segments should lie.", "Correct the location."
            )
        entries = [
            it
            for it in sorted(folder.iterdir())
            if not it.name.startswith(("_", ".")) and (it.is_dir() or format_of(it.name) or self.format)
        ]
        return {unquote(it.name if it.is_dir() else stem_of(it.name)): it for it in entries}

    def _place(self, name: str) -> Place:
        if name not in self._places:
            raise unknown_name("segment", name, self._places)
        return find(str(self._places[name]), table=f"segment {name!r}", declared=self.format)

    def _key(self, place: Place) -> pl.Expr:
        schema = schema_of(_at(self, place), place)
        require_columns(schema, [self.key], table=self.what, location=place.location)
        return key_expression(schema, self.key, as_text=self.key_as_text, table=self.what, location=place.location)

    def damaged_file(self) -> str | None:
        """Return a file that cannot be read by itself, None when each can."""
        found = (_at(self, self._place(name)).damaged_file() for name in self.names())
        return next((it for it in found if it), None)

    def differing_file(self) -> str | None:
        """Return in words how two part files of a segment differ, None when none do."""
        found = (_at(self, self._place(name)).differing_file() for name in self.names())
        return next((it for it in found if it), None)

    def __repr__(self) -> str:
        return f"Segments at {self.location}, key {self.key!r}\n{text_table(self.summary().drop('location'))}"

    def _repr_html_(self) -> str:
        return html_table(self.summary().drop("location"), title="Segments", subtitle=self.location)


class SegmentTable(Source):
    """One table of memberships: a column that names the segment, and the customer's key."""

    what: ClassVar[str] = "segment memberships"
    kind: Literal["table"] = "table"

    segment: str
    """The column that names the segment."""

    def names(self) -> list[str]:
        """Return the names of the segments."""
        with reading(self):
            found = self._memberships().select("segment").unique().collect(engine="streaming")
        return sorted(found["segment"].drop_nulls(), key=lambda name: (name.casefold(), name))

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Return ``segment`` and the key, a row a membership, of these segments."""
        known = self.names()
        for name in names:
            if name not in known:
                raise unknown_name("segment", name, known)
        chosen = self._memberships().filter(pl.col("segment").is_in(list(names)))
        return chosen.with_columns(pl.col("segment").cast(pl.Enum(list(names))))

    def summary(self) -> pl.DataFrame:
        """Return a row a segment: its rows, when the table changed, where it lies."""
        with reading(self):
            rows = self._memberships().group_by("segment").len("rows").collect(engine="streaming")
        changed = max((it.modified_at for it in self.inputs() if it.modified_at), default=None)
        named = rows.drop_nulls("segment").sort(pl.col("segment").str.to_lowercase(), "segment")
        return named.select(
            "segment",
            pl.col("rows").cast(pl.Int64),
            changed_at=pl.lit(changed, pl.Datetime("us", "UTC")),
            location=pl.lit(self.location),
        )

    def _memberships(self) -> pl.LazyFrame:
        schema = schema_of(self, self.place)
        require_columns(schema, [self.segment, self.key], table=self.what, location=self.location)
        key = key_expression(schema, self.key, as_text=self.key_as_text, table=self.what, location=self.location)
        return scan(self.place).select(pl.col(self.segment).cast(pl.String).alias("segment"), key)

    def __repr__(self) -> str:
        return f"Segments at {self.location}, key {self.key!r}\n{text_table(self.summary().drop('location'))}"

    def _repr_html_(self) -> str:
        return html_table(self.summary().drop("location"), title="Segments", subtitle=self.location)


def require_same_keys(profiles: Profiles, members: pl.LazyFrame, catalog: SegmentFolder | SegmentTable) -> None:
    """Raise DataError when one table's key is text and the other's a number: they would never meet."""
    ours = profiles.scan([]).collect_schema()[profiles.key]
    theirs = members.collect_schema()[catalog.key]
    if ours != theirs:
        number, table = ("profiles", "Profiles") if ours == pl.Int64 else ("segments", type(catalog).__name__)
        raise DataError(
            f"The keys cannot be matched: column {profiles.key!r} of the profiles is {_said(ours)}, and column "
            f"{catalog.key!r} of the segments is {_said(theirs)}.",
            f"Read the {number} with {table}(…, key_as_text=True), if 7 and '7' are the same customer.",
        )


def _said(dtype: pl.DataType) -> str:
    return "text" if dtype == pl.String else "a number"


def _at(source: Source, place: Place) -> Source:
    """Return a source of one of its places, so that errors name that."""

    class _Part(Source):
        what: ClassVar[str] = f"segment {unquote(stem_of(Path(place.location).name))!r}"

    return _Part(location=place.location, key=source.key, format=source.format)


def _summary(places: dict[str, Place]) -> pl.DataFrame:
    rows = []
    for name, place in places.items():
        files = input_files(place)
        counted = [it.rows for it in files]
        total = sum(filter(None, counted)) if None not in counted else scan(place).select(pl.len()).collect().item()
        changed = max((it.modified_at for it in files if it.modified_at), default=None)
        rows.append({"segment": name, "rows": total, "changed_at": changed, "location": place.location})
    return pl.DataFrame(
        rows,
        schema={"segment": pl.String, "rows": pl.Int64, "changed_at": pl.Datetime("us", "UTC"), "location": pl.String},
    )
