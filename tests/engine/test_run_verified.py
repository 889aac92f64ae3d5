"""Verification inside a run: what still shows is hidden again, what cannot be verified is not released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.engine.engine_fakes import (
    FACE,
    BlindDetector,
    Command,
    FixedDetector,
    GhostDetector,
    MagentaDetector,
    fake_engine,
    fake_tools,
    make_photo,
    shows_face,
)
from unseen.adapters.detect.centerface import CenterFaceDetector
from unseen.adapters.files_pillow import PillowCodec
from unseen.core.catalogue import entry_named
from unseen.core.formats import Limits
from unseen.core.models import ModelFile
from unseen.core.photos import Photo
from unseen.core.ports import Detector, PhotoCodec
from unseen.core.regions import Box
from unseen.errors import DeviceUnavailable, UnseenError

_AROUND = Box(*map(float, FACE))


def _engine(
    eyes: Detector | None = None, looks_again: Sequence[Detector] | None = None, codec: PhotoCodec | None = None
) -> Any:
    again = (MagentaDetector("mediapipe-full-range"),) if looks_again is None else tuple(looks_again)
    return fake_engine(partial(fake_tools, eyes=eyes, looks_again=again, codec=codec))


def _left(output: Path) -> list[str]:
    """Everything in the output folder but the journal and the lock."""
    return sorted(p.name for p in output.rglob("*") if p.is_file() and p.name not in ("journal.jsonl", "lock"))


def test_second_opinion_that_always_sees_a_face_fails_the_file(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    ghost = GhostDetector()
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(looks_again=[ghost]))
    assert (done.code, done.status("a.png")) == (1, "failed")
    assert ghost.asked == 4
    assert "still show after 3 more tries" in done.files["a.png"]["error"]
    verdict = done.files["a.png"]["verdict"]
    assert (verdict["outcome"], verdict["rounds"]) == ("fail", 3)
    assert done.files["a.png"]["output"] is None
    assert done.report["totals"]["second_look"]["with_residues"] == 1
    assert done.report["totals"]["verified"] == 0
    assert _left(tmp_path / "out") == []


def test_face_that_the_first_model_misses_is_hidden_after_the_second_look(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(eyes=BlindDetector()))
    assert done.code == 0
    (region,) = done.files["a.png"]["regions"]
    assert (region["reason"], region["model"]) == ("verification", "mediapipe-full-range")
    verdict = done.files["a.png"]["verdict"]
    assert (verdict["outcome"], verdict["rounds"], verdict["residues_hidden"]) == ("pass", 1, 1)
    assert not shows_face(tmp_path / "out" / "a.png")
    assert done.report["totals"]["files_with_residues"] == 1
    assert "1 needed more hiding" in done.out


def test_face_of_which_half_is_missed_is_hidden_whole(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(eyes=MagentaDetector(shrink=0.5)))
    assert done.code == 0
    assert [r["reason"] for r in done.files["a.png"]["regions"]] == ["detected", "verification"]
    assert not shows_face(tmp_path / "out" / "a.png")


def test_what_is_seen_in_a_region_hidden_without_interference_does_not_count(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(looks_again=[FixedDetector(_AROUND)]))
    assert done.code == 0
    assert done.files["a.png"]["verdict"]["rounds"] == 0


@pytest.mark.parametrize("look", ["mosaic", "blur"])
def test_face_that_shows_in_a_mosaic_is_hidden_with_fill(unseen: Command, tmp_path: Path, look: str) -> None:
    make_photo(tmp_path / "in" / "a.png")
    engine = _engine(looks_again=[FixedDetector(_AROUND)])
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--hide", f"face={look}", engine=engine)
    assert done.code == 0
    looks = [(r["reason"], r["method"], r["non_interfering"]) for r in done.files["a.png"]["regions"]]
    assert looks == [("detected", look, False), ("verification", "fill", True)]
    assert done.files["a.png"]["verdict"]["rounds"] == 1
    with Image.open(tmp_path / "out" / "a.png") as image:
        middle = np.asarray(image.convert("RGB"))[FACE[1] : FACE[3], FACE[0] : FACE[2]].astype(int)
    assert np.abs(middle[..., 0] - middle[..., 1]).max() < 40, "the magenta of the mosaic is gone"


def test_every_frame_of_an_animation_is_looked_at(unseen: Command, tmp_path: Path) -> None:
    frames = [Image.open(make_photo(tmp_path / f"{i}.png", face=i == 3, seed=i)) for i in range(6)]
    (tmp_path / "in").mkdir()
    frames[0].save(tmp_path / "in" / "a.gif", save_all=True, append_images=frames[1:], duration=80)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(eyes=BlindDetector()))
    assert done.code == 0
    assert {r["frame"] for r in done.files["a.gif"]["regions"]} == {3}
    assert not shows_face(tmp_path / "out" / "a.gif")


def test_skipping_verification_is_recorded_and_looks_at_nothing(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    ghost = GhostDetector()
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--unsafe-skip-verify", engine=_engine(looks_again=[ghost]))
    assert (done.code, ghost.asked) == (0, 0)
    assert done.report["unsafe"] == ["--unsafe-skip-verify"]
    verdict = done.files["a.png"]["verdict"]
    assert (verdict["outcome"], verdict["checked"], verdict["unchecked"]) == (
        "not-verified",
        [],
        ["face", "head", "plate"],
    )
    assert done.report["totals"]["second_look"] == {
        "looked_at": 0,
        "with_residues": 0,
        "share": None,
        "interval_95": [0.0, 1.0],
    }


@dataclass(frozen=True)
class _Tampering:
    """A codec that adds bytes to what it writes, or writes another picture."""

    suffix: bytes = b""
    frames: int = 1
    grow: int = 0

    def decode(self, data: bytes, name: str, limits: Limits) -> Photo:
        return PillowCodec().decode(data, name, limits)

    def encode(self, photo: Photo, *, format: str | None = None, keep: frozenset[str] = frozenset()) -> bytes:
        frame = photo.frames[0]
        pixels = np.pad(frame.pixels, ((0, self.grow), (0, 0), (0, 0)))
        photo = photo.with_frames((replace(frame, pixels=pixels),) * self.frames)
        return PillowCodec().encode(photo, format=format, keep=keep) + self.suffix


@pytest.mark.parametrize("words", [(), ("--unsafe-skip-verify",), ("--verify", "sample")])
def test_anything_but_pixels_in_the_output_fails_the_file(
    unseen: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    make_photo(tmp_path / "in" / "a.png")
    engine = _engine(codec=_Tampering(b"GPS 52.5 N 13.4 E"))
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", *words, engine=engine)
    assert (done.code, done.status("a.png")) == (1, "failed")
    assert "the output holds" in done.files["a.png"]["error"]
    assert "52.5" not in done.err
    assert done.files["a.png"]["verdict"]["outcome"] == "fail"
    assert done.report["totals"]["second_look"]["with_residues"] == 0
    assert _left(tmp_path / "out") == []


@pytest.mark.parametrize("codec", [_Tampering(grow=1), _Tampering(frames=2)])
def test_output_with_another_size_than_the_input_fails(unseen: Command, tmp_path: Path, codec: PhotoCodec) -> None:
    make_photo(tmp_path / "in" / "a.tif")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=_engine(codec=codec))
    assert (done.code, done.status("a.tif")) == (1, "failed")
    assert "other frames than the input" in done.files["a.tif"]["error"]
    assert _left(tmp_path / "out") == []


class _BrokenNetwork:
    """A network that fails when it runs."""

    device = "fake:CPU"
    input_shape = (1, 3, None, None)

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        raise self._error


@pytest.mark.parametrize("place", ["eyes", "looks_again"])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (DeviceUnavailable("the device went away; say --device cpu"), "a.png: the device went away; say --device cpu"),
        (UnseenError("short"), "a.png: short"),
        (RuntimeError("pixels 12 34 56"), "a.png: unexpected RuntimeError; leave the file out and report this"),
        (ValueError("pixels 12 34 56"), "a.png: unexpected ValueError; leave the file out and report this"),
        (MemoryError(), "a.png: needs more memory than there is; make it smaller, or say --jobs 1"),
    ],
)
def test_network_that_fails_fails_the_file(
    unseen: Command, tmp_path: Path, place: str, error: Exception, says: str
) -> None:
    make_photo(tmp_path / "in" / "a.png")
    file = ModelFile(entry_named("centerface"), Path("none"), "0" * 64, "catalogue")
    broken = CenterFaceDetector(_BrokenNetwork(error), file, 0.5)
    engine = _engine(eyes=broken) if place == "eyes" else _engine(looks_again=[broken])
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", engine=engine)
    assert (done.code, done.status("a.png")) == (1, "failed")
    assert done.files["a.png"]["error"] == says
    assert "12 34 56" not in done.err
    assert _left(tmp_path / "out") == []


def test_sample_says_what_share_of_all_outputs_may_hold_residues(unseen: Command, tmp_path: Path, key: Path) -> None:
    for i in range(24):
        make_photo(tmp_path / "in" / f"{i:02}.png", face=i % 2 == 0, seed=i)
    words = (
        tmp_path / "in",
        "-o",
        tmp_path / "out",
        "--verify",
        "sample",
        "--sample-share",
        "0.5",
        "--jobs",
        "1",
        "--key",
        key,
    )
    done = unseen(*words, engine=_engine(eyes=BlindDetector()))
    assert done.code == 0
    look = done.report["totals"]["second_look"]
    outcomes = [each["verdict"]["outcome"] for each in done.report["files"]]
    assert look["looked_at"] == outcomes.count("pass")
    assert 2 < look["looked_at"] < 22
    assert outcomes.count("not-verified") == 24 - look["looked_at"]
    assert look["share"] == round(look["with_residues"] / look["looked_at"], 4)
    low, high = look["interval_95"]
    assert 0 < low < look["share"] < high < 1
    drawn = {each["input"] for each in done.report["files"] if each["verdict"]["outcome"] == "pass"}
    shown = {f"{i:02}.png" for i in range(24) if shows_face(tmp_path / "out" / f"{i:02}.png")}
    assert shown == {f"{i:02}.png" for i in range(0, 24, 2)} - drawn, "what was not drawn was not looked at"
    assert f"sample: {look['looked_at']} looked at, 24 released; residues in {look['share']:.1%}" in done.out
    again = unseen(*words[:2], tmp_path / "again", *words[3:], engine=_engine(eyes=BlindDetector()))
    assert {e["input"] for e in again.report["files"] if e["verdict"]["outcome"] == "pass"} == drawn


def test_sample_in_which_nothing_was_drawn_says_so(unseen: Command, tmp_path: Path, key: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    words = ("--verify", "sample", "--sample-share", "1e-9", "--key", key)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", *words)
    assert done.code == 0
    assert "sample: none of 1 outputs was drawn, so nothing is known" in done.out
