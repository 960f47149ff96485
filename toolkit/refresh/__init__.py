"""The scheduled refresh: which exports are due, their runs at night, and how all of it is doing."""

from toolkit.refresh.execution import refresh, run_inline
from toolkit.refresh.health import Finding, Health, HealthLevel, health_of
from toolkit.refresh.notebook import execute_notebook
from toolkit.refresh.options import RefreshOptions
from toolkit.refresh.result import (
    Refresh,
    RefreshedExport,
    last_refresh,
    refresh_ids,
    refresh_of,
    refreshes_by_id,
    refreshes_frame,
)
from toolkit.refresh.scheduled_run import ScheduledRun
from toolkit.state.states import RefreshStatus

__all__ = [
    "Finding",
    "Health",
    "HealthLevel",
    "Refresh",
    "RefreshOptions",
    "RefreshStatus",
    "RefreshedExport",
    "ScheduledRun",
    "execute_notebook",
    "health_of",
    "last_refresh",
    "refresh",
    "refresh_ids",
    "refresh_of",
    "refreshes_by_id",
    "refreshes_frame",
    "run_inline",
]
