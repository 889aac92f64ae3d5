"""Text planted on real images: what is written, how, and which pixels it covers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Planted", "hidden_share", "plant", "written"]

Mask = NDArray[np.bool_]
_FIRST = (
    "ANNA",
    "BORIS",
    "CHIARA",
    "DMITRI",
    "ELENA",
    "FATIMA",
    "GEORG",
    "HIROSHI",
    "INGRID",
    "JAMAL",
    "KATRIN",
    "LIAM",
    "MEI",
    "NADIA",
    "OLUFEMI",
    "PRIYA",
)
_LAST = (
    "ABARCA",
    "BRANDT",
    "CHEN",
    "DUBOIS",
    "ESPOSITO",
    "FISCHER",
    "GARCIA",
    "HANSEN",
    "IVANOV",
    "JOHNSON",
    "KOWALSKI",
    "LINDQVIST",
    "MUELLER",
    "NGUYEN",
)


@dataclass(frozen=True, slots=True)
class Planted:
    """A text in a frame: its height in pixels, how far it stands out (0..1), whether it is dark, and its pixels."""

    height: int
    contrast: float
    dark: bool
    strokes: Mask


def written(rng: random.Random) -> str:
    """Return a made-up line as devices burn it in: names, numbers, dates, a hospital."""
    name = f"{rng.choice(_LAST)}, {rng.choice(_FIRST)}"
    kinds: list[Callable[[], str]] = [
        lambda: name,
        lambda: name.replace(", ", "^"),
        lambda: f"ID {rng.randrange(10**6, 10**8)}",
        lambda: f"DOB {rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(1930, 2015)}",
        lambda: f"{rng.randrange(1, 29):02d}-{rng.choice(['JAN', 'MAY', 'OCT'])}-{rng.randrange(1990, 2024)}",
        lambda: f"{rng.choice(_LAST)} MEMORIAL HOSPITAL",
        lambda: f"Acc: {rng.choice('ABCDEF')}{rng.randrange(10**5, 10**7)}",
        lambda: f"Dr. {rng.choice(_LAST).title()}",
        lambda: f"{rng.choice(_LAST).title()} {rng.choice(_FIRST).title()} {rng.randrange(20, 90)}Y",
    ]
    return rng.choice(kinds)()


def plant(
    values: NDArray[Any], text: str, height: int, contrast: float, dark: bool, rng: random.Random
) -> Planted | None:
    """Write a text somewhere into grey `values` (rows, columns), which are changed; None where it does not fit.

    `height` is that of capital letters in pixels. Text stands out from what lies behind it by `contrast` of the
    image's range, as far as the range goes.
    """
    font = ImageFont.load_default(size=height / 0.71)
    left, top, right, bottom = font.getbbox(text)
    width, tall = int(right - left) + 1, int(bottom - top) + 1
    rows, columns = values.shape
    if width > columns - 4 or tall > rows - 4:
        return None
    x, y = rng.randrange(2, columns - width - 1), rng.randrange(2, rows - tall - 1)
    if rng.random() < 0.6:
        y = rng.choice([2, rows - tall - 2])
    picture = Image.new("L", (width, tall))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font)
    cover = np.asarray(picture, np.float64) / 255
    low, high = (float(v) for v in np.percentile(values, (0.1, 99.9)))
    under = values[y : y + tall, x : x + width].astype(np.float64)
    behind = float(np.median(under))
    shade = behind + (-1 if dark else 1) * contrast * (high - low)
    shade = min(max(shade, low), max(high, float(values.max())))
    if abs(shade - behind) < 0.7 * contrast * (high - low):
        return None
    values[y : y + tall, x : x + width] = np.rint(under + cover * (shade - under)).astype(values.dtype)
    strokes = np.zeros(values.shape, bool)
    strokes[y : y + tall, x : x + width] = cover > 0.35
    return Planted(height, contrast, dark, strokes)


def hidden_share(planted: Planted, before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return the share of a text's pixels that hold a value that is written over what is hidden.

    Dark text may have that very value itself, so the pixels next to its strokes count, too.
    """
    strokes = planted.strokes
    around = np.zeros_like(strokes)
    around[1:], around[:-1] = strokes[:-1], strokes[1:]
    counted = strokes | (around if planted.dark else False)
    written_over = after[before != after]
    return float(np.isin(after, np.unique(written_over))[counted].mean()) if written_over.size else 0.0
