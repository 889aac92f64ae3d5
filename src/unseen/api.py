"""The Python interface: one call from a picture to a picture in which nobody shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unseen.core.looks import Look
from unseen.core.photos import Colour, Frame, Photo, Pixels
from unseen.core.recipe import Recall, Recipe, asks_for_heads, looks_for, parse_hide
from unseen.core.regions import Region
from unseen.errors import UsageError

if TYPE_CHECKING:
    from unseen.engine.capability import Capability

__all__ = ["Redacted", "purpose", "redact"]

ColourOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted picture and what was hidden in it.

    `image` has the shape, dtype and channel order of the input (RGB, or RGB and alpha, for a file); `regions` are the
    hidden regions, boxes in its pixels.
    """

    image: Pixels
    regions: tuple[Region, ...]


def redact(
    image: Pixels | str | os.PathLike[str],
    *,
    colour: ColourOrder | None = None,
    classes: Sequence[str] | None = None,
    hide: Mapping[str, str | Look] | str | None = None,
    recall: Recall = "high",
    verify: bool = True,
    unsafe_strength: bool = False,
    device: str = "auto",
    under: Capability | None = None,
) -> Redacted:
    """Hide people and plates in one picture.

    `image` is a path, or an array (height, width) grey or (height, width, 3 or 4), any integer or float dtype; for
    colour arrays say `colour="rgb"` (Pillow, imageio) or `colour="bgr"` (OpenCV): in the wrong order faces are
    missed, so it is not guessed. `classes` names what to hide (default face and plate), `hide` how, as
    {"face": "fill", "person": "blur:0.7"} or "face=fill,person=blur:0.7". With `verify` a second model family looks at
    the result and what it still sees is hidden too, three times at most. Of a file with several frames the first is
    taken. A file that lies below an unseen.yaml needs `under`, what `unseen.purpose` gives, and so does "vault:NAME",
    an item of its vault; an array has no label, so nothing governs it. Raises UsageError, Refused, FileError or
    VerificationFailed; returns nothing unverified unless told to.
    """
    from unseen.engine.single import redact_photo

    looks = _looks(hide)
    recipe = Recipe(
        looks=looks_for(classes, looks),
        recall=recall,
        verify="full" if verify else "skip",
        unsafe_strength=unsafe_strength,
        require_heads=asks_for_heads(classes, looks),
    )
    if isinstance(image, str | os.PathLike):
        photo, recipe = _from_vault(image, recipe, under) or _from_file(Path(image), recipe, under)
        done, regions = redact_photo(photo, recipe, device)
        return Redacted(_to_array(done.frames[0], "rgb", flat=False), regions)
    order = _order(image, colour)
    done, regions = redact_photo(_from_array(image, order), recipe, device)
    return Redacted(_to_array(done.frames[0], order, flat=image.ndim == 2), regions)


def purpose(
    name: str,
    *,
    actor: str | None = None,
    policy: str | os.PathLike[str] | None = None,
    vault: str | os.PathLike[str] | None = None,
    passphrase: Callable[[], str] | None = None,
) -> Capability:
    """Return the capability to work for a purpose, as a context manager.

    `with unseen.purpose("research.road-safety", actor="ann") as p:` lets `p.open(path)` return what the policy allows
    at that moment, and raise Denied with every reason otherwise. `actor` is one of the policy's people, by default who
    runs the program; `policy` names unseen.yaml, which is otherwise found from each file's folder upwards. With
    `vault`, the folder of one, `p.open("vault:NAME")` opens an item of it, as long as its wrap for the purpose lives;
    `passphrase` is asked for that of the vault's key file.
    """
    from unseen.engine.capability import Capability

    places = (None if each is None else Path(each) for each in (policy, vault))
    return Capability(name, actor, *places, passphrase=passphrase)


def _looks(hide: Mapping[str, str | Look] | str | None) -> dict[str, Look] | None:
    if hide is None or isinstance(hide, str):
        return None if hide is None else parse_hide(hide)
    looks: dict[str, Look] = {}
    for cls, how in hide.items():
        looks.update(parse_hide(f"{cls}={how}") if isinstance(how, str) else {cls: how})
    return looks


def _order(image: Pixels, colour: ColourOrder | None) -> ColourOrder:
    if not hasattr(image, "ndim") or not hasattr(image, "dtype") or image.dtype.kind not in "uif":
        raise UsageError("an image is a path or an array of integers or floats; say numpy.asarray(image) for others")
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1):
        return "rgb"
    if colour not in ("rgb", "bgr"):
        raise UsageError('a colour array needs its channel order; say colour="rgb" or colour="bgr" (OpenCV)')
    return colour


def _from_array(image: Pixels, order: ColourOrder) -> Photo:
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise UsageError(f"an image needs shape (height, width) or (height, width, 1, 3 or 4), got {image.shape}")
    stacked = image[:, :, None] if image.ndim == 2 else image
    kind: Colour = "grey" if stacked.shape[2] == 1 else "rgb"
    colours = stacked[:, :, :3]
    alpha = stacked[:, :, 3] if stacked.shape[2] == 4 else None
    return Photo("png", (Frame(colours[:, :, ::-1] if order == "bgr" else colours, kind, alpha),))


def _from_file(path: Path, recipe: Recipe, under: Capability | None) -> tuple[Photo, Recipe]:
    """Pass the gate with one file; return its picture, and the recipe with all that the policy obliges to."""
    from unseen.core.access import Access
    from unseen.core.names import display
    from unseen.engine.admission import admit
    from unseen.engine.inputs import read_photo
    from unseen.engine.single import first_frame

    with admit("redact", recipe, [path], Access() if under is None else under.access) as admission:
        admission.check(path)
        name, limits = display(path.name), admission.recipe.limits
        data = read_photo(path, name, limits.max_bytes)
        photo = first_frame(data, name, limits)
        admission.confirm(path, data)
    return photo, admission.recipe


def _from_vault(
    named: str | os.PathLike[str], recipe: Recipe, under: Capability | None
) -> tuple[Photo, Recipe] | None:  # fmt: skip
    """Return an item of a vault, decrypted in memory, and the recipe as the policy has it; None for a path."""
    if under is None or not isinstance(named, str) or not named.startswith("vault:"):
        return None
    from unseen.core.names import display
    from unseen.engine.single import first_frame

    stream, recipe = under.open_to_redact(named, recipe)
    with stream:
        data = stream.read(recipe.limits.max_bytes + 1)
    return first_frame(data, display(named.removeprefix("vault:")), recipe.limits), recipe


def _to_array(frame: Frame, order: ColourOrder, *, flat: bool) -> Pixels:
    import numpy as np

    pixels = frame.pixels[:, :, ::-1] if order == "bgr" and frame.colour == "rgb" else frame.pixels
    if frame.alpha is not None:
        pixels = np.concatenate([pixels, frame.alpha[:, :, None]], axis=2)
    return np.ascontiguousarray(pixels[:, :, 0] if flat else pixels)
