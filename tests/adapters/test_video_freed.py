"""Pixels go when nobody needs them: none waits for a search for what refers to itself, which Python makes seldom."""

from __future__ import annotations

import gc
import io
import secrets
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.live.source_av import open_feed
from unseen.adapters.video.join import join
from unseen.adapters.video_av import open_video
from unseen.core.live import parse_source
from unseen.core.video import Sound
from unseen.verify.streams import count_frames, scan_video

_THREADS = Path("/proc/self/task")


def read(path: Path) -> int:
    """Return how many frames a file has when it is read."""
    with open_video(path, path.name) as reader:
        return sum(1 for _ in reader)


def watch(path: Path) -> int:
    """Return how many frames come from a file that is shown live, without the times between them."""
    feed = open_feed(parse_source(str(path), 0), wait=lambda _: None)
    try:
        return sum(1 for _ in feed)
    finally:
        feed.close()


def scan(path: Path) -> int:
    """Return how many frames a file has, of which the first was looked at as that of one that was written."""
    assert scan_video(path) != ()
    return count_frames(path)


def movie(folder: Path) -> Path:
    """Return H.264 in MP4 that is shown turned: its pictures carry side data."""
    make_clip(path := folder / "a.mp4", Clip(rotation=90))
    return path


def photos(folder: Path) -> Path:
    """Return MJPEG whose pictures carry EXIF, which PyAV has no name for."""
    exif = Image.Exif()
    exif[0x0112] = 3
    with av.open(str(path := folder / "a.mov"), "w") as output:
        stream = output.add_stream("mjpeg", 25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuvj420p"
        for index in range(24):
            Image.new("RGB", (160, 96), (index, 90, 90)).save(file := io.BytesIO(), "JPEG", exif=exif)
            packet = av.Packet(file.getvalue())
            packet.pts = packet.dts = index
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 25), stream, True
            output.mux(packet)
    return path


def left_by(work: Callable[[], int]) -> Counter[str]:
    """Return how many objects of each type a search finds behind what was done, and frees."""
    gc.collect()
    gc.disable()  # it is not left to chance when somebody searches
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        assert work() == 24
        gc.collect()
        return Counter(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def fields(folder: Path) -> Path:
    """Return H.264 whose pictures are interlaced, so that they are read through a filter."""
    options = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
    make_clip(path := folder / "fields.mp4", Clip(options=options, audio="aac"))
    return path


def mute(path: Path) -> int:
    """Return how many frames a file has when it is joined with its sound, a part of which is muted."""
    out = path.with_name(f"{secrets.token_hex(4)}.mp4")
    with open_video(path, path.name) as reader:
        info = reader.info
    return join([path], out, "a", info, sound=Sound(path, mute=((0.2, 0.4),)))


@pytest.mark.skipif(not _THREADS.is_dir(), reason="only Linux tells which threads there are")
@pytest.mark.parametrize("work", [read, mute])
def test_filters_leave_no_threads(tmp_path: Path, work: Callable[[Path], int]) -> None:
    path = fields(tmp_path)
    assert work(path) == 24  # what is started once is
    gc.collect()
    before = len(list(_THREADS.iterdir()))
    gc.disable()
    try:
        for _ in range(4):
            assert work(path) == 24
        assert len(list(_THREADS.iterdir())) <= before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("work", "make"), [(read, movie), (read, photos), (watch, movie), (watch, photos), (scan, movie)]
)
def test_search_finds_no_pictures(tmp_path: Path, work: Callable[[Path], int], make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    assert left_by(lambda: work(path))["VideoFrame"] == 0
