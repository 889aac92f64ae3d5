"""Commitments to bytes: keyed by domain, or plain on request."""

from __future__ import annotations

import hashlib
import pickle

from unseen.crypto.keys import Key
from unseen.engine.hashing import Hasher

_KEY = Key(bytes(range(32)))


def test_plain_hash_is_sha_256_whatever_the_domain() -> None:
    hasher = Hasher(_KEY, plain=True)
    assert hasher.of("input", b"x") == hasher.of("output", b"x") == hashlib.sha256(b"x").hexdigest()
    assert hasher.identity == "plain"


def test_keyed_hash_keeps_domains_and_keys_apart() -> None:
    one, other = Hasher(_KEY), Hasher(Key(bytes(32)))
    found = {h.of(domain, b"x") for h in (one, other) for domain in ("input", "output")}
    assert len(found | {hashlib.sha256(b"x").hexdigest()}) == 5
    assert one.identity != other.identity


def test_identity_tells_nothing_of_the_key() -> None:
    assert len(Hasher(_KEY).identity) == 16
    assert Hasher(_KEY).identity not in _KEY.secret.hex()


def test_runs_can_be_compared_under_a_kept_key_or_plain_hashes_only() -> None:
    assert Hasher(_KEY).comparable
    assert Hasher(Key(bytes(32), kept=False), plain=True).comparable
    assert not Hasher(Key(bytes(32), kept=False)).comparable


def test_hasher_can_be_sent_to_a_worker() -> None:
    assert pickle.loads(pickle.dumps(Hasher(_KEY))) == Hasher(_KEY)
