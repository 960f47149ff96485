"""What the checks found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

import polars as pl

from toolkit.display import html_table, per_cent, text_table, word
from toolkit.translatable import Translatable, _, ngettext
from toolkit.validation.thresholds import Check, Level

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

BUILT_IN = "built in"


@dataclass(frozen=True)
class CheckResult:
    """One check of one segment, or of the whole export when ``segment`` is None.

    Examples:
        >>> result = next(iter(workspace.exports.check("Nightly")))
        >>> result.passed, result.level.value
        (True, 'error')
    """

    check: Check | str
    """A built-in check, or what an expectation of your own is called: by its suite and by what it expects."""
    segment: str | None
    level: Level
    passed: bool
    expected: str
    observed: str
    remedy: str
    """What to do when it failed."""
    suite: str = BUILT_IN
    failing_share: float | None = None
    """The share of the rows looked at that are not as expected, from 0 to 1; None where it is not about rows."""
    examples: tuple[str, ...] = ()
    """A few of the unexpected fields, masked."""
    unexpected: pl.Series = field(default_factory=lambda: pl.Series("customer", dtype=pl.String), repr=False)
    """The customer keys of the unexpected rows. They are for the analyst's eyes, and in no report."""
    expectation: "Expectation | None" = field(default=None, repr=False)
    """What Great Expectations was asked; None when it could not even be asked."""
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What Great Expectations answered, without personal data."""
    raised: str | None = None
    """What the expectation raised, without personal data."""

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        values = {"check": word(str(self.check)), "expected": self.expected, "observed": self.observed}
        if self.segment is None:
            return _("Check {check!r} of the export: expected {expected}, found {observed}.", **values)
        return _(
            "Check {check!r} of segment {segment!r}: expected {expected}, found {observed}.",
            segment=self.segment,
            **values,
        )


class CheckOutcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    ERROR = "error"
    """It failed, and stops a run."""
    WARNING = "warning"
    """It failed, and is only reported."""

    @classmethod
    def of(cls, result: CheckResult) -> Self:
        """Return how the check ended."""
        return cls(cls.PASSED) if result.passed else cls(result.level.value)


@dataclass(frozen=True)
class CheckRow:
    """A check as a run records and shows it."""

    check: str
    """What the check is called."""
    segment: str | None
    """None: it is of the whole export."""
    outcome: CheckOutcome
    expected: Annotated[str, Translatable()]
    observed: Annotated[str, Translatable()]
    failing_share: float | None
    """From 0 to 1; None where the check is not about rows."""
    examples: str | None
    """A few of the unexpected fields, masked; None when there are none."""

    @classmethod
    def of(cls, result: CheckResult) -> Self:
        """Return what is recorded of a check."""
        return cls(
            check=str(result.check),
            segment=result.segment,
            outcome=CheckOutcome.of(result),
            expected=result.expected,
            observed=result.observed,
            failing_share=result.failing_share,
            examples=", ".join(result.examples) or None,
        )


def checks_frame(rows: Iterable[CheckRow]) -> pl.DataFrame:
    """Return a row a check."""
    return pl.DataFrame([asdict(it) for it in rows], schema=_SCHEMA)


@dataclass(frozen=True, repr=False)
class CheckResults:
    """The results of all checks of a run.

    Examples:
        >>> results = workspace.exports.check("Nightly")
        >>> results.passed, len(results.failed.results)
        (True, 0)
    """

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
    def failed(self) -> "CheckResults":
        """The results of those that failed, of either level."""
        return CheckResults(tuple(it for it in self if not it.passed))

    @property
    def passed(self) -> bool:
        """Whether no check stops a run; what else does so are its guards, which a preview and a dry run tell."""
        return not self.errors

    @property
    def frame(self) -> pl.DataFrame:
        """A row a check: ``check``, ``segment`` (null: the whole export), ``outcome``, what was expected and found.

        ``failing_share`` (from 0 to 1) and ``examples`` (masked) are null where the check is not about rows.
        """
        return checks_frame(self.rows)

    @property
    def rows(self) -> tuple["CheckRow", ...]:
        """What a run keeps of each check: nothing that names a person."""
        return tuple(CheckRow.of(it) for it in self)

    @property
    def unexpected(self) -> pl.DataFrame:
        """A row a check, segment and member that is not as expected: ``check``, ``segment``, ``customer`` (the key).

        Checks that pass because few enough are unexpected are among them.
        """
        parts = [
            pl.select(check=pl.lit(str(it.check)), segment=pl.lit(it.segment, pl.String)).join(
                it.unexpected.cast(pl.String).to_frame("customer"), how="cross"
            )
            for it in self
            if len(it.unexpected)
        ]
        return pl.concat([pl.DataFrame(schema=_UNEXPECTED_SCHEMA), *parts])

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    def __add__(self, other: "CheckResults") -> "CheckResults":
        return CheckResults(self.results + other.results)

    def __repr__(self) -> str:
        return f"{self._headline}\n{text_table(_in_per_cent(self.shown))}"

    def _repr_html_(self) -> str:
        return html_table(self.shown, title=self._headline, texts=self.texts)

    @property
    def texts(self) -> Mapping[str, Sequence[str]]:
        """The columns of ``shown`` that hold sentences, as texts that are translatable."""
        return {"expected": [it.expected for it in self], "observed": [it.observed for it in self]}

    @property
    def shown(self) -> pl.DataFrame:
        """The frame as it is shown."""
        return as_shown(self.frame)

    @property
    def _headline(self) -> str:
        return _(
            "{checks}: {errors}, {warnings}",
            checks=ngettext("{count:,} check", "{count:,} checks", len(self.results)),
            errors=ngettext("{count:,} error", "{count:,} errors", len(self.errors)),
            warnings=ngettext("{count:,} warning", "{count:,} warnings", len(self.warnings)),
        )


def as_shown(checks: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of checks without columns that tell nothing here; a share of nothing is not told."""
    is_some = pl.col("failing_share") > 0
    failing = pl.when(is_some).then("failing_share")
    checks = checks.with_columns(failing_share=failing).rename({"failing_share": "failing"})
    empty = [it.name for it in checks if it.is_null().all()]
    return checks.drop(empty).with_columns(pl.col(pl.String).fill_null(""))


def _in_per_cent(checks: pl.DataFrame) -> pl.DataFrame:
    if "failing" not in checks.columns:
        return checks
    return checks.with_columns(failing=per_cent(pl.col("failing")).fill_null(""))


_SCHEMA = pl.Schema(
    {
        "check": pl.String(),
        "segment": pl.String(),
        "outcome": pl.String(),
        "expected": pl.String(),
        "observed": pl.String(),
        "failing_share": pl.Float64(),
        "examples": pl.String(),
    }
)
_UNEXPECTED_SCHEMA = pl.Schema({"check": pl.String(), "segment": pl.String(), "customer": pl.String()})
