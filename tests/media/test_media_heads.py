"""Persons in whom no face was found get a head, and nobody else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.some_detections import detections, face, person
from unseen.core.regions import Detection
from unseen.media.heads import heads_without_face


def test_a_person_without_a_face_gets_a_head() -> None:
    (head,) = heads_without_face([person(10, 20, 60, 220)], least_score=0.25)
    assert (head.cls, head.model, head.score) == ("head", "yolo26n", 0.9)
    assert head.box.xyxy == (10, 20, 60, 65)


def test_a_person_who_is_cut_off_at_the_chest_gets_a_deeper_head() -> None:
    (head,) = heads_without_face([person(0, 0, 100, 120)], least_score=0.25)
    assert head.box.xyxy == (0, 0, 100, 36)


@pytest.mark.parametrize("where", [(20, 30, 40, 50), (10, 20, 20, 40), (20, 100, 40, 139)])
def test_a_person_whose_face_was_found_gets_none(where: tuple[float, float, float, float]) -> None:
    assert heads_without_face([person(10, 20, 60, 220), face(*where)], least_score=0.25) == []


@pytest.mark.parametrize("where", [(70, 30, 90, 50), (20, 160, 40, 180), (20, 0, 40, 10)])
def test_a_face_elsewhere_is_not_this_persons(where: tuple[float, float, float, float]) -> None:
    assert len(heads_without_face([person(10, 20, 60, 220), face(*where)], least_score=0.25)) == 1


def test_a_person_who_may_be_none_gets_none() -> None:
    assert heads_without_face([person(10, 20, 60, 220, 0.24)], least_score=0.25) == []
    assert len(heads_without_face([person(10, 20, 60, 220, 0.25)], least_score=0.25)) == 1


@given(st.lists(detections, max_size=6))
def test_a_head_lies_in_the_upper_third_of_its_person(found: list[Detection]) -> None:
    people = [d.box for d in found if d.cls == "person"]
    for head in heads_without_face(found, least_score=0.0):
        assert any(head.box.xyxy[:3] == p.xyxy[:3] and head.box.height <= 0.3 * p.height + 1e-6 for p in people)
