"""Looks at pictures whose pixels may have two shapes: what is seen in either is where it is in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.core.video import VideoInfo
from unseen.engine.film.shapes import Shapes
from unseen.media.close import Sight

_PICTURE = np.zeros((360, 640, 3), np.uint8)


def _shapes(aspect: Fraction) -> Shapes:
    return Shapes(
        VideoInfo("mp4", "h264", 640, 360, Fraction(25), Fraction(1, 25), "yuv420p", pixel_aspect=aspect), 640
    )


def _face(*box: float, score: float = 0.9) -> Detection:
    return Detection("face", Box(*box), score, "m")


@pytest.mark.parametrize(("aspect", "sizes"), [("1", []), ("4", [(640, 90)]), ("1/4", [(160, 360)])])
def test_each_shape_is_looked_at_with_what_was_found_before(aspect: str, sizes: list[tuple[int, int]]) -> None:
    looked: list[tuple[tuple[int, int], Box]] = []

    def find(image: Rgb8, before: Sequence[Detection]) -> Sight:
        height, width, _ = image.shape
        looked.append(((width, height), before[0].box))
        return Sight([_face(0, 0, width / 2, height / 2)], Box(0, 0, width, height))

    sight = _shapes(Fraction(aspect)).look(_PICTURE, [_face(320, 180, 640, 360)], find)
    expected = [(640, 360), *sizes]
    assert looked == [((w, h), Box(w / 2, h / 2, w, h)) for w, h in expected]
    assert [each.box for each in sight.found] == [Box(0, 0, 320, 180)]
    assert sight.part == Box(0, 0, 640, 360)


def test_only_where_both_looks_were_somebody_new_would_have_been_seen() -> None:
    def find(image: Rgb8, _: Sequence[Detection]) -> Sight:
        told = image.shape[0] == 90
        return Sight([_face(320, 45, 640, 90)] if told else [], Box(0, 45, 640, 90) if told else Box(0, 0, 640, 270))

    sight = _shapes(Fraction(4)).look(_PICTURE, (), find)
    assert ([each.box for each in sight.found], sight.part) == ([Box(320, 180, 640, 360)], Box(0, 180, 640, 270))
    nowhere = _shapes(Fraction(4)).look(_PICTURE, (), lambda image, _: Sight([], None))
    assert (list(nowhere.found), nowhere.part) == ([], None)
