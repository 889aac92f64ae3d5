"""Where each output goes: the input's tree mirrored, names kept or made pseudonyms, no two alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from unseen.adapters.files_tree import Item
from unseen.core.names import collision_key, display
from unseen.core.photos import FORMATS
from unseen.crypto.keys import Key
from unseen.crypto.pseudonym import pseudonym

__all__ = ["Placed", "place"]

#: An item, its path below the output folder, and why it cannot have it ("" when it can).
Placed = tuple[Item, Path, str]


def place(items: Iterable[Item], *, format: str | None, rename: bool, key: Key) -> Iterator[Placed]:
    """Yield each item with its output path below the output folder.

    A second item whose name would fall together with an earlier one, on any common file system, gets a reason instead
    of a place.
    """
    taken: dict[str, Path] = {}
    target = _pseudonymous(key) if rename else _kept
    for item in items:
        path = _with_format(target(item.relative), format)
        earlier = taken.setdefault(collision_key(path), item.relative) if item.fate == "redact" else item.relative
        clash = (
            "" if earlier == item.relative else f"would be written over the output of {display(earlier)}; rename one"
        )
        yield item, path, clash


def _kept(relative: Path) -> Path:
    return relative


def _pseudonymous(key: Key) -> Callable[[Path], Path]:
    def named(relative: Path) -> Path:
        # Folder names may name people as well, so the whole path becomes one name.
        return Path(pseudonym(key, "file-name", relative.as_posix()) + relative.suffix.lower())

    return named


def _with_format(path: Path, format: str | None) -> Path:
    if format is None or path.suffix.lstrip(".").lower() in FORMATS[format]:
        return path
    return path.with_name(f"{path.stem}.{FORMATS[format][0]}")
