"""What the journal keeps of a receipt comes back as it was, and what cannot be understood says nothing."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from unseen.core.looks import Look
from unseen.core.receipts import (
    EditsReceipt,
    FaintReceipt,
    FileReceipt,
    Minimised,
    TrackReceipt,
    Verdict,
    VideoReceipt,
)
from unseen.core.regions import Box, Region
from unseen.engine.remembered import recalled, remembered

_TRACK = TrackReceipt(3, "face", 0, 9, 0.0, 0.36, 8, 2, 1, 0.875, "seen once")
_VIDEO = VideoReceipt(
    frames=10,
    seconds=0.4,
    tracks=(_TRACK, replace(_TRACK, number=4)),
    whole=1,
    looked=5,
    checked=4,
    problems=("time stamps were mended",),
    dropped=("sound",),
    edits=EditsReceipt(((1, "face"),), ((2, "plate"),), ((5, "head", 0, 3),), ((1, 0.0, 0.25),)),
    minimised=Minimised((640, 480), (320, 240), 25.0, 12.5, 5),
    tracks_digest="abc",
    faint=(FaintReceipt(9, "face", 0.0, 0.4, 6, 0.25, (0, 9), (1, 2, 3, 4)),),
    faint_more=2,
)
_REGION = Region("face", Box(1, 2, 30.5, 40), Look("mosaic", 6, "ellipse"), 0.75, "yunet", "verification", 7)
_RECEIPT = FileReceipt(
    "a.mp4",
    "released",
    output_hash="h",
    width=640,
    height=480,
    regions=((_REGION,), (), (_REGION, _REGION)),
    verdict=Verdict("pass", ("face",), ("plate",), 2, 1, "said"),
    video=_VIDEO,
    credentials={"manifest": "m", "certificate_sha256": "c"},
)
_BARE = FileReceipt("a.mp4", "released")


@pytest.mark.parametrize("receipt", [_RECEIPT, replace(_BARE, output_hash="h"), replace(_RECEIPT, video=None)])
def test_a_receipt_comes_back_as_it_was(receipt: FileReceipt) -> None:
    again = recalled(_BARE, {"output": "h", "said": remembered(receipt)})
    assert again == replace(receipt, status="resumed")


def test_fields_are_known_by_their_names_whatever_their_order_is() -> None:
    said = remembered(_RECEIPT)
    turned = json.dumps(json.loads(said, object_pairs_hook=lambda pairs: dict(reversed(pairs))), separators=(",", ":"))
    assert turned != said
    assert recalled(_BARE, {"output": "h", "said": turned}) == recalled(_BARE, {"output": "h", "said": said})


def test_the_name_of_a_preview_is_not_kept_but_told_where_there_is_one() -> None:
    said = remembered(replace(_RECEIPT, video=replace(_VIDEO, preview="Anna.preview.mp4")))
    assert "Anna" not in said
    video = recalled(_BARE, {"output": "h", "said": said}, "b.preview.mp4").video
    assert video == replace(_VIDEO, preview="b.preview.mp4")


def _broken() -> list[object]:
    whole = json.loads(remembered(_RECEIPT))
    (region, *_), *_ = whole["regions"]
    changes: list[dict[str, object]] = [
        {"width": "640"}, {"height": None}, {"regions": [[["face"]]]}, {"regions": {"a": 1}}, {"name": "a.mp4"},
        {"verdict": whole["verdict"] | {"outcome": "unknown word"}}, {"video": [1, 2]}, {"credentials": {"a": 1}},
        {"regions": [[region | {"box": dict.fromkeys(region["box"], 5)}]]},
        {"regions": [[region | {"box": {"x1": 5}}]]}, {"regions": [[region | {"score": 10**400}]]},
    ]  # fmt: skip
    parts: list[object] = [{"width": 1}, [*whole.values()], *(whole | change for change in changes)]
    return ["", "[", "[" * 5000, 7, None, *map(json.dumps, parts)]


@pytest.mark.parametrize("said", _broken())
def test_what_cannot_be_understood_says_nothing(said: object) -> None:
    assert recalled(_BARE, {"output": "h", "said": said}) == replace(_BARE, status="resumed", output_hash="h")


def test_an_entry_of_an_earlier_version_says_nothing() -> None:
    assert recalled(_BARE, {"output": "h"}) == replace(_BARE, status="resumed", output_hash="h")


def test_every_part_of_a_receipt_is_kept_or_is_known_to_the_run() -> None:
    of_the_run = {"input", "status", "output", "error", "input_hash", "output_hash", "seconds", "label"}
    kept = {"width", "height", "regions", "verdict", "video", "credentials"}
    assert {each.name for each in fields(FileReceipt)} == of_the_run | kept
