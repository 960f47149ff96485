"""What is checked, how strictly, and what a failure does."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from toolkit.pydantic_errors import Told

MOST_PROFILES_AN_EXPORT = 1_000_000
"""The limit of Customer Insights on one export to Criteo."""

LEAST_USEFUL_SIZE = 500
"""Lists of fewer people are too small for Criteo to use."""


class Level(StrEnum):
    """What a failing check does.

    Examples:
        >>> toolkit.Thresholds().level(toolkit.Check.USEFUL_SIZE)
        <Level.WARNING: 'warning'>
    """

    ERROR = "error"
    """It stops the run before anything is sent."""
    WARNING = "warning"
    """It is reported, and the run goes on."""


class Check(StrEnum):
    """The built-in checks.

    Examples:
        >>> toolkit.Check("segment has members")
        <Check.SEGMENT_HAS_MEMBERS: 'segment has members'>
    """

    COLUMNS = "columns are there"
    EMAIL_COLUMN = "email column is there"
    KEY_FILLED = "customer key is filled"
    KEY_UNIQUE = "customer key is unique"
    EMAIL_COVERAGE = "members with an e-mail"
    EMAIL_VALIDITY = "e-mails that are valid"
    EMAIL_DUPLICATES = "e-mails that members share"
    SEGMENT_HAS_MEMBERS = "segment has members"
    USEFUL_SIZE = "useful size"
    SIZE_CHANGE = "size against the last run"
    EXPORT_HAS_MEMBERS = "export has members"
    PROFILE_LIMIT = "limit of an export"
    CONTRACT_LIMIT = "limit of the contract"


_ALWAYS_ERRORS = frozenset({Check.COLUMNS, Check.EMAIL_COLUMN, Check.KEY_FILLED, Check.KEY_UNIQUE})
"""Without these nothing can be sent, whatever an export says."""

_WARNINGS = (Check.SEGMENT_HAS_MEMBERS, Check.EMAIL_DUPLICATES, Check.USEFUL_SIZE, Check.SIZE_CHANGE)
_DEFAULT_LEVELS = MappingProxyType(dict.fromkeys(Check, Level.ERROR) | dict.fromkeys(_WARNINGS, Level.WARNING))

Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(Told):
    """How strictly an export is checked. Shares run from 0 to 1.

    Examples:
        >>> thresholds = toolkit.Thresholds(email_coverage=0.7, levels={"segment has members": "error"})
        >>> thresholds.email_coverage, thresholds.email_validity
        (0.7, 0.8)
    """

    email_coverage: Share = 0.5
    """Least share of a segment's members with something in the e-mail field."""
    email_validity: Share = 0.8
    """Least share of the filled e-mail fields that hold a valid address, or the hash of one."""
    most_duplicates: Share = 0.2
    """Most of the filled e-mail fields that repeat the address of another member of the segment."""
    least_size: int = Field(default=LEAST_USEFUL_SIZE, ge=0)
    """Fewest identifiers that a segment with any should have, so that Criteo can use the list."""
    limit_profiles: int = Field(default=MOST_PROFILES_AN_EXPORT, ge=1, le=MOST_PROFILES_AN_EXPORT)
    """Most identifiers that the lists of the export may hold together."""
    contract_limit_profiles: int | None = Field(default=None, ge=1)
    """The same, as the contract with Criteo has it, where it allows fewer."""
    most_change: Share = 0.3
    """Most of a list, as a share of what it held after the last run, that a run adds or removes.

    A guard stops the run that would; the check of the segment's size tells it beforehand.
    """
    suites: tuple[str, ...] | None = None
    """Your own suites that are checked, by name; all of the workspace when it is None."""
    levels: Mapping[Check, Level] = Field(default_factory=dict)
    """Levels that differ from the built-in ones."""

    def level(self, check: Check) -> Level:
        """Return what a failure of a check does.

        Args:
            check: The check.

        Returns:
            An error, which stops a run, or a warning. Checks without which nothing can be sent are errors, whatever
            ``levels`` says.
        """
        return Level.ERROR if check in _ALWAYS_ERRORS else self.levels.get(check, _DEFAULT_LEVELS[check])
