import pytest
import requests

from toolkit.sandbox import CLIENT_SECRET, Sandbox, SandboxOptions, start

from .plain_client import Client, codes


def test_a_token_answer_has_every_key_the_official_kit_needs(client: Client) -> None:
    answer = client.take_token()
    assert answer.status_code == 200
    assert answer.json() | {"access_token": "any"} == {
        "access_token": "any",
        "token_type": "Bearer",
        "refresh_token": None,
        "expires_in": 900,
    }


@pytest.mark.parametrize("form", [{"client_secret": "wrong"}, {"client_id": "somebody"}, {"client_secret": ""}])
def test_wrong_credentials_are_refused(client: Client, form: dict[str, str]) -> None:
    answer = client.take_token(**form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_secret_that_was_not_encoded_is_refused(client: Client) -> None:
    answer = requests.post(
        f"{client.url}/oauth2/token",
        data=f"grant_type=client_credentials&client_id=sandbox&client_secret={CLIENT_SECRET}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_credentials_in_json_are_refused(client: Client) -> None:
    answer = requests.post(
        f"{client.url}/oauth2/token",
        json={"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": CLIENT_SECRET},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_another_grant_type_is_refused(client: Client) -> None:
    answer = client.take_token(grant_type="authorization_code")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "authorization-token-missing"),
        ("Bearer ", "authorization-token-missing"),
        ("Basic c2FuZGJveA==", "authorization-token-missing"),
        ("Bearer made-up", "authorization-token-invalid"),
    ],
)
def test_a_call_without_a_good_token_is_refused(client: Client, header: str, code: str) -> None:
    answer = client.advertisers(headers={"Authorization": header})
    assert (answer.status_code, codes(answer)) == (401, [code])


def test_tokens_can_be_expired_and_renewed(client: Client, sandbox: Sandbox) -> None:
    sandbox.expire_tokens()
    assert codes(client.advertisers()) == ["authorization-token-expired"]
    client.renew()
    assert client.advertisers().status_code == 200


def test_several_tokens_are_alive_at_once(client: Client) -> None:
    first = client.token
    client.renew()
    assert client.advertisers(headers={"Authorization": f"Bearer {first}"}).status_code == 200


def test_a_token_dies_after_its_life() -> None:
    with start(options=SandboxOptions(token_life_seconds=1e-9)) as sandbox:
        answer = Client(sandbox.url).advertisers()
    assert codes(answer) == ["authorization-token-expired"]


def test_only_advertisers_that_consented_are_listed(client: Client, sandbox: Sandbox) -> None:
    def listed() -> dict[str, str]:
        return {it["id"]: it["attributes"]["advertiserName"] for it in client.advertisers().json()["data"]}

    assert listed() == {
        "2711": "Fietsfabriek Noord",
        "2712": "Fietsfabriek Zuid",
        "88104": "Harbour Books",
    }
    sandbox.withdraw_consent("2711")
    sandbox.give_consent("90210")
    assert set(listed()) == {"2712", "88104", "90210"}
