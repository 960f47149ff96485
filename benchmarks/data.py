"""Makes the tables that the measurements read: ten million profiles and a segment of one million of them."""

import sys
from pathlib import Path

import polars as pl

PROFILES = 10_000_000
MEMBERS = 1_000_000
PARTS = 10
ROWS_A_PART = 2_500_000


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


def make_big(folder: Path, *, profiles: int, members: int) -> tuple[Path, Path]:
    """Write profiles of two columns and one segment, a part file at a time, unless they are there; return both."""
    profile_folder, segment_folder = folder / f"big-profiles-{profiles}", folder / f"big-segments-{profiles}-{members}"
    if not (segment_folder / "Some.parquet").exists():
        profile_folder.mkdir(parents=True, exist_ok=True)
        segment_folder.mkdir(parents=True, exist_ok=True)
        for number, start in enumerate(range(0, profiles, ROWS_A_PART)):
            part = _part(start, min(ROWS_A_PART, profiles - start)).select("CustomerId", "EMail")
            part.write_parquet(profile_folder / f"part-{number:04}.parquet")
        keys = pl.select(_key(pl.int_range(0, profiles, profiles // members)).alias("CustomerId"))
        keys.sample(fraction=1, shuffle=True, seed=7).write_parquet(segment_folder / "Some.parquet")
    return profile_folder, segment_folder


def write_next_day(file: Path, *, profiles: int, changed: float) -> None:
    """Write a segment as it is a day later: of ``changed`` of its members half left, and as many others came."""
    today = pl.read_parquet(file)
    count = round(today.height * changed / 2)
    step = profiles // today.height
    came = pl.select(_key(pl.int_range(1, 1 + count * step, step)).alias("CustomerId"))
    beside = file.with_suffix(".part")
    pl.concat([today.slice(count), came]).write_parquet(beside)
    beside.replace(file)


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


def make_all(
    folder: Path, profiles: int, members: int, lists: int, big_profiles: int
) -> tuple[Path, Path, Path, Path, Path]:
    """Write all tables that are not there; return profiles, segments, divided segments, and the two that are big."""
    table, segments = make(folder, profiles=profiles, members=members)
    big = make_big(folder, profiles=big_profiles, members=members)
    return table, segments, divide(segments, parts=lists), *big


if __name__ == "__main__":
    place, *numbers = sys.argv[1:]
    if place == "next_day":
        write_next_day(Path(numbers[0]), profiles=int(numbers[1]), changed=0.01)
    else:
        make_all(Path(place), *map(int, numbers))
