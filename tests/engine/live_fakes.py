"""What live tests run with: a clip with a bright square, a detector that finds it, and ways for it to fail."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from unseen.core.live import LiveJob, parse_source, parse_target
from unseen.core.recipe import Recipe, looks_for
from unseen.engine.live.detector import LiveDetector
from unseen.engine.live.live import Live, LiveTools, run

__all__ = ["BRIGHT", "bright_shares", "detector", "job_for", "running", "tools", "wait_for", "write_clip"]

#: Luma of the square; the picture around it is darker than 120, and so is what it is filled with.
BRIGHT = 200
SIZE = (192, 128)
_SQUARE = 24

#: A detector's process: finds the bright part of a picture. Its orders: what to do at which picture.
_SCRIPT = """
import os, sys, time
import numpy as np
from unseen.core.regions import Box, Detection
from unseen.engine.live.looker import Answer, receive, send, serve
from unseen.errors import UnseenError

pictures, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
orders = receive(pictures)
time.sleep(orders.get("warms", 0.0))
if orders.get("broken"):
    sys.exit(3)
if orders.get("refuses"):
    send(answers, Answer(0, error=UnseenError("no such device")))
    sys.exit(1)
send(answers, Answer(0, devices=("fake:CPU",)))
count = 0

def look(image):
    global count
    count += 1
    time.sleep(orders.get("takes", 0.0))
    if count == orders.get("dies"):
        os._exit(9)
    if count == orders.get("hangs"):
        time.sleep(600)
    while count in orders.get("gates", {}) and not os.path.exists(orders["gates"][count]):
        time.sleep(0.01)
    if count == 2 and "prints" in orders:
        os.write(1, orders["prints"])
    if count == orders.get("fails"):
        raise UnseenError("cannot look")
    y, x = np.nonzero(image.min(axis=2) > 170)
    if not len(y):
        return []
    return [Detection("face", Box(float(x.min()), float(y.min()), x.max() + 1.0, y.max() + 1.0), 0.9, "centerface")]

serve(pictures, answers, look)
"""


def detector(stall: float = 1.0, clock: Callable[[], float] = time.monotonic, **orders: Any) -> LiveDetector:
    """Return a detector, not started, whose process does as it is told."""
    return LiveDetector(orders, stall=stall, command=(sys.executable, "-P", "-c", _SCRIPT), clock=clock)


def tools(**orders: Any) -> LiveTools:
    """Return what a run works with: a detector that does as it is told, everything else real."""
    return LiveTools(make_detector=lambda recipe, models, job: detector(**orders))


def write_clip(
    path: Path, frames: int = 50, *, first: int = 0, rate: int = 25, slices: int = 1, key: int = 10, aspect: int = 1
) -> Path:
    """Write a clip of `rate` frames a second in which a bright square comes in at frame `first` and moves.

    Each picture has so many `slices`, and each `key`-th is a key picture; pixels are told to be `aspect` times as wide
    as they are high.
    """
    width, height = SIZE
    options = {"crf": "10", "g": str(key), "bf": "0", "preset": "veryfast", "x264-params": f"slices={slices}"}
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=rate, options=options)
        stream.codec_context.thread_count = 1
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = width, height, "yuv420p", Fraction(1, rate)
        for i in range(frames):
            picture = np.full((height, width, 3), 70, np.uint8)
            picture[:, :, 2] += (np.arange(width) // 8 % 2 * 20).astype(np.uint8)
            if i >= first:
                turn = 2 * math.pi * i / 50
                x, y = round(80 + 16 * math.sin(turn)), round(50 + 8 * math.cos(turn))
                picture[y : y + _SQUARE, x : x + _SQUARE] = 240
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        sink.mux(stream.encode(None))
    return path


def job_for(*words: str, publish: tuple[str, ...], **changes: Any) -> LiveJob:
    """Return a job that hides faces in these sources; frames wait for long, because test machines are busy."""
    sources = tuple(parse_source(word, i) for i, word in enumerate(words))
    targets = tuple(parse_target(word, cameras=len(sources)) for word in publish)
    recipe = Recipe(looks=looks_for(["face"], None), recall="fast", verify="skip")
    return LiveJob(sources, targets, recipe, **({"look_ahead": 1.0} | changes))


@contextmanager
def running(job: LiveJob, with_tools: LiveTools) -> Iterator[Live]:
    """Run a job in a thread while the context lasts; what it raises is raised at the end."""
    stop, ready = threading.Event(), threading.Event()
    got: list[Live] = []
    failed: list[BaseException] = []

    def tell(live: Live) -> None:
        got.append(live)
        ready.set()

    def work() -> None:
        try:
            run(job, stop=stop, ready=tell, tools=with_tools)
        except BaseException as error:  # noqa: BLE001  # raised again below
            failed.append(error)
        ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(60)
    try:
        if got:
            yield got[0]
    finally:
        stop.set()
        thread.join(30)
    if failed:
        raise failed[0]


def bright_shares(path: Path) -> list[tuple[float, bool]]:
    """Return for each frame of a video the share of bright pixels, and whether it is hidden whole."""
    with av.open(str(path)) as container:
        return [_judged(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def _judged(luma: Any) -> tuple[float, bool]:
    whole = float((luma < 30).mean()) > 0.8
    return (0.0 if whole else float((luma > BRIGHT).mean())), whole


def wait_for(what: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds; fails if it does not in time."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        tick.wait(0.02)
    raise AssertionError("what was waited for did not happen")
