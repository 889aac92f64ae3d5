"""Names that do not tell who: keyed, so that nobody can guess them back."""

from __future__ import annotations

from unseen.crypto.keys import Key

__all__ = ["pseudonym"]

_LENGTH = 32


def pseudonym(key: Key, domain: str, value: str) -> str:
    """Return a stable name of 32 hexadecimal digits (128 bits) for a value: HMAC(key, domain, value), shortened."""
    # Names that are no Unicode hold lone surrogates; passing them on as they are keeps different names apart.
    return key.tag(domain, value.encode("utf-8", "surrogatepass"))[:_LENGTH]
