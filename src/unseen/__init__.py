"""Unseen: privacy by design for vision AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen.api import Redacted, purpose, redact

__all__ = ["Redacted", "purpose", "redact"]


def __getattr__(name: str) -> Any:
    """Load the Python interface when it is first used, so that `import unseen` and `unseen --help` stay quick."""
    if name in __all__:
        from unseen import api

        return getattr(api, name)
    raise AttributeError(f"module 'unseen' has no attribute {name!r}")
