"""The kinds of people that Criteo's own segments hold."""

from enum import StrEnum


class VisitorsType(StrEnum):
    """Which visitors a retargeting segment holds."""

    ALL = "All"
    BUYERS = "Buyers"
    NON_BUYERS = "NonBuyers"


class UsersType(StrEnum):
    """Whom a prospecting segment holds."""

    PROSPECTS = "Prospects"
    PROSPECTS_OR_NON_BUYERS = "ProspectsOrNonBuyers"
