"""What detectors may find, for properties and for single cases."""

from __future__ import annotations

from hypothesis import strategies as st

from unseen.core.regions import CLASSES, Box, Detection
from unseen.media.margins import MARGINS

MODELS = st.sampled_from([*MARGINS, "another"])


@st.composite
def boxes(draw: st.DrawFn, low: float = -40.0, high: float = 140.0) -> Box:
    x, y = (draw(st.floats(low, high)) for _ in range(2))
    return Box(x, y, x + draw(st.floats(0.01, 80.0)), y + draw(st.floats(0.01, 80.0)))


detections = st.builds(Detection, st.sampled_from(CLASSES), boxes(), st.floats(0, 1), MODELS)


def face(x1: float, y1: float, x2: float, y2: float, model: str = "centerface") -> Detection:
    return Detection("face", Box(x1, y1, x2, y2), 0.9, model)


def person(x1: float, y1: float, x2: float, y2: float, score: float = 0.9) -> Detection:
    return Detection("person", Box(x1, y1, x2, y2), score, "yolo26n")
