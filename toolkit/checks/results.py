"""What the checks found."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from toolkit.checks.thresholds import Check, Level
from toolkit.show import html_table, text_table


@dataclass(frozen=True)
class CheckResult:
    """One check of one segment, or of the whole export when ``segment`` is None."""

    check: Check
    segment: str | None
    level: Level
    passed: bool
    expected: str
    observed: str
    remedy: str
    """What to do when it failed."""

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        where = "the export" if self.segment is None else f"segment {self.segment!r}"
        return f"Check {self.check.value!r} of {where}: expected {self.expected}, found {self.observed}."


@dataclass(frozen=True, repr=False)
class CheckResults:
    """The results of all checks of a run."""

    results: tuple[CheckResult, ...]

    @property
    def errors(self) -> list[CheckResult]:
        """The failures that stop a run."""
        return [result for result in self if not result.passed and result.level is Level.ERROR]

    @property
    def warnings(self) -> list[CheckResult]:
        """The failures that are only reported."""
        return [result for result in self if not result.passed and result.level is Level.WARNING]

    @property
    def passed(self) -> bool:
        """Whether nothing stops a run."""
        return not self.errors

    @property
    def frame(self) -> pl.DataFrame:
        """A row a check: ``check``, ``segment`` (null: the whole export), ``outcome``, ``expected``, ``observed``."""
        return pl.DataFrame(
            [
                {
                    "check": result.check.value,
                    "segment": result.segment,
                    "outcome": "passed" if result.passed else result.level.value,
                    "expected": result.expected,
                    "observed": result.observed,
                }
                for result in self
            ],
            schema=dict.fromkeys(["check", "segment", "outcome", "expected", "observed"], pl.String),
        )

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    def __add__(self, other: "CheckResults") -> "CheckResults":
        return CheckResults(self.results + other.results)

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(self.frame.fill_null(''))}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=self._headline)

    @property
    def _headline(self) -> str:
        failed = len(self.errors)
        return (
            f"{len(self.results)} checks: {failed} {'error' if failed == 1 else 'errors'}, "
            f"{len(self.warnings)} {'warning' if len(self.warnings) == 1 else 'warnings'}"
        )
