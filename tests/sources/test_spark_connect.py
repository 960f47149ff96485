"""Spark Connect, with a server on this machine, in a process of its own: a process has one kind of session."""

import os
import subprocess
import sys

import pytest

from tests.conftest import need
from tests.long_form import IS_LONG

_CODE = """
import warnings
warnings.simplefilter("ignore")
import polars as pl
from pyspark.sql import SparkSession
import toolkit
from toolkit.sources.engines import spark_engine

spark_engine._ROWS_AT_ONCE = 1_000
session = SparkSession.builder.getOrCreate()
assert "connect" in type(session).__module__
frame = pl.DataFrame({"Key": [f"K{it}" for it in range(5_000)], "EMail": "a@mail.example"})
session.createDataFrame(frame.to_arrow()).createOrReplaceTempView("profiles")
profiles = toolkit.Profiles(location=toolkit.SparkTable("profiles"), key="Key")
chosen = profiles.look(["EMail"]).choose(pl.LazyFrame({"customer": ["K7", "K5000", "k8"]}))
print(chosen.scan().collect()["Key"].to_list(), profiles.scan([]).collect()["Key"].n_unique())
"""


@pytest.mark.skipif(not IS_LONG, reason="starts a server of Spark Connect, which takes half a minute")
def test_members_are_found_by_connect() -> None:
    need("java")
    asked = {**os.environ, "SPARK_REMOTE": "local[1]"}
    command = [sys.executable, "-c", _CODE]
    done = subprocess.run(command, env=asked, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.splitlines()[-1:] == ["['K7'] 5000"], done.stderr[-2000:]
