"""Whether a person consented: read from the profiles at the moment at which members are prepared.

Three kinds of columns say so: true and false; a value that is one of those that count as consent; or until when consent
holds, as a date or a time. What is empty is no consent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from toolkit.errors import ConfigurationError, DataError
from toolkit.redaction import AT_SIGN, HIDDEN, TELEPHONE
from toolkit.sources.table import Table
from toolkit.translatable import _

HOLDS, UNTIL, BASIS = "consents", "consent_until", "consent_basis"
"""What is added to members: whether consent holds, until when if that is known, and on what basis if a column says."""
UNTIL_TYPE = pl.Datetime("us", "UTC")
ENDS_SOON_DAYS, ENDS_LATER_DAYS = 7, 30
"""How far a preview looks ahead."""
_MICROSECONDS_OF_A_DAY = 24 * 60 * 60 * 1_000_000
_FIRST, _LAST = (
    (it - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    for it in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)
"""The moments that Python can say, in microseconds since 1970."""
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True)
class Consent:
    """Where the profiles say that a person consented, and at which moment it has to hold."""

    column: str
    at: datetime
    """The moment. A date holds until its end in UTC; a time without a zone is one of UTC."""
    values: tuple[str, ...] = ()
    """The values of the column that mean consent; empty where it holds true and false, dates or times."""
    basis_column: str = ""
    """A column that says on what basis, kept as evidence."""

    @classmethod
    def now(cls, column: str, values: object = ()) -> "Consent | None":
        """Return that consent has to hold now; None when no column is named.

        Args:
            column: The profile column.
            values: The values that mean consent, or one of them.

        Raises:
            ConfigurationError: Values are given that can't be compared, or without a column.
        """
        remedy = _("Name the column as consent_column, and its values as consent_values=['yes'].")
        try:
            known = values_of_consent(values)
        except ValueError as error:
            raise ConfigurationError(_("The values of consent are wrong: {error}.", error=error), remedy) from None
        if known and not column:
            raise ConfigurationError(_("Values of consent are named, and no column that holds them."), remedy)
        return cls(column, datetime.now(UTC), known) if column else None

    @property
    def columns(self) -> list[str]:
        """The profile columns that are read."""
        return [it for it in (self.column, self.basis_column) if it]

    def read(self, table: Table) -> list[pl.Expr]:
        """Return what is added to each profile: ``consents``, ``consent_until`` and ``consent_basis``.

        Args:
            table: The profiles, looked at with these columns.

        Returns:
            Three expressions. Whoever is in no profile has null in all of them.

        Raises:
            DataError: The column is of a type that says nothing of consent, or of one that the values don't fit.
        """
        holds, until = self._judged(table)
        basis = pl.lit(None, pl.String)
        if self.basis_column:
            # It is written down, and told in disclosures, where no address and no telephone number may stand.
            names_a_person = rf"\S*{AT_SIGN}\S*|{TELEPHONE}"
            basis = pl.col(self.basis_column).cast(pl.String).str.replace_all(names_a_person, HIDDEN)
        return [holds.fill_null(value=False).alias(HOLDS), until.alias(UNTIL), basis.alias(BASIS)]

    def _judged(self, table: Table) -> tuple[pl.Expr, pl.Expr]:
        dtype, value, always = table.types[self.column], pl.col(self.column), pl.lit(None, UNTIL_TYPE)
        takes_values = dtype in _TEXTS or dtype.is_integer()
        if self.values and takes_values:
            return value.cast(pl.String).str.strip_chars().is_in(list(self.values)), always
        if self.values or takes_values:
            raise _unfit(self, table, dtype, takes_values=takes_values)
        if dtype == pl.Boolean:
            return value, always
        if dtype == pl.Date or isinstance(dtype, pl.Datetime):
            ends = _ends(value, dtype)
            return ends > pl.lit(self.at), ends
        raise _unfit(self, table, dtype, takes_values=False)


def _ends(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return the moment at which consent ends; what stands for no end (9999-12-31, infinity) is the last one there is.

    Counted in whole numbers, because Polars converts no moment beyond the years that it knows.
    """
    count = value.to_physical().cast(pl.Int64)
    if isinstance(dtype, pl.Datetime):
        of_unit = count // 1_000 if dtype.time_unit == "ns" else count
        in_one = 1_000 if dtype.time_unit == "ms" else 1
    else:
        of_unit, in_one = count + 1, _MICROSECONDS_OF_A_DAY
    bounded = of_unit.clip(_FIRST // in_one, _LAST // in_one + 1) * in_one
    return bounded.clip(_FIRST, _LAST).cast(UNTIL_TYPE)


def values_of_consent(given: object) -> tuple[str, ...]:
    """Return values that mean consent as they are compared: as text, each once.

    Raises:
        ValueError: One is neither text nor a whole number.
    """
    several = given if isinstance(given, list | tuple) else (given,)
    # YAML reads a bare yes as true.
    if any(isinstance(it, bool) or not isinstance(it, int | str) for it in several):
        raise ValueError(_("write the values of consent as text, in quotes"))
    if not all(str(it).strip() for it in several):
        raise ValueError(_("an empty field is no consent, and can't be among the values of consent"))
    return tuple(dict.fromkeys(str(it).strip() for it in several))


def sent_by_any(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the members who are sent by one type of identifiers at least, each once a segment.

    Args:
        frames: The members as each type prepares them, with their identifier and until when consent holds.
    """
    is_sent = pl.col("identifier").is_not_null()
    sent = [it.filter(is_sent).select("segment", "customer", "identifier", UNTIL) for it in frames]
    return sent[0] if len(sent) == 1 else pl.concat(sent).unique(["segment", "customer"])


def ending_soon(frame: pl.DataFrame, *, at: datetime | None) -> pl.DataFrame:
    """Return of how many members who are sent consent ends within 7, and within 30 days.

    Args:
        frame: The members, with their status and until when consent holds.
        at: The moment from which days are counted; None where consent was not asked.

    Returns:
        A row a segment: ``segment``, ``members``, ``ends_within_7_days``, ``ends_within_30_days``; none where consent
        was not asked.
    """
    days = (ENDS_SOON_DAYS, ENDS_LATER_DAYS)
    if at is None:
        return pl.DataFrame(
            schema={"segment": pl.String, "members": pl.Int64, **{_within(it): pl.Int64 for it in days}}
        )
    ends = pl.col(UNTIL) - pl.lit(at)
    sent = frame.filter(pl.col("identifier").is_not_null())
    counted = sent.group_by("segment").agg(
        pl.len().cast(pl.Int64).alias("members"),
        *((ends <= pl.duration(days=it)).sum().cast(pl.Int64).alias(_within(it)) for it in days),
    )
    return counted.sort("segment").cast({"segment": pl.String})


def _within(days: int) -> str:
    return f"ends_within_{days}_days"


def _unfit(consent: Consent, table: Table, dtype: pl.DataType, *, takes_values: bool) -> DataError:
    values = {"column": consent.column, "location": table.files.location, "what": table.files.what, "dtype": str(dtype)}
    if takes_values:
        return DataError(
            _(
                "Column {column!r} of the {what} at {location} holds {dtype}, of which nobody knows which values "
                "mean that a person consents.",
                **values,
            ),
            _("Name them, such as consent_values=['yes']; or choose a column of true and false, dates or times."),
        )
    if consent.values:
        return DataError(
            _(
                "Column {column!r} of the {what} at {location} holds {dtype}, which the values of consent can't be "
                "compared with.",
                **values,
            ),
            _("Leave consent_values empty; or choose a column of text or whole numbers."),
        )
    return DataError(
        _(
            "Column {column!r} of the {what} at {location} holds {dtype}, which does not say whether a person "
            "consents.",
            **values,
        ),
        _("Choose a column of true and false, of dates or times until when consent holds, or of text with its values."),
    )
