"""Staging: what is verified waits under a random name, and whatever goes wrong leaves nothing there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.engine.engine_fakes import FACE, GhostDetector, MagentaDetector
from unseen.adapters.files_pillow import PillowCodec
from unseen.core.formats import Limits
from unseen.core.looks import Look
from unseen.core.models import ModelFile
from unseen.core.photos import Frame, Photo, Rgb8
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.engine.release import (
    MAX_ROUNDS,
    Workbench,
    left_over,
    stage_verified,
    with_residues,
)
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain
from unseen.errors import VerificationFailed
from unseen.media.photos import FrameRegions
from unseen.verify.residues import SecondOpinion

_NOTHING: FrameRegions = ((),)


def _photo(side: int = 64) -> Photo:
    pixels = np.random.default_rng(0).integers(90, 120, (side, 96, 3), dtype=np.uint8)
    pixels[FACE[1] : FACE[3], FACE[0] : FACE[2]] = (255, 0, 255)
    return Photo("png", (Frame(pixels, "rgb"),))


def _bench(folder: Path, *faces: object) -> Workbench:
    opinion = SecondOpinion(faces=tuple(faces))  # type: ignore[arg-type]  # detectors of several kinds
    return Workbench(PillowCodec(), opinion, np.random.default_rng(0), folder, Stopwatch(lambda: 0.0))


class _Interrupting:
    """Is interrupted by Ctrl-C while it looks."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        raise KeyboardInterrupt


def test_staged_file_is_what_was_verified(tmp_path: Path) -> None:
    bench = _bench(tmp_path / "s", MagentaDetector("yunet"))
    staged = stage_verified(_photo(), _NOTHING, Recipe(), bench, "a.png", look_again=True)
    assert staged.path.read_bytes() == staged.data
    assert [path.name for path in (tmp_path / "s").iterdir()] == [staged.path.name]
    assert (staged.verdict.outcome, staged.verdict.rounds, staged.verdict.residues) == ("pass", 1, 1)
    assert [r.reason for r in staged.regions[0]] == ["verification"]


def test_classes_without_a_second_opinion_are_said_to_be_unchecked(tmp_path: Path) -> None:
    recipe = Recipe(looks={"face": Look("fill"), "text": Look("solid"), "plate": Look("none")})
    staged = stage_verified(_photo(), _NOTHING, recipe, _bench(tmp_path, MagentaDetector()), "a", look_again=True)
    assert (staged.verdict.checked, staged.verdict.unchecked) == (("face",), ("text",))


def test_heads_which_no_second_model_looks_for_are_said_to_be_unchecked(tmp_path: Path) -> None:
    recipe = Recipe(looks=looks_for(["face", "head"], None))
    staged = stage_verified(_photo(), _NOTHING, recipe, _bench(tmp_path, MagentaDetector()), "a", look_again=True)
    assert (staged.verdict.checked, staged.verdict.unchecked) == (("face",), ("head",))


def test_no_more_than_three_rounds_and_nothing_left(tmp_path: Path) -> None:
    with pytest.raises(ResiduesRemain, match=r"^a\.png: 1 faces or plates still show after 3 more tries"):
        stage_verified(_photo(), _NOTHING, Recipe(), _bench(tmp_path, GhostDetector()), "a.png", look_again=True)
    assert list(tmp_path.iterdir()) == []


def test_interrupt_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stage_verified(_photo(), _NOTHING, Recipe(), _bench(tmp_path, _Interrupting()), "a.png", look_again=True)
    assert list(tmp_path.iterdir()) == []


def test_output_may_have_more_bytes_and_as_many_pixels_as_the_limits_of_its_input_allow(tmp_path: Path) -> None:
    recipe = Recipe(format="bmp", limits=Limits(max_bytes=100, max_pixels=64 * 96, max_total_pixels=64 * 96))
    staged = stage_verified(_photo(), _NOTHING, recipe, _bench(tmp_path), "a.png", look_again=True)
    assert len(staged.data) > 100
    tight = Recipe(limits=Limits(max_pixels=64 * 96 - 1))
    with pytest.raises(VerificationFailed, match="cannot be read back"):
        stage_verified(_photo(), _NOTHING, tight, _bench(tmp_path), "a.png", look_again=True)


def test_every_picture_that_a_frame_could_show_is_looked_at() -> None:
    frame = _photo().frames[0]
    hidden_in_colours = Frame(frame.pixels, "rgb", np.zeros(frame.pixels.shape[:2], np.uint8))
    opinion = SecondOpinion(faces=(MagentaDetector(),))
    (found,) = left_over(_photo().with_frames((hidden_in_colours,)), _NOTHING, Recipe(), opinion)
    assert len(found) == 1, "under a transparent pixel the colour is stored all the same"


@pytest.mark.parametrize("method", ["mosaic", "blur"])
def test_residues_are_hidden_without_interference_whatever_the_look(method: str) -> None:
    recipe = Recipe(looks={"face": Look(method), "plate": Look("stand-in")})  # type: ignore[arg-type]
    left = [[Detection("face", Box(5, 5, 20, 20), 0.9, "yunet"), Detection("plate", Box(40, 5, 60, 12), 0.9, "x")]]
    before = Region("face", Box(0, 0, 9, 9), recipe.looks["face"])
    (after,) = with_residues(((before,),), left, recipe, _photo())
    assert after[0] == before
    assert [(r.cls, r.look.method, r.reason) for r in after[1:]] == [
        ("face", "fill", "verification"),
        ("plate", "stand-in", "verification"),
    ]


def test_last_round_lays_one_colour_over_what_still_shows() -> None:
    left = [[Detection("face", Box(5, 5, 20, 20), 0.9, "yunet")]]
    rounds = [
        with_residues(_NOTHING, left, Recipe(), _photo(), earlier=n)[0][-1].look.method for n in range(MAX_ROUNDS)
    ]
    assert rounds == ["fill", "fill", "solid"]


def test_stopwatch_adds_up_by_stage_also_when_a_stage_fails() -> None:
    times = iter([0.0, 1.0, 1.0, 3.5, 10.0, 10.25])
    watch = Stopwatch(lambda: next(times))
    with watch.time("hide"):
        pass
    with watch.time("hide"):
        pass
    with pytest.raises(KeyError), watch.time("verify"):
        raise KeyError
    assert watch.seconds == {"hide": 3.5, "verify": 0.25}
