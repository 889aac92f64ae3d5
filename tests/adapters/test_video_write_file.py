"""The file that a video is written to: refused or gone where it cannot be right, and nothing in it but the video."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from tests.adapters.video_clips import Clip, make_clip, psnr
from tests.adapters.video_writing import CODECS_IN, PLAIN, frames_of, written
from unseen.adapters.video_av import open_video, open_writer
from unseen.core.video import VideoInfo
from unseen.errors import DeviceUnavailable, OutputFailed, UnsupportedInput, UsageError
from unseen.verify.streams import scan_video


@pytest.mark.parametrize(
    ("info", "ending", "codec", "error"),
    [
        (replace(PLAIN, pixel_format="yuva420p"), "mp4", "auto", UnsupportedInput),
        (replace(PLAIN, pixel_format="yuva420p"), "mkv", "h264", UnsupportedInput),
        (replace(PLAIN, pixel_format="yuv420p10le"), "mp4", "h264", UnsupportedInput),
        (replace(PLAIN, pixel_format="yuv420p10le"), "webm", "vp9", UnsupportedInput),
        (replace(PLAIN, pixel_format="yuva444p12le"), "mkv", "vp9", UnsupportedInput),
        (PLAIN, "avi", "auto", UsageError),
        (PLAIN, "", "auto", UsageError),
        (PLAIN, "mp4", "mpeg4", UsageError),
        (PLAIN, "mp4", "h264_teapot", UsageError),
        (PLAIN, "webm", "hevc", UsageError),
        (PLAIN, "mov", "vp9", UsageError),
        (replace(PLAIN, height=15), "mp4", "hevc", UnsupportedInput),
        (replace(PLAIN, width=4, pixel_format="yuv420p10le"), "mp4", "av1", UnsupportedInput),
        (replace(PLAIN, width=161), "mp4", "h264_nvenc", UnsupportedInput),
        (replace(PLAIN, pixel_aspect=Fraction(4, 3)), "webm", "auto", UnsupportedInput),
        (replace(PLAIN, pixel_aspect=Fraction(4, 3)), "mkv", "av1", UnsupportedInput),
    ],
)
def test_what_would_be_lost_or_cannot_be_is_refused(
    tmp_path: Path, info: VideoInfo, ending: str, codec: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"^[^\n]+; [^\n]+$"):
        open_writer(tmp_path / f"clip.{ending}", info, codec=codec)
    assert list(tmp_path.iterdir()) == []


def test_a_hardware_encoder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="hevc_qsv is not on this machine"):
        open_writer(tmp_path / "clip.mp4", PLAIN, codec="hevc_qsv")
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    def stop(path: Path) -> None:
        with open_writer(path, PLAIN) as writer:
            writer.write(frames_of(PLAIN, 1)[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop(tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_no_frame_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="not one frame"), open_writer(tmp_path / "clip.mp4", PLAIN):
        pass
    assert list(tmp_path.iterdir()) == []


def test_frames_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first, second = frames_of(PLAIN, 2)
    writer = open_writer(tmp_path / "clip.mp4", PLAIN)
    writer.write(second)
    with pytest.raises(ValueError, match="has time stamp 0 after 512"):
        writer.write(first)
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    full = tmp_path / "clip.mkv"
    full.symlink_to("/dev/full")
    info = replace(PLAIN, width=640, height=480)
    with pytest.raises(OutputFailed, match=r"cannot be written \(.+\); check the folder"):
        written(full, info, frames_of(info, 40))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match=r"clip.mp4: cannot be written \(No such file or directory\)"):
        open_writer(tmp_path / "none" / "clip.mp4", PLAIN)


def test_the_index_of_mp4_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    written(path, PLAIN, frames_of(PLAIN, 3))
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("codec", "ending"), CODECS_IN)
def test_the_file_names_no_encoder(tmp_path: Path, codec: str, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    written(path, PLAIN, frames_of(PLAIN, 3), codec=codec)
    data = path.read_bytes()
    assert [word for word in (b"x264", b"x265", b"Lavc", b"Lavf6", b"SVT", b"vpx") if word in data] == []


def test_metadata_sound_and_extras_of_the_source_are_gone(tmp_path: Path) -> None:
    source = tmp_path / "clip.mov"
    place = {"com.apple.quicktime.location.ISO6709": "+48.137+011.575/", "title": "At Anna's", "artist": "Anna"}
    clip = Clip(
        metadata=place | {"creation_time": "2024-05-01T10:00:00Z"}, audio="aac", subtitles="mov_text", chapters=True,
        muxer_options={"movflags": "use_metadata_tags"},
    )  # fmt: skip
    make_clip(source, clip)
    assert scan_video(source) != ()
    with open_video(source, source.name) as reader, open_writer(tmp_path / "out.mov", reader.info) as writer:
        for frame in reader:
            writer.write(frame)
    assert scan_video(tmp_path / "out.mov") == ()
    assert b"Anna" not in (tmp_path / "out.mov").read_bytes()


def test_quality_and_speed_reach_the_encoder(tmp_path: Path) -> None:
    sizes = []
    for quality in (12, 40):
        path = tmp_path / f"{quality}.mp4"
        written(path, PLAIN, frames_of(PLAIN, 10), quality=quality, speed="ultrafast")
        sizes.append(path.stat().st_size)
    assert sizes[0] > 2 * sizes[1]


def test_the_quick_default_of_h264_costs_little_beside_the_preset_that_it_comes_from(
    tmp_path: Path, test_data: Path
) -> None:
    name = "rknnlite_people-walking.mp4"
    with open_video(test_data / "samples" / "video" / name, name) as reader:
        frames = list(islice(reader, 60))
    sizes, quality = {}, {}
    for speed in (None, "veryfast", "superfast"):
        path = tmp_path / f"{speed}.mp4"
        _, back = written(path, reader.info, frames, codec="h264", speed=speed)
        sizes[speed] = path.stat().st_size
        quality[speed] = np.mean([psnr(f.planes[0], g.planes[0], 8) for f, g in zip(frames, back, strict=True)])
    assert sizes[None] < 1.2 * sizes["veryfast"] < sizes["superfast"]
    assert quality[None] > quality["veryfast"] - 0.7
    assert sizes[None] > sizes["veryfast"]


def test_the_wheel_carries_every_encoder() -> None:
    assert {"libx264", "libx265", "libvpx-vp9", "libsvtav1", "aac", "libopus"} <= av.codecs_available


_LOW = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.adapters.video_writing import PLAIN, frames_of, written
for width, height, codec in (100, 5, "av1"), (6, 640, "av1"), (16, 16, "hevc"):
    info = replace(PLAIN, width=width, height=height)
    written(Path(sys.argv[1]) / f"{codec}{width}.mp4", info, frames_of(info, 3), codec=codec)
"""


def test_very_low_and_narrow_pictures_are_written_to_the_end(tmp_path: Path) -> None:
    # In a process of its own: an encoder that waits for ever would take the test with it.
    subprocess.run([sys.executable, "-c", _LOW, tmp_path], check=True, timeout=60)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system knows no scheduling policies")
def test_no_encoder_keeps_real_time_priority(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    written(tmp_path / "a.mp4", PLAIN, frames_of(PLAIN, 3), codec="av1")
    assert os.sched_getscheduler(0) == before
