"""The soak of live cameras: it fails on what is raw, and on whatever would have kept it from seeing that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.live_clip import FRAMES, HEIGHT, WIDTH, Luma, face_box, judge
from bench.live_soak import Findings, Results, Trouble, Viewer
from tests.engine.live_fakes import wait_for


def _findings(**counts: int) -> Findings:
    findings = Findings()
    findings.counts.update(counts)
    return findings


def _memory(megabytes_a_minute: float, minutes: float = 10) -> list[tuple[float, float]]:
    return [(5.0 * i, 1e8 + 1e6 * megabytes_a_minute * 5 * i / 60) for i in range(1, round(12 * minutes) + 1)]


_SEEN, _WRITTEN = _findings(hidden=900, whole=100), _findings(hidden=920, whole=100)
_GOOD = Results(_SEEN, _WRITTEN, 1000, 1020, [0.42, 0.9, 0.42], _memory(0.5), 5, 0)


def test_soak_in_which_all_is_hidden_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert _GOOD.verdict() == 0
    told = capsys.readouterr().out
    assert "+0.50 +- 0.00 MB a minute" in told
    assert "SHORT" not in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"published": _findings(hidden=999, raw=1)}, "1 published frames are raw"),
        ({"written": _findings(hidden=1019, raw=1)}, "1 written frames are raw"),
        ({"published": _findings(hidden=980, unknown=20)}, "20 published frames have no number"),
        ({"published": _findings(hidden=940)}, "940 of 1000 published frames were looked at"),
        ({"written": _findings()}, "0 of 1020 written frames were looked at"),
        ({"published": _findings(whole=1000)}, "no published frame shows anything"),
        ({"p95": [0.8]}, "latency p95 is not under 700 ms"),
        ({"p95": []}, "latency p95 is not under 700 ms"),
        ({"viewer": ["ConnectionClosed: no more"]}, "the viewer failed: ConnectionClosed: no more"),
        ({"trouble": "URLError: no answer"}, "trouble ended: URLError: no answer"),
        ({"troubles": 0}, "there was no trouble"),
        ({"memory": _memory(2.5)}, "memory grows by more than 2 MB a minute"),
        ({"code": 1}, "it ended with exit code 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_soak_fails_on_what_is_raw_and_on_what_kept_it_from_looking(
    change: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replace(_GOOD, **change).verdict() == 1
    assert f"SHORT: {told}" in capsys.readouterr().out


def test_short_soak_says_nothing_of_growth() -> None:
    assert replace(_GOOD, memory=_memory(50, 1)).verdict() == 0
    early = [(at, size if at >= 120 else 0.0) for at, size in _memory(0.5)]
    assert replace(_GOOD, memory=early).verdict() == 0, "what is loaded in the first minutes does not count"


def test_viewer_that_cannot_watch_says_why() -> None:
    viewer = Viewer("ws://127.0.0.1:9/soak/stream", {})
    viewer.start()
    wait_for(lambda: viewer.errors)
    viewer.stopped.set()
    viewer.join(20)
    assert "ConnectionRefusedError" in viewer.errors[0]


def test_trouble_that_cannot_be_made_says_why() -> None:
    def pid() -> int:
        raise OSError("no answer")

    trouble = Trouble(pid, 0, (0.0, 0.0))
    trouble.start()
    trouble.join(20)
    assert trouble.error == "OSError: no answer"


def _faces() -> dict[int, Luma]:
    rng = np.random.default_rng(1)
    faces = {}
    for number in range(0, FRAMES, 10):
        left, top, right, bottom = face_box(number)
        faces[number] = rng.integers(60, 200, (bottom - top, right - left)).astype(np.uint8)
    return faces


def test_frame_without_a_number_is_compared_with_all_faces() -> None:
    faces, frame = _faces(), np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert judge(frame, faces)[0] == "unknown"
    left, top, right, bottom = face_box(120)
    frame[top:bottom, left:right] = faces[120]
    kind, same = judge(frame, faces)
    assert kind == "raw"
    assert same > 0.99
