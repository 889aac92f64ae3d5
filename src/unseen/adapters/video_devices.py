"""Finds out whether a hardware encoder is on this machine, by encoding one grey picture with it, in memory."""

from __future__ import annotations

import io
from fractions import Fraction

from unseen.adapters.video.encoders import encoding_for, no_device
from unseen.adapters.video.write import encoder_stream
from unseen.core.video import VideoInfo

__all__ = ["require_encoder"]

#: No device asks for larger pictures.
_SIDE = 256
_INFO = VideoInfo("mov", "h264", _SIDE, _SIDE, Fraction(25), Fraction(1, 25), "yuv420p")


def require_encoder(codec: str) -> None:
    """Raise DeviceUnavailable if a hardware encoder, as "h264_nvenc", cannot be used; UsageError if there is none."""
    import av

    encoding = encoding_for(_INFO, "mp4", "a video", codec=codec)
    picture = av.VideoFrame(_SIDE, _SIDE, encoding.input_format)
    for plane in picture.planes:
        plane.update(b"\x80" * plane.buffer_size)
    picture.pts, picture.time_base = 0, _INFO.time_base
    try:
        with av.open(io.BytesIO(), "w", format=encoding.container) as nowhere:
            stream = encoder_stream(nowhere, _INFO, encoding, threads=1)
            stream.encode(picture)
            stream.encode(None)
    except (av.FFmpegError, ValueError) as error:  # PyAV calls an encoder that it was built without a wrong value
        raise no_device(encoding) from error
