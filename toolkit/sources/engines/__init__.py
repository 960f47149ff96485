"""Tables that live in an engine, such as DuckDB or Spark, and are matched there.

Why the engine joins and the toolkit classifies is in docs/decisions/27-engines.md.
"""

from toolkit.sources.engines.address import Address, DuckDBTable, IbisTable, SparkTable, is_in_engine
from toolkit.sources.engines.engine_files import EngineFiles

__all__ = ["Address", "DuckDBTable", "EngineFiles", "IbisTable", "SparkTable", "is_in_engine"]
