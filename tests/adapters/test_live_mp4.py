"""Fragmented MP4 from H.264: what FFmpeg reads back is what was put in, and nothing tells where it was made."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from unseen.adapters.live_encode import TICKS, H264Encoder, JpegEncoder
from unseen.adapters.live_mp4 import fragment, head_of, rebased
from unseen.core.live import Unit
from unseen.core.video import ColourTags, VideoInfo
from unseen.errors import UnseenError


def _info(colour: ColourTags | None = None, aspect: Fraction = Fraction(1)) -> VideoInfo:
    return VideoInfo(
        "live", "h264", 160, 96, Fraction(25), Fraction(1, 90_000), "yuv420p", pixel_aspect=aspect,
        colour=colour or ColourTags(),
    )  # fmt: skip


def _planes(value: int) -> tuple[np.ndarray, ...]:
    luma = np.full((96, 160), value, np.uint8)
    luma[:, 80:] = 235 - value
    return (luma, np.full((48, 80), 110, np.uint8), np.full((48, 80), 150, np.uint8))


def _encoded(count: int, *, keys: frozenset[int] = frozenset(), start: float = 0.0) -> list[Unit]:
    encoder = H264Encoder(_info())
    units = [encoder.encode(_planes(40 + 4 * (i % 20)), start + i * 0.04, key=i in keys) for i in range(count)]
    assert all(len(two) == 2 for two in units), "each frame comes out at once"
    return [two[1] for two in units]


def _file(units: list[Unit]) -> bytes:
    assert units[0].head is not None
    return units[0].head.init + b"".join(unit.data for unit in units)


def test_ffmpeg_reads_the_frames_back() -> None:
    with av.open(io.BytesIO(_file(_encoded(10))), "r") as container:
        frames = list(container.decode(video=0))
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (160, 96)
    assert [round(float(f.time or 0), 3) for f in frames] == [round(i * 0.04, 3) for i in range(10)]
    luma = frames[9].to_ndarray(format="gray")
    assert abs(float(luma[:, :70].mean()) - (76 - 16) * 255 / 219) < 6


def test_stream_begins_at_nought_whatever_the_clock_says() -> None:
    units = _encoded(3, start=54_321.0)
    assert [unit.ticks for unit in units] == [0, 3600, 7200]


def test_key_picture_comes_when_it_is_asked_for() -> None:
    units = _encoded(60, keys=frozenset({7}))
    assert [i for i, unit in enumerate(units) if unit.key] == [0, 7, 57]


def test_later_key_picture_begins_a_file_of_its_own() -> None:
    units = _encoded(20, keys=frozenset({8}))
    moved = [Unit("mp4", rebased(u.data, units[8].ticks), u.at, u.key, u.head) for u in units[8:]]
    with av.open(io.BytesIO(_file(moved)), "r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 12
    assert frames[0].time == 0


def test_codec_is_told_as_browsers_want_it() -> None:
    head = _encoded(1)[0].head
    assert head is not None
    assert head.codec.startswith("avc1.64")
    assert len(head.codec) == 11


def test_nothing_tells_of_the_encoder() -> None:
    made = _file(_encoded(3))
    assert b"x264" not in made
    assert b"Lav" not in made


def test_shape_of_pixels_is_kept() -> None:
    encoder = H264Encoder(_info(aspect=Fraction(4, 3)))
    units = [encoder.encode(_planes(40), 0.0)[1]]
    with av.open(io.BytesIO(_file(units)), "r") as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_stream_without_parameter_sets_is_an_error() -> None:
    with pytest.raises(UnseenError, match="parameter sets"):
        head_of(b"\x00\x00\x00\x01\x65\x88", _info(), TICKS)


def test_units_are_written_with_their_lengths() -> None:
    made = fragment(b"\x00\x00\x00\x01\x67\x01\x00\x00\x01\x68\x02\x00\x00\x01\x65\x03\x04", 1, 0, 3600)
    assert made.key
    assert made.data.endswith(b"mdat\x00\x00\x00\x03\x65\x03\x04")


@pytest.mark.parametrize(
    "colour", [ColourTags(), ColourTags(1, 1, 1, False), ColourTags(2, 2, 5, True)], ids=["unknown", "hd", "full"]
)
def test_jpeg_shows_the_same_brightness(colour: ColourTags) -> None:
    (unit,) = JpegEncoder(_info(colour)).encode(_planes(100), 0.0)
    with av.open(io.BytesIO(unit.data), "r", format="jpeg_pipe") as container:
        luma = next(container.decode(video=0)).to_ndarray(format="rgb24").mean(axis=2)
    wanted = 100 if colour.full_range else (100 - 16) * 255 / 219
    assert abs(float(luma[:, :70].mean()) - wanted) < 14
