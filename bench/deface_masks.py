"""Writes which pixels deface hides in photos or in a video; run by the Python of deface's own environment.

    python deface_masks.py FOLDER|VIDEO MASKS.npz

deface's own code draws with its default settings on a picture of noise; the pixels that differ afterwards are hidden.
So its clipping, its ellipse and its rounding are measured as they are, and not as they were understood.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
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


def _photos(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield the photos of a folder by file name."""
    for path in sorted(folder.iterdir()):
        yield path.name, imageio.imread(path)


def _frames(video: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield the frames of a video by their number, read as deface reads them."""
    reader: Any = imageio.get_reader(video)
    for i, frame in enumerate(reader.iter_data()):
        yield str(i), frame
    reader.close()


def main(source: Path, target: Path) -> int:
    """Write the masks of the photos of a folder, or the frames of a file: packed to bits, with heights and widths."""
    network = CenterFace(in_shape=None, backend="auto")
    masks: dict[str, NDArray[Any]] = {}
    for name, frame in _photos(source) if source.is_dir() else _frames(source):
        detections, _ = network(frame, threshold=_THRESHOLD)
        mask = _hidden(detections, *frame.shape[:2])
        masks[f"{name}/shape"] = np.asarray(mask.shape)
        masks[f"{name}/bits"] = np.packbits(mask)
    np.savez_compressed(target, **masks)  # type: ignore[arg-type]  # the stubs take them for allow_pickle
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
