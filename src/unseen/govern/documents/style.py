"""How documents look, on screen and on paper; nothing is loaded from elsewhere, and nothing runs."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["POLICY", "style"]

#: The page's own content security policy.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@cache
def style(name: str) -> str:
    """Return one of the package's style sheets or drawings."""
    return (files("unseen.govern.documents") / "data" / name).read_text("utf-8")
