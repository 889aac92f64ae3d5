"""Which models a recipe needs, and what they become."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.adapters.detector_fakes import threads_given
from tests.engine.engine_fakes import FakeStore
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.run_onnxruntime import OnnxRuntimeNetwork
from unseen.core.looks import Look
from unseen.core.recipe import Recipe, looks_for
from unseen.engine.assemble import assemble
from unseen.engine.needed_models import Models, for_films, require_models
from unseen.errors import DeviceUnavailable, ModelUnavailable, UsageError

_WITHOUT = FakeStore()
_WITH_YOLO = FakeStore(missing=frozenset({"yunet"}))
_WITH_YUNET = FakeStore(missing=frozenset({"yolo26n"}))
_WITH_BOTH = FakeStore(missing=frozenset())


def _recipe(*classes: str, **more: object) -> Recipe:
    return Recipe(looks=looks_for(classes, None), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("classes", "hide", "verify"),
    [
        (("face",), {"centerface"}, {"mediapipe-full-range"}),
        (("plate",), {"ppocr-det", "ppocr-rec"}, {"ppocr-rec"}),
        (("text",), {"ppocr-det"}, set()),
        (("face", "plate"), {"centerface", "ppocr-det", "ppocr-rec"}, {"mediapipe-full-range", "ppocr-rec"}),
    ],
)
def test_only_what_is_needed_is_required(classes: tuple[str, ...], hide: set[str], verify: set[str]) -> None:
    models = require_models(_recipe(*classes), _WITHOUT)
    assert (set(models.hide), set(models.verify)) == (hide, verify)
    assert set(models.hashes()) == hide | verify


def test_who_verifies_is_of_another_family_than_who_hides_faces() -> None:
    models = require_models(_recipe("face"), _WITH_YUNET)
    assert set(models.verify) == {"mediapipe-full-range", "yunet"}
    families = {m.entry.family for m in models.hide.values()}
    assert families.isdisjoint(m.entry.family for m in models.verify.values())


def test_yolo_helps_where_it_is_there_and_is_required_for_what_only_it_finds() -> None:
    assert "yolo26n" in require_models(_recipe("face"), _WITH_YOLO).hide
    assert "yolo26n" in require_models(_recipe("plate", recall="fast"), _WITH_YOLO).hide
    assert "yolo26n" not in require_models(_recipe("face", recall="fast"), _WITH_YOLO).hide
    assert "yolo26n" not in require_models(_recipe("text"), _WITH_YOLO).hide
    for cls in ("person", "vehicle", "bus"):
        assert "yolo26n" in require_models(_recipe(cls), _WITH_YOLO).hide
        with pytest.raises(ModelUnavailable, match="yolo26n is not here"):
            require_models(_recipe(cls), _WITHOUT)


def test_heads_that_are_asked_for_need_the_model_that_finds_people() -> None:
    looks = looks_for(["face", "head"], None)
    with pytest.raises(ModelUnavailable, match="yolo26n is not here"):
        require_models(Recipe(looks=looks, require_heads=True), _WITHOUT)
    asked = Recipe(looks=looks, require_heads=True)
    needed = require_models(asked, _WITH_YOLO)
    assert "yolo26n" in for_films(asked, needed, counting=False).hide
    assert "yolo26n" not in for_films(Recipe(looks=looks), needed, counting=False).hide


@pytest.mark.parametrize("classes", [("head",), ("head", "plate")])
def test_heads_alone_would_let_everybody_pass_who_shows_a_face(classes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="name face, too"):
        require_models(_recipe(*classes, require_heads=True), _WITH_YOLO)
    with pytest.raises(UsageError, match="name face, too"):
        require_models(_recipe("head"), _WITH_YOLO)


def test_recipe_that_skips_verification_needs_no_verifier() -> None:
    assert require_models(_recipe("face", verify="skip"), _WITH_YUNET).verify == {}


def test_recipe_that_hides_nothing_needs_nothing_and_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is to be hidden"):
        require_models(Recipe(looks={"face": Look("none")}), _WITHOUT)


def test_opened_models_are_those_of_the_recipe(models: FileModelStore) -> None:
    recipe = _recipe("face", "plate")
    needed = require_models(recipe, models)
    tools = assemble(recipe, needed, "cpu", 1)
    assert {m.name for m in tools.eyes.models} == set(needed.hide)
    assert {m.name for m in tools.opinion.models} == set(needed.verify)
    assert tools.opinion.classes == ("face", "plate")
    assert set(tools.devices) == {m.name for m in needed.all}
    assert all(device.endswith(":CPU") for device in tools.devices.values())


def test_for_videos_alone_only_their_models_are_opened(models: FileModelStore) -> None:
    recipe = _recipe("face")
    needed = require_models(recipe, models)
    slow = Models(needed.hide, needed.verify)
    for each in (needed, slow):
        tools = assemble(recipe, each, "cpu", 1, photos=False)
        first, second = ("yunet", "centerface") if each.film_faces else ("centerface", "mediapipe-full-range")
        assert set(tools.devices) == {first, second}
        assert {m.name for m in tools.film_eyes.models} == {first}
        assert {m.name for m in tools.film_opinion.models} == {second}
        assert (
            (tools.film_eyes.faces_close is None) == (tools.film_eyes.faces_again is not None) == bool(each.film_faces)
        )
        # A close look needs to know what the look before it found.
        assert tools.film_eyes.at_once == (2 if each.film_faces else 1)
        assert len(tools.film_opinion.faces[0].detect([np.zeros((72, 128, 3), np.uint8)])) == 1


@pytest.mark.parametrize(
    ("classes", "wide", "begun"), [(("person",), True, 3), (("plate",), True, 2), (("face", "person"), False, 1)]
)
def test_looks_are_begun_at_the_same_time_unless_the_next_one_needs_what_the_one_before_finds(
    models: FileModelStore, classes: tuple[str, ...], wide: bool, begun: int
) -> None:
    recipe = _recipe(*classes)
    if models.find("yolo26n") is None:
        pytest.skip("yolo26n is not here")
    needed = require_models(recipe, models)
    eyes = assemble(recipe, Models(needed.hide, needed.verify), "cpu", 1, photos=False).film_eyes
    assert (eyes.wide, eyes.at_once) == (wide, begun)
    assert (eyes.objects_turned is not None) == ("person" in classes)


def test_persons_are_looked_for_again_in_smaller_pictures_but_not_where_they_are_counted_or_all_is_asked_for(
    models: FileModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if models.find("yolo26n") is None:
        pytest.skip("yolo26n is not here")
    recipe = _recipe("person")
    needed = require_models(recipe, models)
    assert assemble(recipe, needed, "cpu", 1, photos=False, counting=True).film_eyes.objects_again is None
    heads = _recipe("face", "head", "person", require_heads=True)
    assert assemble(heads, require_models(heads, models), "cpu", 1, photos=False).film_eyes.objects_again is None
    eyes = assemble(recipe, needed, "cpu", 1, photos=False).film_eyes
    assert eyes.objects is not None
    assert eyes.objects_again is not None
    sizes: list[tuple[int, ...]] = []
    run = OnnxRuntimeNetwork.run

    def noted(self: OnnxRuntimeNetwork, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        sizes.append(batch.shape)
        return run(self, batch)

    monkeypatch.setattr(OnnxRuntimeNetwork, "run", noted)
    frame = np.zeros((540, 960, 3), np.uint8)
    for objects in (eyes.objects, eyes.objects_again):
        objects.detect([frame])
    assert sizes == [(1, 3, 352, 640), (1, 3, 256, 416)]


@pytest.mark.parametrize(
    ("yunet", "photos", "threads", "each", "lookers"),
    [
        (True, False, 8, 4, 2), (True, False, 3, 2, 2), (True, False, 1, 1, 1),
        (True, True, 8, 8, 1), (False, False, 8, 8, 1),
    ],
)  # fmt: skip
def test_networks_get_all_threads_unless_two_frames_are_looked_at_at_once(
    models: FileModelStore, monkeypatch: pytest.MonkeyPatch,
    yunet: bool, photos: bool, threads: int, each: int, lookers: int,
) -> None:  # fmt: skip
    if yunet and models.find("yunet") is None:
        pytest.skip("yunet is not here")
    given = threads_given(monkeypatch)
    recipe = _recipe("face")
    needed = require_models(recipe, models)
    needed = needed if yunet else Models(needed.hide, needed.verify)
    eyes = assemble(recipe, needed, "cpu", threads, photos=photos).film_eyes
    assert set(given) == {each}
    assert eyes.threads == lookers


@pytest.mark.parametrize(("recall", "turned"), [("high", True), ("fast", False)])
def test_photos_are_turned_for_persons_where_they_are_hidden(models: FileModelStore, recall: str, turned: bool) -> None:
    if models.find("yolo26n") is None:
        pytest.skip("yolo26n is not here")
    recipe = _recipe("person", recall=recall)
    eyes = assemble(recipe, require_models(recipe, models), "cpu", 1, films=False).eyes
    assert (eyes.objects_turned is not None) == turned


def test_for_photos_alone_no_model_of_videos_is_opened(models: FileModelStore) -> None:
    recipe = _recipe("face", verify="skip", recall="fast")
    tools = assemble(recipe, require_models(recipe, models), "cpu", 1, films=False)
    assert (tools.opinion.classes, tools.opinion.models) == ((), ())
    assert tools.eyes.at_once == 1
    assert set(tools.devices) == {"centerface"}


@pytest.mark.parametrize("store", [_WITHOUT, _WITH_YUNET])
@pytest.mark.parametrize("counting", [False, True])
def test_in_videos_too_another_family_verifies_than_the_one_that_hides(store: FakeStore, counting: bool) -> None:
    for recipe in (_recipe("face"), _recipe("face", "plate")):
        needed = require_models(recipe, _WITH_BOTH if counting else store, counting=counting)
        film = for_films(recipe, needed, counting=counting)
        hide, verify = (
            {m.entry.family for m in each.values() if m.entry.task == "face"}
            for each in ({**film.hide, **film.film_faces}, film.verify)
        )
        assert len(hide) == len(verify) == 1
        assert hide.isdisjoint(verify)
        assert (hide == {"yunet"}) == bool(needed.film_faces)


def test_without_verification_nobody_looks_at_videos_again() -> None:
    recipe = _recipe("face", verify="skip")
    film = for_films(recipe, require_models(recipe, _WITH_YUNET), counting=False)
    assert (dict(film.hide), dict(film.verify), set(film.film_faces)) == ({}, {}, {"yunet"})


def test_device_that_is_not_there_is_an_error(models: FileModelStore) -> None:
    recipe = _recipe("face")
    with pytest.raises(DeviceUnavailable, match="unknown device"):
        assemble(recipe, require_models(recipe, models), "abacus")
