"""The part of Google's and Azure's storage protocols that reading needs, over objects in memory.

Arrow lists through Google's JSON calls, Polars and Delta read through its XML calls; at Azure all use the Blob calls.
"""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

WHEN = "Thu, 01 Jan 2026 00:00:00 GMT"
JSON_CALLS = "/storage/v1/b/lake"


class CloudDouble(ThreadingHTTPServer):
    """Answers as the bucket, or container, ``lake``, to whoever comes with any credentials."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.objects: dict[str, bytes] = {}
        self.denies = False

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    def listed(self, prefix: str, delimiter: str) -> tuple[list[str], list[str]]:
        """Return the objects, and the folders, that a listing shows."""
        found = sorted(name for name in self.objects if name.startswith(prefix))
        direct = [name for name in found if not delimiter or delimiter not in name[len(prefix) :]]
        below = {prefix + name[len(prefix) :].split("/")[0] + "/" for name in found if name not in direct}
        return direct, sorted(below)


@contextmanager
def cloud_double() -> Iterator[CloudDouble]:
    with CloudDouble() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CloudDouble

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer_json({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path).removeprefix("/account")
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        bucket = path.strip("/").partition("/")[0]
        if self.server.denies:
            self._answer(
                403, b"<Error><Code>AuthorizationFailure</Code></Error>", "x-ms-error-code: AuthorizationFailure"
            )
        elif path.startswith(JSON_CALLS):
            self._answer_google(path.removeprefix(JSON_CALLS).removeprefix("/o").strip("/"), asked)
        elif bucket != "lake":
            self._answer(404, b"<Error><Code>ContainerNotFound</Code></Error>", "x-ms-error-code: ContainerNotFound")
        elif asked.get("comp") == "list":
            self._answer(200, _azure_listing(self.server, prefix, delimiter), "Content-Type: application/xml")
        elif "list-type" in asked:
            self._answer(200, _xml_listing(self.server, prefix, delimiter), "Content-Type: application/xml")
        elif asked.get("action") == "getAccessControl":
            self._answer(200, b"", "x-ms-acl: user::rwx")
        else:
            self._answer_object(path.removeprefix("/lake").strip("/"))

    def _answer_google(self, name: str, asked: dict[str, str]) -> None:
        if name in self.server.objects:
            if asked.get("alt") == "media":
                self._answer_object(name)
            else:
                self._answer_json(_google_object(self.server, name))
        elif name:
            self._answer_json({"error": {"code": 404, "message": "Not Found"}}, status=404)
        else:
            direct, below = self.server.listed(asked.get("prefix", ""), asked.get("delimiter", ""))
            self._answer_json({"items": [_google_object(self.server, it) for it in direct], "prefixes": below})

    def _answer_object(self, name: str) -> None:
        content = self.server.objects.get(name)
        if content is None:
            self._answer(404, b"<Error><Code>BlobNotFound</Code></Error>", "x-ms-error-code: BlobNotFound")
            return
        wanted = self.headers.get("Range") or self.headers.get("x-ms-range")
        if wanted is None:
            self._answer(200, content)
            return
        begin, _, last = wanted.removeprefix("bytes=").partition("-")
        first = int(begin) if begin else max(0, len(content) - int(last))
        end = min(int(last) + 1, len(content)) if begin and last else len(content)
        self._answer(206, content[first:end], f"Content-Range: bytes {first}-{end - 1}/{len(content)}")

    def _answer_json(self, body: object, *, status: int = 200) -> None:
        self._answer(status, json.dumps(body).encode(), "Content-Type: application/json")

    def _answer(self, status: int, body: bytes, *headers: str) -> None:
        self.send_response(status)
        always = ['ETag: "0x1"', f"Last-Modified: {WHEN}", f"x-ms-creation-time: {WHEN}", "x-ms-blob-type: BlockBlob"]
        google = ["x-goog-generation: 1", "x-ms-server-encrypted: true", f"Content-Length: {len(body)}"]
        for header in (*headers, *always, *google):
            self.send_header(*header.split(": ", 1))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _google_object(server: CloudDouble, name: str) -> dict[str, str]:
    when = "2026-01-01T00:00:00.000Z"
    size = str(len(server.objects[name]))
    return {"name": name, "bucket": "lake", "size": size, "generation": "1", "updated": when, "timeCreated": when}


def _xml_listing(server: CloudDouble, prefix: str, delimiter: str) -> bytes:
    direct, below = server.listed(prefix, delimiter)
    entries = _elements(
        (
            f"<Contents><Key>{escape(name)}</Key><Size>{len(server.objects[name])}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>1</ETag></Contents>"
            for name in direct
        ),
        (f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in below),
    )
    return f"<ListBucketResult>{entries}</ListBucketResult>".encode()


def _azure_listing(server: CloudDouble, prefix: str, delimiter: str) -> bytes:
    direct, below = server.listed(prefix, delimiter)
    entries = _elements(
        (
            f"<Blob><Name>{escape(name)}</Name><Properties><Creation-Time>{WHEN}</Creation-Time>"
            f"<Last-Modified>{WHEN}</Last-Modified><Etag>0x1</Etag><BlobType>BlockBlob</BlobType>"
            f"<Content-Length>{len(server.objects[name])}</Content-Length><Content-Type>x</Content-Type>"
            "</Properties></Blob>"
            for name in direct
        ),
        (f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in below),
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x" ContainerName="lake">'
        f"<Blobs>{entries}</Blobs><NextMarker/></EnumerationResults>"
    ).encode()


def _elements(*parts: Iterable[str]) -> str:
    return "".join(element for part in parts for element in part)
