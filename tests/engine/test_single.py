"""One picture in memory: what still shows is hidden again, what cannot be verified is not handed back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.engine_fakes import FACE, BlindDetector, FixedDetector, GhostDetector, MagentaDetector
from unseen.core.looks import Look
from unseen.core.photos import Frame, Photo
from unseen.core.ports import Detector
from unseen.core.recipe import Recipe
from unseen.core.regions import Box
from unseen.engine.assemble import Assembled
from unseen.engine.single import redact_photo
from unseen.errors import UsageError, VerificationFailed
from unseen.media.find import Eyes
from unseen.verify.residues import SecondOpinion


def _photo() -> Photo:
    pixels = np.random.default_rng(0).integers(90, 120, (64, 96, 3), dtype=np.uint8)
    x1, y1, x2, y2 = FACE
    pixels[y1:y2, x1:x2] = (255, 0, 255)
    return Photo("png", (Frame(pixels, "rgb"),))


def _tools(eyes: Detector, *looks_again: Detector) -> Assembled:
    opinion = SecondOpinion(faces=looks_again)
    return Assembled(Eyes(faces=eyes), opinion, Eyes(faces=eyes), opinion, {})


def _shows(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels[:, :, 0].astype(int) - pixels[:, :, 1] > 90).any())


def test_face_that_was_missed_is_hidden_after_the_second_look() -> None:
    done, regions = redact_photo(_photo(), Recipe(), "auto", tools=_tools(BlindDetector(), MagentaDetector("yunet")))
    assert [(r.reason, r.model) for r in regions] == [("verification", "yunet")]
    assert not _shows(done.frames[0].pixels)


def test_face_that_always_shows_is_not_handed_back() -> None:
    ghost = GhostDetector()
    with pytest.raises(VerificationFailed, match="still show after 3 more tries"):
        redact_photo(_photo(), Recipe(), "auto", tools=_tools(MagentaDetector(), ghost))
    assert ghost.asked == 4


def test_mosaic_in_which_a_face_still_shows_is_filled() -> None:
    recipe = Recipe(looks={"face": Look("mosaic")})
    tools = _tools(MagentaDetector(), FixedDetector(Box(*map(float, FACE))))
    _, regions = redact_photo(_photo(), recipe, "auto", tools=tools)
    assert [(r.reason, r.look.method) for r in regions] == [("detected", "mosaic"), ("verification", "fill")]


def test_without_verification_nobody_looks_again() -> None:
    ghost = GhostDetector()
    done, _ = redact_photo(_photo(), Recipe(verify="skip"), "auto", tools=_tools(MagentaDetector(), ghost))
    assert (ghost.asked, _shows(done.frames[0].pixels)) == (0, False)


@pytest.mark.parametrize("looks", [{"face": Look("none")}, {"face": Look("none"), "plate": Look("none")}])
def test_recipe_that_hides_nothing_is_refused(looks: dict[str, Look]) -> None:
    with pytest.raises(UsageError, match="nothing is to be hidden"):
        redact_photo(_photo(), Recipe(looks=looks), "auto")


def test_noise_is_another_each_time_and_the_callers_if_it_is_given() -> None:
    def once(seeds: Sequence[int]) -> NDArray[np.uint8]:
        noise = iter([np.random.default_rng(seed) for seed in seeds])
        tools = _tools(MagentaDetector(), BlindDetector())
        done, _ = redact_photo(_photo(), Recipe(), "auto", make_noise=lambda: next(noise), tools=tools)
        pixels: NDArray[np.uint8] = done.frames[0].pixels
        return pixels

    assert np.array_equal(once([1]), once([1]))
    fresh = [
        redact_photo(_photo(), Recipe(), "auto", tools=_tools(MagentaDetector(), BlindDetector()))[0].frames[0].pixels
        for _ in range(2)
    ]
    assert not np.array_equal(fresh[0], fresh[1])
