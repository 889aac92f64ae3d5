"""Freshly written pictures hold nothing but pixels, in every format, mode and writer."""

from __future__ import annotations

import ast
import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

import unseen.verify
from unseen.verify.metadata import Finding, findings_text, scan

pillow_heif.register_heif_opener()
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF")
WITH_ICC = tuple(f for f in FORMATS if f not in ("BMP", "GIF"))
ANIMATED = ("PNG", "WEBP", "TIFF", "GIF")
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("L", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "HEIF": ("L", "LA", "RGB", "RGBA"),
    "AVIF": ("L", "LA", "RGB", "RGBA"),
}
SIZES = ((1, 1), (2, 3), (17, 5), (131, 97))


def pixels(width: int = 131, height: int = 97, channels: int = 3, shift: int = 0) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * (3 + i) + y * (5 - i) + shift * 40 + x * y // 7 * i) % 256 for i in range(channels)]
    return np.stack(planes, -1).astype(np.uint8)


def picture(mode: str = "RGB", size: tuple[int, int] = (131, 97), shift: int = 0) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(pixels(*size)[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(pixels(*size, channels=4, shift=shift)).convert(mode)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def icc() -> bytes:
    """A profile that was made in the first second of 2000."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + made[36:]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("format", "mode"), [(f, m) for f in FORMATS for m in MODES[f]])
def test_a_fresh_picture_has_no_findings(format: str, mode: str, size: tuple[int, int]) -> None:
    assert scan(saved(picture(mode, size), format)) == ()


@pytest.mark.parametrize("format", WITH_ICC)
def test_a_colour_profile_passes_only_when_kept(format: str) -> None:
    data = saved(picture(), format, icc_profile=icc())
    assert scan(data) == ()
    assert {each.kind for each in scan(data, keep=frozenset())} == {"icc"}


def test_a_profile_in_several_jpeg_segments_passes() -> None:
    profile = bytearray(icc())
    profile += bytes(150_000)  # One more tag, as wide as a large look-up table.
    count = int.from_bytes(profile[128:132], "big")
    profile[128:132] = (count + 1).to_bytes(4, "big")
    room = 12
    for at in range(132, 132 + 12 * count, 12):
        start = int.from_bytes(profile[at + 4 : at + 8], "big") + room
        profile[at + 4 : at + 8] = start.to_bytes(4, "big")
    start = len(profile) - 150_000 + room
    entry = b"gamt" + start.to_bytes(4, "big") + (150_000).to_bytes(4, "big")
    profile[132 + 12 * count : 132 + 12 * count] = entry
    profile[:4] = len(profile).to_bytes(4, "big")
    data = saved(picture(), "JPEG", icc_profile=bytes(profile))
    assert data.count(b"ICC_PROFILE\0") == 3
    assert scan(data) == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("format", ANIMATED)
def test_every_frame_or_page_is_walked_and_passes(format: str, mode: str) -> None:
    frames = [picture(mode, shift=shift) for shift in range(4)]
    data = saved(frames[0], format, save_all=True, append_images=frames[1:], duration=80, loop=0)
    assert scan(data) == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_avif_sequence_tells_only_the_time_of_writing(mode: str) -> None:
    frames = [picture(mode, shift=shift) for shift in range(3)]
    data = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=80)
    assert {each.kind for each in scan(data)} == {"timestamp"}
    assert scan(data, keep=frozenset({"datetime"})) == ()


def test_a_png_default_picture_beside_the_animation_passes() -> None:
    frames = [picture(shift=shift) for shift in range(3)]
    assert scan(saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True)) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 30},
        {"quality": 100, "subsampling": 0},
        {"progressive": True, "optimize": True},
        {"restart_marker_blocks": 2},
        {"restart_marker_rows": 1, "progressive": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", MODES["JPEG"])
def test_jpeg_coding_options_pass(mode: str, options: dict[str, Any]) -> None:
    assert scan(saved(picture(mode), "JPEG", **options)) == ()


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 20, "method": 6}, {"exact": True}], ids=str)
def test_webp_coding_options_pass(options: dict[str, Any]) -> None:
    assert scan(saved(picture("RGBA"), "WEBP", **options)) == ()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
@pytest.mark.parametrize("pages", [1, 3])
def test_tiff_compressions_pages_and_big_files_pass(compression: str, big: bool, pages: int) -> None:
    frames = [picture(size=(131, 90 + shift), shift=shift) for shift in range(pages)]
    more = {"save_all": True, "append_images": frames[1:]} if pages > 1 else {}
    assert scan(saved(frames[0], "TIFF", compression=compression, big_tiff=big, **more)) == ()


def test_tiff_group_4_passes() -> None:
    assert scan(saved(picture("1"), "TIFF", compression="group4")) == ()


@pytest.mark.parametrize(
    "options",
    [{}, {"byteorder": ">"}, {"tile": (64, 64)}, {"bigtiff": True}, {"planarconfig": "separate"}, {"rowsperstrip": 7}],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_layouts_of_another_writer_pass(compression: str | None, dtype: type, options: dict[str, Any]) -> None:
    array: NDArray[Any] = pixels().astype(dtype)
    if "planarconfig" in options:
        array = np.moveaxis(array, 2, 0).copy()
    out = io.BytesIO()
    tifffile.imwrite(
        out, array, photometric="rgb", metadata=None, software=False, compression=compression, **options
    )  # fmt: skip
    assert scan(out.getvalue()) == ()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".bmp", ".webp", ".gif", ".avif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_written_by_opencv_pass(suffix: str, channels: int) -> None:
    if (suffix, channels) == (".gif", 1):
        channels = 3  # OpenCV writes no grey GIF.
    ok, data = cv2.imencode(suffix, pixels(channels=channels)[..., :channels])
    assert ok
    assert scan(data.tobytes()) == ()


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_pictures_written_by_opencv_pass(suffix: str) -> None:
    assert scan(cv2.imencode(suffix, pixels().astype(np.uint16) * 257)[1].tobytes()) == ()


def test_heic_with_ten_bits_and_with_several_shown_pictures_passes() -> None:
    deep = pillow_heif.from_bytes("RGB;16", (131, 97), (pixels().astype("<u2") * 257).tobytes())
    several = pillow_heif.from_pillow(picture())
    several.add_from_pillow(picture(shift=1))
    for heif in (deep, several):
        out = io.BytesIO()
        heif.save(out)
        assert scan(out.getvalue()) == ()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_kept_orientation_and_time_pass_and_nothing_else_does(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    data = saved(picture(), format, exif=exif.tobytes())
    keep = frozenset({"orientation", "datetime"})
    assert scan(data, keep=keep) == ()
    for less in ({"orientation"}, {"datetime"}, set[str]()):
        assert scan(data, keep=frozenset(less))


def test_findings_are_told_in_one_line_that_is_cut() -> None:
    findings = tuple(Finding(f"kind{i}", f"byte {i}", "why") for i in range(9))
    text = findings_text(findings)
    assert "\n" not in text
    assert "kind0 in byte 0 (why)" in text
    assert text.endswith("and 4 more")
    assert findings_text(()) == "nothing found"


def test_the_scanner_imports_the_standard_library_and_itself_only() -> None:
    folder = Path(unseen.verify.__file__).parent
    for path in (folder / "metadata.py", *(folder / "containers").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith("unseen.verify.containers.")
                assert own or name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_scanning_loads_no_imaging_library() -> None:
    code = "import sys, unseen.verify.metadata; print(sorted({'PIL', 'cv2', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
