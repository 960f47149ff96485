"""How many people the Criteo audiences of a workspace reach, over time."""

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from toolkit.access.people import require_actor
from toolkit.campaigns.ownership import AudienceMark
from toolkit.campaigns.planning import Planner
from toolkit.errors import ToolkitError
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import AudienceSizeRecord, CriteoAudienceRecord
from toolkit.translatable import _


def record_sizes(folder: WorkspaceFolder, here: Planner, notices: dict[str, None]) -> Mapping[str, int]:
    """Ask Criteo for the sizes of the audiences that this workspace made, and keep them.

    Args:
        folder: The workspace.
        here: The advertiser.
        notices: Where it is told that Criteo did not say.

    Returns:
        The sizes by the ids of the audiences at Criteo.
    """
    try:
        marks = {it.id: AudienceMark.in_text(it.description) for it in here.side.audiences}
        mine = {number: it for number, it in marks.items() if it is not None and it.workspace == here.workspace_id}
        if not mine:
            return {}
        sizes = here.side.sizes(list(mine))
    except ToolkitError as error:
        notices[_("The sizes of audiences are not known: {error}", error=error.info.sentences)] = None
        return {}
    at = datetime.now(UTC)
    with folder.session() as session, session.begin():
        known = set(session.scalars(select(CriteoAudienceRecord.id)))
        kept: dict[int, AudienceSizeRecord] = {}
        for audience_id, size in sizes.items():
            number = mine[audience_id].number
            if number in known:
                kept[number] = AudienceSizeRecord(audience_id=number, at=at, criteo_id=audience_id, size=size)
        session.add_all(kept.values())
    return sizes


def sizes_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an audience and moment at which its size was asked for, the oldest first."""
    with folder.reading() as session:
        require_actor(session, folder)
        query = (
            select(
                CriteoAudienceRecord.name, AudienceSizeRecord.at, AudienceSizeRecord.criteo_id, AudienceSizeRecord.size
            )
            .join(CriteoAudienceRecord, CriteoAudienceRecord.id == AudienceSizeRecord.audience_id)
            .order_by(AudienceSizeRecord.at, CriteoAudienceRecord.name)
        )
        rows = [tuple(it) for it in session.execute(query)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA = pl.Schema(
    {"audience": pl.String(), "at": pl.Datetime("us", "UTC"), "audience_id": pl.String(), "size": pl.Int64()}
)
