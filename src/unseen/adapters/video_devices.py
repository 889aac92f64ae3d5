"""Finds out whether a hardware encoder is on this machine, by encoding one grey picture with it."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from unseen.adapters.video_av import open_writer
from unseen.core.video import VideoFrame, VideoInfo
from unseen.errors import DeviceUnavailable, FileError

__all__ = ["require_encoder"]

#: No device asks for larger pictures.
_SIDE = 256
_INFO = VideoInfo("mov", "h264", _SIDE, _SIDE, Fraction(25), Fraction(1, 25), "yuv420p")


def require_encoder(codec: str) -> None:
    """Raise DeviceUnavailable if a hardware encoder, as "h264_nvenc", cannot be used; UsageError if there is none."""
    planes = tuple(np.full((_SIDE // by, _SIDE // by), 128, np.uint8) for by in (1, 2, 2))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            open_writer(Path(folder) / "grey.mp4", _INFO, codec=codec, threads=1) as writer,
        ):
            writer.write(VideoFrame(planes, 0, 0))
    except (FileError, ValueError) as error:  # PyAV calls an encoder that it was built without a wrong value
        family = codec.partition("_")[0]
        raise DeviceUnavailable(f"{codec} is not on this machine; choose {family} without a device") from error
