"""Real photos of cameras and phones: they decode, come back hardly changed, and carry nothing along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.adapters.photo_pictures import CODEC, decode
from unseen.core.formats import FORMATS, Limits
from unseen.errors import FileError
from unseen.verify.metadata import scan

_EVERY = 5


def photos(test_data: Path) -> list[Path]:
    endings = {f".{ending}" for endings in FORMATS.values() for ending in endings}
    found = sorted(p for p in (test_data / "samples").rglob("*") if p.suffix.lower() in endings)
    assert len(found) > 300
    return found[::_EVERY]


def test_real_photos_come_back_hardly_changed_and_clean(test_data: Path) -> None:
    for path in photos(test_data):
        data = path.read_bytes()
        photo = CODEC.decode(data, path.name, Limits())
        with Image.open(path) as image:
            shown = np.array(ImageOps.exif_transpose(image).convert("RGB"))
        ours = np.broadcast_to(photo.frames[0].pixels, shown.shape)
        if photo.frames[0].colour != "cmyk":
            assert np.abs(ours.astype(int) - shown).max() <= 1, path.name
        written = CODEC.encode(photo)
        assert scan(written) == (), path.name
        assert len(written) < 1.3 * len(data) + 2000, path.name
        again = decode(written, photo.format)
        assert np.abs(again.frames[0].pixels.astype(int) - photo.frames[0].pixels).mean() < 2, path.name


@pytest.mark.parametrize("form", FORMATS)
def test_real_photos_become_every_format(test_data: Path, form: str) -> None:
    small = [path for path in photos(test_data) if path.stat().st_size < 60_000]
    for path in small[::20]:
        photo = CODEC.decode(path.read_bytes(), path.name, Limits())
        written = CODEC.encode(photo, format=form)
        assert scan(written) == (), path.name
        again = decode(written, form).frames[0]
        difference = np.broadcast_to(again.pixels, (again.height, again.width, 3)).astype(int) - photo.frames[0].pixels
        assert np.abs(difference).mean() < (12 if form == "gif" else 4), path.name


def test_real_photos_that_are_cut_are_refused(test_data: Path) -> None:
    for path in photos(test_data)[::6]:
        data = path.read_bytes()
        for share in (0.02, 0.3, 0.7, 0.99):
            with pytest.raises(FileError, match="truncated"):
                CODEC.decode(data[: int(len(data) * share)], path.name, Limits())
