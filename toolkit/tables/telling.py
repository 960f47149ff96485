"""Errors of Polars, Arrow, Delta and of the machine, said in words of the table.

What they say themselves may quote a field, so that only its first line is passed on, with whatever looks like an
address hidden, and the errors themselves are not chained.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from toolkit.errors import AccessError, BusyError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.redaction import redacted

_DENIED = re.compile(
    r"access.?denied|necessary privileges|forbidden|unauthori[sz]ed|authentication|access.?key.?id|signature"
    r"|credential|\b40[13]\b",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"no.?such.?bucket|container.?not.?found", re.IGNORECASE)
_TREE = re.compile(r"\s*(\x1b\[\d+m)?↳(\x1b\[0m)?\s*")
_MOST_CAUSES = 2
_NO_GZIP = re.compile(r"zlib|compressed stream", re.IGNORECASE)


@contextmanager
def telling(what: str, where: str) -> Iterator[None]:
    """Raise what goes wrong with a table, or with one of its files, as a ToolkitError that names it."""
    try:
        yield
    except ToolkitError:
        raise
    except Exception as error:
        told = told_of(error, what=what, where=where)
        if told is None:
            raise
        raise told from None


def told_of(error: Exception, *, what: str, where: str) -> ToolkitError | None:
    """Return the error in words of the table, None when it is none of reading one."""
    if isinstance(error, FileNotFoundError):
        return BusyError(
            f"A file of the {what} went away while it was read: {where}.",
            "Whatever writes the table may be at work: run again when it is done.",
        )
    if isinstance(error, OSError):
        return _told_of_storage(error, what=what, where=where)
    if _is_of_arrow(error) and "://" in where:
        return _told_of_storage(OSError(str(error)), what=what, where=where)
    if isinstance(error, pl.exceptions.PolarsError) or _is_of_arrow(error):
        return DataError(
            f"The {what} at {where} cannot be read: {_first_line(error)}.",
            "The file is damaged, or not what its name says: have it written again, then run again.",
        )
    if _is_of_delta(error):
        return _told_of_delta(error, what=what, where=where)
    return None


def _told_of_storage(error: OSError, *, what: str, where: str) -> ToolkitError:
    said = str(error)
    if isinstance(error, PermissionError) or ("://" in where and _DENIED.search(said)):
        return _denied(what, error.filename or where)
    if _NO_BUCKET.search(said):
        return nothing_at(where, what=what)
    if _NO_GZIP.search(said):
        return DataError(
            f"{where}, a file of the {what}, is damaged: it cannot be unpacked.",
            "Have it written again, then run again.",
        )
    return UnavailableError(
        f"The {what} at {where} cannot be reached: {_first_line(error)}.",
        "Check the location, the network and the credentials in the environment, then run again.",
    )


def _told_of_delta(error: Exception, *, what: str, where: str) -> ToolkitError:
    from deltalake.exceptions import TableNotFoundError

    if isinstance(error, TableNotFoundError):
        return ConfigurationError(
            f"There is no Delta table at {where}, where the {what} should lie.",
            "Correct the location, or leave out format='delta'.",
        )
    return DataError(
        f"The Delta table of the {what} at {where} cannot be read: {_first_line(error)}.",
        "Have whoever writes the table repair its log, then run again.",
    )


def nothing_at(where: str, *, what: str) -> ConfigurationError:
    """Return the error of a location that does not exist."""
    return ConfigurationError(
        f"There is nothing at {where}, where the {what} should lie.",
        "Correct the location, or bring the table there.",
    )


def _denied(what: str, where: str) -> AccessError:
    remedy = "Have whoever owns it let you read it" + (
        ", and check the credentials in the environment." if "://" in where else "."
    )
    return AccessError(f"{where}, of the {what}, may not be read.", remedy)


def _is_of_arrow(error: Exception) -> bool:
    return type(error).__module__.startswith("pyarrow")


def _is_of_delta(error: Exception) -> bool:
    from deltalake.exceptions import DeltaError

    return isinstance(error, DeltaError)


def _first_line(error: Exception) -> str:
    first, *others = str(error).strip().split("\n")
    # Delta draws a tree of causes, whose root says nothing.
    causes = [_TREE.sub("", line) for line in others[:_MOST_CAUSES] if "↳" in line]
    return redacted(": ".join([first, *causes])).rstrip(".:")
