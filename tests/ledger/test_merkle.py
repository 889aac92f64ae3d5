"""The Merkle tree: the vectors of RFC 6962's reference implementation, and what holds for every tree."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)

# Certificate Transparency's test data, as in its reference implementation and in every log since.
_DATA = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_LEAVES = [leaf_hash(data) for data in _DATA]
_INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
_CONSISTENCY = {
    (1, 1): [],
    (1, 8): _INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}

sizes = st.integers(min_value=1, max_value=70)


def _leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % i) for i in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert root_of(_LEAVES[:size]).hex() == _ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize(("place", "path"), _INCLUSION.items())
def test_inclusion_proofs_are_those_of_the_reference(place: tuple[int, int], path: list[str]) -> None:
    index, size = place
    assert [node.hex() for node in inclusion_proof(_LEAVES[:size], index)] == path


@pytest.mark.parametrize(("sizes", "path"), _CONSISTENCY.items())
def test_consistency_proofs_are_those_of_the_reference(sizes: tuple[int, int], path: list[str]) -> None:
    assert [node.hex() for node in consistency_proof(_LEAVES[: sizes[1]], sizes[0])] == path


@given(sizes, st.data())
def test_every_leaf_can_be_proved_and_no_other(size: int, data: st.DataObject) -> None:
    leaves = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    assert check_inclusion(leaves[index], index, size, proof, root)
    assert not check_inclusion(leaf_hash(b"other"), index, size, proof, root)
    for wrong in {-1, size, (index + 1) % size} - {index}:
        assert not check_inclusion(leaves[index], wrong, size, proof, root)
    assert not check_inclusion(leaves[index], index, size, [*proof, root], root)
    if proof:
        assert not check_inclusion(leaves[index], index, size, proof[:-1], root)


@given(sizes, st.data())
def test_every_former_tree_can_be_proved_and_no_other(size: int, data: st.DataObject) -> None:
    leaves = _leaves(size)
    first = data.draw(st.integers(0, size))
    proof, old, new = consistency_proof(leaves, first), root_of(leaves[:first]), root_of(leaves)
    assert check_consistency(first, size, proof, old, new)
    assert not check_consistency(first, size, proof, leaf_hash(b"old"), new)
    assert not check_consistency(first, size, [*proof, old], old, new)
    if first:
        assert not check_consistency(first, size, proof, old, leaf_hash(b"new"))
    if proof:
        assert not check_consistency(first, size, proof[1:], old, new)
        assert not check_consistency(first - 1, size, proof, old, new)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_tree_goes_on_from_its_peaks_alone(before: int, after: int) -> None:
    leaves = _leaves(before + after)
    first = Frontier()
    for leaf in leaves[:before]:
        first.add(leaf)
    second = Frontier(first.size, first.peaks)
    for leaf in leaves[before:]:
        second.add(leaf)
    assert (second.size, second.root()) == (before + after, root_of(leaves))


@pytest.mark.parametrize(("size", "peaks"), [(1, []), (2, [b"x" * 32, b"y" * 32]), (1, [b"short"]), (-1, [])])
def test_peaks_that_do_not_fit_the_size_are_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="peaks of 32 bytes"):
        Frontier(size, peaks)


def test_a_leaf_cannot_be_mistaken_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(_leaves(3), index)
    with pytest.raises(ValueError, match="was never one of"):
        consistency_proof(_leaves(3), -1 if index < 0 else 4)
