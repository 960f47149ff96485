"""Lines of Python that do what a form did, as somebody would write them."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel

from toolkit.exports.export import Export

_LONGEST_LINE = 88


class Written(str):
    """Python that stands in a call as it is, such as the name of a variable."""

    __slots__ = ()


def call_of(name: str, *given: object, **named: object) -> str:
    """Return a call, on a line of its own for each argument where one line is too long."""
    arguments = [*map(_written, given), *(f"{key}={_written(value)}" for key, value in named.items())]
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= _LONGEST_LINE:
        return line
    return "\n".join([f"{name}(", *(f"    {it}," for it in arguments), ")"])


def code_of_export(export: Export) -> str:
    """Return the line that saves this export; what is as by default is left out."""
    usual = Export.model_construct(name="", connection="", segments=())
    given: dict[str, object] = {"connection": export.connection}
    for option, value in export:
        if option not in ("name", "version", "connection") and value != getattr(usual, option, None):
            given[option] = _differing(value, getattr(usual, option, None))
    return call_of("workspace.exports.save", export.name, **given)


def _differing(value: Any, usual: Any) -> object:
    """Return of a group of options those that are not as by default."""
    if isinstance(value, BaseModel) and isinstance(usual, type(value)):
        return {name: its for name, its in value if its != getattr(usual, name)}
    return value


def _written(value: object) -> str:
    if isinstance(value, Enum):
        return _written(value.value)
    if isinstance(value, str):
        return str(value) if isinstance(value, Written) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, BaseModel):
        return _written({name: its for name, its in value if name in value.model_fields_set})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(key)}: {_written(its)}" for key, its in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f'"{value:%H:%M}"' if hasattr(value, "hour") and not hasattr(value, "year") else repr(value)
