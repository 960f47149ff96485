"""A person, found by an address or a customer key: in today's profiles, and in what the lists held since they began."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from toolkit.audience import Excluded, IdentityColumn, Suppression, excluded_of
from toolkit.audience.suppression import known_as
from toolkit.errors import ConfigurationError, DataError, ToolkitError
from toolkit.exports.matching import identity_columns
from toolkit.identifiers import IdentifierType, identifier_type_named, identifier_types
from toolkit.redaction import masked_field
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.runs.membership import scan_identities
from toolkit.sources import blame_table
from toolkit.sources.streaming import compact
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord
from toolkit.translatable import _

_MOST_NAMED = 3
_AROUND = " \t\r\n{}[]()<>\"'`\u00a0\u200b\ufeff"


@dataclass(frozen=True, eq=False)
class FoundPerson:
    """A person: keys, and plain values that lists may hold, which are in memory only."""

    customers: pl.Series
    """The keys, as text, in the profiles or in the history of the lists."""
    values: pl.DataFrame
    """``identifier_type`` (its name), ``value``: identifiers as they are before they are hashed."""
    sent: pl.DataFrame
    """``identifier_type``, ``identifier``: hashes that lists hold or held of these customers."""
    in_profiles: bool
    in_lists: bool
    suppression: Suppression
    """What keeps the person out."""
    problem: ToolkitError | None
    """Why the profiles could not be asked."""

    @property
    def identifiers(self) -> int:
        """How many identifiers are known, one that was sent under an earlier address too."""
        here = [
            self.values.filter(identifier_type=kind.name).select(
                "identifier_type", identifier=known_as("value", form, kind)
            )
            for kind in identifier_types()
            for form in kind.hashes
        ]
        earlier = self.sent.join(pl.concat(here).unique(), on=["identifier_type", "identifier"], how="anti")
        return self.values.height + earlier.height


def find_person(
    folder: WorkspaceFolder,
    *,
    identifier: tuple[IdentifierType, str] | None,
    customer: str | None,
    lists: Sequence[ContactListRecord],
    sent_by: Iterable[IdentityColumn],
) -> FoundPerson:
    """Look a person up.

    Args:
        folder: The workspace.
        identifier: An identifier, or the hash of one, and its type.
        customer: A customer key; one of the two is given.
        lists: All lists that were ever filled.
        sent_by: The profile columns that filled them, also those of exports that were removed.

    Raises:
        ConfigurationError: What is given is no identifier or key, or a key that nobody has and that is nearly one.
    """
    named = _named(identifier, customer)
    known = _known_to_lists(folder, lists)
    hashes = named.hashes()
    keys = pl.Series("customer", [] if customer is None else [customer], dtype=pl.String)
    is_theirs = pl.col("identifier").is_in(hashes.implode()) | pl.col("customer").is_in(keys.implode()).fill_null(False)
    met = compact(known.filter(is_theirs)).collect(engine="streaming")
    earlier = met["customer"].drop_nulls().unique()
    found, problem = _in_profiles(folder, named + Suppression.of_customers(earlier), sent_by)
    customers = pl.concat([earlier, found.customers["customer"].cast(pl.String)]).unique()
    if customer is not None and customers.is_empty() and problem is None:
        _refuse_near_miss(folder, customer, known)
    theirs = (
        known.filter(pl.col("customer").is_in(customers.implode())).select("identifier_type", "identifier").unique()
    )
    sent = pl.concat(
        [compact(theirs).collect(engine="streaming"), met.select("identifier_type", "identifier")]
    ).unique()
    values = [found.identifiers.select("identifier_type", "value")]
    if identifier is not None:
        values.append(_normalized(*identifier).select(pl.lit(identifier[0].name).alias("identifier_type"), "value"))
    known_values = pl.concat(values).unique()
    return FoundPerson(
        customers,
        known_values,
        sent,
        in_profiles=not found.customers.is_empty(),
        in_lists=not sent.is_empty(),
        suppression=named + Suppression.of_customers(customers) + _suppression(known_values, sent),
        problem=problem,
    )


def _normalized(identifier_type: IdentifierType, value: str) -> pl.DataFrame:
    return identifier_type.normalize_columns(pl.LazyFrame({"value": [value]}), ["value"]).collect()


def _named(identifier: tuple[IdentifierType, str] | None, customer: str | None) -> Suppression:
    if identifier is not None:
        kind, value = identifier
        given = nw.from_native(_normalized(kind, value))
        if given.filter(kind.is_known_by(nw.col("value"))).to_native().is_empty():
            raise ConfigurationError(
                _(
                    "What you gave is not {noun}, nor the hash of one. Nobody was looked for, and nothing "
                    "was added to the suppression list.",
                    noun=kind.noun,
                ),
                _("Give it alone, without a name, brackets or punctuation."),
            )
        return Suppression.of_identifiers(kind, pl.Series([value]))
    if customer is None or not customer.strip():
        raise ConfigurationError(
            _("The customer key is empty. Nobody was looked for, and nothing was added to the suppression list."),
            _("Give the key as the profile table has it."),
        )
    return Suppression.of_customers(pl.Series([customer]))


def _known_to_lists(folder: WorkspaceFolder, lists: Sequence[ContactListRecord]) -> pl.LazyFrame:
    """Return ``customer``, ``identifier`` and ``identifier_type`` of whoever is, or ever was, in a list."""
    ledger = LedgerReader(folder)
    parts = [scan_identities(folder, lists)]
    for record in lists:
        # Of a list whose record is lost the history tells; it is told when the person shall leave it.
        with suppress(DataError):
            parts.append(
                ledger.known_people(record).with_columns(identifier_type=pl.lit(record.identifier_type)).lazy()
            )
    return pl.concat(it.select("customer", "identifier", "identifier_type") for it in parts)


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
    with blame_table(table):
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
            _("No customer has the key {given}. Nothing was added to the suppression list.", given=given),
            _("These keys are nearly the same: {named}. Give the one that you mean.", named=named),
        )


def _bare(key: pl.Expr) -> pl.Expr:
    return key.str.strip_chars(_AROUND).str.to_lowercase().str.strip_chars_start("0")


def _suppression(values: pl.DataFrame, sent: pl.DataFrame) -> Suppression:
    people = Suppression.nobody()
    for name in pl.concat([values["identifier_type"], sent["identifier_type"]]).unique().sort():
        kind = identifier_type_named(name)
        people += Suppression.of_identifiers(kind, values.filter(identifier_type=name)["value"])
        people += Suppression.of_identifiers(kind, sent.filter(identifier_type=name)["identifier"])
    return people
