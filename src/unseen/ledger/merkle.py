"""The Merkle tree over a ledger's events: hashes and proofs of RFC 6962, checked as RFC 9162 says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_of",
]

#: The root of a tree without leaves (RFC 6962, section 2.1).
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf, SHA-256(0x00 || data): 32 bytes (RFC 6962, section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, SHA-256(0x01 || left || right): 32 bytes (RFC 6962, section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """All that is needed of a tree to go on with it: the roots of its complete subtrees, at most one for each bit.

    `peaks` are 32 bytes each, largest subtree first, as many as `size` has bits that are set; raises ValueError
    otherwise.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or size.bit_count() != len(peaks) or any(len(peak) != 32 for peak in peaks):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks of 32 bytes")
        self.size, self._peaks = size, list(peaks)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves' hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root, lowest first (RFC 6962, section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} among {len(leaves)}")
    proof: list[bytes] = []
    start, stop = 0, len(leaves)
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(root_of(leaves[middle:stop]))
            stop = middle
        else:
            proof.append(root_of(leaves[start:middle]))
            start = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the hashes that show that the first `first` leaves of the tree are all of a former one.

    As RFC 6962, section 2.1.2, says; empty where the trees are the same, or the former is.
    """
    if not 0 <= first <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves was never one of {first}")
    if first in (0, len(leaves)):
        return []
    proof: list[bytes] = []
    start, stop, whole = 0, len(leaves), True
    while first != stop:
        middle = start + _split(stop - start)
        if first <= middle:
            proof.append(root_of(leaves[middle:stop]))
            stop = middle
        else:
            proof.append(root_of(leaves[start:middle]))
            start, whole = middle, False
    # The former tree's root is known to whoever checks, unless the former tree is made of several.
    return [*([] if whole else [root_of(leaves[start:stop])]), *proof[::-1]]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof leads from a leaf to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, at, last = leaf, index, size - 1
    for other in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(other, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, other)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def check_consistency(first: int, second: int, proof: Sequence[bytes], old: bytes, new: bytes) -> bool:
    """Whether a proof shows that the tree of `first` leaves is the start of that of `second` (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and old == new
    if first == 0:
        return not proof and old == EMPTY_ROOT
    path = [old, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_node = new_node = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_node, new_node = node_hash(other, old_node), node_hash(other, new_node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_node = node_hash(new_node, other)
        at, last = at >> 1, last >> 1
    return last == 0 and old_node == old and new_node == new


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return int(1 << (count - 1).bit_length() - 1)
