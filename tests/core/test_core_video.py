"""How videos are to be encoded: what no encoder knows is refused before anything is done."""

from __future__ import annotations

from fractions import Fraction

import pytest

from unseen.core.video import VideoStyle, aspects_to_look_at
from unseen.errors import UsageError


@pytest.mark.parametrize(
    "style",
    [
        ("auto", None, None), ("auto", 63, "5"), ("h264", 51, "veryslow"), ("hevc", 0, "ultrafast"), ("vp9", 63, "8"),
        ("av1", 63, "13"), ("h264_nvenc", 30, "p4"), ("hevc_qsv", None, "whatever"),
    ],
)  # fmt: skip
def test_what_an_encoder_knows_is_taken(style: tuple[str, int | None, str | None]) -> None:
    assert VideoStyle(*style).codec == style[0]


@pytest.mark.parametrize(
    ("style", "said"),
    [
        (("mpeg2", None, None), "'mpeg2' is no codec to write; choose auto, h264, hevc, vp9, av1"),
        (("auto_nvenc", None, None), "is no codec to write"),
        (("", None, None), "is no codec to write"),
        (("h264", 52, None), "--quality must be from 0 to 51 with h264, got 52; lower is better"),
        (("auto", 64, None), "from 0 to 63, got 64"),
        (("av1", -1, None), "from 0 to 63 with av1, got -1"),
        (("hevc_nvenc", 99, None), "from 0 to 51"),
        (("h264", None, "5"), "--speed '5' is unknown; choose ultrafast, superfast"),
        (("vp9", None, "veryfast"), "choose 0, 1, 2"),
        (("auto", None, "quick"), "choose ultrafast"),
    ],
)
def test_what_no_encoder_knows_is_refused(style: tuple[str, int | None, str | None], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        VideoStyle(*style)


@pytest.mark.parametrize(
    ("told", "looked_at"),
    [("1", ["1"]), ("2", ["2"]), ("1/2", ["1/2"]), ("32/11", ["32/11", "1"]), ("3", ["1", "3"]), ("1/9", ["1", "1/9"])],
)
def test_odd_shapes_of_pixels_are_looked_at_as_stored_and_as_told(told: str, looked_at: list[str]) -> None:
    assert aspects_to_look_at(Fraction(told)) == tuple(map(Fraction, looked_at))
