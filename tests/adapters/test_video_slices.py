"""HEVC whose slices are cut or lost on the way: what its decoder makes up for them is not trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.adapters.video_clips import Clip, make_clip
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
