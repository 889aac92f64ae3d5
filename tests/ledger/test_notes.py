"""Signed heads in the format of C2SP's notes: read by others, and refused when anything differs."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.ledger import Head
from unseen.crypto.signing import SigningKey, verify
from unseen.ledger.notes import PublicKey, key_id, open_head, public_key_from, signed_head

# The example in the documentation of Go's golang.org/x/mod/sumdb/note.
_GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
_GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

KEY = SigningKey(bytes(32))
PUBLIC = PublicKey("unseen-ledger/test", KEY.public)
HEAD = Head(PUBLIC.origin, 1234, bytes(range(32)))
NOTE = signed_head(HEAD, PUBLIC, KEY.sign)


def test_a_key_of_another_tool_is_read_and_its_signature_checks() -> None:
    public = public_key_from(_GO_KEY)
    data = base64.b64decode(_GO_SIGNATURE)
    assert str(public) == _GO_KEY
    assert data[:4] == key_id(public)
    assert verify(public.key, data[4:], _GO_TEXT.encode())


def test_a_head_comes_back() -> None:
    assert open_head(NOTE, PUBLIC, verify) == HEAD
    assert open_head(NOTE.replace("\n", "\r\n"), PUBLIC, verify) == HEAD


def test_the_signature_of_a_witness_does_not_disturb() -> None:
    witness = SigningKey(b"w" * 32)
    line = signed_head(HEAD, PublicKey("witness", witness.public), witness.sign).splitlines()[-1]
    text, _, own = NOTE.partition("\n\n")
    assert open_head(f"{text}\n\n{line}\n{own}", PUBLIC, verify) == HEAD
    with pytest.raises(ValueError, match="no signature of the ledger's key"):
        open_head(f"{text}\n\n{line}\n", PUBLIC, verify)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="ascii", exclude_characters="\r"))
def test_no_letter_of_a_head_can_be_changed(place: int, letter: str) -> None:
    changed = NOTE[:place] + letter + NOTE[place + 1 :]
    try:
        found = open_head(changed, PUBLIC, verify)
    except ValueError:
        return
    # What is not signed, as the spare bits of base64 and the line's end, may differ; what it says may not.
    assert found == HEAD


def test_a_head_of_another_ledger_is_refused() -> None:
    other = PublicKey("unseen-ledger/other", KEY.public)
    with pytest.raises(ValueError, match="of another ledger"):
        open_head(NOTE, other, verify)


@pytest.mark.parametrize(
    "note", ["", "\n", "a\n\nb", "\n\n\n\n", NOTE.replace("1234", "01234"), NOTE.replace("1234", "-1")]
)
def test_what_is_no_head_is_refused(note: str) -> None:
    with pytest.raises(ValueError, match="this "):
        open_head(note, PUBLIC, verify)


@pytest.mark.parametrize(
    "text", ["", "a+b", "name+00000000+AQ==", str(PUBLIC)[:-4] + "AAA=", str(PUBLIC).replace("test", "text"), "a+b+!"]
)
def test_a_damaged_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        public_key_from(text)


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="another kind"):
        public_key_from("name+00000000+" + base64.b64encode(b"\x04" + bytes(32)).decode())
