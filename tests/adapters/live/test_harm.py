"""Cameras and files whose HEVC is torn, or whose H.264 lacks fields: hidden whole, and nothing that is whole is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.adapters.field_clips import field_pictures, write_fields
from tests.adapters.live.test_source_peers import _feed, _Peer
from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.harm import HarmWatch

Units = list[bytes]
_START = b"\0\0\1"
_RTSP, _HTTP = "rtsp://127.0.0.1/a", "http://127.0.0.1/a"
_KEY, _COUNT = 12, 48


@pytest.fixture(scope="module")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of pictures of four slices, in open groups of 12, with their parameters at each key picture."""
    path = tmp_path_factory.mktemp("hevc") / "a.ts"
    told = f"log-level=none:keyint={_KEY}:bframes=2:open-gop=1:scenecut=0:ctu=16:slices=4:repeat-headers=1"
    make_clip(path, Clip("libx265", size=(320, 256), stamps=range(_COUNT), options={"x265-params": told}))
    return path


def _packets(path: Path) -> list[Any]:
    with av.open(str(path)) as read:
        return [packet for packet in read.demux(video=0) if packet.size]


def _harmed(packet: Any, harm: Callable[[Units], Units]) -> Any:
    units = [unit.rstrip(b"\0") for unit in bytes(packet).split(_START)[1:]]
    again = av.Packet(b"".join(_START + unit for unit in harm(units)))
    again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
    again.is_keyframe = packet.is_keyframe
    return again


def _shown(path: Path, packets: list[Any], word: str) -> dict[int, tuple[bool, Any]]:
    feed = _feed(_Peer(path, packets), word)
    try:
        return {frame.pts: (frame.damaged, frame.planes[0].astype(int)) for frame, _ in feed}
    finally:
        feed.close()


def _half(units: Units) -> Units:
    return [*units[:-1], units[-1][: len(units[-1]) // 2]]


def _hole(units: Units) -> Units:
    largest = max(units, key=len)
    return [unit[:20] + bytes(20) + unit[40:] if unit is largest else unit for unit in units]


@pytest.mark.parametrize("word", [_RTSP, _HTTP])
@pytest.mark.parametrize(
    "harm",
    [lambda units: units[:-1], lambda units: [*units[:-2], units[-1]], _half, _hole],
    ids=["last-slice", "middle-slice", "half-a-slice", "hole"],
)
def test_torn_pictures_of_hevc_and_what_is_made_from_them_are_damaged(
    hevc: Path, word: str, harm: Callable[[Units], Units]
) -> None:
    packets = _packets(hevc)
    clean = _shown(hevc, packets, word)
    assert not any(damaged for damaged, _ in clean.values())
    packets[26:28] = [_harmed(packet, harm) for packet in packets[26:28]]
    frames = _shown(hevc, packets, word)
    torn = {pts for pts, (_, plane) in frames.items() if (abs(plane - clean[pts][1]) > 20).mean() > 0.002}
    assert torn <= {pts for pts, (damaged, _) in frames.items() if damaged}
    assert 0 < sum(damaged for damaged, _ in frames.values()) <= 2 * _KEY


@pytest.mark.parametrize("word", [_RTSP, _HTTP])
@pytest.mark.parametrize("first", [1, 7])
def test_hevc_that_is_joined_on_its_way_is_whole_from_its_first_key_picture_on(
    hevc: Path, word: str, first: int
) -> None:
    damaged = [damaged for damaged, _ in _shown(hevc, _packets(hevc)[first:], word).values()]
    assert len(damaged) > _COUNT - 2 * _KEY
    assert not any(damaged)


def test_slices_that_fill_packets_are_not_hidden(hevc: Path) -> None:
    """Pictures that begin as many slices as their bits fill, each at another place than before."""
    watch = HarmWatch(_packets_decoder(hevc))
    heads = [0x80, 0x42, 0x53, 0x64, 0x75]
    for number in range(200):
        slices = [heads[0], *(heads[1 + (number + i) % 4] for i in range(number * 7 % 3))]
        kind = 19 if not number % 50 else 1
        packet = av.Packet(b"".join(_START + bytes([kind << 1, 1, head, 0x55, 0xAA]) for head in slices))
        assert not watch.taken(packet).harmed


def _packets_decoder(path: Path) -> Any:
    with av.open(str(path)) as read:
        return read.streams.video[0].codec_context


def test_messages_that_are_wrong_are_not_decoded_beside_pictures_that_were_joined(hevc: Path) -> None:
    key = _START + b"\x26\1\x80\1"
    joined: Any = av.Packet(_START + b"\x4e\1\5\x60\1" + key)
    joined.time_base = Fraction(1, 25)
    taken = HarmWatch(_packets_decoder(hevc)).taken(joined)
    assert (bytes(taken.packet), taken.harmed) == (key, False)


def test_parameters_that_come_ahead_of_the_first_key_picture_are_decoded(hevc: Path) -> None:
    watch = HarmWatch(_packets_decoder(hevc))
    told, key, after = _START + bytes([33 << 1, 1, 1]), _START + b"\x26\1\x80\1", _START + b"\2\1\x80\1"
    taken = [watch.taken(av.Packet(data)).packet is not None for data in (after, told, after, key, after)]
    assert taken == [False, True, False, True, True]


@pytest.mark.parametrize("word", [_RTSP, _HTTP])
def test_two_fields_that_come_one_by_one_make_a_picture_that_is_whole(tmp_path: Path, word: str) -> None:
    path = write_fields(tmp_path / "a.ts", field_pictures(24), apart=True)
    damaged = [damaged for damaged, _ in _shown(path, _packets(path), word).values()]
    assert damaged == [False] * 24


@pytest.mark.parametrize("bottom", [0, 1])
@pytest.mark.parametrize("hole", [False, True], ids=["lost", "hole"])
def test_pictures_from_a_field_on_that_is_lost_or_has_a_hole_are_damaged(
    tmp_path: Path, bottom: int, hole: bool
) -> None:
    pictures = [list(fields) for fields in field_pictures(36)]
    data = pictures[17][bottom]
    pictures[17][bottom] = data[:-200] + bytes(100) + data[-100:] if hole else b""
    path = write_fields(tmp_path / "a.ts", [(first, second) for first, second in pictures], apart=True)
    damaged = [damaged for damaged, _ in _shown(path, _packets(path), _HTTP).values()]
    assert damaged[:34] == [False] * 17 + [True] * (6 + hole) + [False] * (11 - hole)
