"""Heads as signed notes: text that people can keep, print and mail, and that other tools can check.

The format is that of C2SP: signed-note and tlog-checkpoint, https://c2sp.org/tlog-checkpoint, as the Go checksum
database and Sigstore's logs use it, with Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from unseen.core.ledger import Head

__all__ = ["PublicKey", "Verify", "head_text", "key_id", "open_head", "public_key_from", "signed_head"]

#: Says whether a signature (64 bytes) is that of a message: verify(public key, signature, message).
Verify = Callable[[bytes, bytes, bytes], bool]

_ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")
_DASH = "— "  # The dash is part of the format.


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs: the ledger's name (`origin`) and its Ed25519 key of 32 bytes."""

    origin: str
    key: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.origin) or len(self.key) != 32:
            raise ValueError("a public key has a name without spaces and plus signs, and 32 bytes")

    def __str__(self) -> str:
        """Return it as signed-note's verifier keys are written: name+hash+base64."""
        data = base64.b64encode(_ED25519 + self.key).decode()
        return f"{self.origin}+{key_id(self).hex()}+{data}"


def key_id(public: PublicKey) -> bytes:
    """Return the 4 bytes that name a key in a signature line."""
    return sha256(public.origin.encode() + b"\n" + _ED25519 + public.key).digest()[:4]


def public_key_from(text: str) -> PublicKey:
    """Return the key that `str(PublicKey)` wrote; raises ValueError."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise ValueError("a public key is written name+hash+base64")
    try:
        data = base64.b64decode(parts[2], validate=True)
    except binascii.Error as error:
        raise ValueError("a public key is written name+hash+base64") from error
    if data[:1] != _ED25519:
        raise ValueError("this public key is of another kind than Ed25519")
    public = PublicKey(parts[0], data[1:])
    if key_id(public).hex() != parts[1]:
        raise ValueError("this public key was damaged: its hash is another")
    return public


def head_text(head: Head) -> str:
    """Return what is signed: three lines, origin, size, root."""
    return f"{head.origin}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"


def signed_head(head: Head, public: PublicKey, sign: Callable[[bytes], bytes]) -> str:
    """Return a head as a signed note."""
    text = head_text(head)
    signature = base64.b64encode(key_id(public) + sign(text.encode())).decode()
    return f"{text}\n{_DASH}{public.origin} {signature}\n"


def open_head(note: str, public: PublicKey, verify: Verify) -> Head:
    """Return the head of a signed note; signatures of others, as witnesses add them, are passed over.

    Raises ValueError if it is no head, of another ledger, or not signed by this key.
    """
    text, gap, lines = note.replace("\r\n", "\n").rpartition("\n\n")
    text += "\n"
    parts = text.split("\n")
    if not gap or len(parts) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,15}", parts[1], re.ASCII):
        raise ValueError("this is no head of a ledger")
    if parts[0] != public.origin:
        raise ValueError("this head is of another ledger, or the public key is")
    for line in lines.splitlines():
        name, _, signature = line.removeprefix(_DASH).rpartition(" ")
        data = _decoded(signature)
        if name == public.origin and data[:4] == key_id(public) and verify(public.key, data[4:], text.encode()):
            return Head(parts[0], int(parts[1]), _root(parts[2]))
    raise ValueError("this head has no signature of the ledger's key")


def _root(text: str) -> bytes:
    root = _decoded(text)
    if len(root) != 32:
        raise ValueError("this is no head of a ledger")
    return root


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
