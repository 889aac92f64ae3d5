"""Pushes hidden pictures to a media server by RTSP, and again when it was away."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from unseen.adapters.live.encode import TICKS
from unseen.adapters.live.workers import WorkerTarget
from unseen.core.live import Target, Unit

__all__ = ["RtspPush", "authorities", "rtsp_target"]

#: Seconds in which a server has to answer before FFmpeg is let at it, and then each time that FFmpeg waits for it.
_ANSWER, _PATIENCE = 3.0, 2.0
_PORTS = {"rtsp": 554, "rtsps": 322}
#: Where systems keep the certificates of the authorities that they trust, if OpenSSL does not know.
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_UNTRUSTED = "its certificate is not trusted; name the one that signed it in SSL_CERT_FILE"


def rtsp_target(target: Target) -> WorkerTarget:
    """Return a target that pushes each camera to its address; what it tells of problems holds no password."""
    import av

    def tell(camera: str, error: BaseException) -> str:
        # FFmpeg's own text holds the address with its password: only the reason is told.
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"{camera}: {target.shown} does not take pictures ({reason})"

    errors = (av.FFmpegError, OSError, ValueError)
    return WorkerTarget(lambda camera: RtspPush(target.for_camera(camera), authorities()), "h264", tell, errors)


def authorities(places: Sequence[str] = _AUTHORITIES) -> str | None:
    """Return the file of the certificates that are trusted, None if there is none.

    It is SSL_CERT_FILE, else the one that OpenSSL knows, else the first of `places` that is there.
    """
    known = ssl.get_default_verify_paths().cafile
    return known or next((path for path in places if Path(path).is_file()), None)


class RtspPush:
    """One camera's connection, made when the first key picture comes (RFC 2326: ANNOUNCE, RECORD; over TCP).

    A server at rtsps:// needs a certificate for its name that one in the PEM file `trusted` stands for.
    """

    def __init__(self, url: str, trusted: str | None = None) -> None:
        self._url, self._trusted = url, trusted
        self._container: Any = None
        self._stream: Any = None
        self._first = 0.0

    def write(self, unit: Unit) -> None:
        """Send a picture; raises av.FFmpegError or OSError when the server is not there, or reads no more."""
        import av

        if self._container is None:
            if not unit.key or unit.head is None:
                return
            self._connect(unit)
        packet = av.Packet(unit.data)
        packet.stream = self._stream
        packet.time_base = Fraction(1, TICKS)
        packet.pts = packet.dts = round((unit.at - self._first) * TICKS)
        packet.is_keyframe = unit.key
        began = time.monotonic()
        self._container.mux(packet)
        if time.monotonic() - began >= _PATIENCE:
            # FFmpeg gives up a part of the picture after this time, but says nothing of it, and goes on.
            raise TimeoutError(errno.ETIMEDOUT, "it stopped reading")

    def _connect(self, unit: Unit) -> None:
        import av

        head = unit.head
        assert head is not None  # noqa: S101  # checked by the caller
        # PyAV holds the interpreter's lock while FFmpeg connects: all cameras, pages and signals would wait with it.
        _ask(self._url, self._trusted)
        limit = str(round(_PATIENCE * 1e6))
        options = {"rtsp_transport": "tcp", "fflags": "+bitexact", "timeout": limit}
        if self._trusted is not None:
            options |= {"tls_verify": "1", "ca_file": self._trusted}
        container = av.open(self._url, "w", format="rtsp", options=options)
        self._container, self._first = container, unit.at
        self._stream = container.add_mux_stream(
            "h264", rate=head.rate, width=head.width, height=head.height, time_base=Fraction(1, TICKS)
        )
        container.start_encoding()

    def rest(self) -> None:
        """Take it that no picture came for a moment: the media server waits, too."""

    def close(self) -> None:
        """Say goodbye, if the server still listens."""
        import av

        if self._container is not None:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.close()
            self._container = None


def _ask(url: str, trusted: str | None = None) -> None:
    """Ask a server what it can do (RFC 2326, 10.1), without saying who asks; raises OSError unless it answers soon."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    request = f"OPTIONS {parts.scheme}://{place}{parts.path} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: unseen\r\n\r\n"
    until = time.monotonic() + _ANSWER
    answer = b""
    try:
        with contextlib.ExitStack() as stack:
            address = (host, parts.port or _PORTS.get(parts.scheme, 554))
            connection = stack.enter_context(socket.create_connection(address, _ANSWER))
            if parts.scheme == "rtsps":
                connection = stack.enter_context(_tls(trusted).wrap_socket(connection, server_hostname=host))
            connection.sendall(request.encode())
            # Any answer will do, also that it wants a password: FFmpeg asks again.
            while len(answer) < len(b"RTSP/"):
                # A server that sends byte after byte does not get more time than one that sends none.
                connection.settimeout(max(until - time.monotonic(), 0.001))
                data = connection.recv(64)
                if not data:
                    raise ConnectionResetError(errno.ECONNRESET, "it closes the connection")
                answer += data
    except ssl.SSLCertVerificationError as error:
        raise PermissionError(errno.EACCES, f"{_UNTRUSTED}: {error.verify_message}") from error
    except TimeoutError as error:
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer") from error
    if not answer.startswith(b"RTSP/"):
        raise OSError(errno.EPROTO, "it does not speak RTSP")


def _tls(trusted: str | None) -> ssl.SSLContext:
    if trusted is None:
        raise FileNotFoundError(errno.ENOENT, "no certificates of authorities are here; name a file in SSL_CERT_FILE")
    return ssl.create_default_context(cafile=trusted)
