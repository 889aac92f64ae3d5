"""Scene files: what is written is read again, and what is wrong is told in one line with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.scene_yaml import read_scene, scene_text, write_scene
from unseen.core.scene import Calibration, Line, Scene, Zone, parse_calibration, parse_line, parse_zone
from unseen.errors import UsageError

GOOD = """\
schema: unseen-scene/1
frame: {width: 640, height: 480}
lines:
  - {name: gate, from: [0, 240], to: [640, 240]}
zones:
  - name: square
    points: [[0, 0], [100, 0], [100, 100]]
calibration:
  image: [[0, 0], [640, 0], [640, 480], [0, 480]]
  metres: [[0, 0], [8, 0], [8, 6], [0, 6]]
classes: [person, car]
"""
_SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "scene.schema.json").read_text("utf-8"))


def read(tmp_path: Path, text: str) -> Scene:
    path = tmp_path / "scene.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scene(path)


def test_every_part_is_read(tmp_path: Path) -> None:
    scene = read(tmp_path, GOOD)
    assert (scene.size, scene.lines[0].name, scene.lines[0].end) == ("640x480", "gate", (640, 240))
    assert (scene.zones[0].name, len(scene.zones[0].points), scene.classes) == ("square", 3, ("person", "car"))
    assert scene.calibration is not None
    assert scene.calibration.metres[2] == (8, 6)
    jsonschema.Draft202012Validator(_SCHEMA).validate(yaml.safe_load(GOOD))


_points = st.tuples(st.integers(0, 640), st.integers(0, 480))
_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,20}", fullmatch=True)


@given(st.lists(st.tuples(_names, _points, _points), min_size=1, max_size=5, unique_by=lambda each: each[0]))
def test_what_is_written_is_read_again(lines: list[tuple[str, tuple[int, int], tuple[int, int]]]) -> None:
    try:
        scene = Scene(640, 480, tuple(Line(*each) for each in lines))
    except UsageError:
        return
    text = scene_text(scene)
    jsonschema.Draft202012Validator(_SCHEMA).validate(yaml.safe_load(text))
    path = Path("scene.yaml")
    from unseen.adapters.scene_yaml import _Reader

    assert _Reader(str(path)).scene(text) == scene


def test_file_round_trip(tmp_path: Path) -> None:
    scene = read(tmp_path, GOOD)
    write_scene(scene, tmp_path / "again.yaml")
    assert read_scene(tmp_path / "again.yaml") == scene


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("to: [640, 240]", "to: [641, 240]", 4, "line gate has the point 641,240, which is outside of the frame"),
        ("[100, 100]]", "[100, -1]]", 6, "zone square has the point 100,-1, which is outside of the frame"),
        ("[0, 480]]\n", "[0, 481]]\n", 9, "calibration has the point 0,481"),
        ("to: [640, 240]", "to: [0, 240]", 4, "line gate has no length"),
        ("[100, 100]]", "[100, .nan]]", 7, "a number is needed"),
        ("[640, 240]", "[640]", 4, "a point must be written as [x, y]"),
        ("name: gate", "nam: gate", 4, "the key 'nam' of a line is unknown"),
        ("[100, 100]]", "[50, 0]]", 6, "zone square has no area"),
        ("[100, 0], [100, 100]]", "[100, 100], [100, 0], [0, 100]]", 6, "zone square crosses itself"),
        ("[8, 0], [8, 6]", "[8, 0], [16, 0]", 9, "calibration has three points in a row in metres"),
        ("width: 640", "width: 640.5", 2, "width must be a whole number"),
        ("unseen-scene/1", "unseen-scene/2", 1, "schema must be unseen-scene/1"),
        ("[person, car]", "[person, dog]", 1, "classes must be some of"),
        ("frame:", "fram:", 2, "the key 'fram' of the scene is unknown"),
        ("lines:\n", "lines: [\n", None, "no valid YAML"),
        (GOOD, "- a\n", 1, "the scene must have the keys"),
        (GOOD, "", None, "holds nothing"),
        ("zones:", "lines:", 5, "the key 'lines' of the scene is there twice"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, old: str, new: str, line: int | None, told: str) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert told in message
    assert "\n" not in message
    if line is not None and "a number is needed" not in told:
        assert f"scene.yaml:{line}:" in message


def test_nothing_to_count_and_doubles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a line nor a zone"):
        read(tmp_path, "schema: unseen-scene/1\nframe: {width: 640, height: 480}\n")
    with pytest.raises(UsageError, match="two lines are called a"):
        Scene(640, 480, (Line("a", (0, 0), (9, 9)), Line("a", (0, 0), (9, 0))))


def test_what_is_no_scene_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the scene"):
        read_scene(tmp_path / "none.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is no text"):
        read_scene(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("a: " + "[" * 1_500)
    with pytest.raises(UsageError, match="no valid YAML"):
        read_scene(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("a" * 300_000)
    with pytest.raises(UsageError, match="too long"):
        read_scene(tmp_path / "a.yaml")


def test_scene_fits_pictures_of_its_shape_only() -> None:
    scene = Scene(640, 480, (Line("a", (0, 240), (640, 240)),), (Zone("b", ((0, 0), (100, 0), (100, 100))),))
    twice = scene.scaled(1280, 960)
    assert (twice.lines[0].end, twice.zones[0].points[2]) == ((1280, 480), (200, 200))
    with pytest.raises(UsageError, match="made for 640x480 and the pictures are 480x640"):
        scene.scaled(480, 640)


def test_words_of_the_command_line() -> None:
    assert parse_line("gate:0,240,640,240") == Line("gate", (0, 240), (640, 240))
    assert parse_zone("a b:0,0,10,0,10,10.5").points[2] == (10, 10.5)
    assert parse_calibration("0,0,9,0,9,9,0,9:0,0,1,0,1,1,0,1") == Calibration(
        ((0, 0), (9, 0), (9, 9), (0, 9)), ((0, 0), (1, 0), (1, 1), (0, 1))
    )
    for bad in ("gate", "gate:1,2,3", "gate:1,2,3,x", "ga/te:0,0,9,9", ":0,0,9,9", "a:0,0,inf,9"):
        with pytest.raises(UsageError):
            parse_line(bad)
    for bad in ("a:0,0,9,9,9", "a:0,0,9,9"):
        with pytest.raises(UsageError):
            parse_zone(bad)
    for bad in ("", "1,2:3", "0,0,9,0,9,9,0,9", "0,0,9,0,9,9,0,9:0,0,1,0,2,0,0,1"):
        with pytest.raises(UsageError):
            parse_calibration(bad)
