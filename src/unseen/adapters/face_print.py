"""Numbers that tell faces apart: found, turned upright by their eyes, nose and mouth, and embedded by a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, Network
from unseen.core.regions import Box
from unseen.errors import ModelCorrupt

__all__ = ["FacePrinter", "FamilyOfPrints", "family_of"]

_SIDE = 112
_STRIDE = 4
#: The side, in pixels, at which a face is looked at for its points, and how much around it is cut out with it.
_LOOK, _AROUND = 128, 0.5
#: Where eyes, nose and corners of the mouth (x, y) lie in a picture of 112 x 112 that such networks are trained on.
#: Source: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, and its code.
_PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)


@dataclass(frozen=True, slots=True)
class FamilyOfPrints:
    """From which cosine on two faces match; both families take RGB from 0 to 255, and scale it themselves."""

    threshold: float


#: MobileFaceNet's threshold was measured here (docs/guide/rights.md); SFace's is the one that its makers state.
_FAMILIES: Mapping[str, FamilyOfPrints] = {
    "mobilefacenet": FamilyOfPrints(0.40),
    "sface": FamilyOfPrints(0.363),
}


def family_of(model: ModelFile) -> FamilyOfPrints:
    """Return how a model is used."""
    return _FAMILIES[model.entry.family]


class FacePrinter:
    """Finds the faces of a picture and returns an embedding of length 1 for each.

    `faces` finds them; `points` is CenterFace's network, which also gives eyes, nose and mouth; `prints` the network
    that embeds. Raises ModelCorrupt where an output has another shape.
    """

    def __init__(self, faces: Detector, points: Network, prints: Network, model: ModelFile, least: float = 0.5) -> None:
        self._faces, self._points, self._prints, self._model, self._least = faces, points, prints, model, least
        self._family = family_of(model)

    @property
    def threshold(self) -> float:
        """The cosine from which two faces count as one person's."""
        return self._family.threshold

    def of(self, image: Rgb8) -> list[tuple[Box, NDArray[np.float64]]]:
        """Return each face of a picture (RGB) with its embedding; what is no clear face is left out."""
        boxes = [d.box for d in self._faces.detect([image])[0] if d.score >= self._least]
        upright = [(box, self._upright(image, box)) for box in boxes]
        return [(box, self._embedded(face)) for box, face in upright if face is not None]

    def _embedded(self, face: Rgb8) -> NDArray[np.float64]:
        outputs = self._prints.run(np.ascontiguousarray(face.astype(np.float32).transpose(2, 0, 1)[None]))
        if len(outputs) != 1 or outputs[0].ndim != 2 or not np.isfinite(outputs[0]).all():
            raise ModelCorrupt(f"{self._model.path.name} does not answer as {self._model.name} does; add another file")
        made = outputs[0][0].astype(np.float64)
        return np.asarray(made / max(float(np.linalg.norm(made)), 1e-12), np.float64)

    def _upright(self, image: Rgb8, box: Box) -> Rgb8 | None:
        """Cut a face out, turned and scaled so that its points lie where the network wants them."""
        import cv2

        points = self._found_points(image, box)
        if points is None:
            return None
        turn = _similarity(points, _PLACES)
        return np.asarray(cv2.warpAffine(image, turn, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR), np.uint8)

    def _found_points(self, image: Rgb8, box: Box) -> NDArray[np.float64] | None:
        """Return eyes, nose and mouth of the face in a box, shape (5, 2), in the picture's pixels."""
        import cv2

        side = max(box.width, box.height)
        zoom = _LOOK / side
        x, y = (at - side * (0.5 + _AROUND) for at in box.middle)
        size = round(_LOOK * (1 + 2 * _AROUND) / 32) * 32
        move = np.array([[zoom, 0, -x * zoom], [0, zoom, -y * zoom]], np.float64)
        crop = cv2.warpAffine(image, move, (size, size), flags=cv2.INTER_LINEAR)
        maps = self._points.run(np.ascontiguousarray(crop.astype(np.float32).transpose(2, 0, 1)[None]))
        cells = size // _STRIDE
        if [each.shape for each in maps] != [(1, n, cells, cells) for n in (1, 2, 2, 10)]:
            raise ModelCorrupt("the network that finds faces gives no points; get centerface again")
        heat, scale, offset, marks = (each[0] for each in maps)
        row, column = (int(v) for v in np.unravel_index(int(np.argmax(heat[0])), heat[0].shape))
        if heat[0, row, column] < 0.3:
            return None
        height, width = (np.exp(np.minimum(scale[:, row, column], 20.0)) * _STRIDE).tolist()
        top = (row + float(offset[0, row, column]) + 0.5) * _STRIDE - height / 2
        left = (column + float(offset[1, row, column]) + 0.5) * _STRIDE - width / 2
        raw = marks[:, row, column].astype(np.float64).reshape(5, 2)
        return np.stack([(raw[:, 1] * width + left) / zoom + x, (raw[:, 0] * height + top) / zoom + y], axis=1)


def _similarity(points: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn, scale and shift (2, 3) that bring points nearest to places, by least squares.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    a, b = points - points.mean(axis=0), places - places.mean(axis=0)
    u, sizes, vt = np.linalg.svd(b.T @ a / len(a))
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    turn = u @ np.diag(signs) @ vt
    scale = float(sizes @ signs) / max(float((a**2).sum() / len(a)), 1e-12)
    return np.concatenate([scale * turn, (places.mean(axis=0) - scale * turn @ points.mean(axis=0))[:, None]], axis=1)
