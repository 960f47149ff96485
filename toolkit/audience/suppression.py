"""People who are never sent: by customer key, or by the hashes of an address."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.audience.identifiers import IdentifierForm, hashed, with_addresses_as_hashed

HASHES = (IdentifierForm.SHA256, IdentifierForm.MD5, IdentifierForm.SHA256_OF_MD5)
ADDRESS = r"[^\s@]@[^\s@]+\.[^\s@]"
_SHORT, _LONG = r"^[0-9a-f]{32}$", r"^[0-9a-f]{64}$"
SCHEMA = pl.Schema({"customer": pl.String(), **{form.value: pl.String() for form in HASHES}})


@dataclass(frozen=True)
class Suppression:
    """``frame`` has ``customer`` and a column a hash (``sha256``, ``md5``, ``sha256_of_md5``); null where not known."""

    frame: pl.DataFrame

    @classmethod
    def nobody(cls) -> "Suppression":
        """Nobody is suppressed."""
        return cls(pl.DataFrame(schema=SCHEMA))

    @classmethod
    def of_customers(cls, keys: pl.Series) -> "Suppression":
        """Suppress customers by their keys; a key that is an e-mail address is kept as the hashes of one."""
        customers = keys.cast(pl.String).drop_nulls().unique().to_frame("customer")
        is_address = pl.col("customer").str.contains(ADDRESS)
        named = cls(customers.filter(~is_address).select(_complete("customer")))
        addresses = customers.filter(is_address)["customer"]
        return named + cls.of_addresses(addresses) if len(addresses) else named

    @classmethod
    def of_addresses(cls, addresses: pl.Series) -> "Suppression":
        """Suppress whoever has one of these addresses; a hash of one, in whatever form, is known by its digits."""
        values = addresses.cast(pl.String).drop_nulls().to_frame("value").lazy()
        value = pl.col("value")
        plain = with_addresses_as_hashed(values, ["value"]).filter(value != "").unique()
        known = plain.filter(~value.str.contains(_SHORT) & ~value.str.contains(_LONG))
        parts = [known.select(**{it.value: hashed("value", it) for it in HASHES})]
        parts.append(plain.filter(value.str.contains(_SHORT)).select(md5=value))
        # Of 64 digits nobody can tell what was hashed: each reading is a row of its own.
        parts += [
            plain.filter(value.str.contains(_LONG)).select(value.alias(it.value))
            for it in (IdentifierForm.SHA256, IdentifierForm.SHA256_OF_MD5)
        ]
        return cls(pl.concat([it.collect().select(_complete(*it.collect_schema().names())) for it in parts]))

    def __add__(self, other: "Suppression") -> "Suppression":
        return Suppression(pl.concat([self.frame, other.frame]).unique())

    @property
    def customers(self) -> pl.Series:
        """The keys, as text."""
        return self.frame["customer"].drop_nulls().unique()

    @property
    def identifiers(self) -> pl.Series:
        """All hashes, whatever their form."""
        return pl.concat([self.frame[form.value].alias("identifier") for form in HASHES]).drop_nulls().unique()

    def forms_beside(self, form: IdentifierForm) -> Sequence[IdentifierForm]:
        """Return in which forms addresses must be compared too, because somebody is known by no other."""
        own = IdentifierForm.SHA256 if form is IdentifierForm.PLAIN else form
        unknown = self.frame.filter(pl.col(own.value).is_null())
        return [it for it in HASHES if it is not own and unknown[it.value].count()]


def _complete(*known: str) -> list[pl.Expr]:
    return [pl.col(it) if it in known else pl.lit(None, pl.String).alias(it) for it in SCHEMA.names()]
