"""What the journal keeps of a receipt, so that the report of a later run says the same of a file that is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from unseen.core.receipts import FileReceipt, Verdict, VideoReceipt
from unseen.core.regions import Region
from unseen.errors import UnseenError

__all__ = ["recalled", "remembered"]


@dataclass(frozen=True, slots=True)
class _Said:
    """The parts of a receipt that are of the file and not of the run; no name is among them."""

    width: int
    height: int
    regions: tuple[tuple[Region, ...], ...]
    verdict: Verdict | None
    video: VideoReceipt | None
    credentials: tuple[tuple[str, str], ...] | None


def remembered(receipt: FileReceipt) -> str:
    """Return what is said of a released file, as JSON: a text, because the entries of many files are in memory."""
    # A preview has a name, and the next run knows whether it makes one.
    video = None if receipt.video is None else replace(receipt.video, preview=None)
    credentials = None if receipt.credentials is None else tuple(receipt.credentials.items())
    said = _Said(receipt.width, receipt.height, receipt.regions, receipt.verdict, video, credentials)
    # With names: values alone would be taken for each other where two fields of one kind change their places.
    return json.dumps(asdict(said), separators=(",", ":"))


def recalled(receipt: FileReceipt, past: Mapping[str, object], preview: str | None = None) -> FileReceipt:
    """Return the receipt of a file that an earlier run released, with what its entry in the journal says of it.

    That is nothing where another version of Unseen wrote it. `preview` names the preview that is there.
    """
    receipt = replace(receipt, status="resumed", output_hash=str(past["output"]))
    with suppress(TypeError, ValueError, OverflowError, RecursionError, UnseenError):
        said: _Said = _read(_Said, json.loads(str(past["said"]) if "said" in past else ""))
        return replace(
            receipt,
            width=said.width,
            height=said.height,
            regions=said.regions,
            verdict=said.verdict,
            video=None if said.video is None else replace(said.video, preview=preview),
            credentials=None if said.credentials is None else dict(said.credentials),
        )
    return receipt


def _read(kind: Any, value: Any) -> Any:
    """Return a value of JSON as one of a kind; raises TypeError, ValueError or OverflowError for one of another."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is UnionType:
        (some,) = (each for each in args if each is not NoneType)
        return None if value is None else _read(some, value)
    if origin is Literal:
        if value not in args:
            raise ValueError("an unknown word")
        return value
    if origin is tuple:
        if type(value) is not list:
            raise TypeError("no list")
        kinds = [args[0]] * len(value) if args[1:] == (...,) else args
        return tuple(_read(each, part) for each, part in zip(kinds, value, strict=True))
    if is_dataclass(kind):
        make: Any = kind
        named = _kinds(make)
        if type(value) is not dict or value.keys() != named.keys():
            raise ValueError("other names")
        return make(**{name: _read(each, value[name]) for name, each in named.items()})
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError("another kind of value")
    return value


@cache
def _kinds(kind: Any) -> dict[str, Any]:
    """Return the kinds of a data class's fields by their names."""
    return get_type_hints(kind)
