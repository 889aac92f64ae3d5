"""Segments that are read back: each frame is the one that was meant, as a whole and where it was hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unseen.core.looks import Look
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.core.video import VideoFrame, VideoInfo
from unseen.errors import VerificationFailed
from unseen.verify.film_written import check_written, meant_by

_HIDDEN = Region("face", Box(20, 20, 40, 40), Look("fill"))


class _Written:
    """A codec, and the reader of its only file, which holds the frames that are given."""

    def __init__(self, frames: Sequence[tuple[Pixels, ...]], pixel_format: str = "8") -> None:
        self._frames, self.info = frames, _info(pixel_format)

    def open_video(self, path: Path, name: str) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[VideoFrame]:
        return (VideoFrame(planes, index, index) for index, planes in enumerate(self._frames))


def _info(pixel_format: str) -> VideoInfo:
    return VideoInfo("mp4", "h264", 160, 120, Fraction(25), Fraction(1, 25), pixel_format)


def _planes(bits: int = 8, chroma: int = 2, luma: int = 100) -> tuple[Pixels, ...]:
    many = np.uint8 if bits == 8 else np.uint16
    small = (120 // chroma, 160 // chroma)
    # A ramp: samples of different places differ.
    ramp = (np.arange(160) // 4 + luma)[None, :].repeat(120, axis=0) << (bits - 8)
    return ramp.astype(many), *(np.full(small, 128 << (bits - 8), many) for _ in range(2))


def _check(
    written: Sequence[tuple[Pixels, ...]], *, frames: int = 1, meant_bits: int = 8, bits: int = 8, coarse: bool = False
) -> None:
    meant = [meant_by(_planes(meant_bits), [_HIDDEN])] * frames
    codec: Any = _Written(written, str(bits))
    check_written(Path("a.mp4"), meant, _info(str(meant_bits)), codec, int, "a.mp4", coarse=coarse)


def test_frames_as_they_were_meant_pass() -> None:
    _check([_planes(), _planes(luma=103)], frames=2)


def test_frames_of_more_bits_are_compared_by_their_share_of_the_range() -> None:
    _check([_planes(10)], bits=10)
    _check([_planes()], meant_bits=12)
    with pytest.raises(VerificationFailed, match="not the one that was meant"):
        _check([_planes(10)], bits=12)


def test_frame_that_shows_what_was_hidden_is_refused() -> None:
    luma, *chroma = _planes()
    luma[20:40, 20:40] += 40
    with pytest.raises(VerificationFailed, match="not the one that was meant; run again"):
        _check([(luma, *chroma)])


def test_colour_that_shows_where_it_was_hidden_is_refused() -> None:
    luma, u, v = _planes()
    v[10:20, 10:20] += 40
    with pytest.raises(VerificationFailed, match="say a lower --quality"):
        _check([(luma, u, v)], coarse=True)


def test_another_frame_is_refused_where_nothing_is_hidden_in_it_too() -> None:
    luma, *chroma = _planes()
    luma[:, 60:] += 60
    with pytest.raises(VerificationFailed, match="not the one that was meant"):
        _check([(luma, *chroma)])
    smaller = tuple(plane[::2, ::2] for plane in _planes())
    with pytest.raises(VerificationFailed, match="not the one that was meant"):
        _check([smaller])


def test_colour_that_is_stored_at_another_size_is_not_compared() -> None:
    _check([_planes(chroma=1)])


def test_frames_too_few_or_too_many_are_refused() -> None:
    with pytest.raises(VerificationFailed, match="lacks frames"):
        _check([_planes()], frames=2)
    with pytest.raises(VerificationFailed, match="not the one that was meant"):
        _check([_planes(), _planes()])
