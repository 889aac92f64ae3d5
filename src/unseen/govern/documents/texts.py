"""The sentences of notices and signs, which are data: a file for each language."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from unseen.errors import UsageError

__all__ = ["languages", "texts"]

_PREFIX = "texts-"


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are texts in."""
    names = (each.name for each in (files("unseen.govern.documents") / "data").iterdir())
    return tuple(sorted(n.removeprefix(_PREFIX).removesuffix(".json") for n in names if n.startswith(_PREFIX)))


@cache
def texts(language: str) -> dict[str, Any]:
    """Return the sentences in a language; raises UsageError for one that there are none in."""
    if language not in languages():
        raise UsageError(f"there are no texts in {language!r}; choose from {', '.join(languages())}")
    found = files("unseen.govern.documents") / "data" / f"{_PREFIX}{language}.json"
    values: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return values
