"""The JSON schema of unseen.yaml, made from the same words that the reader knows (docs/unseen.schema.json)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from unseen.core.formats import KEEPABLE
from unseen.core.labels import ACTIONS
from unseen.core.looks import METHODS
from unseen.core.regions import CLASSES, GROUPS
from unseen.core.terms import BASES, PURPOSES, SPECIAL_BASES
from unseen.policy.charter import MODES, OUTPUTS
from unseen.policy.roles import GRANTS, ROLES

__all__ = ["schema"]

_LINE = {"type": "string", "minLength": 1, "maxLength": 500}
_NAME = "^[a-z0-9]+(-[a-z0-9]+)*$"
_DOTTED = r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$"
_PATH = {"type": "string", "pattern": r"^(?!/)(?!(.*/)?\.\.(/|$)).+$"}


def schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12); that narrower purposes allow less, only the reader can tell."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:unseen:policy:1",
        "title": "unseen.yaml, version 1",
        "description": "Who may do what with which data, for which purpose. What is not written is not allowed.",
        **_object(
            {
                "unseen": {"const": 1, "description": "the version of this format"},
                "mode": {**_word(MODES), "default": "enforce"},
                "controller": _object(
                    {"name": _LINE, "contact": _LINE, "dpo": _LINE, "address": _LINE}, required=("name", "contact")
                ),
                "people": _named(_person(), r"^[A-Za-z0-9][\w.@+-]{0,99}$"),
                "sources": _named(_source(), None),
                "purposes": {**_named({"$ref": "#/$defs/purpose"}, _NAME), "minProperties": 1},
                "recipe": {"$ref": "#/$defs/recipe"},
                "rules": {"type": "array", "items": _PATH, "description": "files of Cedar rules, beside this one"},
            },
            required=("unseen", "controller", "purposes"),
        ),
        "$defs": {"purpose": _purpose(), "recipe": _recipe()},
    }


def _object(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


def _named(value: dict[str, Any], pattern: str | None) -> dict[str, Any]:
    names = {} if pattern is None else {"propertyNames": {"pattern": pattern}}
    return {"type": "object", "additionalProperties": value, **names}


def _word(words: Collection[str]) -> dict[str, Any]:
    return {"enum": list(words)}


def _words(words: Collection[str]) -> dict[str, Any]:
    return {"type": "array", "items": _word(words)}


def _person() -> dict[str, Any]:
    return _object({"roles": _words(ROLES), "permissions": _words(GRANTS)})


def _source() -> dict[str, Any]:
    return _object(
        {
            "paths": {
                "type": "array",
                "items": _PATH,
                "description": "below this file's folder; a/ is all below a, * any text",
            },
            "cameras": {"type": "array", "items": {"type": "string", "pattern": r"^[A-Za-z0-9][\w.@+-]{0,99}$"}},
            "senders": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 16},
                "description": "AE titles of what sends DICOM objects",
            },
            "purposes": {"type": "array", "items": {"type": "string", "pattern": _DOTTED}},
            "prohibitions": _words(ACTIONS),
            "jurisdiction": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"}},
        }
    )


def _purpose() -> dict[str, Any]:
    span = r"^\d+(\.\d+)?\s*(hours?|days?|weeks?|months?|years?)$"
    return _object(
        {
            "description": _LINE,
            "term": {**_word(PURPOSES), "description": "W3C Data Privacy Vocabulary 2.3"},
            "basis": {**_word(BASES), "description": "GDPR Art. 6(1)"},
            "special_basis": {**_word(SPECIAL_BASES), "description": "GDPR Art. 9(2)"},
            "retention": {"type": "string", "pattern": span},
            "actions": _words(ACTIONS),
            "outputs": _words(OUTPUTS),
            "who": _words(ROLES),
            "consent": {"type": "boolean"},
            "recipe": {"$ref": "#/$defs/recipe"},
            "keep": _keep(),
            "budget": _object(
                {"epsilon": {"type": "number", "minimum": 1e-6}, "delta": {"type": "number", "minimum": 0}},
                required=("epsilon",),
            ),
            "purposes": _named({"$ref": "#/$defs/purpose"}, _NAME),
        }
    )


def _keep() -> dict[str, Any]:
    return _object(
        {
            "classes": _words((*CLASSES, *GROUPS)),
            "metadata": _words(KEEPABLE),
            "fields": {"type": "array", "items": {"type": "string", "pattern": r"^[\w .:/-]{1,100}$"}},
            "max_side": {"type": "integer", "minimum": 16},
            "max_rate": {"type": "number", "minimum": 0.01},
        }
    )


def _recipe() -> dict[str, Any]:
    made = _object(
        {
            "refuse_methods": _words(METHODS),
            "require_hidden": _words((*CLASSES, *GROUPS)),
            "require_verify": _word(("skip", "sample", "full")),
            "require_recall": _word(("fast", "high")),
            "refuse_unsafe": {"type": "boolean"},
            "allow_metadata": _words(KEEPABLE),
            "require_credentials": {"type": "boolean"},
        }
    )
    return {**made, "minProperties": 1}
