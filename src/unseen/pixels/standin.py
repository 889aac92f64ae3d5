"""Stand-ins: generic drawings of a class, coloured from outside the region."""

from __future__ import annotations

import numpy as np

from unseen.core.photos import Pixels
from unseen.pixels.surface import Floats, as_type, full_scale, working_type

__all__ = ["PEOPLE", "draw"]

#: Classes drawn as a head and shoulders.
PEOPLE = ("face", "head", "person")
_LABELS = ("plate", "text")


def draw(target: Pixels, cls: str, around: Floats) -> None:
    """Draw the stand-in of a class over `target` (height, width, channels), which already holds its background.

    People become a head and shoulders, plates and text a blank plate, everything else a blank rounded panel; shades
    are taken from `around` (channels,), the mean outside the region.
    """
    work = working_type(target.dtype)
    y, x = (np.arange(n, dtype=work) + work.type(0.5) for n in target.shape[:2])
    if cls in PEOPLE:
        layers = _bust(y[:, None], x[None, :], around, target.dtype, cls)
    else:
        layers = _panel(y[:, None], x[None, :], around, target.dtype, cls in _LABELS)
    values = target.astype(work)
    for cover, colour in layers:
        values += cover[..., None] * (colour - values)
    target[...] = as_type(values, target.dtype)


def _shade(around: Floats, dtype: np.dtype[np.generic], light: float, dark: float) -> Floats:
    """Return the colour that a part has on these surroundings: `light` of the way from light ones to black, or `dark`
    of the way from dark ones to white."""
    white = full_scale(dtype, float(np.abs(around).max()))
    bright = float(around.mean()) > white / 2
    return np.asarray(around * (1 - light) if bright else around + dark * (white - around), dtype=around.dtype)


def _bust(y: Floats, x: Floats, around: Floats, dtype: np.dtype[np.generic], cls: str) -> list[tuple[Floats, Floats]]:
    """Return cover (height, width) and colour of shoulders, neck, head and hair, from back to front."""
    height, width = y.size, x.size
    unit = min(height, (0.95 if cls == "person" else 1.25) * width)
    middle, chin, tall = width / 2, 0.66 * unit, 0.29 * unit
    broad = 0.78 * tall
    down = np.maximum(chin + 0.32 * unit - y, 0.0) / (0.24 * unit)
    shoulders = _soft(((np.abs(x - middle) / (0.47 * width)) ** 2.6 + down**2.6) ** (1 / 2.6), 0.24 * unit)
    neck = _soft(np.maximum(np.abs(x - middle) / (0.5 * broad), np.abs(y - chin) / (0.16 * unit)), 0.5 * broad)
    head = _soft(np.hypot((x - middle) / broad, (y - chin + tall) / tall), broad)
    below = _soft(np.hypot((x - middle) / (1.1 * broad), (y - chin + 0.72 * tall) / (0.98 * tall)), broad)
    # Hair is always darkest and skin lightest, and every part differs from its surroundings.
    hair, cloth = _shade(around, dtype, 0.68, 0.1), _shade(around, dtype, 0.5, 0.28)
    shadow, skin = _shade(around, dtype, 0.34, 0.46), _shade(around, dtype, 0.2, 0.58)
    return [(shoulders, cloth), (neck, shadow), (head, skin), (head * (1 - below), hair)]


def _panel(
    y: Floats, x: Floats, around: Floats, dtype: np.dtype[np.generic], bordered: bool
) -> list[tuple[Floats, Floats]]:
    """Return cover (height, width) and colour of a rounded panel, with a border inside its edge if `bordered`."""
    edge = max(1.0, 0.08 * min(y.size, x.size))
    panel = _rounded(y, x, 0.5 * edge, 2.0 * edge)
    if not bordered:
        return [(panel, _shade(around, dtype, 0.3, 0.3))]
    inner = _rounded(y, x, 1.5 * edge, 1.5 * edge)
    return [(panel, _shade(around, dtype, 0.75, 0.12)), (inner, _shade(around, dtype, 0.12, 0.65))]


def _rounded(y: Floats, x: Floats, inset: float, radius: float) -> Floats:
    """Return the cover of a rectangle with round corners, `inset` pixels inside the edges."""
    dy = np.abs(y - y.size / 2) - (y.size / 2 - inset - radius)
    dx = np.abs(x - x.size / 2) - (x.size / 2 - inset - radius)
    away = np.hypot(np.maximum(dy, 0.0), np.maximum(dx, 0.0)) - radius
    return np.asarray(np.clip(0.5 - np.maximum(away, np.maximum(dx, dy) - radius), 0.0, 1.0))


def _soft(distance: Floats, radius: float) -> Floats:
    """Return the cover of the shape where `distance` is below 1, its edge about a pixel wide."""
    return np.asarray(np.clip((1.0 - distance) * radius + 0.5, 0.0, 1.0))
