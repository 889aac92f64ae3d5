"""STOW-RS: what is posted, and what the answers of a service mean."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from unseen.adapters.node_stow import StowTarget
from unseen.core.dicom_node import NodeTls, Target, TargetUnavailable

_FAILED = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]}}


@contextmanager
def service(status: int, answer: bytes) -> Iterator[tuple[Target, list[tuple[str, dict[str, str], bytes]]]]:
    """A service that answers always the same, and keeps what it was sent: path, headers, body."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Target("http", "127.0.0.1", server.server_address[1], path="/dicom-web/studies"), got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "2.25.1.dcm", tmp_path / "2.25.2.dcm"]
    for path in made:
        path.write_bytes(b"DICM\r\n--of " + path.name.encode())
    return made


def test_each_object_is_posted_whole_and_once(files: list[Path]) -> None:
    with service(200, b"{}") as (target, got):
        assert list(StowTarget(target, NodeTls(), "me:secret").send(files)) == [(f, "stored") for f in files]
    for file, (path, headers, body) in zip(files, got, strict=True):
        assert path == "/dicom-web/studies"
        assert headers["Authorization"] == "Basic bWU6c2VjcmV0"
        kind, _, border = headers["Content-Type"].partition("; boundary=")
        assert kind == 'multipart/related; type="application/dicom"'
        head, part, tail = body.partition(file.read_bytes())
        assert head == f"--{border}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        assert part
        assert tail == f"\r\n--{border}--\r\n".encode()


@pytest.mark.parametrize(
    ("status", "answer", "fate"),
    [
        (200, b"", "stored"),
        (202, json.dumps({"00081199": {}}).encode(), "stored"),
        (202, json.dumps(_FAILED).encode(), "refused"),
        (200, b"[1]", "stored"),
        (409, b"{}", "refused"),
        (400, b"", "refused"),
    ],
)
def test_answer_tells_what_became_of_an_object(files: list[Path], status: int, answer: bytes, fate: str) -> None:
    with service(status, answer) as (target, _):
        assert list(StowTarget(target, NodeTls()).send(files[:1])) == [(files[0], fate)]


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
def test_trouble_of_the_service_lets_objects_wait(files: list[Path], status: int) -> None:
    with service(status, b"") as (target, got):
        with pytest.raises(TargetUnavailable, match=str(status)):
            list(StowTarget(target, NodeTls()).send(files))
        assert len(got) == 1


def test_service_that_is_not_there_lets_objects_wait(files: list[Path]) -> None:
    with pytest.raises(TargetUnavailable):
        list(StowTarget(Target("http", "127.0.0.1", 9, path="/studies"), NodeTls()).send(files))
