"""The calls below /sandbox that Criteo does not have: look into the sandbox, and make it fail.

None that changes anything is a plain POST: a web page of another origin cannot send PUT, DELETE or JSON
unasked.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hmac import compare_digest

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from toolkit.sandbox.audiences import Audience, AudienceDeleted
from toolkit.sandbox.bodies import ChangedAudience
from toolkit.sandbox.campaigns import AdSet, Delivering, DeliveryStatus, Linked
from toolkit.sandbox.faults import PlannedFault
from toolkit.sandbox.lists import ContactList, Deleted
from toolkit.sandbox.options import SERVICE, VERSION, Permission
from toolkit.sandbox.ownership import TOKEN_HEADER, proof
from toolkit.sandbox.views import HeldAdSet, HeldAudience, HeldList
from toolkit.sandbox.world import World

_NO_CONTENT = 204
_SIGN_SECONDS = 0.5


def introduction(token: str) -> APIRouter:
    """Return the one call that needs no token: it says what answers here, and proves whose it is when challenged."""
    router = APIRouter(prefix="/sandbox")

    @router.get("")
    async def introduce(challenge: str = "") -> Response:
        proven = {"proof": proof(token, challenge)} if challenge else {}
        return _json({"service": SERVICE, "version": VERSION, **proven})

    return router


def control_router(world: World, token: str, holds: "Holds") -> APIRouter:
    """Return the control calls of one sandbox, which take its token."""

    def require_token(request: Request) -> None:
        if not compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
            raise HTTPException(401, "The control calls take the token of this sandbox.")

    router = APIRouter(prefix="/sandbox", dependencies=[Depends(require_token)])

    @router.get("/hold")
    async def hold() -> StreamingResponse:
        return StreamingResponse(holds.one(), media_type="text/plain")

    @router.delete("", status_code=_NO_CONTENT)
    async def reset() -> None:
        world.reset()

    @router.get("/lists")
    async def lists() -> Response:
        return _json([_view(held) for held in world.lists])

    @router.get("/lists/{list_id}/identifiers")
    async def identifiers(list_id: str) -> Response:
        return Response("\n".join(_held(world, list_id).identifiers()), media_type="text/plain")

    @router.delete("/lists/{list_id}", status_code=_NO_CONTENT)
    async def delete_list(list_id: str) -> None:
        world.change(Deleted(_held(world, list_id).id, datetime.now(UTC)))

    @router.get("/requests")
    async def requests() -> Response:
        return _json([asdict(entry) for entry in world.log])

    @router.post("/faults", status_code=_NO_CONTENT)
    async def plan_fault(planned: PlannedFault) -> None:
        world.faults.add(planned)

    @router.delete("/faults", status_code=_NO_CONTENT)
    async def forget_faults() -> None:
        world.faults.clear()

    @router.delete("/tokens", status_code=_NO_CONTENT)
    async def expire_tokens() -> None:
        world.tokens.expire_all()

    @router.put("/advertisers/{advertiser_id}/consent", status_code=_NO_CONTENT)
    async def give_consent(advertiser_id: str) -> None:
        world.consents.add(_known_advertiser(world, advertiser_id))

    @router.delete("/advertisers/{advertiser_id}/consent", status_code=_NO_CONTENT)
    async def withdraw_consent(advertiser_id: str) -> None:
        world.consents.discard(_known_advertiser(world, advertiser_id))

    @router.put("/permissions/{permission}", status_code=_NO_CONTENT)
    async def give_permission(permission: Permission) -> None:
        world.permissions.add(permission)

    @router.delete("/permissions/{permission}", status_code=_NO_CONTENT)
    async def withdraw_permission(permission: Permission) -> None:
        world.permissions.discard(permission)

    @router.get("/audiences")
    async def audiences() -> Response:
        return _json([_audience_view(world, held) for held in world.audiences])

    @router.put("/audiences/{audience_id}", status_code=_NO_CONTENT)
    async def change_audience(audience_id: str, changed: ChangedAudience) -> None:
        held = _audience(world, audience_id)
        name = held.name if changed.name is None else changed.name
        algebra = held.algebra if changed.algebra is None else changed.algebra
        world.change(replace(held, name=name, algebra=algebra, at=datetime.now(UTC)))

    @router.delete("/audiences/{audience_id}", status_code=_NO_CONTENT)
    async def delete_audience(audience_id: str) -> None:
        held = _audience(world, audience_id)
        for ad_set in world.campaigns.targeting(audience_id):
            world.change(Linked(ad_set.id, None, datetime.now(UTC)))
        world.change(AudienceDeleted(held.id, datetime.now(UTC)))

    @router.get("/ad-sets")
    async def ad_sets() -> Response:
        return _json([_ad_set_view(held) for held in world.campaigns])

    @router.put("/ad-sets/{ad_set_id}/delivery-status/{status}", status_code=_NO_CONTENT)
    async def deliver(ad_set_id: str, status: DeliveryStatus) -> None:
        world.change(Delivering(_ad_set(world, ad_set_id).id, status, datetime.now(UTC)))

    return router


class Holds:
    """Who uses the sandbox beside the one that started it, each by a call that stays open."""

    def __init__(self) -> None:
        self.count = 0

    async def one(self) -> AsyncIterator[bytes]:
        """Give signs of life to one of them, until it hangs up."""
        self.count += 1
        try:
            while True:
                yield b"."
                await asyncio.sleep(_SIGN_SECONDS)
        finally:
            self.count -= 1


def _view(held: ContactList) -> HeldList:
    return HeldList(str(held.id), held.advertiser_id, held.name, held.description, held.size)


def _audience_view(world: World, held: Audience) -> HeldAudience:
    return HeldAudience(
        id=str(held.id),
        advertiser_id=held.advertiser_id,
        name=held.name,
        description=held.description,
        algebra=orjson.dumps(held.algebra).decode(),
        ad_set_ids=tuple(it.id for it in world.campaigns.targeting(str(held.id))),
    )


def _ad_set_view(held: AdSet) -> HeldAdSet:
    return HeldAdSet(
        id=held.id,
        campaign_id=held.campaign_id,
        advertiser_id=held.advertiser_id,
        name=held.name,
        delivery_status=held.delivery_status,
        audience_id=held.audience_id,
    )


def _audience(world: World, audience_id: str) -> Audience:
    held = world.audiences.find(audience_id)
    if held is None:
        raise HTTPException(404, f"The sandbox holds no audience {audience_id}.")
    return held


def _ad_set(world: World, ad_set_id: str) -> AdSet:
    held = world.campaigns.find(ad_set_id)
    if held is None:
        raise HTTPException(404, f"The sandbox holds no ad set {ad_set_id}.")
    return held


def _held(world: World, list_id: str) -> ContactList:
    held = world.lists.find(list_id)
    if held is None:
        raise HTTPException(404, f"The sandbox holds no list {list_id}.")
    return held


def _known_advertiser(world: World, advertiser_id: str) -> str:
    if all(advertiser.id != advertiser_id for advertiser in world.options.advertisers):
        raise HTTPException(404, f"The sandbox has no advertiser {advertiser_id}.")
    return advertiser_id


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
