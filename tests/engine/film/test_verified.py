"""Second looks at hidden frames, and at what was written: what shows is hidden too, or nothing is released."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.adapters.video_clips import Planes
from tests.engine.engine_fakes import BlindDetector, Command, MagentaDetector
from tests.engine.film_scenes import FILM, FRAMES, SIDE, SIZE, SecondDetector, draw, film, film_engine, leftovers, watch
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame
from unseen.engine.work import Tools


class RestlessDetector(SecondDetector):
    """Sees a face at places that are all over the picture, another one each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(5)

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        x, y = self._random.uniform(0, 950), self._random.uniform(0, 710)
        return [[Detection("face", Box(x, y, x + 8, y + 8), 0.7, self.name)] for _ in images]


def test_what_only_the_second_model_sees_is_hidden_in_every_frame(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4")
    engine = film_engine(BlindDetector, SecondDetector)
    done = unseen(source, "-o", tmp_path / "out", "--verify", "full", engine=engine)
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * FRAMES
    receipt = done.files["a.mp4"]
    assert receipt["verdict"]["outcome"] == "pass"
    assert receipt["verdict"]["residues_hidden"] >= FRAMES
    assert 1 <= receipt["verdict"]["rounds"] <= 6
    assert receipt["video"]["frames_checked"] >= FRAMES
    assert {review["reason"] for review in receipt["video"]["needs_review"]} == {"found by verification"}


def test_square_that_the_first_model_loses_for_good_is_found_at_its_end(unseen: Command, tmp_path: Path) -> None:
    """Without a look at every frame: the end of a track is looked at, then the end of what was added."""
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=range(50)))

    class Early(MagentaDetector):
        """Sees the square on the left alone."""

        def detect(self, images: Any) -> Any:
            return [[d for d in found if d.box.x1 < 60] for found in super().detect(images)]

    done = unseen(source, "-o", tmp_path / "out", "--stride", "1", engine=film_engine(Early, SecondDetector))
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50
    assert done.files["a.mp4"]["verdict"]["residues_hidden"] >= 1


def placed(planes: Planes, x: int, y: int) -> Planes:
    """Draw the square at another place."""
    for plane, level, by in zip(planes, (107, 200, 220), (1, 2, 2), strict=True):
        plane[y // by : (y + SIDE) // by, x // by : (x + SIDE) // by] = level
    return planes


def test_what_only_the_second_model_sees_is_followed_from_where_it_saw_it(unseen: Command, tmp_path: Path) -> None:
    """Without a look at every frame: one in two seconds is looked at, and from there the square is followed."""

    def swinging(index: int, width: int, height: int, pixel_format: str) -> Planes:
        x = round(300 + 60 * math.sin(index * math.tau / 36)) // 2 * 2
        return placed(draw(index, width, height, pixel_format, square=False), x, 200)

    source = film(tmp_path / "in" / "a.mp4", replace(FILM, size=(640, 480), stamps=range(120)), swinging)
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine(BlindDetector, SecondDetector))
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 120
    receipt = done.files["a.mp4"]
    assert receipt["verdict"]["rounds"] <= 2
    assert receipt["video"]["frames_checked"] < 120


class WhiteToo(SecondDetector):
    """Sees a white corner as well."""

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        corner = Detection("face", Box(1, 1, 9, 9), 0.9, self.name)
        white = [[corner] * bool((image[2:8, 2:8] > 200).all()) for image in images]
        return [[*some, *more] for some, more in zip(super().detect(images), white, strict=True)]


def test_who_comes_in_behind_the_first_frame_is_met_by_the_second_model(unseen: Command, tmp_path: Path) -> None:
    """A look at each window's first frame alone would meet nobody before the next window, when this one is written."""

    def coming(index: int, width: int, height: int, pixel_format: str) -> Planes:
        planes = draw(index, width, height, pixel_format, square=False)
        return placed(planes, 300, 200) if index >= 1 else planes

    source = film(tmp_path / "in" / "a.mp4", replace(FILM, size=(640, 480), stamps=range(120)), coming)
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine(BlindDetector, SecondDetector))
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 120


def test_where_one_shows_more_of_the_window_is_looked_at_for_others(unseen: Command, tmp_path: Path) -> None:
    """In the frame that is due only the corner shows; the square comes and goes between that one and the next."""

    def passing(index: int, width: int, height: int, pixel_format: str) -> Planes:
        planes = draw(index, width, height, pixel_format, square=False)
        planes[0][:10, :10] = 235 if index > 46 else 107
        return placed(planes, 300 + 2 * index, 200) if 10 <= index < 40 else planes

    source = film(tmp_path / "in" / "a.mp4", replace(FILM, size=(640, 480), stamps=range(50)), passing)
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine(BlindDetector, WhiteToo))
    assert done.code == 0, done.err
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 50


def test_model_that_never_stops_seeing_fails_the_video(unseen: Command, tmp_path: Path, key: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, size=(960, 720), stamps=range(8)))
    engine = film_engine(looks_again=RestlessDetector)
    done = unseen(source, "-o", tmp_path / "out", "--key", key, "--verify", "full", engine=engine)
    assert done.code == 1
    assert done.err == "failed: a.mp4: faces or plates still show after 6 more tries; leave it out\n"
    assert not (tmp_path / "out" / "a.mp4").exists()
    assert done.files["a.mp4"]["verdict"]["outcome"] == "fail"
    assert done.files["a.mp4"]["verdict"]["rounds"] == 6
    assert leftovers(tmp_path / "out") == []


def test_second_look_that_is_skipped_is_said(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4")
    engine = film_engine(looks_again=RestlessDetector)
    done = unseen(source, "-o", tmp_path / "out", "--unsafe-skip-verify", engine=engine)
    assert done.code == 0
    assert done.files["a.mp4"]["verdict"]["outcome"] == "not-verified"
    assert done.files["a.mp4"]["video"]["frames_checked"] == 0


class _Writer:
    """A writer that changes or swallows what it is given."""

    def __init__(self, writer: Any, change: Callable[[VideoFrame], VideoFrame | None]) -> None:
        self._writer, self._change = writer, change

    def __enter__(self) -> _Writer:
        self._writer.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._writer.__exit__(*error)

    def write(self, frame: VideoFrame) -> None:
        changed = self._change(frame)
        if changed is not None:
            self._writer.write(changed)


class _Codec:
    """A codec whose writers, or whose joining, do other things than they are told."""

    def __init__(self, codec: Any, change: Callable[[VideoFrame], VideoFrame | None] = lambda frame: frame) -> None:
        self._codec, self._change = codec, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def open_writer(self, *words: Any, **more: Any) -> _Writer:
        return _Writer(self._codec.open_writer(*words, **more), self._change)


def _inverted(frame: VideoFrame) -> VideoFrame:
    return replace(frame, planes=(np.asarray(255 - frame.planes[0], np.uint8), *frame.planes[1:]))


def _raw(frame: VideoFrame) -> VideoFrame:
    """Return the frame as it was before: its square has the brightness of what is around it."""
    return replace(frame, planes=draw(frame.index, *SIZE))


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: _raw(frame) if frame.index == 17 else frame,
        lambda frame: None if frame.index == 17 else frame,
        lambda frame: None if frame.index == FRAMES - 1 else frame,
        lambda frame: _inverted(frame) if frame.index == 17 else frame,
    ],
    ids=["one raw", "one fewer", "last one gone", "another picture"],
)
def test_writer_that_writes_another_frame_than_was_meant(
    unseen: Command, tmp_path: Path, key: Path, change: Callable[[VideoFrame], VideoFrame | None]
) -> None:
    source = film(tmp_path / "in" / "a.mp4")

    def mended(tools: Tools) -> Tools:
        return replace(tools, video=_Codec(tools.video, change))

    done = unseen(source, "-o", tmp_path / "out", "--key", key, engine=film_engine(change=mended))
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "output" in done.err
    assert done.err.endswith("; run again\n")
    assert done.files["a.mp4"]["verdict"]["outcome"] == "fail"
    assert not (tmp_path / "out" / "a.mp4").exists()
    assert leftovers(tmp_path / "out") == []


@pytest.mark.parametrize("problem", ["a frame fewer", "a tag"])
def test_joining_that_goes_wrong(unseen: Command, tmp_path: Path, key: Path, problem: str) -> None:
    class Joining(_Codec):
        def concat(self, segments: Any, out: Path, *words: Any, **more: Any) -> int:
            count: int = self._codec.concat(segments, out, *words, **more)
            if problem == "a tag":
                with out.open("ab") as file:
                    file.write((20).to_bytes(4, "big") + b"udtaAnna Example")
            return count - (problem == "a frame fewer")

    def changed(tools: Tools) -> Tools:
        return replace(tools, video=Joining(tools.video))

    source = film(tmp_path / "in" / "a.mp4")
    done = unseen(source, "-o", tmp_path / "out", "--key", key, engine=film_engine(change=changed))
    assert done.code == 1
    assert done.files["a.mp4"]["verdict"]["outcome"] == "fail"
    assert "Anna" not in done.err
    assert not (tmp_path / "out" / "a.mp4").exists()
    assert leftovers(tmp_path / "out") == []


def test_untouched_pixels_stay_as_they_were(unseen: Command, tmp_path: Path) -> None:
    """Far from the square, output and input differ by what encoding does, and no more."""
    from unseen.adapters.video_av import open_video

    source = film(tmp_path / "in" / "a.mp4")
    assert unseen(source, "-o", tmp_path / "out", "--quality", "12", engine=film_engine()).code == 0
    with open_video(source, "a.mp4") as before, open_video(tmp_path / "out" / "a.mp4", "a.mp4") as after:
        for one, other in zip(before, after, strict=True):
            difference = np.abs(one.planes[0][:30].astype(int) - other.planes[0][:30])
            assert difference.mean() < 4
