"""A data subject request: one person leaves every list that was ever filled, and is kept out of later runs."""

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
from sqlalchemy import select

from toolkit.audience import IdentifierForm, IdentifierKind, Suppression
from toolkit.audience.identifiers import hashed, with_addresses_as_hashed
from toolkit.audience.suppression import HASHES
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL, CriteoClient
from toolkit.errors import ConfigurationError, DataError, ListGoneError, ToolkitError
from toolkit.runs.ledger import Ledger
from toolkit.runs.lifecycle import RunKeeper, now, recorded_run
from toolkit.runs.lists import lease_list
from toolkit.runs.plan import Plan
from toolkit.runs.progress import Step, nobody
from toolkit.runs.push import push
from toolkit.runs.run import Trigger
from toolkit.show import html_table, text_table
from toolkit.tables import reading
from toolkit.workspace import Export, WorkspaceFolder, audit
from toolkit.workspace.audit import Action
from toolkit.workspace.connections import client_of, credentials_of
from toolkit.workspace.leases import call_patience
from toolkit.workspace.people import Role, acting
from toolkit.workspace.records import ConnectionRecord, ContactListRecord, ExportRecord
from toolkit.workspace.suppression import add_suppression


@dataclass(frozen=True, repr=False)
class Forgotten:
    """What became of a data subject request; it names the person by nothing but the entry."""

    entry: str
    """The entry of the suppression list."""
    frame: pl.DataFrame
    """A row a contact list: ``list_id``, ``list``, ``export``, ``connection``, ``done``, ``what`` is left to do."""

    @property
    def done(self) -> bool:
        """Whether the person is in no list any more."""
        return bool(self.frame["done"].all())

    @property
    def _headline(self) -> str:
        told = "is in no list any more" if self.done else "may still be in lists: see what is left to do"
        return f"Entry {self.entry} of the suppression list: the person {told}, and is kept out of later runs."

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(self.frame)}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, title="Forgotten", subtitle=self._headline)


class _Person(NamedTuple):
    """A person: keys, and plain values that lists may hold, which are in memory only."""

    customers: pl.Series
    values: pl.DataFrame
    """``kind``, ``value``: addresses in the form in which they are sent, and mobile ids."""

    @property
    def suppression(self) -> Suppression:
        addresses = self.values.filter(pl.col("kind") == IdentifierKind.EMAIL.value)["value"]
        return Suppression.of_addresses(addresses) + Suppression.of_customers(self.customers)


_IS_HASH = pl.col("value").str.contains(r"^(?:[0-9a-f]{32}|[0-9a-f]{64})$")


def forget(folder: WorkspaceFolder, *, email: str | None = None, customer: str | int | None = None) -> Forgotten:
    """Remove a person, by address or customer key, from all lists at Criteo, and keep them out of later runs.

    The person is on the suppression list before anything is sent; a list that can't be reached now loses them at its
    next mirroring run, or when this is asked again. Raises ConfigurationError when neither or both are given,
    AccessError to viewers.
    """
    if (email is None) == (customer is None):
        raise ConfigurationError("A person is named by an address or by a customer key.", "Give one of the two.")
    person = _find(folder, email=email, customer=None if customer is None else str(customer))
    entry = add_suppression(folder, person.suppression)
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.FORGET, entry)
    rows = [row for export in _filling_exports(folder) for row in _Request(folder, export, person).carry_out()]
    return Forgotten(entry, pl.DataFrame(rows, schema=_SCHEMA, orient="row"))


_SCHEMA = {
    "list_id": pl.String,
    "list": pl.String,
    "export": pl.String,
    "connection": pl.String,
    "done": pl.Boolean,
    "what": pl.String,
}
_Row = tuple[str | None, str, str, str, bool, str]


def _find(folder: WorkspaceFolder, *, email: str | None, customer: str | None) -> _Person:
    """Look the person up in the columns of the profiles that exports send, as they are today."""
    columns = folder.profiles.columns
    sent = [Export.model_validate(it.settings) for it in _filling_exports(folder)]
    emails = sorted({it.email_column for it in sent if it.email_column in columns})
    madids = sorted({it.madid_column for it in sent if it.madid_column in columns})
    given = pl.LazyFrame({"value": [email]}, schema={"value": pl.String}).drop_nulls()
    address = with_addresses_as_hashed(given, ["value"]).collect()["value"]
    customers = pl.Series("customer", [] if customer is None else [customer], dtype=pl.String)
    found = [_values(address, IdentifierKind.EMAIL)]
    if emails or madids:
        key = folder.profiles.key
        table = folder.profiles.look([it for it in {*emails, *madids} if it != key])
        texts = table.scan().select(
            pl.col(key).cast(pl.String), *(pl.col(it).cast(pl.String) for it in emails + madids)
        )
        is_it = pl.any_horizontal(
            pl.col(key).is_in(customers.implode()),
            *(pl.col(it).is_in(address.implode()).fill_null(False) for it in emails),
        )
        with reading(table):
            rows = with_addresses_as_hashed(texts, emails).filter(is_it).collect(engine="streaming")
        customers = pl.concat([customers, rows[key].alias("customer")]).unique()
        found += [_values(rows[it], IdentifierKind.EMAIL) for it in emails]
        found += [_values(rows[it].str.strip_chars(), IdentifierKind.MADID) for it in madids]
    return _Person(customers, pl.concat(found).drop_nulls().filter(pl.col("value") != "").unique())


def _values(values: pl.Series, kind: IdentifierKind) -> pl.DataFrame:
    return values.alias("value").to_frame().select(pl.lit(kind.value).alias("kind"), "value")


def _filling_exports(folder: WorkspaceFolder) -> list[ExportRecord]:
    """Return the exports that ever filled a list, removed ones too."""
    with folder.session() as session, session.begin():
        acting(session, folder, least=Role.CONTRIBUTOR)
        filled = select(ContactListRecord.export_id).where(ContactListRecord.criteo_id.is_not(None))
        return list(session.scalars(select(ExportRecord).where(ExportRecord.id.in_(filled)).order_by(ExportRecord.id)))


class _Request:
    """A request on its way through the lists of one export."""

    def __init__(self, folder: WorkspaceFolder, export: ExportRecord, person: _Person) -> None:
        self._folder = folder
        self._export = export
        self._person = person
        self._records = _lists_of(folder, export)
        self._connection = _connection_for(folder, export, self._records)

    def carry_out(self) -> list[_Row]:
        """Remove the person from the lists, as a run of the export; return what became of each."""
        rows: dict[int, _Row] = {}
        try:
            credentials = credentials_of(self._folder, self._connection)
            settings = Export.model_validate({**self._export.settings, "connection": self._connection})
            with recorded_run(self._folder, settings, trigger=Trigger.FORGET, observer=nobody) as keeper:
                keeper.begin(Step.PUSH)
                ledger = Ledger(self._folder, keeper.id, now=now, lease=keeper.lease, under_way=keeper.under_way)
                with client_of(credentials, patience=call_patience(), guard=keeper.lease.guard) as criteo:
                    for record in self._records:
                        rows[record.id] = self._leave(record, keeper, ledger, criteo)
                undone = [row[-1] for row in rows.values() if not row[-2]]
                if undone:
                    raise DataError(" ".join(undone), "Ask for it again when that is mended.")
        except ToolkitError as problem:
            for record in self._records:
                rows.setdefault(record.id, self._row(record, done=False, what=f"{problem.what} {problem.remedy}"))
        return list(rows.values())

    def _leave(self, record: ContactListRecord, keeper: RunKeeper, ledger: Ledger, criteo: CriteoClient) -> _Row:
        try:
            record = lease_list(self._folder, keeper.lease, record)
            form = IdentifierForm(record.form or IdentifierForm.SHA256)
            addresses, has_unnamed = self._identifiers(record, ledger, form)
            nothing = addresses["identifier"].clear()
            plan = Plan(clear=False, remove=addresses["identifier"], add=nothing, leave=nothing)
            push(
                ledger.write_plan(record, plan, MAX_IDENTIFIERS_A_CALL, wanted=_NOBODY),
                record,
                criteo=criteo,
                ledger=ledger,
                form=form,
                addresses=addresses if form is IdentifierForm.PLAIN else None,
                on_batch=lambda _: None,
            )
            ledger.settle(record, wanted=_NOBODY)
        except ListGoneError:
            return self._row(record, done=True, what="The list is no longer at Criteo.")
        except ToolkitError as problem:
            return self._row(record, done=False, what=f"{problem.what} {problem.remedy}")
        if has_unnamed or record.mixes_forms:
            sent = (
                "both plain values and hashes"
                if record.mixes_forms
                else "a plain value that the profiles no longer hold"
            )
            what = (
                f"The list was sent {sent}, so that not all of the person can be named to be removed. "
                f"Run export {self._export.name!r} with mode='replace'."
            )
            return self._row(record, done=False, what=what)
        return self._row(record, done=True, what="Removed.")

    def _identifiers(
        self, record: ContactListRecord, ledger: Ledger, form: IdentifierForm
    ) -> tuple[pl.DataFrame, bool]:
        """Return ``identifier`` and ``address`` of what the list may hold; tell whether some can't be named."""
        of_kind = self._person.values.filter(pl.col("kind") == record.identifier_type)
        forms = (IdentifierForm.SHA256,) if form is IdentifierForm.PLAIN else HASHES
        named = pl.concat(
            of_kind.select(
                identifier=pl.when(_IS_HASH).then("value").otherwise(hashed("value", it)), address=pl.col("value")
            )
            for it in forms
        )
        # What was sent for these customers earlier may be of an address that they no longer have.
        earlier = ledger.known_of(record, self._person.customers).to_frame().join(named, on="identifier", how="anti")
        if form is IdentifierForm.PLAIN:
            return named.unique("identifier"), len(earlier) > 0
        unnamed = earlier.with_columns(address=pl.lit(None, pl.String))
        return pl.concat([named, unnamed]).unique("identifier"), False

    def _row(self, record: ContactListRecord, *, done: bool, what: str) -> _Row:
        return (record.criteo_id, record.name, self._export.name, self._connection, done, what)


_NOBODY = pl.DataFrame(schema={"identifier": pl.String, "customer": pl.String})


def _lists_of(folder: WorkspaceFolder, export: ExportRecord) -> list[ContactListRecord]:
    with folder.session() as session:
        query = select(ContactListRecord).where(
            ContactListRecord.export_id == export.id, ContactListRecord.criteo_id.is_not(None)
        )
        return list(session.scalars(query.order_by(ContactListRecord.id)))


def _connection_for(folder: WorkspaceFolder, export: ExportRecord, records: list[ContactListRecord]) -> str:
    """Return the export's connection or, when it lost it, one to the same host."""
    with folder.session() as session:
        if export.connection_id is not None:
            return session.get_one(ConnectionRecord, export.connection_id).name
        hosts = {it.host for it in records}
        found = session.scalars(select(ConnectionRecord.name).where(ConnectionRecord.host.in_(hosts)))
        return next(iter(found), "")
