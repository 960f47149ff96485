"""What must hold of an audience before anything of it is sent."""

from toolkit.validation.custom_suites import (
    OwnSuite,
    load_suite,
    parse_suite,
    put_in_place,
    suite_files,
    write_beside,
    written_beside,
)
from toolkit.validation.data_docs import DATA_DOCS, data_docs_page, write_data_docs
from toolkit.validation.further_types import doubts_of_further_type
from toolkit.validation.gx import preload
from toolkit.validation.results import CheckOutcome, CheckResult, CheckResults, CheckRow, as_shown, checks_frame
from toolkit.validation.rules import (
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
from toolkit.validation.suite import check_audience, check_profile_columns
from toolkit.validation.thresholds import LEAST_USEFUL_SIZE, MOST_PROFILES_AN_EXPORT, Check, Level, Thresholds
from toolkit.validation.validation_frame import require_columns

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
    "data_docs_page",
    "doubts_of_further_type",
    "export_figures",
    "export_rules",
    "load_suite",
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
