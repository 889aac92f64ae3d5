"""The live server: pages, streams, who is let in, and who is not; asked over real connections."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from unseen.adapters.live import requests as live_requests
from unseen.adapters.live.http import HttpTarget
from unseen.adapters.live.viewers import Viewer
from unseen.core.live import MOST_LOOK_AHEAD, Listening, StreamHead, Unit, parse_target
from unseen.errors import Refused, UsageError

_TOKEN = "a-token-that-is-long"
_HEAD = StreamHead(64, 48, Fraction(25), "avc1.64000a", b"init")
Opener = Callable[..., HttpTarget]


@pytest.fixture
def opener() -> Iterator[Opener]:
    """A maker of servers on a free port of loopback, closed in the end."""
    opened: list[HttpTarget] = []

    def make(address: str = "http://127.0.0.1:0", listening: Listening | None = None) -> HttpTarget:
        target = HttpTarget(
            parse_target(address), listening or Listening(), ("door", "yard"),
            status=lambda: {"fine": True}, metrics=lambda: "unseen_live_fine 1\n",
        )  # fmt: skip
        opened.append(target)
        return target

    yield make
    for target in opened:
        target.close()


def _port(target: HttpTarget) -> int:
    return int(target.address.rstrip("/").rpartition(":")[2])


def _get(target: HttpTarget, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", _port(target), timeout=60)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.mark.parametrize(
    "path", ["/", "/door", "/door/play", "/style.css", "/overview.js", "/player.js", "/favicon.ico"]
)
def test_pages_are_there_and_load_nothing_from_elsewhere(opener: Opener, path: str) -> None:
    status, headers, body = _get(opener(), path)
    assert status == 200
    assert b"://" not in body.replace(b"http://www.w3.org/2000/svg", b"")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "python" not in headers["server"].lower()


def test_status_and_metrics_are_told(opener: Opener) -> None:
    target = opener()
    assert json.loads(_get(target, "/status")[2]) == {"fine": True}
    assert _get(target, "/metrics")[2] == b"unseen_live_fine 1\n"


@pytest.mark.parametrize("path", ["/", "/door", "/door/play", "/style.css", "/status", "/metrics", "/nobody"])
def test_head_is_answered_as_get_without_a_body(opener: Opener, path: str) -> None:
    target = opener()
    status, headers, body = _get(target, path)
    asked = http.client.HTTPConnection("127.0.0.1", _port(target), timeout=60)
    asked.request("HEAD", path)
    answer = asked.getresponse()
    assert (answer.status, answer.headers["Content-Length"]) == (status, str(len(body)))
    assert answer.headers["Content-Type"] == headers["content-type"]
    answer.read()
    if status == 200:  # the connection is as it was: nothing lies in it that would be read for the next answer
        asked.request("GET", path)
        assert asked.getresponse().read() == body
    asked.close()


@pytest.mark.parametrize("path", ["/door/mjpeg", "/yard/stream", "/door/still"])
def test_head_of_a_stream_is_refused_and_opens_none(opener: Opener, path: str) -> None:
    target = opener()
    with socket.create_connection(("127.0.0.1", _port(target)), 60) as asked:
        asked.sendall(f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        with asked.makefile("rb") as answer:
            said = answer.read()
    assert said.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET\r\n" in said
    assert said.endswith(b"\r\n\r\n")
    assert not target.watching(path.split("/")[1])


def test_single_pictures_are_the_next_ones_over_one_connection_and_leave_no_viewer(opener: Opener) -> None:
    target = opener()
    asked = http.client.HTTPConnection("127.0.0.1", _port(target), timeout=60)
    target.send("door", Unit("jpeg", b"too early", 0.0))
    used = set()
    for number in range(2):
        asked.request("GET", f"/door/still?{number}")
        _until(lambda: target.watching("door"))
        target.send("door", Unit("mp4", b"of another kind", 0.0, True, _HEAD))
        target.send("door", Unit("jpeg", b"picture %d" % number, 0.0))
        answer = asked.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.read() == b"picture %d" % number
        assert not target.watching("door")
        used.add(asked.sock.getsockname())
    assert len(used) == 1
    asked.close()


def test_single_picture_that_does_not_come_is_an_error(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_requests, "_STILL", 0.01)
    target = opener()
    status, headers, body = _get(target, "/door/still")
    assert (status, headers["content-type"], body) == (503, "text/plain; charset=utf-8", b"no picture comes now\n")
    assert not target.watching("door")


def test_single_picture_is_waited_for_longer_than_no_signal_is_with_the_longest_look_ahead(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = list[float]()
    monkeypatch.setattr(Viewer, "next", lambda _, seconds: waits.append(seconds))
    assert _get(opener(), "/door/still")[0] == 503
    (waited,) = waits
    assert waited > MOST_LOOK_AHEAD + 1.0, "a second more than frames wait without any, a camera says NO SIGNAL"


def test_head_needs_the_token_too(opener: Opener) -> None:
    asked = http.client.HTTPConnection("127.0.0.1", _port(opener(listening=Listening(token=_TOKEN))), timeout=60)
    asked.request("HEAD", "/status")
    assert asked.getresponse().status == 401
    asked.close()


@pytest.mark.parametrize("path", ["/nobody", "/door/raw", "/../etc/passwd", "/door/play/x"])
def test_other_addresses_are_not_there(opener: Opener, path: str) -> None:
    assert _get(opener(), path)[0] == 404


@pytest.mark.parametrize(("path", "status"), [("rtsp://[/x", 400), ("x://]/door?token=x", 400), ("//[/x", 404)])
def test_address_that_is_none_is_answered(opener: Opener, path: str, status: int) -> None:
    assert _get(opener(), path)[0] == status


def test_other_methods_are_refused(opener: Opener) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", _port(opener()), timeout=60)
    connection.request("POST", "/", body=b"x")
    assert connection.getresponse().status == 501
    connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "["},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "http://["},
        {"Origin": "null"},
    ],
)
def test_other_sites_get_nothing(opener: Opener, headers: dict[str, str]) -> None:
    assert _get(opener(), "/status", **headers)[0] == 403


def _until(done: Callable[[], Any]) -> None:
    until = time.monotonic() + 60
    while not done() and time.monotonic() < until:
        time.sleep(0.01)
    assert done()


def test_pictures_come_one_after_another(opener: Opener) -> None:
    target = opener()
    connection = http.client.HTTPConnection("127.0.0.1", _port(target), timeout=60)
    connection.request("GET", "/door/mjpeg")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type", "").startswith("multipart/x-mixed-replace; boundary=")
    _until(lambda: target.watching("door"))
    assert target.wants("door") == (frozenset({"jpeg"}), False)
    assert target.wants("yard") == (frozenset(), False)
    for picture in (b"first", b"second"):
        target.send("door", Unit("jpeg", picture, 0.0))
        part = b""
        while not part.endswith(picture + b"\r\n"):
            part += answer.read(1)
        assert f"Content-Length: {len(picture)}".encode() in part
    connection.close()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Look often whether viewers are gone, and note what each look said."""
    said: list[bool] = []
    is_gone = live_requests.Handler._is_gone

    def noted(handler: live_requests.Handler) -> bool:
        said.append(is_gone(handler))
        return said[-1]

    monkeypatch.setattr(live_requests, "_LOOK", 0.02)
    monkeypatch.setattr(live_requests.Handler, "_is_gone", noted)
    return said


def _looked_again(looks: list[bool]) -> None:
    """Wait until who stays was looked at some more times, without being gone."""
    before = len(looks)
    _until(lambda: len(looks) > before + 5)
    assert not any(looks[before:])


def test_who_left_a_camera_that_sends_nothing_keeps_no_place(opener: Opener, looks: list[bool]) -> None:
    target = opener()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", _port(target)), timeout=60) as viewer:
            viewer.sendall(b"GET /door/mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert viewer.recv(12) == b"HTTP/1.1 200"
    with socket.create_connection(("127.0.0.1", _port(target)), timeout=60) as stays:
        stays.sendall(b"GET /door/mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nand more")
        _until(lambda: target.watching("door") == 1)
        _looked_again(looks)
        assert target.watching("door") == 1


def test_mp4_comes_over_websocket(opener: Opener) -> None:
    target = opener()
    with connect(f"ws://127.0.0.1:{_port(target)}/door/stream") as viewer:
        _until(lambda: target.wants("door") == (frozenset({"mp4"}), True))
        target.send("door", Unit("mp4", b"too early", 0.0, False, _HEAD))
        target.send("door", Unit("mp4", b"first", 0.04, True, _HEAD))
        target.send("door", Unit("mp4", b"x" * 70_000, 0.08, False, _HEAD))
        assert [viewer.recv(timeout=30) for _ in range(3)] == ["avc1.64000a", b"init", b"first"]
        assert viewer.recv(timeout=30) == b"x" * 70_000
    _until(lambda: not target.watching("door"))


def test_pings_are_answered_between_pictures(opener: Opener) -> None:
    target = opener()
    with connect(f"ws://127.0.0.1:{_port(target)}/door/stream") as viewer:
        _until(lambda: target.watching("door"))
        target.send("door", Unit("mp4", b"x" * 900_000, 0.0, True, _HEAD))
        answers = [viewer.ping(text) for text in ("", "a" * 125)]
        assert [viewer.recv(timeout=30) for _ in range(3)] == ["avc1.64000a", b"init", b"x" * 900_000]
        assert all(answer.wait(30) for answer in answers)


def _viewer(opener: Opener, certificate: tuple[Path, Path], *, tls: bool) -> socket.socket:
    """Return a connection to a service of its own."""
    target = opener(f"http{'s' if tls else ''}://127.0.0.1:0", Listening(*certificate))
    viewer = socket.create_connection(("127.0.0.1", _port(target)), timeout=30)
    if not tls:
        return viewer
    return ssl.create_default_context(cafile=str(certificate[0])).wrap_socket(viewer, server_hostname="127.0.0.1")


@pytest.mark.parametrize("tls", [False, True])
def test_pings_that_come_together_are_all_answered(
    opener: Opener, certificate: tuple[Path, Path], *, tls: bool
) -> None:
    with _viewer(opener, certificate, tls=tls) as viewer:
        viewer.sendall(
            b"GET /door/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += viewer.recv(1)
        viewer.sendall(b"".join(b"\x89\x82\0\0\0\0" + text for text in (b"no", b"ir", b"et")))
        answers = b""
        while len(answers) < 12 and (part := viewer.recv(12)):
            answers += part
    assert answers == b"\x8a\x02no\x8a\x02ir\x8a\x02et"


def test_all_viewers_get_the_same_picture(opener: Opener) -> None:
    target = opener()
    address = f"ws://127.0.0.1:{_port(target)}/yard/stream"
    with connect(address) as one, connect(address) as two:
        _until(lambda: target.watching("yard") == 2)
        target.send("yard", Unit("mp4", b"picture", 0.0, True, _HEAD))
        for viewer in (one, two):
            assert [viewer.recv(timeout=30) for _ in range(3)] == ["avc1.64000a", b"init", b"picture"]


def test_websocket_of_another_site_is_refused(opener: Opener) -> None:
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://127.0.0.1:{_port(opener())}/door/stream", origin=Origin("http://evil.example")),
    ):
        pass


def test_stream_without_websocket_says_what_it_is_for(opener: Opener) -> None:
    assert _get(opener(), "/door/stream")[0] == 426


def test_closing_lets_viewers_go(opener: Opener) -> None:
    target = opener()
    with connect(f"ws://127.0.0.1:{_port(target)}/door/stream") as viewer:
        _until(lambda: target.watching("door"))
        closer = threading.Thread(target=target.close)
        closer.start()
        assert list(viewer) == []
        closer.join(10)
        assert not closer.is_alive()


def test_token_opens_for_programs_and_for_browsers(opener: Opener) -> None:
    target = opener(listening=Listening(token=_TOKEN))
    assert _get(target, "/status")[0] == 401
    assert _get(target, "/status")[1]["connection"] == "close"
    assert _get(target, "/status", Authorization="Bearer wrong")[0] == 401
    assert _get(target, "/status?token=wrong")[0] == 401
    assert _get(target, "/status", Authorization=f"Bearer {_TOKEN}")[0] == 200
    status, headers, _ = _get(target, f"/door?token={_TOKEN}")
    assert (status, headers["location"]) == (303, "/door")
    cookie = headers["set-cookie"]
    assert _TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert _get(target, "/door", Cookie=cookie.partition(";")[0])[0] == 200
    assert _get(target, "/door", Cookie=f"{cookie.partition('=')[0]}=wrong")[0] == 401


def test_browser_that_two_services_of_one_host_let_in_stays_let_in_at_both(opener: Opener) -> None:
    tokens = (_TOKEN, f"another-{_TOKEN}")
    targets = [opener(listening=Listening(token=token)) for token in tokens]
    jar: dict[str, str] = {}  # browsers keep one for all ports of a host
    for target, token in zip(targets, tokens, strict=True):
        name, _, value = _get(target, f"/?token={token}")[1]["set-cookie"].partition(";")[0].partition("=")
        jar[name] = value
    cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
    assert [_get(target, "/", Cookie=cookies)[0] for target in targets] == [200, 200]


def test_token_leads_nowhere_else(opener: Opener) -> None:
    target = opener(listening=Listening(token=_TOKEN))
    assert _get(target, f"//evil.example/?token={_TOKEN}")[1]["location"].startswith("/")
    assert not _get(target, f"//evil.example/?token={_TOKEN}")[1]["location"].startswith("//")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        ["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_everything_works_over_tls(opener: Opener, certificate: tuple[Path, Path]) -> None:
    target = opener("https://127.0.0.1:0", Listening(*certificate, token=_TOKEN))
    context = ssl.create_default_context(cafile=str(certificate[0]))
    connection = http.client.HTTPSConnection("127.0.0.1", _port(target), timeout=60, context=context)
    connection.request("GET", f"/?token={_TOKEN}")
    assert "; Secure" in connection.getresponse().headers["Set-Cookie"]
    connection.close()
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    with connect(f"wss://127.0.0.1:{_port(target)}/door/stream", ssl=context, additional_headers=headers) as viewer:
        _until(lambda: target.watching("door"))
        target.send("door", Unit("mp4", b"picture", 0.0, True, _HEAD))
        assert viewer.recv(timeout=30) == "avc1.64000a"


def test_who_left_over_tls_keeps_no_place(opener: Opener, certificate: tuple[Path, Path], looks: list[bool]) -> None:
    target = opener("https://127.0.0.1:0", Listening(*certificate))
    context = ssl.create_default_context(cafile=str(certificate[0]))
    request = b"GET /door/mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    place = ("127.0.0.1", _port(target))
    with context.wrap_socket(socket.create_connection(place, timeout=60), server_hostname="127.0.0.1") as stays:
        with context.wrap_socket(socket.create_connection(place, timeout=60), server_hostname="127.0.0.1") as leaves:
            for viewer in (stays, leaves):
                viewer.sendall(request)
            _until(lambda: target.watching("door") == 2)
        _until(lambda: target.watching("door") == 1)
        _looked_again(looks)
        target.send("door", Unit("jpeg", b"picture", 0.0))
        heard = b""
        while b"picture" not in heard:
            heard += stays.recv(4096)


def test_who_does_not_speak_tls_holds_up_nobody(opener: Opener, certificate: tuple[Path, Path]) -> None:
    target = opener("https://127.0.0.1:0", Listening(*certificate))
    with socket.create_connection(("127.0.0.1", _port(target))):
        context = ssl.create_default_context(cafile=str(certificate[0]))
        connection = http.client.HTTPSConnection("127.0.0.1", _port(target), timeout=30, context=context)
        connection.request("GET", "/status")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX-Slow: ", b"G"])
@pytest.mark.parametrize("tls", [False, True])
def test_who_asks_slowly_keeps_no_connection(
    opener: Opener, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, head: bytes, *, tls: bool
) -> None:
    monkeypatch.setattr(live_requests, "_ASKING", 1.0)
    with _viewer(opener, certificate, tls=tls) as viewer:
        viewer.sendall(head)
        viewer.settimeout(0.1)
        until, heard = time.monotonic() + 15, None
        while heard is None and time.monotonic() < until:
            try:
                viewer.sendall(b"x")
                heard = viewer.recv(1)
            except TimeoutError:
                continue
            except OSError:
                heard = b""
    assert heard == b""


def test_connection_is_kept_between_requests(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    later = 0.0
    monkeypatch.setattr(live_requests, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later))
    connection = http.client.HTTPConnection("127.0.0.1", _port(opener()), timeout=60)
    connection.connect()
    place = connection.sock.getsockname()
    for _ in range(6):
        connection.request("GET", "/status")
        assert connection.getresponse().read()
        assert connection.sock.getsockname() == place
        later += live_requests._ASKING / 2
    connection.close()


def test_unprotected_address_is_refused_before_anything_listens(opener: Opener) -> None:
    with pytest.raises(Refused):
        opener("http://0.0.0.0:0")


def test_taken_port_is_an_error(opener: Opener) -> None:
    port = _port(opener())
    with pytest.raises(UsageError, match="another port"):
        opener(f"http://127.0.0.1:{port}")


def test_certificate_that_is_none_is_an_error(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="PEM"):
        opener("https://127.0.0.1:0", Listening(tmp_path / "c.pem", tmp_path / "c.pem"))
