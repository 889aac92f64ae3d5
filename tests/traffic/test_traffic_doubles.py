"""What a detector finds twice is one object; neighbours, and objects of another kind, are not."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from unseen.core.regions import Box, Detection
from unseen.traffic.doubles import without_doubles


def found(cls: str, x: float, score: float, side: float = 100.0) -> Detection:
    return Detection(cls, Box(x, 50, x + side, 150), score, "yolo26n")


def test_car_that_is_a_truck_as_well_is_what_is_surer() -> None:
    car, truck = found("car", 10, 0.6), found("truck", 12, 0.8)
    assert without_doubles([car, truck]) == [truck]


def test_neighbours_stay() -> None:
    row = [found("person", x, 0.8) for x in (0, 40, 80)]
    assert without_doubles(row) == row


def test_rider_and_bicycle_stay() -> None:
    both = [found("person", 10, 0.8), found("bicycle", 10, 0.7)]
    assert without_doubles(both) == both


@given(
    st.lists(
        st.builds(found, st.sampled_from(["person", "car", "truck"]), st.floats(0, 300), st.floats(0.1, 1)), max_size=12
    )
)
def test_what_stays_does_not_overlap_and_what_goes_did(every: list[Detection]) -> None:
    kept = without_doubles(every)
    assert len(without_doubles(kept)) == len(kept)
    for a, b in itertools.combinations(kept, 2):
        alike = (a.cls == "person") == (b.cls == "person")
        assert not alike or _overlap(a, b) <= 0.6 + 1e-9
    for gone in every:
        assert gone in kept or any(k.score >= gone.score and _overlap(k, gone) > 0.6 for k in kept)


def _overlap(a: Detection, b: Detection) -> float:
    common = max(0.0, min(a.box.x2, b.box.x2) - max(a.box.x1, b.box.x1)) * 100
    return common / (a.box.area + b.box.area - common)
