"""Brings Criteo to what is declared: audiences, and the segments that they combine.

Whatever is changed there is written to the audit first, and carries a mark of this workspace. So a second time does
nothing, and after a kill the next time finds what the one before made, whether or not its answer arrived.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import polars as pl

from toolkit.access.people import Role, require_actor
from toolkit.campaigns.criteo_side import AdvertiserSide
from toolkit.campaigns.earlier import applied_audiences, places_without_declaration
from toolkit.campaigns.expression import Expression
from toolkit.campaigns.ownership import AudienceMark
from toolkit.campaigns.plan import (
    WRITES,
    AppliedAudience,
    AppliedAudiences,
    AudiencePlan,
    AudienceStep,
    OtherAudience,
    PlannedAudience,
)
from toolkit.campaigns.planning import MadeSegment, Planner, Resolved
from toolkit.campaigns.saved_audiences import Saved, all_saved, audience_of, require_appliable, without_connection
from toolkit.campaigns.sizes import record_sizes
from toolkit.criteo import RetryPolicy, Waiting
from toolkit.errors import ConfigurationError, ErrorInfo, ToolkitError, UnavailableError, going_on
from toolkit.exports.connections import client_of, credentials_of
from toolkit.exports.trust import require_nothing_altered
from toolkit.names import unknown_name
from toolkit.runs.marks import LATE_ANSWERS_SECONDS
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark, ngettext

_ACTIONS = {
    AudienceStep.CREATE: Action.CREATE_AUDIENCE_AT_CRITEO,
    AudienceStep.CHANGE: Action.CHANGE_AUDIENCE_AT_CRITEO,
    AudienceStep.DRIFTED: Action.CHANGE_AUDIENCE_AT_CRITEO,
    AudienceStep.ADOPT: Action.ADOPT_AUDIENCE_AT_CRITEO,
}


def plan_audiences(folder: WorkspaceFolder, names: Sequence[str] = ()) -> AudiencePlan:
    """Return what applying declared audiences would change at Criteo.

    Args:
        folder: The workspace.
        names: Which; all of them by default, and what is left behind.

    Raises:
        ConfigurationError: There is no audience of one of the names.
        AccessError: You may not use the connection of one that is named.
        UnavailableError: Criteo does not answer.
    """
    planned: list[PlannedAudience] = []
    left: dict[str, PlannedAudience] = {}
    others: dict[str, OtherAudience] = {}
    notices: dict[str, None] = {}
    chosen = _chosen(folder, names)
    applied = applied_audiences(folder)
    for connection, advertiser_id, saved in _grouped(chosen):
        declared = [it for it in saved if not it.is_removed]
        if not connection:
            planned += [_detached(it) for it in declared]
            continue
        problems: list[ErrorInfo] = []
        with going_on_unless(names, problems), planner(folder, connection, advertiser_id) as here:
            here.side.look_for_ad_sets()
            planned += [_plan_signed(folder, here, it) for it in declared]
            planned = [_told_if_lost(it, applied) for it in planned]
            if not names:
                notices |= dict.fromkeys(_of_unused(here, chosen))
                left |= {it.audience_id: it for it in here.left_behind(chosen)}
                others |= {it.id: it for it in here.others()}
            notices |= dict.fromkeys(here.side.notices)
        planned += [_blocked(it, why) for why in problems for it in declared]
        notices |= dict.fromkeys(why.sentences for why in problems if not declared)
    asked = {it.audience.advertiser_id for it in chosen if it.audience.connection}
    for connection, advertiser_id in () if names else places_without_declaration(folder, asked):
        unreached: list[ErrorInfo] = []
        with going_on_unless(names, unreached), planner(folder, connection, advertiser_id) as here:
            left |= {it.audience_id: it for it in here.left_behind(chosen)}
        notices |= dict.fromkeys(why.sentences for why in unreached)
    adopted = {it.audience_id for it in planned}
    unsaid = [it for it in left.values() if it.audience_id not in adopted]
    return AudiencePlan((*planned, *unsaid), tuple(others.values()), tuple(notices))


def apply_audiences(folder: WorkspaceFolder, names: Sequence[str] = (), *, overwrite: bool = False) -> AppliedAudiences:
    """Bring Criteo to what is declared. One that can't be applied does not keep the others from it.

    Args:
        folder: The workspace.
        names: Which; all of them by default.
        overwrite: Whether audiences that somebody changed at Criteo are changed back.

    Raises:
        ConfigurationError: There is no audience of one of the names.
        AccessError: You are a viewer, or may not use the connection of one that is named.
    """
    applied: list[AppliedAudience] = []
    notices: dict[str, None] = {}
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
    for connection, advertiser_id, saved in _grouped(_chosen(folder, names)):
        declared = [it for it in saved if not it.is_removed]
        if not connection:
            problems = [_detached(it) for it in declared]
            applied += [AppliedAudience(it.name, it.step, error=it.problem) for it in problems]
        if not declared or not connection:
            continue
        unreached: list[ErrorInfo] = []
        with going_on_unless(names, unreached), planner(folder, connection, advertiser_id) as here:
            mine = [_apply(folder, here, it.audience.name, overwrite=overwrite) for it in declared]
            sizes = record_sizes(folder, here, notices)
            applied += [_with_size(it, sizes.get(it.audience_id)) for it in mine]
            notices |= dict.fromkeys(here.side.notices)
        applied += [
            AppliedAudience(it.audience.name, AudienceStep.BLOCKED, error=why) for why in unreached for it in declared
        ]
    return AppliedAudiences(tuple(applied), tuple(notices))


def delete_audience(folder: WorkspaceFolder, audience_id: str, *, connection: str, advertiser_id: str) -> None:
    """Delete an audience at Criteo that this workspace made, and that no declaration says any more.

    Args:
        folder: The workspace.
        audience_id: Id of the audience at Criteo.
        connection: Name of the connection.
        advertiser_id: Id of the advertiser.

    Raises:
        ConfigurationError: This workspace did not make it, it is declared, somebody changed it at Criteo, or an ad set
            targets it.
        AccessError: You are a viewer, or may not use the connection.
        SignatureError: Something in the workspace is not as somebody signed it.
    """
    # A declaration that somebody forged or took away would look like one that was removed.
    require_nothing_altered(folder)
    with planner(folder, connection, advertiser_id) as here:
        left = {it.audience_id: it for it in here.left_behind(all_saved(folder))}
        if audience_id not in left:
            raise unknown_name(mark("Criteo audience that is left behind"), audience_id, left)
        there = next(it for it in here.side.audiences if it.id == audience_id)
        here.require_unchanged(there)
        targeting = here.side.ad_sets_of(there)
        if targeting:
            raise ConfigurationError(
                _("Ad sets target audience {name!r}: {ids}.", name=there.name, ids=", ".join(targeting)),
                _("Unlink them, then delete the audience."),
            )
        _audit(
            folder,
            Action.DELETE_AUDIENCE_AT_CRITEO,
            there.name,
            audience=there.id,
            advertiser=advertiser_id,
            definition=here.in_words(there),
        )
        here.side.delete_audience(there.id)


def delete_unused_segments(folder: WorkspaceFolder, *, connection: str, advertiser_id: str) -> pl.DataFrame:
    """Delete the segments at Criteo that this workspace made for audiences, and that none uses any more.

    Args:
        folder: The workspace.
        connection: Name of the connection.
        advertiser_id: Id of the advertiser.

    Returns:
        A row for each that was deleted: ``segment_id`` and ``segment``, its name at Criteo.

    Raises:
        ConfigurationError: What a declared audience needs can't be known.
        AccessError: You are a viewer, or may not use the connection.
        SignatureError: Something in the workspace is not as somebody signed it.
    """
    # A declaration that somebody forged or took away would look like one that needs nothing.
    require_nothing_altered(folder)
    deleted = []
    with planner(folder, connection, advertiser_id) as here:
        for it in here.unused_segments(all_saved(folder)):
            if here.side.uses_segment(it.id):
                continue
            _audit(folder, Action.DELETE_SEGMENT_AT_CRITEO, it.name, segment=it.id, advertiser=advertiser_id)
            here.side.delete_segment(it.id)
            deleted.append((it.id, it.name))
    return pl.DataFrame(deleted, schema={"segment_id": pl.String, "segment": pl.String}, orient="row")


def _of_unused(here: Planner, saved: Sequence[Saved]) -> list[str]:
    """Tell of segments that were made for audiences and that none uses any more, as far as that is known."""
    try:
        unused = here.unused_segments(saved)
    except ToolkitError:  # why a declaration can't be applied is told beside it
        return []
    if not unused:
        return []
    return [
        ngettext(
            "{count} segment at Criteo was made for an audience, and none uses it any more: {names}.",
            "{count} segments at Criteo were made for audiences, and none uses them any more: {names}.",
            len(unused),
            names=", ".join(it.name for it in unused),
        )
    ]


@contextmanager
def planner(
    folder: WorkspaceFolder, connection: str, advertiser_id: str, *, patience: RetryPolicy | None = None
) -> Iterator[Planner]:
    """Open a connection, and yield what plans the audiences of one of its advertisers."""
    credentials = credentials_of(folder, connection)
    with client_of(credentials, waiting=Waiting.PERSON, patience=patience) as criteo:
        side = AdvertiserSide(criteo, advertiser_id)
        yield Planner(folder, side, connection=connection, host=credentials.host)


@contextmanager
def going_on_unless(named: Sequence[str], problems: list[ErrorInfo]) -> Iterator[None]:
    """Raise what goes wrong with audiences that were named; of all of them, keep it and go on with the others."""
    if named:
        yield
        return
    with going_on(lambda error: problems.append(error.info)):
        yield


def _plan_signed(folder: WorkspaceFolder, here: Planner, saved: Saved) -> PlannedAudience:
    """Return the plan of a declared audience, if it is as somebody signed it."""
    try:
        audience_of(folder, saved.audience.name)
    except ToolkitError as error:
        return _blocked(saved, error.info)
    return here.plan(saved)


def _told_if_lost(planned: PlannedAudience, applied: set[tuple[str, str]]) -> PlannedAudience:
    """Return the plan of an audience, which tells that it was applied and is not at Criteo any more."""
    is_lost = planned.step is AudienceStep.CREATE and (planned.name, planned.advertiser_id) in applied
    return replace(planned, is_lost=is_lost)


def _apply(folder: WorkspaceFolder, here: Planner, name: str, *, overwrite: bool) -> AppliedAudience:
    step = AudienceStep.BLOCKED
    audience_id = ""
    try:
        # As it is signed now, and while whoever acts may use its connection.
        saved = require_appliable(folder, name)
        planned = here.plan(saved)
        step, audience_id = planned.step, planned.audience_id
        writes = step in WRITES or (step is AudienceStep.DRIFTED and overwrite)
        if writes:
            audience_id = _write(folder, here, saved, step)
            return AppliedAudience(name, step, audience_id)
    except ToolkitError as error:
        return AppliedAudience(name, step, audience_id, error=error.info)
    return AppliedAudience(name, step, audience_id, error=planned.problem)


def _write(folder: WorkspaceFolder, here: Planner, saved: Saved, step: AudienceStep) -> str:
    """Write a declared audience to Criteo; return its id there."""
    audience = saved.audience
    expression = _with_segments(folder, here, saved)
    here.side.look_again()
    mine = here.find(saved)
    if mine is not None and step is not AudienceStep.DRIFTED:
        # Somebody may have changed it there since it was planned, or since another process made it.
        here.require_not_drifted(saved, mine)
    text = here.mark(saved, expression)
    _require_as_planned(folder, saved)
    _audit(
        folder,
        _ACTIONS[step],
        audience.name,
        version=audience.version,
        advertiser=here.side.advertiser_id,
        audience="" if mine is None else mine.id,
        definition=audience.definition,
        before="" if mine is None else here.in_words(mine),
        name_before="" if mine is None else mine.name,
    )
    if mine is not None:
        here.side.change_audience(
            mine.id, name=audience.name, expression=expression, description=text.put_into(mine.description)
        )
        return mine.id
    description = text.put_into(f"Criteo audience {audience.name!r}, kept by a workspace.")
    made = here.side.create_audience(audience.name, expression=expression, description=description)
    return made if made is not None else _found_after_all(here, saved, text)


def _require_as_planned(folder: WorkspaceFolder, saved: Saved) -> None:
    """Raise ConfigurationError when a declaration was saved anew or removed since it was planned.

    A process that waited, or was stopped, would bring back at Criteo what another one replaced meanwhile.
    """
    now = require_appliable(folder, saved.audience.name)
    if now != saved:
        raise ConfigurationError(
            _("Criteo audience {name!r} was saved anew while it was applied.", name=saved.audience.name),
            _("Apply it again."),
        )


def _with_segments(folder: WorkspaceFolder, here: Planner, saved: Saved) -> Expression:
    """Make the segments that a definition lacks at Criteo; return the definition in segments there."""
    resolved: Resolved = here.resolve(saved.audience.expression)
    for made in resolved.missing:
        _make_segment(folder, here, made)
    if not resolved.missing:
        return resolved.expression
    for wait in (0, *LATE_ANSWERS_SECONDS):
        time.sleep(wait)
        here.side.look_again()
        resolved = here.resolve(saved.audience.expression)
        if not resolved.missing:
            return resolved.expression
    raise UnavailableError(
        _("Criteo does not show the segment {name!r} yet, which was just made.", name=resolved.missing[0].name),
        _("Apply the audience again in some minutes: nothing is lost."),
    )


def _make_segment(folder: WorkspaceFolder, here: Planner, made: MadeSegment) -> None:
    _audit(
        folder,
        Action.CREATE_SEGMENT_AT_CRITEO,
        made.name,
        advertiser=here.side.advertiser_id,
        definition=str(made.leaf),
    )
    # One whose name is taken by now was made by another process, or by a first try of ours: it is found by its mark.
    here.side.create_segment(
        made.leaf, name=made.name, description=f"{made.leaf} {here.segment_mark(made)}", seed_id=made.seed_id
    )


def _found_after_all(here: Planner, saved: Saved, written: AudienceMark) -> str:
    """Return the id of an audience whose name is taken by now: made by a first try or another process."""
    name = saved.audience.name
    for wait in (0, *LATE_ANSWERS_SECONDS):
        time.sleep(wait)
        here.side.look_again()
        named = [it for it in here.side.audiences if it.name == name]
        if any(AudienceMark.in_text(it.description) == written for it in named):
            return named[0].id
        if named:
            break
    raise ConfigurationError(
        _("Criteo has an audience {name!r} already that this workspace did not make.", name=name),
        _("Choose another name, or plan again in some minutes."),
    )


def _audit(folder: WorkspaceFolder, action: Action, name: str, **details: str | int) -> None:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, action, name, decides=(), **details)


def _chosen(folder: WorkspaceFolder, names: Sequence[str]) -> list[Saved]:
    """Return the audiences that are meant; without names also those that were removed and may be left behind."""
    saved = all_saved(folder)
    if not names:
        return saved
    known = {it.audience.name: it for it in saved if not it.is_removed}
    for name in names:
        if name not in known:
            raise unknown_name(mark("Criteo audience"), name, known)
    return [known[name] for name in dict.fromkeys(names)]


def _detached(saved: Saved) -> PlannedAudience:
    """Return the plan of an audience whose connection was removed."""
    return _blocked(saved, without_connection(saved.audience.name).info)


def _blocked(saved: Saved, problem: ErrorInfo) -> PlannedAudience:
    """Return the plan of an audience that Criteo can't be asked about."""
    audience = saved.audience
    return PlannedAudience(
        audience.name,
        AudienceStep.BLOCKED,
        audience.connection,
        audience.advertiser_id,
        definition=audience.definition,
        problem=problem,
    )


def _grouped(saved: Iterable[Saved]) -> list[tuple[str, str, list[Saved]]]:
    """Return audiences by connection and advertiser."""
    groups: dict[tuple[str, str], list[Saved]] = {}
    for it in saved:
        groups.setdefault((it.audience.connection, it.audience.advertiser_id), []).append(it)
    return [(connection, advertiser_id, mine) for (connection, advertiser_id), mine in groups.items()]


def _with_size(applied: AppliedAudience, size: int | None) -> AppliedAudience:
    return AppliedAudience(applied.name, applied.step, applied.audience_id, size, applied.error)
