"""The suites of checks that people of a workspace added to the built-in ones."""

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.exports.suites import add_suite, remove_suite, sign_suite, suites_of
from toolkit.translatable import _, mark
from toolkit.validation import OwnSuite


class Checks(Collection[str, OwnSuite]):
    """Your own suites of checks, by name; every run checks them, beside the built-in checks.

    Examples:
        >>> len(workspace.checks)
        0
    """

    _title: ClassVar[str] = _("Own checks")
    _kind: ClassVar[str] = mark("suite of checks")
    _if_empty: ClassVar[str] = _("Add one with workspace.checks.add(name, expectations).")

    def _load(self) -> Mapping[str, OwnSuite]:
        return {it.name: it for it in suites_of(self._folder)}

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each expectation.

        Columns: ``suite``, what is ``expected`` of which ``columns``, and the ``level`` of a failure.

        Examples:
            >>> workspace.checks.frame.columns
            ['suite', 'expected', 'columns', 'level']
        """
        schema = dict.fromkeys(["suite", "expected", "columns", "level"], pl.String)
        rows = [(suite.name, *row) for suite in self.values() for row in suite.frame.iter_rows()]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def add(self, name: str, expectations: Any) -> OwnSuite:
        """Save expectations of Great Expectations as a suite that every run checks.

        It replaces a suite of that name. The expectations are checked for each segment and may name profile columns. An
        expectation of severity ``"critical"`` stops a run that fails it; others add a warning.

        Args:
            name: Name of the suite.
            expectations: One expectation, a list of them, an ``ExpectationSuite``, or the path of a file of one.

        Returns:
            The suite as it was saved.

        Raises:
            ConfigurationError: The expectations are not well formed, or the name can't be the name of a file.
            AccessError: You are a viewer.

        Examples:
            >>> from great_expectations.expectations import ExpectColumnValuesToNotBeNull
            >>> filled = ExpectColumnValuesToNotBeNull(column="Country", severity="warning")
            >>> suite = workspace.checks.add("Country is known", filled)
            >>> suite.frame["level"].to_list()
            ['warning']
        """
        return add_suite(self._folder, name, expectations)

    def sign(self, name: str) -> OwnSuite:
        """Sign a suite whose file you put into the folder, so that runs check it as it is.

        Args:
            name: Name of the suite: the name of its file without the ending.

        Returns:
            The suite.

        Raises:
            ConfigurationError: There is no suite of that name, or it can't be read.
            AccessError: You are a viewer.
        """
        return sign_suite(self._folder, name)

    def remove(self, name: str) -> None:
        """Remove a suite of your own.

        Args:
            name: Name of the suite.

        Raises:
            ConfigurationError: There is no suite of that name.
            AccessError: You are a viewer.

        Examples:
            >>> from great_expectations.expectations import ExpectColumnValuesToNotBeNull
            >>> suite = workspace.checks.add("Country is known", ExpectColumnValuesToNotBeNull(column="Country"))
            >>> workspace.checks.remove("Country is known")
            >>> list(workspace.checks)
            []
        """
        remove_suite(self._folder, name)
