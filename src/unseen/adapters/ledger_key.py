"""The key that signs a ledger: a file that only its owner can read, and beside it the public key to hand out."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from unseen.adapters.private_files import place_new, stage_private
from unseen.core.names import display
from unseen.core.ports import Signer
from unseen.crypto.signing import SEED_BYTES, SigningKey
from unseen.crypto.wrap import derived_key
from unseen.errors import KeyUnusable
from unseen.ledger.notes import PublicKey

__all__ = ["LedgerKey", "load_ledger_key", "make_ledger_key"]

_KIND = "unseen ledger key 1"


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """Signs a ledger's rows and heads; `spool_key` authenticates what its processes hand each other."""

    signer: Signer
    public: PublicKey
    spool_key: bytes


def load_ledger_key(path: Path) -> LedgerKey:
    """Return the key in a file; raises KeyUnusable if it is missing, damaged or readable by others."""
    try:
        if os.name != "nt" and path.stat().st_mode & 0o077:
            raise KeyUnusable(f"{display(path)}: other users can read the key; say: chmod 600 {display(path)}")
        words = json.loads(path.read_bytes())
        if words["kind"] != _KIND:
            raise ValueError("another kind of file")
        seed, origin = bytes.fromhex(words["seed"]), str(words["origin"])
        if len(seed) != SEED_BYTES:
            raise ValueError("a seed of another length")
        return _key(seed, origin)
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot read the ledger's key ({error.strerror}); restore it") from error
    except (ValueError, TypeError, KeyError) as error:
        raise KeyUnusable(f"{display(path)}: is no key of a ledger; restore it from a backup") from error


def make_ledger_key(path: Path) -> LedgerKey:
    """Return a fresh key that has been written to a file, or the one that another process wrote first."""
    seed, origin = secrets.token_bytes(SEED_BYTES), f"unseen-ledger/{secrets.token_hex(8)}"
    data = json.dumps({"kind": _KIND, "origin": origin, "seed": seed.hex()}, indent=1).encode()
    try:
        with contextlib.suppress(FileExistsError):
            place_new(stage_private(path, [data]), path)
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot write the ledger's key ({error.strerror})") from error
    key = load_ledger_key(path)
    path.with_suffix(".pub").write_text(f"{key.public}\n", encoding="utf-8")
    return key


def _key(seed: bytes, origin: str) -> LedgerKey:
    signer = SigningKey(seed)
    return LedgerKey(signer, PublicKey(origin, signer.public), derived_key(seed, "ledger spool"))
