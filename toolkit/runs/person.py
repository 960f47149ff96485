"""A person, found by an address or a customer key: in today's profiles, and in what the lists held since they began."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from toolkit.audience import Excluded, IdentifierForm, IdentifierKind, IdentityColumn, Suppression, email, excluded_of
from toolkit.audience.identifiers import hashed, with_addresses_as_hashed
from toolkit.audience.suppression import HASHES, LONG_HASH, SHORT_HASH
from toolkit.errors import ConfigurationError, DataError, ToolkitError
from toolkit.redaction import masked_field
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.runs.members import scan_identities
from toolkit.tables import reading
from toolkit.workspace import WorkspaceFolder
from toolkit.workspace.matching import identity_columns
from toolkit.workspace.records import ContactListRecord

_MOST_NAMED = 3
_AROUND = " \t\r\n{}[]()<>\"'`\u00a0\u200b\ufeff"


@dataclass(frozen=True, eq=False)
class FoundPerson:
    """A person: keys, and plain values that lists may hold, which are in memory only."""

    customers: pl.Series
    """The keys, as text, in the profiles or in the history of the lists."""
    values: pl.DataFrame
    """``kind``, ``value``: addresses and mobile ids as they are before they are hashed."""
    sent: pl.DataFrame
    """``kind``, ``identifier``: hashes that lists hold or held of these customers."""
    in_profiles: bool
    in_lists: bool
    suppression: Suppression
    """What keeps the person out."""
    problem: ToolkitError | None
    """Why the profiles could not be asked."""

    @property
    def identifiers(self) -> int:
        """How many identifiers are known, one that was sent under an earlier address too."""
        here = pl.concat(self.values.select("kind", identifier=hashed_or_hash("value", it)) for it in HASHES).unique()
        earlier = self.sent.join(here, on=["kind", "identifier"], how="anti")
        return self.values.height + earlier.height


def find_person(
    folder: WorkspaceFolder,
    *,
    email: str | None,
    customer: str | None,
    lists: Sequence[ContactListRecord],
    sent_by: Iterable[IdentityColumn],
) -> FoundPerson:
    """Look a person up.

    Args:
        folder: The workspace.
        email: An address, or the hash of one.
        customer: A customer key; one of the two is given.
        lists: All lists that were ever filled.
        sent_by: The profile columns that filled them, also those of exports that were removed.

    Raises:
        ConfigurationError: What is given is no address or key, or a key that nobody has and that is nearly one.
    """
    named = _named(email, customer)
    known = _known_to_lists(folder, lists)
    hashes = pl.concat([named.identifiers, named.madids])
    keys = pl.Series("customer", [] if customer is None else [customer], dtype=pl.String)
    met = known.filter(
        pl.col("identifier").is_in(hashes.implode()) | pl.col("customer").is_in(keys.implode()).fill_null(False)
    ).collect(engine="streaming")
    earlier = met["customer"].drop_nulls().unique()
    found, problem = _in_profiles(folder, named + Suppression.of_customers(earlier), sent_by)
    customers = pl.concat([earlier, found.customers["customer"].cast(pl.String)]).unique()
    if customer is not None and customers.is_empty() and problem is None:
        _refuse_near_miss(folder, customer, known)
    theirs = known.filter(pl.col("customer").is_in(customers.implode())).select("kind", "identifier").unique()
    sent = pl.concat([theirs.collect(engine="streaming"), met.select("kind", "identifier")]).unique()
    address = pl.DataFrame({"value": [] if email is None else [email]}, schema={"value": pl.String})
    given = with_addresses_as_hashed(address.lazy(), ["value"]).collect()
    values = pl.concat(
        [
            found.identifiers.select("kind", "value"),
            given.select(pl.lit(IdentifierKind.EMAIL.value).alias("kind"), "value"),
        ]
    ).unique()
    return FoundPerson(
        customers,
        values,
        sent,
        in_profiles=not found.customers.is_empty(),
        in_lists=not sent.is_empty(),
        suppression=named + Suppression.of_customers(customers) + _suppression(values, sent),
        problem=problem,
    )


def hashed_or_hash(column: str, form: IdentifierForm) -> pl.Expr:
    """Return the hash of the values in a column; one that is a hash of an address already stays as it is."""
    is_hash = pl.col(column).str.contains(SHORT_HASH) | pl.col(column).str.contains(LONG_HASH)
    return pl.when(is_hash).then(column).otherwise(hashed(column, form))


def _named(address: str | None, customer: str | None) -> Suppression:
    if address is not None:
        given = nw.from_native(with_addresses_as_hashed(pl.LazyFrame({"value": [address]}), ["value"]).collect())
        value = nw.col("value")
        if given.filter(email.is_hash(value) | email.is_valid(value)).to_native().is_empty():
            raise ConfigurationError(
                "What you gave is no e-mail address, nor the hash of one. Nobody was looked for, and nothing was added "
                "to the suppression list.",
                "Give the address alone, without a name, brackets or punctuation.",
            )
        return Suppression.of_addresses(pl.Series([address]))
    if customer is None or not customer.strip():
        raise ConfigurationError(
            "The customer key is empty. Nobody was looked for, and nothing was added to the suppression list.",
            "Give the key as the profile table has it.",
        )
    return Suppression.of_customers(pl.Series([customer]))


def _known_to_lists(folder: WorkspaceFolder, lists: Sequence[ContactListRecord]) -> pl.LazyFrame:
    """Return ``customer``, ``identifier`` and ``kind`` of whoever is, or ever was, in a list."""
    ledger = LedgerReader(folder)
    parts = [scan_identities(folder, lists)]
    for record in lists:
        # Of a list whose record is lost the history tells; it is told when the person shall leave it.
        with suppress(DataError):
            parts.append(
                ledger.known_people(record).with_columns(kind=pl.lit(record.identifier_type, pl.String)).lazy()
            )
    return pl.concat(it.select("customer", "identifier", "kind") for it in parts)


def _in_profiles(
    folder: WorkspaceFolder, wanted: Suppression, sent_by: Iterable[IdentityColumn]
) -> tuple[Excluded, ToolkitError | None]:
    """Find them in the profiles as they are today; a table that can't be read keeps nobody from being suppressed."""
    try:
        profiles = folder.profiles
        there = profiles.columns
        columns = identity_columns(folder, [it for it in sent_by if it.name in there])
        return excluded_of(profiles, columns=columns, suppression=wanted, most_steps=1), None
    except ToolkitError as problem:
        return Excluded.nobody(pl.String()), problem


def _refuse_near_miss(folder: WorkspaceFolder, customer: str, known: pl.LazyFrame) -> None:
    """Raise ConfigurationError when keys differ from this one in case, blanks, braces or leading zeros only."""
    table = folder.profiles.look()
    key = folder.profiles.key
    keys = pl.concat(
        [
            table.scan().select(pl.col(key).cast(pl.String).alias("customer")),
            known.select(pl.col("customer").cast(pl.String)),
        ]
    )
    wanted = pl.select(_bare(pl.lit(customer))).item()
    with reading(table):
        near = (
            keys.filter(_bare(pl.col("customer")) == wanted)
            .select(pl.col("customer").unique().sort())
            .head(_MOST_NAMED)
            .collect(engine="streaming")["customer"]
        )
    if len(near):
        named = ", ".join(repr(masked_field(it) if "@" in it else it) for it in near)
        given = repr(masked_field(customer) if "@" in customer else customer)
        raise ConfigurationError(
            f"No customer has the key {given}. Nothing was added to the suppression list.",
            f"These keys are nearly the same: {named}. Give the one that you mean.",
        )


def _bare(key: pl.Expr) -> pl.Expr:
    return key.str.strip_chars(_AROUND).str.to_lowercase().str.strip_chars_start("0")


def _suppression(values: pl.DataFrame, sent: pl.DataFrame) -> Suppression:
    is_email = pl.col("kind") == IdentifierKind.EMAIL.value
    return (
        Suppression.of_addresses(values.filter(is_email)["value"])
        + Suppression.of_addresses(sent.filter(is_email)["identifier"])
        + Suppression.of_madids(values.filter(~is_email)["value"])
        + Suppression.of_madids(sent.filter(~is_email)["identifier"])
    )
