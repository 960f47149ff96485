"""The web application: Criteo's calls with their gate, and the control calls beside them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from fastapi import FastAPI, Request, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from toolkit.sandbox import account_calls, audience_calls, campaign_calls, contact_list_calls, segment_calls
from toolkit.sandbox.answers import Answer, Refusal, rate_exceeded
from toolkit.sandbox.calls import (
    Brings,
    LeftOut,
    Received,
    Route,
    no_such_call,
    require_body,
    require_json,
    require_permission,
    require_token,
    require_version,
)
from toolkit.sandbox.connections import drop
from toolkit.sandbox.control_calls import Holds, control_router, introduction
from toolkit.sandbox.failing import answer_in_place
from toolkit.sandbox.faults import Call, Fault, PlannedFault
from toolkit.sandbox.options import SandboxOptions
from toolkit.sandbox.world import World

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SLOW_SECONDS = 1.0
_LEAVES_OUT = {Fault.IN_PART: LeftOut.AS_AN_ERROR, Fault.IN_SILENCE: LeftOut.IN_SILENCE}

Handler = Callable[[Request], Awaitable[Response]]


def make_app(options: SandboxOptions, *, token: str, holds: Holds) -> FastAPI:
    """Return the application; its control calls take the token.

    Raises ConfigurationError or BusyError if what is kept cannot be opened or read.
    """
    world = World(options)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    # A web page that resolves its own name to this machine must not get at the lists.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.include_router(introduction(token))
    app.include_router(control_router(world, token, holds))
    for route in _ROUTES:
        app.add_api_route(route.path, _handler(world, route), methods=[route.method], response_model=None)
    app.add_api_route("/{path:path}", _handler(world, _NO_CALL), methods=_METHODS, response_model=None)
    return app


def _handler(world: World, route: Route) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            received = await _receive(world, route, request)
        except ClientDisconnect:
            return Response()
        allowance = world.pace.look(received.now) if route.call is Call.TOKEN else world.pace.count(received.now)
        planned = world.faults.take(route.call) if allowance.passed else None
        answer: Answer | None
        if not allowance.passed:
            answer = rate_exceeded(received.path, {})
        elif planned is None:
            answer = _answer(world, route, received)
        else:
            answer = await _fail(world, route, received, request=request, planned=planned)
        if answer is None:
            # The connection is gone: this goes nowhere.
            return Response()
        received.entry.status = answer.status
        headers = dict(world.options.answer_headers)
        if planned is None or planned.fault is not Fault.HTTP_429:
            headers |= allowance.headers()
        return _response(answer, headers)

    return handle


async def _receive(world: World, route: Route, request: Request) -> Received:
    entry = world.log.begin(request.method, request.url.path, route.call)
    return Received(
        path=request.url.path,
        parameters=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=await _read_within(request, world.options.max_body_bytes),
        now=time.time(),
        entry=entry,
    )


async def _read_within(request: Request, max_bytes: int) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    # What is too large is read to its end all the same: who is still sending might not see the answer.
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
    return b"".join(chunks) if size <= max_bytes else None


def _answer(world: World, route: Route, received: Received) -> Answer:
    try:
        require_version(received)
        body = require_body(received)
        if route.call is not Call.TOKEN:
            require_token(world, received)
            require_permission(world, route, received)
        if route.brings is Brings.JSON:
            require_json(received)
        return route.answer(world, received, body)
    except Refusal as refusal:
        return refusal.answer


async def _fail(
    world: World, route: Route, received: Received, *, request: Request, planned: PlannedFault
) -> Answer | None:
    in_place = answer_in_place(planned, received, limit=world.options.calls_per_minute)
    if in_place is not None:
        return in_place
    if planned.fault is Fault.HANG:
        await _wait_for_hang_up(request, seconds=planned.seconds)
    elif planned.fault is Fault.SLOW:
        answer = _answer(world, route, received)
        await asyncio.sleep(_SLOW_SECONDS if planned.seconds is None else planned.seconds)
        return answer
    elif planned.fault is Fault.LATE:
        ago = timedelta(seconds=_SLOW_SECONDS if planned.seconds is None else planned.seconds)
        return _answer(world, route, replace(received, as_of=received.time - ago))
    elif planned.fault in _LEAVES_OUT:
        return _answer(world, route, replace(received, leaves_out=_LEAVES_OUT[planned.fault]))
    elif planned.fault is Fault.REJECT:
        return _answer(world, route, replace(received, rejects_one=True))
    elif planned.fault is Fault.DROP_AFTER:
        _answer(world, route, received)
    await _drop(request)
    return None


async def _wait_for_hang_up(request: Request, *, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def _drop(request: Request) -> None:
    if request.client is not None:
        drop((request.client.host, request.client.port))
    await _wait_for_hang_up(request, seconds=None)


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    return Response(answer.body, answer.status, headers={**headers, **answer.headers}, media_type=answer.media_type)


def _refuse_unknown(world: World, received: Received, body: bytes) -> Answer:
    raise no_such_call(received)


_ROUTES = (
    *account_calls.ROUTES,
    *segment_calls.ROUTES,
    *contact_list_calls.ROUTES,
    *audience_calls.ROUTES,
    *campaign_calls.ROUTES,
)
_NO_CALL = Route("", "", Call.UNKNOWN, _refuse_unknown)
