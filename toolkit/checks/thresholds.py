"""What is checked, how strictly, and what a failure does."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_PROFILES_AN_EXPORT = 1_000_000
"""The limit of Customer Insights on one export to Criteo."""


class Level(StrEnum):
    """What a failing check does."""

    ERROR = "error"
    """It stops the run before anything is sent."""
    WARNING = "warning"
    """It is reported, and the run goes on."""


class Check(StrEnum):
    """The built-in checks."""

    EMAIL_COLUMN = "email column is there"
    EMAIL_COVERAGE = "members with an e-mail"
    EMAIL_VALIDITY = "e-mails that are valid"
    SEGMENT_HAS_MEMBERS = "segment has members"
    EXPORT_HAS_MEMBERS = "export has members"
    PROFILE_LIMIT = "limit of an export"
    CONTRACT_LIMIT = "limit of the contract"


_DEFAULT_LEVELS = MappingProxyType(dict.fromkeys(Check, Level.ERROR) | {Check.SEGMENT_HAS_MEMBERS: Level.WARNING})

Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """How strictly an export is checked. Shares run from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email_coverage: Share = 0.5
    """Least share of a segment's members with something in the e-mail field."""
    email_validity: Share = 0.8
    """Least share of the filled e-mail fields that hold a valid address, or the hash of one."""
    limit_profiles: int = Field(default=MOST_PROFILES_AN_EXPORT, ge=1, le=MOST_PROFILES_AN_EXPORT)
    """Most identifiers that the lists of the export may hold together."""
    contract_limit_profiles: int | None = Field(default=None, ge=1)
    """The same, as the contract with Criteo has it, where it allows fewer."""
    most_change: Share = 0.3
    """Most of a list, as a share of what it held after the last run, that a run adds or removes."""
    levels: Mapping[Check, Level] = Field(default_factory=dict)
    """Levels that differ from the built-in ones."""

    def level(self, check: Check) -> Level:
        """Return what a failure of the check does."""
        return self.levels.get(check, _DEFAULT_LEVELS[check])
