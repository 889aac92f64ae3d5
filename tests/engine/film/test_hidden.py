"""What a detector misses is hidden all the same: single frames, the first and last ones, and a whole second."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.adapters.video_clips import Clip, Planes
from tests.engine.engine_fakes import BlindDetector, Command, MagentaDetector
from tests.engine.film_scenes import FILM, RATE, SIZE, MissingDetector, Watched, draw, film, film_engine, watch
from unseen.adapters.video_av import open_video

SECONDS = replace(FILM, stamps=range(50))


def _missing(unseen: Command, folder: Path, misses: set[int], *words: str | Path) -> tuple[Watched, dict[str, Any]]:
    """Redact a clip with a detector that misses frames and no second opinion to mend that."""
    source = film(folder / "in" / "a.mp4", SECONDS)
    engine = film_engine(lambda: MissingDetector(frozenset(misses)), BlindDetector)
    done = unseen(source, "-o", folder / "out", "--stride", "1", *words, engine=engine)
    assert done.code == 0, done.err
    video: dict[str, Any] = done.files["a.mp4"]["video"]
    assert video["frames_looked_at"] == 50
    return watch(folder / "out" / "a.mp4"), video


@pytest.mark.parametrize(
    ("misses", "longest"),
    [({20}, 1), ({7, 19, 31}, 1), (set(range(1, 48, 2)), 1), (set(range(20, 25)), 5), (set(range(15, 40)), 25)],
    ids=["one", "some", "every other", "five", "a second"],
)
def test_frames_between_that_were_missed(unseen: Command, tmp_path: Path, misses: set[int], longest: int) -> None:
    after, video = _missing(unseen, tmp_path, misses)
    assert after.shown == [0] * 50
    (track,) = video["tracks"]
    assert (track["class"], track["first"], track["last"]) == ("face", 0, 49)
    assert (track["detected"], track["bridged"], track["longest_gap"]) == (50 - len(misses), len(misses), longest)


@pytest.mark.parametrize("misses", [set(range(6)), set(range(44, 50)), {0, 49}], ids=["first", "last", "both"])
def test_frames_before_and_after_that_were_missed(unseen: Command, tmp_path: Path, misses: set[int]) -> None:
    after, video = _missing(unseen, tmp_path, misses)
    assert after.shown == [0] * 50
    (track,) = video["tracks"]
    assert (track["first"], track["last"], track["bridged"]) == (0, 49, 0)


def test_long_gap_is_to_be_reviewed(unseen: Command, tmp_path: Path) -> None:
    _, video = _missing(unseen, tmp_path, set(range(15, 35)))
    (review,) = video["needs_review"]
    assert review["reason"] == "not found for 20 frames in a row"
    assert (review["from"], review["to"]) == ("00:00:00.000", "00:00:01.960")


def test_regions_file_has_a_line_a_frame(unseen: Command, tmp_path: Path) -> None:
    regions = tmp_path / "regions.jsonl"
    _missing(unseen, tmp_path, {20}, "--regions", regions)
    rows = [json.loads(line) for line in regions.read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(50))
    assert {row["input"] for row in rows} == {"a.mp4"}
    assert [row["time"] for row in rows] == pytest.approx([i / RATE for i in range(50)])
    reasons = [[region[7] for region in row["regions"]] for row in rows]
    assert reasons == [["followed" if i == 20 else "detected"] for i in range(50)]
    assert sorted(p.name for p in tmp_path.glob("*regions*")) == ["regions.jsonl"]


def test_nothing_is_hidden_after_a_cut_to_an_empty_scene(unseen: Command, tmp_path: Path) -> None:
    """A track does not go on over a cut; what is beyond stays as it was."""

    def scene(index: int, width: int, height: int, pixel_format: str) -> Planes:
        planes = draw(index, width, height, pixel_format, square=index < 20)
        return planes if index < 20 else (np.asarray(planes[0] + 120, np.uint8), *planes[1:])

    source = film(tmp_path / "in" / "a.mp4", SECONDS, scene)
    regions = tmp_path / "regions.jsonl"
    done = unseen(source, "-o", tmp_path / "out", "--regions", regions, engine=film_engine())
    assert done.code == 0
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50
    assert done.files["a.mp4"]["video"]["tracks"][0]["last"] == 19
    assert [bool(json.loads(line)["regions"]) for line in regions.read_text().splitlines()] == [
        i < 20 for i in range(50)
    ]


def test_square_that_appears_right_after_a_cut(unseen: Command, tmp_path: Path) -> None:
    def scene(index: int, width: int, height: int, pixel_format: str) -> Planes:
        planes = draw(index, width, height, pixel_format, square=index >= 21)
        return planes if index >= 21 else (np.asarray(planes[0] + 120, np.uint8), *planes[1:])

    done = unseen(film(tmp_path / "in" / "a.mp4", SECONDS, scene), "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 0
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50


def test_square_that_appears_between_looks(unseen: Command, tmp_path: Path) -> None:
    """A face that is there from frame 13 on, which no look falls on, is hidden from there on."""

    def scene(index: int, width: int, height: int, pixel_format: str) -> Planes:
        return draw(index, width, height, pixel_format, square=13 <= index < 37)

    done = unseen(film(tmp_path / "in" / "a.mp4", SECONDS, scene), "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 0
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50


@pytest.mark.parametrize("stride", ["auto", "30"])
def test_square_that_appears_in_the_last_two_frames(unseen: Command, tmp_path: Path, stride: str) -> None:
    """Of a shot, and of the video."""

    def scene(index: int, width: int, height: int, pixel_format: str) -> Planes:
        planes = draw(index, width, height, pixel_format, square=index in (25, 26, 48, 49))
        return planes if index < 27 else (np.asarray(planes[0] + 120, np.uint8), *planes[1:])

    source = film(tmp_path / "in" / "a.mp4", SECONDS, scene)
    done = unseen(source, "-o", tmp_path / "out", "--stride", stride, engine=film_engine())
    assert done.code == 0
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50


def test_two_windows_carry_on_with_one_track(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=range(130)))
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 0
    video = done.files["a.mp4"]["video"]
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 130
    (track,) = video["tracks"]
    assert (track["first"], track["last"]) == (0, 129)
    assert 10 < video["frames_looked_at"] < 130


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("a.webm", Clip("libvpx", size=SIZE, stamps=tuple(33 * i for i in range(90)), time_base=Fraction(1, 1000))),
        ("a.avi", Clip("mpeg4", size=SIZE, stamps=tuple(8 * i for i in range(90)), time_base=Fraction(1, 240))),
    ],
)
def test_a_file_that_tells_far_too_many_frames_a_second_is_looked_at_by_time(
    unseen: Command, tmp_path: Path, name: str, clip: Clip
) -> None:
    """Browsers' recordings tell no rate, and FFmpeg takes the length of a tick for one: a look would be made at every
    170th frame."""

    film(tmp_path / "in" / name, replace(clip, rate=1 / clip.time_base, options={"b": "2000000"}))
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=film_engine(MagentaDetector))
    assert done.code == 0, done.err
    (out,) = [path for path in (tmp_path / "out").iterdir() if path.is_file() and path.stem == "a"]
    assert watch(out).shown == [0] * 90
    assert done.files[name]["video"]["frames_looked_at"] >= 15


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_stand_ins_are_upright_as_videos_are_shown(
    unseen: Command, tmp_path: Path, rotation: int, mirrored: bool
) -> None:
    def on_grey(index: int, width: int, height: int, pixel_format: str) -> Planes:
        luma, *chroma = draw(index, width, height, pixel_format)
        return np.full_like(luma, 100), *chroma

    clip = replace(FILM, stamps=range(3), rotation=rotation, mirrored=mirrored)
    source = film(tmp_path / "in" / "a.mp4", clip, on_grey)
    done = unseen(source, "-o", tmp_path / "out", "--hide", "face=stand-in", engine=film_engine())
    assert done.code == 0, done.err
    with open_video(tmp_path / "out" / "a.mp4", "a.mp4") as reader:
        shown = np.rot90(next(iter(reader)).planes[0], -reader.info.rotation // 90)
    widths = (np.abs(shown.astype(int) - 100) > 10).sum(axis=1)
    head, *_, shoulders = widths[widths > 0]
    assert 0 < 2 * head < shoulders
