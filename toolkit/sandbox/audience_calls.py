"""Making, changing, finding, measuring and deleting audiences, many in one call.

A bulk call does what it can: each item that fails becomes an error beside the data, with status 200.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from toolkit.sandbox.algebra import Node, UnknownNodeError, evaluate, segment_ids, wrong_with
from toolkit.sandbox.answers import Answer, Problem, ProblemType, envelope, problem, refusal
from toolkit.sandbox.audiences import Audience, AudienceDeleted
from toolkit.sandbox.bodies import (
    CreateAudiencesBody,
    EstimateBody,
    IdsBody,
    SearchAudiencesBody,
    UpdateAudiencesBody,
    read_body,
)
from toolkit.sandbox.bulk import is_left_out, meta_of, page_of
from toolkit.sandbox.calls import Brings, Received, Route
from toolkit.sandbox.campaigns import Linked
from toolkit.sandbox.faults import Call
from toolkit.sandbox.options import Permission
from toolkit.sandbox.other_segments import weigh
from toolkit.sandbox.world import World

_AUDIENCES = "/{version}/marketing-solutions/audiences"


def create_audiences(world: World, received: Received, body: bytes) -> Answer:
    """Make an audience of each item with a new name and a combination that is well formed."""
    asked = [item.attributes for item in read_body(CreateAudiencesBody, body, instance=received.path).data]
    for new in asked:
        world.require_consent(new.advertiserId)
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    for place, new in enumerate(asked):
        if is_left_out(received, place, asked, errors):
            continue
        error = _wrong_with(
            world,
            new.name,
            new.algebra,
            advertiser_id=new.advertiserId,
            instance=received.path,
            source=f"/data/{place}/attributes",
        )
        if error is not None:
            errors.append(error)
            continue
        made = Audience(
            world.audiences.next_id,
            new.advertiserId,
            new.name,
            new.description,
            new.algebra,
            received.time,
            received.time,
        )
        world.change(made)
        data.append(_entity(world, made))
    return envelope(data, errors=errors)


def update_audiences(world: World, received: Received, body: bytes) -> Answer:
    """Change names, combinations and descriptions."""
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    items = read_body(UpdateAudiencesBody, body, instance=received.path).data
    for place, item in enumerate(items):
        if is_left_out(received, place, items, errors):
            continue
        held = world.audiences.find(item.id)
        if held is None:
            errors.append(audience_unknown(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        asked = item.attributes
        changed = replace(
            held,
            name=held.name if asked.name is None else asked.name,
            algebra=held.algebra if asked.algebra is None else asked.algebra,
            description=held.description if asked.description is None else asked.description.value,
            at=received.time,
        )
        error = _wrong_with(
            world,
            changed.name,
            None if asked.algebra is None else changed.algebra,
            advertiser_id=held.advertiser_id,
            other_than=held.id,
            instance=f"/audiences/{held.id}",
            source=f"/data/{place}/attributes",
        )
        if error is not None:
            errors.append(error)
            continue
        world.change(changed)
        data.append(_entity(world, changed))
    return envelope(data, errors=errors)


def delete_audiences(world: World, received: Received, body: bytes) -> Answer:
    """Delete audiences; one that an ad set targets only where the sandbox was told so."""

    def delete(held: Audience, source: str) -> dict[str, Any] | Problem:
        linked = world.campaigns.targeting(str(held.id))
        if linked and not world.options.deletes_targeted_audiences:
            return problem(
                ProblemType.VALIDATION,
                "audience-is-targeted",
                title="An ad set targets the audience",
                instance=f"/audiences/{held.id}",
                source=source,
            )
        for ad_set in linked:
            world.change(Linked(ad_set.id, None, received.time))
        world.change(AudienceDeleted(held.id, received.time))
        return {"id": str(held.id), "type": "Audience", "attributes": {}}

    return _for_each_known(world, received, body, delete)


def compute_sizes(world: World, received: Received, body: bytes) -> Answer:
    """Answer with how many people each audience reaches."""

    def measure(held: Audience, source: str) -> dict[str, Any] | Problem:
        size = _size(world, held.algebra)
        if size is None:
            return problem(
                ProblemType.VALIDATION,
                "audience-size-not-supported",
                title="The size of this audience can't be computed",
                instance=f"/audiences/{held.id}",
                source=source,
            )
        return {"id": str(held.id), "type": "AudienceSize", "attributes": {"size": size}}

    return _for_each_known(world, received, body, measure)


def estimate_size(world: World, received: Received, body: bytes) -> Answer:
    """Answer with how many people an audience would reach."""
    asked = read_body(EstimateBody, body, instance=received.path).data.attributes
    world.require_consent(asked.advertiserId)
    wrong = _wrong_with_algebra(
        world,
        asked.algebra,
        advertiser_id=asked.advertiserId,
        instance=received.path,
        source="/data/attributes/algebra",
    )
    if wrong is not None:
        raise refusal(400, wrong)
    return envelope({"type": "AudienceSizeEstimation", "attributes": {"size": _size(world, asked.algebra)}})


def search_audiences(world: World, received: Received, body: bytes) -> Answer:
    """Answer with one page of the audiences that meet every filter, oldest first; an empty filter is none."""
    page = page_of(received)
    filters = read_body(SearchAudiencesBody, body, instance=received.path).data.attributes
    for advertiser_id in filters.advertiserIds or ():
        world.require_consent(advertiser_id)
    targeted = {ad_set.audience_id for ad_set in world.campaigns if ad_set.id in (filters.adSetIds or ())}
    found = [
        held
        for held in world.audiences.as_of(received.as_of)
        if held.advertiser_id in (filters.advertiserIds or world.consents)
        and (not filters.audienceIds or str(held.id) in filters.audienceIds)
        and (not filters.adSetIds or str(held.id) in targeted)
        and (not filters.audienceSegmentIds or {*segment_ids(held.algebra)} & {*filters.audienceSegmentIds})
    ]
    return envelope([_entity(world, held) for held in found[page]], meta=meta_of(page, len(found)))


def audience_unknown(audience_id: str, *, source: str) -> Problem:
    """Describe that there is no audience of an id."""
    return problem(
        ProblemType.VALIDATION,
        "audience-not-found",
        title="Audience not found",
        detail="No audience has this id.",
        instance=f"/audiences/{audience_id}",
        source=source,
    )


def _for_each_known(
    world: World, received: Received, body: bytes, act: Callable[[Audience, str], dict[str, Any] | Problem]
) -> Answer:
    data: list[dict[str, Any]] = []
    errors: list[Problem] = []
    items = read_body(IdsBody, body, instance=received.path).data
    for place, item in enumerate(items):
        if is_left_out(received, place, items, errors):
            continue
        held = world.audiences.find(item.id)
        if held is None:
            errors.append(audience_unknown(item.id, source=f"/data/{place}/id"))
            continue
        world.require_consent(held.advertiser_id)
        done = act(held, f"/data/{place}")
        (errors if "code" in done else data).append(done)
    return envelope(data, errors=errors)


def _wrong_with(
    world: World,
    name: str,
    algebra: object,
    *,
    advertiser_id: str,
    other_than: int | None = None,
    instance: str,
    source: str,
) -> Problem | None:
    """Return what is wrong with an audience that is made or changed; without algebra, this stays."""
    if not name.strip():
        code, title = "name-must-not-be-empty", "The name must not be empty"
    elif world.audiences.has_name(name, advertiser_id=advertiser_id, other_than=other_than):
        code, title = "name-must-be-unique", "The advertiser already has an audience of this name"
    elif other_than is not None and algebra is None:
        return None
    else:
        return _wrong_with_algebra(
            world, algebra, advertiser_id=advertiser_id, instance=instance, source=f"{source}/algebra"
        )
    return problem(ProblemType.VALIDATION, code, title=title, instance=instance, source=f"{source}/name")


def _wrong_with_algebra(
    world: World, algebra: object, *, advertiser_id: str, instance: str, source: str
) -> Problem | None:
    wrong = wrong_with(algebra)
    if wrong is not None:
        # The code is ours; Criteo's is not known.
        return problem(ProblemType.VALIDATION, "algebra-is-invalid", title=wrong, instance=instance, source=source)
    for segment_id in segment_ids(algebra):
        held = world.segment(segment_id)
        if held is None or held.advertiser_id != advertiser_id:
            return problem(
                ProblemType.VALIDATION,
                "segment-not-found",
                title="Segment not found",
                detail="The advertiser has no audience segment of this id.",
                instance=f"/audience-segments/{segment_id}",
                source=source,
            )
    return None


def _size(world: World, algebra: Node) -> int | None:
    try:
        return evaluate(algebra, world.people).size(weigh)
    except UnknownNodeError:
        return None


def _entity(world: World, held: Audience) -> dict[str, Any]:
    return {
        "id": str(held.id),
        "type": "Audience",
        "attributes": {
            "advertiserId": held.advertiser_id,
            "name": held.name,
            "description": held.description,
            "algebra": held.algebra,
            "adSetIds": [it.id for it in world.campaigns.targeting(str(held.id))],
            "createdAt": held.created_at,
            "updatedAt": held.at,
        },
    }


_READ, _MANAGE = Permission.READ_AUDIENCES, Permission.MANAGE_AUDIENCES

ROUTES = (
    Route("POST", f"{_AUDIENCES}/create", Call.CREATE_AUDIENCES, create_audiences, Brings.JSON, _MANAGE),
    Route("PATCH", _AUDIENCES, Call.UPDATE_AUDIENCES, update_audiences, Brings.JSON, _MANAGE),
    Route("POST", f"{_AUDIENCES}/delete", Call.DELETE_AUDIENCES, delete_audiences, Brings.JSON, _MANAGE),
    Route("POST", f"{_AUDIENCES}/search", Call.SEARCH_AUDIENCES, search_audiences, Brings.JSON, _READ),
    Route("POST", f"{_AUDIENCES}/compute-sizes", Call.SIZE_AUDIENCES, compute_sizes, Brings.JSON, _MANAGE),
    Route("POST", f"{_AUDIENCES}/estimate-size", Call.ESTIMATE_AUDIENCE, estimate_size, Brings.JSON, _MANAGE),
)
