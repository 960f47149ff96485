"""Everything that a run imports, imported once by the process of which each run to be killed is a copy.

What would start threads of its own, such as a query of Polars, is not done here: a copy would lack them.
"""

import gc
import os
from importlib import import_module

from sqlalchemy.orm import configure_mappers

from toolkit.markup import template

os.environ["GX_ANALYTICS_ENABLED"] = "false"

# By their names, since nothing here uses them: an import that nobody uses is soon tidied away.
for module in (
    "alembic.command",
    "altair",
    "apprise",
    "bleach",
    "encodings.ascii",
    "great_expectations.expectations",
    "jinja2.ext",
    "multiprocessing.synchronize",
    "narwhals._interchange.dataframe",
    "narwhals._polars.dataframe",
    "narwhals._polars.group_by",
    "narwhals._polars.series",
    "pandas",
    "polars._utils.parquet",
    "polars_hash",
    "psutil",
    "psycopg",
    "pyarrow.parquet",
    "pydantic.dataclasses",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tests.faults.killing",
    "phonenumbers",
    "toolkit.identifiers.types.email",
    "toolkit.identifiers.types.gum",
    "toolkit.identifiers.types.identity_link",
    "toolkit.identifiers.types.madid",
    "toolkit.identifiers.types.phone",
    "toolkit.workspace",
    "toolkit.runs.charts",
    "toolkit.runs.report",
):
    import_module(module)

configure_mappers()
for package, name in (
    ("toolkit.validation", "data_docs.html"),
    ("toolkit.validation", "sections.html"),
    ("toolkit.display", "cards.html"),
    ("toolkit.display", "page.html"),
    ("toolkit.display", "stacked_bars.html"),
    ("toolkit.display", "table.html"),
    ("toolkit.runs", "_said.html"),
    ("toolkit.runs", "checks.html"),
    ("toolkit.runs", "report.html"),
):
    template(package, name)

# A collection would touch, and so copy, every page that the copies share.
gc.freeze()
