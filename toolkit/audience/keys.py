"""Keys of members that are spelt otherwise than those of profiles, and keys that may not be kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.errors import DataError
from toolkit.identifiers import identifier_types
from toolkit.redaction import redacted
from toolkit.sources import KeyRule, Profiles, Table, blame_table
from toolkit.sources.key_rules import normalized
from toolkit.sources.streaming import compact
from toolkit.translatable import _, all_of, ngettext

_SCHEMA = pl.Schema(
    {"rule": pl.String(), "members": pl.Int64(), "member_example": pl.String(), "profile_example": pl.String()}
)
_MOST_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class SpeltOtherwise:
    """Members who are in no profile because their keys are spelt otherwise there."""

    members: int
    """How many, each counted once."""
    frame: pl.DataFrame
    """A row a kind: the ``rule`` that would match, ``members``, and the keys of one, here and in the profiles."""

    @classmethod
    def nobody(cls) -> "SpeltOtherwise":
        """No member is."""
        return cls(0, pl.DataFrame(schema=_SCHEMA))

    @property
    def sentences(self) -> list[str]:
        """A warning for each kind, none when there is nobody."""
        return [
            ngettext(
                "{count:,} member is in no profile because its key is spelt otherwise than the profiles' ({rule}): "
                "{member!r} for {profile!r}. If that is the same customer, read the profiles with "
                "key_normalization=[{rule!r}].",
                "{count:,} members are in no profile because their keys are spelt otherwise than the "
                "profiles' ({rule}), such as {member!r} for {profile!r}. If that is the same customer, read "
                "the profiles with key_normalization=[{rule!r}].",
                row["members"],
                rule=row["rule"],
                member=redacted(row["member_example"]),
                profile=redacted(row["profile_example"]),
            )
            for row in self.frame.iter_rows(named=True)
        ]


def find_spelt_otherwise(unknown: pl.Series, table: Table) -> SpeltOtherwise:
    """Return which of these keys, that are in no profile, would be by some rules.

    Args:
        unknown: Members' keys, as text.
        table: The profiles.
    """
    members = unknown.drop_nulls().unique().alias("member").to_frame()
    if members.is_empty() or table.key_type != pl.String:
        return SpeltOtherwise.nobody()
    pairs = _pairs(members, table, list(KeyRule)).unique("member", keep="any")
    rows = []
    for rule in KeyRule:
        others = [it for it in KeyRule if it is not rule]
        differs = normalized(pl.col("member"), others) != normalized(pl.col("profile"), others)
        found = pairs.filter(differs)
        if found.height:
            first = found.sort("member").row(0, named=True)
            rows.append((rule.value, found.height, first["member"], first["profile"]))
    return SpeltOtherwise(pairs.height, pl.DataFrame(rows, schema=_SCHEMA, orient="row"))


def find_nearly_in_profiles(given: pl.Series, profiles: Profiles, rules: Sequence[KeyRule]) -> pl.DataFrame:
    """Return which keys are those of no profile, and would be by rules that nobody declared.

    Args:
        given: Keys, as text.
        profiles: The profiles.
        rules: The rules that are declared.

    Returns:
        ``given``, and ``profile``, the least key that it nearly is; sorted.

    Raises:
        DataError: The profiles can't be read.
    """
    table = profiles.look()
    declared = rules if table.key_type == pl.String else ()
    wanted = given.drop_nulls().unique().alias("given").to_frame().lazy()
    key = pl.col(table.key).cast(pl.String)
    every = list(KeyRule)
    with blame_table(table):
        met = (
            table.scan()
            .select(key.alias("profile"), normalized(key, every).alias("key"))
            .join(wanted.with_columns(key=normalized(pl.col("given"), every)), on="key", how="inner")
            .select("given", "profile")
        )
        pairs = compact(met).collect(engine="streaming")
    is_one = normalized(pl.col("given"), declared) == normalized(pl.col("profile"), declared)
    return (
        pairs.group_by("given")
        .agg(pl.col("profile").min(), is_one=is_one.any())
        .remove("is_one")
        .select("given", "profile")
        .sort("given")
    )


def as_in_profiles(members: pl.DataFrame, table: Table, rules: Sequence[KeyRule]) -> pl.DataFrame:
    """Return ``segment`` and ``customer`` with each key as the profiles have it, where the rules find one.

    Raises:
        DataError: Two profiles have keys that are one key by the rules.
    """
    keys = members.select(pl.col("customer").alias("member")).drop_nulls().unique()
    pairs = _pairs(keys, table, rules)
    _refuse_ambiguous(pairs, table, rules)
    found = pairs.select(pl.col("member").alias("customer"), "profile")
    return members.join(found, on="customer", how="left", maintain_order="left").select(
        "segment", pl.coalesce("profile", "customer").alias("customer")
    )


def refuse_addresses(keys: pl.Series, *, column: str, what: str) -> None:
    """Refuse keys that are e-mail addresses: they would be written into histories, reports and frames.

    Args:
        keys: The keys of members.
        column: The column that they stand in.
        what: The table, as errors call it, with its place.

    Raises:
        DataError: Some are.
    """
    if keys.dtype != pl.String:
        return
    for it in identifier_types():
        count = 0 if it.in_keys is None else int(keys.str.contains(it.in_keys).sum() or 0)
        if count:
            raise DataError(
                _(
                    "In column {column!r} of the {what}, {count:,} of {count_2:,} keys are {content}. "
                    "Keys are kept in the history and shown in reports, where no identifier of a person "
                    "may stand.",
                    column=column,
                    what=what,
                    count=count,
                    count_2=len(keys),
                    content=it.content,
                ),
                _(
                    "Name a column that holds a customer ID as the key. Where there is none, have both "
                    "tables written with the SHA-256 of the identifier as the key."
                ),
            )


def require_no_addresses_as_keys(profiles: Profiles) -> None:
    """Refuse profiles whose first keys are e-mail addresses.

    Raises:
        DataError: Some are; or the table can't be read.
    """
    table = profiles.look()
    with blame_table(table):
        keys = table.scan().select(pl.col(table.key)).head(_SAMPLE).collect()[table.key]
    refuse_addresses(keys, column=profiles.key, what=_("profiles at {location}", location=profiles.location))


_SAMPLE = 1_000


def _pairs(members: pl.DataFrame, table: Table, rules: Sequence[KeyRule]) -> pl.DataFrame:
    """Return ``member`` and ``profile`` keys that are one key by the rules."""
    wanted = members.lazy().with_columns(key=normalized(pl.col("member"), rules))
    near = table.choose_near(wanted.select("key"))
    profiles = near.scan().select(pl.col(table.key).alias("profile"))
    with blame_table(table):
        with_key = profiles.with_columns(key=normalized(pl.col("profile"), rules))
        met = with_key.join(wanted, on="key", how="inner").select("member", "profile")
        return compact(met).collect(engine="streaming")


def _refuse_ambiguous(pairs: pl.DataFrame, table: Table, rules: Sequence[KeyRule]) -> None:
    several = pairs.unique().group_by("member").agg(pl.col("profile").sort()).filter(pl.col("profile").list.len() > 1)
    if several.height:
        first = several.sort("member")["profile"][0]
        named = all_of(repr(redacted(it)) for it in first.head(_MOST_EXAMPLES))
        raise DataError(
            _(
                "In column {key!r} of the {what} at {location}, keys become one by "
                "key_normalization={value}, such as {named}: {height:,} members would meet several "
                "profiles.",
                key=table.key,
                what=table.files.what,
                location=table.files.location,
                value=[it.value for it in rules],
                named=named,
                height=several.height,
            ),
            _("Leave out the rule that makes them one, or have the keys of the profiles written in one way."),
        )
