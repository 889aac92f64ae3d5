"""Ways to damage the bytes of a file, as bad discs, lost packets and half-finished copies do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

__all__ = ["DAMAGES", "Damage", "cut_out", "flipped", "swapped", "truncated", "zeroed"]

#: Returns a file's bytes damaged at places that the generator draws.
Damage = Callable[[bytes, random.Random], bytes]


def truncated(data: bytes, rng: random.Random) -> bytes:
    """Return the beginning of a file."""
    return data[: rng.randrange(1, len(data))]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Return a file with six bits turned over."""
    broken = bytearray(data)
    for _ in range(6):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def zeroed(data: bytes, rng: random.Random) -> bytes:
    """Return a file in which 600 bytes are zeros."""
    start = rng.randrange(len(data))
    return data[:start] + bytes(min(600, len(data) - start)) + data[start + 600 :]


def swapped(data: bytes, rng: random.Random) -> bytes:
    """Return a file in which two blocks of 376 bytes, as two packets of a transport stream, change places."""
    blocks = [data[i : i + 188 * 2] for i in range(0, len(data), 188 * 2)]
    one, other = rng.randrange(len(blocks)), rng.randrange(len(blocks))
    blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"".join(blocks)


def cut_out(data: bytes, rng: random.Random) -> bytes:
    """Return a file that lacks 300 bytes in its midst."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + 300 :]


def _late(change: Damage) -> Damage:
    """Return the damage to all but the first fifth, where the index of most containers is."""

    def damage(data: bytes, rng: random.Random) -> bytes:
        head = len(data) // 5
        return data[:head] + change(data[head:], rng)

    return damage


DAMAGES: Mapping[str, Damage] = {
    "truncated": truncated,
    "flipped": flipped,
    "flipped late": _late(flipped),
    "zeroed": zeroed,
    "zeroed late": _late(zeroed),
    "swapped": _late(swapped),
    "cut out": _late(cut_out),
}
