"""Certificates of an erasure: what was done, signed by the ledger's key, to be checked without the ledger."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from unseen.core.ledger import canonical
from unseen.ledger.notes import PublicKey, Verify

__all__ = ["SCHEMA", "certificate", "certificate_text", "checked_certificate"]

SCHEMA = "unseen-erasure/1"
#: What is signed begins with this, so that no signature of the ledger is taken for one of a certificate.
_DOMAIN = b"unseen certificate of erasure 1\n"


def certificate(values: Mapping[str, Any], public: PublicKey, sign: Callable[[bytes], bytes]) -> str:
    """Return a certificate as JSON text; `values` hold whole numbers, text, lists and objects alone."""
    whole = {"schema": SCHEMA, **values}
    signature = base64.b64encode(sign(_DOMAIN + canonical(whole))).decode()
    return json.dumps({"certificate": whole, "public_key": str(public), "signature": signature}, indent=1) + "\n"


def checked_certificate(text: str, public: PublicKey, verify: Verify) -> dict[str, Any]:
    """Return what a certificate says; raises ValueError if it is none, or not signed by this key."""
    try:
        words = json.loads(text)
        values, signature = words["certificate"], base64.b64decode(words["signature"], validate=True)
        signed = _DOMAIN + canonical(values)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise ValueError("this is no certificate of an erasure") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise ValueError("this is no certificate of an erasure of this version")
    if not verify(public.key, signature, signed):
        raise ValueError("this certificate was changed, or signed with another key")
    return values


def certificate_text(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a certificate says, a line each."""
    done, ledger = values["done"], values["ledger"]
    yield f"erasure {values['reference']}, {values['began']} to {values['ended']}, by {values['controller']}"
    yield (
        f"{done['deleted']} items deleted, in {done['redacted']} everybody hidden: {done['files']} files, "
        f"{done['sealed']} in a vault, whose keys were destroyed"
    )
    yield (
        f"{done['consents']} consents withdrawn, {done['commitments']} commitments in the ledger made unreadable, "
        f"{done['models']} models flagged to be trained again"
    )
    for each in values["kept"]:
        yield f"{each['count']} {each['kind']} {each['why']}"
    for each in values["recipients"]:
        yield f"handed out at {each['time']} for {each['purpose']}: {each['items']} items; who has them was to be told"
    yield f"in the ledger {ledger['origin']} of {ledger['size']:,} events, root {ledger['root']}"
