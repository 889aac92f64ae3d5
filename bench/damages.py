"""Ways to damage the bytes of a file, as bad discs, lost packets and half-finished copies do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

__all__ = ["DAMAGES", "Damage"]

#: Returns a file's bytes damaged at places that the generator draws.
Damage = Callable[[bytes, random.Random], bytes]


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(6):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _zeroed(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + bytes(min(600, len(data) - start)) + data[start + 600 :]


def _swapped(data: bytes, rng: random.Random) -> bytes:
    blocks = [data[i : i + 188 * 2] for i in range(0, len(data), 188 * 2)]
    one, other = rng.randrange(len(blocks)), rng.randrange(len(blocks))
    blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"".join(blocks)


def _cut_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + 300 :]


def _late(change: Damage) -> Damage:
    """Return the damage to all but the first fifth, where the index of most containers is."""

    def damage(data: bytes, rng: random.Random) -> bytes:
        head = len(data) // 5
        return data[:head] + change(data[head:], rng)

    return damage


DAMAGES: Mapping[str, Damage] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "flipped late": _late(_flipped),
    "zeroed": _zeroed,
    "zeroed late": _late(_zeroed),
    "swapped": _late(_swapped),
    "cut out": _late(_cut_out),
}
