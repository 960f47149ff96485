"""Suites of your own: as files that Great Expectations writes and reads, in a folder of the workspace.

The folder is a file context of Great Expectations, so that a suite that is made there is checked as it is, and one
that is made here can be edited there. A suite is written in whole or not at all, and nothing else is written when
checks run, so that any number of processes may check at once, also where the folder may only be read.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl

from toolkit.display import html_table, text_table
from toolkit.errors import ConfigurationError
from toolkit.files import is_beside, make_folder, temporary_path_of, write_atomically, write_once
from toolkit.importing import import_great_expectations
from toolkit.redaction import redacted
from toolkit.strict_yaml import NotYamlError, read_yaml
from toolkit.translatable import _
from toolkit.validation.redacted_results import expected_by
from toolkit.validation.thresholds import Level

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

_ENDINGS = (".json", ".yaml", ".yml")
_CONTEXT = Path(__file__).with_name("templates") / "great_expectations.yml"
_ABOUT_TABLES = re.compile(r"expect_table_|expect_column_to_exist")


@dataclass(frozen=True, repr=False)
class OwnSuite:
    """Expectations of a user's own, asked about every segment.

    Examples:
        >>> from great_expectations.expectations import ExpectColumnValuesToNotBeNull
        >>> suite = workspace.checks.add("Country is known", ExpectColumnValuesToNotBeNull(column="Country"))
        >>> suite.name, suite.columns
        ('Country is known', ['Country'])
    """

    name: str
    expectations: tuple["Expectation", ...]

    @property
    def columns(self) -> list[str]:
        """The columns that the expectations need."""
        return list(dict.fromkeys(column for it in self.expectations for column in columns_of(it)))

    @property
    def frame(self) -> pl.DataFrame:
        """A row an expectation: what is ``expected`` of which ``columns``, and the ``level`` of a failure."""
        rows = [(expected_by(it), ", ".join(columns_of(it)), level_of(it).value) for it in self.expectations]
        return pl.DataFrame(rows, schema=dict.fromkeys(["expected", "columns", "level"], pl.String), orient="row")

    def __iter__(self) -> Iterator["Expectation"]:
        return iter(self.expectations)

    def __repr__(self) -> str:
        return f"Suite {self.name!r}\n{text_table(self.frame)}"

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=f"Suite {self.name}")


def level_of(expectation: "Expectation") -> Level:
    """Return what a failure does: Great Expectations calls it severity, and an error critical."""
    return Level.ERROR if expectation.severity.value == "critical" else Level.WARNING


def columns_of(expectation: "Expectation") -> list[str]:
    """Return the columns without which the expectation can't be asked."""
    given = expectation.configuration.kwargs
    named = [given.get(it) for it in ("column", "column_A", "column_B")] + list(given.get("column_list") or [])
    about_table = _ABOUT_TABLES.match(expectation.expectation_type)
    found = [*([] if about_table else named), *_columns_of_condition(given.get("row_condition"))]
    return list(dict.fromkeys(it for it in found if isinstance(it, str)))


def _columns_of_condition(condition: object) -> list[str]:
    """Return the columns that a condition on rows names; one that is written as text is read by pandas only."""
    if not isinstance(condition, Mapping):
        return []
    named = [condition["column"]["name"]] if "column" in condition else []
    return named + [column for it in condition.get("conditions", ()) for column in _columns_of_condition(it)]


def read_suite(path: Path) -> OwnSuite:
    """Read a suite as Great Expectations writes it, in JSON or YAML; raises ConfigurationError when it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        said = redacted(str(error).partition("\n")[0])
        raise ConfigurationError(
            _("The suite in {path} cannot be read: {said}.", path=path, said=said), _REMEDY
        ) from None
    return parse_suite(path, content)


def parse_suite(path: Path, content: bytes) -> OwnSuite:
    """Return the suite that the file holds; raises ConfigurationError when it holds none.

    Args:
        path: Names the suite, says by its ending whether it is JSON or YAML, and stands in errors; it is not read.
        content: What the file holds.
    """
    try:
        text = content.decode()
        found = json.loads(text) if path.suffix == ".json" else read_yaml(text)
    except (ValueError, RecursionError) as error:
        said = _said_of(error)
        raise ConfigurationError(
            _("The suite in {path} cannot be read: {said}.", path=path, said=said), _REMEDY
        ) from None
    listed = found.get("expectations") if isinstance(found, dict) else None
    if not isinstance(listed, list) or not listed:
        raise ConfigurationError(_("The suite in {path} lists no expectations.", path=path), _REMEDY)
    made = tuple(_expectation(each, place=f"Expectation {number} in {path}") for number, each in enumerate(listed, 1))
    return OwnSuite(path.stem, made)


def write_beside(folder: Path, suite: OwnSuite) -> Path:
    """Write a suite beside where it is to lie, and return the file; ``put_in_place`` makes it count.

    Raises ConfigurationError when the name can't be a file's.
    """
    if not suite.name.strip() or re.search(r"[/\\\0]|^\.", suite.name):
        raise ConfigurationError(
            _("A suite can't be called {suite!r}.", suite=suite.name),
            _("Take a name without slashes that begins with a letter."),
        )
    import great_expectations as gx

    # Great Expectations finds a suite and its expectations in a store by their ids.
    listed = [it.configuration.to_json_dict() | {"id": str(uuid4())} for it in suite]
    text = json.dumps(
        gx.ExpectationSuite(name=suite.name, id=str(uuid4())).to_json_dict() | {"expectations": listed}, indent=2
    )
    place = folder / "expectations"
    make_folder(place)
    write_once(folder / "great_expectations.yml", _CONTEXT.read_text(encoding="utf-8"))
    beside = temporary_path_of(place / f"{suite.name}.json")
    write_atomically(beside, lambda it: it.write_text(text, encoding="utf-8"))
    return beside


def put_in_place(beside: Path, name: str) -> Path:
    """Put the file of a suite that was written beside in the place of those of its name, and return it."""
    path = beside.with_name(f"{name}.json")
    beside.replace(path)
    for other in (path.with_suffix(it) for it in _ENDINGS if it != ".json"):
        other.unlink(missing_ok=True)
    return path


def written_beside(folder: Path, name: str) -> list[Path]:
    """Return the files of a suite of this name that were written and not put in their place."""
    return [it for it in (folder / "expectations").glob(".*.part") if is_beside(it, f"{name}.json")]


def load_suite(name: str, given: object) -> OwnSuite:
    """Return a suite of one expectation, of several, of a suite of Great Expectations, or of a file of one.

    Raises ConfigurationError for anything else.
    """
    import_great_expectations()
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import Expectation

    if isinstance(given, str | Path):
        return OwnSuite(name, read_suite(Path(given)).expectations)
    if isinstance(given, ExpectationSuite):
        return OwnSuite(name, tuple(given.expectations))
    listed = tuple(given) if isinstance(given, Sequence) else (given,)
    if not listed or not all(isinstance(it, Expectation) for it in listed):
        raise ConfigurationError(
            _("Suite {name!r} is not made: a {kind} is no expectation.", name=name, kind=type(given).__name__),
            _(
                "Give an expectation of great_expectations.expectations, a list of them, an "
                "ExpectationSuite, or the path of a file of one."
            ),
        )
    return OwnSuite(name, listed)


_REMEDY = _(
    "Have Great Expectations write it, or see docs/checks.md for an example; or take the file out of the folder."
)


def suite_files(folder: Path) -> dict[str, Path]:
    """Return the files of suites by their names; a hidden file is none."""
    found = (folder / "expectations").glob("*")
    return {it.stem: it for it in sorted(found) if it.suffix in _ENDINGS and not it.name.startswith(".")}


def _said_of(error: Exception) -> str:
    if isinstance(error, NotYamlError):
        return error.said
    if isinstance(error, RecursionError):
        return _("it is nested too deeply")
    return redacted(str(error).partition("\n")[0])


def _expectation(each: object, *, place: str) -> "Expectation":
    import_great_expectations()
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation_configuration import expectationConfigurationSchema

    if not isinstance(each, Mapping) or "type" not in each:
        raise ConfigurationError(_("{place} has no type.", place=place), _REMEDY)
    try:
        made: Expectation = expectationConfigurationSchema.load(dict(each)).to_domain_obj()
    except ExpectationNotFoundError:
        raise ConfigurationError(
            _("{place} is of type {each!r}, which Great Expectations does not know.", place=place, each=each["type"]),
            _(
                "Correct the type, such as expect_column_values_to_not_be_null; an expectation class of "
                "your own must be imported before."
            ),
        ) from None
    # Each expectation checks its arguments in its own way, and tells what is wrong with them by several errors.
    except Exception as error:  # noqa: BLE001
        said = " ".join(redacted(str(error)).split())
        raise ConfigurationError(
            _("{place} is not well formed: {said}.", place=place, said=said), _("Correct its arguments.")
        ) from None
    return made
