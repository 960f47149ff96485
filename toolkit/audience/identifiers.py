"""The forms in which an e-mail address can be sent, and the steps each engine does natively: composing and hashing."""

from collections.abc import Iterable
from enum import StrEnum

import narwhals as nw
import polars as pl

from toolkit.audience import email


class IdentifierForm(StrEnum):
    """How an address is sent. Criteo takes all four under the identifier type ``email``.

    Examples:
        >>> toolkit.IdentifierForm("sha256_of_md5")
        <IdentifierForm.SHA256_OF_MD5: 'sha256_of_md5'>
    """

    SHA256 = "sha256"
    MD5 = "md5"
    SHA256_OF_MD5 = "sha256_of_md5"
    PLAIN = "plain"


class IdentifierKind(StrEnum):
    """What a profile column holds that a member is sent by, as Criteo calls it."""

    EMAIL = "email"
    MADID = "madid"
    """A mobile advertising id. It is sent as it is, and held as its SHA-256."""


def composed(address: pl.Expr) -> pl.Expr:
    """Return the address in Unicode form NFC (RFC 6532), so that é typed in one way or the other hashes alike.

    Full-width letters, as keyboards of East Asia write them, become plain ones.
    """
    # Composing costs four times a hash, is needed for the few that are not ASCII, and passes over nulls.
    is_ascii = address.str.len_bytes() == address.str.len_chars()
    is_wide = ~is_ascii & address.str.contains("[\uff01-\uff5e]")
    return pl.coalesce(
        pl.when(is_wide).then(address).str.normalize("NFKC"),
        pl.when(~is_ascii).then(address).str.normalize("NFC"),
        address,
    )


def with_addresses_as_hashed(frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Return the frame with these columns, which hold e-mail addresses, as they are before they are hashed."""
    names = list(columns)
    normalised = nw.from_native(frame).with_columns(email.normalised(nw.col(it)).alias(it) for it in names)
    return normalised.to_native().with_columns(composed(pl.col(it)).alias(it) for it in names)


def hashed(column: str, form: IdentifierForm) -> pl.Expr:
    """Return the hash of the addresses in ``column`` as lower-case hexadecimal text.

    A plain address is held as its SHA-256: what is compared and stored is never the address itself.
    """
    from polars_hash import col, concat_str

    match form:
        case IdentifierForm.SHA256 | IdentifierForm.PLAIN:
            return col(column).chash.sha2_256()
        case IdentifierForm.MD5:
            return col(column).nchash.md5()
        case IdentifierForm.SHA256_OF_MD5:
            return concat_str(col(column).nchash.md5()).chash.sha2_256()
