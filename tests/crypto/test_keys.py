"""Keys: long enough, never shown, and their tags never meet across domains."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.crypto.keys import MINIMUM_BYTES, Key
from unseen.errors import KeyUnusable

SECRET = bytes(range(32))
KEY = Key(SECRET)


def test_a_tag_is_the_published_hmac_of_domain_and_value() -> None:
    message = b"\x00\x00\x00\x05input" + b"bytes"
    assert KEY.tag("input", b"bytes") == hmac.digest(SECRET, message, "sha256").hex()


def test_hmac_is_that_of_rfc_4231() -> None:
    # Test case 6: a key longer than the block; the domain's prefix is all that this class adds.
    key = Key(b"\xaa" * 131)
    inner = hashlib.sha256(key.secret).digest().ljust(64, b"\0")
    pads = [bytes(b ^ pad for b in inner) for pad in (0x36, 0x5C)]
    message = b"\x00\x00\x00\x00Test Using Larger Than Block-Size Key - Hash Key First"
    by_hand = hashlib.sha256(pads[1] + hashlib.sha256(pads[0] + message).digest()).hexdigest()
    assert key.tag("", message[4:]) == by_hand


@given(st.text(), st.binary(), st.text(), st.binary())
def test_no_two_pairs_of_domain_and_value_share_a_tag(d1: str, v1: bytes, d2: str, v2: bytes) -> None:
    assert (KEY.tag(d1, v1) == KEY.tag(d2, v2)) == ((d1, v1) == (d2, v2))


@given(st.text(min_size=1), st.binary())
def test_a_domain_cannot_be_mistaken_for_the_start_of_a_value(domain: str, value: bytes) -> None:
    moved = domain[-1].encode() + value
    assert KEY.tag(domain, value) != KEY.tag(domain[:-1], moved)
    assert KEY.tag("", domain.encode() + value) != KEY.tag(domain, value)


@given(st.binary(min_size=32, max_size=80), st.binary(min_size=32, max_size=80))
def test_another_key_gives_another_tag(a: bytes, b: bytes) -> None:
    # HMAC pads short keys with zeros, so such keys are the same one.
    if a.rstrip(b"\0") != b.rstrip(b"\0"):
        assert Key(a).tag("input", b"x") != Key(b).tag("input", b"x")


@pytest.mark.parametrize("length", [0, 1, MINIMUM_BYTES - 1])
def test_a_key_that_is_too_short_is_refused_and_not_shown(length: int) -> None:
    with pytest.raises(KeyUnusable, match=f"the key has {length} bytes; make one of at least 32") as caught:
        Key((b"s3cret-" * 9)[:length])
    assert "s3cret" not in str(caught.value)


def test_a_key_of_the_least_length_will_do() -> None:
    assert len(Key(b"k" * MINIMUM_BYTES).tag("", b"")) == 64


@given(st.binary(min_size=32, max_size=64))
def test_the_secret_is_masked_wherever_a_key_is_shown(secret: bytes) -> None:
    key = Key(secret)
    shown = [repr(key), str(key), f"{key}", repr([key]), repr({"key": key})]
    for form in (repr(secret), repr(secret)[2:-1], secret.hex()):
        assert not any(form in text for text in shown)


def test_workers_get_the_same_key() -> None:
    for again in (pickle.loads(pickle.dumps(KEY)), copy.deepcopy(KEY)):
        assert again.tag("input", b"x") == KEY.tag("input", b"x")
        assert again.kept
