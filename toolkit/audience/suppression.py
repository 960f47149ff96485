"""People who are never sent: by customer key, or by the hashes of an identifier."""

from collections.abc import Iterable
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from toolkit.audience import madid
from toolkit.audience.identifiers import IdentifierForm, hashed, with_addresses_as_hashed

HASHES = (IdentifierForm.SHA256, IdentifierForm.MD5, IdentifierForm.SHA256_OF_MD5)
_AT = "(?i:@|\uff20|\ufe6b|%40|&#0*64;|&#x0*40;|&commat;)"
"""An at sign, also in full width, and as URLs and HTML write it."""
ADDRESS = rf"[^\s@]{_AT}[^\s@]+\.[^\s@]"
SHORT_HASH, LONG_HASH = r"^[0-9a-f]{32}$", r"^[0-9a-f]{64}$"
SCHEMA = pl.Schema(
    {
        "customer": pl.String(),
        "customer_sha256": pl.String(),
        **{form.value: pl.String() for form in HASHES},
        "madid": pl.String(),
    }
)


@dataclass(frozen=True, eq=False)
class Suppression:
    """A row a key or identifier, null where not known.

    ``customer`` is a customer key, ``customer_sha256`` the hash of one that is an address itself; ``sha256``, ``md5``
    and ``sha256_of_md5`` are the hashes of an address, ``madid`` the SHA-256 of a mobile id.
    """

    frame: pl.DataFrame

    @classmethod
    def nobody(cls) -> "Suppression":
        """Nobody is suppressed."""
        return cls(pl.DataFrame(schema=SCHEMA))

    @classmethod
    def of_customers(cls, keys: pl.Series) -> "Suppression":
        """Suppress customers by their keys; one that may be an address is held as hashes, as key and address."""
        known = keys.cast(pl.String).drop_nulls().unique().to_frame("customer")
        key = pl.col("customer")
        may_be_address = key.str.contains(_AT)
        parts = [
            known.filter(~may_be_address),
            known.filter(may_be_address).select(customer_sha256=hashed("customer", IdentifierForm.SHA256)),
        ]
        addresses = known.filter(key.str.contains(ADDRESS))["customer"].str.replace_all(_AT, "@")
        return cls(pl.concat([_completed(it) for it in parts])) + cls.of_addresses(addresses)

    @classmethod
    def of_addresses(cls, addresses: pl.Series) -> "Suppression":
        """Suppress whoever has one of these addresses; a hash of one, in whatever form, is known by its digits."""
        values = addresses.cast(pl.String).drop_nulls().to_frame("value").lazy()
        value = pl.col("value")
        plain = with_addresses_as_hashed(values, ["value"]).filter(value != "").unique()
        known = plain.filter(~value.str.contains(SHORT_HASH) & ~value.str.contains(LONG_HASH))
        parts = [known.select(**{it.value: hashed("value", it) for it in HASHES})]
        # The SHA-256 of an MD5 follows from it.
        parts.append(
            plain.filter(value.str.contains(SHORT_HASH)).select(
                md5=value, sha256_of_md5=hashed("value", IdentifierForm.SHA256)
            )
        )
        # Of 64 digits nobody can tell what was hashed: each reading is a row of its own.
        parts += [
            plain.filter(value.str.contains(LONG_HASH)).select(value.alias(it.value))
            for it in (IdentifierForm.SHA256, IdentifierForm.SHA256_OF_MD5)
        ]
        return cls(pl.concat([_completed(it.collect()) for it in parts]))

    @classmethod
    def of_madids(cls, ids: pl.Series) -> "Suppression":
        """Suppress whoever has one of these mobile ids; 64 hexadecimal digits are the SHA-256 of one."""
        values = ids.cast(pl.String).drop_nulls().to_frame("value").lazy()
        value = pl.col("value")
        plain = with_madids_as_compared(values, ["value"]).filter(value != "").unique()
        is_hash = value.str.contains(LONG_HASH)
        known = plain.select(madid=pl.when(is_hash).then(value).otherwise(hashed("value", IdentifierForm.SHA256)))
        return cls(_completed(known.collect()))

    def __add__(self, other: "Suppression") -> "Suppression":
        return Suppression(pl.concat([self.frame, other.frame]).unique())

    def condensed(self) -> "Suppression":
        """Return the same people, without hashes of addresses that stand there in all forms anyway."""
        emails = [it.value for it in HASHES]
        complete = self.frame.drop_nulls(emails)
        rest = self.frame.filter(pl.any_horizontal(pl.col(it).is_null() for it in emails))
        known = Suppression(complete).identifiers.implode()
        is_known = pl.coalesce(emails).is_in(known).fill_null(False)
        return Suppression(pl.concat([complete, rest.filter(~is_known)]).unique())

    @property
    def is_empty(self) -> bool:
        """Whether nobody is suppressed."""
        return self.frame.is_empty()

    @property
    def customers(self) -> pl.Series:
        """The keys, as text, that are held as they are."""
        return self.frame["customer"].drop_nulls().unique()

    @property
    def identifiers(self) -> pl.Series:
        """All hashes of addresses, whatever their form."""
        return pl.concat([self.frame[form.value].alias("identifier") for form in HASHES]).drop_nulls().unique()

    @property
    def madids(self) -> pl.Series:
        """The hashes of mobile ids."""
        return self.frame["madid"].drop_nulls().unique()

    def forms_to_compare(self) -> list[IdentifierForm]:
        """Return in which forms addresses must be compared so that everybody on the list is met."""
        unknown = self.frame.filter(pl.col(IdentifierForm.SHA256.value).is_null())
        others = [it for it in HASHES if it is not IdentifierForm.SHA256 and unknown[it.value].count()]
        return [*([IdentifierForm.SHA256] if self.frame[IdentifierForm.SHA256.value].count() else []), *others]


def with_madids_as_compared(frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Return the frame with these columns, which hold mobile ids, as they are sent and compared."""
    return nw.from_native(frame).with_columns(madid.normalised(nw.col(it)).alias(it) for it in columns).to_native()


def is_madid(column: str) -> nw.Expr:
    """Tell whether a field, as compared, is one mobile id."""
    return madid.is_valid(nw.col(column))


def _completed(known: pl.DataFrame) -> pl.DataFrame:
    columns = known.columns
    return known.select(pl.col(it) if it in columns else pl.lit(None, pl.String).alias(it) for it in SCHEMA.names())
