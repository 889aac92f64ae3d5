"""What two families of models see in every frame of a clip, at twice its size and below.

    python -m bench.face_sightings VIDEO...

makes what is not in .bench/ yet, which is slow (some 3 CPU seconds a frame of 720p). The families are YuNet and
MediaPipe's full-range model, at other scales and thresholds than those that Unseen finds or verifies with.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.adapters.detect.blazeface import SIDE, BlazeFaceDetector
from unseen.adapters.detect.views import ViewsDetector
from unseen.adapters.detect.yunet import YuNetDetector
from unseen.adapters.runtimes import open_network
from unseen.adapters.video_av import open_video
from unseen.core.models import ModelFile
from unseen.core.ports import Detector, ModelStore
from unseen.core.regions import Box, Detection
from unseen.engine.models import model_store

__all__ = ["FAMILIES", "LEAST", "SCALES", "main", "sightings"]

FAMILIES = ("yunet", "mediapipe-full-range")
#: Each family looks at a frame at these multiples of its size; large faces are found in the smaller ones.
SCALES = (2.0, 1.0, 0.5, 0.25)
#: What is kept: far less than what counts, so that the rule of labels can be told from what was seen.
LEAST = 0.3
_TILE, _OVERLAP = {"yunet": 1536, "mediapipe-full-range": SIDE}, {"yunet": 0.15, "mediapipe-full-range": 0.25}
_FOLDER = Path(__file__).parents[1] / ".bench" / "labels"


@dataclass(frozen=True, slots=True)
class _Recipe:
    """All that the sightings depend on besides the clip."""

    models: tuple[str, ...]
    scales: tuple[float, ...] = SCALES
    least: float = LEAST
    tiles: tuple[int, ...] = tuple(_TILE.values())
    overlaps: tuple[float, ...] = tuple(_OVERLAP.values())

    def key(self, clip: Path) -> str:
        return hashlib.sha256(clip.read_bytes() + repr(self).encode()).hexdigest()[:24]


def sightings(clip: Path, store: ModelStore, folder: Path = _FOLDER) -> list[list[Detection]]:
    """Return what both families see in each frame, in pixels of the stored frame, from the folder or made now.

    A detection's `model` is its family. A face that is seen at several scales is there as often.
    """
    files = [store.require(name) for name in FAMILIES]
    target = folder / f"{_Recipe(tuple(file.sha256 for file in files)).key(clip)}.jsonl"
    if not target.is_file():
        print(f"{clip.name}: looking for faces at twice the size, once ...", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        _look(clip, files, partial)
        partial.replace(target)
    return [[_detection(*seen) for seen in json.loads(line)] for line in target.read_text("utf-8").splitlines()]


def _detection(family: str, score: float, *corners: float) -> Detection:
    return Detection("face", Box(*corners), score, family)


def _look(clip: Path, files: Sequence[ModelFile], target: Path) -> None:
    detectors = [_detector(file, scale) for file in files for scale in SCALES]
    with open_video(clip, clip.name) as reader, target.open("w", encoding="utf-8") as lines:
        for frame in reader:
            image = reader.to_rgb(frame)
            seen = [
                [d.model, round(d.score, 4), *(round(v, 2) for v in d.box.xyxy)]
                for detector in detectors
                for d in detector.detect([image])[0]
            ]
            print(json.dumps(seen), file=lines, flush=True)


def _detector(file: ModelFile, scale: float) -> Detector:
    network = open_network(file)
    inner: Detector = (
        YuNetDetector(network, file, LEAST) if file.name == "yunet" else BlazeFaceDetector(network, file, LEAST)
    )
    return ViewsDetector(inner, lambda _: (scale,), tile=_TILE[file.name], overlap=_OVERLAP[file.name])


def main(words: Sequence[str]) -> int:
    """Make the sightings of the clips that are named."""
    for word in words:
        found = sightings(Path(word), model_store(os.environ))
        print(f"{word}: {len(found)} frames, {sum(map(len, found))} sightings")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
