"""What can't work is refused when it is given, in two sentences; what is clear is taken."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit
from tests.raising import raises
from toolkit import Profiles, Schedule, SegmentFolder
from toolkit.access.credentials import Credentials
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.exports.export import make_export
from toolkit.refresh import RefreshOptions
from toolkit.state.database import parsed

OPTIONS: dict[str, Any] = {"connection": "C", "email_column": "EMail", "segments": ["S"]}


@pytest.mark.parametrize(
    "list_name",
    [
        "{segment} {date:%Y}",
        "{segment:>99999999}",
        "{segment.__class__}",
        "{segment[0]}",
        "{segment!r}",
        "{segment} {other}",
        "{segment} {}",
        "{segment} {0}",
        "{date}",
        "",
        "{segment",
        "segment}",
        "{segment}\n",
        "{segment}\x00",
        "{segment}" + "x" * 300,
        "{segment:{date}}",
        None,
        7,
    ],
)
def test_list_names_that_cant_work_are_refused(list_name: object) -> None:
    with raises(ErrorCode.CONFIGURATION, names="list_name"):
        make_export("E", {**OPTIONS, "list_name": list_name})


@pytest.mark.parametrize("list_name", ["{segment}", "{{VIP}} {segment} ({export}), {date}"])
def test_list_names_that_work_are_taken(list_name: str) -> None:
    assert make_export("E", {**OPTIONS, "list_name": list_name}).list_name == list_name


def test_a_name_too_long_with_its_segment_is_refused() -> None:
    export = make_export("E", {**OPTIONS, "list_name": "{segment}" * 30})
    with raises(ErrorCode.CONFIGURATION):
        export.require_names_of_lists(["a long segment"])
    export.require_names_of_lists(["S"])


def test_one_name_is_a_list_of_one() -> None:
    export = make_export("E", {**OPTIONS, "segments": "VIP", "exclude": "Out", "advertiser_id": 2711})
    assert (export.segments, export.exclude, export.advertiser_id) == (("VIP",), ("Out",), "2711")


WRONG = {
    "segments": [None, 3, [], [1], {"a": 1}],
    "advertiser_id": [1.5, True, ["2711"]],
    "mode": ["mirrored", 3],
    "form": ["sha1"],
    "schedule": ["daily", 3],
    "thresholds": [0.5, {"email_coverage": "much"}],
    "priority": ["first", 1.5],
    "active": ["perhaps"],
    "lists": [["1"], {"S": None}],
    "email_column": [None, 1],
    "unknown": [1],
}


@pytest.mark.parametrize(("option", "value"), [(name, it) for name, values in WRONG.items() for it in values])
def test_wrong_options_are_told_in_our_words(option: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as told:
        make_export("E", {**OPTIONS, option: value})
    assert option in told.value.what
    assert not any(it in str(told.value) for it in ("Input should", "pydantic", "validation error", "[type="))


def made(kind: Any, *given: object, **named: object) -> object:
    return kind(*given, **named)


@pytest.mark.parametrize(
    "make",
    [
        lambda: made(Profiles, "profiles.parquet"),
        lambda: made(Profiles, location="p.parquet"),
        lambda: made(Profiles, location=3, key="K"),
        lambda: made(Profiles, location="", key="K"),
        lambda: made(Profiles, location="p", key="K", format="xls"),
        lambda: made(SegmentFolder, location="s", key=None),
        lambda: made(Schedule, every="sometimes"),
        Schedule.daily,
        lambda: Schedule.daily("2 o'clock"),
        lambda: Schedule.daily("25:00"),
        lambda: Schedule.weekly("someday", "02:00"),
        lambda: Schedule.daily("02:00", time_zone="Nowhere"),
        lambda: made(Schedule.daily, 2),
        lambda: made(toolkit.Thresholds, email_coverage=7),
        lambda: made(RefreshOptions, keep_days="long"),
    ],
)
def test_values_that_are_none_are_told(make: Any) -> None:
    with pytest.raises(ConfigurationError) as told:
        make()
    assert "validation error" not in str(told.value)
    assert told.value.remedy


def test_times_and_zones_as_people_write_them() -> None:
    assert Schedule.daily("2:00") == Schedule.daily("02:00")
    assert Schedule.weekly("monday", "2:00") == Schedule.weekly(["monday"], "02:00")
    with raises(ErrorCode.CONFIGURATION, names=("Amsterdam", "Europe/Amsterdam")):
        Schedule.daily("02:00", time_zone="Amsterdam")


@pytest.mark.parametrize("name", ["", "  ", "\n", "a\nb"])
def test_a_name_can_be_read(name: str) -> None:
    with raises(ErrorCode.CONFIGURATION):
        make_export(name, OPTIONS)


def test_an_export_needs_an_email_column() -> None:
    with raises(ErrorCode.CONFIGURATION, names="email_column"):
        make_export("E", {**OPTIONS, "email_column": ""})


def test_a_path_is_a_location(tmp_path: Path) -> None:
    assert Profiles(location=tmp_path, key="K").location == str(tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["p.parquet", Path("p.parquet"), {"location": "p"}, pl.DataFrame()])
def test_a_path_in_the_place_of_profiles_is_told(tmp_path: Path, given: Any) -> None:
    with raises(ErrorCode.CONFIGURATION, names="Profiles") as told:
        toolkit.open_workspace(tmp_path / "ws", profiles=given)
    assert "key=" in told.value.remedy
    assert not (tmp_path / "ws").exists()


SECRETS = [
    "https://a.blob.core.windows.net/c/x?sv=1&sig=HUSHHUSH",
    "abfss://c@a.dfs.core.windows.net/x?sig=HUSHHUSH",
    "az://c/x?sas_token=HUSHHUSH",
    "s3://bucket/x?X-Amz-Signature=HUSHHUSH",
    "s3://key:HUSHHUSH@bucket/x",
    "s3://key:SEC/HUSHHUSH@bucket/x",
    "gs://bucket/x?access_token=HUSHHUSH",
    "https://host/x?a=1;password=HUSHHUSH",
    "AccountName=a;AccountKey=HUSHHUSH;EndpointSuffix=core.windows.net",
    "SharedAccessSignature=HUSHHUSH",
    "s3://bucket/x?aws_access_key_id=A&aws_secret_access_key=HUSHHUSH",
    "s3://bucket/x?access-token=HUSHHUSH",
    "s3://key%3AHUSHHUSH@bucket/x",
    "s3://key:HUSHHUSH%40bucket/x",
    "s3://key%253AHUSHHUSH%2540bucket/x",
    "gs://HUSHHUSH@bucket/x",
    "s3://bucket/x?a=1%26sig=HUSHHUSH",
    "s3://bucket/x&sig=HUSHHUSH",
    "s3://bucket/x#sig=HUSHHUSH",
    "folder/x?sig=HUSHHUSH",
    "postgres:host=h password=HUSHHUSH",
    "host=h user=u password = HUSHHUSH",
    "password=HUSHHUSH host=h",
    "Server=h;Pwd=HUSHHUSH",
    "md:crm motherduck_token=HUSHHUSH",
]


@pytest.mark.parametrize("location", SECRETS)
def test_a_secret_in_a_location_is_neither_kept_nor_shown(tmp_path: Path, location: str) -> None:
    for kind in (Profiles, SegmentFolder, toolkit.SegmentTable):
        with pytest.raises(ConfigurationError) as told:
            made(kind, location=location, key="K", segment="S") if kind is toolkit.SegmentTable else made(
                kind, location=location, key="K"
            )
        assert "HUSHHUSH" not in str(told.value)
        assert told.value.__cause__ is None
    settings = tmp_path / "ws" / "workspace.toml"
    toolkit.open_workspace(
        tmp_path / "ws", profiles=Profiles(location=str(tmp_path / "p.parquet"), key="K"), create=True
    )
    text = settings.read_text()
    settings.write_text(text.replace(str(tmp_path / "p.parquet"), location))
    with pytest.raises(ConfigurationError) as told:
        toolkit.open_workspace(tmp_path / "ws")
    assert "HUSHHUSH" not in str(told.value)


@pytest.mark.parametrize(
    "location",
    [
        "s3://bucket/key=1/x%20y",
        "folder/a&key=1/#1;key=2",
        "abfss://c@a.dfs.core.windows.net/x",
        "s3://bucket/key=1/token=x",
        "/data/password=x/p.parquet",
        "password=x/p.parquet",
        "http://h:80/a@b",
    ],
)
def test_a_location_without_a_secret_is_taken(location: str) -> None:
    assert Profiles(location=location, key="K").location == location


@pytest.mark.parametrize("query", ["password=HUSHHUSH", "sslpassword=HUSHHUSH", "Password=HUSHHUSH&sslmode=require"])
def test_a_password_in_the_query_of_a_database_is_refused(query: str) -> None:
    with raises(ErrorCode.CONFIGURATION, names="password") as told:
        parsed(f"postgresql://user@host/db?{query}")
    assert "HUSHHUSH" not in str(told.value)
    assert parsed("postgresql://user@host/db?sslmode=require").query == {"sslmode": "require"}


@pytest.mark.parametrize("around", ["{}\n", " {}", "\u200b{}", "{}\r\n", "\ufeff{}\u00a0", "\t{}"])
def test_what_is_pasted_is_trimmed(around: str) -> None:
    found = Credentials(client_id=around.format("id"), client_secret=around.format("secret"), host="https://h")
    assert (found.client_id, found.client_secret) == ("id", "secret")


@pytest.mark.parametrize("secret", ["sec ret", "sec\nret", "", " ", None, 5])
def test_a_broken_secret_is_told_without_it(secret: Any) -> None:
    with pytest.raises(ConfigurationError) as told:
        Credentials(client_id="id", client_secret=secret)
    assert "ret" not in str(told.value).replace("client_secret", "")
