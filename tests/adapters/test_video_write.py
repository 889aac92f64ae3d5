"""Writing videos: what comes back equals what went in, for every codec and container; nothing else is in the file."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.adapters.video_clips import Clip, make_clip, psnr, scene
from unseen.adapters.video_av import AvCodec, open_video, open_writer
from unseen.core.video import ColourTags, Light, VideoFrame, VideoInfo, VideoStyle
from unseen.errors import DeviceUnavailable, OutputFailed, UnsupportedInput, UsageError
from unseen.verify.streams import scan_video

PLAIN = VideoInfo(
    container="mp4", codec="h264", width=160, height=96, rate=Fraction(25), time_base=Fraction(1, 12800),
    pixel_format="yuv420p",
)  # fmt: skip
CODECS_IN = [
    *((codec, ending) for codec in ("h264", "hevc") for ending in ("mp4", "m4v", "mov", "mkv")),
    *((codec, ending) for codec in ("vp9", "av1") for ending in ("mp4", "mkv", "webm")),
]


def frames_of(info: VideoInfo, count: int = 30, step: int = 512) -> list[VideoFrame]:
    """Return the first frames of the scene as a video of `info`."""
    return [
        VideoFrame(scene(index, info.width, info.height, info.pixel_format), index, index * step)
        for index in range(count)
    ]


def written(
    path: Path, info: VideoInfo, frames: list[VideoFrame], **options: Any
) -> tuple[VideoInfo, list[VideoFrame]]:
    """Write frames, read them again, and see that the file holds nothing else."""
    with open_writer(path, info, **options) as writer:
        for frame in frames:
            writer.write(frame)
    assert writer.frames == len(frames)
    assert scan_video(path) == ()
    with open_video(path, path.name) as reader:
        back = list(reader)
        assert reader.problems == ()
    assert not any(frame.damaged for frame in back)
    return reader.info, back


def _seconds(frames: list[VideoFrame], info: VideoInfo) -> list[Fraction]:
    return [frame.pts * info.time_base for frame in frames]


def _worst(frames: list[VideoFrame], back: list[VideoFrame], bits: int = 8) -> float:
    return min(
        psnr(a, b, bits) for f, g in zip(frames, back, strict=True) for a, b in zip(f.planes, g.planes, strict=True)
    )


@pytest.mark.parametrize(("codec", "ending"), CODECS_IN)
def test_frames_times_and_facts_come_back(tmp_path: Path, codec: str, ending: str) -> None:
    square = ending in ("mkv", "webm") and codec in ("vp9", "av1")
    aspect = Fraction(1) if square else Fraction(4, 3)
    info = replace(PLAIN, colour=ColourTags(1, 1, 1, full_range=False), pixel_aspect=aspect, rotation=90)
    frames = frames_of(info)
    told, back = written(tmp_path / f"clip.{ending}", info, frames, codec=codec)
    assert _seconds(back, told) == _seconds(frames, info)
    assert _worst(frames, back) > 35
    assert told.codec == codec
    assert (told.width, told.height, told.pixel_format) == (160, 96, "yuv420p")
    assert (told.rotation, told.pixel_aspect) == (90, aspect)
    assert told.colour == info.colour
    assert not told.other_streams
    assert told.seconds is not None
    assert abs(told.seconds - 30 / 25) <= 1 / 25


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_turn_for_display_is_written_down(tmp_path: Path, ending: str, rotation: int) -> None:
    told, _ = written(tmp_path / f"clip.{ending}", replace(PLAIN, rotation=rotation), frames_of(PLAIN, 3))
    assert told.rotation == rotation


@pytest.mark.parametrize("start", [0, 1234567, 40])
@pytest.mark.parametrize("time_base", [Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 600)])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_uneven_times_are_kept_to_the_tick(tmp_path: Path, codec: str, time_base: Fraction, start: int) -> None:
    info = replace(PLAIN, time_base=time_base)
    stamps = [start + stamp for stamp in (0, 3, 4, 17, 18, 19, 60, 61, 90, 200, 201, 230)]
    frames = [replace(frame, pts=pts) for frame, pts in zip(frames_of(info, 12), stamps, strict=True)]
    told, back = written(tmp_path / "clip.mp4", info, frames, codec=codec)
    assert _seconds(back, told) == _seconds(frames, info)


def test_matroska_keeps_times_to_the_millisecond(tmp_path: Path) -> None:
    info = replace(PLAIN, time_base=Fraction(1, 90000))
    frames = frames_of(info, 12, 3003)
    told, back = written(tmp_path / "clip.mkv", info, frames)
    pairs = zip(_seconds(back, told), _seconds(frames, info), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= Fraction(1, 2000)


@pytest.mark.parametrize(
    ("pixel_format", "codec", "ending", "wanted"),
    [
        ("yuv444p", "auto", "mp4", "yuv444p"),
        ("yuv422p", "auto", "mp4", "yuv422p"),
        ("yuv444p", "hevc", "mp4", "yuv444p"),
        ("yuv444p", "vp9", "webm", "yuv444p"),
        ("yuv420p10le", "auto", "mp4", "yuv420p10le"),
        ("yuv422p10le", "auto", "mov", "yuv422p10le"),
        ("yuv444p12le", "auto", "mkv", "yuv444p12le"),
        ("yuv420p10le", "auto", "webm", "yuv420p10le"),
        ("yuv420p10le", "av1", "mp4", "yuv420p10le"),
        ("yuva420p", "auto", "webm", "yuva420p"),
        ("yuva420p", "auto", "mkv", "yuva420p"),
    ],
)
def test_depth_chroma_and_alpha_are_kept(
    tmp_path: Path, pixel_format: str, codec: str, ending: str, wanted: str
) -> None:
    info = replace(PLAIN, pixel_format=pixel_format)
    frames = frames_of(info, 12)
    told, back = written(tmp_path / f"clip.{ending}", info, frames, codec=codec)
    assert told.pixel_format == wanted
    assert _worst(frames, back, {"10": 10, "12": 12}.get(pixel_format[7:9], 8)) > 34


@pytest.mark.parametrize("tags", [ColourTags(9, 16, 9), ColourTags(9, 18, 9), ColourTags(1, 1, 1), ColourTags()])
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_colour_tags_of_ten_bits_are_kept(tmp_path: Path, ending: str, tags: ColourTags) -> None:
    info = replace(PLAIN, pixel_format="yuv420p10le", colour=tags)
    told, _ = written(tmp_path / f"clip.{ending}", info, frames_of(info, 3))
    assert (told.codec, told.colour) == ("hevc", tags)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_what_hdr10_tells_of_light_is_kept_in_hevc(tmp_path: Path, ending: str) -> None:
    light = Light((34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450, 50, 10_000_000), (1000, 400))
    info = replace(PLAIN, pixel_format="yuv420p10le", colour=ColourTags(9, 16, 9), light=light)
    told, _ = written(tmp_path / f"clip.{ending}", info, frames_of(info, 3))
    assert told.light == light
    one = replace(info, light=Light(content=(600, 0)))
    assert written(tmp_path / f"one.{ending}", one, frames_of(one, 3))[0].light == one.light


def test_light_that_another_codec_does_not_keep_is_told_of() -> None:
    info = replace(PLAIN, pixel_format="yuv420p10le", light=Light(content=(1000, 400)))
    (line,) = AvCodec().losses("mp4", info, VideoStyle("av1"), "a.mp4")
    assert line.startswith("mastering display and content light level were left out")
    assert not AvCodec().losses("mp4", info, VideoStyle("hevc"), "a.mp4")


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_full_range_stays_full_range(tmp_path: Path, codec: str) -> None:
    info = replace(PLAIN, colour=ColourTags(1, 13, 5, full_range=True))
    frames = frames_of(info, 5)
    told, back = written(tmp_path / "clip.mp4", info, frames, codec=codec)
    assert told.colour == info.colour
    assert _worst(frames, back) > 34


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
@pytest.mark.parametrize("size", [(161, 97), (160, 97), (161, 96)])
def test_odd_sizes_are_kept(tmp_path: Path, codec: str, size: tuple[int, int]) -> None:
    info = replace(PLAIN, width=size[0], height=size[1])
    frames = frames_of(info, 5)
    told, back = written(tmp_path / "clip.mp4", info, frames, codec=codec)
    assert (told.width, told.height) == size
    assert told.pixel_format == ("yuv444p" if codec in ("h264", "hevc") else "yuv420p")
    assert min(psnr(a.planes[0], b.planes[0]) for a, b in zip(frames, back, strict=True)) > 34


def test_widened_chroma_keeps_the_colours(tmp_path: Path) -> None:
    info = replace(PLAIN, width=161, colour=ColourTags(1, 1, 1))
    frames = frames_of(info, 3)
    path = tmp_path / "clip.mp4"
    _, back = written(path, info, frames)
    for one, other in zip(frames, back, strict=True):
        wide = np.repeat(one.planes[1], 2, axis=1)[:, :161].repeat(2, axis=0)
        assert psnr(wide, other.planes[1]) > 30


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


def test_threads_of_the_encoder_lose_no_frame_and_keep_their_order(tmp_path: Path) -> None:
    frames = frames_of(PLAIN, 40)
    for threads in (1, 2, 8):
        told, back = written(tmp_path / f"{threads}.mp4", PLAIN, frames, codec="h264", threads=threads)
        assert _seconds(back, told) == _seconds(frames, PLAIN)
        assert _worst(frames, back) > 35


@pytest.mark.parametrize(
    ("name", "ending"), [("rknnlite_people-walking.mp4", "mp4"), ("egoblur_gen2_test_face_video.mp4", "mkv")]
)
def test_real_clips_come_back(tmp_path: Path, test_data: Path, name: str, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    frames = []
    with open_video(test_data / "samples" / "video" / name, name) as reader, open_writer(path, reader.info) as writer:
        for frame in reader:
            writer.write(frame)
            frames.append(frame)
            if len(frames) == 40:
                break
    assert scan_video(path) == ()
    with open_video(path, path.name) as again:
        back = list(again)
    assert _worst(frames, back) > 35
    assert len(back) == len(frames)
    assert again.info.colour == reader.info.colour


def test_the_wheel_carries_every_encoder() -> None:
    assert {"libx264", "libx265", "libvpx-vp9", "libsvtav1", "aac", "libopus"} <= av.codecs_available


_LOW = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.adapters.test_video_write import PLAIN, frames_of, written
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


@pytest.mark.parametrize(
    ("pixels", "codec", "ending", "lost"),
    [
        ("yuv444p12le", "av1", "mp4", ("12 bits a sample became 10", "colours of 4:4:4 became 4:2:0")),
        ("yuv422p10le", "auto", "webm", ("colours of 4:2:2 became 4:2:0",)),
        ("yuva444p", "auto", "webm", ("colours of 4:4:4 became 4:2:0",)),
        ("yuv420p10le", "av1", "mp4", ()),
        ("yuv444p12le", "hevc", "mp4", ()),
        ("yuv420p", "h264", "mp4", ()),
    ],
)
def test_what_an_encoding_does_not_hold_is_told(pixels: str, codec: str, ending: str, lost: tuple[str, ...]) -> None:
    info = replace(PLAIN, pixel_format=pixels, width=161)
    assert AvCodec().losses(ending, info, VideoStyle(codec), "clip") == lost
