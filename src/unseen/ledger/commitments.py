"""Personal words as salted commitments: they bind who made them, and tell nothing once the salt is gone."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["SALT_BYTES", "commitment", "opens"]

SALT_BYTES = 32


def commitment(salt: bytes, field: str, value: str) -> str:
    """Return HMAC-SHA256(salt, field, value) in 64 hexadecimal digits; the field is length-prefixed.

    With a random salt of 32 bytes that is kept apart, the value can be shown to be the one that was meant; once the
    salt is deleted, a value cannot even be guessed and tried. Raises ValueError for another length.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    name = field.encode()
    text = value.encode("utf-8", "surrogatepass")
    return hmac.digest(salt, len(name).to_bytes(4, "big") + name + text, hashlib.sha256).hex()


def opens(made: str, salt: bytes, field: str, value: str) -> bool:
    """Whether a commitment is that of this field and value, with this salt."""
    return hmac.compare_digest(made, commitment(salt, field, value))
