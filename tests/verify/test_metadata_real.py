"""On real photos, whatever Pillow sees beside pixels the scanner reports, and it reports nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseen.verify.metadata import scan

FOLDERS = ("faces_mask", "faces_identity", "plates_openalpr", "plates_dashcam", "coco128_val")
MARKS = {
    "exif": "exif",
    "comment": "comment",
    "xmp": "xmp",
    "photoshop": "photoshop",
    "mp": "multi-picture",
    "dpi": "",
    "icc_profile": "icc",
}


def photos(data: Path, folder: str) -> list[Path]:
    found = sorted(path for path in (data / "samples" / folder).rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
    assert len(found) >= 20
    return found


def seen_by_pillow(data: bytes) -> set[str]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        names = {str(name) for name in image.info}
        kinds = {MARKS[name] for name in names & MARKS.keys()} - {""}
        if image.format == "MPO":
            kinds.add("multi-picture")
        exif = image.getexif()
        if exif.get_ifd(0x8825):
            kinds.add("gps")
        if exif.get_ifd(0x8769).get(0x927C):
            kinds.add("maker-note")
        return kinds


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_pillow_sees_in_a_real_photo_is_reported(test_data: Path, folder: str) -> None:
    for path in photos(test_data, folder):
        data = path.read_bytes()
        found = {each.kind for each in scan(data, keep=frozenset())}
        assert seen_by_pillow(data) <= found, path.name
        # One real EXIF block is broken; nothing else may be.
        assert "malformed" not in found or "exif" in found, path.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_real_photo_written_again_without_metadata_passes(test_data: Path, folder: str) -> None:
    for path in photos(test_data, folder)[:3]:
        with Image.open(path) as image:
            plain = Image.fromarray(np.asarray(image.convert("RGB")))
        for format in ("JPEG", "PNG", "WEBP", "TIFF"):
            out = io.BytesIO()
            plain.save(out, format)
            assert scan(out.getvalue()) == (), path.name


def test_the_serial_number_of_a_display_in_a_real_profile_is_reported(test_data: Path) -> None:
    found = []
    for path in photos(test_data, "faces_identity"):
        with Image.open(path) as image:
            profile = image.info.get("icc_profile", b"")
        if b"mmod" in profile[:600]:
            found.append(path)
            assert "icc" in {each.kind for each in scan(path.read_bytes())}, path.name
    assert found
