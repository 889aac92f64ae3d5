"""Names and numbers that do not tell who: keyed, so that nobody can guess them back."""

from __future__ import annotations

from unseen.crypto.keys import Key

__all__ = ["pseudonym", "pseudonym_uid"]

_LENGTH = 32
_VERSION, _VARIANT = 8, 2


def pseudonym(key: Key, domain: str, value: str) -> str:
    """Return a stable name of 32 hexadecimal digits (128 bits) for a value: HMAC(key, domain, value), shortened."""
    # Names that are no Unicode hold lone surrogates; passing them on as they are keeps different names apart.
    return key.tag(domain, value.encode("utf-8", "surrogatepass"))[:_LENGTH]


def pseudonym_uid(key: Key, value: bytes) -> str:
    """Return a stable DICOM UID for a UID: 2.25 and a UUID (PS3.5 B.2; version 8, RFC 9562) made of its HMAC."""
    number = int(key.tag("dicom-uid", value)[:_LENGTH], 16)
    number = number & ~(0xF << 76) | _VERSION << 76
    number = number & ~(0x3 << 62) | _VARIANT << 62
    return f"2.25.{number}"
