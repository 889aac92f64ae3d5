"""The bench of damaged videos: it fails on what is raw, on what crashed, and where it could not have seen a face."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from bench.damages import DAMAGES
from bench.live_clip import HEIGHT, WIDTH, Luma, face_box
from bench.video_damaged import Judged, judged, verdict


def _scene() -> tuple[Luma, dict[int, Luma]]:
    """Return a picture that shows the face of frame 3, without a number that can be read, and the faces."""
    picture = np.full((HEIGHT, WIDTH), 120, np.uint8)
    left, top, right, bottom = face_box(3)
    picture[top:bottom, left:right] = np.linspace(0, 255, right - left, dtype=np.uint8)
    return picture, {3: picture[top:bottom, left:right].copy()}


_RELEASED: dict[str, Any] = {"status": "released", "output": "a.mp4", "video": {"frames_hidden_whole": 1}}


def test_frame_that_shows_a_face_is_raw_and_one_without_is_not() -> None:
    shown, faces = _scene()
    found = Judged(control=1.0)
    judged("a.mp4", _RELEASED, iter([shown, np.full_like(shown, 120), np.zeros_like(shown)]), faces, found)
    assert (found.files, found.frames, found.whole, found.raw, found.failed) == (1, 3, 1, 1, 0)
    assert found.most == 1.0


def test_face_that_damage_moved_is_raw() -> None:
    shown, faces = _scene()
    found = Judged(control=1.0)
    judged("a.mp4", _RELEASED, iter([np.roll(shown, (37, 50), axis=(0, 1))]), faces, found)
    assert (found.raw, found.most < 0.5, found.alike > 0.99) == (1, True, True)


@pytest.mark.parametrize("error", ["a.mp4: unexpected KeyError", "a.mp4: two\nlines", "another.mp4: is damaged"])
def test_error_that_is_not_one_line_for_a_user_is_a_crash(error: str) -> None:
    found = Judged(control=1.0)
    judged("a.mp4", {"status": "failed", "error": error}, iter([]), {}, found)
    assert (found.failed, len(found.crashes)) == (1, 1)
    assert verdict({"x": found}) == 1


def test_refusal_in_one_line_is_no_crash() -> None:
    found = Judged(control=1.0)
    judged("a.mp4", {"status": "failed", "error": "a.mp4: is damaged, fetch it again"}, iter([]), {}, found)
    assert (found.failed, found.crashes, verdict({"x": found})) == (1, [], 0)


@pytest.mark.parametrize("found", [Judged(frames=9, raw=1, control=1.0), Judged(frames=9, control=0.9)])
def test_raw_frames_and_clips_without_a_face_fall_short(found: Judged, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict({"libx264, mp4": found}) == 1
    assert "SHORT: " in capsys.readouterr().out


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_changes_the_bytes(name: str) -> None:
    data = bytes(np.random.default_rng(0).integers(1, 256, 20_000, dtype=np.uint8))
    assert DAMAGES[name](data, random.Random(name)) != data
