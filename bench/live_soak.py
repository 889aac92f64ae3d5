"""Runs `unseen live` for minutes while its detector is killed, stopped, slowed and starved, and looks at every frame.

    python -m bench.live_soak --data FOLDER [--minutes 10] [--seed 0]

A clip in which every frame has a number and a known face is published over WebSocket and to files; FOLDER holds the
street video that it is laid over (video/). All that is published and written is decoded and compared with the
clip: a frame that shows the face is raw. Printed are the counts, latency, memory with its slope, and CPU time. It fails
on a raw frame, and on all that would keep it from seeing one: too few frames looked at, or no trouble made.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.live_clip import Luma, judge, luma_of, make_clip
from bench.samples import required

__all__ = ["Findings", "Results", "Trouble", "Viewer", "main", "slope"]

_STREET = Path("video/rknnlite_people-walking.mp4")
_SAMPLE_SECONDS = 5.0
_LATENCY = 0.7
#: Of the frames that went out at least so many have to be looked at, and of these at most so many may have no number.
_EXAMINED, _UNKNOWN = 0.95, 0.01
#: Bytes a minute by which memory may grow after the first seconds, and from how many samples on that is said.
_GROWTH, _SETTLED, _ENOUGH = 2e6, 120.0, 12


class Findings:
    """What was found in frames: how many of each kind, and how much of the face showed at most."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.most = 0.0

    def add(self, luma: Luma, faces: dict[int, Luma]) -> None:
        """Look at a frame."""
        kind, same = judge(luma, faces)
        self.counts[kind] += 1
        self.most = max(self.most, same)

    def __str__(self) -> str:
        kinds = ", ".join(f"{self.counts[kind]} {kind}" for kind in ("hidden", "whole", "unknown", "raw"))
        return f"{sum(self.counts.values())} frames: {kinds}; most of a face as it was: {self.most:.0%} of its pixels"


class Viewer(threading.Thread):
    """Watches the stream of a camera as a browser does, and looks at every frame."""

    def __init__(self, address: str, faces: dict[int, Luma]) -> None:
        super().__init__(daemon=True)
        self._address, self._faces = address, faces
        self.findings = Findings()
        self.errors: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        """Decode each fragment as it comes; connect again when it ends, and keep why it did."""
        while not self.stopped.is_set():
            try:
                self._watch()
            except Exception as error:  # noqa: BLE001  # told of in the end, whatever it is
                self.errors.append(f"{type(error).__name__}: {error}")
            self.stopped.wait(0.2)

    def _watch(self) -> None:
        import av
        from websockets.sync.client import connect

        with connect(self._address, max_size=None, open_timeout=10) as socket:
            decoder: Any = av.CodecContext.create("h264", "r")
            head = b""
            while not self.stopped.is_set():
                part = socket.recv(timeout=20)
                if isinstance(part, str):
                    head = b""
                    continue
                if not head:
                    head = part
                    continue
                with av.open(io.BytesIO(head + part), "r") as container:
                    stream = container.streams.video[0]
                    if decoder.extradata is None:
                        decoder.extradata = stream.codec_context.extradata
                    for packet in container.demux(stream):
                        for frame in decoder.decode(packet) if packet.size else ():
                            self.findings.add(luma_of(frame), self._faces)


class Trouble(threading.Thread):
    """Kills, stops, slows and starves the detector at random."""

    def __init__(self, pid: Callable[[], int | None], seed: int, every: tuple[float, float] = (3, 9)) -> None:
        super().__init__(daemon=True)
        self._pid, self._random, self._every = pid, random.Random(seed), every
        self.counts: Counter[str] = Counter()
        self.error = ""
        self.stopped = threading.Event()

    def run(self) -> None:
        """Make trouble every few seconds; keep why there is no more of it."""
        try:
            self._trouble()
        except Exception as error:  # noqa: BLE001  # told of in the end, whatever it is
            self.error = f"{type(error).__name__}: {error}"

    def _trouble(self) -> None:
        kinds = (self._kill, self._halt, self._slow, self._starve)
        while not self.stopped.wait(self._random.uniform(*self._every)):
            kind = self._random.choice(kinds)
            pid = self._pid()
            if pid is None:
                continue
            self.counts[kind.__name__[1:]] += 1
            with contextlib.suppress(ProcessLookupError):
                kind(pid)

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def _halt(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        self.stopped.wait(self._random.uniform(0.2, 4))
        os.kill(pid, signal.SIGCONT)

    def _slow(self, pid: int) -> None:
        until = time.monotonic() + self._random.uniform(2, 6)
        while time.monotonic() < until and not self.stopped.is_set():
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.08)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.03)

    def _starve(self, pid: int) -> None:
        burn = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
        self.stopped.wait(self._random.uniform(2, 5))
        for process in burn:
            process.kill()
            process.wait()


def slope(samples: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of (seconds, bytes) in bytes a minute by least squares, and its standard error."""
    at = np.array([t for t, _ in samples]) / 60
    value = np.array([v for _, v in samples])
    away = at - at.mean()
    spread = float((away**2).sum())
    rise = float((away * value).sum()) / spread
    rest = value - value.mean() - rise * away
    return rise, float(np.sqrt((rest**2).sum() / max(1, len(at) - 2) / spread))


def _status(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}status", timeout=10) as answer:
        status: dict[str, Any] = json.load(answer)
    return status


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _live(clip: Path, segments: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command and yield its process and address; end it by force if it is still there."""
    words = ["live", f"soak={clip}", "--loop", "--publish", "http://127.0.0.1:0", "--publish", str(segments)]
    command = [sys.executable, "-m", "unseen", *words, "--segment", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("watch at "))
        yield process, line.removeprefix("watch at ").strip()
    finally:
        process.kill()
        process.wait()


def _soak(minutes: float, seed: int, clip: Path, segments: Path, faces: dict[int, Luma]) -> int:
    with _live(clip, segments) as (process, address):
        before = _status(address)["cameras"]["soak"]["frames"]["out"]
        viewer = Viewer(f"{address.replace('http', 'ws')}soak/stream", faces)
        trouble = Trouble(lambda: _status(address)["detector"]["process"], seed)
        viewer.start()
        time.sleep(5)
        trouble.start()
        began, memory, p95 = time.monotonic(), list[tuple[float, float]](), list[float]()
        while time.monotonic() - began < 60 * minutes and process.poll() is None:
            time.sleep(_SAMPLE_SECONDS)
            p95.append(_status(address)["cameras"]["soak"]["latency_s"]["p95"])
            memory.append((time.monotonic() - began, _memory(process.pid)))
        trouble.stopped.set()
        trouble.join(20)
        status, cpu = _status(address), _cpu(process.pid)
        viewer.stopped.set()
        viewer.join(10)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
        ended = time.monotonic() - asked
    written = Findings()
    for path in sorted(segments.glob("*/*.mp4")):
        _look_through(path, written, faces)
    print(f"trouble: {', '.join(f'{n} {kind}' for kind, n in sorted(trouble.counts.items()))}")
    print(f"detector: {status['detector']['starts']} starts, {status['detector']['stalls']} killed as stalled")
    _print_camera(status["cameras"]["soak"], p95, cpu, status["seconds"])
    print(f"published, {viewer.findings}")
    print(f"written, {written}")
    print(f"SIGTERM: exit code {code} after {ended:.1f} s; {len(list(segments.glob('*/.*')))} unfinished files left")
    out = status["cameras"]["soak"]["frames"]["out"]
    made = sum(trouble.counts.values())
    told = [*viewer.errors, *(["the viewer does not end"] if viewer.is_alive() else [])]
    lost = "it does not end" if trouble.is_alive() else trouble.error
    return Results(viewer.findings, written, out - before, out, p95, memory, made, code, told, lost).verdict()


def _look_through(path: Path, findings: Findings, faces: dict[int, Luma]) -> None:
    import av

    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            findings.add(luma_of(frame), faces)


def _print_camera(camera: dict[str, Any], p95: Sequence[float], cpu: float, seconds: float) -> None:
    frames, latency = camera["frames"], camera["latency_s"]
    print(
        f"frames: {frames['in']} in, {frames['out']} out, {frames['dropped']} dropped, {frames['hidden_whole']} whole"
    )
    mean = latency["sum"] / max(1, frames["out"])
    print(
        f"latency: p50 {1000 * latency['p50']:.0f} ms, p95 {1000 * latency['p95']:.0f} ms, p99 "
        f"{1000 * latency['p99']:.0f} ms in the last minute; p95 over time {1000 * float(np.median(p95)):.0f} ms in "
        f"the median, {1000 * max(p95):.0f} ms at most; mean of all {1000 * mean:.0f} ms"
    )
    print(f"CPU of the main process: {cpu:.0f} s in {seconds:.0f} s; detector {camera['detector']}")


@dataclass(frozen=True, slots=True)
class Results:
    """What a soak came to: frames as a viewer and files had them, how many went out meanwhile and in all, the rest.

    `p95` are latencies in seconds, `memory` is (seconds, bytes); `troubles` is how often there was any, `viewer` and
    `trouble` say what ended them too early, if anything did.
    """

    published: Findings
    written: Findings
    watched: int
    out: int
    p95: Sequence[float]
    memory: Sequence[tuple[float, float]]
    troubles: int
    code: int
    viewer: Sequence[str] = ()
    trouble: str = ""

    def shortcomings(self) -> list[str]:
        """Return what is not as it has to be, in words."""
        short = []
        for what, found, out in (("published", self.published, self.watched), ("written", self.written, self.out)):
            counts, number = found.counts, sum(found.counts.values())
            if counts["raw"]:
                short.append(f"{counts['raw']} {what} frames are raw")
            if number < _EXAMINED * out:
                short.append(f"{number} of {out} {what} frames were looked at, at least {_EXAMINED:.0%} are wanted")
            if counts["unknown"] > _UNKNOWN * number:
                short.append(f"{counts['unknown']} {what} frames have no number, at most {_UNKNOWN:.0%} may")
            if not counts["hidden"]:
                short.append(f"no {what} frame shows anything, so none could be raw")
        if not self.p95 or float(np.median(self.p95)) >= _LATENCY:
            short.append(f"latency p95 is not under {1000 * _LATENCY:.0f} ms")
        short += [f"the viewer failed: {error}" for error in self.viewer]
        if self.trouble or not self.troubles:
            short.append(f"trouble ended: {self.trouble}" if self.trouble else "there was no trouble")
        growth = self.growth
        if growth is not None and growth[0] > _GROWTH:
            short.append(f"memory grows by more than {_GROWTH / 1e6:g} MB a minute")
        if self.code:
            short.append(f"it ended with exit code {self.code}")
        return short

    @property
    def growth(self) -> tuple[float, float] | None:
        """Bytes a minute by which memory grows once the run has settled, and the standard error; None if too short."""
        settled = [sample for sample in self.memory if sample[0] >= _SETTLED]
        return slope(settled) if len(settled) >= _ENOUGH else None

    def verdict(self) -> int:
        """Print memory and what is not as it has to be, and return the exit code."""
        said = "its growth is told of runs of 3 minutes or more"
        if self.growth is not None:
            rise, error = self.growth
            said = f"{rise / 1e6:+.2f} +- {2 * error / 1e6:.2f} MB a minute after {_SETTLED:.0f} s"
        if self.memory:
            print(f"memory: {self.memory[-1][1] / 1e6:.0f} MB at the end; {said}")
        short = self.shortcomings()
        for each in short:
            print(f"SHORT: {each}")
        print("raw frames: {}, wanted 0; {}".format(
            self.published.counts["raw"] + self.written.counts["raw"], "SHORT" if short else "ok"
        ))  # fmt: skip
        return int(bool(short))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak and return 0 if no raw frame came out, and everything else was as it has to be, too."""
    parser = argparse.ArgumentParser(prog="python -m bench.live_soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", metavar="FOLDER", type=Path, required=True, help="folder of samples, with video/")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    street = required(args.data / _STREET)
    with tempfile.TemporaryDirectory(prefix="unseen-soak-") as folder:
        clip = Path(folder) / "clip.mp4"
        faces = make_clip(clip, street)
        return _soak(args.minutes, args.seed, clip, Path(folder) / "segments", faces)


if __name__ == "__main__":
    sys.exit(main())
