"""Tables in a cloud's storage are found, read and refused as those on this machine are."""

import base64
import gzip
import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

import boto3
import polars as pl
import pyarrow.fs
import pytest
import requests
from deltalake import write_deltalake
from moto.server import ThreadedMotoServer

import toolkit
from tests.raising import raises
from tests.sources.cloud_doubles import CloudDouble, cloud_double
from toolkit.errors import ErrorCode
from toolkit.sources import blame_table

ROWS = pl.DataFrame({"CustomerId": ["C1", "C2", "C3"], "EMail": [f"c{it}@mail.example" for it in (1, 2, 3)]})


class Bucket:
    """A bucket of a real server that speaks S3's protocol."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, path: str, content: pl.DataFrame | bytes) -> None:
        body = content if isinstance(content, bytes) else parquet(content)
        requests.put(f"{self.url}/lake/{quote(path)}", data=body, timeout=10).raise_for_status()

    def delete(self, path: str) -> None:
        boto3.client("s3", endpoint_url=self.url).delete_object(Bucket="lake", Key=path)


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def csv(frame: pl.DataFrame, separator: str = ",") -> bytes:
    return frame.write_csv(separator=separator).encode()


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def environment(monkeypatch: pytest.MonkeyPatch, url: str, **other: str) -> None:
    given = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in (given | other).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket ``lake``, and an environment that leads to it."""
    requests.post(f"{_server}/moto-api/reset", timeout=10).raise_for_status()
    requests.put(f"{_server}/lake", timeout=10).raise_for_status()
    environment(monkeypatch, _server)
    return Bucket(_server)


def profiles(path: str, **options: object) -> toolkit.Profiles:
    return toolkit.Profiles(location=f"s3://lake/{path}", key="CustomerId", **options)  # type: ignore[arg-type]


def read(path: str) -> pl.DataFrame:
    return profiles(path).scan(["EMail"]).collect(engine="streaming").sort("CustomerId")


LAYOUTS: Mapping[str, dict[str, bytes]] = {
    "profiles.parquet": {"profiles.parquet": parquet(ROWS)},
    "parts": {
        "parts/a [NL]*.parquet": parquet(ROWS[:1]),
        "parts/deep/er/b.parquet": parquet(ROWS[1:]),
        "parts/_SUCCESS": b"",
    },
    "by-spark.parquet/": {"by-spark.parquet/part-0.parquet": parquet(ROWS)},
    "hive": {
        "hive/Country=NL/p.parquet": parquet(ROWS[:2]),
        "hive/Country=BE/p.parquet": parquet(ROWS[2:]),
    },
    "csv": {"csv/0.csv": csv(ROWS[:1]), "csv/1.csv": csv(ROWS[1:], ";")},
    "zipped": {"zipped/0.csv.gz": gzip.compress(csv(ROWS))},
}


class TestLayouts:
    @pytest.mark.parametrize("location", list(LAYOUTS))
    def test_each_layout_is_the_same_table(self, location: str, bucket: Bucket) -> None:
        for path, content in LAYOUTS[location].items():
            bucket.put(path, content)
        assert read(location).equals(ROWS)
        profiles(location).check_keys()

    def test_a_delta_table_is_found_without_saying_that_it_is_one(self, bucket: Bucket) -> None:
        write_deltalake("s3://lake/delta", ROWS.to_arrow(), storage_options={"AWS_S3_ALLOW_UNSAFE_RENAME": "true"})
        assert read("delta").equals(ROWS)
        assert [it.version for it in profiles("delta").inputs()] == [0]

    def test_what_folders_tell_is_a_column(self, bucket: Bucket) -> None:
        for path, content in LAYOUTS["hive"].items():
            bucket.put(path, content)
        scanned = profiles("hive").scan(["Country"]).collect()
        assert sorted(scanned["Country"]) == ["BE", "NL", "NL"]

    def test_the_files_are_told_for_the_record(self, bucket: Bucket) -> None:
        bucket.put("parts/a.parquet", ROWS)
        (file,) = profiles("parts").inputs()
        assert (file.path, file.size_bytes) == ("s3://lake/parts/a.parquet", len(parquet(ROWS)))
        assert file.modified_at is not None

    def test_a_csv_of_several_blocks_is_whole(self, bucket: Bucket) -> None:
        rows = pl.DataFrame({"CustomerId": [f"C{number:07}" for number in range(200_000)]}).with_columns(
            EMail=pl.col("CustomerId") + "@a-long-name-so-that-the-file-grows.mail.example"
        )
        bucket.put("csv/big.csv", csv(rows))
        assert read("csv").equals(rows)


class TestSegments:
    def test_a_folder_with_a_table_a_segment(self, bucket: Bucket) -> None:
        keys = ROWS.select("CustomerId")
        bucket.put("segments/50%25 off, A%2FB.parquet", keys[:1])
        bucket.put("segments/Few/part-0.parquet", keys[:1])
        bucket.put("segments/Few/deep/part-1.parquet", keys[1:2])
        bucket.put("segments/csv.csv", csv(keys))
        bucket.put("segments/_SUCCESS", b"")
        catalog = toolkit.SegmentFolder(location="s3://lake/segments/", key="CustomerId")
        assert catalog.names() == ["50% off, A/B", "csv", "Few"]
        assert catalog.summary().select("segment", "rows").rows() == [("50% off, A/B", 1), ("csv", 3), ("Few", 2)]
        assert catalog.scan(["Few", "50% off, A/B"]).collect().height == 3
        assert [it.path for it in catalog.inputs(["Few"])] == [
            "s3://lake/segments/Few/deep/part-1.parquet",
            "s3://lake/segments/Few/part-0.parquet",
        ]

    def test_one_table_of_memberships(self, bucket: Bucket) -> None:
        bucket.put("memberships.parquet", ROWS.with_columns(Segment=pl.Series(["Big", "Big", "Small"])))
        catalog = toolkit.SegmentTable(location="s3://lake/memberships.parquet", key="CustomerId", segment="Segment")
        assert catalog.names() == ["Big", "Small"]
        assert sorted(catalog.scan(["Big"]).collect()["customer"]) == ["C1", "C2"]

    def test_a_workspace_previews_them(self, bucket: Bucket, tmp_path: Path) -> None:
        bucket.put("profiles/part-0.parquet", ROWS)
        bucket.put("segments/All.parquet", ROWS.select("CustomerId"))
        workspace = toolkit.open_workspace(
            tmp_path,
            profiles=profiles("profiles"),
            segments=toolkit.SegmentFolder(location="s3://lake/segments", key="CustomerId"),
            create=True,
        )
        assert workspace.preview("All", email_column="EMail").exportable == 3
        bucket.put("profiles/part-1.parquet", ROWS.with_columns(CustomerId=pl.lit("C4")))
        bucket.put("segments/New.parquet", ROWS.select("CustomerId"))
        assert list(workspace.segments) == ["All", "New"]
        with raises(ErrorCode.DATA, names=("C4", "s3://lake/profiles/part-1.parquet")):
            workspace.profiles.check_keys()


@pytest.fixture
def double() -> Iterator[CloudDouble]:
    with cloud_double() as server:
        yield server


def google(double: CloudDouble, monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Lead the environment to the double; return the URL of its bucket."""
    account = {"gcs_base_url": double.url, "disable_oauth": True, "client_email": "", "private_key": ""}
    person = {"type": "authorized_user", "client_id": "id", "client_secret": "secret", "refresh_token": "token"}
    (folder / "google.json").write_text(json.dumps(person | {"token_uri": f"{double.url}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(folder / "google.json"))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(account | {"private_key_id": ""}))
    monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", double.url)
    return "gs://lake"


def azure(double: CloudDouble, monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Lead the environment to the double; return the URL of its container."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"key").decode())
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", double.url)
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
    # Arrow can be told of another endpoint only by its arguments.
    ends = {"blob_storage_authority": double.authority, "dfs_storage_authority": double.authority}
    schemes = {"blob_storage_scheme": "http", "dfs_storage_scheme": "http"}
    monkeypatch.setattr(pyarrow.fs, "AzureFileSystem", partial(pyarrow.fs.AzureFileSystem, **ends, **schemes))
    return "abfss://lake@account.dfs.core.windows.net"


Cloud = Callable[[CloudDouble, pytest.MonkeyPatch, Path], str]


@pytest.mark.parametrize("cloud", [google, azure], ids=["gs", "abfss"])
class TestOtherClouds:
    @pytest.mark.parametrize("location", list(LAYOUTS))
    def test_each_layout_is_the_same_table(
        self, location: str, cloud: Cloud, double: CloudDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        double.objects = LAYOUTS[location]
        table = toolkit.Profiles(location=f"{cloud(double, monkeypatch, tmp_path)}/{location}", key="CustomerId")
        assert table.scan(["EMail"]).collect(engine="streaming").sort("CustomerId").equals(ROWS)
        assert sum(it.size_bytes or 0 for it in table.inputs()) == sum(map(len, LAYOUTS[location].values()))

    def test_a_delta_table_and_a_folder_of_segments(
        self, cloud: Cloud, double: CloudDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        write_deltalake(tmp_path / "delta", ROWS.to_arrow())
        for file in (tmp_path / "delta").rglob("*.*"):
            double.objects[f"segments/{file.relative_to(tmp_path)}"] = file.read_bytes()
        double.objects["segments/50%25 [NL].parquet"] = parquet(ROWS[:1])
        location = f"{cloud(double, monkeypatch, tmp_path)}/segments"
        catalog = toolkit.SegmentFolder(location=location, key="CustomerId")
        assert catalog.summary().select("segment", "rows").rows() == [("50% [NL]", 1), ("delta", 3)]

    def test_what_is_not_there_or_not_permitted_is_told(
        self, cloud: Cloud, double: CloudDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        double.objects = LAYOUTS["parts"]
        root = cloud(double, monkeypatch, tmp_path)
        with raises(ErrorCode.CONFIGURATION, names=f"{root}/none"):
            toolkit.Profiles(location=f"{root}/none", key="CustomerId").scan([])
        table = toolkit.Profiles(location=f"{root}/parts", key="CustomerId").look()
        double.denies = True
        with raises(ErrorCode.ACCESS, names=(f"{root}/parts", "profiles")):
            toolkit.Profiles(location=f"{root}/parts", key="CustomerId").scan([])
        with raises(ErrorCode.ACCESS, names=("profiles", f"{root}/parts")), blame_table(table):
            table.scan().collect()


class TestBroken:
    def test_nothing_is_there(self, bucket: Bucket) -> None:
        with raises(ErrorCode.CONFIGURATION, names=("s3://lake/none", "profiles")):
            read("none")
        with raises(ErrorCode.CONFIGURATION, names="s3://lake/none.parquet"):
            read("none.parquet")
        with raises(ErrorCode.CONFIGURATION, names=("s3://lake/none", "segments")):
            toolkit.SegmentFolder(location="s3://lake/none", key="CustomerId").names()

    @pytest.mark.parametrize("declared", ["parquet", "delta", None])
    def test_the_bucket_is_not_there(self, declared: str | None, bucket: Bucket) -> None:
        absent = toolkit.Profiles(location="s3://nowhere/profiles", key="CustomerId", format=declared)
        with raises(ErrorCode.CONFIGURATION, names="s3://nowhere/profiles"):
            absent.scan([])

    def test_a_file_is_empty(self, bucket: Bucket) -> None:
        bucket.put("parts/a.parquet", ROWS)
        bucket.put("parts/b.parquet", b"")
        with raises(ErrorCode.DATA, names="s3://lake/parts/b.parquet"):
            read("parts")

    def test_a_file_is_damaged(self, bucket: Bucket) -> None:
        bucket.put("parts/a.parquet", ROWS)
        bucket.put("parts/b.parquet", b"c039@mail.example is no Parquet")
        with raises(ErrorCode.DATA, names=("profiles", "s3://lake/parts/b.parquet")) as raised:
            profiles("parts").check_keys()
        assert "mail.example" not in str(raised.value)

    def test_a_csv_is_ragged(self, bucket: Bucket) -> None:
        bucket.put("parts/a.csv", b"CustomerId,EMail\nC1,a@mail.example\nC2\n")
        with raises(ErrorCode.DATA, names=("Row 3", "s3://lake/parts/a.csv")):
            read("parts")

    def test_a_file_goes_away(self, bucket: Bucket) -> None:
        for number in range(2):
            bucket.put(f"parts/{number}.parquet", ROWS[number : number + 1])
        table = profiles("parts").look()
        bucket.delete("parts/1.parquet")
        with raises(ErrorCode.BUSY, names="s3://lake/parts/1.parquet"), blame_table(table):
            table.scan().collect()

    @pytest.mark.parametrize("location", ["parts", "parts/a.parquet", "csv/a.csv", "delta"])
    def test_one_may_not_read_it(self, location: str, bucket: Bucket) -> None:
        bucket.put("parts/a.parquet", ROWS)
        bucket.put("csv/a.csv", csv(ROWS))
        write_deltalake("s3://lake/delta", ROWS.to_arrow(), storage_options={"AWS_S3_ALLOW_UNSAFE_RENAME": "true"})
        requests.post(f"{bucket.url}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
        try:
            with raises(ErrorCode.ACCESS, names=(f"s3://lake/{location}", "profiles", "credentials")):
                read(location)
        finally:
            requests.post(f"{bucket.url}/moto-api/reset-auth", data="inf", timeout=10).raise_for_status()

    def test_the_permission_is_taken_away_after_it_was_found(self, bucket: Bucket) -> None:
        bucket.put("parts/a.parquet", ROWS)
        table = profiles("parts").look()
        requests.post(f"{bucket.url}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
        try:
            with raises(ErrorCode.ACCESS, names=("s3://lake/parts/a.parquet", "profiles")), blame_table(table):
                table.scan().collect()
        finally:
            requests.post(f"{bucket.url}/moto-api/reset-auth", data="inf", timeout=10).raise_for_status()

    def test_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        environment(monkeypatch, f"http://127.0.0.1:{port}", AWS_MAX_ATTEMPTS="1")
        with raises(ErrorCode.UNAVAILABLE, names=("profiles", "s3://lake/parts", "credentials")):
            profiles("parts").scan([])
