"""Compares declared audiences with what is at Criteo. Nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolkit.campaigns.criteo_side import AdvertiserSide, AudienceThere, SegmentThere
from toolkit.campaigns.expression import (
    AtCriteo,
    Expression,
    Leaf,
    Lookalike,
    Or,
    Prospecting,
    Retargeting,
    SegmentLists,
)
from toolkit.campaigns.lists import FilledLists
from toolkit.campaigns.meaning import is_nobody
from toolkit.campaigns.ownership import AudienceMark, SegmentMark, written
from toolkit.campaigns.plan import AudienceStep, OtherAudience, PlannedAudience
from toolkit.campaigns.saved_audiences import Saved, all_saved
from toolkit.errors import ConfigurationError, ToolkitError
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _


@dataclass(frozen=True)
class MadeSegment:
    """A segment that is made at Criteo for an audience: what it is, and under which name."""

    leaf: Lookalike | Retargeting | Prospecting
    name: str
    """Tells all that it is made of: another definition has another name."""
    seed_id: str = ""
    """Of a lookalike: the list whose people are resembled."""


@dataclass(frozen=True)
class Resolved:
    """A definition in segments at Criteo."""

    expression: Expression
    """A segment that is to be made stands in it as it is declared."""
    missing: tuple[MadeSegment, ...]


class Planner:
    """Plans the audiences of one connection and advertiser."""

    def __init__(self, folder: WorkspaceFolder, side: AdvertiserSide, *, connection: str, host: str) -> None:
        self.side = side
        self.connection = connection
        self.workspace_id = folder.settings.id
        self._folder = folder
        self._host = host

    @property
    def lists(self) -> FilledLists:
        """The lists that exports fill, as they are now."""
        return FilledLists(
            self._folder, host=self._host, advertiser_id=self.side.advertiser_id, there=self.side.segments
        )

    def plan(self, saved: Saved) -> PlannedAudience:
        """Return what applying a declared audience would do."""
        audience = saved.audience
        planned = PlannedAudience(
            audience.name,
            AudienceStep.BLOCKED,
            self.connection,
            self.side.advertiser_id,
            definition=audience.definition,
        )
        try:
            mine = self.find(saved)
            if mine is not None:
                planned = self._beside(planned, mine)
            resolved = self.resolve(audience.expression)
            self._require_name_free(audience.name, mine)
            if is_nobody(resolved.expression):
                raise ConfigurationError(
                    _("Nobody can be in {name!r}: its segments share a list at Criteo.", name=audience.name),
                    _("Correct the definition."),
                )
        except ToolkitError as error:
            return replace(planned, problem=error.info)
        planned = replace(planned, segments=tuple(it.name for it in resolved.missing))
        if mine is None:
            return replace(planned, step=AudienceStep.CREATE)
        step = self._step(saved, mine, resolved)
        problem = self._drifted(saved, mine).info if step is AudienceStep.DRIFTED else None
        return replace(planned, step=step, problem=problem)

    def find(self, saved: Saved) -> AudienceThere | None:
        """Return the audience at Criteo that is this declaration's, None where there is none yet.

        Raises:
            ConfigurationError: Several are marked as its own; or it adopts one that is not there, or another's.
        """
        marked = [it for it in self.side.audiences if self._is_marked(it, saved.number)]
        if len(marked) > 1:
            marked = [it for it in marked if it.name == saved.audience.name] or marked
        if len(marked) > 1:
            raise ConfigurationError(
                _(
                    "Several audiences at Criteo are marked as {name!r}: {ids}.",
                    name=saved.audience.name,
                    ids=", ".join(it.id for it in marked),
                ),
                _("Somebody copied it there. Delete the copies at Criteo, or clear their descriptions."),
            )
        if marked:
            return marked[0]
        return self._adopted(saved) if saved.audience.adopts else None

    def _adopted(self, saved: Saved) -> AudienceThere:
        audience = saved.audience
        found = next((it for it in self.side.audiences if it.id == audience.adopts), None)
        if found is None:
            raise ConfigurationError(
                _(
                    "Advertiser {advertiser_id} has no audience {id} at Criteo, which {name!r} adopts.",
                    advertiser_id=self.side.advertiser_id,
                    id=audience.adopts,
                    name=audience.name,
                ),
                _("Correct the ID, or save the audience without one: then it is made."),
            )
        if AudienceMark.in_text(found.description) is not None and not self._is_left_behind(found):
            raise ConfigurationError(
                _(
                    "Audience {id} at Criteo, which {name!r} adopts, was made by another declaration.",
                    id=found.id,
                    name=audience.name,
                ),
                _("Change it where it is declared, or adopt another one."),
            )
        return found

    def _is_left_behind(self, there: AudienceThere) -> bool:
        """Tell whether this workspace made an audience that none of its declarations says any more.

        So is one whose declaration was lost with a backup that was brought back.
        """
        mark = AudienceMark.in_text(there.description)
        if mark is None or mark.workspace != self.workspace_id:
            return False
        return mark.number not in self._declared(all_saved(self._folder))

    def _declared(self, saved: Sequence[Saved]) -> set[int]:
        """Return the numbers of the declarations for the advertiser, through whichever connection."""
        mine = [it for it in saved if it.audience.advertiser_id == self.side.advertiser_id]
        return {it.number for it in mine if not it.is_removed}

    def resolve(self, expression: Expression) -> Resolved:
        """Return a definition in segments at Criteo.

        Raises:
            ConfigurationError: A segment was never sent, or something else is not there; or a segment that is to be
                made has the name of another.
        """
        missing: dict[MadeSegment, None] = {}
        lists = self.lists

        def found(leaf: Leaf) -> Expression:
            match leaf:
                case SegmentLists():
                    return Or.of(*(AtCriteo(it.id) for it in lists.of(leaf)))
                case AtCriteo():
                    self._require_there(leaf)
                    return leaf
                case Lookalike() | Retargeting() | Prospecting():
                    made = _made(leaf, lists)
                    there = self._made_before(made)
                    if there is None:
                        missing[made] = None
                    return leaf if there is None else AtCriteo(there)
                case _:
                    raise TypeError(type(leaf))

        return Resolved(expression.replaced(found), tuple(missing))

    def mark(self, saved: Saved, expression: Expression) -> AudienceMark:
        """Return the mark of what is about to be written."""
        return AudienceMark(self.workspace_id, saved.number, written(saved.audience.name, expression))

    def segment_mark(self, made: MadeSegment) -> SegmentMark:
        """Return the mark of a segment that is about to be made."""
        return SegmentMark(self.workspace_id, written(made.name, None))

    def left_behind(self, saved: Sequence[Saved]) -> list[PlannedAudience]:
        """Return the audiences of this workspace at Criteo that none of these declarations says any more."""
        declared = self._declared(saved)
        found = [(it, AudienceMark.in_text(it.description)) for it in self.side.audiences]
        return [
            self._beside(
                PlannedAudience(it.name, AudienceStep.LEFT_BEHIND, self.connection, self.side.advertiser_id), it
            )
            for it, mark in found
            if mark is not None and mark.workspace == self.workspace_id and mark.number not in declared
        ]

    def unused_segments(self, saved: Sequence[Saved]) -> list[SegmentThere]:
        """Return the segments that this workspace made for audiences, and that none uses any more.

        One that a declaration needs is used, also before its audience is made.

        Raises:
            ConfigurationError: What a declaration needs can't be known.
        """
        needed = {
            leaf.id
            for it in saved
            if not it.is_removed and it.audience.advertiser_id == self.side.advertiser_id
            for leaf in self.resolve(it.audience.expression).expression.leaves
            if isinstance(leaf, AtCriteo)
        }
        used = {its for it in self.side.audiences for its in it.segment_ids}
        seeds = {it.seed_id for it in self.side.segments.values()}
        return [
            it
            for it in self.side.segments.values()
            if it.id not in needed | used | seeds
            # As it was written: one that somebody gave another name is theirs.
            and SegmentMark.in_text(it.description) == SegmentMark(self.workspace_id, written(it.name, None))
        ]

    def require_unchanged(self, there: AudienceThere) -> None:
        """Raise ConfigurationError when somebody changed an audience at Criteo since it was written there."""
        if not _is_as_written(there):
            raise ConfigurationError(
                _("Somebody changed audience {name!r} ({id}) at Criteo.", name=there.name, id=there.id),
                _("Delete it there, if nobody needs it."),
            )

    def others(self) -> list[OtherAudience]:
        """Return the audiences at Criteo that this workspace did not make."""
        say = self.in_words
        return [
            OtherAudience(it.id, it.name, self.side.advertiser_id, say(it), it.ad_set_ids)
            for it in self.side.audiences
            if not self._is_ours(it)
        ]

    def in_words(self, there: AudienceThere) -> str:
        """Return the definition of an audience at Criteo, with the names of segments where they are known."""
        if there.expression is None:
            return ""
        lists = self.lists

        def named(leaf: Leaf) -> Expression:
            name = lists.name_of(leaf.id) if isinstance(leaf, AtCriteo) else None
            return leaf if name is None else SegmentLists(name)

        return str(there.expression.replaced(named))

    def _beside(self, planned: PlannedAudience, there: AudienceThere) -> PlannedAudience:
        return replace(
            planned,
            audience_id=there.id,
            at_criteo=self.in_words(there),
            ad_sets=tuple(self.side.ad_set_names.get(it, it) for it in there.ad_set_ids),
        )

    def _step(self, saved: Saved, mine: AudienceThere, resolved: Resolved) -> AudienceStep:
        mark = AudienceMark.in_text(mine.description)
        if mark is None or mark.number != saved.number:
            return AudienceStep.ADOPT
        now = written(mine.name, mine.expression)
        if not resolved.missing and now == written(saved.audience.name, resolved.expression):
            return AudienceStep.UNCHANGED
        return AudienceStep.CHANGE if mark.written == now else AudienceStep.DRIFTED

    def require_not_drifted(self, saved: Saved, mine: AudienceThere) -> None:
        """Raise ConfigurationError when the audience of a declaration was changed at Criteo since it was written.

        One that the declaration is yet to adopt was written by others.
        """
        if self._is_marked(mine, saved.number) and not _is_as_written(mine):
            raise self._drifted(saved, mine)

    def _drifted(self, saved: Saved, mine: AudienceThere) -> ConfigurationError:
        return ConfigurationError(
            _(
                "Somebody changed audience {name!r} ({id}) at Criteo: it is {there} there.",
                name=mine.name,
                id=mine.id,
                there=self.in_words(mine) or _("something that can't be read"),
            ),
            _(
                "Save the audience as it is there; or overwrite it with apply({name!r}, overwrite=True).",
                name=saved.audience.name,
            ),
        )

    def _require_name_free(self, name: str, mine: AudienceThere | None) -> None:
        for it in self.side.audiences:
            if it.name == name and (mine is None or it.id != mine.id):
                raise ConfigurationError(
                    _(
                        "Advertiser {advertiser_id} has an audience {name!r} ({id}) at Criteo that this workspace "
                        "did not make.",
                        advertiser_id=self.side.advertiser_id,
                        name=name,
                        id=it.id,
                    )
                    if not self._is_ours(it)
                    else _(
                        "Audience {id} at Criteo has the name {name!r} already: another declaration made it.",
                        id=it.id,
                        name=name,
                    ),
                    _("Choose another name.")
                    if self._is_ours(it) and not self._is_left_behind(it)
                    else _(
                        "Choose another name; or, to take that one over, save the audience with adopts={id!r}.",
                        id=it.id,
                    ),
                )

    def _require_there(self, leaf: AtCriteo) -> None:
        if leaf.id not in self.side.segments:
            raise ConfigurationError(
                _(
                    "Advertiser {advertiser_id} has no segment {id} at Criteo.",
                    advertiser_id=self.side.advertiser_id,
                    id=leaf.id,
                ),
                _("Correct the ID in the definition."),
            )

    def _made_before(self, made: MadeSegment) -> str | None:
        named = [it for it in self.side.segments.values() if it.name == made.name]
        for it in named:
            if SegmentMark.in_text(it.description) == self.segment_mark(made):
                return it.id
        if named:
            raise ConfigurationError(
                _(
                    "Advertiser {advertiser_id} has a segment {name!r} ({id}) at Criteo that this workspace did not "
                    "make.",
                    advertiser_id=self.side.advertiser_id,
                    name=made.name,
                    id=named[0].id,
                ),
                _("To use that one, write id({id}) in its place.", id=named[0].id),
            )
        return None

    def _is_marked(self, there: AudienceThere, number: int) -> bool:
        mark = AudienceMark.in_text(there.description)
        return mark is not None and (mark.workspace, mark.number) == (self.workspace_id, number)

    def _is_ours(self, there: AudienceThere) -> bool:
        mark = AudienceMark.in_text(there.description)
        return mark is not None and mark.workspace == self.workspace_id


def _made(leaf: Lookalike | Retargeting | Prospecting, lists: FilledLists) -> MadeSegment:
    match leaf:
        case Lookalike(of, size):
            seeds = lists.of(of)
            if len(seeds) > 1:
                raise ConfigurationError(
                    _("Segment {segment!r} has {count} contact lists at Criteo.", segment=of.name, count=len(seeds)),
                    _("A lookalike resembles one list: send the segment to one, without {{type}} in its name."),
                )
            return MadeSegment(leaf, f"Lookalike of list {seeds[0].id}, {size} people", seeds[0].id)
        case Retargeting(visitors, least, most):
            return MadeSegment(leaf, f"Retargeting of {visitors.value}{_span(least, most)}")
        case Prospecting(users, least, most):
            return MadeSegment(leaf, f"Prospecting of {users.value}{_span(least, most)}")


def _span(least: int | None, most: int | None) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f", {least} days or more since the last visit"
    return f", {least or 0} to {most} days since the last visit"


def _is_as_written(there: AudienceThere) -> bool:
    """Tell whether an audience at Criteo is what its mark says that was written."""
    mark = AudienceMark.in_text(there.description)
    return mark is not None and mark.written == written(there.name, there.expression)
