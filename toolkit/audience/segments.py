"""Segments of a catalog, met with the profile table."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from toolkit.audience.audience import Audience
from toolkit.audience.build import ProfileKeyError, build_audience
from toolkit.audience.consent import Consent
from toolkit.audience.excluded import (
    Excluded,
    IdentityColumn,
    find_excluded,
    find_excluded_by_identifier,
    is_list,
)
from toolkit.audience.keys import as_in_profiles, find_spelt_otherwise, refuse_addresses
from toolkit.audience.matched import match_members
from toolkit.audience.status import Status
from toolkit.audience.suppression import Suppression
from toolkit.errors import DataError
from toolkit.identifiers import HashFormat
from toolkit.sources import KeyRule, Members, Profiles, SegmentFolder, SegmentTable, Table, blame_table
from toolkit.translatable import _


def excluded_of(
    profiles: Profiles,
    catalog: SegmentFolder | SegmentTable | None = None,
    *,
    columns: Sequence[IdentityColumn],
    exclude: Sequence[str] = (),
    suppression: Suppression | None = None,
    most_steps: int | None = None,
) -> Excluded:
    """Find the customers who are sent under no identifier.

    Args:
        profiles: The profile table.
        catalog: Where the segments in ``exclude`` lie.
        columns: The profile columns by whose values people are known, also those that are not sent now.
        exclude: Segments whose members are excluded.
        suppression: The suppression list.
        most_steps: As in ``find_excluded``.

    Raises:
        ToolkitError: A table can't be read, lacks a column, or its keys are of another type than the other table's.
    """
    suppression = suppression or Suppression.nobody()
    table = profiles.look([it.name for it in columns if it.name != profiles.key])
    if suppression.is_empty and not (catalog and exclude):
        return Excluded.nobody(table.key_type)
    rules = list(dict.fromkeys([*profiles.key_normalization, *([] if catalog is None else catalog.key_normalization)]))
    keys = None
    tables: list[Table] = [table]
    if rules and table.key_type == pl.String and len(suppression.customers):
        with blame_table(table):
            on_list = suppression.customers.to_frame("customer").select(pl.lit("").alias("segment"), "customer")
            suppression += Suppression.of_customers(_resolved(on_list, table, rules))
    if catalog is not None and exclude:
        members = catalog.members(list(dict.fromkeys(exclude)))
        require_same_keys(profiles, table, catalog, members)
        tables += members.tables
        with blame_table(*tables):
            # A number that is too long for the profiles' keys is none of them.
            named = members.frame.with_columns(pl.col("customer").cast(table.key_type, strict=False)).unique()
            keys = _resolved(named.collect(engine="streaming"), table, rules)
    with blame_table(*tables):
        # Who has several identifiers links people of whom each alone would not be met.
        has_one = len(columns) == 1 and not columns[0].separator and not is_list(table.types[columns[0].name])
        if has_one and most_steps is None:
            known_by_key = table
            if suppression.customer_hashes.is_empty():
                by_key = [suppression.customers.cast(pl.String), *([] if keys is None else [keys.cast(pl.String)])]
                known_by_key = table.choose(pl.concat(by_key).alias("customer").to_frame().lazy())
            by_identifier = find_excluded_by_identifier(
                known_by_key.scan(), profile_key=profiles.key, column=columns[0], suppression=suppression, members=keys
            )
            if by_identifier is not None:
                return by_identifier
        return find_excluded(
            table.scan(),
            profile_key=profiles.key,
            columns=columns,
            suppression=suppression,
            members=keys,
            most_steps=most_steps,
        )


def _resolved(members: pl.DataFrame, table: Table, rules: Sequence[KeyRule]) -> pl.Series:
    """Return the customers, with their keys as the profiles spell them."""
    resolved = as_in_profiles(members, table, rules) if rules and table.key_type == pl.String else members
    return resolved["customer"].drop_nulls().unique()


def audience_of(
    profiles: Profiles,
    catalog: SegmentFolder | SegmentTable,
    segments: Sequence[str],
    *,
    column: IdentityColumn,
    beside: Sequence[IdentityColumn] = (),
    exclude: Sequence[str] = (),
    form: HashFormat = HashFormat.SHA256,
    advertiser_column: str = "",
    advertisers: Sequence[str] = (),
    consent: Consent | None = None,
    suppression: Suppression | None = None,
    excluded: Excluded | None = None,
    count_domains: bool = False,
    placeholders: Sequence[str] = (),
) -> Audience:
    """Prepare these segments of the catalog: scan, match, classify, hash.

    Identifiers are read from the ``column``, and from those ``beside`` it, which are of the same type.
    Members of the segments in ``exclude``, the people of ``suppression``, and whoever shares an identifier with one of
    them, are suppressed; or those who were found before by ``excluded_of``. With an ``advertiser_column`` each member
    belongs to the one of ``advertisers`` that it names. With ``consent`` only who consents is exportable.

    Raises a ToolkitError that names the table, the file and the
    column when one cannot be read, lacks a column, or its keys are null, repeated or of another type than the other
    table's.
    """
    (audience,) = audiences_of(
        profiles,
        catalog,
        segments,
        columns=[[column, *beside]],
        exclude=exclude,
        form=form,
        advertiser_column=advertiser_column,
        advertisers=advertisers,
        consent=consent,
        suppression=suppression,
        excluded=excluded,
        count_domains=count_domains,
        placeholders=placeholders,
    )
    return audience


def audiences_of(
    profiles: Profiles,
    catalog: SegmentFolder | SegmentTable,
    segments: Sequence[str],
    *,
    columns: Sequence[Sequence[IdentityColumn]],
    exclude: Sequence[str] = (),
    form: HashFormat = HashFormat.SHA256,
    advertiser_column: str = "",
    advertisers: Sequence[str] = (),
    consent: Consent | None = None,
    suppression: Suppression | None = None,
    excluded: Excluded | None = None,
    count_domains: bool = False,
    placeholders: Sequence[str] = (),
) -> list[Audience]:
    """Prepare these segments once for each type of identifier, as ``audience_of`` does, by one pass over the tables.

    ``columns`` are those of each type, in the order of the audiences. Domains are counted of the first type only.
    """
    every = [it for of_type in columns for it in of_type]
    beside_them = [advertiser_column, *([] if consent is None else consent.columns)]
    asked = list(dict.fromkeys(filter(None, [*(it.name for it in every), *beside_them])))
    table = profiles.look(asked)
    _require_text(table, every)
    consents = [] if consent is None else consent.read(table)
    if excluded is None:
        excluded = excluded_of(profiles, catalog, columns=every, exclude=exclude, suppression=suppression)
    members = catalog.members([it for it in dict.fromkeys(segments) if it not in exclude])
    require_same_keys(profiles, table, catalog, members)
    if members.key_type == pl.String and table.key_type == pl.Int64:
        table = replace(table, key_as_text=True)  # numbers, of which some may be too long for 64 bits
    rules = list(dict.fromkeys([*profiles.key_normalization, *catalog.key_normalization]))
    named = members.frame.with_columns(pl.col("customer").cast(table.key_type))
    excluded = replace(excluded, customers=excluded.customers.with_columns(pl.col("customer").cast(table.key_type)))
    with blame_table(table, *members.tables):
        if rules and table.key_type == pl.String:
            resolved = as_in_profiles(named.collect(engine="streaming"), table, rules)
            named = resolved.lazy()
        chosen = table.choose(named)
        matched = None
        if len(columns) > 1:
            matched = match_members(named, chosen.scan(), key="customer", profile_key=profiles.key, columns=asked)
        try:
            audiences = [
                build_audience(
                    named,
                    chosen.scan(),
                    key="customer",
                    profile_key=profiles.key,
                    identifier_column=column.name,
                    separator=column.separator,
                    beside=beside,
                    identifier_type=column.identifier_type,
                    excluded=excluded,
                    form=form,
                    advertiser_column=advertiser_column,
                    advertisers=advertisers,
                    consents=consents,
                    count_domains=count_domains and number == 0,
                    placeholders=placeholders,
                    matched=matched,
                )
                for number, (column, *beside) in enumerate(columns)
            ]
        except ProfileKeyError as error:
            raise profiles.key_error(error.keys) from None
    # Of each type the members are the same.
    frame = audiences[0].frame
    refuse_addresses(
        frame["customer"],
        column=catalog.key,
        what=_("{what} at {location}", what=catalog.what, location=catalog.location),
    )
    unknown = frame.filter(pl.col("status") == Status.NOT_IN_PROFILES.value)["customer"]
    spelt_otherwise = find_spelt_otherwise(unknown, table)
    consented_at = None if consent is None else consent.at
    return [replace(it, spelt_otherwise=spelt_otherwise, consented_at=consented_at) for it in audiences]


def audience_from_keys(
    profiles: Profiles,
    segment: str,
    keys: pl.Series,
    *,
    column: IdentityColumn,
    beside: Sequence[IdentityColumn] = (),
    form: HashFormat = HashFormat.SHA256,
    consent: Consent | None = None,
    suppression: Suppression | None = None,
    excluded: Excluded | None = None,
    count_domains: bool = False,
) -> Audience:
    """Prepare a segment that is in no catalog, of these keys of the profiles; raises as ``audience_of`` does."""
    columns = [column, *beside]
    asked = [] if consent is None else consent.columns
    table = profiles.look(list(dict.fromkeys([*(it.name for it in columns), *asked])))
    _require_text(table, columns)
    consents = [] if consent is None else consent.read(table)
    if excluded is None:
        excluded = excluded_of(profiles, columns=columns, suppression=suppression)
    members = keys.cast(table.key_type).alias("customer").to_frame()
    refuse_addresses(
        members["customer"], column=profiles.key, what=_("profiles at {location}", location=profiles.location)
    )
    named = members.lazy().select(pl.lit(segment, pl.Enum([segment])).alias("segment"), "customer")
    with blame_table(table):
        try:
            audience = build_audience(
                named,
                table.choose(named).scan(),
                key="customer",
                profile_key=profiles.key,
                identifier_column=column.name,
                separator=column.separator,
                beside=beside,
                identifier_type=column.identifier_type,
                form=form,
                consents=consents,
                excluded=excluded,
                count_domains=count_domains,
            )
        except ProfileKeyError as error:
            raise profiles.key_error(error.keys) from None
    return audience if consent is None else replace(audience, consented_at=consent.at)


def require_same_keys(
    profiles: Profiles, table: Table, catalog: SegmentFolder | SegmentTable, members: Members
) -> None:
    """Raise DataError when one table's key is text and the other's a number: they would never meet."""
    ours, theirs = table.has_number_key, members.has_number_keys
    if theirs is None or theirs == ours or not table.has_typed_key:
        return
    numbers, reader = ("profiles", "Profiles") if ours else ("segments", type(catalog).__name__)
    raise DataError(
        _(
            "The keys cannot be matched: column {key!r} of the profiles at {location} is {said}, and "
            "column {catalog_key!r} of the {what} at {catalog_location} is {said_2}.",
            key=profiles.key,
            location=profiles.location,
            said=_said(ours),
            catalog_key=catalog.key,
            what=catalog.what,
            catalog_location=catalog.location,
            said_2=_said(theirs),
        ),
        _(
            "Read the {numbers} with {reader}(…, key_as_text=True), if 7 and '7' are the same customer.",
            numbers=numbers,
            reader=reader,
        ),
    )


def _said(is_number: bool) -> str:
    return "a number" if is_number else "text"


def _require_text(table: Table, columns: Sequence[IdentityColumn]) -> None:
    for column in columns:
        dtype = table.types[column.name]
        if dtype == pl.String or is_list(dtype):
            continue
        raise DataError(
            _(
                "Column {column!r} of the {what} at {location} holds {dtype}, which cannot be {noun}.",
                column=column.name,
                what=table.files.what,
                location=table.files.location,
                dtype=dtype,
                noun=column.identifier_type.noun,
            ),
            (dtype.is_numeric() and column.identifier_type.as_numbers)
            or _("Choose the column with the {plural}, as text.", plural=column.identifier_type.plural),
        )
