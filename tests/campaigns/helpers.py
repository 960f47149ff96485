"""What the tests of audiences look at."""

import toolkit
from tests.folders import folder_of
from toolkit import AudienceStep as Step
from toolkit.sandbox import Sandbox

ADVERTISER = "2711"


def steps(workspace: toolkit.Workspace) -> dict[str, Step]:
    return {it.name: it.step for it in workspace.audiences.plan()}


def list_ids(criteo: Sandbox) -> dict[str, str]:
    return {it.name: it.id for it in criteo.lists()}


def actions(workspace: toolkit.Workspace) -> list[str]:
    return workspace.audit.frame["action"].to_list()


def strip_mark(workspace: toolkit.Workspace, audience_id: str, text: str = "somebody's") -> None:
    """Let an audience at Criteo be somebody's."""
    from toolkit.campaigns.applying import planner
    from toolkit.criteo import AudienceChange

    with planner(folder_of(workspace), "Sandbox", ADVERTISER) as here:
        here.side._criteo.audiences.change([AudienceChange(audience_id, description=text)])
