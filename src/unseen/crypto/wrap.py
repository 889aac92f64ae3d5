"""Data keys wrapped for one purpose of one item: a wrap that is copied elsewhere opens nothing."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["derived_key", "unwrap", "wrap"]

_NONCE = 12


def derived_key(secret: bytes, *words: str) -> bytes:
    """Return a key of 32 bytes for what the words say, by HKDF-SHA256 (RFC 5869); other words, another key.

    The words are length-prefixed, so that no two lists of them collide.
    """
    return HKDF(SHA256(), 32, None, b"unseen key 1" + _bound(words)).derive(secret)


def wrap(secret: bytes, key: bytes, purpose: str, item: str, generation: str, random: Callable[[int], bytes]) -> bytes:
    """Return a data key encrypted under the purpose's key, bound to purpose, item and generation.

    AES-256-GCM with a random nonce of 12 bytes before it (NIST SP 800-38D; at most 2^32 wraps for one secret and
    purpose); the binding is authenticated data.
    """
    nonce = random(_NONCE)
    cipher = AESGCM(derived_key(secret, "wrap", purpose))
    return nonce + cipher.encrypt(nonce, key, _bound((purpose, item, generation)))


def unwrap(secret: bytes, wrapped: bytes, purpose: str, item: str, generation: str) -> bytes | None:
    """Return the data key, None if this wrap is not of this secret, purpose, item and generation."""
    cipher = AESGCM(derived_key(secret, "wrap", purpose))
    try:
        return cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _bound((purpose, item, generation)))
    except (InvalidTag, ValueError):
        return None


def _bound(words: tuple[str, ...]) -> bytes:
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    return b"".join(len(word).to_bytes(4, "big") + word for word in encoded)
