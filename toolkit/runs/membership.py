"""The history of the members of contact lists: who entered, and who left, in which run.

A list has a part of it, a Parquet file below ``history/``, for every run that changed it: customer keys and hashed
identifiers, nothing else of a person.
"""

from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from polars.exceptions import PolarsError
from sqlalchemy import select

from toolkit.access.people import Role, require_actor
from toolkit.files import scan_parquet
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord, HistoryPartRecord
from toolkit.state.places import place_of_history

CHANGES = pl.Enum(["entered", "left"])
OFTEN = 3
"""Who entered a list so often keeps coming and going."""
_MEMBER = ["export", "segment", "advertiser_id", "customer"]


def part_of(folder: WorkspaceFolder, list_id: int, number: int) -> Path:
    """Return where a new part of the history of a list may lie, which no other run writes to."""
    return folder.path / "history" / str(list_id) / f"{number:06}-{token_hex(4)}.parquet"


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


def scan_history(folder: WorkspaceFolder, export: str | None = None) -> pl.LazyFrame:
    """Return a row for everyone who entered or left a list in a run, the oldest first.

    Columns: ``at``, ``run``, ``export``, ``segment``, ``advertiser_id``, ``customer`` (the key, as text),
    ``identifier`` (hashed) and ``change``.
    """
    parts = [_scan_part(record, file) for record in _lists(folder, export) for file in _parts(folder, record)]
    return pl.concat(parts or [pl.LazyFrame(schema=_SCHEMA)]).sort("at", maintain_order=True)


def scan_identities(folder: WorkspaceFolder, lists: Iterable[ContactListRecord]) -> pl.LazyFrame:
    """Return ``customer``, ``identifier`` and ``identifier_type`` of whoever entered or left one of these lists."""
    schema = {"customer": pl.String, "identifier": pl.String, "identifier_type": pl.String}
    parts = [
        scan_parquet(file).select("customer", "identifier", pl.lit(record.identifier_type).alias("identifier_type"))
        for record in lists
        for file in files_of_history(folder, record)
        # Somebody leaves by what else is known of them.
        if is_readable(file)
    ]
    return pl.concat(parts or [pl.LazyFrame(schema=schema)]).unique()


def is_readable(file: Path) -> bool:
    """Tell whether a file of the history is there, and a Parquet file."""
    try:
        scan_parquet(file).collect_schema()
    except (OSError, PolarsError):
        return False
    return True


def flapping(
    folder: WorkspaceFolder, export: str | None = None, *, times: int = OFTEN, in_run: str | None = None
) -> pl.DataFrame:
    """Return the members who entered one list ``times`` or more often, the most often first.

    With ``in_run`` only those who entered it once more in that run.
    """
    history = _often_changed(folder, export, times=times).filter(pl.col("customer").is_not_null())
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
        .collect(engine="streaming")
    )


def _often_changed(folder: WorkspaceFolder, export: str | None, *, times: int) -> pl.LazyFrame:
    """Return the history of the lists that changed so often that somebody may have entered them ``times``."""
    parts: dict[tuple[str, str, str | None], list[pl.LazyFrame]] = {}
    for record in _lists(folder, export):
        # What a segment sends as several types of identifiers is several lists: together they are one for a member.
        found = parts.setdefault((record.export.name, record.segment, record.advertiser_id), [])
        found += [_scan_part(record, file) for file in _parts(folder, record)]
    enough = [it for together in parts.values() if len(together) >= times for it in together]
    return pl.concat(enough or [pl.LazyFrame(schema=_SCHEMA)])


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


def _lists(folder: WorkspaceFolder, export: str | None) -> Iterable[ContactListRecord]:
    query = select(ContactListRecord).join(ExportRecord).order_by(ContactListRecord.id)
    if export is not None:
        query = query.where(ExportRecord.name == export)
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
        records = session.scalars(query).all()
        # Asked for within the session.
        return [it for it in records if it.export]


def files_of_history(folder: WorkspaceFolder, record: ContactListRecord) -> list[Path]:
    """Return the files of the history of a list, the oldest first, also those that are no longer there."""
    query = select(HistoryPartRecord.file).where(HistoryPartRecord.contact_list_id == record.id)
    with folder.reading() as session:
        return [place_of_history(folder.path, it) for it in session.scalars(query.order_by(HistoryPartRecord.number))]


def _parts(folder: WorkspaceFolder, record: ContactListRecord) -> list[Path]:
    return [it for it in files_of_history(folder, record) if it.exists()]


def _scan_part(record: ContactListRecord, file: Path) -> pl.LazyFrame:
    return scan_parquet(file).select(
        pl.col("at").cast(_SCHEMA["at"]),
        "run",
        pl.lit(record.export.name).alias("export"),
        pl.lit(record.segment).alias("segment"),
        pl.lit(record.advertiser_id).alias("advertiser_id"),
        "customer",
        "identifier",
        "change",
    )


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
