"""Small previews of frames, as JPEG bytes."""

from __future__ import annotations

import io

from unseen.adapters.imaging import resize
from unseen.core.photos import Rgb8

__all__ = ["thumbnail"]

_QUALITY = 80


def thumbnail(image: Rgb8, longest: int) -> bytes:
    """Return an RGB picture as a JPEG of at most `longest` pixels a side, without any metadata."""
    from PIL import Image

    scale = min(1.0, longest / max(image.shape[:2]))
    small = resize(image, max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
