"""What is told of light beside a picture counts only where it makes sense."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from unseen.adapters.video.light import light_of, x265_words
from unseen.core.video import Light

COLOURS = (34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450)
NAMED = "MASTERING_DISPLAY_METADATA"


class Told(bytes):
    """Side data as PyAV hands it out: bytes of a kind."""

    type: Any

    @classmethod
    def of(cls, kind: str, data: bytes) -> Told:
        made = cls(data)
        made.type = SimpleNamespace(name=kind)
        return made


def mastering(*light: int, bottom: int = 50_000, has: tuple[int, int] = (1, 1)) -> Told:
    fractions = [part for top in COLOURS for part in (top, bottom)] + [part for top in light for part in (top, 10_000)]
    return Told.of(NAMED, struct.pack("=20i2i", *fractions, *has))


def test_fractions_become_the_units_of_hevc() -> None:
    content = Told.of("CONTENT_LIGHT_LEVEL", struct.pack("=2I", 1000, 400))
    light = light_of([mastering(50, 10_000_000), content])
    assert light == Light((*COLOURS, 50, 10_000_000), (1000, 400))
    assert x265_words(light) == (
        ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
    )


@pytest.mark.parametrize(
    "data",
    [
        mastering(50, 40),
        mastering(-1, 10_000_000),
        mastering(50, 10_000_000, bottom=0),
        mastering(50, 10_000_000, bottom=1),
        mastering(50, 10_000_000, has=(1, 0)),
        Told.of(NAMED, b"short"),
        Told.of("CONTENT_LIGHT_LEVEL", struct.pack("=2I", 1 << 20, 400)),
        Told.of("CONTENT_LIGHT_LEVEL", bytes(8)),
        Told.of("A53_CC", b"words"),
    ],
)
def test_what_makes_no_sense_is_not_told(data: Told) -> None:
    assert light_of([data]) is None
    assert x265_words(None) == ""
