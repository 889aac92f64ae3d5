"""Parts of Unseen that need a package which is not always installed."""

from __future__ import annotations

from importlib.util import find_spec

from unseen.errors import UsageError

__all__ = ["need_c2pa", "need_cryptography"]


def need_c2pa() -> None:
    """Raise UsageError, which says how to install it, where what content credentials need is missing."""
    if find_spec("c2pa") is None or find_spec("cryptography") is None:
        raise UsageError('content credentials need c2pa-python: pip install "unseen[govern]"')


def need_cryptography() -> None:
    """Raise UsageError, which says how to install it, where `cryptography` is missing."""
    if find_spec("cryptography") is None:
        raise UsageError('vault and ledger need cryptography: pip install "unseen[govern]"')
