"""Keys from passphrases: Argon2id (RFC 9106), so that guessing costs memory and time."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

__all__ = ["SALT_BYTES", "Cost", "key_from_passphrase"]

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: passes, lanes, and KiB of memory.

    The default is the second recommendation of RFC 9106, section 4. Raises ValueError beyond what a key file may ask
    for: less than 1 pass or 8 KiB a lane, or more than 4 GiB.
    """

    passes: int = 3
    lanes: int = 4
    kib: int = 64 * 1024

    def __post_init__(self) -> None:
        if not (1 <= self.passes <= 64 and 1 <= self.lanes <= 64 and 8 * self.lanes <= self.kib <= 1 << 22):
            raise ValueError("the cost of a passphrase is out of bounds")


def key_from_passphrase(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """Return 32 bytes for a passphrase and a salt of 16 bytes."""
    kdf = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.kib)
    return kdf.derive(passphrase.encode("utf-8", "surrogatepass"))
