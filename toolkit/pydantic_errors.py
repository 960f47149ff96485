"""What is wrong with values that were given, said in the toolkit's two sentences and never in pydantic's words."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from toolkit.errors import ConfigurationError, ToolkitError

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "mapping": "a table of names and values",
    "dict": "a table of names and values",
    "model": "a table of names and values",
    "dataclass": "a table of names and values",
    "date": "a date, such as 2026-01-31",
    "datetime": "a date and time, such as 2026-01-31 02:00",
    "time": "a time, such as 02:00",
    "timezone": "a time zone, such as Europe/Amsterdam",
    "time_delta": "a duration, such as timedelta(minutes=5)",
    "path": "a path",
    "is": "a value of another kind",
}
_LIMITS = {
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "too_short": ("min_length", "needs at least {}"),
    "too_long": ("max_length", "takes at most {}"),
    "string_too_short": ("min_length", "needs at least {} characters"),
    "string_too_long": ("max_length", "takes at most {} characters"),
}


def wrong_values(error: ValidationError) -> str:
    """Return what is wrong, value by value, without the values themselves."""
    return "; ".join(dict.fromkeys(map(_said, error.errors(include_url=False, include_input=False))))


@contextmanager
def validating(
    what: str, remedy: str, *, kind: Callable[[str, str], ToolkitError] = ConfigurationError
) -> Iterator[None]:
    """Raise what pydantic finds wrong as a ToolkitError: ``what``, with what is wrong after a colon; and ``remedy``."""
    try:
        yield
    except ValidationError as error:
        raise kind(f"{what}: {wrong_values(error)}.", remedy) from None


def call_with_translated_errors(
    model: type[BaseModel], call: Callable[..., Any], given: Iterable[object], named: dict[str, Any]
) -> Any:
    """Make a value of a model; raises ConfigurationError, with the names that there are, when it can't be one."""
    fields = ", ".join(model.model_fields)
    if tuple(given):
        raise ConfigurationError(
            f"{model.__name__} takes its values by name.", f"Write {model.__name__}(name=value); names are {fields}."
        )
    with validating(f"{model.__name__} can't be made", f"Names are {fields}."):
        return call(**named)


class _Telling(type(BaseModel)):  # type: ignore[misc]
    """Makes what a caller writes wrong a ConfigurationError; values within other models are pydantic's to tell."""

    def __call__(cls, *given: object, **named: Any) -> Any:
        return call_with_translated_errors(cls, super().__call__, given, named)


if TYPE_CHECKING:
    _Base = BaseModel
else:

    class _Base(BaseModel, metaclass=_Telling):
        pass


class Told(_Base):
    """A frozen value that people write themselves. What is wrong with it is a ConfigurationError."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _said(error: ErrorDetails) -> str:
    place = ".".join(str(it) for it in error["loc"])
    return ": ".join(filter(None, (place, _sentence(error))))


def _sentence(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", ""))
    if kind == "missing":
        return "is missing"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "is not known"
    if kind in ("enum", "literal_error"):
        return f"must be one of {context.get('expected', '')}"
    if kind in _LIMITS:
        name, sentence = _LIMITS[kind]
        return sentence.format(context.get(name, ""))
    beginning = next((it for it in sorted(_KINDS, key=len, reverse=True) if kind.startswith(f"{it}_")), None)
    return f"must be {_KINDS[beginning]}" if beginning else "does not fit"
