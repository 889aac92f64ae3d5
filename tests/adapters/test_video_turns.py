"""Videos that are turned on the way: what lies on its side from there on is not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import pytest

from tests.adapters.video_clips import Clip, make_clip, trim
from unseen.adapters.video.turns import Turns, taken_back
from unseen.adapters.video_av import open_video

_HEVC = {"x265-params": "log-level=none:keyint=12:bframes=2:open-gop=0:scenecut=0"}


def _turned(path: Path, *turns: int, encoder: str = "libx264", options: Mapping[str, str] | None = None) -> Path:
    """Write a video with a second for each turn, which is told beside the key pictures, two a second."""
    plain = path.with_name(f"plain-{path.name}")
    make_clip(plain, Clip(encoder, stamps=range(24 * len(turns)), options=options or {"sc_threshold": "0"}))
    tell = _display_orientation if encoder == "libx264" else _hevc_display_orientation
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in (p for p in source.demux(video=0) if p.size):
            shown = round((packet.pts or 0) * packet.time_base * 25)
            turn = turns[shown // 24] if packet.is_keyframe else 0
            again = av.Packet(tell(turn) * bool(turn) + bytes(packet))
            again.stream, again.time_base, again.is_keyframe = stream, packet.time_base, packet.is_keyframe
            again.pts, again.dts = packet.pts, packet.dts
            output.mux(again)
    return path


def _display_orientation(turn: int) -> bytes:
    """Return a unit that tells a turn until further notice (ITU-T H.264, D.1.27), with its length before it."""
    told = (((360 - turn) * 65536 // 360) << 5 | 0b01001).to_bytes(3)
    return bytes([0, 0, 0, 7, 6, 47, 3, *told, 0x80])


def _hevc_display_orientation(turn: int) -> bytes:
    """Return a unit of HEVC that tells a turn until further notice (ITU-T H.265, D.2.17), with its length before it."""
    told = (((360 - turn) * 65536 // 360) << 5 | 0b11000).to_bytes(3)
    return bytes([0, 0, 0, 8, 78, 1, 47, 3, *told, 0x80])


@pytest.mark.parametrize("turns", [(0, 90), (90, 0), (90, 270), (180, 90)])
def test_frames_after_a_turn_on_the_way_are_not_trusted(tmp_path: Path, turns: tuple[int, int]) -> None:
    path = _turned(tmp_path / "clip.mp4", *turns)
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == turns[0]
        assert [frame.damaged for frame in reader] == [False] * 24 + [True] * 24
        assert reader.problems == ("24 frames are turned otherwise than the first; cut the video there to see them",)


@pytest.mark.parametrize("turns", [(0, 90, 0), (90, 0, 90), (90, 270, 90)])
def test_hevc_frames_that_tell_no_turn_after_one_was_told_are_not_trusted(
    tmp_path: Path, turns: tuple[int, ...]
) -> None:
    path = _turned(tmp_path / "clip.mp4", *turns, encoder="libx265", options=_HEVC)
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == turns[0]
        assert [frame.damaged for frame in reader] == [False] * 24 + [True] * 24 + [False] * 24


def test_hevc_frames_shown_before_the_key_frame_that_they_follow_are_not_trusted_either(tmp_path: Path) -> None:
    path = _turned(tmp_path / "clip.mp4", 90, 0, encoder="libx265")
    with open_video(path, path.name) as reader:
        assert [frame.damaged for frame in reader] == [False] * 22 + [True] * 26


def test_a_hevc_turn_that_stays_is_trusted(tmp_path: Path) -> None:
    path = _turned(tmp_path / "clip.mp4", 90, 90, encoder="libx265")
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == 90
        assert not any(frame.damaged for frame in reader)


@pytest.mark.parametrize("size", [0, 2, 4])
def test_a_turn_is_taken_back_behind_an_end_of_sequence_and_before_what_the_key_picture_tells(size: int) -> None:
    ahead = b"\0\0\1" if not size else (2).to_bytes(size)
    end, told, key = ahead + b"\x48\1", ahead + b"\x4e\1", ahead + b"\x2a\1"
    unit = (b"\0\0\1" if not size else (6).to_bytes(size)) + b"\x4e\1\x2f\1\xc0\x80"
    assert taken_back(end + told + key, size) == end + unit + told + key
    assert taken_back(told + ahead + b"\2\1", size) == told + ahead + b"\2\1"


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
    assert [turns.strays(each, alone=key) for each, key in told] == [False, False, True, True, True, False]
