"""What people may do in a workspace."""

from enum import StrEnum

from toolkit.translatable import _


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
        match self:
            case Role.VIEWER:
                return _("a viewer")
            case Role.CONTRIBUTOR:
                return _("a contributor")
            case Role.ADMINISTRATOR:
                return _("an administrator")
