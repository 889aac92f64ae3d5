"""What comes back from a written video equals what went in, for every codec and container; what is lost is told."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.adapters.video_clips import psnr
from tests.adapters.video_writing import CODECS_IN, PLAIN, frames_of, seconds, worst, written
from unseen.adapters.video_av import AvCodec, open_video, open_writer
from unseen.core.video import ColourTags, Light, VideoStyle
from unseen.verify.streams import scan_video


@pytest.mark.parametrize(("codec", "ending"), CODECS_IN)
def test_frames_times_and_facts_come_back(tmp_path: Path, codec: str, ending: str) -> None:
    square = ending in ("mkv", "webm") and codec in ("vp9", "av1")
    aspect = Fraction(1) if square else Fraction(4, 3)
    info = replace(PLAIN, colour=ColourTags(1, 1, 1, full_range=False), pixel_aspect=aspect, rotation=90)
    frames = frames_of(info)
    told, back = written(tmp_path / f"clip.{ending}", info, frames, codec=codec)
    assert seconds(back, told) == seconds(frames, info)
    assert worst(frames, back) > 35
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
    assert seconds(back, told) == seconds(frames, info)


def test_matroska_keeps_times_to_the_millisecond(tmp_path: Path) -> None:
    info = replace(PLAIN, time_base=Fraction(1, 90000))
    frames = frames_of(info, 12, 3003)
    told, back = written(tmp_path / "clip.mkv", info, frames)
    pairs = zip(seconds(back, told), seconds(frames, info), strict=True)
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
    assert worst(frames, back, {"10": 10, "12": 12}.get(pixel_format[7:9], 8)) > 34


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
    assert worst(frames, back) > 34


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


def test_threads_of_the_encoder_lose_no_frame_and_keep_their_order(tmp_path: Path) -> None:
    frames = frames_of(PLAIN, 40)
    for threads in (1, 2, 8):
        told, back = written(tmp_path / f"{threads}.mp4", PLAIN, frames, codec="h264", threads=threads)
        assert seconds(back, told) == seconds(frames, PLAIN)
        assert worst(frames, back) > 35


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
    assert worst(frames, back) > 35
    assert len(back) == len(frames)
    assert again.info.colour == reader.info.colour


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
