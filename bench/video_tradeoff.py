"""Shows what hiding less would cost: who leaks if only what was seen surely is hidden, or smaller boxes are.

    python -m bench.video_tradeoff --data FOLDER [--only street|drawn|persons]

Runs `unseen redact` by its defaults once on each clip, and counts again with what it hid: without the tracks that no
look was sure of, with every box drawn together around its middle, and with labelled tracks alone, as if somebody had
told which these are. Labels and models are those of `bench.video`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.drawn_faces import drawn_clip
from bench.face_labels import face_clip
from bench.metrics import Mask, Shape, Xyxy, shapes_mask
from bench.table import aligned
from bench.unseen_cli import environment_with
from bench.video import FACE_CLIPS
from bench.video_clips import Clip, overlapped, person_clips
from bench.video_metrics import Leaks, leaks_of
from bench.video_runs import folder_of, in_turns
from bench.video_tools import Hidden, regions_of, unseen
from unseen.engine.models import model_store

__all__ = ["Less", "counts_of", "drawn_together", "main", "masks_with"]

#: What covers this share of a label in any frame lies over it.
_OVER = 0.3
_HEADS = ("clips", "tracks seen with", "size", "over-redaction", "tracks leaked", "boxes leaked", "frames leaked")


@dataclass(frozen=True, slots=True)
class Less:
    """A way to hide less: tracks that a look saw with a score of `least` only, boxes of `size` times their sides; and
    where labels may tell it, only `labelled` tracks, which lie over a label in any frame: no tool can know that."""

    least: float = 0.0
    size: float = 1.0
    labelled: bool = False

    @property
    def words(self) -> str:
        """Which tracks stay hidden."""
        return "labelled" if self.labelled else f">= {self.least}" if self.least else "any score"


_TOLD = [Less(size=size, labelled=True) for size in (1.0, 0.95, 0.9, 0.85)]
_FACES = [Less(least, size) for least in (0.0, 0.4, 0.5, 0.6, 0.7, 0.8) for size in (1.0, 0.9)] + _TOLD
_PERSONS = [Less(0.0, size) for size in (1.0, 0.95, 0.9, 0.85, 0.8)] + [Less(0.5), Less(0.7)] + _TOLD


def masks_with(less: Less, frames: Sequence[Sequence[Hidden]], clip: Clip) -> Iterator[Mask]:
    """Yield what is hidden in each frame of a clip, if less of `frames` is."""
    kept = _labelled(frames, clip) if less.labelled else _seen_with(less.least, frames)
    for frame in frames:
        shapes = (region.shape for region in frame if region.track is None or region.track in kept)
        smaller = (Shape(drawn_together(shape.xyxy, less.size), shape.ellipse) for shape in shapes)
        yield shapes_mask(clip.height, clip.width, smaller)


def _seen_with(least: float, frames: Sequence[Sequence[Hidden]]) -> set[int | None]:
    """Return the tracks that a look saw with a score of `least`."""
    return {region.track for frame in frames for region in frame if region.score >= least}


def _labelled(frames: Sequence[Sequence[Hidden]], clip: Clip) -> set[int | None]:
    """Return the tracks that lie over a label in any frame."""
    return {
        region.track
        for frame, labels in zip(frames, clip.frames, strict=True)
        for region in frame
        if any(overlapped(label.xyxy, region.shape.xyxy) >= _OVER for label in labels)
    }


def drawn_together(xyxy: Xyxy, size: float) -> Xyxy:
    """Return a box whose sides are `size` times as long, around the same middle."""
    x1, y1, x2, y2 = xyxy
    across, down = (1 - size) * (x2 - x1) / 2, (1 - size) * (y2 - y1) / 2
    return x1 + across, y1 + down, x2 - across, y2 - down


def _street(data: Path, scratch: Path, environ: Mapping[str, str]) -> list[Clip]:
    return [face_clip(data / "video" / f"{FACE_CLIPS[0]}.mp4", model_store(environ))]


def _drawn(data: Path, scratch: Path, environ: Mapping[str, str]) -> list[Clip]:
    return [drawn_clip(data, scratch / "drawn.mp4")]


def _persons(data: Path, scratch: Path, environ: Mapping[str, str]) -> list[Clip]:
    return person_clips(data / "mot")


_Cells = Iterator[tuple[str, ...]]
_Clips = Callable[[Path, Path, Mapping[str, str]], list[Clip]]
_PARTS: dict[str, tuple[_Clips, Sequence[Less]]] = {
    "street": (_street, _FACES),
    "drawn": (_drawn, _FACES),
    "persons": (_persons, _PERSONS),
}


def _rows(name: str, clips: Iterable[Clip], ways: Sequence[Less], scratch: Path, environ: Mapping[str, str]) -> _Cells:
    runs = [(clip, _hidden(clip, scratch, environ)) for clip in clips]
    for less in ways:
        leaks = [leaks_of(clip, masks_with(less, frames, clip)) for clip, frames in runs]
        yield (
            name,
            less.words,
            f"{less.size:.2f}",
            *counts_of(sum(leaks, Leaks())),
        )


def _hidden(clip: Clip, scratch: Path, environ: Mapping[str, str]) -> list[list[Hidden]]:
    tool = unseen(clip.cls, "auto", verify=True, environ=environ)
    in_turns([tool], clip, 1, scratch, lambda said: print(said, file=sys.stderr, flush=True))
    return regions_of(clip, folder_of(tool, clip, scratch))


def counts_of(leaks: Leaks) -> tuple[str, ...]:
    """Return over-redaction, and the tracks, boxes and frames that leak, as cells of a table."""
    return (
        f"{leaks.beside / leaks.frames:.4f}",
        f"{leaks.leaked_tracks} of {leaks.tracks}",
        f"{leaks.leaked_pairs} of {leaks.pairs}",
        f"{leaks.leaked_frames} of {leaks.shown}",
    )


def main(words: Sequence[str] | None = None) -> int:
    """Print a table for each kind of clips and return 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.video_tradeoff", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with mot/ and video/")
    parser.add_argument("--only", action="append", choices=tuple(_PARTS), help="a part; may be given again")
    args = parser.parse_args(words)
    environ = environment_with(args.data / ".." / "models")
    cells: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="unseen-bench-") as folder:
        for name in dict.fromkeys(args.only or _PARTS):
            clips, ways = _PARTS[name]
            cells += _rows(name, clips(args.data, Path(folder), environ), ways, Path(folder), environ)
    print(aligned(_HEADS, cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
