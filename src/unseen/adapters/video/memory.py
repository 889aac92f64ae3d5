"""Videos that are in memory, as files that only this process sees: they are never written to a disk."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unseen.errors import DamagedInput, UnsupportedInput

__all__ = ["as_file", "contained", "facts_of"]

_PACK, _SEQUENCE = b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"
_TS_PACKET = 188


def contained(data: bytes) -> tuple[bytes, str]:
    """Return a video in a container, and the ending that files of this container have.

    A bare MPEG-2 stream is put into a transport stream. Raises UnsupportedInput or DamagedInput.
    """
    if data[4:8] == b"ftyp":
        return data, "mp4"
    if data[:1] == b"G" and data[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return data, "ts"
    if data.startswith(_PACK):
        return data, "mpg"
    if data.startswith(_SEQUENCE):
        return _transported(data), "ts"
    raise UnsupportedInput("holds a video in a container that is not read; it is not released")


def _transported(data: bytes) -> bytes:
    import av

    made = io.BytesIO()
    try:
        with av.open(io.BytesIO(data), "r", format="mpegvideo") as bare, av.open(made, "w", format="mpegts") as output:
            source = bare.streams.video[0]
            stream = output.add_stream_from_template(source)
            for packet in bare.demux(source):
                if packet.size and packet.dts is not None:
                    packet.stream = stream
                    output.mux(packet)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise DamagedInput("holds a video that cannot be read; it is not released") from error
    return made.getvalue()


@contextlib.contextmanager
def as_file(data: bytes) -> Iterator[Path]:
    """Give the path under which this process, and no other user, can read bytes as a file; it is gone afterwards.

    In memory where the system has such files (Linux); elsewhere a temporary file of its owner alone.
    """
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("video")
        try:
            with os.fdopen(os.dup(handle), "wb") as file:
                file.write(data)
            yield Path(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video"
        path.write_bytes(data)
        yield path


def facts_of(data: bytes) -> tuple[str, str, int]:
    """Return codec, profile and level (41 for 4.1, 153 for HEVC's 5.1) of a video; raises DamagedInput."""
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            context: Any = container.streams.video[0].codec_context
            return str(context.name), str(context.profile or ""), _level(str(context.name), context.extradata or b"")
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise DamagedInput("holds a video that cannot be read; it is not released") from error


def _level(codec: str, told: bytes) -> int:
    """Return the level that the decoder's configuration tells (ISO/IEC 14496-15, 5.3.3 and 8.3.3)."""
    at = {"h264": 3, "hevc": 12}.get(codec, len(told))
    return told[at] if at < len(told) else 0
