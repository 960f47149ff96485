"""A person's disclosure: which lists held them, from when to when, by which run, and what keeps them out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import polars as pl
from markupsafe import Markup
from sqlalchemy import select

from toolkit.access.people import Role, require_actor
from toolkit.audience.suppression import HASH_COLUMNS, Suppression
from toolkit.display import fragment, page, table, text_table
from toolkit.errors import ConfigurationError, DataError, SignatureError
from toolkit.exports.export import Export
from toolkit.exports.suppression_entries import Act, content_of, entries_of
from toolkit.files import write_atomically
from toolkit.identifiers import HashFormat, IdentifierType, hashed, identifier_types, named_identifier
from toolkit.markup import template
from toolkit.redaction import AT_SIGN
from toolkit.runs.consent import consent_evidence
from toolkit.runs.disclosure_document import (
    Asked,
    Document,
    Holding,
    Proof,
    Statement,
    SuppressedEntry,
    signed_payload,
)
from toolkit.runs.disclosure_gaps import Gap, GapCode
from toolkit.runs.holdings import Presence, periods_in
from toolkit.runs.person_search import FoundPerson, find_person
from toolkit.spreadsheets import FrameForPeople
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord, RunRecord
from toolkit.state.signing import SignedKind, sign
from toolkit.state.states import Trigger
from toolkit.translatable import _, ngettext, sentences

_MOMENT = pl.Datetime("us", "UTC")
_SCHEMA = {
    name: _MOMENT if name in ("from_at", "until_at") else pl.String
    for name in (
        *("export", "segment", "list", "list_id", "identifier_type", "identifier", "customer"),
        *("presence", "from_at", "from_run", "until_at", "until_run", "removed_by", "basis"),
    )
}
_SHOWN = ("export", "list", "list_id", "identifier_type", "presence", "from_at", "from_run", "until_at", "until_run")

_HEADINGS = {"from_at": "from", "from_run": "sent by run", "until_at": "until", "until_run": "removed by run"}


@dataclass(frozen=True, repr=False)
class Disclosure:
    """What the workspace knows of a person: which lists held them, from when to when, and by which run.

    It names the person by hashes and customer keys, and holds no address.

    Examples:
        >>> disclosure = workspace.disclose(customer="1001")
        >>> disclosure.found, disclosure.frame.height
        (False, 0)
    """

    document: Document
    """What is disclosed, with its proof."""

    @property
    def found(self) -> bool:
        """Whether a profile, a list or the suppression list knows the person."""
        said = self.document.disclosure
        return bool(said.customers or said.lists or said.suppressed)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each period in which a list held an identifier, the oldest first.

        Columns: ``export``, ``segment``, ``list``, ``list_id``, ``identifier_type``, ``identifier`` (hashed),
        ``customer``, ``presence``, ``from_at``, ``from_run``, ``until_at``, ``until_run``, ``removed_by`` (what started
        that run) and ``basis``.
        """
        rows = [it.model_dump(mode="python", include=set(_SCHEMA)) for it in self.document.disclosure.lists]
        return FrameForPeople(pl.DataFrame(rows, schema=_SCHEMA))

    @property
    def suppressed(self) -> pl.DataFrame:
        """A row for each entry of the suppression list that names the person: ``entry``, ``at`` and ``source``."""
        rows = [it.model_dump() for it in self.document.disclosure.suppressed]
        return FrameForPeople(pl.DataFrame(rows, schema={"entry": pl.String, "at": _MOMENT, "source": pl.String}))

    @property
    def unknown(self) -> tuple[Gap, ...]:
        """What the disclosure can't tell."""
        return self.document.disclosure.unknown

    def to_json(self, path: str | Path) -> Path:
        """Write the document that can be verified.

        Args:
            path: The file.

        Returns:
            The file.
        """
        to, text = Path(path), self.document.model_dump_json(indent=2)
        write_atomically(to, lambda beside: beside.write_text(text, encoding="utf-8"))
        return to

    def to_html(self, path: str | Path) -> Path:
        """Write the disclosure as a page for people, in one file that needs no network.

        Args:
            path: The file.

        Returns:
            The file.
        """
        to, title = Path(path), _("Disclosure {id}", id=self.document.disclosure.id)
        text = page(title, self._body(title))
        write_atomically(to, lambda beside: beside.write_text(text, encoding="utf-8"))
        return to

    @property
    def _headline(self) -> str:
        lists = self.frame
        if not self.found:
            return _("The person was found in no profile, no list and no entry of the suppression list.")
        now = lists.filter(pl.col("presence").is_in([Presence.HELD.value, Presence.UNCERTAIN.value]))
        counts = _(
            "Lists that ever held the person: {ever}. Lists that hold the person now: {now}.",
            ever=f"{_lists_in(lists):,}",
            now=f"{_lists_in(now):,}",
        )
        entries = ngettext(
            "{count:,} entry of the suppression list names the person.",
            "{count:,} entries of the suppression list name the person.",
            self.suppressed.height,
        )
        return sentences([counts, entries if self.suppressed.height else ""])

    @property
    def _origin(self) -> str:
        said, proof = self.document.disclosure, self.document.proof
        return _(
            "Made by {person}; row {row} of the audit. SHA-256 of the document: {sha256}",
            person=said.made_by,
            row=proof.row,
            sha256=proof.sha256,
        )

    def _body(self, title: str) -> Markup:
        frame = self.frame.select(it.name for it in self.frame if it.name in (*_SHOWN, "basis") and it.count())
        body = template("toolkit.runs", "disclosure.html").render(
            title=title,
            headline=self._headline,
            lists=table(frame, title=_("Lists"), headings=_HEADINGS) if self.frame.height else "",
            suppressed=table(self.suppressed, title=_("Suppression list")) if self.suppressed.height else "",
            unknown=self.unknown,
            origin=self._origin,
        )
        return Markup(body)  # noqa: S704  # the template escapes

    def __repr__(self) -> str:
        parts = [self._headline, *([text_table(self.frame.select(_SHOWN))] if self.frame.height else [])]
        return "\n".join([*parts, *map(str, self.unknown), self._origin])

    def _repr_html_(self) -> str:
        return str(fragment(self._body(_("Disclosure"))))


def disclose(folder: WorkspaceFolder, *, customer: str | int | None = None, **identifiers: str | None) -> Disclosure:
    """Tell what is known of a person, named by an identifier or customer key, and record that it was told.

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
    exports, records = _everything_filled(folder)
    key = None if customer is None else str(customer)
    person = find_person(
        folder,
        identifier=identifier,
        customer=key,
        lists=records,
        sent_by=[column for it in exports for column in Export.model_validate(it.settings).identity_columns],
    )
    lists, gaps = _lists_of(folder, records, person)
    suppressed, others = _suppressed(folder, person)
    if identifier is not None and len(person.customers) > 1:
        others.insert(0, Gap(code=GapCode.SHARED, count=len(person.customers)))
    if person.problem is not None:
        others.append(Gap(code=GapCode.PROFILES_UNREADABLE))
    return _recorded(
        folder,
        asked=_asked(identifier, key),
        customers=[_shown_key(it) for it in person.customers.sort()],
        lists=lists,
        suppressed=suppressed,
        gaps=[*others, *gaps, Gap(code=GapCode.OTHER_RECORDS)],
    )


def _everything_filled(folder: WorkspaceFolder) -> tuple[list[ExportRecord], list[ContactListRecord]]:
    """Return all that was ever filled, with the exports: also lists that were deleted, and removed exports."""
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        records = list(session.scalars(select(ContactListRecord).order_by(ContactListRecord.id)))
        return list({it.export_id: it.export for it in records}.values()), records


def _lists_of(
    folder: WorkspaceFolder, records: Iterable[ContactListRecord], person: FoundPerson
) -> tuple[list[Holding], list[Gap]]:
    known = {it.name: _hashes_of(person, it) for it in identifier_types()}
    holdings, gaps = [], []
    for record in records:
        hashes = known.get(record.identifier_type, pl.Series("value", [], pl.String))
        periods, missing = periods_in(folder, record, customers=person.customers, hashes=hashes)
        gaps += missing
        triggers = _triggers(folder, periods)
        runs = pl.concat([periods["from_run"], periods["until_run"]]).drop_nulls().unique(maintain_order=True)
        gaps += [Gap(code=GapCode.RUN_UNKNOWN, name=it) for it in runs if it not in triggers]
        bases, unproved = _bases(folder, record, periods)
        gaps += unproved
        is_this_person = pl.col("customer").is_in(person.customers.implode())
        theirs = periods.with_columns(pl.when(is_this_person).then("customer"))
        holdings += [
            Holding(
                **(row | {"customer": None if row["customer"] is None else _shown_key(row["customer"])}),
                export=record.export.name,
                segment=record.segment,
                list=record.name,
                advertiser_id=record.advertiser_id,
                host=record.host,
                identifier_type=record.identifier_type,
                removed_by=triggers.get(row["until_run"] or ""),
                basis=bases.get((row["from_run"], row["identifier"])),
            )
            for row in theirs.iter_rows(named=True)
        ]
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(holdings, key=lambda it: it.from_at or it.until_at or earliest), list(dict.fromkeys(gaps))


def _bases(
    folder: WorkspaceFolder, record: ContactListRecord, periods: pl.DataFrame
) -> tuple[Mapping[tuple[str, str], str | None], list[Gap]]:
    """Return on what basis each run added an identifier to the list, as far as is proved, and what is not."""
    bases: dict[tuple[str, str], str | None] = {}
    gaps = []
    for run in periods["from_run"].drop_nulls().unique(maintain_order=True):
        try:
            evidence = consent_evidence(folder, run)
        except (DataError, SignatureError):
            gaps.append(Gap(code=GapCode.CONSENT_UNPROVED, name=run))
            continue
        if evidence is not None:
            # By another customer with the same address it may be in another list on another basis.
            theirs = evidence.frame.filter(
                pl.col("identifier").is_in(periods["identifier"].implode()),
                segment=record.segment,
                advertiser_id=record.advertiser_id,
                identifier_type=record.identifier_type,
            )
            bases |= {
                (run, identifier): basis for identifier, basis in theirs.select("identifier", "basis").iter_rows()
            }
    return bases, gaps


def _triggers(folder: WorkspaceFolder, periods: pl.DataFrame) -> dict[str, Trigger]:
    """Return what started each run that still has a record."""
    runs = set(pl.concat([periods["from_run"], periods["until_run"]]).drop_nulls())
    with folder.reading() as session:
        query = select(RunRecord.id, RunRecord.started_by).where(RunRecord.id.in_(runs))
        return {it.id: it.started_by for it in session.execute(query)}


def _hashes_of(person: FoundPerson, kind: IdentifierType) -> pl.Series:
    """Return every hash under which an identifier of the person may have been sent or suppressed."""
    theirs = person.values.filter(identifier_type=kind.name).select("value")
    spelled = [it for form in kind.hashes for it in kind.hashed_anywhere("value", form)]
    sent = person.sent.filter(identifier_type=kind.name)["identifier"]
    plain = [theirs.select(it.alias("value"))["value"] for it in spelled]
    return pl.concat([person.suppression.hashes(kind), sent, *plain]).unique()


def _suppressed(folder: WorkspaceFolder, person: FoundPerson) -> tuple[list[SuppressedEntry], list[Gap]]:
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        entries = entries_of(session, folder)
        named = set(_naming(content_of(session, entries.in_force), person))
        lifted = sum(it.act == Act.LIFT for it in entries.whole)
        found = [
            SuppressedEntry(entry=it.name, at=it.added_at, source=it.source)
            for it in entries.in_force
            if it.number in named
        ]
    gaps = [Gap(code=GapCode.SUPPRESSIONS_LOST, count=len(entries.lost))] if entries.lost else []
    return found, [*gaps, *([Gap(code=GapCode.LIFTED, count=lifted)] if lifted else [])]


def _naming(people: pl.DataFrame, person: FoundPerson) -> Sequence[int]:
    """Return the numbers of the entries that name the person by a key or by any hash of an identifier."""
    wanted = Suppression.of_customers(person.customers)
    by_key = pl.col("customer").is_in(wanted.customers.implode()) | pl.col("customer_sha256").is_in(
        wanted.customer_hashes.implode()
    )
    forms = [it for it in HASH_COLUMNS if it != "customer_sha256"]
    by_hash = (
        (pl.col("identifier_type") == kind.name)
        & pl.any_horizontal(pl.col(it).is_in(_hashes_of(person, kind).implode()) for it in forms)
        for kind in identifier_types()
    )
    is_theirs = pl.any_horizontal(by_key.fill_null(False), *(it.fill_null(False) for it in by_hash))
    return people.filter(is_theirs)["number"].unique().to_list()


def _asked(identifier: tuple[IdentifierType, str] | None, customer: str | None) -> Asked:
    if identifier is None:
        given = pl.DataFrame({"value": [customer]}).select(hashed("value", HashFormat.SHA256))
        return Asked(known_by="customer", sha256=given.item())
    kind, value = identifier
    normalized = kind.normalize_columns(pl.LazyFrame({"value": [value]}), ["value"])
    return Asked(known_by=kind.keyword, sha256=normalized.select(hashed("value", HashFormat.SHA256)).collect().item())


def _shown_key(key: str) -> str:
    """Return a customer key as it may be shown: one that may be an identifier itself as its hash."""
    keys = pl.DataFrame({"key": [key]})
    patterns = [AT_SIGN, *(it.in_keys for it in identifier_types() if it.in_keys is not None)]
    is_identifier = pl.any_horizontal(pl.col("key").str.contains(it) for it in patterns)
    digest = pl.format("sha256:{}", hashed("key", HashFormat.SHA256))
    return str(keys.select(pl.when(is_identifier).then(digest).otherwise("key")).item())


def _recorded(
    folder: WorkspaceFolder,
    *,
    asked: Asked,
    customers: Sequence[str],
    lists: Sequence[Holding],
    suppressed: Sequence[SuppressedEntry],
    gaps: Sequence[Gap],
) -> Disclosure:
    """Sign what is disclosed, and let a row of the audit tell of it."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        root = state_of(session).root
        statement = Statement(
            id=f"disclosure-{token_hex(4)}",
            workspace=root,
            made_at=datetime.now(UTC),
            made_by=actor.name,
            asked=asked,
            customers=tuple(customers),
            lists=tuple(lists),
            suppressed=tuple(suppressed),
            unknown=tuple(gaps),
        )
        sha256 = statement.digest
        audit.record(session, folder, actor, Action.DISCLOSE, statement.id, sha256=sha256)
        row = state_of(session).head.count
        signed = sign(folder.identity, SignedKind.DISCLOSURE, signed_payload(row, sha256), root=root)
        proof = Proof(row=row, sha256=sha256, public_key=signed.public_key, signature=signed.signature)
    return Disclosure(Document(disclosure=statement, proof=proof))


def _lists_in(frame: pl.DataFrame) -> int:
    return frame.select("list", "list_id", "segment", "export").unique().height
