"""What an organisation allows: rules from a file, and the decision they make on a recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from unseen.core.formats import KEEPABLE
from unseen.core.looks import METHODS
from unseen.core.recipe import Recipe, expand_classes
from unseen.errors import UsageError

__all__ = ["Decision", "Policy", "decide", "must_stay_hidden", "parse_policy", "stricter"]

_KEYS = (
    "refuse_methods", "require_hidden", "require_verify", "require_recall", "refuse_unsafe", "allow_metadata",
    "require_credentials",
)  # fmt: skip
_VERIFY_ORDER = ("skip", "sample", "full")
_RECALL_ORDER = ("fast", "high")


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules on recipes.

    `refuse_methods` may not be used; `require_hidden` classes must be hidden; `require_verify` and `require_recall`
    are floors, to which a recipe is raised; `refuse_unsafe` forbids every --unsafe-... choice; `allow_metadata` lists
    what may be kept (None: anything that exists); `require_credentials` asks for content credentials.
    """

    refuse_methods: frozenset[str] = frozenset()
    require_hidden: frozenset[str] = frozenset()
    require_verify: str = "skip"
    require_recall: str = "fast"
    refuse_unsafe: bool = False
    allow_metadata: frozenset[str] | None = None
    require_credentials: bool = False

    def digest(self) -> str:
        """Return the SHA-256 of the rules in canonical JSON, hexadecimal."""
        values = {
            "refuse_methods": sorted(self.refuse_methods),
            "require_hidden": sorted(self.require_hidden),
            "require_verify": self.require_verify,
            "require_recall": self.require_recall,
            "refuse_unsafe": self.refuse_unsafe,
            "allow_metadata": None if self.allow_metadata is None else sorted(self.allow_metadata),
            # Only where it is said: policies that say nothing of it keep their digest.
            **({"require_credentials": True} if self.require_credentials else {}),
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a recipe may run, why not, and the recipe to run, which may be stricter than the one asked for."""

    allowed: bool
    reasons: tuple[str, ...]
    recipe: Recipe
    raised: tuple[str, ...] = ()


def parse_policy(values: Mapping[str, Any]) -> Policy:
    """Build a policy from parsed values.

    An unknown key or word raises UsageError, because a typo must not allow; so does a policy without rules, because
    what was meant to be one must not allow everything.
    """
    if not values:
        raise UsageError(f"the policy holds no rules; name at least one of {', '.join(_KEYS)}")
    for name in values:
        if name not in _KEYS:
            raise UsageError(f"unknown policy key {name!r}; known: {', '.join(_KEYS)}")
    allow = values.get("allow_metadata")
    return Policy(
        refuse_methods=frozenset(_words(values, "refuse_methods", METHODS)),
        require_hidden=frozenset(expand_classes(_words(values, "require_hidden", None))),
        require_verify=_word(values, "require_verify", _VERIFY_ORDER),
        require_recall=_word(values, "require_recall", _RECALL_ORDER),
        refuse_unsafe=_flag(values, "refuse_unsafe"),
        allow_metadata=None if allow is None else frozenset(_words(values, "allow_metadata", KEEPABLE)),
        require_credentials=_flag(values, "require_credentials"),
    )


def decide(recipe: Recipe, policy: Policy) -> Decision:
    """Decide on a recipe: refuse it with every reason, or allow it, raised to the policy's floors."""
    reasons = [
        f"policy refuses the method {look.method} (asked for {cls})"
        for cls, look in sorted(recipe.looks.items())
        if look.method in policy.refuse_methods
    ]
    reasons += [f"policy requires {cls} to be hidden" for cls in sorted(policy.require_hidden - recipe.hidden)]
    if policy.refuse_unsafe and (recipe.unsafe_strength or recipe.verify == "skip"):
        reasons.append("policy refuses every --unsafe choice")
    if policy.allow_metadata is not None:
        reasons += [f"policy does not allow to keep {w}" for w in sorted(recipe.keep - policy.allow_metadata)]
    if policy.require_credentials and not recipe.credentials:
        reasons.append("policy requires content credentials; name --credentials and --credentials-key")
    if reasons:
        return Decision(False, tuple(reasons), recipe)
    return _raise_floors(recipe, policy)


def must_stay_hidden(policy: Policy, cls: str) -> bool:
    """Whether what was found of a class may not be left visible; a head is a face that was not found."""
    return cls in policy.require_hidden or (cls == "head" and "face" in policy.require_hidden)


def stricter(one: Policy, other: Policy) -> Policy:
    """Return the rules that hold where both do: what either refuses is refused, and the higher floors count."""
    allowed = [each.allow_metadata for each in (one, other) if each.allow_metadata is not None]
    return Policy(
        refuse_methods=one.refuse_methods | other.refuse_methods,
        require_hidden=one.require_hidden | other.require_hidden,
        require_verify=max(one.require_verify, other.require_verify, key=_VERIFY_ORDER.index),
        require_recall=max(one.require_recall, other.require_recall, key=_RECALL_ORDER.index),
        refuse_unsafe=one.refuse_unsafe or other.refuse_unsafe,
        allow_metadata=frozenset.intersection(*allowed) if allowed else None,
        require_credentials=one.require_credentials or other.require_credentials,
    )


def _raise_floors(recipe: Recipe, policy: Policy) -> Decision:
    raised = []
    if _VERIFY_ORDER.index(recipe.verify) < _VERIFY_ORDER.index(policy.require_verify):
        recipe = replace(recipe, verify=policy.require_verify)  # type: ignore[arg-type]  # checked by parse_policy
        raised.append(f"verify raised to {policy.require_verify}")
    must_heads = "head" in policy.require_hidden
    floor = "high" if must_heads else policy.require_recall
    if _RECALL_ORDER.index(recipe.recall) < _RECALL_ORDER.index(floor):
        recipe = replace(recipe, recall=floor)  # type: ignore[arg-type]
        raised.append(f"recall raised to {floor}")
    # Videos are looked at with high recall where they are searched for heads, too: that is what the floor asks for.
    if floor == "high" and "head" in recipe.hidden and not recipe.video.heads:
        recipe = replace(recipe, video=replace(recipe.video, heads=True))
        raised.append("heads looked for in videos")
    if must_heads and not recipe.require_heads:
        recipe = replace(recipe, require_heads=True)
        raised.append("heads required")
    return Decision(True, ("no rule refuses",), recipe, tuple(raised))


def _words(values: Mapping[str, Any], key: str, known: tuple[str, ...] | None) -> list[str]:
    words = values.get(key, [])
    if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        raise UsageError(f"policy key {key} must be a list of words")
    for word in words:
        if known is not None and word not in known:
            raise UsageError(f"policy key {key}: unknown word {word!r}; choose from {', '.join(known)}")
    return words


def _word(values: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    word = values.get(key, known[0])
    if word not in known:
        raise UsageError(f"policy key {key}: unknown word {word!r}; choose from {', '.join(known)}")
    return str(word)


def _flag(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"policy key {key} must be true or false")
    return value
