"""Members and profiles become an audience: match, normalise, classify, hash, and keep each identifier once."""

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from toolkit.audience.audience import Audience
from toolkit.audience.consent import BASIS, HOLDS, UNTIL
from toolkit.audience.domains import domains_of, with_domain
from toolkit.audience.excluded import BY_TYPE, Excluded, IdentityColumn
from toolkit.audience.matched import FOUND, ROWS, SEGMENT, Matched
from toolkit.audience.several import (
    FIELDS,
    Reading,
    a_row_each,
    best_first,
    each_once,
    fields_of,
    first_and_further,
    further_columns,
    reading_of,
)
from toolkit.audience.status import STATUS_TYPE, Status
from toolkit.audience.suppression import known_as
from toolkit.identifiers import HashFormat, IdentifierType, Placeholders, first_type
from toolkit.sources.columns import id_as_text
from toolkit.sources.streaming import collect_each, compact


class ProfileKeyError(Exception):
    """Profiles hold a null key or one key several times, so that a member has no one profile.

    ``keys`` are the repeated ones that were met, empty when a null was. Whoever owns the table tells where they are.
    """

    def __init__(self, keys: pl.Series) -> None:
        super().__init__("the key of the profiles is null or not unique")
        self.keys = keys


def build_audience(
    members: pl.LazyFrame,
    profiles: pl.LazyFrame,
    *,
    key: str,
    profile_key: str,
    identifier_column: str,
    separator: str = "",
    beside: Sequence[IdentityColumn] = (),
    identifier_type: IdentifierType | None = None,
    excluded: Excluded | None = None,
    form: HashFormat = HashFormat.SHA256,
    advertiser_column: str = "",
    advertisers: Sequence[str] = (),
    consents: Sequence[pl.Expr] = (),
    count_domains: bool = False,
    placeholders: Sequence[str] = (),
    matched: Matched | None = None,
) -> Audience:
    """Give every member of every segment exactly one status, and those who are exportable an identifier.

    ``members`` has the columns ``segment`` (an Enum) and ``key``; ``profiles`` has ``profile_key`` (unique, of the same
    type) and ``identifier_column``, which holds identifiers of ``identifier_type``, by default of the first that there
    is; they are sent in ``form``, if Criteo takes it of this type. A field holds several where it is a list, or where a
    ``separator`` is given; columns ``beside`` hold further ones of the same type. Those who are ``excluded`` are
    suppressed, whatever identifier is prepared. With ``advertiser_column`` a member belongs to one of the
    ``advertisers``, or to none. With ``consents``, as ``Consent.read`` returns them, nobody is exportable without
    consent. A field that holds one of the ``placeholders``, beside those that are known, is
    missing. Mail domains are counted only if asked for. Time and memory grow with the members; profiles are streamed,
    unless the members are ``matched`` with them already.

    Raises ProfileKeyError when profiles hold a null key, or twice the key of a member.
    """
    identifier_type = identifier_type or first_type()
    form = identifier_type.form_for(form)
    columns = [IdentityColumn(identifier_column, identifier_type, separator), *beside]
    source = profiles if matched is None else matched.frame
    reading = reading_of(source, columns)
    if reading is not Reading.ONE and excluded is not None and excluded.addresses is not None:
        raise ValueError("who has several identifiers is excluded by all of them, and not by the one that is sent")
    known = [] if matched is None else [pl.col(SEGMENT).alias("segment"), pl.col(ROWS).alias("rows")]
    picked = source.select(
        pl.col(profile_key).alias("customer"),
        *fields_of(source, columns, reading),
        *([_as_id(source, advertiser_column).alias("advertiser")] if advertiser_column else []),
        *consents,
        *known,
        found=pl.lit(True) if matched is None else pl.col(FOUND),
    )
    counts = () if matched is not None else _counts(members, profiles, profile_key)
    seen = collect_each(
        _label(
            _joined(members.rename({key: "customer"}), picked) if matched is None else picked,
            identifier_type=identifier_type,
            reading=reading,
            further=len(beside) if reading is Reading.BESIDE else 0,
            form=form,
            excluded=excluded,
            advertisers=advertisers if advertiser_column else None,
            asks_consent=bool(consents),
            count_domains=count_domains,
            placeholders=identifier_type.placeholders(placeholders),
        ),
        *counts,
    )
    labelled, further = first_and_further(seen[0], reading)
    null_keys, named = (it.item() for it in seen[1:]) if matched is None else (matched.null_keys, matched.rows)
    _refuse_ambiguous_keys(labelled, null_keys=null_keys, rows=named)
    rows = labelled.group_by("segment").agg(
        rows=pl.col("rows").sum(), blank=pl.col("rows").filter(pl.col("customer").is_null()).sum()
    )
    members_only = labelled.drop("rows", "is_placeholder").filter(pl.col("customer").is_not_null())
    segments = _segment_names(labelled)
    as_named = pl.col("segment").cast(pl.Enum(segments))
    split = ["advertiser"] if advertiser_column else []
    evidence = [UNTIL, BASIS] if consents else []
    if further.is_empty():
        frame = _keep_each_identifier_once(members_only).with_columns(as_named)
    else:
        frame, further = each_once(members_only, further)
        frame, further = frame.with_columns(as_named), further.with_columns(as_named)
    addresses = None
    if form is HashFormat.PLAIN:
        sent = [it.select("identifier", "address") for it in (frame, further) if "address" in it.columns]
        addresses = pl.concat(sent).filter(pl.col("identifier").is_not_null()).unique("identifier")
    return Audience(
        frame=frame.select("segment", *split, "customer", "status", "suppressed_by", "identifier", *evidence),
        identifier_type=identifier_type,
        form=form,
        rows=_source_rows(rows, segments),
        addresses=addresses,
        further=None if further.is_empty() else further.select("segment", *split, "customer", "identifier"),
        domains=domains_of(frame) if "domain" in frame.columns else None,
        placeholders=int(labelled["is_placeholder"].sum()),
    )


def _counts(members: pl.LazyFrame, profiles: pl.LazyFrame, profile_key: str) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return how many profiles have no key, and how many rows the members have."""
    # As a filter, so that the statistics of Parquet files answer without reading the column.
    return profiles.filter(pl.col(profile_key).is_null()).select(pl.len()), members.select(pl.len())


def _joined(members: pl.LazyFrame, profiles: pl.LazyFrame) -> pl.LazyFrame:
    """Match each member with its profile."""
    return (
        nw.from_native(members)
        .group_by("segment", "customer")
        .agg(rows=nw.len())
        .join(nw.from_native(profiles), on="customer", how="left")
        .to_native()
    )


def _label(
    matched: pl.LazyFrame,
    *,
    identifier_type: IdentifierType,
    reading: Reading,
    further: int,
    form: HashFormat,
    excluded: Excluded | None,
    advertisers: Sequence[str] | None,
    asks_consent: bool,
    count_domains: bool,
    placeholders: Placeholders,
) -> pl.LazyFrame:
    """Classify what the identifier's field holds of each member that was matched with its profile."""
    matched = nw.from_native(matched).with_columns(address=nw.col("field")).to_native()
    if reading is Reading.ROWS:
        matched = a_row_each(matched)
    others = further_columns("address", further)
    matched = identifier_type.normalize_columns(matched, ["address", *others])
    matched = _with_reasons(matched, excluded, identifier_type)
    address = nw.col("address")
    has_advertiser = nw.lit(True) if advertisers is None else nw.col("advertiser").is_in(list(advertisers))
    if placeholders.hashes:
        matched = matched.with_columns(
            pl.when(identifier_type.hashed(it, HashFormat.SHA256).is_in(placeholders.hashes).fill_null(False))
            .then(pl.lit("n/a"))
            .otherwise(it)
            .alias(it)
            for it in ("address", *others)
        )
    if others:
        matched = best_first(matched, identifier_type, placeholders, further)
    classified = (
        nw.from_native(matched)
        .with_columns(
            is_hash=identifier_type.is_prehashed(address),
            is_placeholder=placeholders.names_nobody(address),
            **{f"is_hash {it}": identifier_type.is_prehashed(nw.col(it)) for it in others},
        )
        .with_columns(
            status=nw.when(nw.col("found").is_null())
            .then(nw.lit(Status.NOT_IN_PROFILES.value))
            .when(~nw.col("suppressed_by").is_null())
            .then(nw.lit(Status.SUPPRESSED.value))
            .when(~(nw.col(HOLDS) if asks_consent else nw.lit(True)))
            .then(nw.lit(Status.NO_CONSENT.value))
            .when(~has_advertiser | has_advertiser.is_null())
            .then(nw.lit(Status.NO_ADVERTISER.value))
            .when(identifier_type.is_missing(address) | nw.col("is_placeholder"))
            .then(nw.lit(Status.MISSING_IDENTIFIER.value))
            .when(nw.col("is_hash") | identifier_type.is_valid(address))
            .then(nw.lit(Status.EXPORTABLE.value))
            .otherwise(nw.lit(Status.INVALID_IDENTIFIER.value))
        )
        .to_native()
        .with_columns(pl.col("status").cast(STATUS_TYPE))
    )
    is_exportable = pl.col("status") == Status.EXPORTABLE.value
    identifier = pl.when("is_hash").then("address").otherwise(identifier_type.hashed("address", form))
    further_ones = {
        its: pl.when(f"is_hash {it}").then(it).otherwise(identifier_type.hashed(it, form))
        for it, its in zip(others, further_columns("identifier", further), strict=True)
    }
    kept = ["segment", "customer", "rows", "status", "suppressed_by", "identifier", "is_placeholder"]
    domain = identifier_type.domain(pl.col("address")) if count_domains else None
    if domain is not None:
        classified = with_domain(classified, domain)
    labelled = classified.with_columns(
        identifier=pl.when(is_exportable).then(identifier),
        **{name: pl.when(is_exportable).then(its) for name, its in further_ones.items()},
        is_placeholder=pl.col("is_placeholder")
        & (pl.col("status") == Status.MISSING_IDENTIFIER.value)
        & (pl.col("address") != ""),
        suppressed_by=pl.when(pl.col("status") == Status.SUPPRESSED.value).then("suppressed_by"),
    ).select(
        *kept,
        *further_ones,
        *([] if form is not HashFormat.PLAIN else ["address", *others]),
        *([] if domain is None else ["domain"]),
        *([FIELDS] if reading is Reading.ROWS else []),
        *([] if advertisers is None else [_among(advertisers).alias("advertiser")]),
        *([UNTIL, BASIS] if asks_consent else []),
    )
    return compact(labelled)


def _with_reasons(matched: pl.LazyFrame, excluded: Excluded | None, identifier_type: IdentifierType) -> pl.LazyFrame:
    """Add by what members are suppressed, null for those who are not."""
    if excluded is None or excluded.is_empty:
        return matched.with_columns(suppressed_by=pl.lit(None, BY_TYPE))
    by_key = matched.join(excluded.customers.lazy(), on="customer", how="left")
    if excluded.addresses is None or excluded.addresses.is_empty():
        return by_key
    compared = known_as("address", HashFormat.SHA256, identifier_type)
    by_both = by_key.with_columns(known_as=compared).join(
        excluded.addresses.lazy().rename({"suppressed_by": "by_address"}), on="known_as", how="left"
    )
    first = pl.min_horizontal(pl.col("suppressed_by", "by_address").to_physical())
    return by_both.with_columns(
        suppressed_by=pl.when(first == pl.col("by_address").to_physical()).then("by_address").otherwise("suppressed_by")
    ).drop("known_as", "by_address")


def _as_id(profiles: pl.LazyFrame, column: str) -> pl.Expr:
    """Return a column of advertisers' ids as text: numbers without a decimal point, text without white space."""
    return id_as_text(pl.col(column), profiles.select(column).collect_schema()[column])


def _among(advertisers: Sequence[str]) -> pl.Expr:
    return pl.when(pl.col("advertiser").is_in(list(advertisers))).then("advertiser")


def _refuse_ambiguous_keys(labelled: pl.DataFrame, *, null_keys: int, rows: int) -> None:
    if null_keys:
        raise ProfileKeyError(labelled["customer"].clear())
    # A member who met two profiles stands there twice, and so do the rows that name that member.
    if labelled["rows"].sum() != rows:
        pairs = labelled.select("segment", "customer")
        raise ProfileKeyError(pairs.filter(pairs.is_duplicated())["customer"].unique())


def _keep_each_identifier_once(labelled: pl.DataFrame) -> pl.DataFrame:
    """Of the members of a segment (and advertiser) with one identifier, keep the one with the smallest key."""
    group = [it for it in ("segment", "advertiser") if it in labelled.columns]
    # Counting numbers costs half of what counting texts does; two identifiers with one number are told apart below.
    number = pl.struct(*group, "identifier").hash()
    identified = labelled.lazy().filter(pl.col("identifier").is_not_null())
    repeated = identified.select(number=number).group_by("number").len().filter(pl.col("len") > 1).select("number")
    numbers = repeated.collect(engine="streaming")["number"]
    if numbers.is_empty():
        return labelled
    shared = (
        labelled.filter(pl.col("identifier").is_not_null() & number.is_in(numbers.implode()))
        .group_by(*group, "identifier")
        .agg(pl.len(), keeper=pl.col("customer").min())
        .filter(pl.col("len") > 1)
        .drop("len")
    )
    is_duplicate = (pl.col("keeper") != pl.col("customer")).fill_null(False)
    return labelled.join(shared, on=[*group, "identifier"], how="left").with_columns(
        status=pl.when(is_duplicate).then(pl.lit(Status.DUPLICATE_IDENTIFIER.value, STATUS_TYPE)).otherwise("status"),
        identifier=pl.when(~is_duplicate).then("identifier"),
    )


def _source_rows(rows: pl.DataFrame, segments: Sequence[str]) -> pl.DataFrame:
    names = pl.DataFrame({"segment": segments}, schema={"segment": pl.Enum(segments)})
    counted = rows.with_columns(pl.col("segment").cast(pl.String)).select("segment", "rows", "blank")
    return names.join(
        counted.with_columns(pl.col("segment").cast(pl.Enum(segments), strict=False)),
        on="segment",
        how="left",
    ).with_columns(pl.col("rows", "blank").fill_null(0))


def _segment_names(labelled: pl.DataFrame) -> list[str]:
    dtype = labelled.schema["segment"]
    assert isinstance(dtype, pl.Enum)  # noqa: S101  # what `prepare` asks of its members
    return dtype.categories.to_list()
