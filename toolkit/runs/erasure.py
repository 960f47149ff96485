"""A data subject request: one person leaves every list that was ever filled, and is kept out of later runs."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl
from sqlalchemy import select

from toolkit.access.people import Role, require_actor
from toolkit.audience.suppression import known_as
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL, CriteoClient, RetryPolicy
from toolkit.display import html_table, text_table
from toolkit.errors import (
    BusyError,
    ConfigurationError,
    DataError,
    LeaseLostError,
    ListGoneError,
    ToolkitError,
    UnavailableError,
)
from toolkit.exports.connections import client_of, credentials_of
from toolkit.exports.export import Export
from toolkit.exports.suppressions import add_request
from toolkit.identifiers import HASHES, HashFormat, identifier_type_named, named_identifier
from toolkit.runs.diff import Plan
from toolkit.runs.ending import connection_to
from toolkit.runs.ledger import Ledger
from toolkit.runs.lifecycle import RunRecorder, now, track_run
from toolkit.runs.lists import lease_list
from toolkit.runs.marks import marked_lists
from toolkit.runs.person_search import FoundPerson, find_person
from toolkit.runs.progress import Step, nobody
from toolkit.runs.pusher import push
from toolkit.runs.run import run_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord
from toolkit.state.states import Trigger
from toolkit.translatable import _, ngettext, sentences

_SECONDS_TO_ANSWER = 8.0
"""Somebody waits: a Criteo that refuses is told within this time, however many lists there are."""
_SECONDS_A_HOST = 4.0


class Outcome(StrEnum):
    """What became of a person in a contact list."""

    REMOVED = "removed"
    """Criteo acknowledged that the identifiers are removed that the list held."""
    NOT_FOUND = "not found"
    """The list is not known to hold the person."""
    LIST_GONE = "list gone"
    """The list is no longer at Criteo."""
    NOT_DONE = "not done"
    """The person may still be in the list."""


@dataclass(frozen=True)
class ListOutcome:
    """What became of a person in one contact list, as far as one export and one type of identifiers filled it."""

    host: str
    list_id: str | None
    name: str
    export: str
    connection: str
    outcome: Outcome
    what: str
    """What is left to do."""
    removed_identifiers: frozenset[tuple[str, int | None, str]] = frozenset()
    """The identifiers that were removed, each with its type and caller."""

    @property
    def removed(self) -> int:
        """How many identifiers were removed."""
        return len(self.removed_identifiers)

    @property
    def place(self) -> tuple[str, str | None]:
        """The list, whichever exports fill it."""
        return (self.host, self.list_id)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.outcome is not Outcome.NOT_DONE


@dataclass(frozen=True, repr=False)
class Forgotten:
    """What became of a data subject request; it names the person by nothing but the entry.

    Examples:
        >>> forgotten = workspace.forget(email="nobody@mail.example")
        >>> forgotten.found, forgotten.done, forgotten.entry in workspace.suppressions
        (False, True, True)
    """

    entry: str
    """The entry of the suppression list."""
    customers: int
    """How many customers were found, in the profiles or in the history of the lists."""
    identifiers: int
    """How many identifiers of theirs are known; the address that was given is one of them."""
    found: bool
    """Whether a profile or a list knows the person."""
    frame: pl.DataFrame
    """A row a contact list, for each export and type of identifiers that filled it: ``list_id``, ``list``, ``export``,
    ``connection``, ``outcome``, how many identifiers were ``removed``, whether it is ``done``, and ``what`` is left to
    do."""
    removed: int = 0
    """How many identifiers were removed, one counted once a list, also where several exports filled it."""
    lists: int = 0
    """From how many lists the person was removed."""
    lists_undone: int = 0
    """How many lists may still hold the person."""
    problems: tuple[str, ...] = ()
    """What else kept the request from being carried out in whole."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.problems and bool(self.frame["done"].all())

    @property
    def _headline(self) -> str:
        kept_out = _("Entry {entry} of the suppression list keeps the person out of later runs.", entry=self.entry)
        undone = ngettext(
            "{count:,} list may still hold the person: see what is left to do.",
            "{count:,} lists may still hold the person: see what is left to do.",
            self.lists_undone,
        )
        ends = [*([undone] if self.lists_undone else []), *self.problems, kept_out]
        if not self.found and not self.problems:
            return sentences([_("The person was found in no profile and no list."), *ends])
        found = _(
            "Found: {customers}, {identifiers}.",
            customers=ngettext("{count:,} customer", "{count:,} customers", self.customers),
            identifiers=ngettext("{count:,} identifier", "{count:,} identifiers", self.identifiers),
        )
        removed = _(
            "Removed: {identifiers} from {lists}.",
            identifiers=ngettext("{count:,} identifier", "{count:,} identifiers", self.removed),
            lists=ngettext("{count:,} list", "{count:,} lists", self.lists),
        )
        return sentences([found, removed if self.lists else _("No list was known to hold the person."), *ends])

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(self.frame)}" if self.frame.height else self._headline

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=_("Forgotten"), subtitle=self._headline)


def forget(folder: WorkspaceFolder, *, customer: str | int | None = None, **identifiers: str | None) -> Forgotten:
    """Remove a person, by an identifier or customer key, from all lists at Criteo, and keep them out of later runs.

    The person is on the suppression list before anything is sent; a list that can't be reached now loses them at its
    next mirroring run, or when this is asked again.

    Args:
        folder: The workspace.
        customer: A customer key, if the person is not named by an identifier.
        identifiers: An identifier, or the hash of one, by the keyword of its type, such as ``email``.

    Raises:
        ConfigurationError: Neither or both are given; it is no identifier or key; or no key, but nearly one.
        AccessError: Viewers may not.
    """
    identifier = named_identifier(identifiers)
    if (identifier is None) == (customer is None):
        raise ConfigurationError(
            _("A person is named by an identifier or by a customer key."), _("Give one of the two.")
        )
    exports = _filling_exports(folder)
    records = {it.id: _lists_of(folder, it) for it in exports}
    person = find_person(
        folder,
        identifier=identifier,
        customer=None if customer is None else str(customer),
        lists=[record for export in exports for record in records[export.id]],
        sent_by=[column for it in exports for column in Export.model_validate(it.settings).identity_columns],
    )
    entry = add_request(folder, person.suppression)
    line = _Line()
    rows = [row for it in exports for row in _leave_lists(folder, it, records[it.id], person, line)]
    removed = {(it.place, identifier) for it in rows for identifier in it.removed_identifiers}
    problems = () if person.problem is None else (f"{person.problem.what} {person.problem.remedy}",)
    return Forgotten(
        entry,
        customers=len(person.customers),
        identifiers=person.identifiers,
        found=person.in_profiles or person.in_lists,
        frame=_frame_of(rows),
        removed=len(removed),
        lists=len({it.place for it in rows if it.outcome is Outcome.REMOVED}),
        lists_undone=len({it.place for it in rows if not it.done}),
        problems=problems,
    )


_SCHEMA = {
    "list_id": pl.String,
    "list": pl.String,
    "export": pl.String,
    "connection": pl.String,
    "outcome": pl.String,
    "removed": pl.Int64,
    "done": pl.Boolean,
    "what": pl.String,
}


def _frame_of(lists: Sequence[ListOutcome]) -> pl.DataFrame:
    rows = [
        (it.list_id, it.name, it.export, it.connection, it.outcome.value, it.removed, it.done, it.what) for it in lists
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _filling_exports(folder: WorkspaceFolder) -> list[ExportRecord]:
    """Return the exports that ever filled a list, removed ones too."""
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        filled = select(ContactListRecord.export_id).where(ContactListRecord.criteo_id.is_not(None))
        return list(session.scalars(select(ExportRecord).where(ExportRecord.id.in_(filled)).order_by(ExportRecord.id)))


class _Line:
    """How long is still waited for Criteo, by all lists together; a host that did not answer is not asked again."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + _SECONDS_TO_ANSWER
        self._silent: dict[str, ToolkitError] = {}

    def patience(self, host: str) -> RetryPolicy:
        """Return how long the host is tried; raises what it failed with when it was tried in vain."""
        if host in self._silent:
            raise self._silent[host]
        seconds = max(1.0, min(_SECONDS_A_HOST, self._ends - time.monotonic()))
        return RetryPolicy(
            seconds=seconds, first_wait_seconds=0.5, longest_wait_seconds=1, connect_seconds=seconds, answer_seconds=30
        )

    def fell_silent(self, host: str, problem: ToolkitError) -> None:
        """Remember that the host does not answer."""
        self._silent.setdefault(host, problem)

    def require(self, host: str) -> None:
        """Raise what the host failed with, if it did."""
        if host in self._silent:
            raise self._silent[host]


def _leave_lists(
    folder: WorkspaceFolder,
    export: ExportRecord,
    records: Sequence[ContactListRecord],
    person: FoundPerson,
    line: _Line,
) -> Iterator[ListOutcome]:
    """Remove the person from the lists of an export, each through a connection to its host and advertiser."""
    reached: dict[str, list[ContactListRecord]] = {}
    for record in records:
        try:
            reached.setdefault(connection_to(folder, record), []).append(record)
        except ToolkitError as problem:
            yield _Request(folder, export, person, line, connection="", records=[record]).undone(record, problem)
    for connection, its_records in reached.items():
        yield from _Request(folder, export, person, line, connection=connection, records=its_records).carry_out()


class _Request:
    """A request on its way through the lists of one export that one connection reaches."""

    def __init__(
        self,
        folder: WorkspaceFolder,
        export: ExportRecord,
        person: FoundPerson,
        line: _Line,
        *,
        connection: str,
        records: Sequence[ContactListRecord],
    ) -> None:
        self._folder = folder
        self._export = export
        self._connection = connection
        self._records = records
        self._person = person
        self._line = line

    def carry_out(self) -> list[ListOutcome]:
        """Remove the person from the lists, as a run of the export; return what became of each."""
        rows: dict[int, ListOutcome] = {}
        said: ToolkitError | None
        try:
            credentials = credentials_of(self._folder, self._connection)
            patience = self._line.patience(credentials.host)
            settings = Export.model_validate({**self._export.settings, "connection": self._connection})
            with track_run(self._folder, settings, trigger=Trigger.FORGET, observer=nobody) as keeper:
                keeper.begin(Step.PUSH)
                ledger = Ledger(self._folder, keeper.id, now=now, lease=keeper.lease, under_way=keeper.under_way)
                with client_of(
                    credentials, waiting=Trigger.FORGET.waiting, patience=patience, guard=keeper.lease.guard
                ) as criteo:
                    rows = self._leave_all(keeper, ledger, criteo)
                undone = [it.what for it in rows.values() if not it.done]
                if undone:
                    raise DataError(sentences(undone), _("Ask for it again when that is mended."))
            # What ended the request early is recorded, and not raised.
            ended = run_of(self._folder, keeper.id).error
            said = None if ended is None else ended.error()
        except ToolkitError as problem:
            said = problem
        if said is not None:
            for record in self._records:
                rows.setdefault(record.id, self.undone(record, said))
        return list(rows.values())

    def _leave_all(self, keeper: RunRecorder, ledger: Ledger, criteo: CriteoClient) -> dict[int, ListOutcome]:
        """Remove the person from each list that can be had; return what became of each by the record's number."""
        rows: dict[int, ListOutcome] = {}
        leased: list[ContactListRecord] = []
        for record in self._records:
            try:
                leased.append(lease_list(self._folder, keeper.lease, record))
            except BusyError as problem:
                rows[record.id] = self.undone(record, problem)
        try:
            with marked_lists(self._folder, leased, run_id=keeper.id, criteo=criteo) as refused:
                for record in leased:
                    other = refused.get(record.criteo_id or "")
                    rows[record.id] = self.undone(record, other) if other else self._leave(record, ledger, criteo)
        except LeaseLostError:
            raise
        except ToolkitError as problem:
            if isinstance(problem, UnavailableError):
                self._line.fell_silent(criteo.host, problem)
            # What was removed counts no more where another ledger changed a list meanwhile.
            return rows | {it.id: self.undone(it, problem) for it in leased}
        return rows

    def _leave(self, record: ContactListRecord, ledger: Ledger, criteo: CriteoClient) -> ListOutcome:
        form = record.form or HashFormat.SHA256
        try:
            self._line.require(criteo.host)
            addresses, has_unnamed = self._identifiers(record, ledger, form)
            removed = self._held(record, ledger, addresses["identifier"])
            nothing = addresses["identifier"].clear()
            plan = Plan(clear=False, remove=addresses["identifier"], add=nothing, leave=nothing)
            push(
                ledger.write_plan(record, plan, MAX_IDENTIFIERS_A_CALL, wanted=_NOBODY),
                record,
                criteo=criteo,
                ledger=ledger,
                form=form,
                addresses=addresses if form is HashFormat.PLAIN else None,
                on_batch=lambda _: None,
            )
            ledger.commit_snapshot(record, wanted=_NOBODY)
        except ListGoneError:
            return self._row(record, Outcome.LIST_GONE, _("The list is no longer at Criteo."))
        except UnavailableError as problem:
            self._line.fell_silent(criteo.host, problem)
            return self.undone(record, problem)
        except ToolkitError as problem:
            return self.undone(record, problem)
        if has_unnamed or record.mixes_forms:
            sent = (
                _("both plain values and hashes")
                if record.mixes_forms
                else _("a plain value that the profiles no longer hold")
            )
            what = _(
                "The list was sent {sent}, so that not all of the person can be named to be removed. "
                "Run export {export!r} with mode='replace'.",
                sent=sent,
                export=self._export.name,
            )
            return self._row(record, Outcome.NOT_DONE, what, removed=removed)
        if not removed.is_empty():
            return self._row(record, Outcome.REMOVED, _("Nothing is left to do."), removed=removed)
        asked = (
            _("Criteo was asked to remove what is known all the same.") if len(addresses) else _("Nothing was sent.")
        )
        return self._row(record, Outcome.NOT_FOUND, _("The list is not known to hold the person. {asked}", asked=asked))

    def _identifiers(self, record: ContactListRecord, ledger: Ledger, form: HashFormat) -> tuple[pl.DataFrame, bool]:
        """Return ``identifier`` and ``address`` of what the list may hold; tell whether some can't be named."""
        kind = identifier_type_named(record.identifier_type)
        is_of_kind = pl.col("identifier_type") == kind.name
        values = self._person.values.filter(is_of_kind).select("value")
        values = pl.concat(values.select(it.alias("value")) for it in kind.spellings(pl.col("value"))).unique()
        forms = (HashFormat.SHA256,) if form is HashFormat.PLAIN else [it for it in HASHES if it in kind.hashes]
        named = pl.concat(values.select(identifier=known_as("value", it, kind), address="value") for it in forms)
        # What was sent for these customers earlier may be of an address that they no longer have.
        earlier = pl.concat(
            [
                ledger.known_of(record, self._person.customers).to_frame(),
                self._person.sent.filter(is_of_kind).select("identifier"),
            ]
        ).unique()
        unnamed = earlier.join(named, on="identifier", how="anti")
        if form is HashFormat.PLAIN:
            return named.unique("identifier"), not self._held(record, ledger, unnamed["identifier"]).is_empty()
        return pl.concat([named, unnamed.with_columns(address=pl.lit(None, pl.String))]).unique("identifier"), False

    @staticmethod
    def _held(record: ContactListRecord, ledger: Ledger, identifiers: pl.Series) -> pl.Series:
        """Return which of these the list holds, or may hold, as far as it is known."""
        state = ledger.state_of(record)
        held = pl.concat([state.held, state.uncertain]).unique().to_frame("identifier")
        return held.join(identifiers.unique().to_frame("identifier"), on="identifier", how="semi")["identifier"]

    def undone(self, record: ContactListRecord, problem: ToolkitError) -> ListOutcome:
        """Return that the person may still be in the list, and why."""
        return self._row(record, Outcome.NOT_DONE, str(problem))

    def _row(
        self, record: ContactListRecord, outcome: Outcome, what: str, *, removed: pl.Series | None = None
    ) -> ListOutcome:
        identifiers = () if removed is None else removed
        return ListOutcome(
            record.host,
            record.criteo_id,
            record.name,
            self._export.name,
            self._connection,
            outcome,
            what,
            frozenset((record.identifier_type, record.caller_id, it) for it in identifiers),
        )


_NOBODY = pl.DataFrame(schema={"identifier": pl.String, "customer": pl.String})


def _lists_of(folder: WorkspaceFolder, export: ExportRecord) -> list[ContactListRecord]:
    with folder.reading() as session:
        query = select(ContactListRecord).where(
            ContactListRecord.export_id == export.id, ContactListRecord.criteo_id.is_not(None)
        )
        return list(session.scalars(query.order_by(ContactListRecord.id)))
