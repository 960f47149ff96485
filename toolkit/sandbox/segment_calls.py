"""Making, changing, finding, measuring and deleting audience segments, many in one call.

A bulk call does what it can: each item that fails becomes an error beside the data, with status 200.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from toolkit.sandbox.answers import Answer, Problem, ProblemType, envelope, problem, refusal
from toolkit.sandbox.bodies import CreateBody, IdsBody, NewSegment, SearchBody, UpdateBody, read_body
from toolkit.sandbox.calls import Brings, LeftOut, Received, Route
from toolkit.sandbox.faults import Call
from toolkit.sandbox.lists import ContactList, Created, Deleted, Described
from toolkit.sandbox.world import World

_SEGMENTS = "/{version}/marketing-solutions/audience-segments"
_DEFAULT_PAGE = 50
_LARGEST_PAGE = 100
_LARGEST_OFFSET = 2**31 - 1
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def create_segments(world: World, received: Received, body: bytes) -> Answer:
    """Make a list of each item with a new name."""
    asked = [item.attributes for item in read_body(CreateBody, body, instance=received.path).data]
    for segment in asked:
        world.require_consent(segment.advertiserId)
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    for place, segment in enumerate(asked):
        if _is_left_out(received, place, asked, errors):
            continue
        error = _wrong_with_new(world, segment, instance=received.path, source=f"/data/{place}/attributes")
        if error is not None:
            errors.append(error)
            continue
        list_id = world.lists.next_id
        world.change(Created(list_id, segment.advertiserId, segment.name or "", segment.description, received.time))
        data.append(_entity(world.open_list(str(list_id))))
    return envelope(data, errors=errors)


def _is_left_out(received: Received, place: int, items: Sequence[object], errors: list[Problem]) -> bool:
    """Tell whether a fault leaves this item out; add the error by which it is told, if it is."""
    if received.leaves_out is None or place < len(items) - 1:
        return False
    if received.leaves_out is LeftOut.AS_AN_ERROR:
        errors.append(
            problem(
                ProblemType.AVAILABILITY,
                "item-not-processed",
                title="The item could not be processed",
                instance=received.path,
                source=f"/data/{place}",
            )
        )
    return True


def _wrong_with_new(world: World, segment: NewSegment, *, instance: str, source: str) -> Problem | None:
    if segment.contactList is None:
        return problem(
            ProblemType.VALIDATION,
            "segment-type-not-supported",
            title="Only segments with a contactList can be made in the sandbox",
            instance=instance,
            source=source,
        )
    return _wrong_with_name(
        world,
        segment.name or "",
        advertiser_id=segment.advertiserId,
        instance=instance,
        source=f"{source}/name",
    )


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
    elif world.lists.has_name(name, advertiser_id=advertiser_id, other_than=other_than):
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
        if _is_left_out(received, place, items, errors):
            continue
        held = world.lists.find(item.id)
        if held is None:
            errors.append(_segment_not_found(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        asked = item.attributes
        name = held.name if asked.name is None else asked.name
        error = _wrong_with_name(
            world,
            name,
            advertiser_id=held.advertiser_id,
            other_than=held.id,
            instance=f"/audience-segments/{held.id}",
            source=f"/data/{place}/attributes/name",
        )
        if error is not None:
            errors.append(error)
            continue
        description = held.description if asked.description is None else asked.description.value
        world.change(Described(held.id, name, description, received.time))
        data.append(_entity(held))
    return envelope(data, errors=errors)


def delete_segments(world: World, received: Received, body: bytes) -> Answer:
    """Delete lists with all they hold."""

    def delete(held: ContactList) -> dict[str, Any]:
        world.change(Deleted(held.id, received.time))
        return {"id": str(held.id), "type": "AudienceSegment", "attributes": {}}

    return _for_each_known(world, received, body, delete)


def compute_sizes(world: World, received: Received, body: bytes) -> Answer:
    """Answer with how many people Criteo can reach through each list: its matches, not its identifiers."""

    def measure(held: ContactList) -> dict[str, Any]:
        return {"id": str(held.id), "type": "AudienceSegmentSize", "attributes": {"size": held.matches}}

    return _for_each_known(world, received, body, measure)


def _for_each_known(
    world: World, received: Received, body: bytes, act: Callable[[ContactList], dict[str, Any]]
) -> Answer:
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    items = read_body(IdsBody, body, instance=received.path).data
    for place, item in enumerate(items):
        if _is_left_out(received, place, items, errors):
            continue
        held = world.lists.find(item.id)
        if held is None:
            errors.append(_segment_not_found(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        data.append(act(held))
    return envelope(data, errors=errors)


def search_segments(world: World, received: Received, body: bytes) -> Answer:
    """Answer with one page of the lists that meet every filter, oldest first; an empty filter is none."""
    limit = _page_number(received, "limit", default=_DEFAULT_PAGE, largest=_LARGEST_PAGE)
    offset = _page_number(received, "offset", default=0, largest=_LARGEST_OFFSET)
    filters = read_body(SearchBody, body, instance=received.path).data.attributes
    for advertiser_id in filters.advertiserIds or ():
        world.require_consent(advertiser_id)
    if filters.audienceSegmentTypes and "ContactList" not in filters.audienceSegmentTypes:
        found: list[ContactList] = []
    else:
        found = [
            held
            for held in world.lists
            if held.advertiser_id in (filters.advertiserIds or world.consents)
            and (not filters.audienceSegmentIds or str(held.id) in filters.audienceSegmentIds)
            and (received.as_of is None or held.described_at(received.as_of) is not None)
        ]
    return envelope(
        [_entity(held, as_of=received.as_of) for held in found[offset : offset + limit]],
        meta={"totalItems": len(found), "limit": limit, "offset": offset},
    )


def _page_number(received: Received, name: str, *, default: int, largest: int) -> int:
    text = received.query.get(name, str(default))
    if _WHOLE_NUMBER.fullmatch(text) and int(text) <= largest:
        return int(text)
    raise refusal(
        400,
        problem(
            ProblemType.VALIDATION,
            "invalid",
            title=f"{name} must be a whole number from 0 to {largest}",
            instance=received.path,
        ),
    )


def _segment_not_found(segment_id: str, *, source: str) -> Problem:
    return problem(
        ProblemType.VALIDATION,
        "segment-not-found",
        title="Segment not found",
        detail="No audience segment has this id.",
        instance=f"/audience-segments/{segment_id}",
        source=source,
    )


def _entity(held: ContactList, *, as_of: datetime | None = None) -> dict[str, Any]:
    shown = held if as_of is None else held.described_at(as_of) or held
    return {
        "id": str(held.id),
        "type": "AudienceSegment",
        "attributes": {
            "advertiserId": held.advertiser_id,
            "name": shown.name,
            "description": shown.description,
            "type": "ContactList",
            "createdAt": held.created_at,
            "updatedAt": held.updated_at,
            "contactList": {"isReadOnly": False},
        },
    }


ROUTES = (
    Route("POST", f"{_SEGMENTS}/create", Call.CREATE, create_segments, Brings.JSON),
    Route("PATCH", _SEGMENTS, Call.UPDATE, update_segments, Brings.JSON),
    Route("POST", f"{_SEGMENTS}/delete", Call.DELETE, delete_segments, Brings.JSON),
    Route("POST", f"{_SEGMENTS}/search", Call.SEARCH, search_segments, Brings.JSON),
    Route("POST", f"{_SEGMENTS}/compute-sizes", Call.COMPUTE_SIZES, compute_sizes, Brings.JSON),
)
