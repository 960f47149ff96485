"""What Great Expectations asks and finds, said in words that show nothing of the data."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from string import Template
from typing import TYPE_CHECKING, Any

from toolkit.redaction import masked_field, redacted

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

KEY = "customer"
_COUNTS = ("element_count", "unexpected_count", "missing_count", "unexpected_percent", "missing_percent")
_FEW = 5


def name_of(expectation: "Expectation", columns: Sequence[str]) -> str:
    """Return what the expectation is called: what it says of itself, else its type and columns."""
    if expectation.description:
        return redacted(str(expectation.description))
    words = str(expectation.expectation_type).removeprefix("expect_").replace("_", " ")
    return f"{words} ({', '.join(columns)})" if columns else words


def expected_by(expectation: "Expectation") -> str:
    """Return what the expectation says of itself, else what Great Expectations says of it."""
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    if expectation.description:
        return redacted(str(expectation.description))
    configuration = expectation.configuration
    configuration.kwargs = redacted_arguments(configuration.kwargs)
    for part in InlineRenderer(render_object=configuration).get_rendered_content():
        value = part.value
        if value is not None and value.template:
            params = {name: it["value"] for name, it in (value.params or {}).items()}
            return Template(value.template).safe_substitute(params).rstrip(".")
    return str(expectation.expectation_type).replace("_", " ")


def redacted_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an expectation's arguments without addresses and, of a set of customer keys, without keys."""
    about_keys = given.get("column") == KEY
    return {
        name: _each(value, _masked if about_keys and name == "value_set" else _without_addresses)
        for name, value in given.items()
    }


def redacted_result(result: Mapping[str, Any], given: Mapping[str, Any], *, with_examples: bool) -> dict[str, Any]:
    """Return what of a result names nobody: counts, examples masked, and an observed number that is no key."""
    # Of no rows at all, a share is nothing, or not a number.
    told = {it: result[it] for it in _COUNTS if result.get(it) is not None and not isnan(result[it])}
    if with_examples:
        told["partial_unexpected_list"] = masked_examples(result.get("partial_unexpected_list", []))
    observed = result.get("observed_value")
    if observed is not None:
        about_columns = "column_set" in given or "column_list" in given
        is_figure = isinstance(observed, int | float) and given.get("column") != KEY
        told["observed_value"] = observed if is_figure or about_columns else _each(observed, _masked)
    return told


def masked_examples(values: Sequence[Any]) -> list[str]:
    """Return a few different values, masked."""
    return list(dict.fromkeys(_masked(it) for it in values))[:_FEW]


def _masked(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_masked(it) for it in value.values())
    if isinstance(value, list | tuple):
        return ", ".join(_masked(it) for it in value)
    return "null" if value is None else masked_field(value)


def _each(value: Any, hide: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        compared = _masked if value.get("column") == {"name": KEY} else hide
        return {name: _each(it, compared if name == "parameter" else hide) for name, it in value.items()}
    if isinstance(value, list | tuple | set):
        return [_each(it, hide) for it in value]
    return hide(value)


def _without_addresses(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value
