"""What a run will send: identifiers to add, identifiers to remove."""

from dataclasses import dataclass

import polars as pl

from toolkit.audience import HashFormat
from toolkit.exports.export import Mode


@dataclass(frozen=True)
class KnownState:
    """What is known of the content of a contact list: each identifier is in one of the two series, or in none."""

    held: pl.Series
    """Identifiers that Criteo acknowledged to hold."""
    uncertain: pl.Series
    """Identifiers that were sent, to be added or removed, without an acknowledgement."""
    form: HashFormat | None = None
    """The form in which something was sent last; None when nothing was."""
    mixes_forms: bool = False
    """Whether both plain values and hashes were sent."""

    @classmethod
    def empty(cls) -> "KnownState":
        """Nothing was ever sent."""
        return cls(held=_identifiers([]), uncertain=_identifiers([]))


@dataclass(frozen=True)
class Plan:
    """What to send to one contact list; the three are sent in this order."""

    clear: bool
    """Whether the list is emptied first."""
    remove: pl.Series
    add: pl.Series
    leave: pl.Series
    """Identifiers that are no longer wanted here, and stay because somebody else put them into the same list."""

    @property
    def nothing(self) -> bool:
        """Whether the list already is as it should be."""
        return not (self.clear or len(self.remove) or len(self.add) or len(self.leave))

    def count_batches(self, size: int) -> int:
        """Return in how many batches of at most ``size`` identifiers it is sent."""
        return int(self.clear) + -(-len(self.remove) // size) + -(-len(self.add) // size)


def plan_push(
    wanted: pl.Series, known: KnownState, *, mode: Mode, form: HashFormat, others: pl.Series | None = None
) -> Plan:
    """Return what brings a list from what is known of it to what is wanted.

    ``others`` are identifiers that the list holds for other exports too: they are not removed.
    What is uncertain is sent again, one way or the other: both operations may be repeated without harm. (A list that is
    appended to keeps it uncertain until it is wanted.) A plain address is not kept here, so it can't be named to be
    removed: a list that holds one is emptied and sent whole, and so is one that was sent both plain values and hashes.
    """
    outdated = anti_join(pl.concat([known.held, known.uncertain]), wanted)
    changes_plain = len(outdated) > 0 and known.form is HashFormat.PLAIN
    nothing = _identifiers([])
    is_unlike = known.mixes_forms or is_other_form(known.form, form)
    if mode is Mode.REPLACE or (mode is Mode.MIRROR and (changes_plain or is_unlike)):
        return Plan(clear=True, remove=nothing, add=wanted, leave=nothing)
    if mode is Mode.APPEND:
        held = nothing if is_other_form(known.form, form) else known.held
        return Plan(clear=False, remove=nothing, add=anti_join(wanted, held), leave=nothing)
    add = anti_join(wanted, known.held)
    remove = outdated if others is None else anti_join(outdated, others)
    return Plan(clear=False, remove=remove, add=add, leave=anti_join(outdated, remove))


def is_other_form(sent: HashFormat | None, form: HashFormat) -> bool:
    """Tell whether what was sent is nothing of what is sent now, though it is known by the same identifiers.

    A plain address is known by its SHA-256, which is not what the list holds.
    """
    return sent not in (None, form) and HashFormat.PLAIN in (sent, form)


def anti_join(some: pl.Series, others: pl.Series) -> pl.Series:
    """Return the identifiers of the first series that are not in the second."""
    return some.to_frame().join(others.to_frame(), on="identifier", how="anti")["identifier"]


def _identifiers(values: list[str]) -> pl.Series:
    return pl.Series("identifier", values, dtype=pl.String)
