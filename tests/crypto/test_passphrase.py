"""Keys from passphrases are Argon2id's, and cost what they should."""

from __future__ import annotations

import pytest

from unseen.crypto.passphrase import Cost, key_from_passphrase


def test_the_vector_of_the_reference_implementation() -> None:
    # phc-winner-argon2, test.c: Argon2id, version 0x13, t=2, m=2^8, p=1.
    made = key_from_passphrase("password", b"somesalt", Cost(passes=2, lanes=1, kib=256))
    assert made.hex() == "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"


def test_the_default_is_the_second_recommendation_of_rfc_9106() -> None:
    assert (Cost().passes, Cost().lanes, Cost().kib) == (3, 4, 64 * 1024)


@pytest.mark.parametrize("words", [(0, 4, 65536), (3, 0, 65536), (3, 4, 31), (3, 4, 1 << 23), (1 << 20, 4, 65536)])
def test_a_cost_that_a_hostile_key_file_asks_for_is_refused(words: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        Cost(*words)
