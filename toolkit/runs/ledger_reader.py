"""What is known of contact lists: what was sent and acknowledged, read again.

The state of a contact list is its last snapshot, changed by the batches that came after it. The identifiers of a batch
lie in the plan's file, so that whatever was under way when a run ended is known to be uncertain.

A batch may still be carried out after its run lost its lease: the process was stopped between asking for leave and
sending. What a later run sends of the same identifiers is certain only if the batch was over by then (see
``batches.py``). Until it is, its identifiers stay uncertain in every snapshot, and its plan's file stays.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from toolkit.errors import DataError, ErrorCode
from toolkit.files import read_parquet
from toolkit.runs.diff import KnownState
from toolkit.runs.stored import code_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import BatchRecord, ContactListRecord, RunRecord
from toolkit.state.places import place_of_run, place_of_snapshot
from toolkit.state.states import BatchStatus, Operation
from toolkit.translatable import _

_NEVER = 2**62
"""Closed after no batch so far."""


@dataclass(frozen=True)
class Unsettled:
    """What a run that is over left uncertain."""

    run_id: str
    error: ErrorCode | None
    """What it ended with."""
    identifiers: pl.Series
    everything: bool
    """It may have emptied the list."""


class LedgerReader:
    """What is known of contact lists. It changes nothing, and needs no run."""

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder
        self._snapshots: dict[str, pl.DataFrame] = {}
        self._ahead: dict[tuple[int, str | None, int], tuple[list[BatchRecord], list[BatchRecord]]] = {}

    @contextmanager
    def reading_ahead(self, records: Iterable[ContactListRecord]) -> Iterator[None]:
        """Read what was sent to lists in two queries, for as long as nothing is sent to them.

        A batch of another run that is closed meanwhile still counts as open, as if it had been looked at before.
        """
        lists = {it.id for it in records}
        own: dict[int, list[BatchRecord]] = {}
        foreign: dict[int, list[BatchRecord]] = {}
        of_list, other = aliased(ContactListRecord), aliased(ContactListRecord)
        known = select(of_list.id, of_list.criteo_id, of_list.snapshot_batch).where(of_list.id.in_(lists))
        with self._folder.reading() as session:
            # As they are now: of a record that was read before and is different now, the batches are read when asked.
            keys = [(it.id, it.criteo_id, it.snapshot_batch) for it in session.execute(known)]
            for found, query in ((own, _own(of_list)), (foreign, _foreign(of_list, other))):
                asked = query.add_columns(of_list.id).where(of_list.id.in_(lists)).order_by(BatchRecord.id)
                for batch, list_id in session.execute(asked):
                    found.setdefault(list_id, []).append(batch)
        before = self._ahead
        self._ahead = before | {it: (own.get(it[0], []), foreign.get(it[0], [])) for it in keys}
        try:
            yield
        finally:
            self._ahead = before

    def state_of(self, record: ContactListRecord) -> KnownState:
        """Return what is known of the list; raises DataError when a file that tells is lost or damaged."""
        own, foreign = self._batches_that_matter(record)
        if not own and not foreign:
            held, uncertain = _split(self._snapshot(record))
            return KnownState(held=held, uncertain=uncertain, form=record.form, mixes_forms=record.mixes_forms)
        emptied = _last_emptying(own)
        snapshot = _NO_SNAPSHOT if emptied else self._snapshot(record)
        sent = self._sent(record, own, since=emptied)
        known = _combined(snapshot.select("identifier", "acknowledged"), sent, own, foreign, emptied=emptied)
        held, uncertain = _split(known)
        return KnownState(held=held, uncertain=uncertain, form=record.form, mixes_forms=record.mixes_forms)

    def has_news(self, record: ContactListRecord) -> bool:
        """Tell whether something was sent to the list since its snapshot, or may still be carried out there."""
        own, _ = self._batches_that_matter(record)
        return bool(own)

    def unsettled(self, record: ContactListRecord, *, but: str) -> list[Unsettled]:
        """Return what runs, but for this one, left uncertain of the list, a run at a time."""
        own, _ = self._batches_that_matter(record)
        emptied = _last_emptying(own)
        open_ones = [it for it in own if not is_acknowledged(it) and _until(it) >= emptied and it.run_id != but]
        errors = self._errors({it.run_id for it in open_ones}) if open_ones else {}
        found = []
        for run_id in dict.fromkeys(it.run_id for it in open_ones):
            batches = [it for it in open_ones if it.run_id == run_id]
            clears = any(it.operation == Operation.CLEAR for it in batches)
            identifiers = self._planned(record, run_id, batches)["identifier"]
            found.append(Unsettled(run_id, errors.get(run_id), identifiers, clears))
        return found

    def last_held(self, record: ContactListRecord, *, wanted: pl.Series) -> pl.Series | None:
        """Return what the list held after the last finished run, None when there was none.

        What is uncertain is taken to have been as it is wanted: to send it again is no change.
        """
        if record.snapshot is None:
            return None
        held, uncertain = _split(self._snapshot(record))
        return pl.concat(
            [held, uncertain.to_frame().join(wanted.to_frame(), on="identifier", how="semi")["identifier"]]
        )

    def count_last(self, record: ContactListRecord) -> int | None:
        """Return how many identifiers the list held, or may have held, after the last finished run.

        None where there was none, or the record of it is lost.
        """
        try:
            return None if record.snapshot is None else self._snapshot(record).height
        except DataError:
            return None

    def may_hold(self, record: ContactListRecord) -> bool:
        """Tell whether the list may hold something: also where the record of it is lost."""
        try:
            state = self.state_of(record)
        except DataError:
            return True
        return record.holds_unknown or len(state.held) + len(state.uncertain) > 0

    def known_of(self, record: ContactListRecord, customers: pl.Series) -> pl.Series:
        """Return the identifiers that the list holds, or may hold, of these customers (keys as text)."""
        known = self._known_members(record, wanted=NO_MEMBERS, left=NO_IDENTIFIERS)
        return known.filter(pl.col("customer").is_in(customers.implode()))["identifier"]

    def known_people(self, record: ContactListRecord) -> pl.DataFrame:
        """Return ``identifier`` and ``customer`` of whoever the list holds, or may hold."""
        known = self._known_members(record, wanted=NO_MEMBERS, left=NO_IDENTIFIERS)
        return known.select("identifier", "customer")

    def sent_since(self, record: ContactListRecord) -> pl.DataFrame:
        """Return what was sent to the list since its snapshot, or may still be carried out there.

        A row an ``identifier`` and ``batch``, with its ``operation``, ``run``, whether it is ``done`` and ``at`` what
        time; an emptying has one row without an identifier. Raises DataError when a plan's file is lost.
        """
        own, _ = self._batches_that_matter(record)
        frames = [pl.DataFrame(schema=_NEWS_SCHEMA)]
        for run_id in dict.fromkeys(it.run_id for it in own):
            batches = [it for it in own if it.run_id == run_id]
            facts = pl.DataFrame(
                [
                    (
                        it.number,
                        it.id,
                        it.operation.value,
                        it.run_id,
                        is_acknowledged(it),
                        it.acknowledged_at or it.sent_at,
                    )
                    for it in batches
                ],
                schema={"number": pl.Int64, **{name: _NEWS_SCHEMA[name] for name in list(_NEWS_SCHEMA)[1:]}},
                orient="row",
            )
            planned = self._planned(record, run_id, batches).select("identifier", "number")
            emptied = facts.filter(operation=Operation.CLEAR.value).select(
                pl.lit(None, pl.String).alias("identifier"), pl.all()
            )
            frames += [it.select(_NEWS_SCHEMA.keys()) for it in (planned.join(facts, on="number"), emptied)]
        return pl.concat(frames)

    def plan_file(self, list_id: int, run_id: str) -> Path:
        """Return where the plan of a run for the list lies."""
        return place_of_run(self._folder.path, run_id) / f"plan-{list_id}.parquet"

    def _errors(self, runs: set[str]) -> dict[str, ErrorCode | None]:
        with self._folder.reading() as session:
            rows = session.execute(select(RunRecord.id, RunRecord.error).where(RunRecord.id.in_(runs))).all()
        return {run_id: code_in(error) for run_id, error in rows}

    def _known_members(self, record: ContactListRecord, *, wanted: pl.DataFrame, left: pl.Series) -> pl.DataFrame:
        """Return the rows of a snapshot: the identifiers, whether they are acknowledged, and whose they are."""
        state = self.state_of(record)
        before = self._snapshot_or_nothing(record)
        own, _ = self._batches_that_matter(record)
        plans = self._sent(record, own, since=_last_emptying(own)).select("identifier", "customer")
        earlier = before.select("identifier", "member")
        known = pl.concat(
            [
                state.held.to_frame().with_columns(acknowledged=pl.lit(True), member=pl.lit(True)),
                # Of few: whoever is acknowledged is a member, whatever the snapshot says.
                state.uncertain.to_frame()
                .with_columns(acknowledged=pl.lit(False))
                .join(earlier, on="identifier", how="left", maintain_order="left")
                .with_columns(pl.col("member").fill_null(False)),
            ]
        )
        if len(left):
            known = known.join(left.to_frame("identifier"), on="identifier", how="anti", maintain_order="left")
        whose = _with_customer(known, as_text(wanted))
        whose = _with_customer(whose, pl.concat([plans, before.select("identifier", "customer")]))
        return whose.select("identifier", "acknowledged", "customer", "member")

    def _snapshot(self, record: ContactListRecord) -> pl.DataFrame:
        """Return the rows of the snapshot; raises DataError when its file is lost or damaged."""
        if record.snapshot is None:
            return _NO_SNAPSHOT
        if record.snapshot not in self._snapshots:
            self._snapshots[record.snapshot] = self._read_snapshot(
                record, place_of_snapshot(self._folder.path, record.snapshot)
            )
        return self._snapshots[record.snapshot]

    @staticmethod
    def _read_snapshot(record: ContactListRecord, path: Path) -> pl.DataFrame:
        if not path.exists() or checksum(path) != record.snapshot_sha256:
            raise _lost(record, path)
        return read_parquet(path)

    def _snapshot_or_nothing(self, record: ContactListRecord) -> pl.DataFrame:
        """Return the rows of the snapshot; none when it is lost, which matters no more once the list was emptied."""
        try:
            return self._snapshot(record)
        except DataError:
            return _NO_SNAPSHOT

    def _batches_that_matter(self, record: ContactListRecord) -> tuple[list[BatchRecord], list[BatchRecord]]:
        ahead = self._ahead.get(_as_known(record))
        if ahead is not None:
            return ahead
        with self._folder.reading() as session:
            return self._read_batches(session, record)

    @contextmanager
    def _remembering(self, record: ContactListRecord) -> Iterator[None]:
        """Read the batches of a list once, while several questions are asked of them."""
        before = self._ahead
        self._ahead = before | {_as_known(record): self._batches_that_matter(record)}
        try:
            yield
        finally:
            self._ahead = before

    @staticmethod
    def _runs_that_matter(session: Session, record: ContactListRecord) -> set[str]:
        """Return the runs whose plans tell what the snapshot does not."""
        return {it.run_id for it in session.scalars(_own(record))}

    @staticmethod
    def _read_batches(session: Session, record: ContactListRecord) -> tuple[list[BatchRecord], list[BatchRecord]]:
        """Return the batches that the snapshot does not tell of, in whole: the list's own, and others' that take away.

        The first are those that began after it, and those that were not over by then. The second are those that others
        who fill the same list at Criteo left uncertain, and that were not over by then.
        """
        return (
            list(session.scalars(_own(record).order_by(BatchRecord.id))),
            list(session.scalars(_foreign(record, ContactListRecord).order_by(BatchRecord.id))),
        )

    def _sent(self, record: ContactListRecord, own: Sequence[BatchRecord], *, since: int) -> pl.DataFrame:
        """Return the identifiers of the batches that count since the list was emptied by a batch of that number."""
        counting = [it for it in own if it.id > since or (not is_acknowledged(it) and _until(it) >= since)]
        frames = [pl.DataFrame(schema=_SENT_SCHEMA)]
        for run_id in dict.fromkeys(it.run_id for it in counting):
            batches = [it for it in counting if it.run_id == run_id]
            facts = pl.DataFrame(
                {
                    "number": [it.number for it in batches],
                    "batch": [it.id for it in batches],
                    "done": [is_acknowledged(it) for it in batches],
                    "until": [_until(it) for it in batches],
                },
                schema={"number": pl.Int64, "batch": pl.Int64, "done": pl.Boolean, "until": pl.Int64},
            )
            was_emptied = max(it.id for it in batches) < since
            planned = self._planned(record, run_id, batches, if_lost=_NO_PLAN if was_emptied else None)
            frames.append(planned.join(facts, on="number", maintain_order="left").select(_SENT_SCHEMA.keys()))
        return pl.concat(frames)

    def _planned(
        self, record: ContactListRecord, run_id: str, batches: list[BatchRecord], *, if_lost: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Return the identifiers of those batches of a run that were recorded as sent."""
        path = self.plan_file(record.id, run_id)
        if not any(it.identifiers for it in batches):
            return _NO_PLAN
        try:
            planned = read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
            if if_lost is not None:
                return if_lost
            raise _lost(record, path) from None
        return planned.filter(pl.col("number").is_in([it.number for it in batches]))


def _as_known(record: ContactListRecord) -> tuple[int, str | None, int]:
    """Return what decides which batches matter of a list."""
    return record.id, record.criteo_id, record.snapshot_batch


_List = ContactListRecord | type[ContactListRecord]
"""A record, or the table of them (or an alias of it) in a query."""


def _not_over(record: _List) -> ColumnElement[bool]:
    # One that was over at the number of the snapshot may have been so before or after it was taken.
    open_then = or_(BatchRecord.closed_after.is_(None), BatchRecord.closed_after >= record.snapshot_batch)
    return open_then & (BatchRecord.status != BatchStatus.ACKNOWLEDGED)


def _own(record: _List) -> Select[BatchRecord]:
    """Return the list's own batches that began after its snapshot, and those that were not over by then."""
    here = BatchRecord.criteo_id == record.criteo_id
    return select(BatchRecord).where(
        BatchRecord.contact_list_id == record.id,
        or_(BatchRecord.id > record.snapshot_batch, here & _not_over(record)),
    )


def _foreign(record: _List, other: type[ContactListRecord]) -> Select[BatchRecord]:
    """Return what others who fill the same list left uncertain, and that takes away."""
    return (
        select(BatchRecord)
        .join(other, other.id == BatchRecord.contact_list_id)
        .where(
            other.host == record.host,
            other.id != record.id,
            BatchRecord.criteo_id == record.criteo_id,
            _not_over(record),
            BatchRecord.operation != Operation.ADD,
        )
    )


OPERATIONS = pl.Enum([operation.value for operation in Operation])
PLAN_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "number": pl.Int64,
    "operation": OPERATIONS,
    "customer": pl.String,
}
_SENT_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "customer": pl.String,
    "operation": OPERATIONS,
    "batch": pl.Int64,
    "done": pl.Boolean,
    "until": pl.Int64,
}
_SNAPSHOT_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "acknowledged": pl.Boolean,
    "customer": pl.String,
    "member": pl.Boolean,
}
_NEWS_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "identifier": pl.String,
    "batch": pl.Int64,
    "operation": pl.String,
    "run": pl.String,
    "done": pl.Boolean,
    "at": pl.Datetime("us", "UTC"),
}
_NO_PLAN = pl.DataFrame(schema=PLAN_SCHEMA)
_NO_SNAPSHOT = pl.DataFrame(schema=_SNAPSHOT_SCHEMA)
NO_MEMBERS = pl.DataFrame(schema={"identifier": pl.String, "customer": pl.String})
NO_IDENTIFIERS = pl.Series("identifier", [], dtype=pl.String)


def _split(known: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return what was held, and what was uncertain."""
    acknowledged = known["acknowledged"]
    return known["identifier"].filter(acknowledged), known["identifier"].filter(~acknowledged)


def _with_customer(known: pl.DataFrame, whose: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, those without a ``customer`` with the first that ``whose`` tells for their identifier."""
    if "customer" not in known.columns:
        known = known.with_columns(customer=pl.lit(None, pl.String))
    unnamed = known["customer"].is_null()
    if not unnamed.any():
        return known
    if not unnamed.all():
        whose = whose.join(known.filter(unnamed), on="identifier", how="semi", maintain_order="left")
    told = whose.drop_nulls().unique("identifier", keep="first").rename({"customer": "told"})
    named = known.join(told, on="identifier", how="left", maintain_order="left")
    return named.with_columns(customer=pl.coalesce("customer", "told")).drop("told")


def as_text(wanted: pl.DataFrame) -> pl.DataFrame:
    """Return ``identifier`` and ``customer``, the key as text."""
    return wanted.select("identifier", pl.col("customer").cast(pl.String))


def is_acknowledged(batch: BatchRecord) -> bool:
    """Tell whether Criteo acknowledged the batch."""
    return batch.status == BatchStatus.ACKNOWLEDGED


def _until(batch: BatchRecord) -> int:
    """Return up to which number others were sent while the batch may still have been carried out."""
    return _NEVER if batch.closed_after is None else batch.closed_after


def _last_emptying(own: Sequence[BatchRecord]) -> int:
    """Return the number of the last batch that certainly emptied the list, 0 when none did."""
    return max((it.id for it in own if it.operation == Operation.CLEAR and is_acknowledged(it)), default=0)


def _combined(
    snapshot: pl.DataFrame,
    sent: pl.DataFrame,
    own: Sequence[BatchRecord],
    foreign: Sequence[BatchRecord],
    *,
    emptied: int,
) -> pl.DataFrame:
    """Return ``identifier`` and ``acknowledged`` of all that the list holds or may hold.

    An identifier is as the last batch says that names it, if that was acknowledged, and no other batch that may have
    changed it was open at that time and is not known to have come before.
    """
    unsure = pl.col("until").filter(~pl.col("done"))
    last = (
        sent.sort("batch")
        .group_by("identifier", maintain_order=True)
        .agg(
            pl.col("batch", "operation", "done").last(),
            open_until=unsure.max().fill_null(0),
        )
        if sent["identifier"].n_unique() < len(sent)
        else sent.with_columns(open_until=pl.when("done").then(0).otherwise("until"))
    )
    is_gone = pl.col("operation") == Operation.REMOVE.value
    certain = pl.col("done") & (pl.col("open_until") < pl.col("batch"))
    for it in foreign:
        certain &= ~pl.col("batch").is_between(it.id, _until(it))
    of_batches = last.select("identifier", "batch", acknowledged=certain, absent=certain & is_gone)
    of_snapshot = snapshot.join(of_batches.select("identifier"), on="identifier", how="anti").select(
        "identifier", pl.lit(0, pl.Int64).alias("batch"), "acknowledged", pl.lit(False).alias("absent")
    )
    may_be_emptied_until = max(
        (_until(it) for it in own if it.operation == Operation.CLEAR and not is_acknowledged(it)), default=-1
    )
    if may_be_emptied_until < emptied:
        may_be_emptied_until = -1
    return (
        pl.concat([of_snapshot, of_batches])
        .filter(~pl.col("absent"))
        .select("identifier", acknowledged=pl.col("acknowledged") & (pl.col("batch") > may_be_emptied_until))
    )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lost(record: ContactListRecord, path: Path) -> DataError:
    return DataError(
        _(
            "The record of what contact list {record!r} holds is lost or damaged: {path}.",
            record=record.name,
            path=path,
        ),
        _("Run the export once with mode='replace': that empties the list and sends it whole."),
    )
