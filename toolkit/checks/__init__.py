"""What must hold of an audience before anything of it is sent."""

from toolkit.checks.results import CheckResult, CheckResults
from toolkit.checks.suite import check_audience, check_profile_columns, preload
from toolkit.checks.thresholds import MOST_PROFILES_AN_EXPORT, Check, Level, Thresholds

__all__ = [
    "MOST_PROFILES_AN_EXPORT",
    "Check",
    "CheckResult",
    "CheckResults",
    "Level",
    "Thresholds",
    "check_audience",
    "check_profile_columns",
    "preload",
]
