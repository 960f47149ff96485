"""Errors of Polars, Arrow, Delta and of the machine, said in words of the table.

What they say themselves may quote a field, so that only its first line is passed on, with whatever looks like an
address hidden, and the errors themselves are not chained.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from toolkit.errors import AccessError, BusyError, ConfigurationError, DataError, ToolkitError, UnavailableError
from toolkit.extras import Extra, is_installed
from toolkit.redaction import redacted
from toolkit.translatable import _

_DENIED = re.compile(
    r"access.?denied|necessary privileges|forbidden|unauthori[sz]ed|authentication|access.?key.?id|signature"
    r"|credential|\b40[13]\b",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"no.?such.?bucket|container.?not.?found", re.IGNORECASE)
_OF_CONTENT = re.compile(
    r"parquet: |corrupt|end of stream|magic bytes|decrypt|column ?metadata|levels|repetition level|bit_width"
    r"|physical column",
    re.IGNORECASE,
)
_TREE = re.compile(r"\s*(\x1b\[\d+m)?↳(\x1b\[0m)?\s*")
_MOST_CAUSES = 2
_NO_GZIP = re.compile(r"zlib|compressed stream", re.IGNORECASE)
_ENCRYPTED = re.compile(r"encrypt|decrypt", re.IGNORECASE)
_UNSUPPORTED = re.compile(
    r"not (yet )?(supported|implemented)|unsupported|no variant set|annotated as|unable to parse time zone"
    r"|precision must be|descending missing|cannot cast|casting from|does not support",
    re.IGNORECASE,
)
_DELTA_FEATURE = re.compile(
    r"feature|reader version|unsupported|not supported|catalog-managed|catalog version|\bvariant\b", re.IGNORECASE
)
_OF_SOURCE = re.compile(r"::unwrap\(\)|::Panic\(|assertion .*failed|index out of bounds|range (?:start|end) index")
"""What a panic says in the words of a library's own source code."""
_GONE = re.compile(r"not found|no such file|failed to fetch metadata", re.IGNORECASE)
_DAMAGED = re.compile(
    r"out of spec|specification|magic|corrupt|footer|end of (stream|file)|eof|page header|thrift|decompress|snappy|zstd"
    r"|lz4|gzip|truncat|invalid utf|range end|start \+ length|levels|level at|expected length|metadata|physical",
    re.IGNORECASE,
)


@contextmanager
def translate_errors(what: str, where: str) -> Iterator[None]:
    """Raise what goes wrong with a table, or with one of its files, as a ToolkitError that names it."""
    try:
        yield
    except ToolkitError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        told = as_toolkit_error(error, what=what, where=where)
        if told is None:
            raise
        raise told from None


def as_toolkit_error(error: BaseException, *, what: str, where: str) -> ToolkitError | None:  # noqa: PLR0911  # one a kind
    """Return the error in words of the table, None when it is none of reading one.

    This is the one place where a panic of a native library, which is no Exception, becomes an error in words.
    """
    if isinstance(error, FileNotFoundError):
        return BusyError(
            _("A file of the {what} went away while it was read: {where}.", what=what, where=where),
            _("Whatever writes the table may be at work: run again when it is done."),
        )
    if _is_of_iceberg(error):
        return _told_of_iceberg(error, what=what, where=where)
    if isinstance(error, OSError):
        return _told_of_storage(error, what=what, where=where)
    if _is_of_arrow(error) and "://" in where and not _is_of_content(error):
        return _told_of_storage(OSError(str(error)), what=what, where=where)
    if _is_of_delta(error):
        return _told_of_delta(error, what=what, where=where)
    if isinstance(error, pl.exceptions.PolarsError | pl.exceptions.PanicException) or _is_of_arrow(error):
        return _told_of_content(error, what=what, where=where)
    return None


def _told_of_content(error: BaseException, *, what: str, where: str) -> DataError:
    """Return what is wrong with what a file holds: damaged is said only of what is."""
    said = _first_line(error)
    whole = str(error).strip().partition("\n")[0]
    if _ENCRYPTED.search(whole):
        return DataError(
            _("The {what} at {where} is encrypted, and can't be read here: {said}.", what=what, where=where, said=said),
            _("Have it written without Parquet's own encryption; encrypt the storage that it lies in instead."),
        )
    if _UNSUPPORTED.search(whole):
        return DataError(
            _(
                "The {what} at {where} is written in a way that can't be read here: {said}.",
                what=what,
                where=where,
                said=said,
            ),
            _(
                "The file need not be damaged: have the column written as a common type, such as text, or "
                "the file with the default encodings and compression of Spark, pandas or DuckDB."
            ),
        )
    if _DAMAGED.search(whole):
        return DataError(
            _("The {what} at {where} cannot be read: {said}.", what=what, where=where, said=said),
            _("The file is damaged, or not what its name says: have it written again, then run again."),
        )
    return DataError(
        _("The {what} at {where} cannot be read: {said}.", what=what, where=where, said=said),
        _(
            "Open the table with the tool that wrote it. If it is whole there, have it written as plain "
            "Parquet by other settings or another tool."
        ),
    )


def _told_of_storage(error: OSError, *, what: str, where: str) -> ToolkitError:
    said = str(error)
    if isinstance(error, PermissionError) or ("://" in where and _DENIED.search(said)):
        return _denied(what, error.filename or where)
    if _NO_BUCKET.search(said):
        return nothing_at(where, what=what)
    if _NO_GZIP.search(said):
        return DataError(
            _("{where}, a file of the {what}, is damaged: it cannot be unpacked.", where=where, what=what),
            _("Have it written again, then run again."),
        )
    if _is_of_content(error):
        return _told_of_content(error, what=what, where=where)
    return UnavailableError(
        _(
            "The {what} at {where} cannot be reached: {first_line}.",
            what=what,
            where=where,
            first_line=_first_line(error),
        ),
        _("Check the location, the network and the credentials in the environment, then run again."),
    )


def _told_of_delta(error: BaseException, *, what: str, where: str) -> ToolkitError:
    from deltalake.exceptions import TableNotFoundError

    if isinstance(error, TableNotFoundError):
        return ConfigurationError(
            _("There is no Delta table at {where}, where the {what} should lie.", where=where, what=what),
            _("Correct the location, or leave out format='delta'."),
        )
    said = _first_line(error)
    if _DELTA_FEATURE.search(said):
        return DataError(
            _(
                "The Delta table of the {what} at {where} uses a feature that can't be read here: {said}.",
                what=what,
                where=where,
                said=said,
            ),
            _(
                "The table is sound: in Databricks or Spark, remove the feature with ALTER TABLE … DROP "
                "FEATURE …; or write its current rows to another folder, as Parquet or as a Delta table "
                "without it."
            ),
        )
    if _GONE.search(said):
        return DataError(
            _(
                "A file that the Delta table of the {what} at {where} names is not there: {said}.",
                what=what,
                where=where,
                said=said,
            ),
            _(
                "Copy the table with all its files; or, in Databricks or Spark, run FSCK REPAIR TABLE on "
                "it or restore it."
            ),
        )
    return DataError(
        _("The Delta table of the {what} at {where} cannot be read: {said}.", what=what, where=where, said=said),
        _(
            "Open it with the tool that writes it. If that fails too, have whoever writes the table "
            "repair its log; if not, write its current rows to another folder."
        ),
    )


def _told_of_iceberg(error: BaseException, *, what: str, where: str) -> DataError:
    said = _first_line(error)
    return DataError(
        _("The Iceberg table of the {what} at {where} cannot be read: {said}.", what=what, where=where, said=said),
        _(
            "Open it with the tool that writes it. If it is whole there, write its current rows to "
            "another folder, as Parquet. A table that was copied keeps the old places of its files: have "
            "it registered, or written, anew."
        ),
    )


def nothing_at(where: str, *, what: str) -> ConfigurationError:
    """Return the error of a location that does not exist."""
    return ConfigurationError(
        _("There is nothing at {where}, where the {what} should lie.", where=where, what=what),
        _("Correct the location, or bring the table there."),
    )


def _denied(what: str, where: str) -> AccessError:
    remedy = (
        _("Have whoever owns it let you read it, and check the credentials in the environment.")
        if "://" in where
        else _("Have whoever owns it let you read it.")
    )
    return AccessError(_("{where}, of the {what}, may not be read.", where=where, what=what), remedy)


def _is_of_arrow(error: BaseException) -> bool:
    return type(error).__module__.startswith("pyarrow")


def _is_of_content(error: BaseException) -> bool:
    """Tell whether Arrow says by an OSError, without a number, that a file's content is wrong."""
    if isinstance(error, OSError) and error.errno is not None:
        return False
    said = str(error)
    return bool(_OF_CONTENT.search(said))


def _is_of_delta(error: BaseException) -> bool:
    if not is_installed(Extra.DELTA):
        return False
    from deltalake.exceptions import DeltaError

    # What delta-rs can't read of a file it raises as a plain Exception.
    return isinstance(error, DeltaError) or (type(error) is Exception and str(error).startswith("External error"))


def _is_of_iceberg(error: BaseException) -> bool:
    return type(error).__module__.startswith("pyiceberg")


def _first_line(error: BaseException) -> str:
    if _OF_SOURCE.search(str(error)):
        return _("its content is not as its end says")
    first, *others = str(error).strip().split("\n")
    # Delta draws a tree of causes, whose root says nothing.
    causes = [_TREE.sub("", line) for line in others[:_MOST_CAUSES] if "↳" in line]
    return redacted(": ".join([first, *causes])).rstrip(".:")
