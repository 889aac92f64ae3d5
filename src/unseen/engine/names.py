"""Where each output goes: the input's tree mirrored, names kept or made pseudonyms, no two alike."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from unseen.adapters.files_output import OWN
from unseen.adapters.files_tree import Item
from unseen.core.formats import FORMATS, LABEL_ENDING, VIDEO_OUTPUTS, VIDEOS, is_video
from unseen.core.names import collision_key, display
from unseen.core.receipts import FileReceipt
from unseen.crypto.keys import Key
from unseen.crypto.pseudonym import pseudonym

__all__ = ["Placed", "place", "preview_places"]

_ENDINGS = frozenset(f".{ending}" for known in (FORMATS, VIDEOS) for endings in known.values() for ending in endings)
#: Bytes of the longest name that common file systems take.
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry of the input with its place.

    `below` is its path below the output folder; `name` names it to the person at the terminal; `label` stands for it in
    whatever is kept, and is the same unless files are renamed; `problem` says why it cannot be done, "" when it can.
    """

    item: Item
    below: Path
    name: str
    label: str
    problem: str

    def told(self, text: str) -> str:
        """Return an error that starts with the label, once."""
        return text if text.startswith(f"{self.label}: ") else f"{self.label}: {text}"

    def named(self, receipt: FileReceipt) -> FileReceipt:
        """Return the receipt with the name that the person at the terminal knows, where the record has another one."""
        if self.name == self.label:
            return receipt
        return replace(receipt, input=self.name, error=receipt.error and receipt.error.replace(self.label, self.name))


def place(
    items: Iterable[Item], *, format: str | None, rename: bool, key: Key, inputs: Iterable[Path] = ()
) -> Iterator[Placed]:
    """Yield each item with its place.

    A second file whose place would fall together with an earlier one's, on any common file system, gets a problem, and
    so does one that is converted where another keeps its name; and one whose place lies in one of the `inputs`, folders
    that lie below the output folder themselves.
    """
    placed, names = list[Placed](), list[Path]()
    for item in items:
        names.append(_pseudonymous(item.relative, key) if rename else item.relative)
        name = display(item.relative if item.relative.name else item.path)
        below = _with_format(names[-1], format) if item.fate == "redact" else names[-1]
        placed.append(Placed(item, below, name, display(names[-1]) if rename else name, item.note))
    taken: dict[str, Placed] = {}
    kept = {OWN: f"{OWN}, which is Unseen's own folder", **{collision_key(path): "the input" for path in inputs}}
    for converted in (False, True):
        for number, (each, before) in enumerate(zip(placed, names, strict=True)):
            if each.item.fate == "redact" and (each.below != before) == converted:
                placed[number] = replace(each, problem=_clash(each, taken, kept))
    yield from placed


def preview_places(placed: Sequence[Placed]) -> dict[Path, Path]:
    """Return the place of each video's preview by the video's own: NAME.preview.mp4, with a number where an output or
    another preview is called so, and NAME cut where the whole would be too long for a file system."""
    outputs = [each.below for each in placed if each.item.fate == "redact"]
    taken = {collision_key(path) for below in outputs for path in (below, *below.parents)}
    places: dict[Path, Path] = {}
    for below in outputs:
        if not is_video(below.name) or below in places:
            continue
        names = (_cut(below.stem, f".preview{f'-{n}' if n > 1 else ''}.mp4") for n in count(1))
        free = (each for name in names if collision_key(each := below.with_name(name)) not in taken)
        places[below] = next(free)
        taken.add(collision_key(places[below]))
    return places


def _cut(stem: str, ending: str) -> str:
    """Return a file name that is short enough, as its label's is."""
    while len(os.fsencode(stem + ending + LABEL_ENDING)) > _LONGEST:
        stem = stem[:-1]
    return stem + ending


def _clash(each: Placed, taken: dict[str, Placed], kept: Mapping[str, str]) -> str:
    """Return why a place cannot be had, or "" and take it."""
    key = collision_key(each.below)
    for above in (each.below, *each.below.parents):
        if collision_key(above) in kept:
            return f"would be written into {kept[collision_key(above)]}; rename it or choose another -o"
    if key in taken:
        other = taken[key]
        source = other.label if other.label != each.label else "one of another source that is called so"
        return f"would be written over the output of another input, {source}; rename one"
    taken[key] = each
    return ""


def _pseudonymous(relative: Path, key: Key) -> Path:
    # Folder names may name people as well, so the whole path becomes one name; an ending that is no photo's may too.
    ending = relative.suffix.lower()
    return Path(pseudonym(key, "file-name", relative.as_posix()) + (ending if ending in _ENDINGS else ""))


def _with_format(path: Path, format: str | None) -> Path:
    if is_video(path.name):
        known = path.suffix.lstrip(".").lower() in VIDEO_OUTPUTS
        return path if known else path.with_name(f"{path.stem}.{VIDEO_OUTPUTS[0]}")
    if format is None or path.suffix.lstrip(".").lower() in FORMATS[format]:
        return path
    return path.with_name(f"{path.stem}.{FORMATS[format][0]}")
