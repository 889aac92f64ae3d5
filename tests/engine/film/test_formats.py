"""Videos of every container, codec and shape come out whole, in time, with the square hidden in every frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.engine.engine_fakes import BlindDetector, Command, MagentaDetector
from tests.engine.film_scenes import (
    FILM,
    FRAMES,
    SIDE,
    SIZE,
    MissingDetector,
    Watched,
    corner_at,
    film,
    film_engine,
    leftovers,
    watch,
)
from unseen.adapters.video_av import concat, open_video
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Detection

KINDS = [
    ("libx264", "mp4"), ("libx264", "mov"), ("libx264", "m4v"), ("libx264", "mkv"), ("libx264", "ts"),
    ("libx264", "avi"), ("libx265", "mp4"), ("libx265", "mkv"), ("libx265", "ts"), ("libvpx-vp9", "webm"),
    ("libvpx-vp9", "mkv"), ("libsvtav1", "mp4"), ("libsvtav1", "webm"), ("mjpeg", "avi"), ("mjpeg", "mov"),
    ("mpeg4", "avi"), ("mpeg2video", "mpg"), ("mpeg2video", "ts"), ("mpeg1video", "mpg"),
]  # fmt: skip


def redacted(unseen: Command, source: Path, *words: str | Path) -> Watched:
    """Redact a clip, check what holds for all of them, and return what came out."""
    output = source.parent.parent / "out"
    before = watch(source)
    assert min(before.shown) > 0, "the square shows in all frames of the input"
    done = unseen(source, "-o", output, *words, engine=film_engine())
    assert done.code == 0, done.err
    assert leftovers(output) == []
    (receipt,) = done.report["files"]
    after = watch(output / receipt["output"])
    assert after.shown == [0] * before.frames
    start = after.times[0] - before.times[0]
    step = 1 / float(before.info.rate)
    assert all(abs(a - b - start) < min(0.002, step) for a, b in zip(after.times, before.times, strict=True))
    assert receipt["video"]["frames"] == before.frames
    assert receipt["video"]["frames_hidden_whole"] == 0
    assert abs(receipt["video"]["duration"] - (before.times[-1] - before.times[0]) - step) < 0.002
    assert receipt["size"] == [before.info.width, before.info.height]
    return after


@pytest.mark.parametrize(("encoder", "ending"), KINDS)
def test_every_container_and_codec(unseen: Command, tmp_path: Path, encoder: str, ending: str) -> None:
    pixels = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
    clip = replace(FILM, encoder=encoder, pixel_format=pixels)
    after = redacted(unseen, film(tmp_path / "in" / f"a.{ending}", clip))
    kept = ending in ("mp4", "mov", "m4v", "mkv", "webm")
    assert sorted(p.name for p in (tmp_path / "out").glob("a.*")) == [f"a.{ending if kept else 'mp4'}"]
    assert after.info.codec == ("vp9" if ending == "webm" else "h264")


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("hevc", "mp4"),
        ("hevc", "mov"),
        ("hevc", "mkv"),
        ("vp9", "mp4"),
        ("vp9", "mkv"),
        ("av1", "mp4"),
        ("av1", "webm"),
    ],
)
def test_codec_that_was_asked_for(unseen: Command, tmp_path: Path, codec: str, ending: str) -> None:
    """Two windows, so that segments of each codec are joined."""
    clip = replace(FILM, encoder="libvpx-vp9" if ending == "webm" else "libx264", stamps=range(2 * FRAMES + 20))
    after = redacted(unseen, film(tmp_path / "in" / f"a.{ending}", clip), "--codec", codec)
    assert after.info.codec in (codec, "libdav1d" if codec == "av1" else codec)


@pytest.mark.parametrize(
    ("ending", "codec", "size", "says"),
    [
        ("webm", "hevc", SIZE, "WebM cannot hold HEVC; choose vp9, av1 or another ending"),
        ("mov", "vp9", SIZE, "MOV cannot hold VP9; choose h264, hevc or another ending"),
        ("mov", "av1", SIZE, "MOV cannot hold AV1; choose h264, hevc or another ending"),
        (
            "mp4",
            "hevc",
            (64, 6),
            "is written with 64 x 6 pixels, but HEVC takes no side below 16; choose h264, vp9, av1",
        ),
        ("mov", "hevc", (2, 64), "is written with 2 x 64 pixels, but HEVC takes no side below 16; choose h264"),
        ("webm", "av1", (64, 4), "is written with 64 x 4 pixels, but AV1 takes no side below 5; choose vp9"),
    ],
)
def test_what_container_or_encoder_cannot_take_is_refused_before_the_work(
    unseen: Command, tmp_path: Path, ending: str, codec: str, size: tuple[int, int], says: str
) -> None:
    encoder = "libvpx-vp9" if ending == "webm" else "libx264"
    source = film(tmp_path / "in" / f"a.{ending}", replace(FILM, encoder=encoder, size=size, stamps=range(4)))
    seen: list[int] = []
    engine = film_engine(lambda: MissingDetector(frozenset(), seen))
    done = unseen(source, "-o", tmp_path / "out", "--codec", codec, engine=engine)
    assert done.code == 1
    assert done.err.startswith(f"failed: a.{ending}: {says}")
    assert done.err.count("\n") == 1
    assert not seen
    assert not (tmp_path / "out" / source.name).exists()


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_variable_frame_rate_keeps_its_time_stamps(unseen: Command, tmp_path: Path, ending: str) -> None:
    stamps, now = [], 0
    for i in range(FRAMES):
        stamps.append(now)
        now += (20, 40, 33, 100, 21)[i % 5]
    clip = replace(FILM, stamps=stamps, time_base=Fraction(1, 1000))
    redacted(unseen, film(tmp_path / "in" / f"a.{ending}", clip))


def test_a_time_lapse_lasts_as_long_as_it_did(unseen: Command, tmp_path: Path) -> None:
    plain = film(tmp_path / "plain.mp4", replace(FILM, stamps=(0, 20, 40, 60), time_base=Fraction(1)))
    source = tmp_path / "in" / "a.mp4"
    source.parent.mkdir()
    with open_video(plain, plain.name) as reader:
        concat([plain], source, reader.info, end=round(67 / reader.info.time_base))
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    with av.open(str(tmp_path / "out" / "a.mp4")) as written:
        assert written.duration == 67_000_000
    assert done.report["files"][0]["video"]["duration"] == 67


def test_first_time_stamp_that_is_not_zero(unseen: Command, tmp_path: Path) -> None:
    redacted(unseen, film(tmp_path / "in" / "a.mkv", replace(FILM, stamps=range(50, 50 + FRAMES))))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turned_pictures_stay_turned(unseen: Command, tmp_path: Path, rotation: int) -> None:
    after = redacted(unseen, film(tmp_path / "in" / "a.mp4", replace(FILM, rotation=rotation)))
    assert after.info.rotation == rotation


@pytest.mark.parametrize("size", [(161, 119), (159, 120), (160, 121)])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_odd_sizes(unseen: Command, tmp_path: Path, size: tuple[int, int], codec: str) -> None:
    clip = replace(FILM, size=size, encoder="mpeg4", stamps=range(12))
    after = redacted(unseen, film(tmp_path / "in" / "a.mkv", clip), "--codec", codec)
    assert (after.info.width, after.info.height) == size


@pytest.mark.parametrize("aspect", [Fraction(64, 45), Fraction(8, 9), Fraction(1, 3)])
def test_pixels_that_are_not_square(unseen: Command, tmp_path: Path, aspect: Fraction) -> None:
    after = redacted(unseen, film(tmp_path / "in" / "a.mp4", replace(FILM, pixel_aspect=aspect, rotation=90)))
    assert after.info.pixel_aspect == aspect


class _InShape:
    """Finds the square, but only in pictures that show it so many times as wide as it is high."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, ratio: Fraction) -> None:
        self._ratio, self._inner = float(ratio), MagentaDetector()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        found = self._inner.detect(images)
        return [[d for d in each if abs(d.box.width / d.box.height / self._ratio - 1) < 0.3] for each in found]


@pytest.mark.parametrize("aspect", [Fraction(4), Fraction(1, 3), Fraction(5, 2)])
@pytest.mark.parametrize("seen_as", ["stored", "told"])
@pytest.mark.parametrize("seen_by", ["finder", "verifier"])
def test_people_are_hidden_whether_or_not_an_odd_shape_of_pixels_is_true(
    unseen: Command, tmp_path: Path, aspect: Fraction, seen_as: str, seen_by: str
) -> None:
    clip = replace(FILM, pixel_aspect=aspect, stamps=range(8), rotation=90)
    # It lies on its side: what is told wide shows high.
    ratio = Fraction(1) if seen_as == "stored" else 1 / aspect
    sees, blind = _InShape(ratio), BlindDetector()
    engine = (
        film_engine(lambda: sees, lambda: blind) if seen_by == "finder" else film_engine(lambda: blind, lambda: sees)
    )
    done = unseen(film(tmp_path / "in" / "a.mp4", clip), "-o", tmp_path / "out", "--verify", "full", engine=engine)
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 8


def test_interlaced_pictures_are_written_as_whole_ones(unseen: Command, tmp_path: Path) -> None:
    clip = replace(FILM, options={"flags": "+ilme+ildct", "x264-params": "tff=1"})
    source = film(tmp_path / "in" / "a.mp4", clip)
    assert watch(source).info.interlaced
    assert not redacted(unseen, source).info.interlaced


def test_ten_bits_and_their_colours_stay(unseen: Command, tmp_path: Path) -> None:
    tags = (9, 16, 9, 1)
    clip = replace(FILM, encoder="libx265", pixel_format="yuv420p10le", tags=tags)
    after = redacted(unseen, film(tmp_path / "in" / "a.mp4", clip))
    assert (after.info.codec, after.info.pixel_format) == ("hevc", "yuv420p10le")
    colour = after.info.colour
    assert (colour.primaries, colour.transfer, colour.matrix, colour.full_range) == (9, 16, 9, False)


def test_ten_bits_that_a_codec_would_lose_are_refused(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, encoder="libx265", pixel_format="yuv420p10le"))
    done = unseen(source, "-o", tmp_path / "out", "--codec", "h264", engine=film_engine())
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "10 bits" in done.err
    assert leftovers(tmp_path / "out") == []


@pytest.mark.parametrize("pixels", ["yuv444p", "yuv422p"])
def test_full_chroma_stays(unseen: Command, tmp_path: Path, pixels: str) -> None:
    after = redacted(unseen, film(tmp_path / "in" / "a.mkv", replace(FILM, pixel_format=pixels)))
    assert after.info.pixel_format == pixels


def test_the_report_tells_what_a_codec_that_was_asked_for_takes_from_the_colours(
    unseen: Command, tmp_path: Path
) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, pixel_format="yuv444p", stamps=range(8)))
    done = unseen(source, "-o", tmp_path / "out", "--codec", "av1", engine=film_engine())
    assert done.report["files"][0]["video"]["problems"] == ["colours of 4:4:4 became 4:2:0"]


def test_transparency_stays_and_is_opaque_where_somebody_is_hidden(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.webm", replace(FILM, encoder="libvpx-vp9", pixel_format="yuva420p"))
    assert redacted(unseen, source).info.pixel_format == "yuva420p"
    with open_video(tmp_path / "out" / "a.webm", "a.webm") as reader:
        for frame in reader:
            x, y = corner_at(frame.index, *SIZE)
            alpha = frame.planes[3]
            assert alpha[y : y + SIDE, x : x + SIDE].min() > 240
            assert abs(float(alpha[:40].mean()) - 200) < 8


def test_mirrored_pictures(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, mirrored=True))
    assert redacted(unseen, source).info.rotation == watch(source).info.rotation


def test_single_frame(unseen: Command, tmp_path: Path) -> None:
    assert redacted(unseen, film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=[0]))).frames == 1


@pytest.mark.parametrize("stride", ["1", "3", "auto"])
@pytest.mark.parametrize("look", ["fill", "solid", "stand-in", "mosaic", "blur"])
def test_strides_and_looks(unseen: Command, tmp_path: Path, stride: str, look: str) -> None:
    """Looks that hold information keep the colour: for them it is the regions that are looked at."""
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=range(20)))
    regions = tmp_path / "regions.jsonl"
    words = ("--stride", stride, "--hide", f"face={look}", "--regions", regions)
    check = "--verify=full" if look in ("fill", "solid", "stand-in") else "--unsafe-skip-verify"
    done = unseen(source, "-o", tmp_path / "out", *words, check, engine=film_engine())
    assert done.code == 0, done.err
    if look in ("fill", "solid", "stand-in"):
        assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 20
    for number, line in enumerate(regions.read_text().splitlines()):
        x, y = corner_at(number, *SIZE)
        boxes = [row[1:5] for row in json.loads(line)["regions"]]
        assert any(b[0] <= x and b[1] <= y and b[2] >= x + SIDE and b[3] >= y + SIDE for b in boxes)
