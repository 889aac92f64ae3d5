"""Pictures of videos as they are read: turned, mirrored, of any size, depth and colour, interlaced or not."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.adapters.video_clips import Clip, make_clip, picture, psnr, read_whole, scene, worst_psnr
from unseen.adapters.video_av import open_video
from unseen.core.video import ColourTags
from unseen.media.thin import ThinnedReader


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_the_turn_for_display_is_told(tmp_path: Path, ending: str, rotation: int) -> None:
    path = tmp_path / f"clip.{ending}"
    sources = make_clip(path, Clip(rotation=rotation, stamps=range(3)))
    with open_video(path, path.name) as reader:
        assert reader.info.rotation == rotation
        assert worst_psnr(list(reader), sources) > 35


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_mirrored_pictures_are_turned_over(tmp_path: Path, rotation: int) -> None:
    path = tmp_path / "clip.mp4"
    # FFmpeg mirrors after turning: shown is mirror(turn(stored)).
    sources = make_clip(path, Clip(rotation=rotation, mirrored=True, stamps=range(3)))
    with open_video(path, path.name) as reader:
        info = reader.info
        frame = next(iter(reader))
        shown = np.rot90(frame.planes[0], -info.rotation // 90)
        wanted = np.fliplr(np.rot90(sources[0][0], -rotation // 90))
    assert psnr(shown, wanted) > 35


@pytest.mark.parametrize("encoder", ["libvpx-vp9", "libsvtav1", "mpeg4", "mjpeg"])
def test_odd_sizes_are_read_whole(tmp_path: Path, encoder: str) -> None:
    path = tmp_path / "clip.mkv"
    sources = make_clip(path, Clip(encoder, "yuvj420p" if encoder == "mjpeg" else "yuv420p", (161, 97)))
    frames = read_whole(path)
    assert [plane.shape for plane in frames[0].planes] == [(97, 161), (49, 81), (49, 81)]
    assert worst_psnr(frames, sources) > 34


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_pixels_that_are_not_square_are_told(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(pixel_aspect=Fraction(4, 3), stamps=range(3)))
    with open_video(path, path.name) as reader:
        assert reader.info.pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize(("tags", "hdr"), [((9, 16, 9, 1), True), ((9, 18, 9, 1), True), ((1, 1, 1, 1), False)])
def test_ten_bits_and_colour_tags_are_read(tmp_path: Path, tags: tuple[int, int, int, int], hdr: bool) -> None:
    path = tmp_path / "clip.mp4"
    sources = make_clip(path, Clip("libx265", "yuv420p10le", tags=tags))
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert reader.info.colour == ColourTags(*tags[:3], full_range=False)
        assert reader.info.colour.is_hdr == hdr
    assert frames[0].planes[0].dtype == np.uint16
    assert worst_psnr(frames, sources, 10) > 35


@pytest.mark.parametrize(
    ("encoder", "pixel_format"),
    [("libx264", "yuv444p"), ("libx264", "yuv422p"), ("libx265", "yuv422p10le"), ("ffv1", "yuv444p12le")],
)
def test_fuller_chroma_is_kept(tmp_path: Path, encoder: str, pixel_format: str) -> None:
    path = tmp_path / "clip.mkv"
    sources = make_clip(path, Clip(encoder, pixel_format))
    with open_video(path, path.name) as reader:
        assert reader.info.pixel_format == pixel_format
        assert worst_psnr(list(reader), sources, {"10": 10, "12": 12}.get(pixel_format[7:9], 8)) > 35


def test_alpha_of_vp9_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    sources = make_clip(path, Clip("libvpx-vp9", "yuva420p", tags=(1, 1, 1, 1)))
    frames = read_whole(path)
    with open_video(path, path.name) as reader:
        assert (reader.info.codec, reader.info.pixel_format) == ("vp9", "yuva420p")
        assert reader.info.colour == ColourTags(1, 1, 1)
    assert not any(frame.damaged for frame in frames)
    assert worst_psnr(frames, sources) > 35


def test_rgb_video_becomes_bt709(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        red = av.VideoFrame.from_ndarray(np.full((48, 64, 3), (200, 30, 60), np.uint8), "rgb24")
        output.mux([*stream.encode(red.reformat(format="bgr0")), *stream.encode(None)])
    with open_video(path, path.name) as reader:
        (frame,) = reader
        assert (reader.info.pixel_format, reader.info.colour.matrix) == ("yuv444p", 1)
        assert np.abs(reader.to_rgb(frame).astype(int) - (200, 30, 60)).max() <= 4


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_interlaced_pictures_are_deinterlaced_each_by_itself(tmp_path: Path, first: str) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path, Clip(options={"flags": "+ilme+ildct", "x264-params": f"{first}=1"}))
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert reader.info.interlaced
    assert [frame.pts for frame in frames] == [512 * index for index in range(24)]
    assert psnr(frames[12].planes[0], scene(12, 160, 96)[0]) > 30


def test_combed_motion_is_gone_after_deinterlacing(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    fields = [scene(index, 160, 96) for index in range(0, 40, 10)]
    woven = [
        tuple(np.where(np.arange(a.shape[0])[:, None] % 2 == 0, a, b) for a, b in zip(one, two, strict=True))
        for one, two in pairwise(fields)
    ]
    with av.open(str(path), "w") as output:
        stream = output.add_stream(
            "libx264", rate=25, options={"crf": "8", "flags": "+ilme+ildct", "x264-params": "tff=1"}
        )
        stream.width, stream.height = 160, 96
        for planes in woven:
            output.mux(stream.encode(picture(planes, "yuv420p")))
        output.mux(stream.encode(None))
    combs = [float(np.abs(np.diff(planes[0].astype(int), axis=0)).mean()) for planes in woven]
    left = [float(np.abs(np.diff(frame.planes[0].astype(int), axis=0)).mean()) for frame in read_whole(path)]
    assert all(after < before / 2 for before, after in zip(combs, left, strict=True))


def test_samples_of_more_bits_than_are_kept_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    make_clip(path, Clip("ffv1", "yuv420p16le", stamps=range(3)))
    with open_video(path, path.name) as reader:
        assert len(list(reader)) == 3
        assert (reader.problems, reader.harmed) == (("16 bits a sample became 12",), False)


def test_a_change_of_size_is_scaled_and_not_trusted(tmp_path: Path) -> None:
    parts = [tmp_path / f"{index}.ts" for index in range(2)]
    make_clip(parts[0], Clip(options={"bf": "0"}))
    make_clip(parts[1], Clip(size=(128, 80), stamps=range(24, 48), options={"bf": "0"}))
    path = tmp_path / "clip.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert any("another size" in problem for problem in reader.problems)
        assert (reader.harmed, ThinnedReader(reader, 5).harmed) == (True, True)
    assert {tuple(plane.shape for plane in frame.planes) for frame in frames} == {((96, 160), (48, 80), (48, 80))}
    assert not any(frame.damaged for frame in frames[:20])
    assert all(frame.damaged for frame in frames[24:])
    assert all(a.pts < b.pts for a, b in pairwise(frames))


def test_frames_stay_valid_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    sources = make_clip(path)
    assert worst_psnr(read_whole(path), sources) > 35


def test_rgb_comes_from_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path)
    with open_video(path, path.name) as reader:
        assert reader.to_rgb(next(iter(reader)), 80, 48).shape == (48, 80, 3)
