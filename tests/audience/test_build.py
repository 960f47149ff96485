"""Every member of a segment gets exactly one status, and what is sent is what a second, slower way would send."""

import hashlib
import re

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.audience import Audience, HashFormat, IdentityColumn, ProfileKeyError, Status, Suppression, build_audience
from toolkit.audience.excluded import find_excluded
from toolkit.demo.expected import identifier_of
from toolkit.identifiers.types.email import TYPE as EMAIL


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _normalised(field: str) -> str:
    return field.replace("\u200b", "").strip().lower()


def prepared(
    emails: list[tuple[str | None, str | None]],
    segments: dict[str, list[str | None]],
    exclude: tuple[str, ...] = (),
    form: HashFormat = HashFormat.SHA256,
) -> Audience:
    profiles = pl.LazyFrame(emails, schema={"Key": pl.String, "Mail": pl.String}, orient="row")
    rows = [(segment, member) for segment, members in segments.items() for member in members]
    members = pl.DataFrame(rows, schema={"segment": pl.String, "Customer": pl.String}, orient="row")
    sent = [it for it in segments if it not in exclude]
    excluded = find_excluded(
        profiles,
        profile_key="Key",
        columns=[IdentityColumn("Mail", EMAIL)],
        suppression=Suppression.nobody(),
        members=members.filter(pl.col("segment").is_in(list(exclude)))["Customer"],
    )
    return build_audience(
        members.lazy().filter(pl.col("segment").is_in(sent)).with_columns(pl.col("segment").cast(pl.Enum(sent))),
        profiles,
        key="Customer",
        profile_key="Key",
        identifier_column="Mail",
        excluded=excluded,
        form=form,
    )


def statuses(audience: Audience) -> dict[str, str]:
    return dict(audience.frame.select("customer", "status").sort("customer").iter_rows())


class TestStatuses:
    def test_each_kind_of_member_gets_its_status(self) -> None:
        audience = prepared(
            [
                ("a", "A@x.example "),
                ("b", None),
                ("c", " \u200b\u00a0"),
                ("d", "d.x.example"),
                ("e", "a@X.example"),
            ],
            {"S": ["a", "b", "c", "d", "e", "gone"]},
        )
        assert statuses(audience) == {
            "a": "exportable",
            "b": "missing_identifier",
            "c": "missing_identifier",
            "d": "invalid_identifier",
            "e": "duplicate_identifier",
            "gone": "not_in_profiles",
        }
        assert audience.identifiers("S").to_list() == [sha256("a@x.example")]

    def test_an_address_is_kept_for_the_smallest_key_once_a_segment(self) -> None:
        emails = [("b", "x@y.example"), ("a", "x@y.example")]
        audience = prepared(emails, {"One": ["b", "a"], "Two": ["b"]})
        kept = audience.frame.filter(pl.col("status") == "exportable").select("segment", "customer")
        assert sorted(kept.iter_rows()) == [("One", "a"), ("Two", "b")]

    def test_repeated_rows_and_rows_without_a_key_are_counted_and_are_no_members(self) -> None:
        counts = prepared([("a", "a@x.example")], {"S": ["a", "a", "a", None, None]}).counts
        assert counts.select("members", "exportable", "repeated_rows", "rows_without_key").row(0) == (
            1,
            1,
            2,
            2,
        )

    def test_an_empty_segment_has_a_row_of_zeros(self) -> None:
        counts = prepared([("a", "a@x.example")], {"S": ["a"], "Empty": []}).counts
        assert counts["segment"].to_list() == ["S", "Empty"]
        assert counts.filter(pl.col("segment") == "Empty").row(0)[1:] == (0,) * (counts.width - 1)

    def test_excluded_people_are_suppressed_by_key_and_by_address(self) -> None:
        audience = prepared(
            [
                ("a", "a@x.example"),
                ("b", "b@x.example"),
                ("twin of b", "B@x.example"),
                ("out", "out@x.example"),
            ],
            {"S": ["a", "b", "twin of b"], "Opted out": ["b", "out"]},
            exclude=("Opted out",),
        )
        assert statuses(audience) == {"a": "exportable", "b": "suppressed", "twin of b": "suppressed"}
        assert audience.segments == ["S"]

    @given(
        st.lists(st.one_of(st.none(), st.text(max_size=12), st.emails()), max_size=12),
        st.lists(st.integers(0, 15), max_size=30),
    )
    def test_statuses_add_up_and_rows_are_accounted_for(self, fields: list[str | None], members: list[int]) -> None:
        emails = [(str(number), field) for number, field in enumerate(fields)]
        audience = prepared(emails, {"S": [str(it) if it else None for it in members]})
        (row,) = audience.counts.iter_rows(named=True)
        assert sum(row[status.value] for status in Status) == row["members"] == audience.frame.height
        assert row["members"] + row["repeated_rows"] + row["rows_without_key"] == len(members)
        assert audience.frame.select("segment", "customer").is_unique().all()


class TestIdentifiers:
    @given(
        st.lists(
            st.one_of(
                st.text(alphabet="aB1.@-_ é\u0301ü\u200b\u00a0日", max_size=14),
                st.emails(),
                st.text(alphabet="0123456789abcdefABCDEF", min_size=31, max_size=33),
                st.from_regex(r"[a-z.]{1,66}@[a-z-]{1,65}(\.[a-z0-9]{1,5}){0,3}", fullmatch=True),
            ),
            min_size=1,
        )
    )
    def test_are_those_of_the_row_by_row_rule(self, fields: list[str]) -> None:
        # Addresses of nobody, such as none@…, have tests of their own.
        nobody = EMAIL.placeholders()
        assume(not any(re.match(nobody.pattern, it) or it in nobody.texts for it in map(_normalised, fields)))
        emails = [(f"{number:04}", field) for number, field in enumerate(fields)]
        audience = prepared(emails, {"S": [key for key, _ in emails]})
        expected = {it for field in fields if (it := identifier_of(field))}
        assert sorted(audience.identifiers("S")) == sorted(expected)

    @pytest.mark.parametrize(
        ("form", "identifier"),
        [
            (HashFormat.SHA256, "375320dd9ae7ed408002f3768e16cb5f28c861062fd50dff9a3bff62e9dce4ef"),
            (HashFormat.MD5, "e13743a7f1db7f4246badd6fd6ff54ff"),
            (
                HashFormat.SHA256_OF_MD5,
                "000e3171a5110c35c69d060112bd0ba55d9631c7c2ec93f1840e4570095b263a",
            ),
        ],
    )
    def test_match_the_published_vectors(self, form: HashFormat, identifier: str) -> None:
        audience = prepared([("a", " John.Doe@Gmail.com")], {"S": ["a"]}, form=form)
        assert audience.identifiers("S").to_list() == [identifier]

    @pytest.mark.parametrize("form", list(HashFormat))
    def test_an_address_that_is_a_hash_already_is_not_hashed_again(self, form: HashFormat) -> None:
        md5, sha = "E13743A7F1DB7F4246BADD6FD6FF54FF", sha256("a@x.example")
        audience = prepared([("a", md5), ("b", f" {sha}")], {"S": ["a", "b"]}, form=form)
        assert set(audience.identifiers("S")) == {md5.lower(), sha}

    def test_a_plain_address_is_handed_on_beside_the_frame_that_is_shown(self) -> None:
        audience = prepared([("a", "A@x.example")], {"S": ["a"]}, form=HashFormat.PLAIN)
        assert audience.addresses is not None
        assert audience.addresses.rows() == [(sha256("a@x.example"), "a@x.example")]
        assert "x.example" not in repr(audience) + audience._repr_html_() + str(audience.frame)


class TestKeys:
    def test_a_key_that_is_twice_in_the_profiles_is_refused_when_a_member_has_it(self) -> None:
        with pytest.raises(ProfileKeyError) as refused:
            prepared([("a", "a@x.example"), ("a", "b@x.example"), ("b", None)], {"S": ["a", "b"]})
        assert refused.value.keys.to_list() == ["a"]

    def test_a_null_key_in_the_profiles_is_refused(self) -> None:
        with pytest.raises(ProfileKeyError) as refused:
            prepared([("a", "a@x.example"), (None, "b@x.example")], {"S": ["a"]})
        assert refused.value.keys.is_empty()


class TestViews:
    def test_the_picture_of_an_audience_escapes_names(self) -> None:
        audience = prepared([("a", "a@x.example")], {"<b>S</b> & Co": ["a"]})
        assert "&lt;b&gt;S&lt;/b&gt; &amp; Co" in audience._repr_html_()

    def test_left_out_tells_who_and_why_without_identifiers(self) -> None:
        audience = prepared([("a", "a@x.example"), ("b", None)], {"S": ["a", "b"]})
        assert audience.left_out.rows() == [("S", "b", "missing_identifier", None)]
        assert audience.select(["S"]).exportable == 1
