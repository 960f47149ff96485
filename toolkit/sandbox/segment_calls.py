"""Making, changing, finding, measuring and deleting audience segments, many in one call.

A bulk call does what it can: each item that fails becomes an error beside the data, with status 200.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from toolkit.sandbox.answers import Answer, Problem, ProblemType, envelope, problem, refusal
from toolkit.sandbox.bodies import CreateBody, IdsBody, NewSegment, SearchBody, UpdateBody, read_body
from toolkit.sandbox.bulk import is_left_out, meta_of, page_of
from toolkit.sandbox.calls import Brings, Received, Route
from toolkit.sandbox.faults import Call
from toolkit.sandbox.lists import ContactList, Created, Deleted, Described
from toolkit.sandbox.options import Permission
from toolkit.sandbox.other_segments import (
    Lookalike,
    OtherSegment,
    Prospecting,
    Retargeting,
    SegmentDeleted,
    Settings,
    people_of,
    weigh,
)
from toolkit.sandbox.world import World

Segment = ContactList | OtherSegment

_SEGMENTS = "/{version}/marketing-solutions/audience-segments"


def create_segments(world: World, received: Received, body: bytes) -> Answer:
    """Make a list of each item with a new name."""
    asked = [item.attributes for item in read_body(CreateBody, body, instance=received.path).data]
    for segment in asked:
        world.require_consent(segment.advertiserId)
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    for place, segment in enumerate(asked):
        if is_left_out(received, place, asked, errors):
            continue
        error = _wrong_with_new(world, segment, instance=received.path, source=f"/data/{place}/attributes")
        if error is not None:
            errors.append(error)
            continue
        segment_id = world.next_segment_id
        world.change(_made(segment, segment_id, at=received.time))
        data.append(_entity(_known(world, str(segment_id))))
    return envelope(data, errors=errors)


def _made(segment: NewSegment, segment_id: int, *, at: datetime) -> Created | OtherSegment:
    name, settings = segment.name or "", segment.settings
    if settings is None:
        return Created(segment_id, segment.advertiserId, name, segment.description, at)
    return OtherSegment(segment_id, segment.advertiserId, name, segment.description, settings, at, at)


def _wrong_with_new(world: World, segment: NewSegment, *, instance: str, source: str) -> Problem | None:
    if segment.kinds != 1:
        return problem(
            ProblemType.VALIDATION,
            "segment-type-not-supported",
            title="A segment is one of contactList, lookalike, retargeting and prospecting in the sandbox",
            instance=instance,
            source=source,
        )
    if isinstance(segment.settings, Lookalike):
        seed = world.segment(segment.settings.seed)
        if seed is None or seed.advertiser_id != segment.advertiserId:
            return _segment_not_found(segment.settings.seed, source=f"{source}/lookalike/seedSegmentId")
    wrong = _wrong_with_settings(segment.settings, instance=instance, source=source)
    return wrong or _wrong_with_name(
        world,
        segment.name or "",
        advertiser_id=segment.advertiserId,
        instance=instance,
        source=f"{source}/name",
    )


def _wrong_with_settings(settings: Settings | None, *, instance: str, source: str) -> Problem | None:
    match settings:
        case Lookalike(target_size=size) if size is not None and size < 1:
            title = "targetSize must be above 0"
        case Retargeting(least_days=least, most_days=most) if not 0 <= least <= most:
            title = "daysSinceLastVisitMin must be from 0 to daysSinceLastVisitMax"
        case Prospecting(least_days=least, most_days=most) if least is not None and most is not None and least > most:
            title = "daysSinceLastVisitMin must not be above daysSinceLastVisitMax"
        case _:
            return None
    return problem(ProblemType.VALIDATION, "invalid", title=title, instance=instance, source=source)


def _wrong_with_name(
    world: World,
    name: str,
    *,
    advertiser_id: str,
    other_than: int | None = None,
    instance: str,
    source: str,
) -> Problem | None:
    if not name.strip():
        code, title = "name-must-not-be-empty", "The name must not be empty"
    elif world.has_segment(name, advertiser_id=advertiser_id, other_than=other_than):
        code, title = "name-must-be-unique", "The advertiser already has a segment of this name"
    else:
        return None
    return problem(ProblemType.VALIDATION, code, title=title, instance=instance, source=source)


def update_segments(world: World, received: Received, body: bytes) -> Answer:
    """Change names and descriptions."""
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    items = read_body(UpdateBody, body, instance=received.path).data
    for place, item in enumerate(items):
        if is_left_out(received, place, items, errors):
            continue
        held = world.segment(item.id)
        if held is None:
            errors.append(_segment_not_found(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        asked = item.attributes
        name = held.name if asked.name is None else asked.name
        instance = f"/audience-segments/{held.id}"
        source = f"/data/{place}/attributes"
        settings = asked.applied_to(held.settings) if isinstance(held, OtherSegment) else None
        error = _wrong_with_settings(settings, instance=instance, source=source) or _wrong_with_name(
            world,
            name,
            advertiser_id=held.advertiser_id,
            other_than=held.id,
            instance=instance,
            source=f"{source}/name",
        )
        if error is not None:
            errors.append(error)
            continue
        description = held.description if asked.description is None else asked.description.value
        if isinstance(held, OtherSegment) and settings is not None:
            world.change(replace(held, name=name, description=description, settings=settings, at=received.time))
        else:
            world.change(Described(held.id, name, description, received.time))
        data.append(_entity(_known(world, item.id)))
    return envelope(data, errors=errors)


def delete_segments(world: World, received: Received, body: bytes) -> Answer:
    """Delete segments with all they hold."""

    def delete(held: Segment) -> dict[str, Any]:
        is_list = isinstance(held, ContactList)
        world.change(Deleted(held.id, received.time) if is_list else SegmentDeleted(held.id, received.time))
        return {"id": str(held.id), "type": "AudienceSegment", "attributes": {}}

    return _for_each_known(world, received, body, delete)


def compute_sizes(world: World, received: Received, body: bytes) -> Answer:
    """Answer with how many people Criteo can reach through each: of a list its matches, not its identifiers."""

    def measure(held: Segment) -> dict[str, Any]:
        size = held.matches if isinstance(held, ContactList) else people_of(held).size(weigh)
        return {"id": str(held.id), "type": "AudienceSegmentSize", "attributes": {"size": size}}

    return _for_each_known(world, received, body, measure)


def _for_each_known(world: World, received: Received, body: bytes, act: Callable[[Segment], dict[str, Any]]) -> Answer:
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    items = read_body(IdsBody, body, instance=received.path).data
    for place, item in enumerate(items):
        if is_left_out(received, place, items, errors):
            continue
        held = world.segment(item.id)
        if held is None:
            errors.append(_segment_not_found(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        data.append(act(held))
    return envelope(data, errors=errors)


def search_segments(world: World, received: Received, body: bytes) -> Answer:
    """Answer with one page of the segments that meet every filter, oldest first; an empty filter is none."""
    page = page_of(received)
    filters = read_body(SearchBody, body, instance=received.path).data.attributes
    for advertiser_id in filters.advertiserIds or ():
        world.require_consent(advertiser_id)
    found = [
        held
        for held in world.segments()
        if held.advertiser_id in (filters.advertiserIds or world.consents)
        and (not filters.audienceSegmentTypes or _type_of(held) in filters.audienceSegmentTypes)
        and (not filters.audienceSegmentIds or str(held.id) in filters.audienceSegmentIds)
        and (received.as_of is None or _was_there(held, received.as_of))
    ]
    return envelope([_entity(held, as_of=received.as_of) for held in found[page]], meta=meta_of(page, len(found)))


def _was_there(held: Segment, moment: datetime) -> bool:
    return held.described_at(moment) is not None if isinstance(held, ContactList) else held.created_at <= moment


def _type_of(held: Segment) -> str:
    return "ContactList" if isinstance(held, ContactList) else held.settings.kind


def _known(world: World, segment_id: str) -> Segment:
    """Return a segment that was made or found just now."""
    held = world.segment(segment_id)
    if held is None:
        raise refusal(404, _segment_not_found(segment_id, source="/data"))
    return held


def _segment_not_found(segment_id: str, *, source: str) -> Problem:
    return problem(
        ProblemType.VALIDATION,
        "segment-not-found",
        title="Segment not found",
        detail="No audience segment has this id.",
        instance=f"/audience-segments/{segment_id}",
        source=source,
    )


def _entity(held: Segment, *, as_of: datetime | None = None) -> dict[str, Any]:
    if isinstance(held, ContactList):
        shown = held if as_of is None else held.described_at(as_of) or held
        name, description, updated_at = shown.name, shown.description, held.updated_at
        settings: dict[str, Any] = {"contactList": {"isReadOnly": False}}
    else:
        name, description, updated_at = held.name, held.description, held.at
        settings = _settings(held.settings)
    return {
        "id": str(held.id),
        "type": "AudienceSegment",
        "attributes": {
            "advertiserId": held.advertiser_id,
            "name": name,
            "description": description,
            "type": _type_of(held),
            "createdAt": held.created_at,
            "updatedAt": updated_at,
            **settings,
        },
    }


def _settings(settings: Settings) -> dict[str, Any]:
    match settings:
        case Lookalike(seed, target_size):
            return {"lookalike": {"seedSegmentId": seed, "targetSize": target_size}}
        case Retargeting(visitors, least, most):
            said = {"visitorsType": visitors, "daysSinceLastVisitMin": least, "daysSinceLastVisitMax": most}
            return {"retargeting": said}
        case Prospecting(users, least_days, most_days):
            days = {"daysSinceLastVisitMin": least_days, "daysSinceLastVisitMax": most_days}
            return {"prospecting": {"usersType": users, **days}}
        case _:
            assert_never(settings)


_READ, _MANAGE = Permission.READ_AUDIENCES, Permission.MANAGE_AUDIENCES

ROUTES = (
    Route("POST", f"{_SEGMENTS}/create", Call.CREATE, create_segments, Brings.JSON, _MANAGE),
    Route("PATCH", _SEGMENTS, Call.UPDATE, update_segments, Brings.JSON, _MANAGE),
    Route("POST", f"{_SEGMENTS}/delete", Call.DELETE, delete_segments, Brings.JSON, _MANAGE),
    Route("POST", f"{_SEGMENTS}/search", Call.SEARCH, search_segments, Brings.JSON, _READ),
    Route("POST", f"{_SEGMENTS}/compute-sizes", Call.COMPUTE_SIZES, compute_sizes, Brings.JSON, _MANAGE),
)
