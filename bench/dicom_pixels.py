"""Measures what is hidden of text planted on real scans, what is hidden without need, and what is left of faces.

    python -m bench.dicom_pixels --data FOLDER [--texts N] [--seed N] [--json FILE]

FOLDER is a folder of DICOM files; a folder `volumes` beside it may hold head volumes with their masks. Text is planted
in several sizes and contrasts, bright and dark, one a file, on scans that hold no text, as they are and with their
values turned (MONOCHROME1). What is written is read again by the verifier's models, and hidden again, as a run does.
Prints one table a question.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.head_volumes import head_rows
from bench.metrics import wilson
from bench.planted_text import Planted, hidden_share, plant, written
from bench.table import aligned
from unseen.core.regions import Box
from unseen.dicom.pixels.clean import clean_pixels, hide_boxes
from unseen.dicom.pixels.findings import PixelRecipe, PixelTools
from unseen.engine.dicom.pixels import open_pixel_tools, pixel_models
from unseen.engine.dicom.reading import open_second_reader, reading_models
from unseen.engine.models import model_store
from unseen.errors import FileError
from unseen.verify.dicom.reading import TextEyes, shown_text

__all__ = ["main"]

#: Scans of the test data in which no text stands, looked at one by one.
_TEXT_FREE = (
    "CT_head_CQ500_j2k",
    "CT_small_GE_private",
    "DX_image",
    "MR_Siemens_CSA_1",
    "MR_Siemens_CSA_3_otherseries",
    "MR_Siemens_dwi_mosaic",
    "MR_Philips_nested_sequences",
    "MR_overlays_icon",
    "bad_sequence_CT",
    "enhanced_CT_2frames",
    "explicit_VR_UN",
    "ts_jpeg_extended_12bit_NM",
    "ts_j2k_lossless",
    "cookie_photo_jpeg",
    "RTDOSE_15frames",
    "SEG_liver_1frame",
    "enhanced_MR_jpegls",
)
_HEIGHTS, _CONTRASTS = (7, 9, 12, 18, 28), (1.0, 0.5, 0.25, 0.12)
_HIDDEN, _ROUNDS = 0.98, 4


def read(path: Path) -> Any:
    """Return a file as a data set."""
    import warnings

    from pydicom import dcmread

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(path, force=True)


def _plain(dataset: Any, values: NDArray[Any], *, turned: bool) -> Any:
    """Return a copy of an image with one uncompressed frame of these values."""
    import copy

    from pydicom.uid import ExplicitVRLittleEndian

    one = copy.deepcopy(dataset)
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.PhotometricInterpretation = "MONOCHROME1" if turned else "MONOCHROME2"
    one.NumberOfFrames = 1
    one.PixelData = values.tobytes()
    one["PixelData"].VR = "OW" if values.dtype.itemsize > 1 else "OB"
    one["PixelData"].is_undefined_length = False
    return one


def _scans(data: Path, tools: PixelTools) -> Iterator[tuple[str, Any, NDArray[Any]]]:
    """Yield the scans that text is planted on: name, data set, values of the first frame."""
    from unseen.dicom.pixels.frames import open_frames
    from unseen.dicom.pixels.layout import layout_of

    for name in _TEXT_FREE:
        path = data / f"{name}.dcm"
        if not path.exists():
            continue
        dataset = read(path)
        layout = layout_of(dataset)
        if layout is None or layout.samples > 1 or min(layout.rows, layout.columns) < 160 or layout.allocated == 1:
            continue
        values = open_frames(dataset, layout, tools.codec).frame(0)
        if _is_image(values):
            yield name, dataset, values


def _is_image(values: NDArray[Any]) -> bool:
    """Whether values are neither all the same nor noise: on either nobody could read what is planted."""
    one, next_one = values[:, :-1].ravel().astype(np.float64), values[:, 1:].ravel().astype(np.float64)
    return bool(np.ptp(one) > 0 and np.corrcoef(one, next_one)[0, 1] > 0.5)


def planted_rows(data: Path, tools: PixelTools, eyes: TextEyes, texts: int, seed: int) -> list[dict[str, Any]]:
    """Plant texts, clean, and return one record a text."""
    rng = random.Random(seed)
    scans = list(_scans(data, tools))
    rows: list[dict[str, Any]] = []
    while len(rows) < texts:
        name, dataset, values = rng.choice(scans)
        text, height, contrast = written(rng), rng.choice(_HEIGHTS), rng.choice(_CONTRASTS)
        dark, turned = rng.random() < 0.3, rng.random() < 0.25
        before = values.copy()
        planted = plant(before, text, height, contrast, dark != turned, rng)
        if planted is None:
            continue
        one = _plain(dataset, before, turned=turned)
        started = time.perf_counter()
        clean_pixels(one, tools, PixelRecipe(), ())
        seconds = time.perf_counter() - started
        share = _share(planted, before, one)
        started = time.perf_counter()
        found = read_again(_plain(dataset, before, turned=turned), one, tools, eyes)
        second = _share(planted, before, one)
        rows.append(
            {"scan": name, "text": text, "height": height, "contrast": contrast, "dark": dark, "turned": turned}
            | {"share": share, "hidden": share >= _HIDDEN, "seconds": seconds}
            | {"share read again": second, "read again": second >= _HIDDEN, "found": found}
            | {"seconds read again": time.perf_counter() - started}
        )
    return rows


def _share(planted: Planted, before: NDArray[Any], one: Any) -> float:
    after = np.frombuffer(one.PixelData, before.dtype)[: before.size].reshape(before.shape)
    return hidden_share(planted, before, after)


def read_again(original: Any, one: Any, tools: PixelTools, eyes: TextEyes) -> int:
    """Read a cleaned data set again and hide what shows, as often as a run does; return how many places there were."""
    found = 0
    for _ in range(_ROUNDS):
        left = shown_text(_saved(original), _saved(one), lambda: eyes, (), "all") or []
        found += len(left)
        if not left:
            break
        boxes: dict[int, list[Box]] = {}
        for each in left:
            boxes.setdefault(each.frame, []).append(each.box)
        hide_boxes(one, tools.codec, boxes)
    return found


def _saved(dataset: Any) -> bytes:
    from pydicom import dcmwrite

    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def untouched_rows(data: Path, tools: PixelTools, eyes: TextEyes) -> list[dict[str, Any]]:
    """Clean scans without text and return what is hidden of each."""
    rows: list[dict[str, Any]] = []
    for name in _TEXT_FREE:
        path = data / f"{name}.dcm"
        if path.exists():
            started, one = time.perf_counter(), read(path)
            try:
                found = clean_pixels(one, tools, PixelRecipe(), ())
            except FileError as error:
                rows.append({"scan": name, "error": str(error)})
                continue
            seconds = time.perf_counter() - started
            again = read_again(read(path), one, tools, eyes)
            rows.append({"scan": name, "frames": found.frames, "changed": len(found.changed)})
            rows[-1] |= {"share": found.hidden_share, "looks": found.looks, "seconds": seconds, "again": again}
    return rows


def _by(rows: Sequence[dict[str, Any]], *keys: str) -> list[tuple[str, ...]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    cells = []
    for group in sorted(groups, reverse=True):
        inside = groups[group]
        hits = [sum(row[which] for row in inside) for which in ("hidden", "read again")]
        shares = [(n / len(inside), *wilson(n, len(inside))) for n in hits]
        told = (f"{share:.3f} ({low:.3f}-{high:.3f})" for share, low, high in shares)
        cells.append((*map(str, group), str(len(inside)), *told))
    return cells


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(prog="bench.dicom_pixels", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    tools = open_pixel_tools(pixel_models(model_store()))
    eyes = open_second_reader(reading_models(model_store()))
    planted = planted_rows(options.data, tools, eyes, options.texts, options.seed)
    clean = untouched_rows(options.data, tools, eyes)
    heads = head_rows(options.data.parent / "volumes")
    print("Text planted: share of texts of which 98 % of the pixels are hidden (95 % interval)")
    for keys in (("contrast",), ("height",), ("dark",), ("turned",), ("scan",)):
        print(aligned((*keys, "texts", "hidden", "read again"), _by(planted, *keys)))
    everything = [dict(row, all="all") for row in planted]
    print(aligned(("of", "texts", "hidden", "read again"), _by(everything, "all")))
    for share, seconds in (("share", "seconds"), ("share read again", "seconds read again")):
        print(f"pixels of all texts hidden ({share}): {np.mean([row[share] for row in planted]):.4f}")
        print(f"{seconds} a frame: median {np.median([row[seconds] for row in planted]):.2f}")
    print("Scans without text")
    heads_of = ("scan", "frames", "changed", "share", "looks", "seconds", "again", "error")
    print(aligned(heads_of, [tuple(_cell(row.get(key, "")) for key in heads_of) for row in clean]))
    if heads:
        print("Head volumes")
        print(aligned(tuple(heads[0]), [tuple(_cell(v) for v in row.values()) for row in heads]))
    if options.json:
        options.json.write_text(json.dumps({"planted": planted, "clean": clean, "heads": heads}, indent=1))
    return 0


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
