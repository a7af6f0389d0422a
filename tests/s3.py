"""A server on loopback that speaks as much of S3's protocol as a reader needs: ListObjectsV2, HeadObject, GetObject with Range.

Folders below `root` are buckets. Nothing is signed or paid: what a real bucket does besides is not shown by it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 50  # keys in one answer, so that lists have pages


class Server(ThreadingHTTPServer):
    """got: keys that were fetched. cut: keys whose contents end halfway. forbidden: buckets that may not be read.

    stalled: keys that are not sent before `released`; `reached` says that one was asked for.
    """

    daemon_threads = True

    def __init__(self, root: Path):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.got, self.asked = root, [], 0
        self.cut: set[str] = set()
        self.forbidden: set[str] = set()
        self.stalled: set[str] = set()
        self.reached, self.released = Event(), Event()
        self.extra: dict[str, bytes] = {}  # bucket/key: contents, of keys that are no path

    def uri(self, path: str) -> str:
        """s3://… of bucket/key, with where the server is."""
        return f"s3://{path}?endpoint_override=127.0.0.1:{self.server_port}&scheme=http&region=us-east-1"


@contextmanager
def serving(root: Path) -> Iterator[Server]:
    server = Server(root)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.server.asked += 1
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if bucket in self.server.forbidden:
            self._refuse(403, "AccessDenied")
        elif not (self.server.root / bucket).is_dir():
            self._refuse(404, "NoSuchBucket")
        elif not key:
            self._send(200, self._list(bucket, parse_qs(url.query, keep_blank_values=True)) if with_body else b"")
        else:
            self._object(bucket, key, with_body)

    def _object(self, bucket: str, key: str, with_body: bool) -> None:
        keys = self._keys(bucket)
        if key not in keys:
            return self._refuse(404, "NoSuchKey")
        size, modified = self._facts(bucket, key)
        headers = {"Last-Modified": format_datetime(modified, usegmt=True), "ETag": '"0"', "Accept-Ranges": "bytes"}
        if not with_body:
            return self._send(200, b"", {**headers, "Content-Length": str(size)})
        if key in self.server.stalled:
            self.server.reached.set()
            self.server.released.wait(60)
        self.server.got.append(key)
        contents = self.server.extra.get(f"{bucket}/{key}") or (self.server.root / bucket / key).read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = min(int(asked[2]) + 1 if asked and asked[2] else len(contents), len(contents))
        part = contents[start:end]
        headers |= {"Content-Length": str(len(part))}
        headers |= {"Content-Range": f"bytes {start}-{end - 1}/{len(contents)}"} if asked else {}
        if key in self.server.cut:
            part, self.close_connection = part[: len(part) // 2], True
        self._send(206 if asked else 200, part, headers)

    def _keys(self, bucket: str) -> list[str]:
        folder = self.server.root / bucket
        files = [os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names]
        return sorted([*files, *(key.partition("/")[2] for key in self.server.extra if key.startswith(f"{bucket}/"))])

    def _facts(self, bucket: str, key: str) -> tuple[int, datetime]:
        """Size, and when it was last modified."""
        if f"{bucket}/{key}" in self.server.extra:
            return len(self.server.extra[f"{bucket}/{key}"]), datetime(2024, 1, 1, tzinfo=UTC)
        status = (self.server.root / bucket / key).stat()
        return status.st_size, datetime.fromtimestamp(int(status.st_mtime), UTC)

    def _list(self, bucket: str, query: dict[str, list[str]]) -> bytes:
        """By pages; keys that go on after the delimiter are told together, as a folder."""
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        after, count = query.get("continuation-token", [""])[0], min(PAGE, int(query.get("max-keys", [PAGE])[0]))
        found: dict[str, bool] = {}  # name: whether it is a folder
        for key in self._keys(bucket):
            head, mark, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key[len(prefix) :], "", "")
            if key.startswith(prefix) and prefix + head + mark > after:
                found[prefix + head + mark] = bool(mark)
        page = sorted(found)[:count]
        parts = [f"<IsTruncated>{'true' if len(found) > len(page) else 'false'}</IsTruncated>"]
        parts += [f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"] if len(found) > len(page) else []
        encoded = quote if "encoding-type" in query else escape
        for name in page:
            if found[name]:
                parts.append(f"<CommonPrefixes><Prefix>{encoded(name)}</Prefix></CommonPrefixes>")
                continue
            size, modified = self._facts(bucket, name)
            when = modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            parts.append(
                f"<Contents><Key>{encoded(name)}</Key><LastModified>{when}</LastModified><Size>{size}</Size></Contents>"
            )
        parts.append(f"<KeyCount>{len(page)}</KeyCount><Name>{bucket}</Name><Prefix>{encoded(prefix)}</Prefix>")
        return f"<?xml version='1.0'?><ListBucketResult>{''.join(parts)}</ListBucketResult>".encode()

    def _refuse(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self._send(status, body if self.command == "GET" else b"")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Content-Type": "application/xml"} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        """Tests are quiet."""
