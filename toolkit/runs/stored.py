"""How the values of a run are written as JSON, for the database and for the report, and read again."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from toolkit.errors import ErrorCode, ErrorInfo
from toolkit.runs.abandoned_lists import AbandonedList
from toolkit.runs.list_result import ListResult
from toolkit.runs.notices import Notice
from toolkit.sources.files import InputFile
from toolkit.translatable import PLAIN
from toolkit.validation import CheckRow

T = TypeVar("T")
Json = dict[str, Any]
"""A value as the database's JSON has it: nothing but this module looks into one."""


class Stored(Generic[T]):
    """A type whose values are kept as a list of JSON objects."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._kind)

    @cached_property
    def _adapter_of_all(self) -> TypeAdapter[tuple[T, ...]]:
        return TypeAdapter(tuple[self._kind, ...])  # type: ignore[name-defined]  # a type made at run time

    def to_json(self, values: Iterable[T]) -> list[Json]:
        """Return the values as JSON has them."""
        return [self._adapter.dump_python(it, mode="json") for it in values]

    def to_plain(self, values: Iterable[T]) -> list[Json]:
        """Return the values as JSON for other programs: texts as English, and nothing beside them."""
        return [self._adapter.dump_python(it, mode="json", context=PLAIN) for it in values]

    def from_json(self, rows: Iterable[Json]) -> tuple[T, ...]:
        """Return the values that were written."""
        return self._adapter_of_all.validate_python(rows)


LISTS = Stored(ListResult)
INPUTS = Stored(InputFile)
CHECKS = Stored(CheckRow)
ABANDONED = Stored(AbandonedList)
NOTICES = Stored(Notice)


def error_in(stored: Json | None) -> ErrorInfo | None:
    """Return the error that a record holds, None when it holds none."""
    return None if stored is None else ErrorInfo.from_json(stored)


def code_in(stored: Json | None) -> ErrorCode | None:
    """Return what kind of error a record holds, None when it holds none."""
    error = error_in(stored)
    return None if error is None else error.code
