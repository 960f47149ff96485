"""Makes the tables that the measurements read: ten million profiles and a segment of one million of them."""

from pathlib import Path

import polars as pl

PROFILES = 10_000_000
MEMBERS = 1_000_000
PARTS = 10


def make(folder: Path, *, profiles: int = PROFILES, members: int = MEMBERS) -> tuple[Path, Path]:
    """Write profiles (ten part files) and one segment below ``folder`` unless they are there; return both paths."""
    profile_folder = folder / f"profiles-{profiles}"
    segment_folder = folder / f"segments-{profiles}-{members}"
    if not (segment_folder / "One in ten.parquet").exists():
        profile_folder.mkdir(parents=True, exist_ok=True)
        segment_folder.mkdir(parents=True, exist_ok=True)
        rows = profiles // PARTS
        for part in range(PARTS):
            _part(part * rows, rows).write_parquet(profile_folder / f"part-{part:04}.parquet")
        step = profiles // members
        keys = pl.select(_key(pl.int_range(0, profiles, step)).alias("CustomerId"))
        keys.sample(fraction=1, shuffle=True, seed=7).write_parquet(segment_folder / "One in ten.parquet")
    return profile_folder, segment_folder


def divide(segments: Path, *, parts: int) -> Path:
    """Write the one segment as several, each with as many members, unless they are there; return their folder."""
    folder = segments.with_name(f"{segments.name}-in-{parts}")
    if not folder.exists():
        keys = pl.read_parquet(segments / "*.parquet")
        beside = folder.with_name(f"{folder.name}.part")
        beside.mkdir(exist_ok=True)
        size = -(-keys.height // parts)
        for part in range(parts):
            keys.slice(part * size, size).write_parquet(beside / f"Part {part:04}.parquet")
        beside.rename(folder)
    return folder


def _key(number: pl.Expr) -> pl.Expr:
    return pl.format("{}{}", pl.lit("CUST"), (number * 2_654_435_761 % 4_294_967_296).cast(pl.String).str.zfill(10))


def _part(start: int, rows: int) -> pl.DataFrame:
    number = pl.int_range(start, start + rows)
    address = pl.format("{}.{}@mail{}.example", pl.lit("First.Last"), number, number % 50)
    return pl.select(
        _key(number).alias("CustomerId"),
        pl.when(number % 23 == 0)
        .then(None)
        .when(number % 29 == 0)
        .then(pl.lit("not an address"))
        .when(number % 31 == 0)
        .then(pl.format(" {} ", address))
        .otherwise(address)
        .alias("EMail"),
        pl.format("First{}", number % 5_000).alias("FirstName"),
        pl.format("Last{}", number % 90_000).alias("LastName"),
        pl.format("City {}", number % 900).alias("City"),
    )
