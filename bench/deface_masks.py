"""Writes which pixels deface hides in each photo of a folder; run by the Python of deface's own environment.

    python deface_masks.py FOLDER MASKS.npz

deface's own code draws with its default settings on a picture of noise; the pixels that differ afterwards are hidden.
So its clipping, its ellipse and its rounding are measured as they are, and not as they were understood.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
from deface.centerface import CenterFace
from deface.deface import anonymize_frame
from numpy.typing import NDArray

__all__ = ["main"]

# The defaults of deface 1.5.0's command line.
_THRESHOLD, _MASK_SCALE, _METHOD, _MOSAIC = 0.2, 1.3, "blur", 20


def _hidden(detections: Any, height: int, width: int) -> NDArray[np.bool_]:
    before = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    after = before.copy()
    anonymize_frame(
        detections,
        after,
        mask_scale=_MASK_SCALE,
        replacewith=_METHOD,
        ellipse=True,
        draw_scores=False,
        replaceimg=None,
        mosaicsize=_MOSAIC,
    )
    return np.asarray((before != after).any(axis=2))


def main(folder: Path, target: Path) -> int:
    """Write the masks, packed to bits, with their heights and widths."""
    network = CenterFace(in_shape=None, backend="auto")
    masks: dict[str, NDArray[Any]] = {}
    for path in sorted(folder.iterdir()):
        frame = imageio.imread(path)
        detections, _ = network(frame, threshold=_THRESHOLD)
        mask = _hidden(detections, *frame.shape[:2])
        masks[f"{path.name}/shape"] = np.asarray(mask.shape)
        masks[f"{path.name}/bits"] = np.packbits(mask)
    np.savez_compressed(target, **masks)  # type: ignore[arg-type]  # the stubs take them for allow_pickle
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
