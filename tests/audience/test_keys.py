"""Keys are read as databases write them; those that are spelt otherwise are counted, and matched on request."""

import uuid
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import toolkit
from tests.raising import raises
from toolkit.audience.keys import require_no_addresses_as_keys
from toolkit.audience.suppression import Suppression
from toolkit.errors import ErrorCode
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.sources import KeyRule

UUID = uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")


class Made:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "segments").mkdir()

    def open(
        self, keys: object, members: object, *, rules: tuple[str, ...] = (), **options: object
    ) -> toolkit.Workspace:
        emails = [f"c{number}@mail.example" for number in range(len(keys))]  # type: ignore[arg-type]
        pq.write_table(pa.table({"Id": keys, "EMail": emails}), self.folder / "profiles.parquet")
        pq.write_table(pa.table({"Id": members}), self.folder / "segments" / "S.parquet")
        return toolkit.open_workspace(
            self.folder / "workspace",
            profiles=toolkit.Profiles(
                location=str(self.folder / "profiles.parquet"),
                key="Id",
                key_normalization=rules,  # type: ignore[arg-type]
                **options,  # type: ignore[arg-type]
            ),
            segments=toolkit.SegmentFolder(location=str(self.folder / "segments"), key="Id"),
            create=True,
        )


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def statuses(workspace: toolkit.Workspace) -> dict[object, str]:
    frame = workspace.preview("S", email_column="EMail").audience.frame
    return {row["customer"]: row["status"] for row in frame.iter_rows(named=True)}


def decimals(*values: int, digits: int = 38, scale: int = 0) -> pa.Array:
    return pa.array([Decimal(it) for it in values], pa.decimal128(digits, scale))


WIDE = 2**63 + 1


@pytest.mark.parametrize(
    ("keys", "members", "customer"),
    [
        (decimals(1, 2), pa.array([1]), 1),
        (decimals(1, 2, digits=10), pa.array([1]), 1),
        (decimals(1, 2, scale=2), pa.array([1]), 1),
        (pa.array([1, 2], pa.uint64()), pa.array([1], pa.int32()), 1),
        (pa.array([WIDE, 2], pa.uint64()), pa.array([WIDE], pa.uint64()), str(WIDE)),
        (decimals(WIDE, 2), pa.array([WIDE, 2], pa.uint64()), str(WIDE)),
        (pa.array([WIDE, 2], pa.uint64()), pa.array([2]), "2"),
        (pa.array([1, 2]), pa.array([WIDE, 2], pa.uint64()), "2"),
        (pa.array([1.0, 2.0]), pa.array([1]), 1),
        (pa.array([1, 2]), pa.array([1.0, None, float("nan")]), 1),
        (pa.array([1, 2]), pa.array([1.0], pa.float32()), 1),
        (pa.array([b"C1", b"C2"]), pa.array(["C1"]), "C1"),
        (pa.array(["C1", "C2"]), pa.array(["C1"]).dictionary_encode(), "C1"),
        (pa.array([UUID.bytes], pa.uuid()), pa.array([str(UUID)]), str(UUID)),
        (pa.array([UUID.bytes], pa.binary(16)), pa.array([UUID.bytes], pa.uuid()), str(UUID)),
    ],
)
def test_each_type_is_a_key(made: Made, keys: object, members: object, customer: object) -> None:
    assert statuses(made.open(keys, members))[customer] == "exportable"


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([1.5, 2.0]),
        pa.array([2.0**60, 1.0]),
        pa.array([float(2**53 + 1), 1.0]),
        pa.array([float(2**24 + 1), 1.0], pa.float32()),
        pa.array([float("inf")]),
        pa.array([Decimal("1.50")], pa.decimal128(38, 2)),
    ],
)
def test_numbers_that_are_not_whole_are_refused(made: Made, keys: pa.Array) -> None:
    with raises(ErrorCode.DATA, names=1):
        statuses(made.open(keys, pa.array([1])))


@pytest.mark.parametrize("empty", [pa.string(), pa.float64(), pa.null(), pa.bool_(), pa.date32()])
def test_no_rows_tell_no_type(made: Made, empty: pa.DataType) -> None:
    workspace = made.open(pa.array([1, 2]), pa.array([], empty))
    assert statuses(workspace) == {}
    parts = made.folder / "segments" / "Parts"
    parts.mkdir()
    pq.write_table(pa.table({"Id": pa.array([], empty)}), parts / "part-0.parquet")
    pq.write_table(pa.table({"Id": [1]}), parts / "part-1.parquet")
    assert workspace.preview("Parts", email_column="EMail").exportable == 1


def test_no_rows_in_csv_tell_no_type(made: Made) -> None:
    workspace = made.open(pa.array([1, 2]), pa.array([1]))
    (made.folder / "segments" / "Empty.csv").write_text("Id\n")
    assert workspace.preview("Empty", email_column="EMail").exportable == 0


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (decimals(2711), "decimal"),
        (pa.array([2711.0]), "float"),
        (pa.array([b"2711"]), "bytes"),
        (pa.array([2711], pa.uint64()), "wide"),
    ],
)
def test_an_advertiser_is_known_by_each_type(tmp_path: Path, column: pa.Array, kind: str) -> None:
    from toolkit.audience import IdentityColumn, audience_of

    (tmp_path / "segments").mkdir()
    pq.write_table(pa.table({"Id": ["C1"], "EMail": ["a@mail.example"], "Of": column}), tmp_path / "p.parquet")
    pq.write_table(pa.table({"Id": ["C1"]}), tmp_path / "segments" / "S.parquet")
    audience = audience_of(
        toolkit.Profiles(location=str(tmp_path / "p.parquet"), key="Id"),
        toolkit.SegmentFolder(location=str(tmp_path / "segments"), key="Id"),
        ["S"],
        column=IdentityColumn("EMail", EMAIL),
        advertiser_column="Of",
        advertisers=["2711"],
    )
    assert audience.frame["advertiser"].to_list() == ["2711"], kind


SPELT = {
    KeyRule.CASE: ("ab1", "AB1"),
    KeyRule.BRACES: ("ab1", "{ab1}"),
    KeyRule.DASHES: ("6f9619ff-8b86-d011-b42d-00cf4fc964ff", "6f9619ff8b86d011b42d00cf4fc964ff"),
    KeyRule.BLANKS: ("C1", "\ufeffC1\u00a0"),
    KeyRule.LEADING_ZEROS: ("007", "7"),
    KeyRule.DECIMAL_POINT: ("7", "7.00"),
    KeyRule.UNICODE: ("é1", "e\u03011"),
}


class TestSpelling:
    @pytest.mark.parametrize("rule", SPELT)
    def test_it_is_counted_and_shown(self, made: Made, rule: KeyRule) -> None:
        profile, member = SPELT[rule]
        preview = made.open([profile, "other"], [member, "other", "nobody"]).preview("S", email_column="EMail")
        found = preview.audience.spelt_otherwise
        assert found.frame.rows() == [(rule.value, 1, member, profile)]
        assert found.members == 1
        assert preview.warnings[0].text == found.sentences[0]
        assert preview.exportable == 1

    @pytest.mark.parametrize("rule", SPELT)
    def test_it_is_matched_on_request(self, made: Made, rule: KeyRule) -> None:
        profile, member = SPELT[rule]
        workspace = made.open([profile, "other"], [member, profile], rules=(rule.value,))
        assert statuses(workspace) == {profile: "exportable"}
        reopened = toolkit.open_workspace(made.folder / "workspace")
        assert reopened.profiles.key_normalization == (rule,)
        assert statuses(reopened) == {profile: "exportable"}

    def test_several_rules_are_told(self, made: Made) -> None:
        found = made.open(["ab1"], [" AB1"]).preview("S", email_column="EMail").audience.spelt_otherwise
        assert set(found.frame["rule"]) == {KeyRule.CASE, KeyRule.BLANKS}
        assert found.members == 1

    def test_two_profiles_that_become_one_are_refused(self, made: Made) -> None:
        with raises(ErrorCode.DATA, names=("AB1", "ab1")):
            statuses(made.open(["ab1", "AB1"], ["Ab1"], rules=("case",)))

    def test_who_is_suppressed_stays_so(self, made: Made) -> None:
        workspace = made.open(["ab1", "ab2"], ["AB1", "ab2"], rules=("case",))
        workspace.suppressions.add(pl.DataFrame({"Id": ["Ab1"]}), customer_column="Id")
        assert statuses(workspace) == {"ab1": "suppressed", "ab2": "exportable"}

    def test_who_is_excluded_stays_so(self, made: Made) -> None:
        workspace = made.open(["ab1", "ab2"], ["AB1", "ab2"], rules=("case",))
        pq.write_table(pa.table({"Id": ["Ab1"]}), made.folder / "segments" / "Out.parquet")
        frame = workspace.preview("S", email_column="EMail", exclude=["Out"]).audience.frame
        assert dict(frame.select("customer", pl.col("status").cast(pl.String)).iter_rows()) == {
            "ab1": "suppressed",
            "ab2": "exportable",
        }


class TestAddresses:
    def test_as_keys_are_refused(self, made: Made) -> None:
        workspace = made.open(["a@mail.example", "C2"], ["a@mail.example"])
        with raises(ErrorCode.DATA) as raised:
            workspace.preview("S", email_column="EMail")
        assert "mail.example" not in str(raised.value)
        with raises(ErrorCode.DATA):
            require_no_addresses_as_keys(workspace.profiles)
        with raises(ErrorCode.DATA):
            workspace.segments.build("Built", where="EMail LIKE '%'")
        assert not (made.folder / "segments" / "Built.parquet").exists()

    @pytest.mark.parametrize(
        "key", ["a%40mail.example", "a\uff20mail.example", "a&#64;mail.example", "A%40MAIL.EXAMPLE"]
    )
    def test_in_other_writings_are_refused(self, made: Made, key: str) -> None:
        workspace = made.open([key], [key])
        with raises(ErrorCode.DATA):
            workspace.preview("S", email_column="EMail")
        found = Suppression.of_customers(pl.Series([key]))
        assert found.customers.to_list() == []
        as_usual = Suppression.of_customers(pl.Series(["a@mail.example"])).frame
        assert set(found.frame["sha256"].drop_nulls()) == set(as_usual["sha256"].drop_nulls())

    @pytest.mark.parametrize("key", ["+31612345678", " +31 (0)6-12345678", "\uff0b31612345678"])
    def test_phone_numbers_are_refused(self, made: Made, key: str) -> None:
        workspace = made.open([key, "C2"], [key])
        with raises(ErrorCode.DATA) as raised:
            workspace.preview("S", email_column="EMail")
        assert "12345678" not in str(raised.value)
        assert Suppression.of_customers(pl.Series([key])).customers.to_list() == []

    @pytest.mark.parametrize("key", ["0612345678", "31612345678", "+1234", "A+31612345678", "+31612345678x"])
    def test_customer_numbers_are_taken(self, made: Made, key: str) -> None:
        assert made.open([key, "C2"], [key]).preview("S", email_column="EMail").counts["members"].item() == 1

    def test_suppressed_by_key_are_hashed(self) -> None:
        found = Suppression.of_customers(pl.Series(["a@mail.example", "C2"]))
        assert found.customers.to_list() == ["C2"]
        assert len(found.hashes()) == 3
