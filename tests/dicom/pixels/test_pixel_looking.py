"""Looking at frames: no more often than needed, and nothing seen in one frame is forgotten in the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.dicom.pixels.pixel_scenes import FakeReader, WhiteFinder
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.dicom.pixels.looking import FrameLooker, Seen, TextFinder
from unseen.dicom.pixels.words import Judge
from unseen.pixels.boxes import coverage

Values = np.ndarray[Any, Any]


def looker() -> tuple[FrameLooker, WhiteFinder]:
    finder = WhiteFinder()
    return FrameLooker(TextFinder(finder, FakeReader(), Judge("all"))), finder


def film(count: int) -> Values:
    return np.random.default_rng(1).integers(0, 200, (count, 96, 128)).astype(np.uint8)


def look_at(frames: Values, one: FrameLooker) -> list[list[tuple[float, ...]]]:
    for frame in frames:
        one.look(frame, [np.repeat(frame[..., None], 3, axis=2)])
    return [[box.xyxy for box in one.settled(i, frame).hide] for i, frame in enumerate(frames)]


def test_frames_that_repeat_are_looked_at_once() -> None:
    frames = film(1).repeat(20, axis=0)
    frames[:, 5:12, 5:40] = 255
    one, finder = looker()
    settled = look_at(frames, one)
    assert len(finder.seen) == 1
    assert all((5.0, 5.0, 40.0, 12.0) in boxes for boxes in settled)


def test_only_the_part_that_changes_is_looked_at_again() -> None:
    frames = film(1).repeat(3, axis=0)
    frames[:, 5:12, 5:40] = 255
    frames[1, 60:67, 90:120] = 255
    one, finder = looker()
    settled = look_at(frames, one)
    assert finder.seen[0] == (96, 128)
    assert finder.seen[1][0] < 96
    assert finder.seen[1][1] < 128
    assert (90.0, 60.0, 120.0, 67.0) in settled[1]
    assert all((5.0, 5.0, 40.0, 12.0) in boxes for boxes in settled)


def test_text_that_the_finder_loses_in_some_frames_is_hidden_in_all_that_show_it() -> None:
    frames = film(12)
    for i, frame in enumerate(frames):
        # The finder sees white alone; in most frames the same letters are a little darker.
        frame[5:12, 5:40] = 20
        frame[7:10, 5:40:3] = 200
        if i == 0:
            frame[5:12, 5:40] = 255
            frame[5:12, 5:40:2] = 250
    frames[0, 5:12, 5:40] = 255
    frames[6:, 5:12, 5:40] = film(1)[0, 5:12, 5:40]
    one, _ = looker()
    settled = look_at(frames, one)
    assert settled[1]  # the neighbours of a frame with text hide it
    assert settled[2]
    assert settled[8] == []  # what is plainly something else stays


def test_the_same_text_is_found_again_far_from_where_it_was_seen() -> None:
    frames = film(12)
    text = (np.random.default_rng(5).random((7, 35)) > 0.5) * 120 + 60
    frames[:, 5:12, 5:40] = text
    frames[0, 5:12, 5:40] += 75
    frames[0, 4:13, 4:41][frames[0, 4:13, 4:41] > 250] = 255
    frames[0, 8, 5:40] = 255
    one, _ = looker()
    for frame in frames:
        one.look(frame, [np.repeat(frame[..., None], 3, axis=2)])
    one.add(0, one.settled(0, frames[0]).hide, frames[1])
    one.add(0, [Box(5, 5, 40, 12)], frames[1])
    assert all(coverage(Box(5, 5, 40, 12), one.settled(i, frame).hide) == 1 for i, frame in enumerate(frames))


def test_a_measure_that_would_be_cut_goes_whole() -> None:
    view = np.zeros((60, 120, 3), np.uint8)
    view[10:22, 5:60] = view[30:40, 5:40] = 255
    near, apart, name = Box(5, 21, 40, 30), Box(5, 30, 40, 40), Box(5, 10, 60, 22)

    class Three(WhiteFinder):
        def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
            return [[Detection("text", box, 0.95, "three") for box in (near, apart, name)] for _ in images]

    reader = FakeReader(lambda box: "MUELLER" if box == name else "20 Hz")
    assert TextFinder(Three(), reader, Judge("all")).look([view]) == Seen((name, near), (apart,))


def test_what_stands_in_line_with_a_name_goes_with_it_but_a_scale_apart_stays() -> None:
    name, number, smudge = Box(5, 10, 60, 22), Box(70, 10, 90, 22), Box(95, 11, 120, 22)
    scale, far = Box(70, 60, 84, 72), Box(5, 80, 30, 90)

    class Finder(WhiteFinder):
        def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
            scores = {name: 0.9, number: 0.9, smudge: 0.4, scale: 0.9, far: 0.4}
            return [[Detection("text", box, score, "finder") for box, score in scores.items()] for _ in images]

    said = {name: "MUELLER", number: "67", scale: "10"}
    reader = FakeReader(lambda box: said.get(box, ""))
    seen = TextFinder(Finder(), reader, Judge("all")).look([np.zeros((200, 200, 3), np.uint8)])
    assert set(seen.hide) == {name, number, smudge}
    assert seen.keep == (scale,)
