"""Keeps the sizes of all declared audiences, as a refresh does each night: two calls an advertiser."""

from toolkit.campaigns.applying import planner
from toolkit.campaigns.saved_audiences import all_saved
from toolkit.campaigns.sizes import record_sizes
from toolkit.criteo import RetryPolicy
from toolkit.errors import going_on
from toolkit.state.folder import WorkspaceFolder

PATIENCE = RetryPolicy(seconds=30, answer_seconds=30)
"""A refresh does not wait long for figures that the next one brings too."""


def measure_audiences(folder: WorkspaceFolder) -> list[str]:
    """Ask Criteo for the sizes of declared audiences, and keep them.

    Args:
        folder: The workspace.

    Returns:
        What Criteo did not say, and why: it keeps nothing else from being done.
    """
    notices: dict[str, None] = {}
    declared = [it.audience for it in all_saved(folder) if not it.is_removed and it.audience.connection]
    for connection, advertiser_id in dict.fromkeys((it.connection, it.advertiser_id) for it in declared):
        with (
            going_on(lambda error: notices.setdefault(error.info.sentences)),
            planner(folder, connection, advertiser_id, patience=PATIENCE) as here,
        ):
            record_sizes(folder, here, notices)
    return list(notices)
