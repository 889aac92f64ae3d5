"""Which tracks are believed, and how those of each model are covered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.test_windows import frame, info
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.media.followed import ELSE, FOLLOWED, Belief, followed
from unseen.media.sights import Look
from unseen.media.window_regions import cover_window
from unseen.media.windows import Window
from unseen.tracks.named import Known, Named

_RECIPE = Recipe(looks=looks_for(["face"], None))


def hidden(*found: Detection, every: int = 4, verifiers: frozenset[str] = frozenset()) -> list[tuple[Region, ...]]:
    """Return what is hidden in each of 40 frames, of which every few show what was found."""
    looks = tuple(Look(i, found) for i in range(0, 40, every))
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, every)
    return cover_window(window, info(1280, 720), _RECIPE, Named(1), verifiers).regions


def seen(model: str, side: float, score: float, x: float = 300.0) -> Detection:
    return Detection("face", Box(x, 200.0, x + side, 200.0 + side), score, model)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1.0, 50.0), st.floats(1.1, 9.0), st.floats(0.0, 1e4))
def test_belief_rises_or_falls_between_its_ends(
    small: float, large: float, low: float, more: float, size: float
) -> None:
    belief = Belief(small, large, (low, low * more))
    assert min(small, large) - 1e-9 <= belief.least(size) <= max(small, large) + 1e-9
    assert belief.least(low) == pytest.approx(small)
    assert belief.least(low * more) == pytest.approx(large)


def test_a_faint_track_is_hidden_while_it_is_small_and_left_out_when_it_is_large() -> None:
    assert all(hidden(seen("yunet", 12.0, 0.31)))
    assert not any(hidden(seen("yunet", 40.0, 0.26)))
    assert all(hidden(seen("yunet", 40.0, 0.9)))


def test_one_good_look_is_enough_for_all_of_a_track() -> None:
    faint, clear = seen("yunet", 40.0, 0.26), seen("yunet", 40.0, 0.8)
    looks = tuple(Look(i, (clear if i == 20 else faint,)) for i in range(0, 40, 4))
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, 4)
    assert all(cover_window(window, info(1280, 720), _RECIPE, Named(1)).regions)


def test_who_was_seen_well_once_stays_hidden_in_later_windows() -> None:
    faint, clear = seen("yunet", 40.0, 0.26), seen("yunet", 40.0, 0.8)
    named = Named(1)
    for first in (0, 40, 80):
        # Each window knows some of the looks of the one before, and none older.
        looks = tuple(Look(i, (clear if i < 40 else faint,)) for i in range(max(0, first - 12), first + 40, 4))
        window = Window(tuple(frame(i) for i in range(first, first + 40)), looks, (), first + 39, 4)
        assert all(cover_window(window, info(1280, 720), _RECIPE, named).regions), first
    assert not any(cover_window(window, info(1280, 720), _RECIPE, Named(1)).regions)


def test_a_run_that_goes_on_hides_whoever_was_hidden_before_it_was_killed() -> None:
    looks = tuple(Look(i, (seen("yunet", 40.0, 0.26),)) for i in range(28, 80, 4))
    window = Window(tuple(frame(i) for i in range(40, 80)), looks, (), 79, 4)
    assert not any(cover_window(window, info(1280, 720), _RECIPE, Named(1)).regions)
    known = {(36, looks[0].found[0].box.xyxy): 7}
    assert all(cover_window(window, info(1280, 720), _RECIPE, Named(8, Known(known, frozenset({7})))).regions)
    assert not any(cover_window(window, info(1280, 720), _RECIPE, Named(8, Known(known, frozenset({6})))).regions)


def test_in_a_larger_video_a_face_of_as_many_pixels_was_seen_smaller() -> None:
    window = Window((frame(0),), (Look(0, (seen("yunet", 36.0, 0.4),)),), (), 0, 1)
    assert all(cover_window(window, info(3840, 2160), _RECIPE, Named(1)).regions)


def first_hidden(model: str, score: float = 0.31, part: Box | None = None, verifier: str = "") -> int:
    """Return the first frame in which a faint face is hidden that the third look at the whole picture met, where
    there is a close look after every fourth frame, which would have met it in `part`."""
    face = seen(model, 12.0, score)
    looks = tuple(
        Look(i, (face,) if i == 24 else (), *(("whole", None) if i % 12 == 0 else ("close", part)))
        for i in range(0, 40, 4)
    )
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, 4)
    regions = cover_window(window, info(1280, 720), _RECIPE, Named(1), frozenset({verifier})).regions
    return next(i for i, each in enumerate(regions) if each)


def test_a_faint_face_is_hidden_from_the_last_look_on_that_could_have_met_it() -> None:
    """CenterFace looks closely at where faces were: whoever is new shows since the last look at the whole picture."""
    assert first_hidden("centerface") == 13
    assert first_hidden("centerface", 0.2) > 13  # mostly nothing


@pytest.mark.parametrize(
    ("part", "first"),
    [
        (Box(0, 0, 1280, 720), 21),
        (Box(0, 150, 1280, 300), 21),
        (Box(0, 190, 1280, 300), 13),  # where it may have come from
        (Box(0, 300, 1280, 720), 13),
        (Box(0, 0, 1280, 205), 13),
        (Box(0, 0, 200, 720), 13),
    ],
)
def test_a_look_at_some_rows_would_have_met_whoever_is_new_there(part: Box, first: int) -> None:
    assert first_hidden("yunet", 0.31, part) == first


def test_a_look_that_missed_whom_verification_found_says_nothing_of_when_they_came() -> None:
    everywhere = Box(0, 0, 1280, 720)
    assert first_hidden("centerface", 0.5, everywhere, verifier="centerface") <= 13
    assert first_hidden("yunet", 0.31, everywhere, verifier="yunet") == 13


@pytest.mark.parametrize("score", [0.31, 0.45, 0.6])
def test_so_is_a_head_that_is_told_by_a_person_without_a_face(score: float) -> None:
    """Persons are looked for in close looks, too, but whether they show a face only in those at the whole picture."""
    head = Detection("head", Box(300.0, 200.0, 336.0, 236.0), score, "yolo26n")
    looks = tuple(Look(i, (head,) if i == 24 else (), "whole" if i % 12 == 0 else "close") for i in range(0, 40, 4))
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, 4)
    recipe = Recipe(looks=looks_for(["face", "head"], None))
    regions = cover_window(window, info(1280, 720), recipe, Named(1)).regions
    assert next(i for i, each in enumerate(regions) if each) == 13


def test_other_models_are_believed_whatever_they_say() -> None:
    assert all(hidden(seen("centerface", 40.0, 0.2)))
    assert followed(("centerface",)) is ELSE
    assert followed(("centerface", "yunet")) is FOLLOWED["yunet"]
    assert followed(("yolo26n",)) is FOLLOWED["yolo26n"]
    assert followed(("yolo26n", "yunet")) is followed(("yunet", "yolo26n")) is FOLLOWED["yunet"]


def test_what_verification_sees_is_hidden_however_faint_the_track_was() -> None:
    other = seen("centerface", 40.0, 0.5)
    assert all(hidden(seen("yunet", 40.0, 0.26), other, verifiers=frozenset({"centerface"})))


def test_tracks_of_several_models_are_all_covered() -> None:
    regions = hidden(seen("yunet", 40.0, 0.9), seen("centerface", 40.0, 0.9, x=800.0))
    assert all({region.model for region in each} == {"yunet", "centerface"} for each in regions[:37])


@pytest.mark.parametrize(("height", "first"), [(60.0, 13), (300.0, 18)], ids=["small", "large"])
def test_close_looks_at_smaller_pictures_say_nothing_of_when_small_persons_came(height: float, first: int) -> None:
    person = Detection("person", Box(600.0, 100.0, 600.0 + height / 3, 100.0 + height), 0.5, "yolo26n")
    looks = tuple(Look(i, (person,) if i >= 24 else (), "whole" if i % 12 == 0 else "close") for i in range(0, 40, 4))
    window = Window(tuple(frame(i) for i in range(40)), looks, (), 39, 4)
    recipe = Recipe(looks=looks_for(["person"], None))
    regions = cover_window(window, info(1280, 720), recipe, Named(1)).regions
    assert next(i for i, each in enumerate(regions) if each) == first
