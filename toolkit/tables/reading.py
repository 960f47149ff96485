"""Errors of Polars, of Delta and of the machine, said in words of the table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from toolkit.errors import BusyError, DataError, ToolkitError, UnavailableError

if TYPE_CHECKING:
    from toolkit.tables.source import Source

_ADDRESS = re.compile(r"\S+@\S+")


@contextmanager
def reading(source: "Source") -> Iterator[None]:
    """Turn what goes wrong while a scan of the source is collected into a ToolkitError that names it."""
    try:
        yield
    except ToolkitError:
        raise
    except pl.exceptions.PolarsError as error:
        raise _told(source, error) from error
    except FileNotFoundError as error:
        raise BusyError(
            f"A file of the {source.what} at {source.location} went away while it was read.",
            "Whatever writes the table may be at work: run again when it is done.",
        ) from error
    except PermissionError as error:
        raise DataError(
            f"{error.filename or source.location}, of the {source.what}, may not be read.",
            "Have whoever owns the file let you read it.",
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"The {source.what} at {source.location} cannot be reached: {_masked(error)}.",
            "Check the location, the network and the credentials in the environment, then run again.",
        ) from error


def _told(source: "Source", error: Exception) -> ToolkitError:
    damaged = source.damaged_file()
    if damaged is not None:
        return DataError(
            f"{damaged}, a file of the {source.what}, cannot be read: damaged, or no {source.place.format.value}.",
            "Have it written again, then run again.",
        )
    differing = source.differing_file()
    if differing is not None:
        return DataError(
            f"The files of the {source.what} at {source.location} differ in their columns: {differing}.",
            "Have them written with one schema, or keep files of one table only in the folder.",
        )
    return DataError(
        f"The {source.what} at {source.location} cannot be read: {_masked(error)}.",
        "Mend the table, then run again.",
    )


def _masked(error: Exception) -> str:
    """Return the first line of an error, with whatever looks like an address hidden."""
    return _ADDRESS.sub("•••", str(error).strip().split("\n")[0]).rstrip(".")
