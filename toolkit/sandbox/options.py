"""What a sandbox is told before it starts, and the fixed facts a client needs to reach it.

The credentials are published on purpose: they open nothing but a process on this machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from toolkit.errors import ConfigurationError
from toolkit.sandbox.faults import PlannedFault
from toolkit.translatable import _

VERSION = "2026-07"
"""The one version of Criteo's interface that is spoken here."""

SERVICE = "criteo-sandbox"
"""How a sandbox introduces itself."""

CLIENT_ID = "sandbox"
CLIENT_SECRET = "never+real&only=100%local"  # noqa: S105
"""Holds characters that must be encoded in a form, so that a client which forgets to is found out."""

MOST_IDENTIFIERS_IN_A_CALL = 50_000
"""Third parties cite this from Criteo's own pages."""


class Permission(StrEnum):
    """What an application may do, by Criteo's permission domains; who may manage may read too."""

    READ_AUDIENCES = "read_audiences"
    MANAGE_AUDIENCES = "manage_audiences"
    READ_CAMPAIGNS = "read_campaigns"
    MANAGE_CAMPAIGNS = "manage_campaigns"


@dataclass(frozen=True)
class Advertiser:
    """One advertiser of the sandbox; only one that consents is listed and can be written to.

    Criteo takes telephone numbers of some advertisers only; which code it answers to others is not known.
    """

    id: str
    name: str
    consents: bool = True
    takes_phones: bool = True


ADVERTISERS = (
    Advertiser("2711", "Fietsfabriek Noord"),
    Advertiser("2712", "Fietsfabriek Zuid"),
    Advertiser("88104", "Harbour Books", takes_phones=False),
    Advertiser("90210", "Silent Partner", consents=False),
)


@dataclass(frozen=True)
class SandboxOptions:
    """How a sandbox behaves.

    ``minute_seconds`` is the length of the sandbox's minute: shorter ones let a test wait for the rate
    limit. ``match_rate`` is the share, 0 to 1, of identifiers that Criteo is said to know.
    ``answer_headers`` go with every answer, for instance ``("Sunset", "...")``. ``keep`` is a folder in
    which lists, audiences and links survive a restart. Whoever keeps holds no readable address: plain e-mail
    addresses and telephone numbers are held as their SHA-256 from receipt on, in memory too. ``permissions`` are
    what the application was given. What Criteo does with an audience that is to be deleted while an ad set
    targets it is not known: it is refused, or deleted with its links if ``deletes_targeted_audiences`` says so.

    Raises ConfigurationError if a value is out of range.
    """

    advertisers: tuple[Advertiser, ...] = ADVERTISERS
    token_life_seconds: float = 900
    calls_per_minute: int = 250
    minute_seconds: float = 60
    max_body_bytes: int = 16 * 2**20
    match_rate: float = 0.7
    answer_headers: tuple[tuple[str, str], ...] = ()
    faults: tuple[PlannedFault, ...] = field(default=())
    permissions: tuple[Permission, ...] = tuple(Permission)
    deletes_targeted_audiences: bool = False
    keep: Path | None = None

    def __post_init__(self) -> None:
        positive = {
            "token_life_seconds": self.token_life_seconds,
            "calls_per_minute": self.calls_per_minute,
            "minute_seconds": self.minute_seconds,
            "max_body_bytes": self.max_body_bytes,
        }
        _refuse((name for name, value in positive.items() if value <= 0), "a number above 0")
        _refuse(["match_rate"] if not 0 <= self.match_rate <= 1 else [], "a share from 0 to 1")


def _refuse(names: Iterable[str], wanted: str) -> None:
    for name in names:
        raise ConfigurationError(
            _("The sandbox option {name} is out of range.", name=name), _("Give {wanted}.", wanted=wanted)
        )
