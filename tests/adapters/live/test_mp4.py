"""Fragmented MP4 from H.264: what FFmpeg reads back is what was put in, and nothing tells where it was made."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from unseen.adapters.live.encode import TICKS, H264Encoder, JpegEncoder
from unseen.adapters.live.mp4 import fragment, head_of, rebased
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


def _encoded_at(times: list[float], *, keys: frozenset[int] = frozenset()) -> list[Unit]:
    encoder = H264Encoder(_info())
    return [encoder.encode(_planes(40 + 4 * (i % 20)), at, key=i in keys)[1] for i, at in enumerate(times)]


def _kept_by_browsers(units: list[Unit]) -> list[int]:
    """Return which pictures a browser keeps by the rules of Media Source Extensions (coded frame processing)."""
    kept, waits, before, lasted = list[int](), True, 0.0, 0.0
    for i, unit in enumerate(units):
        with av.open(io.BytesIO(_file([units[0], unit] if i else [unit])), "r") as container:
            packet = [packet for packet in container.demux(video=0) if packet.size][-1]
        assert packet.pts is not None
        assert packet.duration is not None
        waits = (waits or packet.pts - before > 2 * lasted) and not unit.key
        if not waits:
            kept.append(i)
            before, lasted = packet.pts, packet.duration
    return kept


def _steps(*parts: tuple[int, float]) -> list[float]:
    """Return times that are so many times so many seconds apart."""
    return [0.0, *itertools.accumulate(step for count, step in parts for _ in range(count))]


@pytest.mark.parametrize(
    "times",
    [
        _steps((30, 0.2)),
        _steps((8, 1.0)),
        _steps((4, 5.0)),
        _steps((30, 0.04), (30, 0.125)),
        _steps((30, 0.04), (1, 1.4), (4, 0.5), (30, 0.04)),
        [0.2 * (i // 5) + 0.001 * (i % 5) for i in range(80)],
    ],
    ids=["slow", "slower", "slowest", "slows-down", "away-and-back", "bursts"],
)
def test_browsers_keep_every_picture_of_a_camera_that_sends_fewer_than_it_says(times: list[float]) -> None:
    assert _kept_by_browsers(_encoded_at(times)) == list(range(len(times)))


def test_key_picture_comes_every_two_seconds_however_many_pictures_do() -> None:
    units = _encoded_at(_steps((30, 0.2)))
    # The second and third are later than those before them said.
    assert [round(unit.at, 3) for unit in units if unit.key] == [0, 0.2, 0.4, 2.4, 4.4]
    units = _encoded_at(_steps((300, 0.01)))
    assert [round(unit.at, 3) for unit in units if unit.key] == [0, 2]


def test_bursts_of_a_link_do_not_make_every_fifth_picture_a_key_picture() -> None:
    units = _encoded_at([0.2 * (i // 5) + 0.001 * (i % 5) for i in range(80)])
    assert [round(unit.at, 3) for unit in units if unit.key] == [0, 0.2, 0.4, 0.6, 0.8, 2.8]


def test_time_in_which_nobody_watched_is_not_the_length_of_a_picture() -> None:
    units = _encoded_at([0.0, 0.04, 3600.0, 3600.04], keys=frozenset({2}))
    with av.open(io.BytesIO(_file([units[0], *units[2:]])), "r") as container:
        lengths = [packet.duration for packet in container.demux(video=0) if packet.size]
    assert lengths == [3600, 3600, 3600]


def test_first_picture_after_a_silence_does_not_last_as_long_as_that() -> None:
    units = _encoded_at([0.0, 0.04, 1.44, 1.48])
    with av.open(io.BytesIO(_file(units)), "r") as container:
        lengths = [packet.duration for packet in container.demux(video=0) if packet.size]
    assert max(length or 0 for length in lengths) <= 2 * 3600


def test_later_key_picture_begins_a_file_of_its_own() -> None:
    units = _encoded(20, keys=frozenset({8}))
    moved = [Unit("mp4", rebased(u.data, units[8].ticks), u.at, u.key, u.head) for u in units[8:]]
    with av.open(io.BytesIO(_file(moved)), "r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 12
    assert frames[0].time == 0


def test_fragment_is_not_moved_before_its_file_begins() -> None:
    units = _encoded(3)
    with pytest.raises(UnseenError, match="older than the file"):
        rebased(units[1].data, units[2].ticks)


def test_encoder_that_begins_anew_counts_on() -> None:
    (_, unit) = H264Encoder(_info(), 100.0).encode(_planes(40), 101.0)
    assert unit.key
    assert unit.ticks == TICKS


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
