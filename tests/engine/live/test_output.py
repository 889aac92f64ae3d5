"""What leaves a live camera when something fails: a plane, an encoder, the source; and when hiding is slow."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.engine.live_fakes import job_for, wait_for
from unseen.adapters.live.encode import H264Encoder
from unseen.adapters.live.segments import SegmentFolder
from unseen.core.live import LiveJob, Segments, Unit, UnitKind
from unseen.core.looks import Look
from unseen.core.photos import Pixels, Rgb8
from unseen.core.ports import LiveEncoder, LiveFeed
from unseen.core.regions import Box, Region
from unseen.core.video import VideoFrame, VideoInfo
from unseen.engine.live.camera import Camera
from unseen.engine.live.output import NoPictureYet, Output
from unseen.errors import UnreadableInput, UnseenError
from unseen.media.live import Due
from unseen.pixels.notice import rendered

_INFO = VideoInfo("live", "h264", 320, 192, Fraction(25), Fraction(1, 90_000), "yuv420p")
Planes = tuple[Pixels, ...]


class _Target:
    """Wants kinds of pictures, and keeps what it gets."""

    problems: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, *kinds: UnitKind, new: bool = False) -> None:
        self.kinds, self.new, self.got = frozenset(kinds), new, list[Unit]()

    def wants(self, camera: str) -> tuple[frozenset[UnitKind], bool]:
        """Return what it was told to."""
        return self.kinds, self.new

    def send(self, camera: str, unit: Unit) -> None:
        """Keep a picture of the kinds that it wants."""
        if unit.kind in self.kinds:
            self.got.append(unit)

    def close(self) -> None:
        """Do nothing."""


class _Encoder:
    """Keeps the planes that it gets; fails at those that it is told to."""

    def __init__(self, kind: UnitKind = "mp4", fails: Iterable[int] = ()) -> None:
        self._kind = kind
        self.fails, self.seen, self.origins, self.keys = set(fails), list[Planes](), list[float](), list[bool]()

    def __call__(self, info: VideoInfo, origin: float = 0.0) -> _Encoder:
        """Begin anew, as the same: what was seen stays."""
        self.origins.append(origin)
        return self

    def encode(self, planes: Sequence[Pixels], at: float, *, key: bool = False) -> list[Unit]:
        """Keep the planes."""
        self.seen.append(tuple(planes))
        self.keys.append(key)
        if len(self.seen) in self.fails:
            raise UnseenError("a picture cannot be encoded")
        return [Unit(self._kind, b"made", at)]


def _job() -> LiveJob:
    return job_for("rtsp://127.0.0.1:9/door", publish=("recordings",), look_ahead=0.4)


def _planes() -> Planes:
    luma = np.tile(np.linspace(60, 188, 320).astype(np.uint8), (192, 1))
    return luma, np.full((96, 160), 110, np.uint8), np.full((96, 160), 150, np.uint8)


def _due(number: int = 0, planes: Planes | None = None, regions: tuple[Region, ...] = (), whole: Any = "") -> Due:
    return Due(VideoFrame(_planes() if planes is None else planes, number, number), number * 0.04, regions, whole)


def _output(
    target: _Target, h264: Callable[[VideoInfo, float], LiveEncoder], clock: Callable[[], float] = lambda: 0.0
) -> Output:
    return Output("door", _INFO, _job().recipe, [target], clock, h264=h264, jpeg=_Encoder("jpeg"))


def _says(luma: Pixels, text: str) -> bool:
    """Whether a picture is black but for this text."""
    line = rendered(text)
    bright = luma > 100
    if not bright.any():
        return False
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    cut = bright[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = cut.shape[0] // line.shape[0]
    return bool(size) and np.array_equal(cut, np.kron(line, np.ones((size, size), bool)))


_REGION = Region("face", Box(20, 20, 60, 60), Look("fill"))


@pytest.mark.parametrize(
    "due",
    [_due(regions=(_REGION,), planes=_planes()[:2]), _due(whole="nobody knows why")],
    ids=["planes", "reason"],
)
def test_frame_that_cannot_be_hidden_is_hidden_whole(due: Due) -> None:
    target, encoder = _Target("mp4"), _Encoder()
    output = _output(target, encoder)
    assert not output.hand_on(_due())
    assert output.hand_on(due) == "fault"
    assert not output.hand_on(_due(1))
    assert output.faults == 1
    assert [_says(planes[0], "HIDDEN  FAULT") for planes in encoder.seen] == [False, True, False]
    assert len(target.got) == 3


def test_encoder_that_fails_sends_nothing_and_begins_anew_where_the_last_one_counted_from() -> None:
    target, encoder = _Target("mp4"), _Encoder(fails=[2])
    output = _output(target, encoder)
    for i in range(1, 5):
        assert not output.hand_on(_due(i))
    assert output.faults == 1
    assert [unit.at for unit in target.got] == [0.04, 0.12, 0.16]
    assert encoder.origins == [0.04, 0.04]


@pytest.mark.parametrize("error", [UnseenError("no encoder"), RuntimeError("of another library")], ids=str)
def test_encoder_that_cannot_be_made_is_tried_again_and_others_go_on(error: Exception) -> None:
    def never(info: VideoInfo, origin: float) -> _Encoder:
        raise error

    jpeg, target = _Encoder("jpeg"), _Target("mp4", "jpeg")
    output = Output("door", _INFO, _job().recipe, [target], lambda: 0.0, h264=never, jpeg=jpeg)
    for i in range(3):
        output.hand_on(_due(i))
    assert output.faults == len(jpeg.seen) == len(target.got) == 3


def test_no_signal_of_a_camera_that_never_came_is_tried_again_after_its_encoder_failed() -> None:
    target, jpeg = _Target("jpeg"), _Encoder("jpeg", fails=[1])
    waiting = NoPictureYet("door", [target], jpeg=jpeg)
    for at in (0.0, 0.5, 1.0):
        waiting.no_signal(at)
    assert [(unit.data, unit.at) for unit in target.got] == [(b"made", 0.5), (b"made", 1.0)]
    assert (waiting.faults, len(jpeg.seen)) == (1, 2)


def test_file_goes_on_with_rising_times_after_an_encoder_failed(tmp_path: Path) -> None:
    class Fails(H264Encoder):
        """Fails once, at a time."""

        def encode(self, planes: Sequence[Pixels], at: float, *, key: bool = False) -> list[Unit]:
            if at == 10 * 0.04:
                raise UnseenError("a picture cannot be encoded")
            return super().encode(planes, at, key=key)

    target = _Target("mp4")
    output = _output(target, Fails)
    for i in range(20):
        output.hand_on(_due(i))
    folder = SegmentFolder(tmp_path, Segments(), lambda: 0.0)
    for unit in target.got:
        folder.write(unit)
    folder.close()
    (path,) = tmp_path.iterdir()
    with av.open(str(path)) as made:
        times = [round(float(frame.time or 0), 3) for frame in made.decode(video=0)]
    assert times == [round(i * 0.04, 3) for i in range(20) if i != 10]


def test_nobody_who_watches_costs_nothing_and_who_is_new_gets_a_key_picture() -> None:
    target, encoder = _Target(), _Encoder()
    output = _output(target, encoder)
    output.hand_on(_due())
    assert encoder.seen == []
    target.kinds, target.new = frozenset({"mp4"}), True
    output.hand_on(_due(1))
    target.new = False
    output.hand_on(_due(2))
    assert encoder.keys == [True, False]


def test_hiding_that_is_too_slow_becomes_simpler_and_is_as_before_when_it_is_quick_again() -> None:
    ticks, step = [0.0], [0.05]

    def clock() -> float:
        ticks[0] += step[0]
        return ticks[0]

    encoder = _Encoder()
    output = _output(_Target("mp4"), encoder, clock)
    for i in range(60):
        step[0] = 0.05 if i < 30 else 0.001
        output.hand_on(_due(i, regions=(_REGION,)))
    black = [float(planes[0][30:50, 30:50].mean()) < 20 for planes in encoder.seen]
    assert black[0] is black[-1] is False
    assert black[29]
    assert len(list(itertools.groupby(black))) == 3, "there and back, once"


class _Feed:
    """A connection that brings some frames and ends."""

    info = _INFO

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]:
        for i in range(3):
            yield VideoFrame(_planes(), i, i), i * 0.04

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a picture that shows nothing."""
        return np.zeros((height or 1, width or 1, 3), np.uint8)

    def close(self) -> None:
        """Do nothing."""


def test_camera_that_is_away_says_so_again_and_again_until_it_is_back() -> None:
    stop, ticks = threading.Event(), itertools.count(0.0, 0.05)

    class Listens(_Target):
        """Stops the run after so many pictures."""

        def send(self, camera: str, unit: Unit) -> None:
            """Keep a picture."""
            super().send(camera, unit)
            if len(self.got) >= 8:
                stop.set()

    target, feeds = Listens("jpeg"), iter([_Feed()])

    def connect(source: Any, like: Any, wait: Callable[[float], object]) -> LiveFeed:
        for feed in feeds:
            return feed
        raise UnreadableInput("door: does not answer")

    job = _job()
    camera = Camera(job.sources[0], job, [target], open_feed=connect, clock=lambda: next(ticks), wake=lambda: None)
    feeding = threading.Thread(target=camera.feed, args=(stop,))
    feeding.start()
    camera.publish(stop)
    feeding.join(20)
    says = [_says(_luma(unit), "NO SIGNAL") for unit in target.got]
    assert not says[0]
    assert says == sorted(says)
    assert says.count(True) >= 5
    times = [unit.at for unit in target.got]
    assert times == sorted(set(times))


def test_camera_that_never_came_says_so_as_jpeg_and_all_else_begins_in_its_own_size() -> None:
    stop, said, ticks = threading.Event(), threading.Event(), itertools.count(0.0, 0.4)

    class Listens(_Target):
        """Lets the camera come after three pictures, and stops the run when its own have come as MP4 and as JPEG."""

        def send(self, camera: str, unit: Unit) -> None:
            """Keep a picture."""
            super().send(camera, unit)
            if len(self.got) == 3:
                said.set()
            if any(unit.kind == "mp4" for unit in self.got) and self.got[-1].kind == "jpeg":
                stop.set()

    def connect(source: Any, like: Any, wait: Callable[[float], object]) -> LiveFeed:
        if not said.wait(10):
            stop.set()
        return _Feed()

    target, deaf, job = Listens("jpeg", "mp4", "h264"), _Target("mp4", "h264"), _job()
    camera = Camera(
        job.sources[0], job, [target, deaf], open_feed=connect, clock=lambda: next(ticks), wake=lambda: None
    )
    feeding = threading.Thread(target=camera.feed, args=(stop,))
    feeding.start()
    camera.publish(stop)
    feeding.join(20)
    before = list(itertools.takewhile(lambda unit: unit.kind == "jpeg", target.got))
    shown = [luma for luma in map(_luma, before) if luma.shape == (360, 640)]
    assert len(shown) >= 3
    assert all(_says(luma, "NO SIGNAL") for luma in shown)
    assert _luma(target.got[-1]).shape == (192, 320)
    heads = {(unit.head.width, unit.head.height) for unit in (*target.got, *deaf.got) if unit.head is not None}
    assert heads == {(320, 192)}
    assert {unit.kind for unit in deaf.got} == {"mp4", "h264"}


def test_camera_without_a_key_picture_yet_is_waited_for_and_its_state_says_so() -> None:
    asked, comes, stop = threading.Event(), threading.Event(), threading.Event()

    class Waits(_Feed):
        """Knows nothing of its pictures before the first one comes."""

        @property
        def info(self) -> VideoInfo:  # type: ignore[override]
            """Wait for the first picture."""
            asked.set()
            assert comes.wait(20)
            return _INFO

        def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]:
            stop.wait(20)
            yield from ()

    job = _job()
    camera = Camera(
        job.sources[0], job, [], open_feed=lambda *_: Waits(), clock=itertools.count(0.0, 0.05).__next__,
        wake=lambda: None,
    )  # fmt: skip
    feeding = threading.Thread(target=camera.feed, args=(stop,))
    assert camera.status()["state"] == "away"
    feeding.start()
    assert asked.wait(20)
    assert (camera.status()["state"], camera.connected) == ("waiting for a key picture", False)
    comes.set()
    wait_for(lambda: camera.status()["state"] == "connected")
    stop.set()
    feeding.join(20)
    assert camera.status()["state"] == "ended"


def _luma(unit: Unit) -> Pixels:
    with av.open(io.BytesIO(unit.data), "r", format="jpeg_pipe") as container:
        luma: Pixels = next(container.decode(video=0)).to_ndarray(format="gray")
    return luma
