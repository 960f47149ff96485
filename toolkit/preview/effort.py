"""How many calls and how much time a run would take."""

from collections.abc import Sequence

import polars as pl

from toolkit.criteo import CALLS_A_MINUTE, LISTS_A_CALL
from toolkit.exports.export import Export
from toolkit.preview.lists import Lists
from toolkit.runs import Run, Step
from toolkit.runs.counting import calls_to_send, spare_calls

_MINUTE_SECONDS = 60

_SCHEMA = pl.Schema(
    {
        "calls": pl.Int64(),
        "batches": pl.Int64(),
        "identifiers": pl.Int64(),
        "least_seconds": pl.Float64(),
        "seconds": pl.Float64(),
        "past_runs": pl.Int64(),
    }
)


def effort_of(lists: Lists, export: Export | None, past: Sequence[Run]) -> pl.DataFrame:
    """Return one row: the ``calls`` to Criteo, the ``batches`` and ``identifiers`` among them, and the time.

    ``least_seconds`` is how long Criteo's rate limit makes a run wait. ``seconds`` is what it takes by the speed of the
    ``past_runs``: null where there are none that sent something. All is null where nobody knows what a run would send.
    """
    frame = lists.frame
    if frame["added"].is_null().any():
        return pl.DataFrame([(None,) * 5 + (len(past),)], schema=_SCHEMA, orient="row")
    batches = int(frame["batches"].sum())
    identifiers = int(frame["added"].sum()) + int(frame["removed"].sum())
    calls = batches + _calls_beside_batches(lists, export)
    # A minute's calls may all be made at once; the next has to wait for the next minute.
    waits = float((calls - 1) // CALLS_A_MINUTE * _MINUTE_SECONDS)
    speed = _identifiers_a_second(past)
    seconds = None if speed is None else _median_of_steps(past) + max(identifiers / speed, waits)
    return pl.DataFrame([(calls, batches, identifiers, waits, seconds, len(past))], schema=_SCHEMA, orient="row")


def _calls_beside_batches(lists: Lists, export: Export | None) -> int:
    """Count what a run asks besides sending: a token, where the lists are, their marks, and counts as far as it may."""
    given = set() if export is None else set(export.lists)
    known = lists.frame.filter(pl.col("list_id").is_not_null())
    others = lists.frame.filter(pl.col("list_id").is_null()).unique(["advertiser_id", "name"])
    adopted = others.filter(pl.col("segment").is_in(list(given)))
    made = others.filter(~pl.col("segment").is_in(list(given)))
    changes = (pl.col("added") > 0) | (pl.col("removed") > 0) | pl.col("is_emptied")
    moved = changes | pl.col("list_id").is_in(list(lists.left_open))
    marked = known.filter(moved)["list_id"].n_unique() + adopted.filter(changes).height
    # All lists of an advertiser are searched once for the names of those that are to be made.
    searches = _calls(known["list_id"].n_unique() + adopted.height) + made["advertiser_id"].n_unique()
    # Marks are looked at, set, and looked at again; looked at and set at the end, with those of lists that were made.
    marks = 3 * _calls(marked) + 2 * _calls(marked + made.height)
    token = 1
    before_counts = token + searches + _calls(made.height) + _calls(lists.renamed)
    emptied = lists.frame.filter("is_emptied")["list_id"].drop_nulls().to_list()
    due = len(lists.due.difference(emptied)) + adopted.filter(~pl.col("is_emptied")).height
    spare = spare_calls(CALLS_A_MINUTE - before_counts, calls_to_send(lists.frame["batches"].to_list()))
    return before_counts + marks + min(due, spare)


def _calls(lists: int) -> int:
    """Return how many calls it takes to find, make or change so many lists."""
    return -(-lists // LISTS_A_CALL)


def _identifiers_a_second(past: Sequence[Run]) -> float | None:
    sent = sum(it.added + it.removed for run in past for it in run.lists)
    seconds = sum(run.timings.get(Step.PUSH.value, 0.0) for run in past)
    return sent / seconds if sent and seconds else None


def _median_of_steps(past: Sequence[Run]) -> float:
    steps = (Step.PREPARE, Step.CHECK, Step.PLAN)
    took = pl.Series([sum(run.timings.get(it.value, 0.0) for it in steps) for run in past], dtype=pl.Float64)
    median = took.median()
    return median if isinstance(median, float) else 0.0
