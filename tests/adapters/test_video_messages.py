"""Messages of HEVC that their writers got wrong: pictures beside them are decoded, as in players."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.messages import readable
from unseen.adapters.video_av import open_video

_START = b"\0\0\1"
_HEAD = bytes([39 << 1, 1])
#: Of a turn by 90 degrees, as a message with its type and size.
_TURN = bytes([47, 3, 0x40, 0x00, 0x18])
_SLICE = b"\2\1\x80\x12\x34"


@pytest.mark.parametrize(
    "message", [bytes([5, 3, 1, 2, 3]), bytes([5, 200, 1]), bytes([4, 1, 0xB5]), bytes([47, 1])],
    ids=["own-without-name", "own-too-long", "registered-cut", "turn-cut"],
)  # fmt: skip
def test_pictures_beside_messages_that_are_wrong_are_whole(tmp_path: Path, message: bytes) -> None:
    made, path = tmp_path / "made.ts", tmp_path / "clip.ts"
    make_clip(made, Clip("libx265"))
    with av.open(str(made)) as read, av.open(str(path), "w") as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.size:
                again = av.Packet(b"\0" + _START + b"\x46\1\x50\0" + _START + _HEAD + message + b"\x80" + bytes(packet))
                again.stream, again.time_base, again.pts, again.dts = stream, packet.time_base, packet.pts, packet.dts
                again.is_keyframe = packet.is_keyframe
                written.mux(again)
    with open_video(path, path.name) as reader:
        assert [frame.damaged for frame in reader] == [False] * 24
        assert reader.problems == ()


def _packet(units: list[bytes], size: int) -> bytes:
    return b"".join((len(unit).to_bytes(size) if size else _START) + unit for unit in units)


@pytest.mark.parametrize("size", [0, 4])
def test_messages_that_are_read_stay(size: int) -> None:
    own = bytes([5, 255, 1]) + b"\0\0\3\0" + bytes([7]) * 253
    turned = _HEAD + _TURN + b"\x80"
    mixed = _packet([_HEAD + own + _TURN + b"\x80", _SLICE], size)
    assert readable(mixed, size) == _packet([turned, _SLICE], size)
    assert readable(_packet([_HEAD + own + b"\x80", _SLICE], size), size) == _packet([_SLICE], size)
    for whole in (_packet([turned, _SLICE], size), _packet([_SLICE], size)):
        assert readable(whole, size) == whole


@given(st.binary(max_size=60), st.integers(0, 4))
def test_no_packet_is_too_broken_to_look_for_messages(data: bytes, size: int) -> None:
    assert len(readable(data, size)) <= len(data) + 30
    turned = _packet([_HEAD + data, _SLICE], 0)
    assert readable(turned, 0).endswith(_SLICE)
