"""What must hold of an audience before anything of it is sent."""

from toolkit.checks.columns import require_columns
from toolkit.checks.data_docs import DATA_DOCS, write_data_docs
from toolkit.checks.own import (
    OwnSuite,
    made_suite,
    parse_suite,
    put_in_place,
    suite_files,
    write_beside,
    written_beside,
)
from toolkit.checks.results import CheckOutcome, CheckResult, CheckResults, CheckRow, as_shown, checks_frame
from toolkit.checks.rules import (
    Bound,
    Figure,
    Rule,
    audience_verdicts,
    export_figures,
    export_rules,
    segment_figures,
    segment_rules,
    verdicts,
)
from toolkit.checks.suite import check_audience, check_profile_columns
from toolkit.checks.thresholds import LEAST_USEFUL_SIZE, MOST_PROFILES_AN_EXPORT, Check, Level, Thresholds
from toolkit.checks.validation import preload

__all__ = [
    "DATA_DOCS",
    "LEAST_USEFUL_SIZE",
    "MOST_PROFILES_AN_EXPORT",
    "Bound",
    "Check",
    "CheckOutcome",
    "CheckResult",
    "CheckResults",
    "CheckRow",
    "Figure",
    "Level",
    "OwnSuite",
    "Rule",
    "Thresholds",
    "as_shown",
    "audience_verdicts",
    "check_audience",
    "check_profile_columns",
    "checks_frame",
    "export_figures",
    "export_rules",
    "made_suite",
    "parse_suite",
    "preload",
    "put_in_place",
    "require_columns",
    "segment_figures",
    "segment_rules",
    "suite_files",
    "verdicts",
    "write_beside",
    "write_data_docs",
    "written_beside",
]
