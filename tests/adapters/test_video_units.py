"""Zeros inside the units of H.264 and HEVC tell of data that was lost."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.units import length_size, overwritten


def _packets(path: Path) -> tuple[int | None, list[bytes]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        size = length_size(stream.codec_context.name, stream.codec_context.extradata)
        return size, [bytes(packet) for packet in container.demux(stream) if packet.size]


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
@pytest.mark.parametrize(("ending", "wanted"), [("mp4", 4), ("mkv", 4), ("ts", 0)])
def test_what_encoders_write_is_sound_and_lost_blocks_are_seen(
    tmp_path: Path, encoder: str, ending: str, wanted: int
) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(encoder, size=(320, 192)))
    size, packets = _packets(path)
    assert size == wanted
    assert not any(overwritten(packet, wanted) for packet in packets)
    large = max(packets, key=len)
    assert overwritten(large[:100] + bytes(50) + large[150:], wanted)


@pytest.mark.parametrize("codec", ["vp9", "libdav1d", "mjpeg", "mpeg4"])
def test_other_codecs_have_no_units(codec: str) -> None:
    assert length_size(codec, b"\1abc") is None


@pytest.mark.parametrize("extradata", [None, b"", b"\0\0\0\1gd", b"\1ab"])
def test_without_a_configuration_units_follow_start_codes(extradata: bytes | None) -> None:
    assert length_size("h264", extradata) == 0


@pytest.mark.parametrize(
    ("data", "size", "lost"),
    [
        (b"\0\0\0\3abc", 4, False),
        (b"\0\0\0\7ab\0\0\0\0c", 4, True),
        (b"\0\0\0\6abc\0\0\0", 4, False),
        (b"\0\0\0\7ab\0\0\0\1\n", 4, False),
        (b"\0\0\0\x09abc", 4, True),
        (b"\0\0", 4, True),
        (b"\0\0\0\1abc\0\0\0\0\1def", 0, False),
        (b"\0\0\0\1abc\0\0\0\0def", 0, True),
    ],
)
def test_zeros_are_allowed_at_the_end_and_before_start_codes(data: bytes, size: int, lost: bool) -> None:
    assert overwritten(data, size) == lost


@given(st.binary(max_size=200), st.integers(0, 4))
def test_no_packet_is_too_broken_to_judge(data: bytes, size: int) -> None:
    assert overwritten(data, size) in (True, False)
