"""The history of the members of contact lists: who entered, and who left, in which run.

It holds customer keys and hashed identifiers, nothing else of a person; its files are those of ``history_parts.py``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from toolkit.access.people import Role, require_actor
from toolkit.files import scan_parquets
from toolkit.runs.disclosure_gaps import Gap
from toolkit.runs.history_parts import CHANGES, PARTS, is_readable, parts_of, read_parts
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord

OFTEN = 3
"""Who entered a list so often keeps coming and going."""
_MEMBER = ["export", "segment", "advertiser_id", "customer"]


def changes_of(known: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return ``customer``, ``identifier`` and ``change`` of those who entered or left between two snapshots."""
    now = known.filter("member").select("customer", "identifier")
    then = before.filter("member").select("customer", "identifier")
    return pl.concat(
        [
            now.join(then, on="identifier", how="anti").with_columns(change=pl.lit("entered", CHANGES)),
            then.join(now, on="identifier", how="anti").with_columns(change=pl.lit("left", CHANGES)),
        ]
    )


def read_history(folder: WorkspaceFolder, export: str | None = None) -> tuple[pl.DataFrame, list[Gap]]:
    """Return a row for everyone who entered or left a list in a run, the oldest first, and what is not known.

    Columns: ``at``, ``run``, ``export``, ``segment``, ``advertiser_id``, ``customer`` (the key, as text),
    ``identifier`` (hashed) and ``change``.
    """
    lists = _lists(folder, export)
    rows, gaps = read_parts(folder, lists, lambda rows: _named(rows, lists))
    return rows.sort("at", maintain_order=True), gaps  # here, because the streaming engine sorts many texts slowly


def scan_identities(folder: WorkspaceFolder, lists: Iterable[ContactListRecord]) -> pl.LazyFrame:
    """Return ``customer``, ``identifier`` and ``identifier_type`` of whoever entered or left one of these lists."""
    schema = {"customer": pl.String, "identifier": pl.String, "identifier_type": pl.String}
    by_type: dict[str, list[Path]] = {}
    records = {it.id: it for it in lists}
    for list_id, files in parts_of(folder, records.values()).items():
        # Somebody leaves by what else is known of them.
        by_type.setdefault(records[list_id].identifier_type, []).extend(it for it in files.values() if is_readable(it))
    parts = [
        scan_parquets(files, PARTS).select("customer", "identifier", pl.lit(kind).alias("identifier_type"))
        for kind, files in by_type.items()
        if files
    ]
    return pl.concat(parts or [pl.LazyFrame(schema=schema)]).unique()


def flapping(
    folder: WorkspaceFolder, export: str | None = None, *, times: int = OFTEN, in_run: str | None = None
) -> tuple[pl.DataFrame, list[Gap]]:
    """Return the members who entered one list ``times`` or more often, the most often first, and what is not known.

    With ``in_run`` only those who entered it once more in that run.
    """
    lists = _often_changed(_lists(folder, export), times=times)

    def ask(rows: pl.LazyFrame) -> pl.LazyFrame:
        history = _named(rows, lists).filter(pl.col("customer").is_not_null())
        if in_run is not None:
            came = history.filter(pl.col("run") == in_run, pl.col("change") == "entered").select(_MEMBER).unique()
            history = history.join(came, on=_MEMBER, how="semi")
        entered = _entries(history)
        if in_run is not None:
            entered = entered.join(entered.filter(run=in_run).select(_MEMBER), on=_MEMBER, how="semi")
        return (
            entered.group_by(_MEMBER)
            .agg(times_entered=pl.len(), last_entered_at=pl.col("at").max())
            .filter(pl.col("times_entered") >= times)
            .sort("times_entered", "customer", descending=[True, False])
        )

    return read_parts(folder, lists, ask)


def _often_changed(lists: Iterable[ContactListRecord], *, times: int) -> list[ContactListRecord]:
    """Return the lists that changed so often that somebody may have entered them ``times``."""
    # What a segment sends as several types of identifiers is several lists: together they are one for a member.
    together: dict[tuple[str, str, str | None], list[ContactListRecord]] = {}
    for it in lists:
        together.setdefault((it.export.name, it.segment, it.advertiser_id), []).append(it)
    return [it for its in together.values() if sum(it.settled for it in its) >= times for it in its]


def _entries(history: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each time that somebody came into a list of which they were not.

    The history is of identifiers: one that takes another's place, or comes beside it, lets nobody in.
    """
    change = pl.col("change")
    in_runs = history.group_by(*_MEMBER, "run").agg(
        at=pl.col("at").max(),
        more=(change == "entered").sum().cast(pl.Int64) - (change == "left").sum().cast(pl.Int64),
    )
    held = pl.col("more").cum_sum().over(_MEMBER, order_by="at")
    return in_runs.with_columns(held=held).filter(pl.col("held") > 0, pl.col("held") <= pl.col("more"))


def _lists(folder: WorkspaceFolder, export: str | None) -> list[ContactListRecord]:
    query = select(ContactListRecord).join(ExportRecord).options(joinedload(ContactListRecord.export))
    if export is not None:
        query = query.where(ExportRecord.name == export)
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        return list(session.scalars(query.order_by(ContactListRecord.id)))


def _named(rows: pl.LazyFrame, lists: Sequence[ContactListRecord]) -> pl.LazyFrame:
    """Return rows of the history with the columns of ``_SCHEMA``."""
    names = [(it.id, it.export.name, it.segment, it.advertiser_id) for it in lists]
    schema = {"list": pl.Int64, **dict.fromkeys(_MEMBER[:-1], pl.String)}
    named = pl.LazyFrame(names, schema=schema, orient="row")
    return rows.join(named, on="list", how="left", maintain_order="left").select(list(_SCHEMA))


_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "at": pl.Datetime("us", "UTC"),
    "run": pl.String,
    "export": pl.String,
    "segment": pl.String,
    "advertiser_id": pl.String,
    "customer": pl.String,
    "identifier": pl.String,
    "change": CHANGES,
}
