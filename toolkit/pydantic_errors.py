"""What is wrong with values that were given, said in the toolkit's two sentences and never in pydantic's words."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from toolkit.errors import ConfigurationError, ToolkitError
from toolkit.translatable import _, mark, sentences

_KINDS = {
    "string": _("text"),
    "int": _("a whole number"),
    "float": _("a number"),
    "bool": _("True or False"),
    "tuple": _("a list"),
    "list": _("a list"),
    "set": _("a list"),
    "mapping": _("a table of names and values"),
    "dict": _("a table of names and values"),
    "model": _("a table of names and values"),
    "dataclass": _("a table of names and values"),
    "date": _("a date, such as 2026-01-31"),
    "datetime": _("a date and time, such as 2026-01-31 02:00"),
    "time": _("a time, such as 02:00"),
    "timezone": _("a time zone, such as Europe/Amsterdam"),
    "time_delta": _("a duration, such as timedelta(minutes=5)"),
    "path": _("a path"),
    "is": _("a value of another kind"),
}
_LIMITS = {
    "greater_than": ("gt", mark("must be more than {limit}")),
    "greater_than_equal": ("ge", mark("must be at least {limit}")),
    "less_than": ("lt", mark("must be less than {limit}")),
    "less_than_equal": ("le", mark("must be at most {limit}")),
    "too_short": ("min_length", mark("needs at least {limit}")),
    "too_long": ("max_length", mark("takes at most {limit}")),
    "string_too_short": ("min_length", mark("needs at least {limit} characters")),
    "string_too_long": ("max_length", mark("takes at most {limit} characters")),
}


def wrong_values(error: ValidationError) -> str:
    """Return what is wrong, value by value, without the values themselves."""
    found = dict.fromkeys(map(_said, error.errors(include_url=False, include_input=False)))
    return sentences(found, between="; ")


@contextmanager
def validating(
    what: str, remedy: str, *, kind: Callable[[str, str], ToolkitError] = ConfigurationError
) -> Iterator[None]:
    """Raise what pydantic finds wrong as a ToolkitError: ``what``, with what is wrong after a colon; and ``remedy``."""
    try:
        yield
    except ValidationError as error:
        raise kind(_("{what}: {wrong}.", what=what, wrong=wrong_values(error)), remedy) from None


def fields_of(problem: BaseException) -> tuple[str, ...]:
    """Return the fields in whose values pydantic found something wrong, of an error that ``validating`` raised."""
    found = problem.__context__
    if not isinstance(found, ValidationError):
        return ()
    return tuple(dict.fromkeys(str(it["loc"][0]) for it in found.errors(include_url=False) if it["loc"]))


def call_with_translated_errors(
    model: type[BaseModel], call: Callable[..., Any], given: Iterable[object], named: dict[str, Any]
) -> Any:
    """Make a value of a model; raises ConfigurationError, with the names that there are, when it can't be one."""
    fields = ", ".join(model.model_fields)
    if tuple(given):
        raise ConfigurationError(
            _("{model} takes its values by name.", model=model.__name__),
            _("Write {model}(name=value); names are {fields}.", model=model.__name__, fields=fields),
        )
    with validating(_("{model} can't be made", model=model.__name__), _("Names are {fields}.", fields=fields)):
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
    return sentences((place, _sentence(error)), between=": ")


def _sentence(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        raised = context.get("error", "")
        return next(iter(raised.args), "") if isinstance(raised, Exception) else str(raised)
    if kind == "missing":
        return _("is missing")
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return _("is not known")
    if kind in ("enum", "literal_error"):
        return _("must be one of {expected}", expected=context.get("expected", ""))
    if kind in _LIMITS:
        name, sentence = _LIMITS[kind]
        return _(sentence, limit=context.get(name, ""))
    beginning = next((it for it in sorted(_KINDS, key=len, reverse=True) if kind.startswith(f"{it}_")), None)
    return f"must be {_KINDS[beginning]}" if beginning else _("does not fit")
