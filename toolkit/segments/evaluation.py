"""A condition, asked of the profiles."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex

import orjson
import polars as pl

from toolkit.audience.keys import refuse_addresses
from toolkit.errors import BusyError, ConfigurationError, DataError, ToolkitError
from toolkit.redaction import redacted
from toolkit.segments.condition import Condition, quoted_columns
from toolkit.sources import InputFile, Profiles, Table, blame_table
from toolkit.sources.streaming import collect_each, compact
from toolkit.translatable import Text, _

_CONVERSION = re.compile(r"conversion from `\w+` to `([^`]+)` failed in column '([^']*)'")
_UNKNOWN_CAST = re.compile(r"casting from \w+ to (\w+) (?:is )?not supported", re.IGNORECASE)
_IS_MET = f"condition {token_hex(8)}"
_AS_TEXT = _(
    "Compare the text itself, such as Bought > '2026-01-31' where days are written so, or have the "
    "table hold another type."
)


@dataclass(frozen=True)
class Found:
    """Who meets a condition."""

    members: pl.Series
    """Their keys, sorted, each once; never null."""
    profiles: int
    """The rows of the profile table."""
    fingerprint: str
    """Of the condition and of the profiles' files: with the same one, the same members are found."""
    seconds: float


def fingerprint_of(condition: Condition, inputs: Sequence[InputFile]) -> str:
    """Return what differs when the condition means something else, or a file of the profiles was written.

    Where nobody can tell whether it was, each fingerprint is another one, so that the members are found anew.
    """
    if not all(it.tells_changes for it in inputs):
        return token_hex(32)
    files = [(it.path, it.size_bytes, it.modified_at, it.version) for it in inputs]
    return sha256(condition.fingerprint.encode() + orjson.dumps(files)).hexdigest()


def find_members(profiles: Profiles, condition: Condition) -> Found:
    """Read the columns that the condition asks for, and return the keys of those who meet it.

    Raises DataError for a column that is not there (with the nearest names) or a value that does not fit,
    ConfigurationError for a condition that can't be asked of such columns, BusyError when the table is being written.
    """
    started = time.perf_counter()
    before = profiles.inputs()
    table = profiles.look(_without_table_name(condition, profiles))
    _require_true_or_false(condition, table)
    key = pl.col(table.key)
    scan = table.scan()
    # Not a filter of the scan itself: Polars would work the condition out for the least and the greatest value that a
    # file says its parts have, and leave out parts with members where that overflows.
    met = scan.select(key, condition.expression.alias(_IS_MET)).filter(_IS_MET, key.is_not_null()).select(key)
    plans = [
        compact(met).unique().sort(key),
        scan.select(pl.len()),
    ]
    with blame_table(table):
        try:
            members, rows = collect_each(*plans)
        except pl.exceptions.PolarsError as error:
            raise table.fault() or _misfit(error) from None
    if profiles.inputs() != before:
        raise BusyError(
            _("The profiles at {location} were written while they were read.", location=profiles.location),
            _("Wait until that is done."),
        )
    refuse_addresses(
        members.to_series(), column=table.key, what=_("profiles at {location}", location=profiles.location)
    )
    return Found(
        members.to_series(), int(rows.item()), fingerprint_of(condition, before), time.perf_counter() - started
    )


def _without_table_name(condition: Condition, profiles: Profiles) -> list[str]:
    columns = condition.columns
    if "profiles" in columns and "profiles" not in profiles.columns:
        raise ConfigurationError(
            _("The condition names columns with their table."), _("Write Country, and not profiles.Country.")
        )
    unknown = [it for it in quoted_columns(condition) if it not in profiles.columns]
    if unknown:
        raise ConfigurationError(
            _(
                'The condition asks for a column "{unknown}", which the profiles do not have: double '
                "quotes name a column.",
                unknown=unknown[0],
            ),
            _("Write text in single quotes: '{replace}'.", replace=unknown[0].replace(chr(39), chr(39) * 2)),
        )
    return columns


def _require_true_or_false(condition: Condition, table: Table) -> None:
    """Ask the condition of a table without rows, so that what is wrong with it is told before anything is read."""
    try:
        asked = pl.DataFrame(schema=table.types).lazy()
        dtype = asked.select(condition.expression.alias("condition")).collect_schema()["condition"]
        nobody = asked.filter(condition.expression).collect()
        if dtype != pl.Boolean:
            # The same remedy as for what Polars refuses.
            raise TypeError(  # noqa: TRY301
                _("it gives a value of type {dtype}, and not true or false", dtype=dtype)
            )
    except (pl.exceptions.PolarsError, TypeError) as error:
        first = next(iter(error.args), "")
        said = first if isinstance(first, Text) else redacted(str(error).strip().partition("\n")[0]).rstrip(".:")
        types = ", ".join(f"{name} ({table.types[name]})" for name in condition.columns)
        raise ConfigurationError(
            _("The condition can't be asked of the profiles: {said}.", said=said),
            _(
                "See that it is true or false for each profile, and fits the types of {types}; a day is "
                "written as DATE '2026-01-31'.",
                types=types or _("the columns"),
            ),
        ) from None
    assert nobody.is_empty()  # noqa: S101


def _misfit(error: pl.exceptions.PolarsError) -> ToolkitError:
    """Return what does not fit. Polars' own words quote values of customers."""
    if unknown := _UNKNOWN_CAST.search(str(error)):
        return ConfigurationError(
            _(
                "The condition can't be asked of the profiles: text can't be cast to {unknown} here.",
                unknown=unknown[1].lower(),
            ),
            _("Write a day as DATE(Bought, '%Y-%m-%d'). {as_text}", as_text=_AS_TEXT),
        )
    said = _CONVERSION.search(str(error))
    found = (
        _("column {said!r} holds values that are no {said_2}", said=said[2], said_2=said[1])
        if said
        else _("a value does not fit ({kind})", kind=type(error).__name__)
    )
    is_of_time = said is not None and said[1].startswith(("date", "time"))
    return DataError(
        _("The condition can't be asked of all profiles: {found}.", found=found),
        (_AS_TEXT if is_of_time else _("Use TRY_CAST in its place, which makes those null.")),
    )
