"""What became of a run: in one sentence, and in a few figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from toolkit.display import Card, change
from toolkit.identifiers import first_type, identifier_type_named
from toolkit.runs.list_result import ListResult
from toolkit.runs.run import Run, RunKind
from toolkit.state.states import RunStatus


@dataclass(frozen=True)
class Totals:
    """The figures of all lists of a run together."""

    members: int
    """Who is in several segments counts in each; identifiers of a second type are of the same people."""
    included: int
    added: int
    removed: int
    rejected: int
    match_rate: float | None
    """Of what Criteo counted in the lists, the share that it matched to a person; None when it counted nothing."""

    @property
    def left_out(self) -> int:
        """Members who are not sent, for whatever reason."""
        return self.members - self.included

    @classmethod
    def of(cls, lists: Sequence[ListResult]) -> Self:
        """Return the totals of these lists."""
        named = {it.identifier_type for it in lists}
        first = first_type(identifier_type_named(it) for it in named).name if named else ""
        counted = [it for it in lists if it.identifier_type == first]
        by_criteo = {it.list_id: it for it in lists if it.held_by_criteo and it.matches is not None}.values()
        held = sum(it.held_by_criteo or 0 for it in by_criteo)
        return cls(
            members=sum(it.members for it in counted),
            included=sum(it.exportable for it in counted),
            added=sum(it.added for it in lists),
            removed=sum(it.removed for it in lists),
            rejected=sum(it.rejected for it in lists),
            match_rate=sum(it.matches or 0 for it in by_criteo) / held if held else None,
        )


def sentence_of(run: Run) -> str:
    """Return what happened, in one sentence for who did not start the run; nothing that Criteo did not confirm."""
    totals = Totals.of(run.lists)
    lists = _counted(len({(it.segment, it.advertiser_id, it.identifier_type) for it in run.lists}), "list")
    moved = f"{_counted(totals.added, 'identifier')} added, {totals.removed:,} removed"
    kind = RunKind.of(dry_run=run.dry_run, started_by=run.started_by)
    if kind in _OF_PEOPLE:
        return f"{_OF_PEOPLE[kind].format(export=run.export)}: {run.outcome}."
    if kind is RunKind.DRY_RUN and run.status is RunStatus.SUCCESSFUL:
        return f"Nothing was sent: a run of {run.export} would end with {moved}, in {lists}."
    if run.status is not RunStatus.SUCCESSFUL:
        return f"{run.export}: {run.outcome}. Criteo confirmed {moved}."
    if not totals.added and not totals.removed:
        return f"{run.export} found nothing to add to its {lists}, and nothing to remove."
    return f"{run.export} changed its {lists} at Criteo: {moved}."


_OF_PEOPLE = {
    RunKind.FORGET: "Removal of one person from the lists of {export}",
    RunKind.LISTS: "End of lists that {export} filled",
}
"""What is no sending of segments."""


def cards_of(run: Run, previous: Run | None = None) -> list[Card]:
    """Return the run's figures, with the change against the run before where it is known."""
    if not run.lists:
        return []
    now, before = Totals.of(run.lists), None if previous is None else Totals.of(previous.lists)
    would = "Would be " if run.dry_run else ""
    found = [
        Card("Included", f"{now.included:,}", change(now.included, before.included if before else None)),
        Card("Left out", f"{now.left_out:,}", change(now.left_out, before.left_out if before else None)),
        Card(f"{would}added".capitalize(), f"{now.added:,}"),
        Card(f"{would}removed".capitalize(), f"{now.removed:,}"),
    ]
    if now.rejected:
        found.append(Card("Rejected by Criteo", f"{now.rejected:,}"))
    if now.match_rate is not None:
        was = None if before is None else before.match_rate
        note = "" if was is None else f"{was:.0%} last time"
        found.append(Card("Match rate", f"{now.match_rate:.0%}", note))
    return found


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"
