"""Everything that a run imports, imported once by the process of which each run to be killed is a copy.

What would start threads of its own, such as a query of Polars, is not done here: a copy would lack them.
"""

import gc
import os
from importlib import import_module

os.environ["GX_ANALYTICS_ENABLED"] = "false"

# By their names, since nothing here uses them: an import that nobody uses is soon tidied away.
for module in (
    "alembic.command",
    "altair",
    "apprise",
    "great_expectations.expectations",
    "jinja2",
    "narwhals._polars.dataframe",
    "narwhals._polars.series",
    "pandas",
    "polars_hash",
    "psutil",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tests.faults.killing",
    "toolkit.workspace",
    "toolkit.runs.charts",
    "toolkit.runs.report",
    "vl_convert",
):
    import_module(module)

# A collection would touch, and so copy, every page that the copies share.
gc.freeze()
