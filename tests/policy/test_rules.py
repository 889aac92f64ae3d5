"""Policies: they refuse with reasons or make stricter, never weaker; a typo allows nothing."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.formats import KEEPABLE
from unseen.core.looks import LEAKS, METHODS, Look
from unseen.core.recipe import Recipe, looks_for, parse_hide
from unseen.core.regions import CLASSES, VEHICLES
from unseen.errors import UsageError
from unseen.policy.rules import Policy, decide, must_stay_hidden, parse_policy

VERIFY = ("skip", "sample", "full")
RECALL = ("fast", "high")

some_look: st.SearchStrategy[Look] = st.builds(Look, st.sampled_from(METHODS))
recipes = st.builds(
    Recipe,
    looks=st.dictionaries(st.sampled_from(CLASSES), some_look, min_size=1),
    recall=st.sampled_from(RECALL),
    verify=st.sampled_from(VERIFY),
    sample_share=st.floats(0.01, 1.0),
    keep=st.frozensets(st.sampled_from(KEEPABLE)),
    unsafe_strength=st.booleans(),
)
policies = st.builds(
    Policy,
    refuse_methods=st.frozensets(st.sampled_from(METHODS), max_size=2),
    require_hidden=st.frozensets(st.sampled_from(CLASSES), max_size=2),
    require_verify=st.sampled_from(VERIFY),
    require_recall=st.sampled_from(RECALL),
    refuse_unsafe=st.booleans(),
    allow_metadata=st.none() | st.frozensets(st.sampled_from(KEEPABLE)),
)


# What a decision may do.


@given(recipes, policies)
def test_a_recipe_is_never_decided_weaker_than_it_was_asked_for(recipe: Recipe, policy: Policy) -> None:
    decided = decide(recipe, policy).recipe
    assert VERIFY.index(decided.verify) >= VERIFY.index(recipe.verify)
    assert RECALL.index(decided.recall) >= RECALL.index(recipe.recall)
    asked = {name: getattr(recipe, name) for name in ("verify", "recall", "video", "require_heads")}
    assert decided.video.heads >= recipe.video.heads
    assert replace(decided, **asked) == recipe


@pytest.mark.parametrize("rule", [Policy(require_recall="high"), Policy(require_hidden=frozenset({"head"}))])
def test_a_policy_for_high_recall_or_heads_has_videos_searched_for_heads_too(rule: Policy) -> None:
    asked = Recipe(looks=looks_for(["face"], None))
    decision = decide(asked, rule)
    assert (asked.video.heads, decision.allowed) == (False, True)
    assert decision.recipe.video.heads
    assert "heads looked for in videos" in decision.raised
    assert decision.recipe.require_heads == ("head" in rule.require_hidden)
    assert decide(Recipe(recall="fast"), rule).recipe.recall == "high"
    assert decide(decision.recipe, rule).raised == ()


@given(recipes, policies)
def test_what_is_allowed_keeps_every_rule(recipe: Recipe, policy: Policy) -> None:
    decision = decide(recipe, policy)
    decided = decision.recipe
    if not decision.allowed:
        return
    assert not {look.method for look in decided.looks.values()} & policy.refuse_methods
    assert policy.require_hidden <= decided.hidden
    assert VERIFY.index(decided.verify) >= VERIFY.index(policy.require_verify)
    assert RECALL.index(decided.recall) >= RECALL.index(policy.require_recall)
    assert not (policy.refuse_unsafe and (decided.unsafe_strength or decided.verify == "skip"))
    assert policy.allow_metadata is None or decided.keep <= policy.allow_metadata


@given(recipes, policies)
def test_every_decision_has_a_reason_and_a_refusal_changes_nothing(recipe: Recipe, policy: Policy) -> None:
    decision = decide(recipe, policy)
    assert decision.reasons
    assert all(decision.reasons)
    assert decision.allowed == (decision.reasons == ("no rule refuses",))
    assert bool(decision.raised) == (decision.recipe != recipe)
    if not decision.allowed:
        assert decision.recipe == recipe


@given(recipes)
def test_without_a_policy_a_recipe_is_done_as_it_was_asked_for(recipe: Recipe) -> None:
    decision = decide(recipe, Policy())
    assert (decision.allowed, decision.recipe, decision.raised) == (True, recipe, ())


@given(recipes, policies)
def test_deciding_again_changes_nothing(recipe: Recipe, policy: Policy) -> None:
    once = decide(recipe, policy)
    twice = decide(once.recipe, policy)
    assert (twice.allowed, twice.recipe) == (once.allowed, once.recipe)
    assert twice.raised == ()


# Rules one by one.


def test_every_reason_is_given_at_once() -> None:
    recipe = Recipe(looks=looks_for(None, parse_hide("face=blur,plate=none")), keep=frozenset({"icc", "datetime"}))
    policy = Policy(
        refuse_methods=frozenset(LEAKS), require_hidden=frozenset({"plate", "text"}), allow_metadata=frozenset({"icc"})
    )
    assert decide(recipe, policy).reasons == (
        "policy refuses the method blur (asked for face)",
        "policy refuses the method blur (asked for head)",
        "policy requires plate to be hidden",
        "policy requires text to be hidden",
        "policy does not allow to keep datetime",
    )


@pytest.mark.parametrize(
    "recipe", [Recipe(verify="skip"), Recipe(unsafe_strength=True)], ids=["skipped verification", "unsafe strength"]
)
def test_unsafe_choices_can_be_refused(recipe: Recipe) -> None:
    assert decide(recipe, Policy(refuse_unsafe=True)).reasons == ("policy refuses every --unsafe choice",)
    assert decide(recipe, Policy()).allowed


def test_skipped_verification_that_is_called_unsafe_is_refused_and_not_quietly_raised() -> None:
    assert not decide(Recipe(verify="skip"), Policy(refuse_unsafe=True, require_verify="full")).allowed


@pytest.mark.parametrize(
    ("asked", "floor", "decided"),
    [("skip", "full", "full"), ("skip", "sample", "sample"), ("sample", "full", "full"), ("full", "sample", "full")],
)
def test_verification_is_raised_to_its_floor(asked: Any, floor: str, decided: str) -> None:
    decision = decide(Recipe(verify=asked), Policy(require_verify=floor))
    assert decision.recipe.verify == decided
    assert decision.raised == (() if asked == decided else (f"verify raised to {decided}",))


@pytest.mark.parametrize(("asked", "floor", "decided"), [("fast", "high", "high"), ("high", "fast", "high")])
def test_recall_is_raised_to_its_floor(asked: Any, floor: str, decided: str) -> None:
    assert decide(Recipe(recall=asked), Policy(require_recall=floor)).recipe.recall == decided


def test_the_method_none_can_be_refused_so_that_nothing_is_told_to_stay_visible() -> None:
    recipe = Recipe(looks=looks_for(None, parse_hide("text=none")))
    assert not decide(recipe, Policy(refuse_methods=frozenset({"none"}))).allowed


# Reading one.


def test_a_policy_is_read_in_full() -> None:
    text = """
        refuse_methods = ["mosaic", "blur"]
        require_hidden = ["face", "vehicle"]
        require_verify = "full"
        require_recall = "high"
        refuse_unsafe = true
        allow_metadata = ["icc"]
    """
    assert parse_policy(tomllib.loads(text)) == Policy(
        refuse_methods=frozenset({"mosaic", "blur"}),
        require_hidden=frozenset({"face", *VEHICLES}),
        require_verify="full",
        require_recall="high",
        refuse_unsafe=True,
        allow_metadata=frozenset({"icc"}),
    )


def test_an_empty_list_of_metadata_allows_none() -> None:
    policy = parse_policy({"allow_metadata": []})
    assert not decide(Recipe(), policy).allowed
    assert decide(Recipe(keep=frozenset()), policy).allowed


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"refuse_method": ["blur"]},
        {"Refuse_methods": ["blur"]},
        {"rules": {"refuse_methods": ["blur"]}},
        {"refuse_methods": ["blurr"]},
        {"refuse_methods": "blur"},
        {"refuse_methods": [["blur"]]},
        {"refuse_methods": [1]},
        {"refuse_methods": None},
        {"require_hidden": ["faces"]},
        {"require_hidden": "face"},
        {"require_verify": "none"},
        {"require_verify": ["full"]},
        {"require_verify": True},
        {"require_verify": None},
        {"require_recall": "full"},
        {"refuse_unsafe": "true"},
        {"refuse_unsafe": 1},
        {"allow_metadata": ["gps"]},
        {"allow_metadata": "icc"},
        {"refuse_methods": ["blur"], "typo": 1},
    ],
)
def test_a_typo_is_refused_because_it_must_not_allow(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"policy|class"):
        parse_policy(values)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["refuse_methods", "require_verify", "refuse_unsafe", "allow_metadata", "x"]), json_like
    )
)
def test_no_value_crashes_the_reader(values: dict[str, Any]) -> None:
    try:
        policy = parse_policy(values)
    except UsageError:
        return
    decide(Recipe(), policy)


# One policy, one digest.


@given(policies, policies)
def test_equal_policies_have_equal_digests_and_different_ones_do_not(a: Policy, b: Policy) -> None:
    assert (a.digest() == b.digest()) == (a == b)


def test_a_list_that_is_absent_and_one_that_is_empty_differ() -> None:
    assert Policy(allow_metadata=frozenset()).digest() != Policy().digest()


@pytest.mark.parametrize(
    ("required", "cls", "stays"),
    [("face", "face", True), ("face", "head", True), ("face", "plate", False), ("head", "face", False)],
)
def test_what_a_policy_requires_may_not_be_left_visible(required: str, cls: str, *, stays: bool) -> None:
    assert must_stay_hidden(Policy(require_hidden=frozenset({required})), cls) == stays
    assert not must_stay_hidden(Policy(), cls)
