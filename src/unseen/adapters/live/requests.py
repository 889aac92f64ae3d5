"""What one viewer's connection asks for, and whether it may."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from unseen.adapters.live import websocket as live_websocket
from unseen.adapters.live.pages import OVERVIEW, PLAYER, STYLE, index_page, picture_page, player_page
from unseen.adapters.live.viewers import Viewer
from unseen.core.live import MOST_LOOK_AHEAD, UnitKind, is_loopback

__all__ = ["Handler"]

_BOUNDARY = "unseen-frame"
_ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="2"/></svg>'
#: Seconds after which a viewer that does not take a picture is let go, and between signs of life to one.
_PATIENCE, _QUIET = 10.0, 5.0
#: Seconds for which a single picture is waited for: longer than a camera sends none before it says NO SIGNAL, which is
#: a second and the look-ahead, or five seconds.
_STILL = MOST_LOOK_AHEAD + 2.0
#: Seconds after which it is looked whether a viewer that gets no picture is still there.
_LOOK = 1.0
#: Seconds for a whole request, from when the connection is ready for it: who sends byte after byte has no more.
_ASKING = 10.0
_POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; media-src blob:"
_PICTURES = ("still", "mjpeg", "stream")
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "no-store",
}


class _Asking(io.RawIOBase):
    """Reads from a connection up to a moment, however often; a socket's own timeout begins again at each read."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self.until = time.monotonic() + _ASKING

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; raises TimeoutError when the moment has come."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD alone; the server says which cameras there are, and which token opens them."""

    server: Any
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "unseen", ""
    timeout = _PATIENCE

    def setup(self) -> None:
        """Prepare a connection: requests are read within a time, frames written by two threads, which take turns."""
        super().setup()
        self._turn = threading.Lock()
        self.rfile.close()
        self._asking = _Asking(self.connection)
        self.rfile = io.BufferedReader(self._asking)

    def handle_one_request(self) -> None:
        """Read a request and answer it."""
        self._asking.until = time.monotonic() + _ASKING
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Read the rest of a request's head; the answer then has its own time again."""
        try:
            return super().parse_request()
        finally:
            self.connection.settimeout(_PATIENCE)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: addresses may hold a token, and who watches is personal."""

    def do_GET(self) -> None:
        """Answer a request, or say no."""
        try:
            parts = urlsplit(self.path)
        except ValueError:
            self._say(HTTPStatus.BAD_REQUEST, "this is no address")
            return
        if not self._is_from_here():
            self._say(HTTPStatus.FORBIDDEN, "asked by another site")
        elif (token := parse_qs(parts.query).get("token", [""])[0]) and self._is_token(token):
            self._let_in(parts.path)
        elif not self._is_let_in():
            self._say(HTTPStatus.UNAUTHORIZED, "a token is needed: open this address with ?token=... once")
        else:
            self._route(parts.path)

    def do_HEAD(self) -> None:
        """Answer a request as GET does, without the body."""
        self.do_GET()

    def _route(self, path: str) -> None:
        fixed: dict[str, Callable[[], tuple[str, bytes]]] = {
            "/": lambda: ("text/html; charset=utf-8", index_page(self.server.cameras)),
            "/favicon.ico": lambda: ("image/svg+xml", _ICON),
            "/style.css": lambda: ("text/css; charset=utf-8", STYLE.encode()),
            "/overview.js": lambda: ("text/javascript; charset=utf-8", OVERVIEW.encode()),
            "/player.js": lambda: ("text/javascript; charset=utf-8", PLAYER.encode()),
            "/status": lambda: ("application/json", self.server.status().encode()),
            "/metrics": lambda: ("text/plain; version=0.0.4; charset=utf-8", self.server.metrics().encode()),
        }
        if path in fixed:
            self._send(*fixed[path]())
            return
        camera, _, what = path.lstrip("/").partition("/")
        if camera not in self.server.cameras or what not in ("", "play", *_PICTURES):
            self._say(HTTPStatus.NOT_FOUND, "nothing is here")
        elif self.command == "HEAD" and what in _PICTURES:
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, "pictures are for GET")
        elif what == "still":
            self._still(camera)
        elif what == "mjpeg":
            self._watch(camera, "jpeg")
        elif what == "stream":
            self._watch(camera, "mp4")
        else:
            page = player_page(camera) if what == "play" else picture_page(camera)
            self._send("text/html; charset=utf-8", page)

    def _is_from_here(self) -> bool:
        """Whether no other web site sent the browser here: names that lead to loopback by a trick, foreign pages."""
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        try:
            if origin is not None and urlsplit(origin).netloc != host:
                return False
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return self.server.token is not None or not self.server.local or is_loopback(name)

    def _is_token(self, given: str) -> bool:
        wanted = self.server.token
        return wanted is not None and hmac.compare_digest(given.encode(), wanted.encode())

    def _is_let_in(self) -> bool:
        if self.server.token is None:
            return True
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        with contextlib.suppress(CookieError):
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self._cookie)
            return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._pass().encode())
        return False

    @property
    def _cookie(self) -> str:
        """The cookie's name: browsers send cookies to every port of a host, and another service may be at another."""
        return f"unseen-{self.server.server_port}"

    def _pass(self) -> str:
        """Return what a browser keeps instead of the token."""
        return hmac.new(self.server.token.encode(), b"unseen live viewer", hashlib.sha256).hexdigest()

    def _let_in(self, path: str) -> None:
        """Give the browser its pass and send it on, so that the token does not stay in its address line."""
        self.send_response(HTTPStatus.SEE_OTHER)
        secure = "; Secure" if self.server.secure else ""
        self.send_header("Set-Cookie", f"{self._cookie}={self._pass()}; Path=/; HttpOnly; SameSite=Strict{secure}")
        self.send_header("Location", "/" + path.lstrip("/"))
        self.send_header("Content-Length", "0")
        self._end()

    def _end(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, kind: str, body: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status != HTTPStatus.OK:
            self.send_header("Connection", "close")  # who is not let in keeps no connection by asking again
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        self._end()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send("text/plain; charset=utf-8", f"{text}\n".encode(), status)

    def _still(self, camera: str) -> None:
        """Send the next picture as JPEG, and keep the connection."""
        viewer = self.server.viewers.join(camera, "jpeg")
        if viewer is None:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "too many viewers")
            return
        try:
            unit = viewer.next(_STILL)
        finally:
            self.server.viewers.leave(camera, viewer)
        if unit is None:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "no picture comes now")
        else:
            self._send("image/jpeg", unit.data)

    def _watch(self, camera: str, kind: UnitKind) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        if kind == "mp4" and (key is None or self.headers.get("Upgrade", "").lower() != "websocket"):
            self._say(HTTPStatus.UPGRADE_REQUIRED, "this is for WebSocket: open the page that ends in /play")
            return
        viewer = self.server.viewers.join(camera, kind)
        if viewer is None:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "too many viewers")
            return
        self.close_connection = True
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if kind == "jpeg":
                self._pictures(viewer)
            else:
                self._fragments(viewer, key or "")
        finally:
            self.server.viewers.leave(camera, viewer)

    def _pictures(self, viewer: Viewer) -> None:
        """Send JPEG pictures, each in place of the one before, until the viewer goes."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Connection", "close")
        self._end()
        while not viewer.closed:
            unit = viewer.next(_LOOK)
            if unit is not None:
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(unit.data)}\r\n\r\n"
                self.wfile.write(head.encode() + unit.data + b"\r\n")
            elif self._is_gone():
                break

    def _is_gone(self) -> bool:
        """Whether a viewer that has nothing more to say closed the connection; what it says all the same is dropped."""
        if not select.select([self.connection], [], [], 0)[0]:
            return False
        self.connection.settimeout(0)
        try:
            # Read, not peeked at: TLS cannot peek, and its own records may be all there is to read.
            return not self.connection.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(_PATIENCE)

    def _fragments(self, viewer: Viewer, key: str) -> None:
        """Send the codec as text, then MP4 in binary messages, until the viewer goes."""
        try:
            answer = live_websocket.accept_key(key)
        except ValueError:
            self._say(HTTPStatus.BAD_REQUEST, "no WebSocket key")
            return
        self.send_response(HTTPStatus.SWITCHING_PROTOCOLS)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", answer)):
            self.send_header(name, value)
        self.end_headers()
        threading.Thread(target=self._listen, args=(viewer,), daemon=True).start()
        told = None
        while not viewer.closed:
            unit = viewer.next(_QUIET)
            if unit is None:
                self._tell(b"", live_websocket.PING)
                continue
            if unit.head is not None and unit.head is not told:
                told = unit.head
                self._tell(told.codec.encode(), live_websocket.TEXT)
                self._tell(told.init)
            self._tell(unit.data)
        with contextlib.suppress(OSError):
            self._tell(b"\x03\xe9", live_websocket.CLOSE)

    def _tell(self, data: bytes, kind: int = live_websocket.BINARY) -> None:
        with self._turn:
            self.wfile.write(live_websocket.frame(data, kind))

    def _listen(self, viewer: Viewer) -> None:
        """Read what a viewer says and answer its pings, until it closes or says what it may not."""
        with contextlib.suppress(OSError, ValueError):
            while not viewer.closed:
                if not self._is_heard(1.0):
                    continue
                said = live_websocket.read_frame(self._read)
                if said is None or said[0] == live_websocket.CLOSE:
                    break
                if said[0] == live_websocket.PING:
                    self._tell(said[1], live_websocket.PONG)
        viewer.close()

    def _is_heard(self, seconds: float) -> bool:
        # What TLS has decrypted already is not at the socket any more.
        waits = isinstance(self.connection, ssl.SSLSocket) and self.connection.pending() > 0
        return waits or bool(select.select([self.connection], [], [], seconds)[0])

    def _read(self, size: int) -> bytes:
        """Read so many bytes, fewer at the end, past the file's buffer: it would take frames that nobody hears of."""
        data = b""
        while len(data) < size and (part := self.connection.recv(size - len(data))):
            data += part
        return data
