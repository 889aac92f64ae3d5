"""Pictures that come in pieces: put together before they are decoded, and damaged where a piece is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.live import access_units
from unseen.adapters.live.access_units import PictureJoiner

_START = b"\0\0\1"
_OPTIONS = {"bf": "0", "g": "6", "x264-params": "slices=3:sliced-threads=0:threads=1"}
_KEY_SLICE, _SLICE = 5, 1
#: Slices that begin a picture, and that go on with it.
_UNITS = {"h264": (b"\x65\x88a", b"\x65\x08b"), "hevc": (b"\x26\x01\x80a", b"\x26\x01\x00b")}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    """The NAL units of each picture of a clip of H.264."""
    path = tmp_path_factory.mktemp("units") / "a.mp4"
    make_clip(path, Clip(stamps=tuple(range(12)), options=_OPTIONS))
    with av.open(str(path)) as read:
        stream = read.streams.video[0]
        plain = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [bytes(out) for packet in read.demux(stream) for out in plain.filter(packet if packet.size else None)]
    return [[unit.rstrip(b"\0") for unit in data.split(_START)[1:]] for data in packets]


def _packet(units: Iterable[bytes], number: int, *, key: bool) -> Any:
    packet = av.Packet(b"".join(_START + unit for unit in units))
    packet.pts, packet.dts, packet.time_base = number, number, Fraction(1, 25)
    packet.is_keyframe = key
    return packet


def _cut(pictures: list[list[bytes]]) -> list[Any]:
    """Cut pictures as FFmpeg does where parameter sets stand before each slice."""
    packets = []
    for i, units in enumerate(pictures):
        slices = [unit for unit in units if unit[0] & 31 in (_KEY_SLICE, _SLICE)]
        sets = [unit for unit in units if unit not in slices]
        packets += [_packet([*sets, unit], i, key=not i % 6) for unit in slices]
    return packets


def _decoded(packets: Iterable[Any]) -> list[tuple[int | None, bool, Any]]:
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoder.options = {"err_detect": "crccheck+bitstream+buffer"}
    made = list[tuple[int | None, bool, Any]]()
    for packet in [*packets, None]:
        made += [(picture.pts, bool(picture.is_corrupt), picture.to_ndarray()) for picture in decoder.decode(packet)]
    return made


def test_slices_that_came_one_by_one_become_the_pictures_that_they_are_of(pictures: list[list[bytes]]) -> None:
    cut = _cut(pictures)
    assert len(cut) == 3 * len(pictures)
    made = _decoded(PictureJoiner("h264").joined([*cut, _packet(pictures[0], 12, key=True)]))
    assert [(pts, corrupt) for pts, corrupt, _ in made] == [(i, False) for i in range(12)]
    wanted = _decoded(_packet(units, i, key=not i % 6) for i, units in enumerate(pictures))
    assert all(np.array_equal(a, b) for (_, _, a), (_, _, b) in zip(made, wanted, strict=True))


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_key_picture_that_lost_a_slice_is_corrupt(pictures: list[list[bytes]], lost: int) -> None:
    cut = _cut(pictures)
    del cut[6 * 3 + lost]
    made = _decoded(PictureJoiner("h264").joined(cut))
    assert [corrupt for pts, corrupt, _ in made if pts == 6] in ([True], [])
    assert not any(corrupt for pts, corrupt, _ in made if pts != 6)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_slice_of_a_picture_that_did_not_begin_is_corrupt(codec: str) -> None:
    begin, on = _UNITS[codec]
    packets = [_packet([unit], i, key=True) for i, unit in enumerate((begin, on, begin, begin))]
    joined = PictureJoiner(codec).joined(packets)
    assert [(packet.pts, packet.is_corrupt) for packet in joined] == [(0, False), (1, True), (2, False)]


@pytest.mark.parametrize("ahead", [[], [b"\x46\1\x50", b"\x42\1\1"]], ids=["slices-alone", "with-what-is-ahead"])
def test_hevc_picture_that_came_with_the_rest_of_the_one_before_is_taken_apart(ahead: list[bytes]) -> None:
    begin, on = _UNITS["hevc"]
    sets, behind, after = b"\x40\1\1\1", b"\x50\1\x84\1", b"\2\1\x80a"
    sent = [[sets, begin], [sets, on, sets, on, behind, *ahead, after, b"\2\1\0b"], [after]]
    packets = [_packet(units, number, key=not number) for number, units in enumerate(sent)]
    packets[0].pts = None
    joined = [(packet.pts, bytes(packet)) for packet in PictureJoiner("hevc").joined([*packets, av.Packet()])]
    whole = [sets, begin, sets, on, sets, on, behind], [*ahead, after, b"\2\1\0b"]
    assert joined[:2] == [
        (pts, b"".join(_START + unit for unit in units)) for pts, units in zip((1, None), whole, strict=True)
    ]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("slices", [1, 2])
@pytest.mark.parametrize("last", [[], [av.Packet()]], ids=["end-of-the-run", "end-of-the-source"])
def test_picture_of_which_more_may_have_come_where_packets_end_is_left_out(
    codec: str, slices: int, last: list[Any]
) -> None:
    begin, on = _UNITS[codec]
    packets = [_packet([unit], i, key=True) for i in range(2) for unit in (begin, on)]
    joined = list(PictureJoiner(codec).joined([*packets[: 2 + slices], *last]))
    assert [(packet.pts, packet.is_corrupt) for packet in joined if packet.size] == [(0, False)]
    assert joined[1:] == last


def test_whole_pictures_wait_for_no_other_once_a_key_picture_was_whole() -> None:
    given = list[int]()

    def come() -> Iterator[Any]:
        for i in range(6):
            given.append(i)
            yield _packet([b"\x65\x88a" if i in (1, 4) else b"\x41\x88b"], i, key=i in (1, 4))

    ahead = [given[-1] - (packet.pts or 0) for packet in PictureJoiner("h264").joined(come())]
    assert ahead == [1, 1, 0, 0, 0, 0]


def test_slices_in_any_order_in_one_packet_are_a_picture() -> None:
    packets = [_packet([b"\x65\x08b", b"\x65\x88a"], i, key=True) for i in range(3)]
    assert [packet.is_corrupt for packet in PictureJoiner("h264").joined(packets)] == [False] * 3


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize(("rest", "most"), [(b"", 600), (bytes(1 << 20), 4)], ids=["slices", "bytes"])
def test_picture_that_never_ends_comes_as_corrupt_ones_that_hold_no_more_than_one_may(
    codec: str, rest: bytes, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_units, "_MOST_BYTES", 4_100_000)
    begin, on = _UNITS[codec]
    given = list[int]()

    def come() -> Iterator[Any]:
        for i in range(2 * most + 10):
            given.append(i)
            packet = _packet([on + rest if i else begin], 0, key=True)
            packet.pts = None
            yield packet

    seen = 0
    for packet in PictureJoiner(codec).joined(come()):
        assert packet.is_corrupt
        assert given[-1] - seen <= most
        seen = given[-1]
    assert given[-1] == 2 * most + 9
    assert given[-1] - seen <= most
