"""Which frames are looked at: the first and last of each shot, those around damage, and all where damage was met."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.planes import layout
from unseen.adapters.video_av import open_video
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.pace import AutoPace, EveryNth, Kind, Pace
from unseen.media.scan import Overlap, scan
from unseen.media.shots import ShotCuts
from unseen.media.sights import Look, Scanned, Sight
from unseen.media.upright import Upright

INFO = VideoInfo("mp4", "h264", 64, 48, Fraction(25), Fraction(1, 25), "yuv420p")


class FakeReader:
    """A reader of which only the pictures are asked for, and whether it was harmed."""

    harmed = False

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        return np.full((height, width, 3), frame.index % 256, np.uint8)


def kind_of(each: Scanned) -> Kind | None:
    """How a frame was looked at, None if nobody did."""
    return None if each.look is None else each.look.kind


def looked(
    levels: Sequence[int],
    damaged: frozenset[int] = frozenset(),
    problem_at: int | None = None,
    step: int = 60,
    at_once: int = 1,
    shown: frozenset[int] = frozenset(),
) -> list[int]:
    """Return the frames that are looked at in a video of grey frames; in those `shown` something white is there."""
    reader = FakeReader()

    def frames() -> Any:
        for i, level in enumerate(levels):
            if i == problem_at:
                reader.harmed = True
            luma = np.full((48, 64), level, np.uint8)
            luma[10:30, 20:40] = 255 if i in shown else level
            yield VideoFrame((luma,), i, i, i in damaged)

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        return Sight([])

    upright, cuts = Upright(INFO, 1280), ShotCuts(8)
    scanned = list(scan(frames(), reader, find, upright, EveryNth(step), cuts, overlap=Overlap(at_once)))  # type: ignore[arg-type]
    assert [each.frame.index for each in scanned] == list(range(len(levels)))
    return [each.frame.index for each in scanned if each.look is not None]


def test_first_and_last_frames_of_shots() -> None:
    assert looked([20] * 20 + [220] * 20) == [0, 19, 20, 39]


def test_frames_around_flashes_and_around_changes_between_pictures_of_like_brightness() -> None:
    assert looked([20] * 20 + [220] * 3 + [20] * 20) == [0, 19, 20, 22, 23, 42]
    assert looked([60] * 20 + [110] * 20) == [0, 19, 20, 39]


def test_who_shows_for_an_instant_between_two_looks_is_met() -> None:
    assert looked([60] * 40, shown=frozenset(range(14, 20))) == [0, 13, 14, 19, 20, 39]


def test_frames_around_damage_but_no_damaged_one() -> None:
    assert looked([50] * 30, frozenset({12, 13, 20})) == [0, 11, 14, 19, 21, 29]


@pytest.mark.parametrize("at", [0, 10])
def test_all_frames_once_a_problem_was_met(at: int) -> None:
    found = looked([50] * 30, problem_at=at)
    assert set(found) >= set(range(at, 30))
    assert len(found) <= 30 - at + 2


def test_what_is_left_out_of_a_whole_video_changes_nothing_in_how_it_is_looked_at(tmp_path: Path) -> None:
    """That there are more streams, and that bits and colours are lost, is told from the start; none of it is damage."""

    def kinds(path: Path, problem: str) -> list[Kind | None]:
        with open_video(path, path.name) as reader:
            info, cuts = reader.info, ShotCuts(layout(reader.info.pixel_format).bits)
            scanned = scan(reader, reader, lambda *_: Sight(()), Upright(info, 1280), AutoPace(25.0, wide=True), cuts)
            found = [kind_of(each) for each in scanned]
            assert problem in "".join(reader.problems)
        return found

    plain = _lossless(tmp_path / "plain.mkv", "yuv420p")
    wanted = kinds(plain, "")
    assert set(wanted) == {"whole", "close", None}
    assert kinds(_twice(plain, tmp_path / "twice.mkv"), "1 more picture streams") == wanted
    for form, problem in (("yuv420p16le", "16 bits"), ("yuv440p", "4:4:0"), ("yuv411p", "4:1:1")):
        assert kinds(_lossless(tmp_path / f"{form}.mkv", form), problem) == wanted


def _lossless(path: Path, pixel_format: str) -> Path:
    make_clip(path, Clip("ffv1", pixel_format, size=(64, 48), stamps=range(40)))
    return path


def _twice(path: Path, target: Path) -> Path:
    """Write a clip with its stream of pictures twice."""
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        told = source.streams.video[0]
        streams = [output.add_stream_from_template(told) for _ in range(2)]
        for packet in source.demux(told):
            for stream in streams if packet.size else ():
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                output.mux(copy)
    return target


def test_nothing_to_look_at() -> None:
    assert looked([]) == []
    assert looked([50] * 4, frozenset(range(4))) == []
    assert looked([50]) == [0]


def walked(
    frames: Sequence[int] | Iterator[int],
    find: Any,
    pace: Pace,
    at_once: int,
    most_waiting: int = 16,
    threads: int | None = None,
    problem_at: int | None = None,
    most_read: int = 8,
) -> Iterator[Scanned]:
    """Scan grey frames that are found to be damaged at one of them; the pictures' level is their number."""
    reader = FakeReader()

    def pictures() -> Iterator[VideoFrame]:
        for i in frames:
            if i == problem_at:
                reader.harmed = True
            yield VideoFrame((np.full((48, 64), 40 + i % 3, np.uint8),), i, i)

    return scan(
        pictures(), reader, find, Upright(INFO, 1280), pace, ShotCuts(8),  # type: ignore[arg-type]
        overlap=Overlap(at_once, threads, most_waiting, most_read),
    )  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([20, 220]), max_size=30),
    st.sets(st.integers(0, 29), max_size=4),
    st.none() | st.integers(0, 29),
    st.integers(1, 9),
    st.integers(2, 4),
)
def test_as_many_frames_are_looked_at_however_many_at_once(
    levels: list[int], damaged: set[int], problem_at: int | None, step: int, at_once: int
) -> None:
    asked = (levels, frozenset(damaged), problem_at, step)
    assert looked(*asked, at_once=at_once) == looked(*asked)


@pytest.mark.parametrize("problem_at", [None, 2])
def test_two_looks_are_made_at_the_same_time_and_no_third(problem_at: int | None) -> None:
    together, guard = threading.Barrier(2, timeout=30), threading.Lock()
    now, most, calls = [0], [0], [0]

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        with guard:
            now[0], calls[0] = now[0] + 1, calls[0] + 1
            most[0] = max(most[0], now[0])
        together.wait()  # raises unless another look waits for it, too
        with guard:
            now[0] -= 1
        return Sight([])

    assert len(list(walked(range(6), find, EveryNth(1), 2, problem_at=problem_at))) == 6
    assert (calls[0], most[0]) == (6, 2)


def test_one_thread_makes_one_look_at_a_time_and_the_pace_hears_as_late() -> None:
    def heard(threads: int | None) -> list[tuple[int, int]]:
        now, order = [0], list[tuple[int, int]]()

        class Listening(EveryNth):
            def how_to_look(self, frame: int, must: bool) -> Kind | None:
                order.append((frame, -1))
                return super().how_to_look(frame, must)

            def saw(self, frame: int, found: Sequence[Detection]) -> None:
                order.append((-1, frame))

        def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
            now[0] += 1
            assert threads is None or now[0] == 1
            time.sleep(0.002)
            now[0] -= 1
            return Sight([])

        assert len(list(walked(range(20), find, Listening(3), 2, threads=threads))) == 20
        return order

    assert heard(1) == heard(None)


def test_the_same_frames_are_looked_at_however_long_looks_take() -> None:
    def frames_looked_at(seed: int) -> list[int]:
        slow = random.Random(seed)

        def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
            time.sleep(slow.choice([0.0, 0.0, 0.004]))
            # It moves by more than its size from look to look, from frame 40 to frame 80.
            number = min(max(int(image[0, 0, 0]), 40), 80)
            return Sight([Detection("face", Box(number * 3, 4, number * 3 + 8, 12), 0.9, "yunet")])

        scanned = walked(range(120), find, AutoPace(25.0, wide=True), 2)
        return [each.frame.index for each in scanned if each.look is not None]

    first = frames_looked_at(0)
    assert all(frames_looked_at(seed) == first for seed in range(1, 6))
    steps = [b - a for a, b in itertools.pairwise(first[:-1])]
    assert set(steps) == {3, 4}
    # A pace that hears of looks late looks no more often for that.
    assert len(first) <= 40 / 4 + 40 / 3 + 40 / 4 + 3


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.integers(36, 110),
    st.booleans(),
    st.integers(5, 60),
    st.integers(0, 3),
    st.none() | st.integers(36, 110),
)
@example(2, 60, True, 20, 1, 58)
def test_a_run_that_goes_on_looks_at_the_frames_that_it_would_have_looked_at(
    at_once: int, first: int, wide: bool, still_until: int, speed: int, damaged: int | None
) -> None:
    """Something stands still and then moves; of the looks before only those of the last 35 frames are known."""

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        x = 3 * speed * max(0, int(image[0, 0, 0]) - still_until)
        told.append((int(image[0, 0, 0]), kind, [d.box.x1 for d in before]))
        return Sight([Detection("face", Box(x, 4, x + 8, 12), 0.9, "yunet")], Box(0, 0, 64, 16))

    def looks(first: int, known: Sequence[Look]) -> list[Look]:
        pictures = (VideoFrame((np.full((48, 64), 40, np.uint8),), i, i, i == damaged) for i in range(120))
        scanned = scan(
            pictures, Numbers(), find, Upright(INFO, 1280), AutoPace(25.0, wide=wide), ShotCuts(8),  # type: ignore[arg-type]
            overlap=Overlap(at_once, 1), first=first, known=known,
        )  # fmt: skip
        return [s.look for s in scanned if s.look is not None]

    class Numbers(FakeReader):
        def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
            return np.full((height, width, 3), frame.index, np.uint8)

    told: list[tuple[int, Kind, list[float]]] = []
    whole = looks(0, ())
    asked, told = told, []
    assert looks(first, [look for look in whole if first - 35 <= look.frame < first]) == whole[-len(told) :]
    assert told == [one for one in asked if one[0] >= first]


def test_what_a_look_found_stays_with_its_frame_and_the_pace_hears_of_it_in_order() -> None:
    class Listening(EveryNth):
        def __init__(self) -> None:
            super().__init__(2)
            self.heard: list[int] = []

        def saw(self, frame: int, found: Sequence[Detection]) -> None:
            assert [d.score for d in found] == [frame / 100]
            self.heard.append(frame)

    ended = {number: threading.Event() for number in range(0, 42, 2)}

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        number = int(image[0, 0, 0])
        # Every second look ends behind the one after it.
        assert number % 4 == 0 or ended[number + 2].wait(30)
        ended[number].set()
        return Sight([Detection("face", Box(4, 4, 12, 12), number / 100, "yunet")])

    pace = Listening()
    for each in walked(range(41), find, pace, 3):
        assert each.look is None or [d.score for d in each.look.found] == [each.frame.index / 100]
    assert pace.heard == list(range(0, 41, 2))


def test_the_pace_has_heard_of_all_looks_at_a_shot_before_the_next_one_begins_and_behind_damage() -> None:
    new = {9, 14}

    class Strict(EveryNth):
        wanted, heard, asked = 0, 0, 0

        def how_to_look(self, frame: int, must: bool) -> Kind | None:
            if frame in new:
                self.asked += must
                assert self.heard == self.wanted
            kind = super().how_to_look(frame, must)
            self.wanted += kind is not None
            return kind

        def saw(self, frame: int, found: Sequence[Detection]) -> None:
            self.heard += 1

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        time.sleep(0.005)
        return Sight([])

    levels = [20] * 9 + [220] * 9
    frames = (VideoFrame((np.full((48, 64), level, np.uint8),), i, i, i == 13) for i, level in enumerate(levels))
    pace = Strict(2)
    list(scan(frames, FakeReader(), find, Upright(INFO, 1280), pace, ShotCuts(8), overlap=Overlap(3)))  # type: ignore[arg-type]
    assert (pace.asked, pace.heard) == (len(new), pace.wanted)


def test_the_pace_hears_of_what_close_looks_see_and_of_no_plate_text_or_head() -> None:
    """Else each plate would be gone in between, and the whole frame looked at again and again for it."""

    def kinds(cls: str) -> list[Kind | None]:
        def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
            seen = kind == "whole" or cls == "face"
            return Sight([Detection(cls, Box(8, 8, 24, 24), 0.9, "model")] if seen else [])

        return [kind_of(each) for each in walked(range(90), find, AutoPace(30.0), 1)]

    assert kinds("plate") == kinds("text") == kinds("head") == kinds("face")


def test_a_look_that_fails_raises_in_its_turn_and_leaves_no_thread() -> None:
    calls = itertools.count()

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        if next(calls) == 3:
            raise LookupError("broken")
        return Sight([])

    before, seen = threading.active_count(), []
    with pytest.raises(LookupError, match="broken"):
        seen += [each.frame.index for each in walked(range(40), find, EveryNth(4), 2)]
    assert threading.active_count() == before
    scanned = walked(range(40), find, EveryNth(1), 2)
    assert [next(scanned).frame.index for _ in range(5)] == [0, 1, 2, 3, 4]
    scanned.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_what_was_seen_before_a_cut_or_damage_says_nothing_of_where_to_look_behind_it(at_once: int) -> None:
    told: list[tuple[int, list[float]]] = []

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        level = int(image[0, 0, 0])
        told.append((level, [d.score * 1000 for d in before]))
        return Sight([Detection("face", Box(8, 8, 24, 24), level / 1000, "yunet")])

    levels = [20] * 9 + [220] * 9 + [120] * 9
    frames = (VideoFrame((np.full((48, 64), level, np.uint8),), i, i, i == 18) for i, level in enumerate(levels))

    class Levels(FakeReader):
        def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
            return np.full((height, width, 3), frame.planes[0][0, 0], np.uint8)

    upright = Upright(INFO, 1280)
    list(scan(frames, Levels(), find, upright, EveryNth(2), ShotCuts(8), overlap=Overlap(at_once, 1)))  # type: ignore[arg-type]
    assert len(told) > 9
    assert all(score == pytest.approx(level) for level, before in told for score in before)
    assert any(before for _, before in told)


@pytest.mark.parametrize(
    ("rotation", "stored"),
    [(0, (0, 0, 64, 12)), (90, (0, 0, 12, 48)), (180, (0, 36, 64, 48)), (270, (52, 0, 64, 48))],
)
def test_the_part_that_was_looked_at_is_told_in_the_stored_frame(rotation: int, stored: tuple[float, ...]) -> None:
    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        return Sight([], Box(0, 0, image.shape[1], 12))

    frames = [VideoFrame((np.full((48, 64), 40, np.uint8),), 0, 0)]
    upright = Upright(replace(INFO, rotation=rotation), 1280)
    (one,) = scan(frames, FakeReader(), find, upright, EveryNth(1), ShotCuts(8))  # type: ignore[arg-type]
    assert one.look is not None
    assert one.look.part is not None
    assert one.look.part.xyxy == pytest.approx(stored)


@pytest.mark.parametrize("most", [1, 3, 16])
@pytest.mark.parametrize("ahead", [1, 5])
def test_no_more_frames_wait_for_a_look_or_are_read_meanwhile_than_may(most: int, ahead: int) -> None:
    read = [0]

    def frames() -> Iterator[int]:
        for i in range(200):
            read[0] = i
            yield i

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        time.sleep(0.02)
        return Sight([])

    for each in walked(frames(), find, EveryNth(50), 2, most, most_read=ahead):
        # One frame is held to know whether a shot ends with it, one is being read, and one waits to be taken.
        assert read[0] - each.frame.index <= most + ahead + 4


def test_frames_are_read_while_a_look_is_made() -> None:
    read, enough = [0], threading.Event()

    def frames() -> Iterator[int]:
        for i in range(30):
            read[0] = i
            if i == 5:
                enough.set()
            yield i

    def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
        assert enough.wait(10)  # nothing would be read before this look is done
        return Sight([])

    assert len(list(walked(frames(), find, EveryNth(100), 1, 1, most_read=6))) == 30


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("at", [0, 7, 20])
def test_how_far_ahead_is_read_says_nothing_of_where_harm_begins(at: int, at_once: int) -> None:
    def kinds(most_read: int) -> list[Kind | None]:
        all_read = threading.Event()

        def frames() -> Iterator[int]:
            yield from range(30)
            all_read.set()

        def find(image: Rgb8, kind: Kind, before: Sequence[Detection]) -> Sight:
            assert most_read == 1 or all_read.wait(10)
            return Sight([])

        scanned = walked(frames(), find, EveryNth(9), at_once, problem_at=at, most_read=most_read)
        return [kind_of(each) for each in scanned]

    # Known when the frame is read that is held back while the one before it is looked at.
    assert kinds(1) == kinds(40)
    assert [i for i, kind in enumerate(kinds(40)) if kind][-1] == 29
    assert all(kinds(40)[max(0, at - 1) :])
