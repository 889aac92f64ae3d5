"""Signs labels, and checks that a label is as it was signed and belongs to the file it lies beside."""

from __future__ import annotations

from unseen.core.labels import Label, SignedLabel
from unseen.crypto.keys import Key
from unseen.errors import LabelInvalid

__all__ = ["check_label", "sign_label"]

_DOMAIN = "label"


def sign_label(label: Label, key: Key) -> SignedLabel:
    """Return the label with HMAC-SHA256(key, "label", canonical JSON)."""
    return SignedLabel(label, key.tag(_DOMAIN, label.payload()))


def check_label(signed: SignedLabel, key: Key, item: str) -> Label:
    """Return the label if the key's holder signed it, and for this item; raises LabelInvalid."""
    if not key.fits(_DOMAIN, signed.label.payload(), signed.tag):
        raise LabelInvalid("the label was changed since it was signed, or signed with another key")
    if signed.label.item != item:
        raise LabelInvalid("the label belongs to another file, or the file was changed since it was labelled")
    return signed.label
