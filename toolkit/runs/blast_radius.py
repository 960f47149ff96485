"""What the loss of a list's people would hurt: asked of Criteo only when lists are about to lose them.

What a live ad set depends on is not emptied unknowingly: the guard ``live campaign`` stops that. A list that shrinks,
or is left behind, is told of. What can't be known is told too. For want of a permission it stops nothing, for it would
stop each time and be passed unread; where Criteo merely failed to answer, it stops.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from toolkit.criteo import CriteoClient, RetryPolicy, Waiting
from toolkit.errors import ToolkitError
from toolkit.exports.connections import client_of, credentials_of
from toolkit.exports.export import Export, Mode
from toolkit.runs.abandoned import find_abandoned
from toolkit.runs.abandoned_lists import AbandonedList, AbandonedLists
from toolkit.runs.guards import Guard, GuardViolation
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.runs.list_result import ListResult
from toolkit.runs.lists import records_of_list
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.targets import Target
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord
from toolkit.targeting import ListUsage, find_usage
from toolkit.translatable import _


class Loss(Enum):
    """How a list loses people."""

    EMPTIED = auto()
    """Nobody is left, or the list itself is gone."""
    SHRUNK = auto()
    LEFT = auto()
    """It keeps whom it holds, and no run updates it any more."""


@dataclass(frozen=True)
class LosingList:
    """A list that is about to lose people."""

    list_id: str
    name: str
    advertiser_id: str
    loss: Loss


@dataclass(frozen=True)
class BlastRadius:
    """What depends on lists that lose people: what stops, and what is only told."""

    stops: tuple[GuardViolation, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def beside(self) -> list[str]:
        """The sentences of what is only told."""
        return [it.text for it in self.notices]


SECONDS_TO_ASK = 60.0
"""How long a run asks: what it asks is worth no night."""
SECONDS_TO_ASK_A_PERSON = 15.0


def find_blast_radius(criteo: CriteoClient, losing: Sequence[LosingList]) -> BlastRadius:
    """Ask Criteo what depends on lists that are about to lose people. Raises nothing; no list costs no call."""
    if not losing:
        return BlastRadius()
    usage = find_usage(
        criteo,
        [it.list_id for it in losing],
        advertiser_ids=[it.advertiser_id for it in losing],
        emptied=[it.list_id for it in losing if it.loss is Loss.EMPTIED],
    )
    stops: list[GuardViolation] = []
    notices: list[Notice] = []
    for it in losing:
        used = usage[it.list_id]
        stopping, told = _judged(it, used)
        stops += [GuardViolation(Guard.LIVE_CAMPAIGN, what, _remedy(used)) for what in stopping]
        notices += [Notice(NoticeCode.LIVE_CAMPAIGN, what) for what in told]
    return BlastRadius(tuple(stops), tuple(notices))


def _judged(losing: LosingList, used: ListUsage) -> tuple[list[str], list[str]]:
    """Return what stops, and what is told."""
    said, later = used.sentences(losing.name), used.sentences_of_scheduled(losing.name)
    if losing.loss is not Loss.EMPTIED:
        return [], [*said, *later, *used.doubts]
    return (said + used.doubts, later) if used.may_pass else (said, [*later, *used.doubts])


def _remedy(used: ListUsage) -> str:
    if used.may_pass and not used.live:
        return _("Run again when Criteo answers.")
    return _("Take the list out of the audience at Criteo, or pause the ad sets, before it is emptied.")


def ask_blast_radius(folder: WorkspaceFolder, connection: str, losing: Sequence[LosingList]) -> BlastRadius:
    """Ask what depends on lists, for a person who looks. Raises nothing: why Criteo can't be asked is told.

    Args:
        folder: The workspace.
        connection: The connection through which Criteo is asked.
        losing: The lists; none costs no call.
    """
    if not losing:
        return BlastRadius()
    try:
        patience = RetryPolicy(seconds=SECONDS_TO_ASK_A_PERSON)
        with client_of(credentials_of(folder, connection), waiting=Waiting.PERSON, patience=patience) as criteo:
            return find_blast_radius(criteo, losing)
    except ToolkitError as error:
        text = _("Which live ad sets depend on these lists can't be known: {problem}", problem=error.info.sentences)
        return BlastRadius(notices=(Notice(NoticeCode.LIVE_CAMPAIGN, text),))


def losing_lists(
    folder: WorkspaceFolder,
    export: Export,
    figures: Mapping[Target, ListResult],
    records: Mapping[Target, ContactListRecord],
    ledger: LedgerReader,
    *,
    host: str,
) -> list[LosingList]:
    """Return the lists that a run would empty, shrink by more than the export's ``most_change``, or leave behind.

    Criteo is not asked. A list that already is empty loses nothing.

    Args:
        folder: The workspace.
        export: The export.
        figures: What the run would put into each list.
        records: What is known of the lists.
        ledger: What was sent to them.
        host: The host of the lists.
    """
    by_list: dict[str, list[Target]] = {}
    for target in figures:
        record = records.get(target)
        list_id = export.lists.get(target.segment, None if record is None else record.criteo_id)
        if list_id is not None:
            by_list.setdefault(list_id, []).append(target)
    found = []
    for list_id, targets in by_list.items() if export.mode is not Mode.APPEND else ():
        wanted = sum(figures[it].identifiers for it in targets)
        own = [it for it in map(records.get, targets) if it is not None and it.criteo_id == list_id]
        if wanted and export.mode is not Mode.REPLACE:
            loss, name = _shrinks(export, wanted, own, ledger), own[0].name if own else ""
        else:
            fillers = records_of_list(folder, host, list_id)
            loss = _loss_for_all(export, wanted, own, fillers, ledger)
            name = next((it.name for it in [*own, *fillers]), targets[0].segment)
        if loss is not None:
            found.append(LosingList(list_id, name, targets[0].advertiser_id, loss))
    return [
        *found,
        *_moved(folder, export, figures, records, host=host),
        *_left_for_others(folder, export, records, ledger, host=host),
    ]


def _loss_for_all(
    export: Export,
    wanted: int,
    own: Sequence[ContactListRecord],
    fillers: Sequence[ContactListRecord],
    ledger: LedgerReader,
) -> Loss | None:
    """Return what a list loses of what it holds for all who fill it; without ``own`` nobody knows what it holds."""
    if wanted:
        return _shrinks(export, wanted, fillers, ledger)
    ours = {it.id for it in own}
    of_us = any(ledger.may_hold(it) for it in own)
    of_others = any(ledger.may_hold(it) for it in fillers if it.id not in ours)
    # Who replaces empties the list for all; else others keep there what they put.
    if export.mode is Mode.REPLACE:
        return Loss.EMPTIED if of_us or of_others or not own else None
    if not of_us:
        return None
    return Loss.SHRUNK if of_others else Loss.EMPTIED


def _shrinks(export: Export, wanted: int, records: Iterable[ContactListRecord], ledger: LedgerReader) -> Loss | None:
    held = sum(ledger.count_last(it) or 0 for it in records)
    return Loss.SHRUNK if held and (held - wanted) / held > export.thresholds.most_change else None


def _moved(
    folder: WorkspaceFolder,
    export: Export,
    figures: Mapping[Target, ListResult],
    records: Mapping[Target, ContactListRecord],
    *,
    host: str,
) -> list[LosingList]:
    """Return the lists that this run leaves behind, because it makes others in their place."""
    new = {it.segment for it in figures if it not in records or records[it].criteo_id is None}
    left = find_abandoned(folder, export).untended if new else ()
    return [left_behind(it) for it in left if it.segment in new and not it.filled_by and it.host == host]


def _left_for_others(
    folder: WorkspaceFolder,
    export: Export,
    records: Mapping[Target, ContactListRecord],
    ledger: LedgerReader,
    *,
    host: str,
) -> list[LosingList]:
    """Return the lists in whose place the export names others that are at Criteo already."""
    left = {
        it.id: it
        for target, it in records.items()
        if it.criteo_id is not None and export.lists.get(target.segment, it.criteo_id) != it.criteo_id
    }
    return [
        LosingList(it.criteo_id or "", it.name, it.advertiser_id, Loss.LEFT)
        for it in left.values()
        if ledger.may_hold(it) and all(other.id in left for other in records_of_list(folder, host, it.criteo_id or ""))
    ]


def left_behind(abandoned: AbandonedList) -> LosingList:
    """Return a list that no run updates any more."""
    return LosingList(abandoned.list_id, abandoned.name, abandoned.advertiser_id, Loss.LEFT)


def with_campaigns(folder: WorkspaceFolder, lists: AbandonedLists, connection: str) -> AbandonedLists:
    """Return lists that are left behind with what depends on them, asked of Criteo for whoever leaves them behind.

    Args:
        folder: The workspace.
        lists: The lists.
        connection: The connection by which they were filled; none where it is empty.
    """
    untended = [left_behind(it) for it in lists.untended]
    if not connection:
        return lists
    return replace(lists, campaigns=tuple(ask_blast_radius(folder, connection, untended).beside))


def ended_lists(records: Iterable[ContactListRecord]) -> list[LosingList]:
    """Return lists that are about to be emptied or deleted."""
    return [LosingList(it.criteo_id or "", it.name, it.advertiser_id, Loss.EMPTIED) for it in records]
