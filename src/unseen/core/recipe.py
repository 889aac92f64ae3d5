"""What is to be done: the recipe of a job, validated on construction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal, get_args

from unseen.core.formats import FORMATS, KEEPABLE, Limits
from unseen.core.looks import DEFAULT_LOOKS, Look
from unseen.core.regions import CLASSES, GROUPS
from unseen.core.video import VideoRecipe
from unseen.errors import UsageError

__all__ = [
    "DEFAULT_CLASSES",
    "PEOPLE",
    "Recall",
    "Recipe",
    "VerifyMode",
    "asks_for_heads",
    "expand_classes",
    "looks_for",
    "parse_hide",
]

Recall = Literal["high", "fast"]
VerifyMode = Literal["full", "sample", "skip"]
#: What is hidden when the caller names no classes.
DEFAULT_CLASSES: tuple[str, ...] = ("face", "plate")
#: Classes that a voice may belong to.
PEOPLE = frozenset({"face", "head", "person"})


def expand_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Replace group names (vehicle) by their classes; raises UsageError for a name that is neither."""
    out: list[str] = []
    for name in names:
        if name not in CLASSES and name not in GROUPS:
            near = "".join(f" (did you mean {each}?)" for each in get_close_matches(name, (*CLASSES, *GROUPS), 1))
            raise UsageError(f"unknown class {name!r}{near}; choose from {', '.join((*CLASSES, *GROUPS))}")
        out += GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(out))


def parse_hide(text: str) -> dict[str, Look]:
    """Parse "face=fill,plate=solid,person=mosaic:6" into looks; a group stands for each of its classes."""
    looks: dict[str, Look] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, sign, value = part.partition("=")
        if not sign:
            raise UsageError(f"cannot read {part!r}; write CLASS=METHOD, as in face=fill")
        method, _, strength = value.partition(":")
        try:
            number = float(strength) if strength else None
        except ValueError:
            raise UsageError(f"cannot read the strength in {part!r}; write a number, as in face=mosaic:6") from None
        look = Look(method.strip(), number)  # type: ignore[arg-type]  # Look validates the word
        _add(looks, name.strip(), look)
    return looks


def _add(looks: dict[str, Look], name: str, look: Look) -> None:
    """Give a class, or each class of a group, its look; raises UsageError if one has a look already."""
    for cls in expand_classes([name]):
        if cls in looks:
            raise UsageError(f"{cls} is named twice among what to hide; name each class once")
        looks[cls] = look


def _by_class(looks: Mapping[str, Look]) -> dict[str, Look]:
    """Return looks by class, with groups replaced by their classes: detectors know no groups."""
    single: dict[str, Look] = {}
    for name, look in looks.items():
        _add(single, name, look)
    return single


def looks_for(classes: Sequence[str] | None, hide: Mapping[str, Look] | None) -> dict[str, Look]:
    """Return the look of each class that is asked for: `classes` with their defaults, overridden by `hide`.

    Without `classes` these are the default classes and those that `hide` names. A head (the part of a person in which
    no face was found) looks as the face does unless it is named itself.
    """
    named = expand_classes(classes) if classes is not None else DEFAULT_CLASSES
    looks = {cls: DEFAULT_LOOKS[cls] for cls in named}
    looks.update(_by_class(hide or {}))
    if "face" in looks and "head" not in looks:
        looks["head"] = looks["face"]
    return looks


def asks_for_heads(classes: Sequence[str] | None, hide: Mapping[str, Look] | None) -> bool:
    """Whether heads are named among what is to be hidden, and do not just go with faces."""
    look = (hide or {}).get("head")
    return "head" in (classes or ()) if look is None else look.method != "none"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How photos and videos are redacted; `video` holds what concerns videos alone.

    `looks` maps each class to its look, or a group for all of its classes; classes that are missing, or have the look
    "none", stay visible. `margin` is added to the calibrated widening of each region, as a share of its side, 0 or
    more. `keep` names metadata that may stay; photos and videos are made smaller until their longer side has at most
    `max_side` pixels, None for as they are; `credentials` says that results carry content credentials. With
    `require_heads` heads must be looked for, in videos too, and not just where the model for it is there. Raises
    UsageError for unknown words, when no class is named at all, or when heads cannot be looked for at this recall, and
    Refused for a strength below the floor.
    """

    looks: Mapping[str, Look] = field(default_factory=lambda: looks_for(None, None))
    recall: Recall = "high"
    verify: VerifyMode = "full"
    sample_share: float = 0.1
    margin: float = 0.0
    face_shape: Literal["box", "ellipse"] = "box"
    keep: frozenset[str] = frozenset({"icc"})
    format: str | None = None
    unsafe_strength: bool = False
    limits: Limits = field(default_factory=Limits)
    video: VideoRecipe = field(default_factory=VideoRecipe)
    max_side: int | None = None
    credentials: bool = False
    require_heads: bool = False

    def __post_init__(self) -> None:
        _check_word("recall", self.recall, get_args(Recall))
        _check_word("verify", self.verify, get_args(VerifyMode))
        _check_word("face shape", self.face_shape, ("box", "ellipse"))
        if self.format is not None:
            _check_word("format", self.format, tuple(FORMATS))
        for word in self.keep:
            _check_word("metadata", word, KEEPABLE)
        if not 0 <= self.margin <= 2:
            raise UsageError(f"margin must be from 0 to 2 (a share of the region's side), got {self.margin}")
        if not 0 < self.sample_share <= 1:
            raise UsageError(f"the share to verify must be above 0 and at most 1, got {self.sample_share}")
        if self.max_side is not None and self.max_side < 16:
            raise UsageError(f"the longer side must be at least 16 pixels, got {self.max_side}")
        if not self.looks:
            raise UsageError("no class is named, so nothing would be hidden; name one, as in face=fill or face=none")
        if self.require_heads and not self.video.heads:
            object.__setattr__(self, "video", replace(self.video, heads=True))
        if self.video.heads and self.recall != "high":
            raise UsageError("heads are looked for at recall high only; leave out --recall fast, or the class head")
        looks = _by_class(self.looks)
        for cls, look in looks.items():
            look.check_floor(cls, unsafe=self.unsafe_strength)
        object.__setattr__(self, "looks", MappingProxyType(looks))
        if self.video.audio == "mute-when-person" and not self.hidden & PEOPLE:
            raise UsageError("--audio mute-when-person mutes nothing unless face or person is hidden; say --audio drop")

    def __reduce__(self) -> Any:
        # A mapping proxy cannot be pickled; workers get a plain dict and make their own.
        values = {name: getattr(self, name) for name in self.__slots__}
        return (_rebuild, ({**values, "looks": dict(self.looks)},))

    def __hash__(self) -> int:
        return hash(self.digest())

    @property
    def hidden(self) -> frozenset[str]:
        """The classes that are hidden."""
        return frozenset(cls for cls, look in self.looks.items() if look.method != "none")

    @property
    def visible_by_choice(self) -> tuple[str, ...]:
        """The classes that were told to stay visible, sorted, for the record."""
        return tuple(sorted(cls for cls, look in self.looks.items() if look.method == "none"))

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, for receipts and the digest."""
        return {
            "looks": {
                cls: {"method": look.method, "strength": _number(look.strength_for(cls)), "shape": look.shape}
                for cls, look in sorted(self.looks.items())
            },
            "recall": self.recall,
            "verify": self.verify,
            "sample_share": _number(self.sample_share) if self.verify == "sample" else None,
            "margin": _number(self.margin),
            "face_shape": self.face_shape,
            "keep_metadata": sorted(self.keep),
            "format": self.format,
            "unsafe_strength": self.unsafe_strength,
            "video": self.video.as_dict(),
            **({} if self.max_side is None else {"max_side": self.max_side}),
            **({"credentials": True} if self.credentials else {}),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the recipe in canonical JSON, hexadecimal."""
        values = self.as_dict()
        # What is said of videos counts once something is said: photos that are done stay done.
        if self.video == VideoRecipe():
            del values["video"]
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _rebuild(values: dict[str, Any]) -> Recipe:
    return Recipe(**values)


def _number(value: float | None) -> float | None:
    """Return a number as a float, because 8 and 8.0 are one recipe and must have one digest."""
    return None if value is None else float(value)


def _check_word(what: str, word: str, known: Sequence[str]) -> None:
    if word not in known:
        raise UsageError(f"unknown {what} {word!r}; choose from {', '.join(known)}")
