"""Which columns of tables that nobody described yet are the customer's key and the identifiers, told by their content.

What a column is called decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.identifiers import identifier_types
from toolkit.profiling.column_content import ContentType
from toolkit.profiling.profile_quality import ProfileQuality, quality_of
from toolkit.sources import Profiles, SegmentFolder
from toolkit.translatable import _, all_of, ngettext

_LOOKED_AT = 2_000
"""So many keys of a segment are looked for in the profiles."""
_MOST_COLUMNS = 6
_MOST_SEGMENTS = 3
"""So many are tried until one is found that has members."""


@dataclass(frozen=True)
class ProfileProposal:
    """What the columns of a profile table are for, as far as their content tells."""

    quality: ProfileQuality
    keys: tuple[str, ...]
    """The columns that could be the key, the best first: those that hold no identifier come before those that do, and
    among these some that are only nearly a key, which ``flaw_of_key`` tells of."""
    emails: tuple[str, ...]
    """The columns that hold e-mails, the best first."""

    def flaw_of_key(self, column: str) -> str:
        """Return why a column that is nearly a key is none yet; nothing for one that is."""
        (its,) = self.quality.frame.filter(pl.col("column") == column).rows(named=True)
        without = its["nulls"] + its["blanks"]
        flaws = []
        if without:
            flaws.append(ngettext("{count:,} row has none", "{count:,} rows have none", without))
        if its["is_exact"] and (more := self.quality.rows - without - (its["distinct"] or 0)) > 0:
            flaws.append(
                ngettext("{count:,} row repeats that of another", "{count:,} rows repeat that of another", more)
            )
        if not flaws:
            return ""
        return _("{column} is not a key yet: {flaws}.", column=column, flaws=all_of(flaws))


def propose_profiles(location: str) -> ProfileProposal:
    """Look at a table of profiles whose key nobody named yet.

    Args:
        location: The path or URL of the table.

    Raises:
        ConfigurationError: There is no table there, or the location holds a secret.
        DataError: It can't be read.
    """
    unnamed = Profiles(location=location, key="")
    first, *others = unnamed.columns
    quality = quality_of(unnamed.model_copy(update={"key": first}))
    held = _holding_identifiers(quality)
    if first in held and (keyed := next((it for it in others if it not in held), None)):
        # The column that is read as the key is never proposed to be sent by.
        quality = quality_of(unnamed.model_copy(update={"key": keyed}))
    return ProfileProposal(
        quality,
        keys=_keys(quality),
        emails=tuple(quality.candidates["email"]["column"]),
    )


def _keys(quality: ProfileQuality) -> tuple[str, ...]:
    """Return the columns that could be the key, the best first.

    Somebody's address is nearly as unique as a key, and not one: a key with a few flaws is the likelier.
    """
    exact, held = quality.key_candidates["column"].to_list(), _holding_identifiers(quality)
    nearly = quality.frame.filter(
        pl.col("type").is_in(_TYPES_OF_KEYS) & (pl.col("filled") > _NEARLY_ALL),
        pl.col("distinct") > _NEARLY_ALL * quality.rows,
    )["column"].to_list()
    return tuple(sorted(dict.fromkeys([*exact, *nearly]), key=lambda it: (it in held, it not in exact)))


_NEARLY_ALL = 0.9
_TYPES_OF_KEYS = ("String", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def _holding_identifiers(quality: ProfileQuality) -> list[str]:
    kinds = [*(it.content for it in identifier_types()), ContentType.HASHES.value]
    return quality.frame.filter(pl.col("holds").cast(pl.String).is_in(kinds))["column"].to_list()


@dataclass(frozen=True)
class KeyProposal:
    """The columns by which segments and profiles belong together."""

    profiles_key: str
    segments_key: str
    share: float
    """How many of the keys that were looked at are in the profiles."""


def propose_key(location: str, profiles: Profiles, keys: Sequence[str]) -> KeyProposal | None:
    """Find the columns of a folder of segments and of the profiles that hold the same keys; None when none do.

    Args:
        location: The folder of the segments.
        profiles: The profile table.
        keys: Its columns that could be the key, the likeliest first.

    Raises:
        ConfigurationError: There is no segment there.
        DataError: The first segment can't be read.
    """
    folder = SegmentFolder(location=location, key="")
    for name in folder.names()[:_MOST_SEGMENTS]:
        found = _propose_by(folder, name, profiles, keys)
        if found is not None:
            return found
    return None


def _propose_by(folder: SegmentFolder, name: str, profiles: Profiles, keys: Sequence[str]) -> KeyProposal | None:
    best: KeyProposal | None = None
    (files,) = folder.found([name]).values()
    for column in files.schema().names()[:_MOST_COLUMNS]:
        scan = folder.model_copy(update={"key": column}).scan([name])
        members = scan.select(pl.col("customer").cast(pl.String)).drop_nulls().head(_LOOKED_AT).collect()
        for key in keys[:_MOST_COLUMNS]:
            share = _share_in(members, profiles.model_copy(update={"key": key}))
            if share and (best is None or share > best.share):
                best = KeyProposal(key, column, share)
    return best


def known_share(profiles: Profiles, segments: SegmentFolder, name: str) -> float:
    """Return the share of the first members of a segment whose keys the profiles have; 1 for one without members."""
    members = segments.scan([name]).select(pl.col("customer").cast(pl.String)).drop_nulls().head(_LOOKED_AT).collect()
    return _share_in(members, profiles) if members.height else 1.0


def _share_in(members: pl.DataFrame, profiles: Profiles) -> float:
    """Return the share of these keys that the profiles have."""
    if members.is_empty():
        return 0.0
    known = profiles.scan([]).select(pl.col(profiles.key).cast(pl.String).alias("customer"))
    return members.lazy().join(known, on="customer", how="semi").collect(engine="streaming").height / members.height
