"""JUMBF (ISO/IEC 19566-5) as C2PA lays it out: one manifest with its assertions, its claim and its signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unseen.verify.containers.boxes import Box, boxes
from unseen.verify.containers.cbor import Tagged, cbor_value
from unseen.verify.containers.findings import Malformed, Reader

__all__ = ["Store", "read_store"]

#: The tail of all types of C2PA and JUMBF; four letters before it make a type.
_TAIL = bytes.fromhex("00110010800000aa00389b71")
_MANIFEST = re.compile(r"urn:c2pa:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
#: Requestable, with a label; with a private box besides, which holds salt.
_LABELLED, _SALTED = 0x03, 0x13
_SALT_BYTES = 16
_MOST_ASSERTIONS = 16


@dataclass(frozen=True, slots=True)
class Store:
    """What a store with a single manifest holds: its label, assertions by label, claim, and signature (COSE_Sign1)."""

    manifest: str
    assertions: dict[str, Any]
    claim: Any
    signature: Tagged


def read_store(data: bytes) -> Store:
    """Return the manifest in a store; raises Malformed for anything beside it, as other manifests or pictures."""
    (store,) = _exactly(1, _supers(data, 0, len(data)))
    _, (manifest,) = _opened(data, store, b"c2pa", "c2pa", 1)
    label, inside = _opened(data, manifest, b"c2ma", _MANIFEST, 3)
    _, listed = _opened(data, inside[0], b"c2as", "c2pa.assertions", None)
    claim = _content(data, inside[1], b"c2cl", "c2pa.claim.v2")[1]
    signature = _content(data, inside[2], b"c2cs", "c2pa.signature")[1]
    if not isinstance(signature, Tagged):
        raise Malformed("has a signature that is none")
    assertions: dict[str, Any] = {}
    for box in listed:
        name, value = _content(data, box, b"cbor", None, salted=True)
        if name in assertions:
            raise Malformed("has an assertion twice")
        assertions[name] = value
    return Store(label, assertions, claim, signature)


def _exactly(count: int | None, found: list[Box]) -> list[Box]:
    if len(found) != count if count is not None else not 0 < len(found) <= _MOST_ASSERTIONS:
        raise Malformed("holds other parts than a manifest of ours")
    return found


def _supers(data: bytes, start: int, end: int) -> list[Box]:
    found = list(boxes(data, start, end))
    if any(box.type != b"jumb" for box in found):
        raise Malformed("holds something beside its parts")
    return found


def _opened(
    data: bytes, box: Box, kind: bytes, label: str | re.Pattern[str], count: int | None
) -> tuple[str, list[Box]]:
    """Return the label of a superbox of superboxes, and these."""
    name, rest = _described(data, box, kind, salted=False)
    if not (name == label if isinstance(label, str) else label.fullmatch(name)):
        raise Malformed("holds a part with another name")
    return name, _exactly(count, _supers(data, rest, box.end))


def _content(data: bytes, box: Box, kind: bytes, label: str | None, *, salted: bool = False) -> tuple[str, Any]:
    """Return label and value of a superbox with one box of CBOR."""
    name, rest = _described(data, box, kind, salted=salted)
    inner = list(boxes(data, rest, box.end))
    if len(inner) != 1 or inner[0].type != b"cbor" or (label is not None and name != label):
        raise Malformed("holds a part that is not data, or with another name")
    return name, cbor_value(data[inner[0].start : inner[0].end])


def _described(data: bytes, box: Box, kind: bytes, *, salted: bool) -> tuple[str, int]:
    """Return the label in a superbox's description, and where its content begins."""
    first = next(_headed(data, box), None)
    if first is None or first.type != b"jumd":
        raise Malformed("holds a part without a description")
    reader = Reader(data, first.start, first.end)
    uuid, toggles = reader.take(16), reader.uint(1)
    name, sign, rest = reader.take(reader.left).partition(b"\0")
    if uuid != kind + _TAIL or not sign or not name.isascii():
        raise Malformed("holds a part of another kind")
    if toggles == _SALTED and salted:
        if len(rest) != 8 + _SALT_BYTES or rest[:8] != (8 + _SALT_BYTES).to_bytes(4, "big") + b"c2sh":
            raise Malformed("holds something in a description")
    elif toggles != _LABELLED or rest:
        raise Malformed("holds something in a description")
    return name.decode("ascii"), first.end


def _headed(data: bytes, box: Box) -> Iterator[Box]:
    return boxes(data, box.start, box.end)
