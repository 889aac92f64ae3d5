"""Which model files a recipe needs, to hide and to verify, in photos and in videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unseen.core.models import ModelFile
from unseen.core.ports import ModelStore
from unseen.core.recipe import Recipe
from unseen.core.regions import VEHICLES
from unseen.errors import ModelUnavailable, UsageError

__all__ = ["OBJECTS", "Models", "for_films", "require_models", "require_objects"]

_FACES = frozenset({"face", "head"})
_WORDS = frozenset({"plate", "text"})
#: The classes that YOLO finds.
OBJECTS = frozenset({"person", *VEHICLES})


@dataclass(frozen=True, slots=True)
class Models:
    """The model files of a run by catalogue name: those that hide, those that verify, and `film_faces`, one that finds
    faces in videos fast enough to look at much of a frame each time; there the one that hides in photos verifies then.
    """

    hide: Mapping[str, ModelFile]
    verify: Mapping[str, ModelFile]
    film_faces: Mapping[str, ModelFile] = field(default_factory=dict)

    @property
    def all(self) -> tuple[ModelFile, ...]:
        """Every file once."""
        return tuple({**self.hide, **self.verify, **self.film_faces}.values())

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each model by name: what a resumed run compares."""
        return {m.name: m.sha256 for m in sorted(self.all, key=lambda m: m.name)}


def require_models(recipe: Recipe, store: ModelStore, *, counting: bool = False) -> Models:
    """Find or fetch the models that a recipe needs.

    YOLO is used when it is there, and must be when a person or a vehicle is to be hidden or counted, or heads must be
    looked for. Raises UsageError when the recipe hides nothing, or heads without faces, ModelUnavailable, which says
    how to get what is missing, or ModelCorrupt.
    """
    if not recipe.hidden:
        raise UsageError("nothing is to be hidden; name a class in --classes or a method in --hide")
    heads = recipe.require_heads or recipe.hidden == {"head"}
    if heads and "face" not in recipe.hidden:
        # Who shows a face has no head to be hidden: without faces the class would let most people pass.
        raise UsageError("head is the head of somebody in whom no face is found, so it goes with face; name face, too")
    hide: dict[str, ModelFile] = {}
    verify: dict[str, ModelFile] = {}
    film_faces: dict[str, ModelFile] = {}
    if recipe.hidden & _FACES:
        hide["centerface"] = store.require("centerface")
        if (yunet := store.find("yunet")) is not None:
            film_faces["yunet"] = yunet
    if recipe.hidden & _WORDS:
        hide["ppocr-det"] = store.require("ppocr-det")
    if "plate" in recipe.hidden:
        hide["ppocr-rec"] = store.require("ppocr-rec")
    if counting or heads or recipe.hidden & OBJECTS:
        hide["yolo26n"] = require_objects(store)
    elif _helps(recipe) and (yolo := store.find("yolo26n")) is not None:
        hide["yolo26n"] = yolo
    if recipe.verify != "skip":
        verify.update(_verifiers(recipe, store))
    return Models(hide, verify, film_faces)


def require_objects(store: ModelStore) -> ModelFile:
    """Return the model that finds persons and vehicles; raises ModelUnavailable, which says how to get it."""
    yolo = store.find("yolo26n")
    if yolo is None:
        store.require("yolo26n")
        raise ModelUnavailable("yolo26n is not here; see: unseen models list")
    return yolo


def _helps(recipe: Recipe) -> bool:
    """Whether persons and vehicles help to find what the recipe hides: heads without a face, plates on vehicles."""
    return (recipe.recall == "high" and "head" in recipe.hidden) or "plate" in recipe.hidden


def _verifiers(recipe: Recipe, store: ModelStore) -> dict[str, ModelFile]:
    found: dict[str, ModelFile] = {}
    if "face" in recipe.hidden:
        found["mediapipe-full-range"] = store.require("mediapipe-full-range")
        third = store.find("yunet")
        if third is not None:
            found["yunet"] = third
    if "plate" in recipe.hidden:
        found["ppocr-rec"] = store.require("ppocr-rec")
    return found


def for_films(recipe: Recipe, models: Models, *, counting: bool) -> Models:
    """Return the models that hide and verify in videos, and none that only photos are looked at with: to open one takes
    up to a second."""
    hide, verify = dict(models.hide), dict(models.verify)
    if not _film_objects(recipe, counting=counting):
        hide.pop("yolo26n", None)
    checks = verify.pop("mediapipe-full-range", None)
    verify.pop("yunet", None)
    if models.film_faces:
        other = hide.pop("centerface")
        return Models(hide, {**verify, "centerface": other} if checks else verify, models.film_faces)
    return Models(hide, {**verify, "mediapipe-full-range": checks} if checks else verify)


def _film_objects(recipe: Recipe, *, counting: bool) -> bool:
    """Whether persons and vehicles are looked for in videos: where they or plates are hidden or counted, or heads are
    asked for. Else their network would take as long as all the rest."""
    return bool(counting or recipe.hidden & (OBJECTS | {"plate"}) or recipe.video.heads)
