"""What processes that were killed left behind in the workspace."""

from datetime import timedelta
from pathlib import Path

from toolkit.files import sweep_unfinished
from toolkit.runs.lifecycle import now
from toolkit.sources import SegmentFolder
from toolkit.sources.location import is_remote
from toolkit.state.folder import WorkspaceFolder

_UNFINISHED_FOR = timedelta(days=1)
"""Longer than any file takes to be written, also on a machine that was suspended meanwhile."""


def sweep_workspace(folder: WorkspaceFolder) -> int:
    """Remove files that were never finished from the workspace, and from where segments are built; return how many."""
    places = [folder.path]
    catalog = folder.settings.segments
    if isinstance(catalog, SegmentFolder) and not is_remote(catalog.location):
        built = Path(folder.segments.location)
        if not built.is_relative_to(folder.path):
            places.append(built)
    return sweep_unfinished(*places, before=now() - _UNFINISHED_FOR)
