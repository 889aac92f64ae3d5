"""Signatures are those of RFC 8032."""

from __future__ import annotations

from unseen.crypto.signing import SigningKey, verify

# RFC 8032, section 7.1, test 3.
_SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
_PUBLIC = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
_MESSAGE = bytes.fromhex("af82")
_SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def test_the_vector_of_the_rfc() -> None:
    key = SigningKey(_SEED)
    assert key.public == _PUBLIC
    assert key.sign(_MESSAGE) == _SIGNATURE
    assert verify(_PUBLIC, _SIGNATURE, _MESSAGE)


def test_what_differs_does_not_verify() -> None:
    assert not verify(_PUBLIC, _SIGNATURE, _MESSAGE + b"x")
    assert not verify(_PUBLIC, _SIGNATURE[:-1], _MESSAGE)
    assert not verify(_PUBLIC, bytes(64), _MESSAGE)
    assert not verify(SigningKey(bytes(32)).public, _SIGNATURE, _MESSAGE)
    assert not verify(b"short", _SIGNATURE, _MESSAGE)


def test_the_key_is_not_shown() -> None:
    assert _SEED.hex() not in repr(SigningKey(_SEED))
    assert repr(_SEED)[2:-1] not in repr(SigningKey(_SEED))
