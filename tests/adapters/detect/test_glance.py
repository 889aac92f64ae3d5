"""A glance at a large picture proposes, and a look in full size decides."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.detector_fakes import FakeDetector, face, grey
from unseen.adapters.detect.glance import GlanceDetector
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection


def white(image: Rgb8) -> list[Detection]:
    """A face around the white pixels of a picture."""
    rows, columns = np.nonzero(image.min(axis=2) > 200)
    return [face(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 0.8)] if rows.size else []


def glancing(glance: FakeDetector, sure: FakeDetector) -> GlanceDetector:
    return GlanceDetector(glance, sure, score=0.5, beyond=400)


def with_white(x1: int, y1: int, x2: int, y2: int) -> Rgb8:
    image = grey(480, 640)
    image[y1:y2, x1:x2] = 255
    return image


@given(st.integers(0, 600), st.integers(0, 440), st.integers(8, 40))
def test_what_a_glance_proposes_is_told_where_the_look_in_full_size_sees_it(x: int, y: int, side: int) -> None:
    sure = FakeDetector(white)
    glance = FakeDetector(lambda _: [face(x, y, x + side, y + side, 0.26)])
    (found,) = glancing(glance, sure).detect([with_white(x + 3, y + 2, x + side, y + side)])[0]
    assert found.box == Box(x + 3, y + 2, x + side, y + side)
    assert found.score == 0.8
    assert all(max(seen.shape[:2]) <= 160 for seen in sure.seen)


def test_what_only_the_glance_sees_faintly_counts_for_nothing() -> None:
    sure = FakeDetector(white)
    assert glancing(FakeDetector(lambda _: [face(100, 100, 130, 130, 0.4)]), sure).detect([grey(480, 640)]) == [[]]
    assert len(sure.seen) == 1


def test_what_the_glance_is_sure_of_counts_and_what_is_faint_is_looked_at_however_large_it_is() -> None:
    sure = FakeDetector(white)
    some = [face(10, 100, 150, 230, 0.6), face(300, 100, 500, 280, 0.3)]
    found = glancing(FakeDetector(lambda _: some), sure).detect([with_white(310, 110, 480, 270)])[0]
    assert [each.box for each in found] == [Box(310, 110, 480, 270), some[0].box]
    assert len(sure.seen) == 1


def test_a_small_picture_is_looked_at_in_full_size_alone() -> None:
    glance, sure = FakeDetector(lambda _: []), FakeDetector(white)
    image = with_white(100, 100, 120, 120)[:300, :400]
    assert [each.box for each in glancing(glance, sure).detect([image])[0]] == [Box(100, 100, 120, 120)]
    assert not glance.seen


def test_a_face_beside_another_is_told_once_however_often_it_is_looked_at() -> None:
    glance = FakeDetector(lambda _: [face(100, 100, 130, 130, 0.3), face(104, 102, 133, 131, 0.3)])
    sure = FakeDetector(white)
    assert len(glancing(glance, sure).detect([with_white(102, 101, 130, 130)])[0]) == 1
    assert len(sure.seen) == 2


def test_a_picture_without_proposals_is_looked_at_no_further() -> None:
    sure = FakeDetector(white)
    assert glancing(FakeDetector(lambda _: []), sure).detect([with_white(10, 10, 40, 40)]) == [[]]
    assert not sure.seen


def test_both_files_are_named_once() -> None:
    sure = FakeDetector(white)
    assert glancing(FakeDetector(white), sure).models == sure.models
