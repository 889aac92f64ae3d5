"""Content credentials (C2PA 2.4) in a written file: those that Unseen makes, word for word, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unseen.verify.containers.boxes import Box, foreign_box
from unseen.verify.containers.cbor import Tagged, cbor_value
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader
from unseen.verify.containers.jumbf import Store, read_store

__all__ = ["MAX_STORE", "scan_box", "scan_store"]

#: A store with all regions and a chain of certificates stays far below.
MAX_STORE = 1 << 20
_MOST = 256
_ALGORITHMS = (-7, -8, -35, -36, -37, -38, -39)
_ALGORITHM, _CHAIN = 1, 33
#: Version and flags, the purpose of the box, and no offset of a tree of hashes.
_BOX_HEAD = bytes(4) + b"manifest\0" + bytes(8)
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")

Shape = Any
_HEX = re.compile(r"[0-9a-f]{64}")
_URL = r"self#jumbf=c2pa\.assertions/"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
#: A method, and a strength where it has one.
_LOOK = re.compile(r"(fill|solid|stand-in|mosaic|blur|none)(:\d{1,6}(\.\d{1,6})?)?")
_CLASS = re.compile("face|head|person|plate|text|bicycle|car|motorcycle|bus|truck")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,30}|unknown")


def _digest(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == 32


def _zeros(value: Any) -> bool:
    return isinstance(value, bytes) and not any(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _tenth(value: Any) -> bool:
    """A share of the picture in percent, by tens: what is finer would measure somebody."""
    return isinstance(value, float) and value in range(0, 101, 10)


def _link(label: str) -> Shape:
    return {"url": re.compile(_URL + re.escape(label)), "hash": _digest}


_INGREDIENT, _REDACTION = "c2pa.ingredient.v3", "org.unseen.redaction"
_SPATIAL = {
    "type": "spatial",
    "shape": {
        "type": "rectangle",
        "unit": "percent",
        "origin": {"x": _tenth, "y": _tenth},
        "width": _tenth,
        "height": _tenth,
    },
}
_SECOND = re.compile(r"\d{1,7}")
_TEMPORAL = {"type": "temporal", "time": {"type": "npt", "start": _SECOND, "end": _SECOND}}
#: A tuple stands for exactly these members, a list of one for any number of such, two keys in one for a mapping.
_SHAPES: dict[str, Shape] = {
    _INGREDIENT: {"relationship": "parentOf"},
    "c2pa.actions.v2": {
        "actions": (
            {"action": "c2pa.opened", "parameters": {"ingredients": (_link(_INGREDIENT),)}},
            {
                "action": "c2pa.edited",
                "reason?": "c2pa.PII.present",
                "changes?": [{"region": [(_SPATIAL, _TEMPORAL)]}],
            },
        )
    },
    _REDACTION: {
        "version": 1,
        "policy": _HEX,
        "recipe": _HEX,
        "models": {re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"): _HEX},
        "looks": {_CLASS: _LOOK},
        "by_hand?": {"removed": _whole, "visible": _whole, "added": _whole},
        "verdict": {
            "outcome": re.compile("pass|not-verified"),
            "checked": [_CLASS],
            "unchecked": [_CLASS],
        },
        "ledger?": {"origin": re.compile(r"unseen-ledger/[0-9a-f]{16}"), "size": _whole, "root": _HEX},
    },
}
_DATA_HASH = {
    "exclusions": ({"start": _whole, "length": _whole},),
    "name": "jumbf manifest",
    "alg": "sha256",
    "hash": _digest,
    "pad": _zeros,
}
_BOX_HASH = {
    "exclusions": (
        {"xpath": "/uuid", "data": ({"offset": 8, "value": lambda v: v == _C2PA_UUID},)},
        *({"xpath": path} for path in ("/ftyp", "/mfra", "/free", "/skip")),
    ),
    "alg": "sha256",
    "hash": _digest,
    "name": "jumbf manifest",
}


def scan_store(store: bytes, where: str, place: tuple[int, int] | None) -> Findings:
    """Yield a finding for whatever a store of content credentials holds that Unseen does not write.

    `place` is where the block with the store lies in the file, start <= i < end: those bytes, and no others, are
    left out of the hash over the file. None stands for files of boxes, where a path says it. Raises Malformed.
    """
    if len(store) > MAX_STORE:
        raise Malformed("has credentials larger than any that are written")
    found = read_store(store)
    binding = "c2pa.hash.bmff.v3" if place is None else "c2pa.hash.data"
    shapes = {**_SHAPES, binding: _BOX_HASH if place is None else _DATA_HASH}
    for label in sorted(found.assertions.keys() | shapes.keys()):
        if label not in shapes:
            kind = "thumbnail" if "thumbnail" in label else "c2pa"
            yield Finding(kind, where, "an assertion that is not written")
        elif label not in found.assertions:
            yield Finding("c2pa", where, f"no assertion {label}")
        elif not _fits(found.assertions[label], shapes[label]):
            yield Finding("c2pa", where, f"more or other words in {label} than are written")
    if not _fits(found.claim, _claim(found, shapes)):
        yield Finding("c2pa", where, "more or other words in the claim than are written")
    if not _is_signature(found.signature):
        yield Finding("c2pa", where, "more in the signature than a chain of certificates")
    if place is not None and _left_out(found, binding) != (place[0], place[1] - place[0]):
        yield Finding("slack", where, "bytes beside the credentials that their hash leaves out")


def scan_box(data: bytes, box: Box) -> Findings:
    """Yield a finding for whatever a uuid box in a file of boxes holds beside credentials that Unseen writes."""
    reader = Reader(data, box.start, box.end)
    if reader.take(16) != _C2PA_UUID:
        yield from foreign_box(data, box)
    elif reader.take(len(_BOX_HEAD)) != _BOX_HEAD:
        yield Finding("c2pa", box.where, "credentials with a purpose that is not written")
    else:
        yield from scan_store(reader.take(min(reader.left, MAX_STORE + 1)), box.where, None)


def _claim(store: Store, shapes: Mapping[str, Shape]) -> Shape:
    listed = tuple(_link(label) for label in store.assertions if label in shapes)
    return {
        "instanceID": re.compile(f"xmp.iid:{_UUID}"),
        "claim_generator_info": {"name": "Unseen", "version": _VERSION, "org.contentauth.c2pa_rs": _VERSION},
        "signature": f"self#jumbf=/c2pa/{store.manifest}/c2pa.signature",
        "created_assertions": listed,
        "alg": "sha256",
    }


def _left_out(store: Store, binding: str) -> tuple[int, int] | None:
    value: Any = store.assertions.get(binding)
    if not _fits(value, _DATA_HASH):
        return None
    (gap,) = value["exclusions"]
    return gap["start"], gap["length"]


def _is_signature(signature: Tagged) -> bool:
    """COSE_Sign1 (RFC 9052, 4.2) with its chain under the signature; no time stamp, no revocation, no content."""
    parts = signature.value
    if signature.tag != 18 or not isinstance(parts, list) or len(parts) != 4:
        return False
    protected, unprotected, content, made = parts
    if not isinstance(protected, bytes) or content is not None or not isinstance(made, bytes) or len(made) > 1024:
        return False
    head = cbor_value(protected)
    if not isinstance(head, dict) or head.keys() != {_ALGORITHM, _CHAIN} or head[_ALGORITHM] not in _ALGORITHMS:
        return False
    chain = head[_CHAIN] if isinstance(head[_CHAIN], list) else [head[_CHAIN]]
    if not all(isinstance(each, bytes) and each[:1] == b"\x30" for each in chain):
        return False
    return (
        isinstance(unprotected, dict)
        and unprotected.keys() <= {"pad", "pad2"}
        and all(map(_zeros, unprotected.values()))
    )


def _fits(value: Any, shape: Shape) -> bool:
    """Whether a value has exactly the shape."""
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, Mapping):
        return isinstance(value, dict) and _fits_map(value, shape)
    if isinstance(shape, tuple):
        return isinstance(value, list) and _fits_all(value, shape)
    if isinstance(shape, list):
        return isinstance(value, list) and len(value) <= _MOST and all(_fits_any(each, shape[0]) for each in value)
    if isinstance(shape, Callable):  # type: ignore[arg-type]  # a test of its own
        return bool(shape(value))
    return bool(type(value) is type(shape) and value == shape)


def _fits_any(value: Any, shape: Shape) -> bool:
    """Within a list, a tuple stands for a choice."""
    choices: Sequence[Shape] = shape if isinstance(shape, tuple) else (shape,)
    return any(_fits(value, each) for each in choices)


def _fits_all(values: Sequence[Any], shapes: Sequence[Shape]) -> bool:
    return len(values) == len(shapes) and all(map(_fits, values, shapes))


def _fits_map(value: dict[Any, Any], shape: Mapping[Any, Shape]) -> bool:
    if any(isinstance(key, re.Pattern) for key in shape):
        ((key, inner),) = shape.items()
        return len(value) <= _MOST and all(_fits(name, key) and _fits(each, inner) for name, each in value.items())
    wanted = {key.rstrip("?"): (each, key.endswith("?")) for key, each in shape.items()}
    needed = {key for key, (_, may_lack) in wanted.items() if not may_lack}
    if not needed <= value.keys() <= wanted.keys():
        return False
    return all(_fits(each, wanted[name][0]) for name, each in value.items())
