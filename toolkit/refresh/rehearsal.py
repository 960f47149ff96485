"""What the first export of a process pays for, done before one is there to wait for it.

Half a second goes into what a process makes once: the mapping of the database, the compiled templates of reports, the
first question to Great Expectations. A kernel that is prepared makes it while another export runs.
"""

import polars as pl
from sqlalchemy.orm import configure_mappers

from toolkit.audience import IdentityColumn
from toolkit.identifiers import HashFormat, first_type, hashed
from toolkit.markup import load_templates
from toolkit.validation import Thresholds, check_profile_columns, data_docs_page

_WITH_TEMPLATES = ("toolkit.display", "toolkit.runs")
_COLUMN = "identifier"


def rehearse() -> None:
    """Make what exports need of their process. No table is read, and nothing written."""
    configure_mappers()
    for package in _WITH_TEMPLATES:
        load_templates(package)
    found = check_profile_columns([_COLUMN], IdentityColumn(_COLUMN, first_type()), Thresholds())
    data_docs_page(found, title="")
    pl.select(hashed(pl.lit(""), HashFormat.SHA256))
