"""Figures of a live run: counted as it goes, told as JSON and as Prometheus' text."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from unseen.media.live import HIDDEN_WHOLE

__all__ = ["CameraFigures", "prometheus"]

#: Frames over which percentiles of the latency are taken: a minute at 25 a second.
_FRAMES = 1500
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_RATE_SECONDS = 10.0
#: Why frames are hidden whole: what looks and the policy say, and that hiding failed.
_WHY = (*HIDDEN_WHOLE, "fault")


class CameraFigures:
    """What happened to one camera's frames; safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=_FRAMES)
        self._looks: deque[float] = deque(maxlen=1024)
        self._latency_sum = 0.0
        self.counts: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the counts: in, out, dropped, connects, looks, lost, faults."""
        with self._guard:
            self.counts[what] += number

    def out(self, latency: float, whole: str) -> None:
        """Note a frame that was handed on `latency` seconds after it came, and why it was hidden whole, if it was."""
        with self._guard:
            self.counts["out"] += 1
            self._latencies.append(latency)
            self._latency_sum += latency
            if whole:
                self.whole[whole] += 1

    def look(self, now: float) -> None:
        """Note a look that found out what there is."""
        with self._guard:
            self.counts["looks"] += 1
            self._looks.append(now)

    def looks_a_second(self, now: float) -> float:
        """Return how many looks there were a second over the last ten."""
        with self._guard:
            return sum(now - at <= _RATE_SECONDS for at in self._looks) / _RATE_SECONDS

    def latency(self) -> dict[str, float | None]:
        """Return percentiles of the latency in seconds over the last frames, None before the first."""
        with self._guard:
            values = sorted(self._latencies)
        if not values:
            return dict.fromkeys(_QUANTILES)
        return {name: round(values[min(len(values) - 1, int(q * len(values)))], 4) for name, q in _QUANTILES.items()}

    def frames(self) -> dict[str, Any]:
        """Return the counts of frames as plain values."""
        with self._guard:
            return {
                "in": self.counts["in"],
                "out": self.counts["out"],
                "dropped": self.counts["dropped"],
                "hidden_whole": sum(self.whole.values()),
                "hidden_whole_why": dict(self.whole),
            }

    @property
    def latency_sum(self) -> float:
        """All latencies added up, in seconds."""
        return self._latency_sum


#: Name, kind and meaning of each family of figures, and where a camera's status has it.
_FAMILIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("frames_in_total", "counter", "Frames that came from the camera.", ("frames", "in")),
    ("frames_out_total", "counter", "Frames that were handed on, hidden.", ("frames", "out")),
    ("frames_dropped_total", "counter", "Frames that were left out, because it was too late.", ("frames", "dropped")),
    ("connected", "gauge", "Whether the camera sends pictures.", ("connected",)),
    ("reconnects_total", "counter", "Connections after the first.", ("reconnects",)),
    ("looks_total", "counter", "Frames that the detector looked at.", ("detector", "looks")),
    ("looks_lost_total", "counter", "Looks that the detector did not answer.", ("detector", "lost")),
    ("looks_per_second", "gauge", "Looks a second over the last ten.", ("detector", "per_second")),
    ("look_seconds", "gauge", "Seconds from a frame's coming to the answer, smoothed.", ("detector", "seconds")),
    ("look_side_pixels", "gauge", "Longer side of the pictures that are looked at.", ("detector", "side")),
    ("shed_steps", "gauge", "Steps by which looks are fewer or smaller because of load.", ("detector", "shed")),
    ("queue_frames", "gauge", "Frames that wait for their look-ahead.", ("queue",)),
    ("viewers", "gauge", "Viewers over HTTP.", ("viewers",)),
)


def prometheus(status: Mapping[str, Any]) -> str:
    """Return a run's status in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    cameras: Mapping[str, Any] = status["cameras"]
    for name, kind, meaning, path in _FAMILIES:
        rows = ((f'camera="{camera}"', _at(told, path)) for camera, told in cameras.items())
        lines += _family(f"unseen_live_{name}", kind, meaning, rows)
    whole = [
        (f'camera="{camera}",why="{why}"', number)
        for camera, told in cameras.items()
        for why, number in {**dict.fromkeys(_WHY, 0), **told["frames"]["hidden_whole_why"]}.items()
    ]
    lines += _family("unseen_live_frames_hidden_whole_total", "counter", "Frames that were hidden whole.", whole)
    lines += _latency(cameras)
    detector = status["detector"]
    up = int(detector["state"] in ("ready", "looking"))
    lines += _family("unseen_live_detector_up", "gauge", "Whether the detector's process answers.", [("", up)])
    lines += _family(
        "unseen_live_detector_starts_total", "counter", "Starts of the detector's process.", [("", detector["starts"])]
    )
    return "\n".join(lines) + "\n"


def _latency(cameras: Mapping[str, Any]) -> list[str]:
    name = "unseen_live_latency_seconds"
    lines = [f"# HELP {name} Seconds from a frame's coming to its handing on.", f"# TYPE {name} summary"]
    for camera, told in cameras.items():
        latency = told["latency_s"]
        for word, quantile in _QUANTILES.items():
            if latency[word] is not None:
                lines.append(f'{name}{{camera="{camera}",quantile="{quantile}"}} {latency[word]}')
        lines.append(f'{name}_sum{{camera="{camera}"}} {latency["sum"]}')
        lines.append(f'{name}_count{{camera="{camera}"}} {told["frames"]["out"]}')
    return lines


def _family(name: str, kind: str, meaning: str, rows: Iterable[tuple[str, Any]]) -> list[str]:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    for labels, value in rows:
        if value is not None:
            lines.append(f"{name}{{{labels}}} {_number(value)}" if labels else f"{name} {_number(value)}")
    return lines


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _at(told: Any, path: tuple[str, ...]) -> Any:
    for word in path:
        told = told[word]
    return told
