"""What people may do in a workspace."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do, as Customer Insights names it.

    Examples:
        >>> [role.value for role in toolkit.Role]
        ['viewer', 'contributor', 'administrator']
    """

    VIEWER = "viewer"
    """Sees exports, their status and history."""
    CONTRIBUTOR = "contributor"
    """Manages and runs the exports of connections that are shared with them."""
    ADMINISTRATOR = "administrator"
    """Manages connections, people and all exports."""

    @property
    def one(self) -> str:
        """The role with its article, as a sentence has it."""
        return f"an {self.value}" if self is Role.ADMINISTRATOR else f"a {self.value}"
