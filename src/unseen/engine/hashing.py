"""How files are named in receipts and compared on resume: keyed commitments, or plain hashes on request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from unseen.crypto.keys import Key

__all__ = ["Hasher"]

_PART = 1 << 20


@dataclass(frozen=True, slots=True)
class Hasher:
    """Commits to bytes: HMAC-SHA256 under a key, or SHA-256 when `plain`.

    A plain hash lets anyone who holds a photo find out that it was in the run; a keyed one only who holds the key.
    """

    key: Key
    plain: bool = False

    def of(self, domain: str, data: bytes) -> str:
        """Return the commitment in hexadecimal; `domain` keeps names, inputs and outputs apart when keyed."""
        return hashlib.sha256(data).hexdigest() if self.plain else self.key.tag(domain, data)

    def of_file(self, domain: str, path: Path) -> str:
        """Return the commitment to a file's bytes, read in parts; raises OSError."""
        with path.open("rb") as file:
            parts = iter(lambda: file.read(_PART), b"")
            if not self.plain:
                return self.key.tag_of(domain, parts)
            made = hashlib.sha256()
            for part in parts:
                made.update(part)
            return made.hexdigest()

    @property
    def identity(self) -> str:
        """What tells later runs whether they can compare: a tag of the key, or "plain"."""
        return "plain" if self.plain else self.key.tag("key-id", b"")[:16]

    @property
    def comparable(self) -> bool:
        """Whether a later run can compare at all."""
        return self.plain or self.key.kept
