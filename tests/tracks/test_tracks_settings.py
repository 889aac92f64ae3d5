"""Settings: what makes no sense is refused by name."""

from __future__ import annotations

import math

import pytest

from unseen.core.regions import CLASSES
from unseen.tracks.settings import BEYOND, KINDS, MOTIONS, Beyond, CoverSettings, LinkSettings, Motion


def test_every_class_has_a_kind_and_every_kind_its_motion_and_reach() -> None:
    assert set(KINDS) == set(CLASSES)
    assert set(MOTIONS) == set(BEYOND) == set(KINDS.values())


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_motion_needs_positive_numbers(value: float) -> None:
    with pytest.raises(ValueError, match="jitter"):
        Motion(jitter=value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"floor": 0.5}, "floor"),
        ({"high": 1.5}, "high"),
        ({"gap_s": -1.0}, "gap_s"),
        ({"gap_s": math.nan}, "gap_s"),
        ({"reach": 0.0}, "reach"),
        ({"far": 0.0}, "far"),
        ({"motions": {"person": Motion()}}, "missing: face"),
    ],
)
def test_link_settings_that_make_no_sense_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LinkSettings(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seen_at": 0.5}, "seen_at"),
        ({"grain": -1.0}, "grain"),
        ({"sparse": -0.1}, "sparse"),
        ({"near_s": math.inf}, "near_s"),
        ({"beyond": {}}, "beyond"),
        ({"motions": {}}, "motions"),
    ],
)
def test_cover_settings_that_make_no_sense_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoverSettings(**change)  # type: ignore[arg-type]


def test_nothing_is_covered_beyond_by_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="extend_s"):
        Beyond(extend_s=-0.1)


def test_a_track_is_sure_after_one_frame_at_the_least() -> None:
    with pytest.raises(ValueError, match="sure"):
        Beyond(sure=0)
