"""Pushes hidden pictures to a media server by RTSP, and again when it was away."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import Any

from unseen.adapters.live_encode import TICKS
from unseen.adapters.live_workers import WorkerTarget
from unseen.core.live import Target, Unit

__all__ = ["RtspPush", "rtsp_target"]


def rtsp_target(target: Target) -> WorkerTarget:
    """Return a target that pushes each camera to its address; what it tells of problems holds no password."""
    import av

    def tell(camera: str, error: BaseException) -> str:
        # FFmpeg's own text holds the address with its password: only the reason is told.
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"{camera}: {target.shown} does not take pictures ({reason})"

    errors = (av.FFmpegError, OSError, ValueError)
    return WorkerTarget(lambda camera: RtspPush(target.for_camera(camera)), "h264", tell, errors)


class RtspPush:
    """One camera's connection, made when the first key picture comes (RFC 2326: ANNOUNCE, RECORD; over TCP)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._container: Any = None
        self._stream: Any = None
        self._first = 0.0

    def write(self, unit: Unit) -> None:
        """Send a picture; raises av.FFmpegError when the server is not there."""
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
        self._container.mux(packet)

    def _connect(self, unit: Unit) -> None:
        import av

        head = unit.head
        assert head is not None  # noqa: S101  # checked by the caller
        container = av.open(self._url, "w", format="rtsp", options={"rtsp_transport": "tcp", "fflags": "+bitexact"})
        self._container, self._first = container, unit.at
        self._stream = container.add_mux_stream(
            "h264", rate=head.rate, width=head.width, height=head.height, time_base=Fraction(1, TICKS)
        )
        container.start_encoding()

    def close(self) -> None:
        """Say goodbye, if the server still listens."""
        import av

        if self._container is not None:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.close()
            self._container = None
