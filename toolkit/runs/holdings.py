"""What one contact list held of a person: from when to when, and by which run.

The history tells of what runs settled; batches that came after it, such as those of a run that failed, tell the rest.
"""

from enum import StrEnum

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import select

from toolkit.errors import DataError
from toolkit.runs.disclosure_gaps import Gap, GapCode
from toolkit.runs.history_parts import CHANGES, PARTS, is_readable, parts_of, scan_part
from toolkit.runs.ledger_reader import LedgerReader
from toolkit.sources.streaming import compact
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import BatchRecord, ContactListRecord
from toolkit.state.states import Operation


class Presence(StrEnum):
    """Whether a list holds an identifier of a person.

    Examples:
        >>> toolkit.Presence("may be held")
        <Presence.UNCERTAIN: 'may be held'>
    """

    HELD = "held"
    """Criteo acknowledged it, and it was not removed since."""
    UNCERTAIN = "may be held"
    """It was sent, or was to be removed, and Criteo did not acknowledge that."""
    REMOVED = "removed"
    """Criteo acknowledged that it was removed, or that the list was emptied or deleted."""
    LIST_GONE = "list gone"
    """The list that held it is no longer at Criteo."""


PERIODS: dict[str, DataType | DataTypeClass] = {
    "list_id": pl.String,
    "identifier": pl.String,
    "customer": pl.String,
    "presence": pl.String,
    "from_at": pl.Datetime("us", "UTC"),
    "from_run": pl.String,
    "until_at": pl.Datetime("us", "UTC"),
    "until_run": pl.String,
}
_EVENTS = {it: PARTS[it] for it in ("number", "at", "run", "customer", "identifier", "change")}


def periods_in(
    folder: WorkspaceFolder, record: ContactListRecord, *, customers: pl.Series, hashes: pl.Series
) -> tuple[pl.DataFrame, list[Gap]]:
    """Return the periods in which a list held identifiers of a person, the oldest first, and what is not known.

    Args:
        folder: The workspace.
        record: The list.
        customers: The customer keys of the person, as text.
        hashes: The hashes of the person's identifiers of the type of the list.

    Returns:
        The columns of ``PERIODS``, and the gaps.
    """
    is_theirs = pl.col("identifier").is_in(hashes.implode()) | pl.col("customer").is_in(customers.implode())
    history, gaps = _history(folder, record, is_theirs.fill_null(False))
    if record.holds_unknown:
        gaps.append(Gap(code=GapCode.UNKNOWN_MEMBERS, name=record.name))
    ledger = LedgerReader(folder)
    try:
        known = ledger.known_people(record).filter(is_theirs.fill_null(False))
        held = ledger.state_of(record).held
        news = ledger.sent_since(record)
    except DataError:
        gaps.append(Gap(code=GapCode.LEDGER_LOST, name=record.name))
        periods = _settled(history).with_columns(presence=_unless_ended(pl.lit(Presence.UNCERTAIN.value)))
    else:
        known = known.with_columns(acknowledged=pl.col("identifier").is_in(held.implode())).unique("identifier")
        theirs = pl.concat([known["identifier"], history["identifier"]]).unique()
        periods = _with_news(_settled(history), known, news.filter(_names(theirs)))
    return _with_lists(folder, record, periods).select(PERIODS.keys()).sort("from_at", "identifier"), gaps


def _history(folder: WorkspaceFolder, record: ContactListRecord, is_theirs: pl.Expr) -> tuple[pl.DataFrame, list[Gap]]:
    files = parts_of(folder, [record])[record.id]
    there = {number: it for number, it in files.items() if is_readable(it)}
    lost = len(files) - len(there)
    parts = [scan_part(*it).filter(is_theirs).select(list(_EVENTS)) for it in there.items()]
    events = compact(pl.concat(parts or [pl.LazyFrame(schema=_EVENTS)])).collect(engine="streaming")
    gaps = [Gap(code=GapCode.HISTORY_INCOMPLETE, name=record.name, count=lost)] if lost else []
    return events.sort("number", "identifier"), gaps


def _settled(events: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each time that an identifier entered, and for each that left without having entered."""
    entered = pl.col("change") == "entered"
    beside = events.with_columns(
        pl.col("at", "run", "change").shift(-1).over("identifier").name.prefix("next_"),
        was=pl.col("change").shift(1).over("identifier"),
    )
    is_ended = pl.col("next_change") == "left"
    came = beside.filter(entered).select(
        "identifier",
        "customer",
        pl.when(is_ended)
        .then(pl.lit(Presence.REMOVED.value))
        .when(pl.col("next_change").is_not_null())
        # It entered anew without having left: what a run made in the place of a list that was gone.
        .then(pl.lit(Presence.LIST_GONE.value))
        .alias("presence"),
        from_at="at",
        from_run="run",
        until_at=pl.when(is_ended).then("next_at"),
        until_run=pl.when(is_ended).then("next_run"),
    )
    left = beside.filter(~entered & pl.col("was").ne_missing(pl.lit("entered", CHANGES))).select(
        "identifier",
        "customer",
        pl.lit(Presence.REMOVED.value).alias("presence"),
        pl.lit(None, PERIODS["from_at"]).alias("from_at"),
        pl.lit(None, pl.String).alias("from_run"),
        until_at="at",
        until_run="run",
    )
    return pl.concat([came, left])


def _unless_ended(presence: pl.Expr) -> pl.Expr:
    return pl.coalesce("presence", presence)


def _with_news(periods: pl.DataFrame, known: pl.DataFrame, news: pl.DataFrame) -> pl.DataFrame:
    """End the periods that a batch ended since, begin those that one began, and tell how the list is now."""
    is_open = pl.col("presence").is_null()
    presence = pl.when("acknowledged").then(pl.lit(Presence.HELD.value)).otherwise(pl.lit(Presence.UNCERTAIN.value))
    taken = news.filter(pl.col("operation") != Operation.ADD.value, pl.col("done"))
    removals = taken.filter(pl.col("identifier").is_not_null())
    emptied = taken.filter(pl.col("identifier").is_null()).sort("batch", descending=True).head(1)
    last = removals.sort("batch").unique("identifier", keep="last").select("identifier", gone_at="at", gone_run="run")
    now = (
        periods.filter(is_open)
        .drop("presence")
        .join(known.select("identifier", presence=presence), on="identifier", how="left")
        .join(last, on="identifier", how="left")
        .with_columns(
            pl.col("gone_at").fill_null(pl.lit(emptied["at"].max(), PERIODS["until_at"])),
            pl.col("gone_run").fill_null(pl.lit(emptied["run"].max(), pl.String)),
        )
    )
    is_gone = pl.col("presence").is_null()
    ended = now.with_columns(
        until_at=pl.when(is_gone).then("gone_at"),
        until_run=pl.when(is_gone).then("gone_run"),
        presence=_unless_ended(
            pl.when(pl.col("gone_at").is_null())
            .then(pl.lit(Presence.LIST_GONE.value))
            .otherwise(pl.lit(Presence.REMOVED.value))
        ),
    )
    sent = news.filter(pl.col("operation") == Operation.ADD.value, pl.col("identifier").is_not_null())
    first = sent.sort("batch").unique("identifier", keep="first").select("identifier", from_at="at", from_run="run")
    begun = (
        known.join(periods.filter(is_open), on="identifier", how="anti")
        .join(first, on="identifier", how="left")
        .with_columns(
            presence.alias("presence"),
            until_at=pl.lit(None, PERIODS["until_at"]),
            until_run=pl.lit(None, pl.String),
        )
    )
    columns = periods.columns
    return pl.concat([periods.filter(~is_open), ended.select(columns), begun.select(columns)])


def _names(identifiers: pl.Series) -> pl.Expr:
    """Tell which batches name one of these identifiers, or all that a list holds."""
    return pl.col("identifier").is_null() | pl.col("identifier").is_in(identifiers.implode())


def _with_lists(folder: WorkspaceFolder, record: ContactListRecord, periods: pl.DataFrame) -> pl.DataFrame:
    """Add the list at Criteo, which may be another than today where one was made anew."""
    runs = periods["from_run"].drop_nulls().unique().to_list()
    query = select(BatchRecord.run_id, BatchRecord.criteo_id).where(
        BatchRecord.contact_list_id == record.id, BatchRecord.run_id.in_(runs), BatchRecord.criteo_id.is_not(None)
    )
    with folder.reading() as session:
        known = [(run_id, list_id) for run_id, list_id in session.execute(query)]
    lists = pl.DataFrame(known, schema={"from_run": pl.String, "list_id": pl.String}, orient="row").unique("from_run")
    return periods.join(lists, on="from_run", how="left").with_columns(
        pl.col("list_id").fill_null(pl.lit(record.criteo_id, pl.String))
    )
