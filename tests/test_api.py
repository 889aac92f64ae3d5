"""`unseen.redact`: one call from a picture to a picture, in the shape, type and order it came in."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

import unseen
from tests.adapters.vault_scenes import SOURCES
from tests.engine.governed import CITY, found_city
from unseen.adapters.master_keys import VARIABLE
from unseen.adapters.models_store import FileModelStore
from unseen.core.looks import Look
from unseen.engine import single
from unseen.engine.governance import open_governance
from unseen.engine.vault import VaultPlaces, make_vault, open_vault
from unseen.engine.vault_gate import gated
from unseen.errors import DamagedInput, Refused, UnreadableInput, UnsupportedInput, UsageError

#: Where the portrait's eyes, nose and mouth are, in the picture below.
_FACE = (slice(76, 150), slice(92, 160))


@pytest.fixture(scope="module", autouse=True)
def _models(models: FileModelStore) -> None:
    """All of this needs the models."""


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """A public-domain portrait by NASA, 256 x 256, RGB; read-only."""
    picture: NDArray[np.uint8] = np.ascontiguousarray(data.astronaut()[:256, 96:352])  # type: ignore[no-untyped-call]
    picture.flags.writeable = False
    return picture


def _redact(image: Any, **more: Any) -> unseen.Redacted:
    return unseen.redact(image, classes=["face"], **more)


def _hidden(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Share of the face's pixels that changed."""
    changed = before[_FACE] != after[_FACE]
    return float(np.mean(changed.any(axis=2) if changed.ndim == 3 else changed))


def test_face_is_hidden_and_nothing_else_changes(portrait: NDArray[np.uint8]) -> None:
    before = portrait.copy()
    done = _redact(portrait, colour="rgb")
    assert {region.cls for region in done.regions} == {"face"}
    assert _hidden(portrait, done.image) > 0.95
    outside = np.ones(portrait.shape[:2], dtype=bool)
    for region in done.regions:
        x1, y1, x2, y2 = (int(v) for v in region.box.xyxy)
        outside[y1:y2, x1:x2] = False
    assert 0.3 < outside.mean() < 0.95
    assert np.array_equal(portrait[outside], done.image[outside])
    assert np.array_equal(portrait, before)


def test_same_regions_in_either_order_of_colours(portrait: NDArray[np.uint8]) -> None:
    rgb = _redact(portrait, colour="rgb", hide={"face": "solid"})
    bgr = _redact(portrait[:, :, ::-1], colour="bgr", hide={"face": "solid"})
    # The second look may differ in what it sees in a result, the first does not.
    assert rgb.regions[0].box == bgr.regions[0].box
    outside = (rgb.image == portrait) & (bgr.image[:, :, ::-1] == portrait)
    assert outside.mean() > 0.3


def _alpha(picture: NDArray[Any]) -> NDArray[Any]:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


@pytest.mark.parametrize(
    "make",
    [
        lambda p: p[:, :, 1],
        lambda p: p[:, :, 1:2],
        lambda p: p,
        _alpha,
        lambda p: p.astype(np.uint16) * 257,
        lambda p: p.astype(np.int32) * 1000,
        lambda p: p.astype(np.float32) / 255,
        lambda p: p.astype(np.float64),
        np.asfortranarray,
        lambda p: np.repeat(p, 2, axis=1)[:, ::2],
    ],
    ids=["grey", "one channel", "rgb", "rgba", "uint16", "int32", "float32", "float64", "fortran", "strided"],
)
def test_shape_and_type_are_those_of_the_input(portrait: NDArray[np.uint8], make: Any) -> None:
    image = make(portrait)
    before = image.copy()
    done = _redact(image, colour="rgb")
    assert (done.image.shape, done.image.dtype) == (image.shape, image.dtype)
    assert {region.cls for region in done.regions} == {"face"}
    assert _hidden(image, done.image) > 0.9
    assert np.array_equal(image, before)


def test_alpha_stays_outside_and_is_opaque_where_something_is_hidden(portrait: NDArray[np.uint8]) -> None:
    image = np.dstack([portrait, np.full(portrait.shape[:2], 130, np.uint8)])
    done = _redact(image, colour="rgb")
    assert (done.image[_FACE][:, :, 3] == 255).all()
    assert (done.image[240:, :8, 3] == 130).all()


def test_grey_needs_no_order_and_colour_does(portrait: NDArray[np.uint8]) -> None:
    assert _redact(portrait[:, :, 0]).image.shape == (256, 256)
    with pytest.raises(UsageError, match='colour="bgr"'):
        _redact(portrait)
    with pytest.raises(UsageError, match='colour="bgr"'):
        _redact(portrait, colour="gbr")


def test_picture_without_a_face_comes_back_as_it_was() -> None:
    image = np.random.default_rng(0).integers(90, 110, (64, 80, 3), dtype=np.uint8)
    done = _redact(image, colour="rgb")
    assert done.regions == ()
    assert np.array_equal(done.image, image)


@pytest.mark.parametrize("hide", ["face=solid", {"face": "solid"}, {"face": Look("solid")}])
def test_looks_in_every_way_to_say_them(portrait: NDArray[np.uint8], hide: Any) -> None:
    done = _redact(portrait, colour="rgb", hide=hide)
    assert done.regions[0].look == Look("solid")
    assert len(np.unique(done.image[_FACE].reshape(-1, 3), axis=0)) == 1


def test_strength_is_taken_from_the_word(portrait: NDArray[np.uint8]) -> None:
    done = _redact(portrait, colour="rgb", hide={"face": "mosaic:6"}, verify=False)
    assert done.regions[0].look == Look("mosaic", 6)
    with pytest.raises(Refused, match="--unsafe-strength"):
        _redact(portrait, colour="rgb", hide={"face": "mosaic:20"})
    weak = _redact(portrait, colour="rgb", hide={"face": "mosaic:20"}, verify=False, unsafe_strength=True)
    assert weak.regions[0].look.strength == 20


def test_models_are_opened_once(portrait: NDArray[np.uint8]) -> None:
    _redact(portrait, colour="rgb", recall="fast")
    before = single.tools_for.cache_info()
    for _ in range(3):
        _redact(portrait, colour="rgb", recall="fast")
    after = single.tools_for.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (3, 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"classes": []}, "hidden"),
        ({"classes": ["hat"]}, "unknown class"),
        ({"hide": {"face": "none"}}, "nothing is to be hidden"),
        ({"hide": {"face": "pixels"}}, "unknown hiding method"),
        ({"hide": "face"}, "CLASS=METHOD"),
        ({"recall": "low"}, "unknown recall"),
        ({"device": "abacus"}, "unknown device"),
    ],
)
def test_wrong_words(portrait: NDArray[np.uint8], words: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        unseen.redact(portrait, colour="rgb", **{"classes": ["face"], **words})


@pytest.mark.parametrize(
    "image",
    [
        [[1, 2], [3, 4]],
        None,
        Image.new("RGB", (8, 8)),
        np.zeros((8, 8), dtype=bool),
        np.zeros((8, 8), dtype=complex),
        np.full((8, 8), "x"),
        np.zeros(8),
        np.zeros((2, 8, 8, 3)),
        np.zeros((8, 8, 2)),
        np.zeros((8, 8, 5)),
        np.zeros((0, 8, 3)),
        np.zeros((8, 0)),
    ],
    ids=["list", "None", "Pillow", "bool", "complex", "text", "1-D", "4-D", "2 channels", "5", "no rows", "no columns"],
)
def test_what_is_no_image_is_told(image: Any) -> None:
    with pytest.raises(UsageError, match="image"):
        unseen.redact(image, colour="rgb", classes=["face"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_floats_that_are_no_colours_do_no_harm(portrait: NDArray[np.uint8], value: float) -> None:
    image = portrait.astype(np.float32)
    image[:4, :4] = value
    done = _redact(image, colour="rgb")
    assert _hidden(image, done.image) > 0.9


# From files


def test_file_gives_rgb(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(portrait).save(path)
    before = path.read_bytes()
    done = _redact(path)
    assert np.array_equal(done.image[200:, :20], portrait[200:, :20])
    assert _hidden(portrait, done.image) > 0.95
    assert np.array_equal(_redact(os.fspath(path)).image[200:, :20], portrait[200:, :20])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("mode", "ending", "channels"),
    [("L", "png", 3), ("RGBA", "png", 4), ("LA", "png", 4), ("P", "png", 3), ("CMYK", "jpg", 3), ("CMYK", "tif", 3)],
)
def test_file_of_any_colours_gives_rgb_and_alpha_if_it_has_one(
    portrait: NDArray[np.uint8], tmp_path: Path, mode: str, ending: str, channels: int
) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(portrait).convert(mode).save(path)
    done = _redact(path)
    assert done.image.shape == (256, 256, channels)
    assert done.image.dtype == np.uint8
    assert {region.cls for region in done.regions} == {"face"}
    shown = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert np.abs(done.image[:, :, :3].astype(int) - shown)[220:, :20].mean() < 4


def test_file_is_turned_upright(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(portrait)).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(_redact(tmp_path / "a.png").image[220:, :20], portrait[220:, :20])


def test_first_frame_of_several_is_taken(portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    first = Image.fromarray(portrait)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", (64, 64))])
    assert _redact(tmp_path / "a.tif").image.shape == (256, 256, 3)


def test_file_that_cannot_be_used_is_told_by_its_name(tmp_path: Path) -> None:
    for name, content, error in (
        ("empty.jpg", b"", UnreadableInput),
        ("text.jpg", b"no photo", UnsupportedInput),
        ("cut.png", b"\x89PNG\r\n\x1a\n", DamagedInput),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(error, match=f"^{name}: "):
            _redact(tmp_path / name)
    with pytest.raises(UnreadableInput, match=r"^gone\.jpg: "):
        _redact(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableInput):
        _redact(tmp_path)


def test_a_photo_of_a_vault_is_redacted_in_memory_for_its_purpose(
    portrait: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "07" * 32)
    text = CITY.replace("actions: [redact, live", "actions: [store, redact, live")
    photo = (
        found_city(tmp_path, text.replace("      metadata: []\n", "      max_side: 200\n")).parent / "street" / "p.png"
    )
    photo.parent.mkdir()
    Image.fromarray(portrait).save(photo)
    places = VaultPlaces(tmp_path / "safe", tmp_path / "safe.key")
    make_vault(places, "environment", SOURCES).close()
    with (
        open_governance(tmp_path / "unseen.yaml") as office,
        closing(gated(office, open_vault(places, SOURCES), places)) as vault,
    ):
        vault.put(photo, ["research"], "olga")
    photo.unlink()
    with unseen.purpose("research", actor="olga", vault=places.folder) as p:
        done = _redact("vault:p.png", under=p)
        assert done.image.shape == (200, 200, 3), "as small as the purpose needs"
        assert {region.cls for region in done.regions} == {"face"}
        with pytest.raises(Refused, match="refuses the method blur"):
            _redact("vault:p.png", under=p, hide="face=blur")
        with pytest.raises(Refused, match=r"other\.png: is not in the vault"):
            _redact("vault:other.png", under=p)
    with (
        unseen.purpose("research", actor="viktor", vault=places.folder) as p,
        pytest.raises(Refused, match="has viewer"),
    ):
        _redact("vault:p.png", under=p)
    with unseen.purpose("research", actor="olga") as p, pytest.raises(UsageError, match="no vault is named"):
        _redact("vault:p.png", under=p)
