"""The contact lists that a run would fill: what it would add and remove, and what is at Criteo already."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from toolkit.audience import Audience
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL, Waiting, canonical_host
from toolkit.errors import ToolkitError
from toolkit.exports.connections import client_of, credentials_of
from toolkit.exports.export import Export
from toolkit.identifiers import IdentifierType
from toolkit.runs.blast_radius import ask_blast_radius, losing_lists
from toolkit.runs.counting import count_each, due_counts
from toolkit.runs.guards import Guard, GuardViolation, would_stop
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.runs.list_result import ListResult
from toolkit.runs.marks import diverged, judge, last_marks
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.planner import Planned, plan_export
from toolkit.runs.run import last_run, stopped_by_other_ledger
from toolkit.runs.targets import Target, figures_of, targets_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ConnectionRecord, ContactListRecord

SCHEMA = pl.Schema(
    {
        "segment": pl.String(),
        "advertiser_id": pl.String(),
        "identifier_type": pl.String(),
        "name": pl.String(),
        "list_id": pl.String(),
        "members": pl.Int64(),
        "exportable": pl.Int64(),
        "identifiers": pl.Int64(),
        "held": pl.Int64(),
        "added": pl.Int64(),
        "removed": pl.Int64(),
        "is_emptied": pl.Boolean(),
        "batches": pl.Int64(),
        "held_by_criteo": pl.Int64(),
        "matches": pl.Int64(),
        "match_rate": pl.Float64(),
        "counted_at": pl.Datetime("us", "UTC"),
    }
)
_Row = Mapping[str, object]
"""Values by the columns of ``SCHEMA``."""
_COUNTED = ["held_by_criteo", "matches", "match_rate", "counted_at"]
_WHICH = ["segment", "advertiser_id", "identifier_type", "list_id"]


@dataclass(frozen=True)
class Lists:
    """The lists of an export, or of segments that no export sends yet."""

    frame: pl.DataFrame
    """A row a list and type of identifier, with the columns of ``SCHEMA``."""
    warnings: tuple[Notice, ...] = ()
    renamed: int = 0
    """How many lists are called otherwise at Criteo than the export calls them now."""
    due: frozenset[str] = frozenset()
    """Ids of lists that a run would count, as far as Criteo's rate limit allows."""
    left_open: frozenset[str] = frozenset()
    """Ids of lists whose marks a run would move though nothing is sent: the run before failed before it did so."""


def lists_of_segments(audience: Audience) -> Lists:
    """Return a list a segment, as an export that is new would make them."""
    counts = audience.counts.join(audience.identifier_counts, on="segment", how="left", maintain_order="left")
    counts = counts.with_columns(pl.col("identifiers").fill_null(0))
    rows = [
        {
            "segment": row["segment"],
            "identifier_type": audience.identifier_type.name,
            "name": row["segment"],
            "members": row["members"],
            "exportable": row["exportable"],
            "identifiers": row["identifiers"],
            "held": 0,
            "added": row["identifiers"],
            "removed": 0,
            "is_emptied": False,
            "batches": -(-row["identifiers"] // MAX_IDENTIFIERS_A_CALL),
        }
        for row in counts.iter_rows(named=True)
    ]
    return Lists(pl.DataFrame(rows, schema=SCHEMA))


def lists_of_export(
    folder: WorkspaceFolder, export: Export, audiences: Mapping[IdentifierType, Audience], history: pl.DataFrame
) -> Lists:
    """Return the lists of the export: what a run would send to each, and what Criteo counted there last.

    ``history`` is the export's trend. What would stop a run is told as a warning; so is a record that is lost, and then
    nobody knows what a run would send: ``added`` and ``removed`` are null.
    """
    host = _host(folder, export)
    targets = targets_of(folder, export, audiences, host=host)
    ledger = LedgerReader(folder)
    figures = figures_of(targets)
    try:
        planned = plan_export(folder, export, targets, host=host, ledger=ledger)
    except ToolkitError as error:
        return Lists(
            pl.DataFrame([_counts(it) for it in figures.values()], schema=SCHEMA),
            (Notice(NoticeCode.NOT_PLANNED, error.info.sentences),),
        )
    rows = [{**_counts(figures[it]), **_changes(it, export, planned, ledger)} for it in targets]
    renamed = sum(_is_renamed(it, export) for it in planned.records.values())
    due = frozenset(due_counts(folder, planned.records.values()))
    known = {it.criteo_id: it for it in planned.records.values() if it.criteo_id}
    marks = last_marks(folder, host, known)
    left_open = frozenset(list_id for list_id, it in marks.items() if it.is_open)
    # A mark that was set after the last count changed the list: Criteo says so to the run, which counts it again.
    due |= {id_ for id_, it in marks.items() if (at := known[id_].counted_at) is not None and it.set_at > at}
    losing = losing_lists(folder, export, figures, planned.records, ledger, host=host)
    campaigns = ask_blast_radius(folder, export.connection, losing)
    told = [
        *would_stop([*planned.stops, *campaigns.stops]),
        *campaigns.notices,
        *stopped_by_other_ledger(last_run(folder, export.name)),
    ]
    return Lists(_with_counted(pl.DataFrame(rows, schema=SCHEMA), history), tuple(told), renamed, due, left_open)


def ask_criteo(folder: WorkspaceFolder, export: Export, lists: Lists) -> Lists:
    """Return the lists with what Criteo counts in each now.

    A list that it can't count is told as a warning, and so is one that another ledger changed.
    """
    counted: dict[str, _Row] = {}
    warnings = list(lists.warnings)
    with client_of(credentials_of(folder, export.connection), waiting=Waiting.PERSON) as criteo:
        try:
            seen = judge(
                folder, _host(folder, export), criteo.lists_by_id(lists.frame["list_id"].drop_nulls()).values()
            )
        except ToolkitError as error:
            warnings.append(Notice(NoticeCode.NOT_COUNTED, error.info.sentences))
        else:
            changed = diverged(folder, seen.values())
            warnings += [] if changed is None else would_stop([GuardViolation(Guard.OTHER_LEDGER, changed)])
        for list_id, found in count_each(criteo, lists.frame["list_id"].drop_nulls().unique().sort().to_list()):
            if isinstance(found, ToolkitError):
                warnings.append(Notice(NoticeCode.NOT_COUNTED, found.info.sentences))
            else:
                counted[list_id] = {
                    "held_by_criteo": found.identifiers,
                    "matches": found.matches,
                    "match_rate": found.match_rate,
                    "counted_at": datetime.now(UTC),
                }
    rows = [{**row, **counted.get(row["list_id"], {})} for row in lists.frame.iter_rows(named=True)]
    return replace(lists, frame=pl.DataFrame(rows, schema=SCHEMA), warnings=tuple(warnings))


def _host(folder: WorkspaceFolder, export: Export) -> str:
    """Return where the export's connection goes; a host that nobody has when it is detached."""
    with folder.reading() as session:
        query = select(ConnectionRecord.host).where(ConnectionRecord.name == export.connection)
        return canonical_host(session.scalar(query) or "")


def _counts(figures: ListResult) -> _Row:
    kept = ("segment", "advertiser_id", "identifier_type", "members", "exportable", "identifiers")
    return {name: figures.row[name] for name in kept}


def _changes(target: Target, export: Export, planned: Planned, ledger: LedgerReader) -> _Row:
    record, plan = planned.records.get(target), planned.plans[target]
    held = None if record is None else ledger.last_held(record, wanted=target.wanted["identifier"])
    return {
        "name": _new_name(target, export) if record is None else record.name,
        "list_id": None if record is None else record.criteo_id,
        "held": 0 if held is None else len(held),
        "added": len(plan.add),
        "removed": len(plan.remove),
        "is_emptied": plan.clear,
        "batches": plan.count_batches(MAX_IDENTIFIERS_A_CALL),
    }


def _is_renamed(record: ContactListRecord, export: Export) -> bool:
    if record.criteo_id is None or record.segment in export.lists:
        return False
    return record.name != export.name_of_list(record.segment, record.made_at.date(), record.identifier_type)


def _new_name(target: Target, export: Export) -> str:
    return export.name_of_list(target.segment, datetime.now(UTC).date(), target.identifier_type.name)


def _with_counted(lists: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add what Criteo counted in each list when a run asked it last."""
    counted = history.drop_nulls("held_by_criteo").group_by(_WHICH, maintain_order=True).last()
    known = counted.select(*_WHICH, "held_by_criteo", "matches", "match_rate", counted_at="at")
    return lists.drop(_COUNTED).join(known, on=_WHICH, how="left", maintain_order="left").select(SCHEMA.names())
