"""What the lists of an export need to be as they should, for a run that sends it and for whoever looks before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl

from toolkit.audience import HashFormat
from toolkit.exports.export import Export, Mode
from toolkit.runs.diff import KnownState, Plan, plan_push
from toolkit.runs.guards import GuardViolation, guard_change
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.runs.lists import get_lists, sharing
from toolkit.runs.targets import Target
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord
from toolkit.translatable import _, sentences


@dataclass(frozen=True)
class Planned:
    """What a run would send to each list, and what would stop it."""

    records: Mapping[Target, ContactListRecord]
    """What is known of the lists that were filled before."""
    plans: Mapping[Target, Plan]
    stops: list[GuardViolation]


def plan_export(
    folder: WorkspaceFolder, export: Export, targets: Sequence[Target], *, host: str, ledger: LedgerReader
) -> Planned:
    """Plan for all lists of the export. Criteo is not asked, and nothing of the lists recorded."""
    records = known_lists(folder, export, targets, host=host)
    plans = plans_of(folder, export, targets, records, ledger)
    return Planned(records, plans, guard_changes(export, records, ledger))


def known_lists(
    folder: WorkspaceFolder, export: Export, targets: Sequence[Target], *, host: str
) -> dict[Target, ContactListRecord]:
    """Return what is known of the lists; one that was never filled has no record. Nothing is written."""
    known = get_lists(folder, export, [it.key for it in targets], host=host)
    return {it: known[it.key] for it in targets if it.key in known}


def guard_changes(
    export: Export, records: Mapping[Target, ContactListRecord], ledger: LedgerReader
) -> list[GuardViolation]:
    """Compare what the lists should hold with what they held after the last finished run."""
    # Who replaces asks for the whole list anew, also where the record of what it holds is lost.
    if export.mode is Mode.REPLACE:
        return []
    return [
        stop
        for target, record in records.items()
        for stop in guard_change(
            _said(target, export),
            target.wanted["identifier"],
            ledger.last_held(record, wanted=target.wanted["identifier"]) if record.form == target.form.value else None,
            most_change=export.thresholds.most_change,
        )
    ]


def plans_of(
    folder: WorkspaceFolder,
    export: Export,
    targets: Sequence[Target],
    records: Mapping[Target, ContactListRecord],
    ledger: LedgerReader,
) -> dict[Target, Plan]:
    """Return what brings each list from what is known of it to what is wanted; of one without a record nothing is."""
    others = sharing(folder, records.values())
    with ledger.reading_ahead([*records.values(), *chain.from_iterable(others.values())]):
        plans = {
            it: _plan(export, it, records, others, ledger) if it in records else _plan_new(export, it) for it in targets
        }
    emptied_by: dict[str, Target] = {}
    for target, record in records.items():
        if plans[target].clear and record.criteo_id is not None:
            emptied_by.setdefault(record.criteo_id, target)
    for target, record in records.items():
        first = emptied_by.get(record.criteo_id or "", target)
        if first is not target:
            # Of those who share a list, one empties it, and then it holds nothing of anybody.
            wanted = target.wanted["identifier"]
            plans[target] = plan_push(wanted, KnownState.empty(), mode=Mode.MIRROR, form=target.form)
    return plans


def _plan_new(export: Export, target: Target) -> Plan:
    return plan_push(target.wanted["identifier"], KnownState.empty(), mode=export.mode, form=target.form)


def _plan(
    export: Export,
    target: Target,
    records: Mapping[Target, ContactListRecord],
    others: Mapping[int, Sequence[ContactListRecord]],
    ledger: LedgerReader,
) -> Plan:
    record = records[target]
    holds_left_ids = export.mode is Mode.MIRROR and _holds_left_ids(export, record, others[record.id], ledger)
    is_of_other = is_other_caller(record, target)
    replaces = export.mode is Mode.REPLACE or holds_left_ids or (is_of_other and export.mode is Mode.MIRROR)
    return plan_push(
        target.wanted["identifier"],
        KnownState.empty() if replaces or is_of_other else ledger.state_of(record),
        mode=Mode.REPLACE if replaces else export.mode,
        form=target.form,
        others=None if replaces else _held_for_others(target, records, others[record.id], ledger),
    )


def is_other_caller(record: ContactListRecord, target: Target) -> bool:
    """Tell whether what the list holds are ids of another caller: the same id is somebody else's there."""
    return record.caller_id not in (None, target.identifier_type.caller_id)


def _holds_left_ids(
    export: Export, record: ContactListRecord, others: Sequence[ContactListRecord], ledger: LedgerReader
) -> bool:
    """Tell whether the list holds identifiers of a type that the export sent earlier and sends no longer.

    Only hashes of them are known here, so that they can't be named to be removed.
    """
    sent = {it.name for it in export.columns_by_type}
    return any(
        len(_known(it, ledger)) > 0
        for it in others
        if it.export_id == record.export_id and it.identifier_type not in sent
    )


def _held_for_others(
    target: Target,
    records: Mapping[Target, ContactListRecord],
    others: Sequence[ContactListRecord],
    ledger: LedgerReader,
) -> pl.Series | None:
    """Return what the target's list holds, or will after this run, for others who fill it in a like form."""
    here = {record.id: it for it, record in records.items()}
    found = []
    for other in others:
        form = here[other.id].form if other.id in here else other.form
        if (form == HashFormat.PLAIN) == (target.form is HashFormat.PLAIN):
            found.append(here[other.id].wanted["identifier"] if other.id in here else _known(other, ledger))
    return pl.concat(found) if found else None


def _known(record: ContactListRecord, ledger: LedgerReader) -> pl.Series:
    state = ledger.state_of(record)
    return pl.concat([state.held, state.uncertain])


def _said(target: Target, export: Export) -> str:
    parts: list[str] = [repr(target.segment)]
    if target.is_part:
        parts.append(_("of advertiser {advertiser_id}", advertiser_id=target.advertiser_id))
    if len(export.columns_by_type) > 1:
        parts.append(_("({short})", short=target.identifier_type.short))
    return sentences(parts)
