"""How hard properties are tried: a little in each run, much with `make thorough`."""

from __future__ import annotations

import hypothesis

__all__ = ["examples"]


def examples(times: float) -> hypothesis.settings:
    """Return settings with `times` as many examples as the chosen profile asks for: a decorator."""
    return hypothesis.settings(max_examples=round(times * hypothesis.settings().max_examples))
