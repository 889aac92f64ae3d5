"""Try a model file out before it is taken in: does it run, and are its outputs those of its family."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import numpy as np

from unseen.adapters.onnx_file import notes
from unseen.core.models import ModelFile
from unseen.core.ports import Network
from unseen.errors import ModelCorrupt, UnseenError

__all__ = ["check_model"]

Shapes = tuple[tuple[int, ...], ...]
_COCO = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


def _centerface(shapes: Shapes) -> bool:
    return shapes == ((1, 1, 16, 16), (1, 2, 16, 16), (1, 2, 16, 16), (1, 10, 16, 16))


def _blazeface(shapes: Shapes) -> bool:
    return sorted(shapes) == [(1, 2304, 1), (1, 2304, 16)]


def _yunet(shapes: Shapes) -> bool:
    return [shape[-1:] for shape in shapes] == [(size,) for size in (1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10)]


def _db(shapes: Shapes) -> bool:
    return shapes == ((1, 1, 64, 64),)


def _svtr(shapes: Shapes) -> bool:
    return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][2] > 10


def _yolo(shapes: Shapes) -> bool:
    return shapes in {((1, 300, 6),), ((1, 84, 8400),)}


def _print(shapes: Shapes) -> bool:
    return len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][0] == 1 and shapes[0][1] >= 64


#: Family -> the input it is tried with (batch, channels and so on), and what the shapes of its outputs must satisfy.
_FAMILIES: Mapping[str, tuple[tuple[int, ...], str, Callable[[Shapes], bool]]] = {
    "centerface": ((1, 3, 64, 64), "maps of 1, 2, 2 and 10 channels at a quarter of the size", _centerface),
    "blazeface": ((1, 192, 192, 3), "[1,2304,16] and [1,2304,1]", _blazeface),
    "yunet": ((1, 3, 64, 64), "twelve outputs: class, object, box and points at three scales", _yunet),
    "db": ((1, 3, 64, 64), "one map as large as the input", _db),
    "svtr": ((1, 3, 48, 64), "[1, steps, characters]", _svtr),
    "sface": ((1, 3, 112, 112), "one embedding of 64 numbers or more", _print),
    "mobilefacenet": ((1, 3, 112, 112), "one embedding of 64 numbers or more", _print),
    "yolo": ((1, 3, 640, 640), "[1,300,6] or [1,84,8400]", _yolo),
}


def check_model(model: ModelFile, network: Network) -> None:
    """Run an empty picture through `network`, opened on `model`; raises ModelCorrupt unless it answers as it should."""
    shape, wanted, fits = _FAMILIES[model.entry.family]
    try:
        outputs = network.run(np.zeros(shape, dtype=np.float32))
    except (ValueError, UnseenError) as error:
        raise ModelCorrupt(f"{model.path.name} cannot serve as {model.name}: {error}") from error
    shapes = tuple(output.shape for output in outputs)
    if not fits(shapes):
        found = ", ".join(str(list(shape)) for shape in shapes)
        raise ModelCorrupt(f"{model.path.name} cannot serve as {model.name}: its output is {found}, wanted {wanted}")
    if model.entry.family == "yolo":
        _check_classes(model)


def _check_classes(model: ModelFile) -> None:
    """Hold the class names that exporters note against COCO's: another order would hide the wrong things."""
    noted = notes(model.path.read_bytes()).get("names")
    if noted is None:
        return
    try:
        names = ast.literal_eval(noted)
        wrong = [index for index, name in _COCO.items() if names[index] != name]
    except (ValueError, SyntaxError, LookupError, TypeError, MemoryError, RecursionError):
        wrong = list(_COCO)
    if wrong:
        raise ModelCorrupt(
            f"{model.path.name} cannot serve as {model.name}: its classes are not COCO's (person, bicycle, car ...)"
        )
