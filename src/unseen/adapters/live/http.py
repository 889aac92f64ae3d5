"""The live server: pages, JPEG pictures and MP4 over WebSocket for viewers, figures for machines."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import HTTPServer
from typing import Any

from unseen.adapters.live.requests import Handler
from unseen.adapters.live.viewers import Viewers
from unseen.core.live import Listening, Target, Unit, UnitKind, is_loopback
from unseen.errors import UsageError

__all__ = ["HttpTarget"]

_MOST_VIEWERS = 64
_KEPT_CONNECTIONS = 128
_ACCEPT_SECONDS = 10.0


class HttpTarget:
    """Serves all `cameras` at one address; a `core.ports.LiveTarget` that listens from the start.

    `status` returns plain values for JSON, `metrics` Prometheus' text. Raises UsageError if the address, the
    certificate or the key cannot be used, Refused if it lies beyond this machine and is not protected.
    """

    def __init__(
        self,
        target: Target,
        listening: Listening,
        cameras: Sequence[str],
        *,
        status: Callable[[], Mapping[str, Any]],
        metrics: Callable[[], str],
    ) -> None:
        listening.check(target)
        self._viewers = Viewers(_MOST_VIEWERS)
        self._server = _Server(target, listening, cameras, self._viewers, status, metrics)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True, name="http")
        self._thread.start()
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        self.address = f"{'https' if target.tls else 'http'}://{shown}:{port}/"

    @property
    def problems(self) -> dict[str, str]:
        """Nothing goes wrong here that is not a viewer's own problem."""
        return {}

    def wants(self, camera: str) -> tuple[frozenset[UnitKind], bool]:
        """Return what the viewers of a camera look at, and whether one of them is new."""
        viewers = self._viewers.of(camera)
        return frozenset(v.kind for v in viewers), any(v.needs_key for v in viewers)

    def send(self, camera: str, unit: Unit) -> None:
        """Hand a picture to all who watch its kind."""
        for viewer in self._viewers.of(camera):
            if viewer.kind == unit.kind:
                viewer.offer(unit)

    def watching(self, camera: str) -> int:
        """Return how many watch a camera."""
        return len(self._viewers.of(camera))

    def close(self) -> None:
        """Let all viewers go and stop listening."""
        self._viewers.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2.0)


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 32

    def __init__(
        self,
        target: Target,
        listening: Listening,
        cameras: Sequence[str],
        viewers: Viewers,
        status: Callable[[], Mapping[str, Any]],
        metrics: Callable[[], str],
    ) -> None:
        self.cameras, self.viewers, self.token = tuple(cameras), viewers, listening.token
        self.status = lambda: json.dumps(status(), indent=2)
        self.metrics = metrics
        self.local = is_loopback(target.host)
        self._tls = _tls(target, listening) if target.tls else None
        self._places = threading.BoundedSemaphore(_KEPT_CONNECTIONS)
        host = "127.0.0.1" if target.host.lower() == "localhost" else target.host
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, target.port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "no such address"
            raise UsageError(f"{target.shown}: cannot listen there ({reason}); choose another port") from error

    @property
    def secure(self) -> bool:
        """Whether connections are encrypted."""
        return self._tls is not None

    def server_bind(self) -> None:
        """Bind without asking any name server for this machine's name, as the standard library does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, unless there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Do a connection's TLS handshake in its own thread, where nobody else waits for it, and then its requests."""
        try:
            request.settimeout(_ACCEPT_SECONDS)
            if self._tls is not None:
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except (OSError, ValueError):
            self.shutdown_request(request)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: viewers come and go, and what they ask for is nobody's business."""


def _tls(target: Target, listening: Listening) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(listening.certificate), str(listening.key), password=lambda: b"")
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{target.shown}: certificate or key cannot be used ({type(error).__name__}); both are PEM files, "
            "the key without a password"
        ) from error
    return context
