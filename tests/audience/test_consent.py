"""Who consents is sent, and nobody else, whatever kind of column says so."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit
from toolkit.audience import Audience, Consent, IdentityColumn, Status, audience_of
from toolkit.audience.consent import UNTIL, ending_soon
from toolkit.errors import ConfigurationError, DataError
from toolkit.identifiers.types.email import TYPE as EMAIL

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def audience(
    folder: Path,
    said: pl.Series,
    *,
    values: tuple[str, ...] = (),
    mails: list[str | None] | None = None,
    at: datetime = NOW,
) -> Audience:
    """Prepare members ``C0`` and so on, whose profiles say this of consent."""
    keys = [f"C{it}" for it in range(len(said))]
    addresses = [f"{it}@mail.example" for it in keys] if mails is None else mails
    profiles = pl.DataFrame({"Key": keys, "Mail": addresses}, schema={"Key": pl.String, "Mail": pl.String})
    profiles.with_columns(said.alias("Consent")).write_parquet(folder / "profiles.parquet")
    (folder / "segments").mkdir(exist_ok=True)
    pl.DataFrame({"Key": keys}).write_parquet(folder / "segments" / "All.parquet")
    return audience_of(
        toolkit.Profiles(location=str(folder / "profiles.parquet"), key="Key"),
        toolkit.SegmentFolder(location=str(folder / "segments"), key="Key"),
        ["All"],
        column=IdentityColumn("Mail", EMAIL),
        consent=Consent("Consent", at, values),
    )


def statuses(found: Audience) -> list[str]:
    return found.frame.sort("customer")["status"].to_list()


def is_sent(found: Audience) -> list[bool]:
    return [it == "exportable" for it in statuses(found)]


class TestKinds:
    def test_true_and_false(self, tmp_path: Path) -> None:
        assert statuses(audience(tmp_path, pl.Series([True, False, None]))) == [
            "exportable",
            "no_consent",
            "no_consent",
        ]

    @pytest.mark.parametrize(
        ("said", "values"),
        [
            (pl.Series(["yes", "no", None, " yes ", "YES"]), ("yes",)),
            (pl.Series([1, 0, None, 1, 2]), ("1",)),
            (pl.Series(["yes", "no", None, "yes", "maybe"], dtype=pl.Categorical), ("yes",)),
        ],
        ids=["text", "numbers", "categories"],
    )
    def test_values(self, tmp_path: Path, said: pl.Series, values: tuple[str, ...]) -> None:
        assert is_sent(audience(tmp_path, said, values=values)) == [True, False, False, True, False]

    def test_a_day_counts_to_its_end(self, tmp_path: Path) -> None:
        days = pl.Series([NOW.date(), NOW.date() - timedelta(days=1), None, date(2999, 1, 1)])
        assert is_sent(audience(tmp_path, days)) == [True, False, False, True]
        midnight = datetime(2027, 3, 2, tzinfo=UTC)
        assert is_sent(audience(tmp_path, days, at=midnight)) == [False, False, False, True]

    @pytest.mark.parametrize("unit", ["ms", "us", "ns"])
    @pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
    def test_a_moment_counts_until_it_comes(self, tmp_path: Path, unit: str, zone: str | None) -> None:
        ends = pl.Series([NOW + timedelta(seconds=1), NOW, NOW - timedelta(days=1), None]).dt.convert_time_zone("UTC")
        said = ends.dt.replace_time_zone(None) if zone is None else ends.dt.convert_time_zone(zone)
        assert is_sent(audience(tmp_path, said.dt.cast_time_unit(unit))) == [True, False, False, False]  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "said",
        [
            # DuckDB writes infinity so, and the years that Polars converts end before.
            pl.Series([2**31 - 1, -(2**31 - 1), None], dtype=pl.Int32).cast(pl.Date),
            pl.Series([2**63 - 1, -(2**63 - 1), None]).cast(pl.Datetime("ms")),
            pl.Series([2**63 - 1, -(2**63 - 1), None]).cast(pl.Datetime("us", "America/New_York")),
            pl.Series([date(9999, 12, 31), date(1, 1, 1), None]),
            pl.Series(["9999-12-31T23:59:59", "0001-01-01T00:00:00", None])
            .str.to_datetime()
            .dt.replace_time_zone("America/New_York"),
        ],
        ids=["infinite days", "infinite milliseconds", "infinite times", "days", "times"],
    )
    def test_no_end_is_the_last_moment(self, tmp_path: Path, said: pl.Series) -> None:
        found = audience(tmp_path, said)
        assert is_sent(found) == [True, False, False]
        assert found.frame.sort("customer")[UNTIL][0] == datetime.max.replace(tzinfo=UTC)

    @pytest.mark.parametrize(
        ("said", "values"),
        [
            (pl.Series(["yes"]), ()),
            (pl.Series([1]), ()),
            (pl.Series([True]), ("true",)),
            (pl.Series([date(2027, 1, 1)]), ("2027-01-01",)),
            (pl.Series([0.5]), ()),
            (pl.Series([["yes"]]), ("yes",)),
        ],
    )
    def test_what_says_nothing_is_refused(self, tmp_path: Path, said: pl.Series, values: tuple[str, ...]) -> None:
        with pytest.raises(DataError, match="'Consent' of the profiles at"):
            audience(tmp_path, said, values=values)

    @pytest.mark.parametrize("values", [True, [None], [1.5], ["yes", ""], [" "]])
    def test_values_are_text(self, values: object) -> None:
        with pytest.raises(ConfigurationError):
            Consent.now("Consent", values)

    def test_values_need_a_column(self) -> None:
        assert Consent.now("") is None
        with pytest.raises(ConfigurationError):
            Consent.now("", "yes")


class TestStatus:
    def test_it_comes_before_what_a_field_holds(self, tmp_path: Path) -> None:
        said = pl.Series([False] * 3 + [True] * 3)
        mails = ["a@mail.example", None, "no address", "b@mail.example", None, "no address"]
        found = statuses(audience(tmp_path, said, mails=mails))
        assert found == ["no_consent"] * 3 + ["exportable", "missing_identifier", "invalid_identifier"]

    def test_of_two_with_one_address_who_consents_is_sent(self, tmp_path: Path) -> None:
        mails: list[str | None] = ["same@mail.example"] * 3
        found = audience(tmp_path, pl.Series([False, True, True]), mails=mails)
        assert statuses(found) == ["no_consent", "exportable", "duplicate_identifier"]

    def test_who_has_none_is_not_judged(self, tmp_path: Path) -> None:
        from toolkit.validation import segment_figures

        mails: list[str | None] = [None, None, "a@mail.example", "b@mail.example"]
        figures = segment_figures(audience(tmp_path, pl.Series([False, False, True, True]), mails=mails))
        assert figures.select("looked_at", "coverage").row(0) == (2, 1.0)

    @given(
        st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from(["a", "b", "c", None])), max_size=8)
    )
    def test_exactly_who_consents_is_sent(
        self, tmp_path_factory: pytest.TempPathFactory, people: list[tuple[bool | None, str | None]]
    ) -> None:
        said = pl.Series([it for it, _ in people], dtype=pl.Boolean)
        mails = [None if name is None else f"{name}@mail.example" for _, name in people]
        found = audience(tmp_path_factory.mktemp("tables"), said, mails=mails)
        consenting = {mail for (consents, _), mail in zip(people, mails, strict=True) if consents and mail}
        expected = pl.DataFrame({"value": sorted(consenting)}, schema={"value": pl.String})
        hashes = expected.select(EMAIL.hashed("value", found.form))["value"] if consenting else expected["value"]
        assert set(found.identifiers("All")) == set(hashes)
        refused = [customer for customer, (consents, _) in enumerate(people) if not consents]
        assert found.frame.filter(pl.col("status") == Status.NO_CONSENT.value).height == len(refused)


class TestEndingSoon:
    def test_counts_who_is_sent(self, tmp_path: Path) -> None:
        days = [1, 7, 8, 30, 31, -1, None]
        said = pl.Series([None if it is None else NOW + timedelta(days=it) for it in days])
        found = audience(tmp_path, said.dt.convert_time_zone("UTC"))
        assert ending_soon(found.frame, at=NOW).rows() == [("All", 5, 2, 4)]

    def test_says_nothing_where_it_is_not_asked(self, tmp_path: Path) -> None:
        found = audience(tmp_path, pl.Series([True]))
        assert ending_soon(found.frame, at=None).is_empty()
        assert ending_soon(found.frame, at=NOW).rows() == [("All", 1, 0, 0)]
