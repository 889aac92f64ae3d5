"""HEVC whose slices are cut or lost on the way: what its decoder makes up for them is not trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.slices import Slices
from unseen.adapters.video_av import open_video

Units = list[bytes]


def _clip(path: Path, slices: int) -> Path:
    """Write two seconds in closed groups of 12 pictures, each of so many slices."""
    told = f"log-level=none:keyint=12:bframes=2:open-gop=0:scenecut=0:ctu=16:slices={slices}"
    make_clip(path, Clip("libx265", size=(320, 256), stamps=range(48), options={"x265-params": told}))
    return path


def _harmed(path: Path, numbers: range, harm: Callable[[Units], Units]) -> Path:
    """Write a clip whose packets of these numbers, counted from 0 as they are stored, have other units."""
    target = path.with_name("harmed.mp4")
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            units = _units(bytes(packet))
            kept = harm(units) if number in numbers else units
            again = av.Packet(b"".join(len(unit).to_bytes(4) + unit for unit in kept))
            again.stream, again.time_base, again.is_keyframe = stream, packet.time_base, packet.is_keyframe
            again.pts, again.dts = packet.pts, packet.dts
            output.mux(again)
    return target


def _units(data: bytes) -> Units:
    units, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4])
        units.append(data[at + 4 : end])
        at = end
    return units


def _frames(path: Path) -> dict[int, tuple[bool, NDArray[np.uint8]]]:
    """Return damage and brightness of the frames by their time stamps."""
    with open_video(path, path.name) as reader:
        return {frame.pts: (frame.damaged, frame.planes[0]) for frame in reader}


def _differs(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return bool((np.abs(one.astype(int) - other) > 20).mean() > 0.002)


@pytest.mark.parametrize("slices", [1, 4])
def test_pictures_whose_last_slice_is_cut_short_are_not_trusted(tmp_path: Path, slices: int) -> None:
    path = _clip(tmp_path / "clip.mp4", slices)
    clean = _frames(path)
    assert not any(damaged for damaged, _ in clean.values())
    frames = _frames(_harmed(path, range(26, 28), lambda units: [*units[:-1], units[-1][: len(units[-1]) // 2]]))
    assert not any(_differs(pixels, clean[pts][1]) for pts, (damaged, pixels) in frames.items() if not damaged)
    assert 0 < sum(damaged for damaged, _ in frames.values()) <= 24


def test_a_recording_that_begins_between_key_pictures_is_whole_from_the_first_one_on(tmp_path: Path) -> None:
    path, cut = _clip(tmp_path / "clip.ts", 1), tmp_path / "cut.ts"
    data = path.read_bytes()
    cut.write_bytes(data[len(data) // 188 // 8 * 188 :])
    with open_video(cut, cut.name) as reader:
        assert [frame.damaged for frame in reader] == [False] * 36
        assert reader.problems == ()


@pytest.mark.parametrize("lost", [slice(-1, None), slice(-3, -2), slice(-2, None)])
def test_pictures_that_lack_slices_are_not_trusted(tmp_path: Path, lost: slice) -> None:
    path = _clip(tmp_path / "clip.mp4", 4)
    clean = _frames(path)

    def without(units: Units) -> Units:
        gone = units[lost]
        return [unit for unit in units if unit not in gone]

    frames = _frames(_harmed(path, range(26, 28), without))
    assert not any(_differs(pixels, clean[pts][1]) for pts, (damaged, pixels) in frames.items() if not damaged)
    assert 0 < sum(damaged for damaged, _ in frames.values()) <= 12


def _picture(*begins: int, kind: int = 1) -> bytes:
    """Return a packet with start codes of a picture of 640 x 640, whose slices begin at these of its 100 blocks."""
    units = [b"\0\0\1\x46\1\x50"]
    for begin in begins:
        flags = "0" if kind == 1 else "00"
        bits = f"{flags}1{begin:07b}10111".ljust(24, "0") if begin else "1" * 24
        units.append(b"\0\0\1" + bytes([kind << 1, 1]) + int(bits, 2).to_bytes(3))
    return b"".join(units)


def test_slices_are_told_apart_in_key_pictures_and_others() -> None:
    slices = Slices(640, 640)
    pictures = [_picture(0, 30, 60, kind=20), *[_picture(0, 30, 60)] * 8]
    assert not any(slices.lost(each, 0) for each in pictures)
    assert slices.lost(_picture(0, 60), 0)
    assert slices.lost(_picture(0, 30, kind=20), 0)
    assert not slices.lost(_picture(0, 30, 60), 0)


def test_another_way_to_cut_is_trusted_when_it_is_no_part_of_the_one_before_or_has_become_a_habit() -> None:
    slices = Slices(640, 640)
    assert not any(slices.lost(_picture(*cut), 0) for cut in [(0, 30, 60)] * 8 + [(0, 50)] * 8 + [(0, 50, 70)] * 8)
    assert [slices.lost(_picture(0), 0) for _ in range(8)] == [True] * 5 + [False] * 3


def test_slices_that_fill_packets_of_a_network_are_not_missed() -> None:
    slices = Slices(640, 640)
    cuts = [(0, 30, 60), (0, 31), (0,), (0, 33, 61, 80), (0, 33), (0,), (0,), (0, 40), (0,)] * 3
    assert not any(slices.lost(_picture(*cut), 0) for cut in cuts)


@given(st.binary(max_size=60), st.integers(0, 4))
def test_no_packet_is_too_broken_to_look_for_slices(data: bytes, size: int) -> None:
    slices = Slices(64, 64)
    assert [slices.lost(data, size), slices.lost(data, size)] == [False, False]
