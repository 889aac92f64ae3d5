"""Recipes: what is asked for is what is done, or an error; one recipe has one digest."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.formats import FORMATS, KEEPABLE, Limits
from unseen.core.looks import DEFAULT_LOOKS, LEAKS, METHODS, Look, floor_of
from unseen.core.recipe import DEFAULT_CLASSES, Recipe, asks_for_heads, expand_classes, looks_for, parse_hide
from unseen.core.regions import CLASSES, GROUPS, VEHICLES
from unseen.core.video import VideoRecipe
from unseen.errors import Refused, UsageError


@st.composite
def some_look(draw: st.DrawFn) -> Look:
    method: Any = draw(st.sampled_from(METHODS))
    strength = draw(st.floats(0.5, 5.0)) if method in LEAKS and draw(st.booleans()) else None
    return Look(method, strength, draw(st.sampled_from(("box", "ellipse"))))


recipes: st.SearchStrategy[Recipe] = st.builds(
    Recipe,
    looks=st.dictionaries(st.sampled_from(CLASSES), some_look(), min_size=1),
    recall=st.sampled_from(("high", "fast")),
    verify=st.sampled_from(("full", "sample", "skip")),
    sample_share=st.floats(0.01, 1.0),
    margin=st.floats(0.0, 2.0),
    face_shape=st.sampled_from(("box", "ellipse")),
    keep=st.frozensets(st.sampled_from(KEEPABLE)),
    format=st.none() | st.sampled_from(sorted(FORMATS)),
    unsafe_strength=st.booleans(),
)


# Words.


def test_without_words_faces_heads_and_plates_are_hidden() -> None:
    recipe = Recipe()
    assert recipe.hidden == {"face", "head", "plate"}
    assert recipe.visible_by_choice == ()
    assert set(DEFAULT_CLASSES) == {"face", "plate"}
    assert (recipe.recall, recipe.verify, recipe.unsafe_strength) == ("high", "full", False)


@given(st.text())
def test_an_unknown_class_is_refused_wherever_it_stands(word: str) -> None:
    if word in CLASSES or word in GROUPS:
        return
    makers: list[Callable[[], object]] = [
        lambda: expand_classes(["face", word]),
        lambda: looks_for([word], None),
        lambda: looks_for(None, {word: Look("fill")}),
        lambda: Recipe(looks={word: Look("fill")}),
    ]
    for make in makers:
        with pytest.raises(UsageError, match="unknown class"):
            make()


@pytest.mark.parametrize(
    ("word", "near"), [("faces", "face"), ("plates", "plate"), ("vehicles", "vehicle"), ("cars", "car")]
)
def test_an_unknown_class_that_is_nearly_one_is_told_which(word: str, near: str) -> None:
    with pytest.raises(UsageError, match=rf"unknown class '{word}' \(did you mean {near}\?\); choose from face, "):
        expand_classes([word])
    with pytest.raises(UsageError, match="unknown class 'qqq'; choose from face, "):
        expand_classes(["qqq"])


@pytest.mark.parametrize("text", ["Face=fill", "faces=fill", "=fill", "face =fil l", "face=fill;plate=solid"])
def test_a_typo_in_hide_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="unknown"):
        parse_hide(text)


@pytest.mark.parametrize("text", ["face", "face:fill", "face=fill,plate"])
def test_hide_without_an_equals_sign_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="CLASS=METHOD"):
        parse_hide(text)


@pytest.mark.parametrize("text", ["face=mosaic:x", "face=mosaic:4x4", "face=mosaic:4:4", "face=blur:½"])
def test_a_strength_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="strength"):
        parse_hide(text)


@pytest.mark.parametrize("text", ["face=mosaic:nan", "face=mosaic:inf", "face=blur:inf", "face=blur:-1", "face=fill:3"])
def test_a_strength_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="strength"):
        parse_hide(text)


@pytest.mark.parametrize("text", ["face=fill,face=none", "vehicle=fill,car=none", "bus=none,vehicle=fill"])
def test_a_class_with_two_looks_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="named twice"):
        parse_hide(text)


def test_hide_is_read_with_spaces_strengths_and_groups() -> None:
    looks = parse_hide(" face = mosaic:6 , plate=solid,, vehicle=none ")
    assert looks == {
        "face": Look("mosaic", 6.0),
        "plate": Look("solid"),
        **{cls: Look("none") for cls in VEHICLES},
    }
    assert parse_hide("") == {}


@given(st.dictionaries(st.sampled_from(CLASSES), some_look()))
def test_hide_reads_back_what_is_written(looks: dict[str, Look]) -> None:
    boxes = {cls: replace(look, shape="box") for cls, look in looks.items()}
    words = (f"{c}={k.method}" + ("" if k.strength is None else f":{k.strength!r}") for c, k in boxes.items())
    assert parse_hide(",".join(words)) == boxes


def test_groups_stand_for_their_classes_once_and_in_order() -> None:
    assert expand_classes(["car", "vehicle", "face", "car"]) == ("car", "bicycle", "motorcycle", "bus", "truck", "face")


# Which look each class gets.


def test_classes_get_their_default_looks_and_hide_goes_first() -> None:
    looks = looks_for(["face", "text"], {"text": Look("fill"), "person": Look("solid")})
    assert looks == {"face": Look("fill"), "head": Look("fill"), "text": Look("fill"), "person": Look("solid")}


@pytest.mark.parametrize("face", [Look("mosaic"), Look("none"), Look("fill", shape="ellipse")])
def test_a_head_follows_the_face(face: Look) -> None:
    assert looks_for(None, {"face": face})["head"] == face


def test_heads_that_are_required_are_looked_for_in_videos_and_not_at_low_recall() -> None:
    assert Recipe(require_heads=True).video.heads
    for more in ({"require_heads": True}, {"video": VideoRecipe(heads=True)}):
        with pytest.raises(UsageError, match="leave out --recall fast"):
            Recipe(recall="fast", **more)


@pytest.mark.parametrize(
    ("classes", "hide", "asks"),
    [
        (None, "", False),
        (["face"], "face=solid", False),
        (["face", "head"], "", True),
        (["face", "head"], "head=none", False),
        (None, "head=solid", True),
        (None, "head=none", False),
    ],
)
def test_heads_are_asked_for_by_name_only(classes: list[str] | None, hide: str, asks: bool) -> None:
    assert asks_for_heads(classes, parse_hide(hide)) == asks


def test_a_head_that_is_named_itself_does_not_follow() -> None:
    looks = looks_for(None, {"face": Look("none"), "head": Look("solid")})
    assert (looks["face"], looks["head"]) == (Look("none"), Look("solid"))
    assert "head" not in looks_for(["person"], None)


def test_a_group_in_a_mapping_reaches_each_of_its_classes() -> None:
    for recipe in (Recipe(looks={"vehicle": Look("solid")}), Recipe(looks_for([], {"vehicle": Look("solid")}))):
        assert recipe.hidden == set(VEHICLES)
    with pytest.raises(UsageError, match="named twice"):
        Recipe(looks={"vehicle": Look("solid"), "car": Look("none")})


def test_a_recipe_that_names_no_class_is_refused() -> None:
    with pytest.raises(UsageError, match="no class is named"):
        Recipe(looks={})
    with pytest.raises(UsageError, match="no class is named"):
        Recipe(looks=looks_for([], None))


def test_what_was_told_to_stay_visible_is_recorded() -> None:
    recipe = Recipe(looks=looks_for(None, parse_hide("face=none,vehicle=none")))
    assert recipe.hidden == {"plate"}
    assert recipe.visible_by_choice == tuple(sorted(("face", "head", *VEHICLES)))


# Validation.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recall", "medium"),
        ("recall", ""),
        ("verify", "none"),
        ("face_shape", "oval"),
        ("format", "jpg"),
        ("format", ""),
        ("keep", frozenset({"gps"})),
        ("keep", "icc"),
        ("margin", -0.01),
        ("margin", 2.01),
        ("margin", float("nan")),
        ("sample_share", 0.0),
        ("sample_share", 1.01),
        ("sample_share", float("nan")),
    ],
)
def test_an_unknown_value_is_refused(field: str, value: Any) -> None:
    with pytest.raises(UsageError):
        Recipe(**{field: value})


@pytest.mark.parametrize(
    "text", ["face=mosaic:9", "plate=mosaic:6", "text=mosaic:8", "face=blur:0.4", "person=blur:.1"]
)
def test_a_strength_below_the_floor_is_refused_unless_it_is_called_unsafe(text: str) -> None:
    looks = looks_for(None, parse_hide(text))
    with pytest.raises(Refused, match="weaker than the floor"):
        Recipe(looks=looks)
    assert Recipe(looks=looks, unsafe_strength=True).as_dict()["unsafe_strength"] is True


@given(recipes)
def test_no_recipe_holds_a_look_below_the_floor_without_the_word_unsafe(recipe: Recipe) -> None:
    if not recipe.unsafe_strength:
        assert not any(look.is_below_floor(cls) for cls, look in recipe.looks.items())


def test_a_recipe_cannot_be_changed() -> None:
    looks = dict(DEFAULT_LOOKS)
    recipe = Recipe(looks=looks)
    looks["face"] = Look("none")
    assert recipe.looks["face"] == Look("fill")
    with pytest.raises(FrozenInstanceError):
        recipe.verify = "skip"  # type: ignore[misc]
    with pytest.raises(TypeError):
        recipe.looks["face"] = Look("none")  # type: ignore[index]


# One recipe, one digest.


@given(recipes)
def test_a_recipe_survives_the_way_to_another_process(recipe: Recipe) -> None:
    again = pickle.loads(pickle.dumps(recipe))
    assert again == recipe
    assert (hash(again), again.digest()) == (hash(recipe), recipe.digest())
    assert replace(again) == recipe


@given(recipes, recipes)
def test_equal_recipes_have_equal_digests_and_different_ones_do_not(a: Recipe, b: Recipe) -> None:
    same = a.as_dict() == b.as_dict()
    assert (a.digest() == b.digest()) == same
    if a == b:
        assert hash(a) == hash(b)


def test_the_digest_does_not_depend_on_order_or_on_how_a_number_is_written() -> None:
    looks = looks_for(None, {"face": Look("mosaic", 8)})
    recipe = Recipe(looks=looks, margin=0)
    others = [
        Recipe(looks=dict(reversed(looks.items())), margin=0),
        Recipe(looks={**looks, "face": Look("mosaic", 8.0), "head": Look("mosaic", 8.0)}, margin=0.0),
        Recipe(looks=looks_for(None, {"face": Look("mosaic")})),
    ]
    assert {recipe.digest()} == {other.digest() for other in others}
    assert hash(Recipe(margin=1)) == hash(Recipe(margin=1.0))


def test_the_digest_is_the_same_in_every_process_and_release() -> None:
    # A change here makes every journal stale: photos that are done already are done again.
    look = '{"method":"%s","shape":"box","strength":null}'
    text = (
        '{"face_shape":"box","format":null,"keep_metadata":["icc"],'
        f'"looks":{{"face":{look % "fill"},"head":{look % "fill"},"plate":{look % "solid"}}},'
        '"margin":0.0,"recall":"high","sample_share":null,"unsafe_strength":false,"verify":"full"}'
    )
    assert Recipe().digest() == hashlib.sha256(text.encode()).hexdigest()


CHANGES: list[dict[str, Any]] = [
    {"looks": looks_for(None, {"face": Look("solid")})},
    {"looks": looks_for(None, {"face": Look("fill", shape="ellipse")})},
    {"looks": looks_for(None, {"face": Look("mosaic")})},
    {"looks": looks_for(None, {"face": Look("mosaic", 4)})},
    {"looks": looks_for(["face"], None)},
    {"looks": looks_for(None, {"text": Look("none")})},
    {"recall": "fast"},
    {"verify": "skip"},
    {"verify": "sample"},
    {"verify": "sample", "sample_share": 0.2},
    {"margin": 0.01},
    {"face_shape": "ellipse"},
    {"keep": frozenset()},
    {"keep": frozenset({"icc", "datetime"})},
    {"format": "png"},
    {"unsafe_strength": True},
]


def test_the_digest_changes_with_each_field() -> None:
    digests = [Recipe(**change).digest() for change in ({}, *CHANGES)]
    assert len(set(digests)) == len(digests)


def test_the_digest_ignores_what_does_not_change_a_result() -> None:
    assert Recipe(limits=Limits(max_bytes=1)).digest() == Recipe().digest()
    assert Recipe(sample_share=0.5).digest() == Recipe().digest()


@given(recipes)
def test_a_recipe_is_plain_json_and_names_the_strength_that_is_applied(recipe: Recipe) -> None:
    values = json.loads(json.dumps(recipe.as_dict(), allow_nan=False))
    for cls, look in recipe.looks.items():
        wanted = look.strength if look.strength is not None else floor_of(look.method, cls)
        assert values["looks"][cls]["strength"] == wanted
