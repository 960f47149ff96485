"""Which table, and which of its files, is at fault when reading fails."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from toolkit.errors import ToolkitError, UnavailableError
from toolkit.sources.error_translation import as_toolkit_error
from toolkit.sources.table import Table
from toolkit.translatable import all_of


@contextmanager
def blame_table(*tables: Table) -> Iterator[None]:
    """Turn what goes wrong while these tables are collected into a ToolkitError that names the file at fault."""
    try:
        yield
    except ToolkitError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        told = as_toolkit_error(error, what=_names(tables), where=_places(tables))
        if told is None:
            raise
        raise _fault(tables, told) from None


def _fault(tables: tuple[Table, ...], told: ToolkitError) -> ToolkitError:
    if isinstance(told, UnavailableError):
        return told  # to ask for each file would take long
    return next(filter(None, (table.fault() for table in tables)), told)


def _names(tables: tuple[Table, ...]) -> str:
    return all_of(dict.fromkeys(table.files.what for table in tables))


def _places(tables: tuple[Table, ...]) -> str:
    return ", ".join(dict.fromkeys(table.files.location for table in tables))
