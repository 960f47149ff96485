"""What a run plans, sends and settles, list by list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypedDict, Unpack

import polars as pl

from toolkit.access.credentials import Credentials
from toolkit.criteo import CriteoClient, RetryPolicy, Wait
from toolkit.errors import AccessError, BusyError, ConfigurationError, DataError, ErrorCode, UnavailableError
from toolkit.exports.connections import client_of
from toolkit.exports.export import Export, Mode
from toolkit.files import write_atomically
from toolkit.runs.abandoned import find_abandoned
from toolkit.runs.blast_radius import SECONDS_TO_ASK, BlastRadius, find_blast_radius, losing_lists
from toolkit.runs.consent import write_proof
from toolkit.runs.count_drift import Expected, drift
from toolkit.runs.counting import calls_to_send, count_lists, due_counts, note_counts, spare_calls
from toolkit.runs.diff import Plan, is_other_form
from toolkit.runs.guards import GuardViolation
from toolkit.runs.ledger import Batch, Ledger
from toolkit.runs.lifecycle import RunRecorder, now
from toolkit.runs.list_result import ListResult
from toolkit.runs.lists import (
    Holds,
    IfListGone,
    find_lists,
    get_or_create_lists,
    lease_lists,
    note_doubt,
    others_of,
    reread,
    sharing,
)
from toolkit.runs.marks import Marks
from toolkit.runs.membership import OFTEN, flapping
from toolkit.runs.notices import Notice, NoticeCode, of_criteo
from toolkit.runs.planner import guard_changes, is_other_caller, known_lists, plans_of
from toolkit.runs.progress import Observer, Progress, Step
from toolkit.runs.pusher import ListPush, Prepared, Pushed, push_lists, sending_for
from toolkit.runs.run import last_run, stopped_by_other_ledger
from toolkit.runs.targets import Target
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord
from toolkit.state.states import Operation, Trigger
from toolkit.translatable import _, ngettext


@dataclass(frozen=True)
class PreparedLists:
    """Whom each list should hold, and the row of the report that it begins with."""

    figures: Mapping[Target, ListResult]
    without_advertiser: Sequence[ListResult]


class _Figures(TypedDict, total=False):
    """What becomes known of a list while a run sends."""

    list_id: str | None
    added: int
    removed: int
    rejected: int
    batches: int
    retries: int
    seconds: float
    size: int
    held_by_criteo: int | None
    matches: int | None


class Transfer:
    """The planning and the sending part of a run: the lists one after the other, the figures kept up to date."""

    def __init__(
        self,
        folder: WorkspaceFolder,
        export: Export,
        prepared: PreparedLists,
        *,
        host: str,
        batch_size: int,
        keeper: RunRecorder,
        observer: Observer,
    ) -> None:
        self._folder = folder
        self._export = export
        self._host = host
        self._batch_size = batch_size
        self._keeper = keeper
        self._observer = observer
        self._ledger = Ledger(folder, keeper.id, now=now, lease=keeper.lease, under_way=keeper.under_way)
        self._rows = dict(prepared.figures)
        self._targets = list(self._rows)
        self._others = prepared.without_advertiser
        self._records: dict[Target, ContactListRecord] = {}
        self._updates: Mapping[str, str] = {}
        self._rejected: list[pl.DataFrame] = []
        self._done = self._total = 0
        self._waits: list[tuple[Target | None, Wait]] = []
        """Each with the list that was sent to; None where the call concerned all lists."""
        self._told: list[Notice] = []

    def guard(self) -> list[GuardViolation]:
        """Compare what the lists should hold with what they held; nothing of the lists is asked for, nor recorded."""
        self._records = known_lists(self._folder, self._export, self._targets, host=self._host)
        for target, record in self._records.items():
            self._note(target, list_id=record.criteo_id)
        self._note_figures()
        return guard_changes(self._export, self._records, self._ledger)

    def ask_campaigns(self, credentials: Credentials, trigger: Trigger) -> BlastRadius:
        """Ask what depends on the lists that lose people; where none does, nothing is asked."""
        losing = losing_lists(self._folder, self._export, self._rows, self._records, self._ledger, host=self._host)
        if not losing:
            return BlastRadius()
        patience = RetryPolicy(seconds=SECONDS_TO_ASK)
        with client_of(credentials, waiting=trigger.waiting, patience=patience, observer=self.on_wait) as criteo:
            return find_blast_radius(criteo, losing)

    def preview(self) -> None:
        """Plan for all lists. Nothing is sent, and nothing of the lists recorded."""
        for target, plan in self._plans().items():
            batches = plan.count_batches(self._batch_size)
            self._note(target, added=len(plan.add), removed=len(plan.remove), batches=batches)
        self._keeper.warn_all(stopped_by_other_ledger(last_run(self._folder, self._export.name)))
        self._note_figures()

    def send(self, criteo: CriteoClient, marks: Marks, if_list_gone: IfListGone, *, passed: Sequence[Notice]) -> None:
        """Find the lists, plan for all of them and send list by list; ``passed`` tells of guards, for the report."""
        self._told += passed
        try:
            self._find(criteo, marks, if_list_gone)
            self._take_over(marks)
            plans = self._plans()
            self._count_at_criteo(criteo, plans)
            self._tell_what_was_left(plans)
            self._total = sum(len(plan.add) + len(plan.remove) for plan in plans.values())
            self._doubt_what_will_be_emptied(plans)
            self._doubt_what_is_of_another_form()
            write_proof(self._folder, self._keeper.id, self._export, plans)
            self._keeper.begin(Step.PUSH)
            self._observer(Progress(Step.PUSH, 0, self._total))
            marks.move_on(self._changed(plans, marks))
            # A list is emptied before anything is added to it.
            unchanged = self._unchanged(plans)
            changed = sorted((it for it in plans if it not in unchanged), key=lambda it: not plans[it].clear)
            push_lists((self._to_push(it, plans[it]) for it in changed), criteo=criteo, ledger=self._ledger)
            self._ledger.collect_garbage(self._records.values(), sent=[self._records[it] for it in changed])
            marks.require_kept()
            self._finish(marks)
            self._tell_flapping()
        finally:
            self._note_figures()
            self._note_rejected()
        self._tell_warnings(criteo)

    def on_wait(self, wait: Wait) -> None:
        """Remember that Criteo's service made the run wait, and show it. Called from several threads."""
        target = sending_for()
        self._waits.append((target if isinstance(target, Target) else None, wait))
        self._observer(Progress(Step.PUSH, self._done, self._total, waiting=str(wait)))

    def _tell(self, code: NoticeCode, text: str) -> None:
        self._told.append(Notice(code, text))

    def _note(self, target: Target, **figures: Unpack[_Figures]) -> None:
        self._rows[target] = replace(self._rows[target], **figures)

    def _find(self, criteo: CriteoClient, marks: Marks, if_list_gone: IfListGone) -> None:
        known = get_or_create_lists(self._folder, self._export, [it.key for it in self._targets], host=self._host)
        records = {it: known[it.key] for it in self._targets}
        found = find_lists(
            self._folder, records, export=self._export, criteo=criteo, marks=marks, if_list_gone=if_list_gone
        )
        self._updates = found.updates
        self._records = lease_lists(self._folder, self._keeper.lease, found.records)
        for target, record in self._records.items():
            self._note(target, list_id=record.criteo_id)
        self._keeper.warn(NoticeCode.MARK_EDITED, marks.warnings)

    def _plans(self) -> dict[Target, Plan]:
        return plans_of(self._folder, self._export, self._targets, self._records, self._ledger)

    def _take_over(self, marks: Marks) -> None:
        """Take nothing for certain of what lists hold that another ledger changed."""
        if not marks.taken_over:
            return
        replaces = self._export.mode is Mode.REPLACE
        for target, record in self._records.items():
            if record.criteo_id in marks.taken_over:
                for it in (record, *others_of(self._folder, record)):
                    # Whose record is lost too is told so by any run that does not replace the list.
                    with suppress(DataError) if replaces else nullcontext():
                        self._ledger.invalidate(it)
                    # A run that is killed before it empties the list leaves this for the next.
                    note_doubt(self._folder, it, Holds.ANYTHING if replaces else Holds.OTHERS_TOO)
                self._records[target] = reread(self._folder, record)
        if replaces:
            self._tell(
                NoticeCode.TAKEN_OVER,
                _("{taken_over_from} It is emptied and sent whole.", taken_over_from=marks.taken_over_from),
            )
            return
        self._keeper.warn(
            NoticeCode.TAKEN_OVER,
            [
                _(
                    "{taken_over_from} It was taken over: whom the other workspace put there can't be "
                    "known, and stays. To leave exactly the segment in it, run the export once with "
                    "mode='replace'.",
                    taken_over_from=marks.taken_over_from,
                )
            ],
        )

    def _finish(self, marks: Marks) -> None:
        try:
            marks.finish()
        except (AccessError, BusyError, ConfigurationError, UnavailableError) as error:
            # All was sent and acknowledged.
            self._keeper.warn(
                NoticeCode.MARKS_NOT_MOVED,
                [
                    _(
                        "The marks of the lists could not be moved on after the last change. A backup "
                        "that was made while this run went on would not be told from this workspace. "
                        "{what}",
                        what=error.what,
                    )
                ],
            )

    def _changed(self, plans: Mapping[Target, Plan], marks: Marks) -> list[ContactListRecord]:
        """Return the lists whose marks move: something is sent, another ledger changed it, or a run left it open."""
        return [
            record
            for target, record in self._records.items()
            if not plans[target].nothing or record.criteo_id in marks.taken_over | marks.left_open
        ]

    def _tell_what_was_left(self, plans: Mapping[Target, Plan]) -> None:
        """Warn of what runs that lost their lease left uncertain, and of how much of it is sent again."""
        with self._ledger.reading_ahead(self._records.values()):
            left_over = {
                it: self._ledger.unsettled(record, but=self._keeper.id) for it, record in self._records.items()
            }
        for target, plan in plans.items():
            record = self._records[target]
            for left in left_over[target]:
                sent = pl.concat([plan.remove, plan.add])
                if left.error is not ErrorCode.LEASE_LOST:
                    continue
                again = len(sent) if left.everything else sent.is_in(left.identifiers.implode()).sum()
                self._keeper.warn(
                    NoticeCode.SENT_AGAIN,
                    [
                        _(
                            "Run {run_id} lost its lease, and may have changed list {record!r} "
                            "({criteo_id}) after another took over: {again:,} of its identifiers are sent "
                            "again.",
                            run_id=left.run_id,
                            record=record.name,
                            criteo_id=record.criteo_id,
                            again=again,
                        )
                    ],
                )

    def _doubt_what_will_be_emptied(self, plans: Mapping[Target, Plan]) -> None:
        ours = {record.id for record in self._records.values()}
        for target, plan in plans.items():
            for other in others_of(self._folder, self._records[target]) if plan.clear else []:
                self._ledger.invalidate(other)
                if other.id not in ours and other.export.name != self._export.name:
                    self._tell(
                        NoticeCode.EMPTIED_FOR_OTHERS,
                        _(
                            "List {other!r} ({criteo_id}) was emptied, and is filled by export {export!r} "
                            "too: run that one to send its members again.",
                            other=other.name,
                            criteo_id=other.criteo_id,
                            export=other.export.name,
                        ),
                    )

    def _doubt_what_is_of_another_form(self) -> None:
        # Who appends leaves in the list what was sent in another form; whoever of them is wanted is sent in this one.
        for target, record in self._records.items():
            is_other = is_other_form(record.form, target.form) or is_other_caller(record, target)
            if self._export.mode is Mode.APPEND and is_other:
                self._ledger.invalidate(record)

    def _unchanged(self, plans: Mapping[Target, Plan]) -> set[Target]:
        """Return the lists that already are as they should be, and note what they hold.

        One that shares its list with one that changes is not among them: it may be emptied.
        """
        changed = {self._records[target].criteo_id for target, plan in plans.items() if not plan.nothing}
        same = {it: self._records[it] for it in plans if self._records[it].criteo_id not in changed}
        with self._ledger.reading_ahead(same.values()):
            settled = {it for it, record in same.items() if not self._ledger.has_news(record)}
            for target in settled:
                self._note(target, size=len(self._ledger.state_of(same[target]).held))
        return settled

    def _to_push(self, target: Target, plan: Plan) -> ListPush:
        """Return what is to be sent to a list; what becomes of it is noted as it becomes known."""
        records: list[ContactListRecord] = []

        def prepare() -> Prepared:
            # Those who share the list may have emptied it.
            record = reread(self._folder, self._records[target])
            records.append(record)
            batches = self._ledger.write_plan(record, plan, self._batch_size, wanted=target.wanted)
            caller_id = target.identifier_type.caller_id
            return Prepared(record, batches, target.form, target.audience.addresses, caller_id)

        def on_batch(batch: Batch) -> None:
            self._rows[target] = _with_batch(self._rows[target], batch)
            self._done += len(batch.identifiers)
            self._observer(Progress(Step.PUSH, self._done, self._total))

        def on_done(pushed: Pushed) -> None:
            (record,) = records
            if plan.clear:
                for other in others_of(self._folder, record):
                    self._ledger.mark_cleared(other)
            size = self._ledger.commit_snapshot(record, wanted=target.wanted, left=plan.leave)
            self._records[target] = record
            self._note(target, size=size, rejected=pushed.rejected, seconds=round(pushed.seconds, 3))
            self._trace_rejected(target, pushed)

        return ListPush(str(self._records[target].criteo_id), prepare, on_batch, on_done, key=target)

    def _trace_rejected(self, target: Target, pushed: Pushed) -> None:
        named = pushed.rejected_identifiers.to_frame().unique()
        if named.is_empty():
            return
        traced = named.join(target.wanted, on="identifier", how="left").select(
            pl.lit(target.segment).alias("segment"), pl.col("customer").cast(pl.String), "identifier"
        )
        self._rejected.append(traced)

    def _count_at_criteo(self, criteo: CriteoClient, plans: Mapping[Target, Plan]) -> None:
        """Compare what Criteo counts in lists with what the last run left there, before anything is changed.

        Nothing is counted after sending: Criteo is still counting then. What is about to be emptied needs no count.
        """
        emptied = {record.criteo_id for target, record in self._records.items() if plans[target].clear}
        there = [it for it in self._records.values() if it.criteo_id in self._updates and it.criteo_id not in emptied]
        needed = calls_to_send([it.count_batches(self._batch_size) for it in plans.values()])
        most = spare_calls(criteo.calls_left, needed, a_minute=criteo.calls_a_minute)
        chosen = due_counts(self._folder, there, self._updates)[:most]
        if not chosen:
            return
        counted = count_lists(criteo, chosen)
        if counted.failed is not None:
            self._tell(
                NoticeCode.NOT_COUNTED,
                _(
                    "Not all lists were compared with what Criteo counts: the next run does so. {error}",
                    error=counted.failed.what,
                ),
            )
        known = [it for it in there if it.criteo_id in counted.found]
        differing = set()
        for expected in self._expected(known):
            found = counted.found[expected.list_id]
            said = drift(expected, found)
            self._keeper.warn(NoticeCode.DRIFT, [] if said is None else [said])
            differing |= set() if said is None else {expected.list_id}
            for target, record in self._records.items():
                if record.criteo_id == expected.list_id:
                    self._note(target, held_by_criteo=found.identifiers, matches=found.matches)
        note_counts(self._folder, self._keeper.lease, known, self._updates, differing=differing)

    def _tell_flapping(self) -> None:
        """Tell how many of those who entered a list now keep coming and going."""
        if not any(row.added for row in self._rows.values()):
            return
        often, gaps = flapping(self._folder, self._export.name, in_run=self._keeper.id)
        for gap in gaps:
            self._tell(NoticeCode.HISTORY_INCOMPLETE, str(gap))
        for segment, count in often.group_by("segment", maintain_order=True).len().iter_rows():
            self._tell(
                NoticeCode.FLAPPING,
                _(
                    "{count:,} of those who entered the list of segment {segment!r} had left it before, "
                    "and entered it {often} times or more often: workspace.runs.flapping({export!r}) "
                    "names them.",
                    count=count,
                    segment=segment,
                    often=OFTEN,
                    export=self._export.name,
                ),
            )

    def _expected(self, records: Sequence[ContactListRecord]) -> list[Expected]:
        """Return what each list should hold, for all who fill it."""
        lists = {record.criteo_id: record for record in records if record.criteo_id}
        others = sharing(self._folder, lists.values())
        found = []
        with self._ledger.reading_ahead([*lists.values(), *chain.from_iterable(others.values())]):
            for list_id, record in lists.items():
                together = [record, *others[record.id]]
                states = [self._ledger.state_of(it) for it in together]
                held = _distinct([it.held for it in states])
                uncertain = _distinct([it.uncertain for it in states])
                found.append(
                    Expected(
                        list_id=list_id,
                        name=record.name,
                        least=held - sum(it.rejected for it in together),
                        most=None if any(it.holds_unknown or it.mixes_forms for it in together) else held + uncertain,
                    )
                )
        return found

    def _note_retries(self) -> None:
        """Count the calls that were repeated in the row of the list, or of the first where they concern all lists."""
        first = next(iter(self._targets), None)
        repeated = Counter(target or first for target, wait in self._waits if wait.repeats)
        for target, calls in repeated.items():
            if target is not None:
                self._note(target, retries=calls)

    def _note_figures(self) -> None:
        self._note_retries()
        notes = list(self._told)
        if self._waits:
            said = ngettext(
                "The run waited for Criteo once, for {seconds:.0f} s: {reason}",
                "The run waited for Criteo {count} times, {seconds:.0f} s in all. The last time: {reason}",
                len(self._waits),
                seconds=sum(it.seconds for _target, it in self._waits),
                reason=self._waits[-1][1].reason,
            )
            notes.append(Notice(NoticeCode.WAITED, said))
        self._keeper.note_lists([*self._rows.values(), *self._others], notes)

    def _note_rejected(self) -> None:
        if self._rejected:
            traced = pl.concat(self._rejected)
            path = self._folder.path / "runs" / self._keeper.id / "rejected.parquet"
            write_atomically(path, traced.write_parquet)

    def _tell_warnings(self, criteo: CriteoClient) -> None:
        self._keeper.warn(
            NoticeCode.REJECTED,
            (
                ngettext(
                    "Criteo rejected {count:,} identifier of segment {segment!r} as invalid; run.rejected shows whose, "
                    "as far as Criteo named them.",
                    "Criteo rejected {count:,} identifiers of segment {segment!r} as invalid; run.rejected shows "
                    "whose, as far as Criteo named them.",
                    row.rejected,
                    segment=row.segment,
                )
                for row in self._rows.values()
                if row.rejected
            ),
        )
        abandoned = find_abandoned(self._folder, self._export)
        self._keeper.note_abandoned(abandoned)
        self._keeper.warn(NoticeCode.LEFT_BEHIND, (it.sentence for it in abandoned.untended))
        self._keeper.warn_all(of_criteo(criteo.notices))


def _with_batch(row: ListResult, batch: Batch) -> ListResult:
    """Return the row with a batch that was acknowledged."""
    count = len(batch.identifiers)
    return replace(
        row,
        batches=row.batches + 1,
        added=row.added + (count if batch.operation is Operation.ADD else 0),
        removed=row.removed + (count if batch.operation is Operation.REMOVE else 0),
    )


def _distinct(some: Sequence[pl.Series]) -> int:
    return len(some[0]) if len(some) == 1 else pl.concat(some).n_unique()
