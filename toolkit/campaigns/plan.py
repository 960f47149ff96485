"""What applying declared audiences would change at Criteo, as a value that a person reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from toolkit.display import fragment, html_table, table, text_table
from toolkit.errors import ErrorInfo
from toolkit.markup import markup
from toolkit.translatable import _, ngettext, shown


class AudienceStep(StrEnum):
    """What applying a declared audience does at Criteo.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> (planned,) = workspace.audiences.plan()
        >>> planned.step is toolkit.AudienceStep.CREATE
        True
    """

    UNCHANGED = "unchanged"
    CREATE = "create"
    CHANGE = "change"
    """The declaration changed since it was applied."""
    ADOPT = "adopt"
    """The audience that the declaration names by its id becomes this one."""
    DRIFTED = "changed at Criteo"
    """Somebody changed it at Criteo. It stays as it is, unless you overwrite it."""
    BLOCKED = "blocked"
    """It can't be applied; ``problem`` says why."""
    LEFT_BEHIND = "left behind"
    """This workspace made it, and no declaration says it any more."""


WRITES = (AudienceStep.CREATE, AudienceStep.CHANGE, AudienceStep.ADOPT)
"""The steps that change something at Criteo."""


@dataclass(frozen=True)
class PlannedAudience:
    """A declared audience, beside what is at Criteo.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> (planned,) = workspace.audiences.plan()
        >>> planned.step.value, planned.definition, planned.at_criteo
        ('create', '"High value"', '')
    """

    name: str
    step: AudienceStep
    connection: str
    advertiser_id: str
    definition: str = ""
    """As it is declared; empty if it is not."""
    audience_id: str = ""
    """Of the audience at Criteo; empty if there is none."""
    at_criteo: str = ""
    """The definition at Criteo."""
    ad_sets: tuple[str, ...] = ()
    """The ad sets that target it: their ids, with their names where the app may see them."""
    segments: tuple[str, ...] = ()
    """Segments that are made at Criteo first."""
    problem: ErrorInfo | None = None
    """Why it can't be applied as it is."""
    is_lost: bool = False
    """Whether it was applied before, and is not at Criteo any more: somebody may have deleted it there."""

    @property
    def sentence(self) -> str:
        """What happens, and what to do about it."""
        if self.problem is not None:
            return str(self.problem.sentences)
        if self.is_lost:
            return _(
                "It was applied before, and is not at Criteo any more: somebody may have deleted it there. Apply it "
                "to make it anew, then link its ad sets, or remove the declaration."
            )
        return ""


@dataclass(frozen=True)
class OtherAudience:
    """An audience at Criteo that this workspace did not make. It is never changed and never deleted.

    Examples:
        >>> workspace.audiences.plan().others
        ()
    """

    id: str
    name: str
    advertiser_id: str
    definition: str
    """Who is in it; empty if it can't be read."""
    ad_sets: tuple[str, ...]


_SCHEMA = {
    "audience": pl.String,
    "step": pl.String,
    "definition": pl.String,
    "at_criteo": pl.String,
    "audience_id": pl.String,
    "ad_sets": pl.String,
    "segments": pl.String,
    "problem": pl.String,
    "advertiser": pl.String,
    "connection": pl.String,
}


@dataclass(frozen=True, repr=False)
class AudiencePlan:
    """What applying the declared audiences would change at Criteo. Making a plan changes nothing.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> plan = workspace.audiences.plan()
        >>> plan.is_up_to_date, plan.frame.select("audience", "step").rows()
        (False, [('Best customers', 'create')])
    """

    audiences: tuple[PlannedAudience, ...]
    others: tuple[OtherAudience, ...] = ()
    """Audiences at Criteo that this workspace did not make."""
    notices: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything at Criteo is as it is declared."""
        return all(it.step is AudienceStep.UNCHANGED for it in self.audiences)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each audience that is declared or left behind."""
        rows = [
            (
                it.name,
                it.step.value,
                it.definition,
                it.at_criteo,
                it.audience_id,
                ", ".join(it.ad_sets),
                ", ".join(it.segments),
                it.sentence,
                it.advertiser_id,
                it.connection,
            )
            for it in self.audiences
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def __iter__(self) -> Iterator[PlannedAudience]:
        return iter(self.audiences)

    def __len__(self) -> int:
        return len(self.audiences)

    def __getitem__(self, name: str) -> PlannedAudience:
        return next(it for it in self.audiences if it.name == name)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to know beside the table."""
        others = ngettext(
            "{count} other audience at Criteo was not made by this workspace, and stays as it is.",
            "{count} other audiences at Criteo were not made by this workspace, and stay as they are.",
            len(self.others),
        )
        problems = [_("{name}: {problem}", name=it.name, problem=it.sentence) for it in self.audiences if it.sentence]
        return (*problems, *self.notices, *((others,) if self.others else ()))

    def __repr__(self) -> str:
        if not self.audiences:
            return "\n".join([_("No Criteo audience is declared."), *map(shown, self.sentences)])
        return "\n".join([text_table(_brief(self.frame)), *map(shown, self.sentences)])

    def _repr_html_(self) -> str:
        return str(
            fragment(
                table(_brief(self.frame), title=_("Plan of Criteo audiences")),
                *(markup("<p>{text}</p>", text=shown(it)) for it in self.sentences),
            )
        )


@dataclass(frozen=True)
class AppliedAudience:
    """What became of a declared audience.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> (applied,) = workspace.audiences.apply()
        >>> applied.step.value, applied.error is None
        ('create', True)
    """

    name: str
    step: AudienceStep
    """What was done, or would have been if ``error`` is None."""
    audience_id: str = ""
    size: int | None = None
    """How many people it reaches; None where Criteo does not say."""
    error: ErrorInfo | None = None


@dataclass(frozen=True, repr=False)
class AppliedAudiences:
    """What became of the declared audiences.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> workspace.audiences.apply().frame.select("audience", "step").rows()
        [('Best customers', 'create')]
        >>> workspace.audiences.apply().frame.select("audience", "step").rows()
        [('Best customers', 'unchanged')]
    """

    audiences: tuple[AppliedAudience, ...]
    notices: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def errors(self) -> tuple[AppliedAudience, ...]:
        """Those that could not be applied."""
        return tuple(it for it in self.audiences if it.error is not None)

    def raise_for_status(self) -> "AppliedAudiences":
        """Return it, if all could be applied.

        Raises:
            ToolkitError: One could not.
        """
        for it in self.audiences:
            if it.error is not None:
                raise it.error.error()
        return self

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each audience."""
        rows = [
            (it.name, it.step.value, it.audience_id, it.size, "" if it.error is None else str(it.error.sentences))
            for it in self.audiences
        ]
        schema = {
            "audience": pl.String,
            "step": pl.String,
            "audience_id": pl.String,
            "size": pl.Int64,
            "problem": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __iter__(self) -> Iterator[AppliedAudience]:
        return iter(self.audiences)

    def __len__(self) -> int:
        return len(self.audiences)

    def __repr__(self) -> str:
        if not self.audiences:
            return _("No Criteo audience is declared.")
        return "\n".join([text_table(self.frame), *map(shown, self.notices)])

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=_("Applied Criteo audiences"), subtitle=" ".join(map(shown, self.notices)))


def _brief(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that say something."""
    told = [it for it in frame.columns if it in ("audience", "step") or frame[it].str.len_bytes().sum()]
    return frame.select(told).drop("problem", "connection", strict=False)
