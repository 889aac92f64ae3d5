"""Edits: what the file may say, what it means, and one line that names the place where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.edits import Added, Edits, KnownTracks, parse_edits
from unseen.core.regions import CLASSES, Box
from unseen.errors import UsageError

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "edits.schema.json").read_text("utf-8"))
KNOWN = KnownTracks(100, 80, 50, {1: "face", 2: "plate"})
ADD = {"class": "face", "frames": [0, 9], "boxes": [[0, 0, 10, 10]]}


def test_edits_of_one_video_are_gathered() -> None:
    parsed = parse_edits({"a.mp4": [{"remove": [3]}, {"visible": [5]}, {"remove": [1, 3]}, {"add": ADD}]})
    edits = parsed["a.mp4"]
    assert (edits.removed, edits.visible, edits.spared) == ((1, 3), (5,), frozenset({1, 3, 5}))
    assert edits.added == (Added("face", 0, 9, (Box(0, 0, 10, 10),), "a.mp4: edit 4: add"),)


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([], "holds no edits"),
        ({"a.mp4": {}}, "a.mp4: must be a list of edits"),
        ({"a.mp4": []}, "a.mp4: must be a list of edits"),
        ({"a.mp4": ["remove"]}, "a.mp4: edit 1: must have exactly one of remove, visible, add"),
        ({"a.mp4": [{"remove": [1], "visible": [2]}]}, "a.mp4: edit 1: must have exactly one of"),
        ({"a.mp4": [{"remove": [1]}, {"removed": [1]}]}, "a.mp4: edit 2: must have exactly one of"),
        ({"a.mp4": [{"remove": 1}]}, "a.mp4: edit 1: remove: must be a list of track numbers"),
        ({"a.mp4": [{"visible": [True]}]}, "a.mp4: edit 1: visible: must be a list of track numbers"),
        ({"a.mp4": [{"visible": [0]}]}, "a.mp4: edit 1: visible: must be a list of track numbers"),
        ({"a.mp4": [{"remove": [4]}, {"visible": [4]}]}, "a.mp4: track 4 is both removed and kept visible"),
        ({"a.mp4": [{"add": {**ADD, "look": "fill"}}]}, "a.mp4: edit 1: add: must have class, frames, boxes"),
        ({"a.mp4": [{"add": {**ADD, "class": "hat"}}]}, 'a.mp4: edit 1: add: unknown class "hat"'),
        ({"a.mp4": [{"add": {**ADD, "class": ["face"]}}]}, 'a.mp4: edit 1: add: unknown class ["face"]'),
        ({"a.mp4": [{"add": {**ADD, "frames": [0]}}]}, "a.mp4: edit 1: add: frames must be"),
        ({"a.mp4": [{"add": {**ADD, "frames": [-1, 3]}}]}, "a.mp4: edit 1: add: frames must be"),
        ({"a.mp4": [{"add": {**ADD, "frames": [9, 3]}}]}, "the first frame, 9, comes after the last one, 3"),
        ({"a.mp4": [{"add": {**ADD, "boxes": []}}]}, "0 boxes for 10 frames"),
        ({"a.mp4": [{"add": {**ADD, "boxes": ADD["boxes"] * 3}}]}, "3 boxes for 10 frames"),  # type: ignore[operator]
        ({"a.mp4": [{"add": {**ADD, "boxes": 5}}]}, "boxes must be a list"),
        ({"a.mp4": [{"add": {**ADD, "boxes": [[0, 0, 1]]}}]}, "box 1 must have four numbers"),
        ({"a.mp4": [{"add": {**ADD, "boxes": [[0, 0, 1, "1"]]}}]}, "box 1 must have four numbers"),
        ({"a.mp4": [{"add": {**ADD, "boxes": [[0, 0, 1, 10**400]]}}]}, "box 1 must have four numbers"),
        ({"a.mp4": [{"add": {**ADD, "boxes": [[5, 0, 5, 9]]}}]}, "box 1 must have x1 < x2"),
        ({"a.mp4": [{"of": 7}, {"remove": [1]}]}, "a.mp4: edit 1: of: must be the digest of tracks"),
        ({"a.mp4": [{"of": ""}, {"remove": [1]}]}, "a.mp4: edit 1: of: must be the digest of tracks"),
        ({"a.mp4": [{"of": "a"}, {"remove": [1]}, {"of": "b"}]}, "a.mp4: edit 3: of: edits are of the tracks of one"),
        ({"a.mp4": [{"of": "a"}]}, "a.mp4: changes nothing"),
        ({"a\n.mp4": []}, "a\\n.mp4: must be a list"),
    ],
)
def test_what_is_not_understood_is_one_line_that_names_the_place(edits: Any, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_edits(edits)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_edits_speak_only_of_what_is_there() -> None:
    def problem(edits: Any) -> str:
        with pytest.raises(UsageError) as error:
            parse_edits({"a.mp4": edits})["a.mp4"].check(KNOWN)
        return str(error.value)

    assert problem([{"remove": [1, 7]}]).startswith("remove: unknown track 7;")
    assert problem([{"visible": [9]}]).startswith("visible: unknown track 9;")
    assert "frame 50 is out of range; the video's last one is 49" in problem([{"add": {**ADD, "frames": [0, 50]}}])
    for box in ([-1, 0, 5, 5], [0, -0.5, 5, 5], [0, 0, 100.5, 5], [0, 0, 5, 81]):
        assert "out of the picture of 100 x 80 pixels" in problem([{"add": {**ADD, "boxes": [box]}}])
    parse_edits({"a.mp4": [{"add": {**ADD, "frames": [0, 49], "boxes": [[0, 0, 100, 80]]}}]})["a.mp4"].check(KNOWN)


def test_a_box_is_held_gone_between_or_given_for_each_frame() -> None:
    one, other = Box(0, 0, 10, 10), Box(40, 20, 60, 40)
    assert [Added("face", 2, 4, (one,)).box_at(f) for f in range(1, 6)] == [None, one, one, one, None]
    moved = Added("face", 2, 4, (one, other))
    assert [moved.box_at(f) for f in range(2, 5)] == [one, Box(20, 10, 35, 25), other]
    each = Added("face", 2, 4, (one, other, one))
    assert [each.box_at(f) for f in range(2, 5)] == [one, other, one]
    assert [Added("face", 2, 3, (one, other)).box_at(f) for f in (2, 3)] == [one, other]


def test_a_receipt_tells_classes_and_numbers() -> None:
    edits = Edits((1,), (2,), (Added("person", 3, 9, (Box(0, 0, 1, 1),)),))
    assert edits.receipt(KNOWN, {}).as_dict() == {
        "counts": {"removed": 1, "visible": 1, "added": 1},
        "removed": {"face": [1]},
        "visible_by_choice": {"plate": [2]},
        "added": [{"track": 3, "class": "person", "first": 3, "last": 9}],
    }


def test_numbers_go_by_the_digest_of_a_run_that_knew_them() -> None:
    """Two tracks were detected; verification of an edited run added a third one, that of another one two more."""
    digests = [("first", 3), ("second", 4), ("third", 6)]

    def problem(of: str, *visible: int) -> str:
        return Edits((), visible, of=of).problem_of(digests)

    assert {problem("first", 1, 2), problem("second", 3), problem("third", 3, 5), problem("first"), problem("")} == {""}
    for of, number in (("first", 3), ("first", 5), ("second", 4)):
        told = f'track {number} is none of those that "of" tells of, {of}; look at the numbers again, and then change '
        assert problem(of, 1, number) == told + "it to third"
    assert '"of" is other, not third' in problem("other", 1)
    assert '{"of": "third"}' in problem("", 1)


def test_schema_knows_the_classes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    add = SCHEMA["additionalProperties"]["items"]["oneOf"][2]["properties"]["add"]
    assert add["properties"]["class"]["enum"] == list(CLASSES)


_numbers = st.lists(st.integers(-1, 5) | st.booleans(), max_size=3)
_boxes = st.lists(st.lists(st.integers(-2, 30) | st.floats(0, 30), min_size=3, max_size=4), max_size=3)
_add = st.fixed_dictionaries(
    {"class": st.sampled_from((*CLASSES, "hat")), "frames": st.lists(st.integers(-1, 9), max_size=3), "boxes": _boxes},
    optional={"more": st.none()},
)
_edit = (
    st.fixed_dictionaries({}, optional={"remove": _numbers, "visible": _numbers})
    | st.fixed_dictionaries({"add": _add})
    | st.none()
)


@given(st.dictionaries(st.text(max_size=3), st.lists(_edit, max_size=3), max_size=2))
def test_what_is_taken_fits_the_published_schema(edits: Any) -> None:
    try:
        parsed = parse_edits(edits)
    except UsageError:
        return
    jsonschema.Draft202012Validator(SCHEMA).validate(edits)
    assert parsed.keys() == edits.keys()


@given(st.lists(st.integers(1, 99), max_size=4), st.lists(st.integers(1, 99), max_size=4))
def test_edits_have_one_digest_whatever_their_order(one: list[int], other: list[int]) -> None:
    def digest(*numbers: list[int]) -> str:
        return parse_edits({"a": [{"remove": [*each, 100]} for each in numbers]})["a"].digest()

    assert digest(one, other) == digest(other, one)
    assert digest(one, other) != digest([101])
