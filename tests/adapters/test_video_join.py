"""Segments joined to one file: every frame once, at its time, and nothing is encoded again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.video_clips import psnr, scene
from unseen.adapters.video_av import concat, open_video, open_writer, segment_ending
from unseen.core.video import ColourTags, VideoFrame, VideoInfo
from unseen.errors import OutputFailed, UsageError
from unseen.verify.streams import extent, scan_video

INFO = VideoInfo(
    container="mp4", codec="h264", width=64, height=48, rate=Fraction(25), time_base=Fraction(1, 12800),
    pixel_format="yuv420p", colour=ColourTags(1, 1, 1), rotation=90,
)  # fmt: skip
FINAL = [("mp4", "h264"), ("mov", "h264"), ("mkv", "h264"), ("mp4", "hevc"), ("mov", "hevc"), ("mkv", "hevc")]
FINAL += [("mp4", "vp9"), ("webm", "vp9"), ("mkv", "vp9"), ("mp4", "av1"), ("webm", "av1"), ("mkv", "av1")]


def _frames(info: VideoInfo, stamps: list[int]) -> list[VideoFrame]:
    return [
        VideoFrame(scene(index, info.width, info.height, info.pixel_format), index, stamp)
        for index, stamp in enumerate(stamps)
    ]


def _segments(
    folder: Path, info: VideoInfo, frames: list[VideoFrame], per: int, ending: str, **options: Any
) -> list[Path]:
    paths = []
    for first in range(0, len(frames), per):
        paths.append(folder / f"part{first}.{ending}")
        with open_writer(paths[-1], info, **options) as writer:
            for frame in frames[first : first + per]:
                writer.write(frame)
    return paths


def _seconds(path: Path) -> float:
    """Return how long a file says that it is."""
    with av.open(str(path)) as container:
        return (container.duration or 0) / 1_000_000


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("stamps", [[0, 20_000, 40_000, 60_000], [0, 5000, 45_000, 60_000]])
def test_the_last_frame_is_shown_as_long_as_it_was(tmp_path: Path, ending: str, stamps: list[int]) -> None:
    info = replace(INFO, rate=Fraction(1, 20), time_base=Fraction(1, 1000))
    codec = "vp9" if ending == "webm" else "h264"
    parts = _segments(tmp_path, info, _frames(info, stamps), 4, segment_ending(ending, alpha=False), codec=codec)
    out = tmp_path / f"out.{ending}"
    concat(parts, out, info, end=67_000)
    assert _seconds(out) == pytest.approx(67)
    with open_video(out, out.name) as reader:
        assert [float(frame.pts * reader.info.time_base) * 1000 for frame in reader] == stamps
        assert ending == "webm" or float(reader.end * reader.info.time_base) == pytest.approx(67)


def _read(path: Path) -> tuple[VideoInfo, list[VideoFrame]]:
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert reader.problems == ()
    assert not any(frame.damaged for frame in frames)
    return reader.info, frames


@pytest.mark.parametrize(("ending", "codec"), FINAL)
def test_segments_become_one_video(tmp_path: Path, ending: str, codec: str) -> None:
    frames = _frames(INFO, [index * 512 for index in range(40)])
    parts = _segments(tmp_path, INFO, frames, 9, segment_ending(ending, alpha=False), codec=codec)
    out = tmp_path / f"out.{ending}"
    assert concat(parts, out, INFO) == 40
    info, back = _read(out)
    assert [frame.pts * info.time_base for frame in back] == [frame.pts * INFO.time_base for frame in frames]
    assert min(psnr(a.planes[0], b.planes[0]) for a, b in zip(frames, back, strict=True)) > 33
    assert (info.codec, info.rotation, info.colour, info.rate) == (codec, 90, INFO.colour, INFO.rate)
    assert (b"hvc1" in out.read_bytes()) == (codec == "hevc" and ending != "mkv")
    assert scan_video(out) == ()
    assert extent(out).frames == 40


def test_joined_pictures_are_the_segments_own(tmp_path: Path) -> None:
    frames = _frames(INFO, [index * 512 for index in range(20)])
    parts = _segments(tmp_path, INFO, frames, 8, "mp4")
    concat(parts, tmp_path / "out.mp4", INFO)
    apart = [frame for part in parts for frame in _read(part)[1]]
    _, joined = _read(tmp_path / "out.mp4")
    assert all((a.planes[0] == b.planes[0]).all() for a, b in zip(apart, joined, strict=True))


def test_alpha_goes_through(tmp_path: Path) -> None:
    info = replace(INFO, pixel_format="yuva420p", rotation=0)
    frames = _frames(info, [index * 512 for index in range(12)])
    parts = _segments(tmp_path, info, frames, 5, segment_ending("mkv", alpha=True))
    concat(parts, tmp_path / "out.mkv", info)
    told, back = _read(tmp_path / "out.mkv")
    assert told.pixel_format == "yuva420p"
    assert min(psnr(a.planes[3], b.planes[3]) for a, b in zip(frames, back, strict=True)) > 33
    assert scan_video(tmp_path / "out.mkv") == ()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 4000), min_size=4, max_size=24),
    st.integers(1, 7),
    st.integers(0, 10**7),
    st.sampled_from(["h264", "hevc"]),
)
def test_uneven_times_are_kept_over_the_seams(
    tmp_path: Path, steps: list[int], per: int, start: int, codec: str
) -> None:
    stamps = [start + sum(steps[:index]) for index in range(len(steps))]
    info = replace(INFO, time_base=Fraction(1, 90000))
    parts = _segments(tmp_path, info, _frames(info, stamps), per, "mp4", codec=codec, speed="ultrafast")
    out = tmp_path / "out.mp4"
    concat(parts, out, info)
    told, back = _read(out)
    assert [frame.pts * told.time_base for frame in back] == [stamp * info.time_base for stamp in stamps]


def test_segments_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    parts = _segments(tmp_path, INFO, _frames(INFO, [index * 512 for index in range(20)]), 10, "mp4")
    with pytest.raises(OutputFailed, match="its parts do not follow one another"):
        concat(parts[::-1], tmp_path / "out.mp4", INFO)
    assert not (tmp_path / "out.mp4").exists()


def test_segments_of_another_encoding_are_refused(tmp_path: Path) -> None:
    frames = _frames(INFO, [index * 512 for index in range(20)])
    one = _segments(tmp_path, INFO, frames[:10], 10, "mp4")
    (tmp_path / "other").mkdir()
    other = _segments(tmp_path / "other", INFO, frames[10:], 10, "mp4", speed="ultrafast")
    with pytest.raises(OutputFailed, match="not encoded alike"):
        concat([*one, *other], tmp_path / "out.mp4", INFO)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.99])
def test_a_cut_segment_is_refused_or_told_by_the_count(tmp_path: Path, cut: float) -> None:
    parts = _segments(tmp_path, INFO, _frames(INFO, [index * 512 for index in range(20)]), 10, "mp4")
    data = parts[1].read_bytes()
    parts[1].write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(OutputFailed, match=r"out.mp4: .+; delete them and run again"):
        concat(parts, tmp_path / "out.mp4", INFO)
    assert not (tmp_path / "out.mp4").exists()


def test_a_container_that_cannot_hold_the_codec_is_refused(tmp_path: Path) -> None:
    parts = _segments(tmp_path, INFO, _frames(INFO, [0, 512]), 10, "mp4")
    with pytest.raises(UsageError, match="choose another ending"):
        concat(parts, tmp_path / "out.webm", INFO)
    with pytest.raises(UsageError, match=r"no video is written as \.avi"):
        concat(parts, tmp_path / "out.avi", INFO)
    with pytest.raises(UsageError):
        concat([], tmp_path / "out.mp4", INFO)
    assert not list(tmp_path.glob("out.*"))
