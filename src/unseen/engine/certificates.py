"""Checks certificates of erasures under the public key of the ledger that signed them."""

from __future__ import annotations

from pathlib import Path

from unseen.core.names import display
from unseen.crypto.signing import verify
from unseen.engine.ledger import read_public_key
from unseen.errors import LedgerBroken, UnreadableInput
from unseen.govern.certificate import certificate_text, checked_certificate

__all__ = ["check_certificate"]

_LIMIT = 16 << 20


def check_certificate(path: Path, key: Path) -> list[str]:
    """Return what a certificate says, a line each; raises LedgerBroken for one that was not signed so."""
    public = read_public_key(key)
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
    except OSError as error:
        raise UnreadableInput(f"{display(path)}: cannot be read ({error.strerror}); check the name") from error
    try:
        values = checked_certificate(data.decode(), public, verify)
        return [f"signed by {public.origin}, and as it was signed", *certificate_text(values)]
    except (ValueError, KeyError, TypeError) as error:
        reason = error if type(error) is ValueError else "this is no certificate of an erasure"
        raise LedgerBroken(f"{display(path)}: {reason}") from error
