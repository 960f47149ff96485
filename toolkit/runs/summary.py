"""What became of a run: in one sentence, and in a few figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from toolkit.display import Card, change, word
from toolkit.identifiers import first_type, identifier_type_named
from toolkit.runs.list_result import ListResult
from toolkit.runs.run import Run, RunKind
from toolkit.state.states import RunStatus
from toolkit.translatable import _, ngettext, number_text


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
    kind = RunKind.of(dry_run=run.dry_run, started_by=run.started_by)
    outcome = word(run.outcome)
    values = {
        "export": run.export,
        "lists": ngettext(
            "{count:,} list",
            "{count:,} lists",
            len({(it.segment, it.advertiser_id, it.identifier_type) for it in run.lists}),
        ),
        "added": ngettext("{count:,} identifier added", "{count:,} identifiers added", totals.added),
        "removed": ngettext("{count:,} removed", "{count:,} removed", totals.removed),
        "outcome": outcome,
    }
    if kind is RunKind.FORGET:
        return _("Removal of one person from the lists of {export}: {outcome}.", **values)
    if kind is RunKind.LISTS:
        return _("End of lists that {export} filled: {outcome}.", **values)
    if kind is RunKind.DRY_RUN and run.status is RunStatus.SUCCESSFUL:
        return _("Nothing was sent: a run of {export} would end with {added} and {removed}, in {lists}.", **values)
    if run.status is not RunStatus.SUCCESSFUL:
        return _("{export}: {outcome}. Criteo confirmed {added} and {removed}.", **values)
    if not totals.added and not totals.removed:
        return _("{export} found nothing to add to its {lists}, and nothing to remove.", **values)
    return _("{export} updated its {lists} at Criteo: {added}, {removed}.", **values)


def cards_of(run: Run, previous: Run | None = None) -> list[Card]:
    """Return the run's figures, with the change against the run before where it is known."""
    if not run.lists:
        return []
    now, before = Totals.of(run.lists), None if previous is None else Totals.of(previous.lists)
    found = [
        Card(_("Included"), number_text(now.included), change(now.included, before.included if before else None)),
        Card(_("Left out"), number_text(now.left_out), change(now.left_out, before.left_out if before else None)),
        Card(_("Would be added") if run.dry_run else _("Added"), number_text(now.added)),
        Card(_("Would be removed") if run.dry_run else _("Removed"), number_text(now.removed)),
    ]
    if now.rejected:
        found.append(Card(_("Rejected by Criteo"), number_text(now.rejected)))
    if now.match_rate is not None:
        was = None if before is None else before.match_rate
        note = "" if was is None else _("{rate:.0%} last time", rate=was)
        found.append(Card(_("Match rate"), number_text(now.match_rate, ".0%"), note))
    return found
