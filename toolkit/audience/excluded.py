"""Who is excluded: a person, not an identifier.

Whoever has a suppressed or excluded key or identifier is sent under none, and whoever shares an identifier with such a
person neither. This is a closure: it ends when no profile is met any more that shares something with one that is out.
Why it goes that far is in docs/decisions/18-a-person-is-excluded.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import narwhals as nw
import polars as pl

from toolkit.audience.suppression import Suppression
from toolkit.errors import DataError
from toolkit.identifiers import HASHES, HashFormat, IdentifierType, hashed, identifier_types
from toolkit.identifiers.hashing import may_be
from toolkit.sources.streaming import compact
from toolkit.translatable import _

MOST_STEPS = 100
"""So long a chain of people who share identifiers is a fault of the data."""


class SuppressedBy(StrEnum):
    """By what a member is suppressed; the first of these that holds.

    Examples:
        >>> some = workspace.segments["High value"].members.head(3)
        >>> entry = workspace.suppressions.add(some, customer_column="customer")
        >>> preview = workspace.preview("High value", email_column="EMail")
        >>> preview.suppressed_by.filter(suppressed_by=toolkit.SuppressedBy.CUSTOMER_KEY)["members"].to_list()
        [3]
    """

    CUSTOMER_KEY = "customer key"
    """The key is on the suppression list."""
    IDENTIFIER = "identifier"
    """An identifier of the profile is on the suppression list."""
    EXCLUDED_SEGMENT = "excluded segment"
    """The customer is in a segment that the export excludes."""
    SHARED_IDENTIFIER = "shared identifier"
    """The profile shares an identifier with somebody who is suppressed."""


BY_TYPE = pl.Enum([it.value for it in SuppressedBy])
_RANK = {it: rank for rank, it in enumerate(SuppressedBy)}
_BY = {rank: it.value for it, rank in _RANK.items()}
_RANK_TYPE = pl.UInt8


class IdentityColumn(NamedTuple):
    """A profile column by whose values people are known."""

    name: str
    identifier_type: IdentifierType
    separator: str = ""
    """What stands between several identifiers in one field; empty when a field of text holds one."""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others: the same column may be read in two ways."""
        return (self.name, self.identifier_type.name, *self.identifier_type.configuration, self.separator)


def is_list(dtype: pl.DataType) -> bool:
    """Tell whether a column holds lists of text, so that a person may have several identifiers in it."""
    return isinstance(dtype, pl.List | pl.Array) and dtype.inner in (pl.String, pl.Null, pl.Categorical)


def as_texts(column: IdentityColumn, dtype: pl.DataType) -> pl.Expr:
    """Return what a column holds as text, or as lists of it, none of them null, where it may hold several."""
    value = pl.col(column.name)
    if is_list(dtype):
        lists = value.arr.to_list() if isinstance(dtype, pl.Array) else value
        return lists.cast(pl.List(pl.String)).fill_null(pl.lit([], pl.List(pl.String)))
    text = value.cast(pl.String)
    if not column.separator:
        return text
    return text.str.split(column.separator).fill_null(pl.lit([], pl.List(pl.String)))


@dataclass(frozen=True, eq=False)
class Excluded:
    """The profiles that are sent under no identifier.

    ``customers`` has a row a profile: ``customer`` (the key) and ``suppressed_by``. ``identifiers`` has ``customer``,
    ``identifier_type`` (its name) and ``value`` of what these profiles hold, as it is before it is hashed: it is for
    the memory only.
    """

    customers: pl.DataFrame
    identifiers: pl.DataFrame
    addresses: pl.DataFrame | None = None
    """Where members have to be compared by the address that they are sent by: ``known_as`` (its SHA-256, or the hash
    that the profile holds) and ``suppressed_by``."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody is excluded."""
        return self.customers.is_empty() and (self.addresses is None or self.addresses.is_empty())

    @classmethod
    def nobody(cls, key_type: pl.DataType) -> "Excluded":
        """Nobody is excluded."""
        return cls(
            pl.DataFrame(schema={"customer": key_type, "suppressed_by": BY_TYPE}),
            pl.DataFrame(schema={"customer": key_type, "identifier_type": pl.String, "value": pl.String}),
        )


def find_excluded(
    profiles: pl.LazyFrame,
    *,
    profile_key: str,
    columns: Sequence[IdentityColumn],
    suppression: Suppression,
    members: pl.Series | None = None,
    most_steps: int | None = None,
) -> Excluded:
    """Find all profiles that are excluded, in as many passes over the profiles as people are linked to one another.

    Args:
        profiles: The profile table, with the key and the columns.
        profile_key: The column with the key.
        columns: The columns by whose values people are known.
        suppression: The suppression list.
        members: The keys of members of excluded segments, of the same type as those of the profiles.
        most_steps: End after so many passes: 1 finds those who are named, and nobody who shares with them.

    Raises:
        DataError: The people are linked in a chain of more than a hundred steps.
    """
    key_type = profiles.select(profile_key).collect_schema()[profile_key]
    wanted = _Wanted.named(suppression, members, key_type)
    fields = _fields(profiles, profile_key, columns)
    found = _NOTHING_FOUND.with_columns(pl.col("customer").cast(key_type))
    known = {it: pl.Series("value", [], dtype=pl.String) for it in identifier_types()}
    ranked, identifiers = found.select("customer", "rank"), found.select("customer", "identifier_type", "value")
    steps = 0
    while not wanted.is_empty:
        if steps == MOST_STEPS:
            raise _too_long(columns)
        steps += 1
        met = _met(fields, columns, wanted)
        new = met.join(ranked, on="customer", how="anti")
        ranked = pl.concat([ranked, new.select("customer", "rank").unique("customer")])
        theirs = _identifiers(new, columns)
        identifiers = pl.concat([identifiers, theirs])
        if steps == most_steps:
            break
        wanted, known = _Wanted.sharing(_not_named(theirs, suppression) if steps == 1 else theirs, known)
    by = pl.col("rank").replace_strict(_BY, return_dtype=BY_TYPE).alias("suppressed_by")
    return Excluded(ranked.select("customer", by), identifiers.unique())


def find_excluded_by_identifier(
    profiles: pl.LazyFrame,
    *,
    profile_key: str,
    column: IdentityColumn,
    suppression: Suppression,
    members: pl.Series | None = None,
) -> Excluded | None:
    """Find who is excluded where people are known by one column alone, without a look at all that it holds.

    Members who share an identifier with one who is out can be met by the identifier itself, when they are prepared, as
    long as each that is out is known in all forms. Returns None when one is not: then all have to be looked at.
    The arguments are those of ``find_excluded``.
    """
    kind = column.identifier_type
    has_spellings = any(len(kind.hashed_anywhere("value", it)) > 1 for it in kind.hashes)
    if has_spellings or not suppression.is_complete(kind):
        return None
    keys = suppression.without_identifiers(kind)
    found = find_excluded(
        profiles, profile_key=profile_key, columns=[column], suppression=keys, members=members, most_steps=1
    )
    theirs = found.identifiers.select("value").unique()
    if theirs.select(pl.any_horizontal(may_be(it, "value") for it in kind.hashes).any()).item():
        return None
    named = suppression.hashes(kind).alias("known_as")
    shared = pl.concat(theirs.select(kind.hashed("value", it).alias("known_as"))["known_as"] for it in kind.hashes)
    ranked = pl.concat([_ranked(named, SuppressedBy.IDENTIFIER), _ranked(shared, SuppressedBy.SHARED_IDENTIFIER)])
    by = pl.col("rank").min().replace_strict(_BY, return_dtype=BY_TYPE).alias("suppressed_by")
    return Excluded(found.customers, found.identifiers, ranked.group_by("known_as").agg(by))


class _Wanted(NamedTuple):
    """What a pass over the profiles looks for; each frame has the ``rank`` of the reason beside the value."""

    keys: pl.DataFrame
    key_hashes: pl.DataFrame
    texts: dict[IdentifierType, pl.DataFrame]
    """``value``: fields as they are, normalised."""
    hashes: dict[IdentifierType, dict[HashFormat, pl.DataFrame]]
    """``value``: the hashes of fields, by form."""

    @classmethod
    def named(cls, suppression: Suppression, members: pl.Series | None, key_type: pl.DataType) -> "_Wanted":
        """Look for those whom the suppression list names, and for the members of excluded segments."""
        on_list = _typed(suppression.customers, key_type)
        excluded = on_list.clear() if members is None else members.drop_nulls().unique().alias("customer")
        keys = pl.concat(
            [_ranked(on_list, SuppressedBy.CUSTOMER_KEY), _ranked(excluded, SuppressedBy.EXCLUDED_SEGMENT)]
        )
        by = SuppressedBy.IDENTIFIER
        kinds = identifier_types()
        return cls(
            keys.group_by("customer").agg(pl.col("rank").min()),
            _ranked(suppression.customer_hashes.alias("value"), SuppressedBy.CUSTOMER_KEY),
            # What is sent as it is may stand on the list in the form in which it is.
            {it: _ranked(suppression.hashes(it).alias("value"), by) for it in kinds if it.prehashed},
            {
                it: {form: _ranked(its.alias("value"), by) for form, its in suppression.by_form(it).items()}
                for it in kinds
            },
        )

    @classmethod
    def sharing(
        cls, identifiers: pl.DataFrame, known: dict[IdentifierType, pl.Series]
    ) -> "tuple[_Wanted, dict[IdentifierType, pl.Series]]":
        """Look for those who have one of these identifiers, unless they were looked for before."""
        nobody = cls.named(Suppression.nobody(), None, identifiers.schema["customer"])
        texts: dict[IdentifierType, pl.DataFrame] = {}
        hashes: dict[IdentifierType, dict[HashFormat, pl.DataFrame]] = {}
        for kind, before in known.items():
            new = identifiers.filter(identifier_type=kind.name).select("value").unique()
            new = new.join(before.to_frame(), on="value", how="anti")
            known = {**known, kind: pl.concat([before, new["value"]])}
            values, hashes[kind] = _in_all_forms(new, kind)
            texts[kind] = _ranked(values, SuppressedBy.SHARED_IDENTIFIER)
        return nobody._replace(texts=texts, hashes=hashes), known

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing left to look for."""
        forms = [it for by_form in self.hashes.values() for it in by_form.values()]
        return all(it.is_empty() for it in (self.keys, self.key_hashes, *self.texts.values(), *forms))

    @property
    def is_of_keys(self) -> bool:
        """Whether keys alone are looked for, so that no identifier has to be normalised."""
        return self._replace(keys=self.keys.clear()).is_empty


def _in_all_forms(identifiers: pl.DataFrame, kind: IdentifierType) -> tuple[pl.Series, dict[HashFormat, pl.DataFrame]]:
    """Return what a field may hold that is one of these, and the hashes of what it may be."""
    forms = [it for it in HASHES if it in kind.prehashed]
    found = {it: identifiers.filter(may_be(it, "value"))["value"] for it in forms}
    is_hash = pl.any_horizontal(may_be(it, "value") for it in forms) if forms else pl.lit(False)
    plain = identifiers.filter(~is_hash)
    known = (its for it in forms for its in kind.hashed_anywhere("value", it))
    texts = [identifiers["value"], *(plain.select(its.alias("value"))["value"] for its in known)]
    if HashFormat.MD5 in found and HashFormat.SHA256_OF_MD5 in found:
        short = found[HashFormat.MD5].to_frame()
        texts.append(short.select(hashed("value", HashFormat.SHA256).alias("value"))["value"])
    read_as = {form: _ranked(it, SuppressedBy.SHARED_IDENTIFIER) for form, it in found.items()}
    return pl.concat(texts).unique(), read_as


@dataclass(frozen=True)
class _Fields:
    """What is held in the columns by which people are known: ``customer``, and ``field 0`` and so on."""

    frame: pl.LazyFrame
    has_rows_each: bool
    """Whether a profile has a row for each identifier, of which one does not tell of the others."""


def _fields(profiles: pl.LazyFrame, profile_key: str, columns: Sequence[IdentityColumn]) -> _Fields:
    schema = profiles.select(list(dict.fromkeys(it.name for it in columns))).collect_schema()
    held = [as_texts(it, schema[it.name]) for it in columns]
    may_be_several = [bool(it.separator) or is_list(schema[it.name]) for it in columns]
    key, nothing = pl.col(profile_key).alias("customer"), pl.lit(None, pl.String)

    def rows(shown: Sequence[bool]) -> pl.LazyFrame:
        fields = ((held[number] if it else nothing).alias(_field(number)) for number, it in enumerate(shown))
        return profiles.select(key, *fields)

    parts = [rows([not it for it in may_be_several])]
    for number, it in enumerate(may_be_several):
        if it:
            # A part each: to part two lists of one profile at once would pair all of one with all of the other.
            its = rows([other == number for other in range(len(columns))])
            parts.append(its.explode(_field(number)).filter(pl.col(_field(number)).is_not_null()))
    return _Fields(pl.concat(parts), has_rows_each=len(parts) > 1)


def _met(fields: _Fields, columns: Sequence[IdentityColumn], wanted: _Wanted) -> pl.DataFrame:
    """Return ``customer``, ``rank`` and the normalised fields of the profiles that are looked for."""
    met = _rows_met(fields.frame, columns, wanted)
    if not fields.has_rows_each:
        return met.unique("customer")
    # Who is met by one identifier is known by all others too.
    people = met.group_by("customer").agg(pl.col("rank").min())
    every = _normalised(fields.frame.join(people.lazy(), on="customer", how="inner"), columns)
    return compact(every).collect(engine="streaming")


def _rows_met(fields: pl.LazyFrame, columns: Sequence[IdentityColumn], wanted: _Wanted) -> pl.DataFrame:
    """Return the rows that are looked for, with the ``rank`` of the reason."""
    if wanted.is_of_keys:
        rows = _normalised(fields.join(wanted.keys.lazy(), on="customer", how="inner"), columns)
        return compact(rows).collect(engine="streaming")
    rows = _normalised(fields, columns)
    ranks: list[str] = []

    def compare(rows: pl.LazyFrame, on: pl.Expr, values: pl.DataFrame) -> pl.LazyFrame:
        if values.is_empty():
            return rows
        rank = f"rank {len(ranks)}"
        ranks.append(rank)
        right = values.lazy().rename({values.columns[0]: "compared", "rank": rank})
        return rows.with_columns(compared=on).join(right, on="compared", how="left").drop("compared")

    rows = compare(rows, pl.col("customer"), wanted.keys)
    if not wanted.key_hashes.is_empty():
        text = rows.with_columns(key=pl.col("customer").cast(pl.String))
        rows = compare(text, hashed("key", HashFormat.SHA256), wanted.key_hashes).drop("key")
    for number, kind in enumerate(it.identifier_type for it in columns):
        name = _field(number)
        if kind in wanted.texts:
            rows = compare(rows, pl.col(name), wanted.texts[kind])
        for form, values in wanted.hashes.get(kind, {}).items():
            for known in kind.hashed_anywhere(name, form):
                rows = compare(rows, known, values)
    rank = pl.min_horizontal(ranks) if ranks else pl.lit(None, _RANK_TYPE)
    found = rows.with_columns(rank=rank).drop(ranks).filter(pl.col("rank").is_not_null())
    return compact(found).collect(engine="streaming")


def _normalised(fields: pl.LazyFrame, columns: Sequence[IdentityColumn]) -> pl.LazyFrame:
    for number, it in enumerate(columns):
        fields = it.identifier_type.normalize_columns(fields, [_field(number)])
    return fields


def _identifiers(rows: pl.DataFrame, columns: Sequence[IdentityColumn]) -> pl.DataFrame:
    """Return ``customer``, ``kind`` and ``value`` of the fields that are identifiers; the word 'none' links nobody."""
    parts = [_NOTHING_FOUND.with_columns(pl.col("customer").cast(rows.schema["customer"])).drop("rank")]
    value = nw.col("value")
    for number, kind in enumerate(it.identifier_type for it in columns):
        theirs = rows.select(
            "customer", pl.lit(kind.name).alias("identifier_type"), pl.col(_field(number)).alias("value")
        )
        is_one = kind.is_usable(value) & ~kind.placeholders().names_nobody(value)
        parts.append(nw.from_native(theirs.drop_nulls()).filter(is_one).to_native())
    return pl.concat(parts).unique()


def _not_named(identifiers: pl.DataFrame, suppression: Suppression) -> pl.DataFrame:
    """Leave out what the suppression list names in every form: who has that was met by it already."""
    named = [
        suppression.complete(it).select(identifier_type=pl.lit(it.name), hash=HashFormat.SHA256.value)
        for it in identifier_types()
    ]
    parts = (
        identifiers.filter(identifier_type=it.name).with_columns(hash=it.hashed("value", HashFormat.SHA256))
        for it in identifier_types()
    )
    return pl.concat(parts).join(pl.concat(named).unique(), on=["identifier_type", "hash"], how="anti").drop("hash")


def _field(number: int) -> str:
    return f"field {number}"


def _ranked(values: pl.Series, by: SuppressedBy) -> pl.DataFrame:
    return values.to_frame().with_columns(rank=pl.lit(_RANK[by], _RANK_TYPE))


def _typed(keys: pl.Series, key_type: pl.DataType) -> pl.Series:
    """Return those keys that are keys of this type, written just so: ``007`` is not the number 7."""
    typed = keys.to_frame("text").with_columns(pl.col("text").cast(key_type, strict=False).alias("customer"))
    return typed.filter(pl.col("customer").cast(pl.String) == pl.col("text"))["customer"]


_NOTHING_FOUND = pl.DataFrame(
    schema={"customer": pl.String, "identifier_type": pl.String, "value": pl.String, "rank": _RANK_TYPE}
)


def _too_long(columns: Sequence[IdentityColumn]) -> DataError:
    named = ", ".join(repr(it.name) for it in columns)
    return DataError(
        _(
            "Customers who are suppressed share identifiers with others, and these with others, over more "
            "than {most_steps} steps, so that nobody can say where a person ends.",
            most_steps=MOST_STEPS,
        ),
        _(
            "Look for values that stand for nobody in the profile columns {named}, such as an address of "
            "the shop itself.",
            named=named,
        ),
    )
