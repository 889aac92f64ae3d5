"""Scene files: YAML by PyYAML, read strictly, with the line in every error; docs/scene.schema.json describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from unseen.adapters.files_output import write_whole
from unseen.adapters.yaml_nodes import compose
from unseen.core.names import display
from unseen.core.scene import COUNTED, Calibration, Line, Point, Scene, Zone, check_inside
from unseen.errors import UsageError

__all__ = ["SCHEMA", "read_scene", "scene_text", "write_scene"]

#: Name and version of the format, which a file says in its first key.
SCHEMA = "unseen-scene/1"

#: No scene is longer, in bytes.
_MOST_BYTES = 256 * 1024
_KEYS = ("schema", "frame", "lines", "zones", "calibration", "classes")

Made = TypeVar("Made")


def read_scene(path: Path) -> Scene:
    """Read a scene file; raises UsageError that names the file and, where it is known, the line."""
    name = display(path)
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise UsageError(f"{name}: cannot read the scene ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is no text; a scene is a YAML file") from error
    if len(text) > _MOST_BYTES:
        raise UsageError(f"{name}: is too long for a scene; did you name another file?")
    return _Reader(name).scene(text)


def write_scene(scene: Scene, path: Path) -> None:
    """Write a scene file, whole or not at all; raises OutputFailed or UsageError."""
    write_whole(path, [scene_text(scene)], "the scene")


def scene_text(scene: Scene) -> str:
    """Return a scene as the text of a file that `read_scene` reads."""
    lines = [f"schema: {SCHEMA}", f"frame: {{width: {scene.width}, height: {scene.height}}}"]
    if scene.lines:
        lines.append("lines:")
        lines += [f'  - {{name: "{x.name}", from: {_text(x.start)}, to: {_text(x.end)}}}' for x in scene.lines]
    if scene.zones:
        lines.append("zones:")
        lines += [f'  - {{name: "{x.name}", points: {_texts(x.points)}}}' for x in scene.zones]
    if scene.calibration is not None:
        lines += ["calibration:", f"  image: {_texts(scene.calibration.image)}"]
        lines.append(f"  metres: {_texts(scene.calibration.metres)}")
    if scene.classes != COUNTED:
        lines.append(f"classes: [{', '.join(scene.classes)}]")
    return "\n".join(lines) + "\n"


def _text(point: Point) -> str:
    return f"[{point[0]:.10g}, {point[1]:.10g}]"


def _texts(points: Sequence[Point]) -> str:
    return f"[{', '.join(map(_text, points))}]"


class _Reader:
    """Reads one file's nodes; `name` is for messages."""

    def __init__(self, name: str) -> None:
        self._name = name

    def scene(self, text: str) -> Scene:
        import yaml

        try:
            root = compose(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = "" if mark is None else f":{mark.line + 1}"
            raise UsageError(f"{self._name}{where}: no valid YAML ({error.problem}); mend the scene") from error
        except (yaml.YAMLError, RecursionError) as error:
            raise UsageError(f"{self._name}: no valid YAML; mend the scene") from error
        if root is None:
            raise UsageError(f"{self._name}: holds nothing; make a scene with: unseen scene draw")
        parts = self._mapping(root, "the scene", _KEYS, ("schema", "frame"))
        if self._word(parts["schema"]) != SCHEMA:
            raise self._error(parts["schema"], f"schema must be {SCHEMA}")
        frame = self._mapping(parts["frame"], "frame", ("width", "height"), ("width", "height"))
        width, height = (self._whole(frame[side], side) for side in ("width", "height"))
        size = (width, height)
        lines = tuple(self._line(node, size) for node in self._items(parts.get("lines"), "lines"))
        zones = tuple(self._zone(node, size) for node in self._items(parts.get("zones"), "zones"))
        classes = tuple(self._word(node) for node in self._items(parts.get("classes"), "classes")) or COUNTED
        calibration = self._calibration(parts["calibration"], size) if "calibration" in parts else None
        return self._made(root, lambda: Scene(width, height, lines, zones, calibration, classes))

    def _line(self, node: Any, size: tuple[int, int]) -> Line:
        parts = self._mapping(node, "a line", ("name", "from", "to"), ("name", "from", "to"))
        ends = [self._point(parts["from"]), self._point(parts["to"])]
        line = self._made(node, lambda: Line(self._word(parts["name"]), *ends))
        self._made(node, lambda: check_inside(f"line {line.name}", line.points, *size))
        return line

    def _zone(self, node: Any, size: tuple[int, int]) -> Zone:
        parts = self._mapping(node, "a zone", ("name", "points"), ("name", "points"))
        points = self._points(parts["points"])
        zone = self._made(node, lambda: Zone(self._word(parts["name"]), points))
        self._made(node, lambda: check_inside(f"zone {zone.name}", points, *size))
        return zone

    def _calibration(self, node: Any, size: tuple[int, int]) -> Calibration:
        parts = self._mapping(node, "calibration", ("image", "metres"), ("image", "metres"))
        image, metres = (self._points(parts[word]) for word in ("image", "metres"))
        made = self._made(node, lambda: Calibration(image, metres))
        self._made(node, lambda: check_inside("calibration", image, *size))
        return made

    def _mapping(self, node: Any, what: str, known: Sequence[str], needed: Sequence[str]) -> Mapping[str, Any]:
        if node.id != "mapping":
            raise self._error(node, f"{what} must have the keys {', '.join(known)}")
        found: dict[str, Any] = {}
        for key, value in node.value:
            word = key.value if key.id == "scalar" else "?"
            if word not in known or word in found:
                problem = "is there twice" if word in found else f"is unknown; known are {', '.join(known)}"
                raise self._error(key, f"the key {word!r} of {what} {problem}")
            found[word] = value
        missing = [word for word in needed if word not in found]
        if missing:
            raise self._error(node, f"{what} has no {missing[0]}")
        return found

    def _items(self, node: Any, what: str) -> Sequence[Any]:
        if node is None:
            return ()
        if node.id != "sequence":
            raise self._error(node, f"{what} must be a list")
        return tuple(node.value)

    def _points(self, node: Any) -> tuple[Point, ...]:
        return tuple(self._point(each) for each in self._items(node, "points"))

    def _point(self, node: Any) -> Point:
        if node.id != "sequence" or len(node.value) != 2:
            raise self._error(node, "a point must be written as [x, y]")
        return self._number(node.value[0]), self._number(node.value[1])

    def _number(self, node: Any) -> float:
        try:
            if node.id != "scalar":
                raise ValueError
            return float(node.value)
        except ValueError:
            raise self._error(node, "a number is needed here") from None

    def _whole(self, node: Any, what: str) -> int:
        number = self._number(node)
        if not number.is_integer():
            raise self._error(node, f"{what} must be a whole number of pixels")
        return int(number)

    def _word(self, node: Any) -> str:
        if node.id != "scalar":
            raise self._error(node, "a word is needed here")
        return str(node.value)

    def _made(self, node: Any, make: Callable[[], Made]) -> Made:
        try:
            return make()
        except UsageError as error:
            raise self._error(node, str(error)) from None

    def _error(self, node: Any, text: str) -> UsageError:
        return UsageError(f"{self._name}:{node.start_mark.line + 1}: {text}")
