"""Great Expectations, imported late, and asked about one table at a time.

It takes seconds to import, so that is done when a check is asked for, or, with ``preload``, while something else is
computed. Expectations are asked by its validator without a data context: a context would draw a fingerprint of every
table, which takes longer than all checks, would stand as the current one in a notebook that has its own, and would
write to disk.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.importing import import_great_expectations
from toolkit.translatable import _

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations import Expectation
    from great_expectations.validator.metric_configuration import MetricConfiguration

_BATCH = "labelled"
_BASIC = {"result_format": "BASIC"}
_IN_QUOTES = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations says of one expectation; ``raised`` when it could not be asked."""

    success: bool
    result: Mapping[str, Any]
    unexpected_rows: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int64))
    """The numbers of the rows that are not as expected, where it is about rows."""
    raised: str | None = None
    """What it raised, without anything of the data."""

    @property
    def unexpected_count(self) -> int | None:
        """The rows that are not as expected; None where it is not about rows."""
        return self.result.get("unexpected_count")

    @property
    def considered_count(self) -> int:
        """The rows that were looked at: those that hold something."""
        return int(self.result.get("element_count", 0)) - int(self.result.get("missing_count", 0))

    @property
    def failing_share(self) -> float | None:
        """The share of the rows looked at that are not as expected; None where it is not about rows."""
        if self.unexpected_count is None:
            return None
        return self.unexpected_count / self.considered_count if self.considered_count else 0.0


@dataclass(frozen=True)
class PreparedExpectation:
    """An expectation with the metrics that Great Expectations needs for it, worked out once for any number of tables.

    Working them out takes longer than computing them of a segment of a few thousand members.
    """

    expectation: "Expectation"
    """As Great Expectations asks it: of a batch."""
    metrics: Sequence[Any]
    """The edges of Great Expectations' graph of metrics."""
    condition: "MetricConfiguration | None"
    """The metric that tells which rows are not as expected; None where it is not about rows."""


def prepare(expectation: "Expectation") -> PreparedExpectation | None:
    """Work out which metrics an expectation needs; None where that may depend on the table.

    It is worked out without a table. An expectation class of a user's own may do as it likes with the table, and is not
    prepared.
    """
    import_great_expectations()
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    if not type(expectation).__module__.startswith("great_expectations."):
        return None
    without_table = PandasExecutionEngine()
    configuration = deepcopy(expectation.configuration)
    configuration.kwargs["batch_id"] = _BATCH
    try:
        asked = configuration.to_domain_obj()
        needed = asked.get_validation_dependencies(without_table, _BASIC).get_metric_configurations()
        calculator = MetricsCalculator(without_table, show_progress_bars=False)
        metrics = calculator.build_metric_dependency_graph(needed, runtime_configuration=_BASIC).edges
    # It looks at the table for its metrics, or can't be asked at all: asked of a table it says which.
    except Exception:  # noqa: BLE001
        return None
    name = f"{getattr(asked, 'map_metric', None)}.condition"
    conditions = [it for edge in metrics for it in (edge.left, edge.right) if it and it.metric_name == name]
    return PreparedExpectation(asked, metrics, conditions[0] if conditions else None)


class ValidatedTable:
    """A table that expectations are asked about. Polars lays its texts out for Arrow, once; pandas shares them."""

    def __init__(self, table: pl.DataFrame, *, keys: pl.Series | None = None) -> None:
        import_great_expectations()
        from great_expectations.execution_engine import PandasExecutionEngine
        from great_expectations.validator.validator import Validator

        self.table = table
        self._keys = table["customer"] if keys is None and "customer" in table.columns else keys
        self._engine = PandasExecutionEngine()
        self._engine.load_batch_data(_BATCH, table.to_pandas(use_pyarrow_extension_array=True))
        self._validator: Validator = Validator(execution_engine=self._engine)
        self._validator.metrics_calculator.show_progress_bars = False

    def ask(self, expectation: "Expectation") -> Outcome:
        """Ask one expectation. One that raises counts as failed, and keeps none of the others from being asked."""
        try:
            (found,) = self._validator.graph_validate([expectation.configuration], runtime_configuration=_BASIC)
            raised = _raised(found)
            if raised is None:
                return Outcome(bool(found.success), found.result, self._unexpected_rows(expectation, found.result))
        except Exception as error:  # noqa: BLE001  # an expectation of a user's own may raise anything
            raised = f"{type(error).__name__}: {error}"
        return Outcome(success=False, result={}, raised=_without_data(raised))

    def ask_prepared(self, prepared: PreparedExpectation) -> Outcome:
        """Ask an expectation that was prepared; the outcome is that of ``ask``."""
        from great_expectations.validator.validation_graph import ValidationGraph

        graph = ValidationGraph(execution_engine=self._engine, edges=[*prepared.metrics])
        computed, failed = graph.resolve(_BASIC, show_progress_bars=False)
        if failed:
            return self.ask(prepared.expectation)
        try:
            found = prepared.expectation.metrics_validate(
                metrics=computed, execution_engine=self._engine, runtime_configuration=dict(_BASIC)
            )
        # A metric is missing, or can't be judged: asked alone it tells what of it.
        except Exception:  # noqa: BLE001
            return self.ask(prepared.expectation)
        if prepared.condition is None or not found.result.get("unexpected_count"):
            return Outcome(bool(found.success), found.result)
        is_unexpected, *_ = computed[prepared.condition.id]
        return Outcome(bool(found.success), found.result, _rows_of(is_unexpected))

    def keys(self, rows: pl.Series) -> pl.Series:
        """Return the customer keys of these rows."""
        if self._keys is None or not len(rows):
            return pl.Series("customer", dtype=pl.String)
        return self._keys.gather(rows)

    def _unexpected_rows(self, expectation: "Expectation", result: Mapping[str, Any]) -> pl.Series:
        from great_expectations.validator.metric_configuration import MetricConfiguration

        metric = getattr(expectation, "map_metric", None)
        if not metric or not result.get("unexpected_count"):
            return pl.Series(dtype=pl.Int64)
        needed = expectation.get_validation_dependencies(self._engine, _BASIC)
        counted = needed.metric_configurations[f"{metric}.unexpected_count"]
        # Which rows, as booleans: what Great Expectations itself lists of them is cut off, or a Python object a row.
        is_unexpected, *_ = self._validator.get_metric(
            MetricConfiguration(f"{metric}.condition", counted.metric_domain_kwargs, counted.metric_value_kwargs)
        )
        return _rows_of(is_unexpected)


def _rows_of(is_unexpected: Any) -> pl.Series:
    return pl.Series(is_unexpected.index[is_unexpected.to_numpy(dtype=bool)].to_numpy())


def could_not_be_checked(raised: str) -> str:
    """Return what is said to be found where an expectation raised."""
    return _("that it could not be checked ({raised})", raised=raised)


def preload() -> None:
    """Begin to import Great Expectations in the background; a check that is asked for meanwhile waits for it."""
    threading.Thread(target=import_great_expectations, name="import great_expectations", daemon=True).start()


def _raised(found: "ExpectationValidationResult") -> str | None:
    """Return what was raised, None when nothing was: told of the expectation as a whole, or of each of its metrics."""
    info = found.exception_info or {}
    told = [info] if "raised_exception" in info else [it for it in info.values() if isinstance(it, Mapping)]
    messages = [str(it.get("exception_message")) for it in told if it.get("raised_exception")]
    return messages[0] if messages else None


def _without_data(message: str) -> str:
    """Return the first line of what was raised; what it quotes and counts may come from the data, and is hidden."""
    first = message.strip().partition("\n")[0]
    return re.sub(r"\d", "•", _IN_QUOTES.sub("'•••'", first))[:200]
