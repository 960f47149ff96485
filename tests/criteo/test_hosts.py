"""One spelling for each address of Criteo."""

import pytest

from toolkit.criteo import CRITEO, CriteoClient, canonical_host
from toolkit.errors import ConfigurationError


@pytest.mark.parametrize(
    "spelling",
    [
        CRITEO,
        f"{CRITEO}/",
        f"{CRITEO}:443",
        f"{CRITEO}:0443//",
        f"{CRITEO}:",
        "HTTPS://API.Criteo.COM",
        "https://api.criteo.com.",
        " https://api.criteo.com ",
        "https://api。criteo.com",
    ],
)
def test_spellings_of_criteo_are_one(spelling: str) -> None:
    assert canonical_host(spelling) == CRITEO


@pytest.mark.parametrize(
    "spelling",
    [
        "http://127.0.0.1:8765",
        "http://localhost:8765/",
        "http://LOCALHOST.:8765",
        "http://[::1]:8765",
        "http://[0:0:0:0:0:0:0:1]:8765",
        "http://[::ffff:127.0.0.1]:8765",
    ],
)
def test_this_machine_is_one(spelling: str) -> None:
    assert canonical_host(spelling) == "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("http://localhost", "http://127.0.0.1"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:8766", "http://127.0.0.1:8766"),
        ("http://127.0.0.2:8765", "http://127.0.0.2:8765"),
        ("https://localhost:8765", "https://localhost:8765"),
        ("https://api.criteo.com:8443", "https://api.criteo.com:8443"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8::0:1]/Gate/", "https://[2001:db8::1]/Gate"),
    ],
)
def test_others_stay_themselves(spelling: str, canonical: str) -> None:
    assert canonical_host(spelling) == canonical
    assert canonical_host(canonical) == canonical


@pytest.mark.parametrize(
    "host",
    [
        "",
        "api.criteo.com",
        "http://api.criteo.com",
        "http://0.0.0.0:1",
        "https://user:secret@api.criteo.com",
        "https://api.criteo.com:99999",
        "https://api.criteo.com?x=1",
        "http://localhost.criteo.example",
    ],
)
def test_what_is_no_host_stays_refused(host: str) -> None:
    with pytest.raises(ConfigurationError):
        CriteoClient(host=canonical_host(host), client_id="a", client_secret="b")
