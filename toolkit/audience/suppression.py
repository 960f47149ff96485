"""People who are never sent: by customer key, or by the hashes of an identifier."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.identifiers import HASHES, HashFormat, IdentifierType, hashed, identifier_type_named, identifier_types
from toolkit.identifiers.hashing import may_be
from toolkit.redaction import AT_SIGN

SCHEMA = pl.Schema(
    {
        "customer": pl.String(),
        "customer_sha256": pl.String(),
        "identifier_type": pl.String(),
        **{form.value: pl.String() for form in HASHES},
    }
)
HASH_COLUMNS = ("customer_sha256", *(form.value for form in HASHES))
"""The columns that hold hexadecimal digits and nothing else."""


@dataclass(frozen=True, eq=False)
class Suppression:
    """A row a key or identifier, null where not known.

    ``customer`` is a customer key, ``customer_sha256`` the hash of one that is an address itself; ``sha256``, ``md5``
    and ``sha256_of_md5`` are the hashes of an identifier of ``identifier_type``, as far as its type is known by them.
    """

    frame: pl.DataFrame

    @classmethod
    def nobody(cls) -> "Suppression":
        """Nobody is suppressed."""
        return cls(pl.DataFrame(schema=SCHEMA))

    @classmethod
    def of_customers(cls, keys: pl.Series) -> "Suppression":
        """Suppress customers by their keys; one that may be an identifier is held as hashes, as key and identifier."""
        known = keys.cast(pl.String).drop_nulls().unique().to_frame("customer")
        key = pl.col("customer")
        patterns = [AT_SIGN, *(it.in_keys for it in identifier_types() if it.in_keys is not None)]
        may_be_identifier = pl.any_horizontal(key.str.contains(it) for it in patterns)
        parts = [
            known.filter(~may_be_identifier),
            known.filter(may_be_identifier).select(customer_sha256=hashed("customer", HashFormat.SHA256)),
        ]
        people = cls(pl.concat([_completed(it) for it in parts]))
        as_written = known.with_columns(key.str.replace_all(AT_SIGN, "@"))
        for it in identifier_types():
            if it.in_keys is not None:
                people += cls.of_identifiers(it, as_written.filter(key.str.contains(it.in_keys))["customer"])
        return people

    @classmethod
    def of_identifiers(cls, identifier_type: IdentifierType, values: pl.Series) -> "Suppression":
        """Suppress whoever has one of these identifiers; a hash of one, in whatever form, is known by its digits."""
        given = values.cast(pl.String).drop_nulls().to_frame("value").lazy()
        value = pl.col("value")
        every = identifier_type.normalize_columns(given, ["value"]).filter(value != "").unique()
        may_be_one = {it: may_be(it, "value") for it in HASHES if it in identifier_type.hashes}
        plain = every.filter(~pl.any_horizontal(may_be_one.values()))
        parts = [plain.select(**{it.value: identifier_type.hashed("value", it) for it in may_be_one})]
        for form, is_one in may_be_one.items():
            # Of 64 digits nobody can tell what was hashed: each reading is a row of its own.
            known = {form.value: value}
            if form is HashFormat.MD5:  # from which the SHA-256 of it follows
                known[HashFormat.SHA256_OF_MD5.value] = hashed("value", HashFormat.SHA256)
            parts.append(every.filter(is_one).select(**known))
        return cls(pl.concat([_completed(it.collect(), identifier_type) for it in parts]))

    def __add__(self, other: "Suppression") -> "Suppression":
        return Suppression(pl.concat([self.frame, other.frame]).unique())

    def condensed(self) -> "Suppression":
        """Return the same people, without hashes of identifiers that stand there in all forms anyway."""
        parts = [self.frame.filter(pl.col("identifier_type").is_null())]
        for it in self._types:
            complete = self.complete(it)
            rest = self._rows(it).filter(pl.any_horizontal(pl.col(name).is_null() for name in _forms(it)))
            known = _hashes(complete).implode()
            is_known = pl.coalesce(_forms(it)).is_in(known).fill_null(False)
            parts += [complete, rest.filter(~is_known)]
        return Suppression(pl.concat(parts).unique())

    @property
    def is_empty(self) -> bool:
        """Whether nobody is suppressed."""
        return self.frame.is_empty()

    @property
    def customers(self) -> pl.Series:
        """The keys, as text, that are held as they are."""
        return self.frame["customer"].drop_nulls().unique()

    @property
    def customer_hashes(self) -> pl.Series:
        """The hashes of the keys that are addresses themselves."""
        return self.frame["customer_sha256"].drop_nulls().unique()

    def hashes(self, identifier_type: IdentifierType | None = None) -> pl.Series:
        """Return all hashes of identifiers of a type, or of all types, whatever their form."""
        return _hashes(self.frame if identifier_type is None else self._rows(identifier_type))

    def complete(self, identifier_type: IdentifierType) -> pl.DataFrame:
        """Return the rows of a type whose identifiers are known in each form in which the type is known."""
        return self._rows(identifier_type).drop_nulls(_forms(identifier_type))

    def is_complete(self, identifier_type: IdentifierType) -> bool:
        """Tell whether all identifiers of a type are known in each form."""
        return self.complete(identifier_type).height == self._rows(identifier_type).height

    def without_identifiers(self, identifier_type: IdentifierType) -> "Suppression":
        """Return the people who are not suppressed by an identifier of this type."""
        return Suppression(self.frame.filter(pl.col("identifier_type").ne_missing(identifier_type.name)))

    def by_form(self, identifier_type: IdentifierType) -> dict[HashFormat, pl.Series]:
        """Return the hashes in which identifiers of a type must be compared so that everybody on the list is met."""
        rows = self._rows(identifier_type)
        unknown = rows.filter(pl.col(HashFormat.SHA256.value).is_null())
        of = {it: rows if it is HashFormat.SHA256 else unknown for it in HASHES if it in identifier_type.hashes}
        asked = (it for it, its in of.items() if its[it.value].count())
        return {it: rows[it.value].drop_nulls().unique() for it in asked}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many identifiers of each type there are, by its name; types with none are not named.

        A hash of 64 digits stands there twice, once for each thing that it may be of, and counts once.
        """
        counted = self.frame.filter(pl.col(HashFormat.SHA256.value).is_not_null() | pl.col("md5").is_not_null())
        return dict(sorted(counted.group_by("identifier_type").len().iter_rows()))

    @property
    def _types(self) -> list[IdentifierType]:
        names = self.frame["identifier_type"].drop_nulls().unique().sort()
        return [identifier_type_named(it) for it in names]

    def _rows(self, identifier_type: IdentifierType) -> pl.DataFrame:
        return self.frame.filter(identifier_type=identifier_type.name)


def known_as(column: str, form: HashFormat, identifier_type: IdentifierType) -> pl.Expr:
    """Return the hash of the normalized values in a column; one that is a hash already stays as it is."""
    is_hash = pl.any_horizontal(may_be(it, column) for it in identifier_type.hashes)
    return pl.when(is_hash).then(column).otherwise(identifier_type.hashed(column, form))


def _forms(identifier_type: IdentifierType) -> list[str]:
    return [it.value for it in HASHES if it in identifier_type.hashes]


def _hashes(frame: pl.DataFrame) -> pl.Series:
    return pl.concat([frame[form.value].alias("identifier") for form in HASHES]).drop_nulls().unique()


def _completed(known: pl.DataFrame, identifier_type: IdentifierType | None = None) -> pl.DataFrame:
    columns = known.columns
    whose = pl.lit(None if identifier_type is None else identifier_type.name, pl.String)
    return known.with_columns(identifier_type=whose).select(
        pl.col(it) if it in (*columns, "identifier_type") else pl.lit(None, pl.String).alias(it)
        for it in SCHEMA.names()
    )
