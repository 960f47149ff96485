"""Everything that a run imports, imported once by the process of which each run to be killed is a copy.

What would start threads of its own, such as a query of Polars, is not done here: a copy would lack them.
"""

import gc
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import alembic.command
import altair
import great_expectations.expectations
import great_tables
import jinja2
import narwhals._polars.dataframe
import narwhals._polars.series
import pandas
import polars_hash
import psutil
import sqlalchemy.dialects.sqlite
import vl_convert

import tests.faults.killing
import toolkit.interface
import toolkit.runs.charts
import toolkit.runs.report

# A collection would touch, and so copy, every page that the copies share.
gc.freeze()
