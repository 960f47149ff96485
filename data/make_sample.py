"""Makes the embedded sample, and knows the truth about it: ``python data/make_sample.py``.

Two days of 20,000 invented profiles and five segments, with the flaws that real e-mail columns have, each on a known
number of rows. It shares no line with the toolkit, so that tests can judge the toolkit by ``build(day).truth``.
"""

import hashlib
import random
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import polars as pl
from faker import Faker

SEED = 20261102
DAYS = {1: date(2026, 11, 2), 2: date(2026, 11, 3)}
PROFILES = 20_000
PARTS = 2
LOCALES = {"nl_NL": 9, "de_DE": 3, "fr_FR": 3, "en_GB": 2, "pl_PL": 2, "ja_JP": 1}
COUNTRIES = {
    "nl_NL": "Netherlands",
    "de_DE": "Germany",
    "fr_FR": "France",
    "en_GB": "United Kingdom",
    "pl_PL": "Poland",
    "ja_JP": "Japan",
}
# Reserved by RFC 2606 and RFC 6761: mail to these reaches nobody.
DOMAINS = ("mail.example", "post.example", "inbox.example", "example.com", "example.org")
IDN_DOMAINS = ("bücher.example", "książka.example", "café.example", "例え.example")
UNSEEN = ("\u200b", "\ufeff", "\u2060", "\u00ad")

GONE = ARRIVED = 400
MOVED = 300
STRANGERS = {"Newsletter subscribers": 60, "Lapsed 12 months": 24, "High value": 12, "VIP's / été & 冬": 6}
"""Members without a profile, by segment, on either day."""
REPEATED_ROWS = {"Newsletter subscribers": 40, "Lapsed 12 months": 16, "High value": 8, "VIP's / été & 冬": 4}
"""Rows that name a member once more, by segment, on either day."""


class Flaw(StrEnum):
    """What is the matter with an e-mail field."""

    CLEAN = "clean"
    NULL = "null"
    EMPTY = "empty"
    ONLY_SPACES = "only spaces"
    UPPER_CASE = "upper case"
    SURROUNDING_SPACES = "surrounding spaces"
    NON_BREAKING_SPACES = "non-breaking spaces"
    TABS = "tabs"
    ZERO_WIDTH_AT_THE_EDGES = "zero-width at the edges"
    ZERO_WIDTH_INSIDE = "zero-width inside"
    TWO_WITH_SEMICOLON = "two addresses, semicolon"
    TWO_WITH_COMMA = "two addresses, comma"
    NO_AT = "no @"
    TRAILING_DOT = "trailing dot"
    DOUBLE_DOT = "double dot"
    INNER_SPACE = "inner space"
    ACCENT_COMPOSED = "accent, NFC"
    ACCENT_DECOMPOSED = "accent, NFD"
    IDN_DOMAIN = "IDN domain"
    SHARED = "shared"
    SHARED_IN_OTHER_CASE = "shared, in another case"
    SHA256 = "SHA-256"
    SHA256_UPPER_CASE = "SHA-256 in upper case"
    MD5 = "MD5"


class Hint(StrEnum):
    """What the e-mail field of a profile comes to."""

    HAS_EMAIL = "has_email"
    MISSING = "missing_email"
    INVALID = "invalid_email"
    HASHED = "hashed"


def _same(mailbox: str) -> str:
    return mailbox


@dataclass(frozen=True)
class Planted:
    """On how many rows of 20,000 a flaw is planted on day 1 and day 2, and what it makes of an address."""

    rows: tuple[int, int]
    field: Callable[[str], str | None]
    """From the canonical address to what the table holds."""
    hint: Hint = Hint.HAS_EMAIL
    address: Callable[[str], str] = _same
    """From a plain ASCII address to the canonical one."""


def _one_of(choices: Sequence[str], address: str) -> str:
    return choices[len(address) % len(choices)]


def _with_unseen_inside(address: str) -> str:
    middle = address.index("@") // 2
    return f"{address[:middle]}{_one_of(UNSEEN, address)}{address[middle:]}"


def _accented(mailbox: str) -> str:
    return re.sub("[aeiou]", lambda vowel: "áéíöü"["aeiou".index(vowel[0])], mailbox, count=1)


def _in_idn_domain(mailbox: str) -> str:
    return f"{mailbox.partition('@')[0]}@{_one_of(IDN_DOMAINS, mailbox)}"


def _sha256(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _md5(address: str) -> str:
    return hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()


PLANTED = {
    Flaw.NULL: Planted((600, 590), lambda _: None, Hint.MISSING),
    Flaw.EMPTY: Planted((160, 152), lambda _: "", Hint.MISSING),
    Flaw.ONLY_SPACES: Planted((60, 63), lambda _: "   ", Hint.MISSING),
    Flaw.UPPER_CASE: Planted((400, 384), str.upper),
    Flaw.SURROUNDING_SPACES: Planted((200, 190), lambda it: f" {it}  "),
    Flaw.NON_BREAKING_SPACES: Planted((80, 84), lambda it: f"\u00a0{it}\u00a0"),
    Flaw.TABS: Planted((60, 57), lambda it: f"\t{it}\t"),
    Flaw.ZERO_WIDTH_AT_THE_EDGES: Planted((80, 76), lambda it: f"{_one_of(UNSEEN, it)}{it}\u200b"),
    Flaw.ZERO_WIDTH_INSIDE: Planted((60, 61), _with_unseen_inside),
    Flaw.TWO_WITH_SEMICOLON: Planted((60, 58), lambda it: f"{it}; second.{it}", Hint.INVALID),
    Flaw.TWO_WITH_COMMA: Planted((40, 42), lambda it: f"{it},second.{it}", Hint.INVALID),
    Flaw.NO_AT: Planted((160, 150), lambda it: it.replace("@", "."), Hint.INVALID),
    Flaw.TRAILING_DOT: Planted((60, 54), lambda it: f"{it}.", Hint.INVALID),
    Flaw.DOUBLE_DOT: Planted((60, 62), lambda it: it.replace("@", "..x@"), Hint.INVALID),
    Flaw.INNER_SPACE: Planted((50, 46), lambda it: it.replace("@", " @"), Hint.INVALID),
    Flaw.ACCENT_COMPOSED: Planted((120, 124), _same, address=_accented),
    Flaw.ACCENT_DECOMPOSED: Planted((60, 63), lambda it: unicodedata.normalize("NFD", it), address=_accented),
    Flaw.IDN_DOMAIN: Planted((80, 78), _same, address=_in_idn_domain),
    Flaw.SHARED: Planted((300, 306), _same),
    Flaw.SHARED_IN_OTHER_CASE: Planted((100, 96), str.title),
    Flaw.SHA256: Planted((120, 116), _sha256, Hint.HASHED),
    Flaw.SHA256_UPPER_CASE: Planted((60, 59), lambda it: _sha256(it).upper(), Hint.HASHED),
    Flaw.MD5: Planted((60, 64), _md5, Hint.HASHED),
}
_SHARING = {Flaw.SHARED, Flaw.SHARED_IN_OTHER_CASE}
_CLEAN = Planted((0, 0), _same)


@dataclass(frozen=True)
class Sample:
    """The tables of one day, and the truth about them.

    ``profiles`` has a row a customer; ``segments`` has, by name, a table with ``CustomerId``. ``truth`` has a row a
    profile: ``CustomerId``; ``flaw``; ``address``, the canonical address (for a hash: what it is the hash of), null
    when the field holds none or no valid one; ``status_hint``.
    """

    profiles: pl.DataFrame
    segments: dict[str, pl.DataFrame]
    truth: pl.DataFrame


@dataclass(frozen=True)
class _Customer:
    key: str
    first_name: str
    last_name: str
    latin_name: tuple[str, str]
    mailbox: str
    city: str
    country: str
    telephone: str | None
    created_on: datetime
    born_on: date | None
    consent: bool
    points: int
    last_purchase_on: date | None
    flaw: Flaw = Flaw.CLEAN

    @property
    def planted(self) -> Planted:
        return PLANTED.get(self.flaw, _CLEAN)

    @property
    def address(self) -> str:
        return self.planted.address(self.mailbox)


@dataclass
class _People:
    """Invents customers, no two with the same mailbox."""

    rng: random.Random = field(default_factory=lambda: random.Random(f"{SEED} people"))
    fakers: dict[str, Faker] = field(default_factory=lambda: {it: Faker(it) for it in LOCALES})
    used: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for faker in self.fakers.values():
            faker.seed_instance(SEED)
        self.cities = {it: [faker.city() for _ in range(60)] for it, faker in self.fakers.items()}

    def known_since_long(self, today: date) -> _Customer:
        """Return a customer with a past."""
        bought = None if self.rng.random() < 0.12 else int(self.rng.expovariate(1 / 250)) + 1
        known = (bought or 0) + int(self.rng.expovariate(1 / 600)) + 1
        last = None if bought is None else today - timedelta(days=bought)
        points = 0 if bought is None else int(self.rng.expovariate(1 / 2_200))
        return self._customer(created=today - timedelta(days=known), points=points, last_purchase_on=last)

    def newcomer(self, today: date) -> _Customer:
        """Return a customer of today."""
        buys = self.rng.random() < 0.5
        return self._customer(created=today, points=100 * buys, last_purchase_on=today if buys else None)

    def mailbox(self, first: str, last: str) -> str:
        """Return an address that nobody has."""
        local = self.rng.choice([f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last}", f"{last}_{first}"])
        while True:
            self.used[local] += 1
            name = local if self.used[local] == 1 else f"{local}{self.used[local]}"
            if name not in self.taken:
                self.taken.add(name)
                return f"{name}@{self.rng.choice(DOMAINS)}"

    def _customer(self, *, created: date, points: int, last_purchase_on: date | None) -> _Customer:
        rng = self.rng
        (locale,) = rng.choices(list(LOCALES), list(LOCALES.values()))
        first, last, latin_name = _name(self.fakers[locale], locale)
        return _Customer(
            key=_key(rng),
            first_name=first,
            last_name=last,
            latin_name=latin_name,
            mailbox=self.mailbox(*latin_name),
            city=rng.choice(self.cities[locale]),
            country=COUNTRIES[locale],
            # No country has +999, so that nobody's telephone rings.
            telephone=f"+999{rng.randrange(10**6):06}" if rng.random() < 0.6 else None,
            created_on=datetime(created.year, created.month, created.day, rng.randrange(6, 23), tzinfo=UTC),
            born_on=date(1940, 1, 1) + timedelta(days=rng.randrange(24_000)) if rng.random() < 0.5 else None,
            consent=rng.random() < 0.45,
            points=points,
            last_purchase_on=last_purchase_on,
        )


def _name(faker: Faker, locale: str) -> tuple[str, str, tuple[str, str]]:
    if locale == "ja_JP":
        (first, _, first_latin), (last, _, last_latin) = faker.first_name_pair(), faker.last_name_pair()
        return first, last, (first_latin.lower(), last_latin.lower())
    first, last = faker.first_name(), faker.last_name()
    return first, last, (_latin(first), _latin(last))


def _latin(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return re.sub("[^a-z'-]", "", plain)


def _key(rng: random.Random) -> str:
    return rng.randbytes(16).hex()


def _first_day(people: _People, profiles: int) -> list[_Customer]:
    rng = random.Random(f"{SEED} first day")
    return _plant([people.known_since_long(DAYS[1]) for _ in range(profiles)], 1, profiles=profiles, rng=rng)


def _second_day(people: _People, yesterday: Sequence[_Customer], profiles: int) -> list[_Customer]:
    """Some are gone, some new; some live, some have another address, some are mended, others broken."""
    rng = random.Random(f"{SEED} second day")
    hosts = _hosts(yesterday)
    free = [it.key for it in yesterday if it.flaw is not Flaw.CLEAN or it.mailbox not in hosts]
    gone = set(rng.sample(free, _scaled(GONE, profiles)))
    customers = [_one_day_older(it, DAYS[2], rng) for it in yesterday if it.key not in gone]
    customers = _mend(customers, people, profiles=profiles, rng=rng)
    customers = _move(customers, people, profiles=profiles, rng=rng)
    customers += [people.newcomer(DAYS[2]) for _ in range(_scaled(ARRIVED, profiles))]
    return _plant(customers, 2, profiles=profiles, rng=rng)


def _scaled(count: int, profiles: int) -> int:
    return max(1, round(count * profiles / PROFILES))


def _hosts(customers: Sequence[_Customer]) -> set[str]:
    return {it.mailbox for it in customers if it.flaw in _SHARING}


def _one_day_older(customer: _Customer, today: date, rng: random.Random) -> _Customer:
    event, changes_mind = rng.random(), rng.random() < 0.02
    customer = replace(customer, consent=customer.consent ^ changes_mind)
    if event < 0.02:
        return replace(customer, last_purchase_on=today, points=customer.points + rng.randrange(200, 2_000))
    if event < 0.04:
        return replace(customer, points=customer.points // 4)
    if event < 0.055 and customer.last_purchase_on:
        # The last purchase was sent back, so that one of long ago counts.
        return replace(customer, last_purchase_on=customer.last_purchase_on - timedelta(days=400))
    return customer


def _mend(customers: Sequence[_Customer], people: _People, *, profiles: int, rng: random.Random) -> list[_Customer]:
    """Make about a tenth of the flawed fields clean."""
    mended: set[str] = set()
    for flaw, planted in PLANTED.items():
        flawed = [it.key for it in customers if it.flaw is flaw]
        keep = min(len(flawed) - 1, round(0.9 * _scaled(planted.rows[1], profiles)))
        mended.update(rng.sample(flawed, len(flawed) - keep))
    return [
        replace(it, flaw=Flaw.CLEAN, mailbox=people.mailbox(*it.latin_name) if it.flaw in _SHARING else it.mailbox)
        if it.key in mended
        else it
        for it in customers
    ]


def _move(customers: Sequence[_Customer], people: _People, *, profiles: int, rng: random.Random) -> list[_Customer]:
    """Give some another address."""
    hosts = _hosts(customers)
    movable = [it.key for it in customers if it.flaw is Flaw.CLEAN and it.mailbox not in hosts]
    moved = set(rng.sample(movable, _scaled(MOVED, profiles)))
    return [replace(it, mailbox=people.mailbox(*it.latin_name)) if it.key in moved else it for it in customers]


def _plant(customers: Sequence[_Customer], day: int, *, profiles: int, rng: random.Random) -> list[_Customer]:
    """Break clean fields until each flaw is on its number of rows."""
    hosts = _hosts(customers)
    by_key = {it.key: it for it in customers}
    clean = [it.key for it in customers if it.flaw is Flaw.CLEAN and it.mailbox not in hosts]
    rng.shuffle(clean)
    present = Counter(it.flaw for it in customers)
    for flaw, planted in PLANTED.items():
        for _ in range(_scaled(planted.rows[day - 1], profiles) - present[flaw]):
            chosen = by_key[clean.pop()]
            mailbox = by_key[clean.pop()].mailbox if flaw in _SHARING else chosen.mailbox
            by_key[chosen.key] = replace(chosen, flaw=flaw, mailbox=mailbox)
    return list(by_key.values())


def _profile_table(customers: Sequence[_Customer]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (
                it.key,
                it.first_name,
                it.last_name,
                f"{it.last_name} {it.first_name}" if it.country == "Japan" else f"{it.first_name} {it.last_name}",
                it.planted.field(it.address),
                it.telephone,
                it.city,
                it.country,
                it.created_on,
                it.born_on,
                it.consent,
                it.points,
                it.last_purchase_on,
            )
            for it in customers
        ],
        schema={
            "CustomerId": pl.String,
            "FirstName": pl.String,
            "LastName": pl.String,
            "FullName": pl.String,
            "EMail": pl.String,
            "Telephone": pl.String,
            "City": pl.String,
            "Country": pl.String,
            "CreatedOn": pl.Datetime("ms", "UTC"),
            "BirthDate": pl.Date,
            "NewsletterConsent": pl.Boolean,
            "LoyaltyPoints": pl.Int32,
            "LastPurchaseOn": pl.Date,
        },
        orient="row",
    ).sort("CustomerId")


def _truth(customers: Sequence[_Customer]) -> pl.DataFrame:
    has_address = (Hint.HAS_EMAIL, Hint.HASHED)
    return pl.DataFrame(
        [
            (it.key, it.flaw.value, it.address if it.planted.hint in has_address else None, it.planted.hint.value)
            for it in customers
        ],
        schema={"CustomerId": pl.String, "flaw": pl.String, "address": pl.String, "status_hint": pl.String},
        orient="row",
    ).sort("CustomerId")


def _rules(today: date) -> dict[str, pl.Expr]:
    points, bought = pl.col("LoyaltyPoints"), pl.col("LastPurchaseOn")
    return {
        "Newsletter subscribers": pl.col("NewsletterConsent"),
        "Lapsed 12 months": bought < today - timedelta(days=365),
        "High value": points >= 5_000,
        "VIP's / été & 冬": (points >= 4_000) & (bought >= today - timedelta(days=180)),
        "Invited but empty": pl.lit(False),
    }


def _segments(
    profiles: pl.DataFrame, today: date, *, lingering: Mapping[str, Sequence[str]], scale: int
) -> dict[str, pl.DataFrame]:
    """Apply the rules; then add members without a profile, out of ``lingering`` or invented, and repeated rows."""
    segments = {}
    for name, rule in _rules(today).items():
        rng = random.Random(f"{SEED} {today} {name}")
        members = profiles.filter(rule)["CustomerId"].to_list()
        if name in STRANGERS:
            count = _scaled(STRANGERS[name], scale)
            repeated = rng.sample(members, _scaled(REPEATED_ROWS[name], scale))
            gone = lingering.get(name, ())
            members += rng.sample(gone, count) if gone else [_key(rng) for _ in range(count)]
            members += repeated
        rng.shuffle(members)
        segments[name] = pl.DataFrame({"CustomerId": members}, schema={"CustomerId": pl.String})
    # As exported tables may have: one more column, which says nothing.
    segments["High value"] = segments["High value"].with_columns(Segment=pl.lit("High value"))
    return segments


def build(day: int, *, profiles: int = PROFILES) -> Sample:
    """Return the sample of a day (1 or 2), always the same; counts of flaws shrink with ``profiles`` (from 1,000)."""
    people = _People()
    customers = _first_day(people, profiles)
    table = _profile_table(customers)
    segments = _segments(table, DAYS[1], lingering={}, scale=profiles)
    if day == 2:
        customers = _second_day(people, customers, profiles)
        table = _profile_table(customers)
        known = pl.col("CustomerId").is_in(table["CustomerId"].implode())
        gone = {name: it.filter(~known)["CustomerId"].unique().sort().to_list() for name, it in segments.items()}
        segments = _segments(table, DAYS[2], lingering=gone, scale=profiles)
    return Sample(profiles=table, segments=segments, truth=_truth(customers))


def file_name(segment: str) -> str:
    """Return the name of the segment's file: percent-encoded where a file name needs it, readable elsewhere."""
    letters = (it if it.isalnum() else quote(it, safe=" '&") for it in segment)
    return f"{''.join(letters)}.parquet"


def write(sample: Sample, folder: Path) -> None:
    """Write the tables below ``folder``, in the place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "profiles").mkdir(parents=True)
    (folder / "segments").mkdir()
    rows = -(-sample.profiles.height // PARTS)
    for part, table in enumerate(sample.profiles.iter_slices(rows)):
        _write_table(table, folder / "profiles" / f"part-{part:04}.parquet")
    for name, table in sample.segments.items():
        _write_table(table, folder / "segments" / file_name(name))


def _write_table(table: pl.DataFrame, file: Path) -> None:
    table.write_parquet(file, compression="zstd", compression_level=19)


def main() -> None:
    """Write both days beside this script and say what is in them."""
    here = Path(__file__).parent
    for day in DAYS:
        sample = build(day)
        folder = here / f"day{day}"
        write(sample, folder)
        print(f"day {day}  {'profiles':<24}{sample.profiles.height:>8,} rows")
        for name, table in sample.segments.items():
            print(f"day {day}  {name:<24}{table.height:>8,} rows")
        size = sum(it.stat().st_size for it in folder.rglob("*.parquet"))
        print(f"day {day}  {'on disk':<24}{size / 1e6:>8.2f} MB")


if __name__ == "__main__":
    main()
