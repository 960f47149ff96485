"""The token, and the advertisers that gave their consent."""

import hmac
from urllib.parse import parse_qsl

from toolkit.sandbox.answers import Answer, envelope, json_answer
from toolkit.sandbox.calls import Received, Route, media_type
from toolkit.sandbox.faults import Call
from toolkit.sandbox.options import CLIENT_ID, CLIENT_SECRET
from toolkit.sandbox.world import World

_NEVER_STORED = {"cache-control": "no-store"}


def issue_token(world: World, received: Received, body: bytes) -> Answer:
    """Answer client credentials, sent as a form, with a token."""
    if media_type(received) != "application/x-www-form-urlencoded":
        return oauth_error(400, "invalid_request", "The body must be application/x-www-form-urlencoded.")
    try:
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        return oauth_error(400, "invalid_request", "The form cannot be read.")
    if form.get("grant_type") != "client_credentials":
        return oauth_error(400, "unsupported_grant_type", "The grant type must be client_credentials.")
    if not _is_the_client(form.get("client_id", ""), form.get("client_secret", "")):
        return oauth_error(401, "invalid_client", "The client id or the client secret is wrong.")
    return json_answer(
        {
            "access_token": world.tokens.issue(received.now),
            "token_type": "Bearer",
            # The official kit fails without this key, though it is always null for client credentials.
            "refresh_token": None,
            "expires_in": int(world.tokens.life_seconds),
        },
        headers=_NEVER_STORED,
    )


def oauth_error(status: int, error: str, description: str) -> Answer:
    """Return an error in OAuth's form."""
    return json_answer(
        {"error": error, "error_description": description, "error_uri": ""},
        status=status,
        headers=_NEVER_STORED,
    )


def list_advertisers(world: World, received: Received, body: bytes) -> Answer:
    """Answer with exactly the advertisers that consented."""
    return envelope(
        [
            {"type": "advertiser", "id": advertiser.id, "attributes": {"advertiserName": advertiser.name}}
            for advertiser in world.consenting_advertisers()
        ]
    )


def _is_the_client(client_id: str, client_secret: str) -> bool:
    return hmac.compare_digest(client_id.encode(), CLIENT_ID.encode()) and hmac.compare_digest(
        client_secret.encode(), CLIENT_SECRET.encode()
    )


ROUTES = (
    Route("POST", "/oauth2/token", Call.TOKEN, issue_token),
    Route("GET", "/{version}/advertisers/me", Call.ADVERTISERS, list_advertisers),
)
