"""Videos that are turned on the way: what lies on its side from there on is not trusted."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from tests.adapters.video_clips import Clip, make_clip, trim
from unseen.adapters.video.turns import Turns
from unseen.adapters.video_av import open_video


def _turned(path: Path, *turns: int) -> Path:
    """Write a video with a second for each turn, which is told beside the key pictures, two a second."""
    plain = path.with_name(f"plain-{path.name}")
    make_clip(plain, Clip(stamps=range(24 * len(turns)), options={"sc_threshold": "0"}))
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            turn = 0 if number % 12 else turns[number // 24]
            again = av.Packet(_display_orientation(turn) * bool(turn) + bytes(packet))
            again.stream, again.time_base, again.is_keyframe = stream, packet.time_base, packet.is_keyframe
            again.pts, again.dts = packet.pts, packet.dts
            output.mux(again)
    return path


def _display_orientation(turn: int) -> bytes:
    """Return a unit that tells a turn until further notice (ITU-T H.264, D.1.27), with its length before it."""
    told = (((360 - turn) * 65536 // 360) << 5 | 0b01001).to_bytes(3)
    return bytes([0, 0, 0, 7, 6, 47, 3, *told, 0x80])


@pytest.mark.parametrize("turns", [(0, 90), (90, 0), (90, 270), (180, 90)])
def test_frames_after_a_turn_on_the_way_are_not_trusted(tmp_path: Path, turns: tuple[int, int]) -> None:
    path = _turned(tmp_path / "clip.mp4", *turns)
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == turns[0]
        assert [frame.damaged for frame in reader] == [False] * 24 + [True] * 24
        assert reader.problems == ("24 frames are turned otherwise than the first; cut the video there to see them",)


def test_a_turn_that_stays_is_told_beside_key_pictures_alone(tmp_path: Path) -> None:
    path = _turned(tmp_path / "clip.mp4", 90, 90)
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == 90
        assert not any(frame.damaged for frame in reader)
        assert reader.problems == ()


def test_a_turn_told_beside_a_picture_that_is_cut_off_counts_for_those_after_it(tmp_path: Path) -> None:
    path = trim(_turned(tmp_path / "clip.mp4", 90), tmp_path / "cut.mp4", 5)
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == 90
        assert [frame.damaged for frame in reader] == [False] * 19


def test_doubt_about_the_turn_lasts_to_a_key_picture_that_tells_it() -> None:
    turns, turned = Turns(), (90, False)
    told = [(turned, True), (None, False), ((180, False), False), (turned, False), (None, False), (turned, True)]
    assert [turns.strays(each, key=key) for each, key in told] == [False, False, True, True, True, False]
