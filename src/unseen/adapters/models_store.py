"""Model files on this machine: the user's folders, the cache, installed packages; and fetching what is pinned."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from unseen.core.catalogue import CATALOGUE, entry_named
from unseen.core.models import ModelEntry, ModelFile, UrlSource, WheelMember
from unseen.errors import ModelCorrupt, ModelUnavailable

__all__ = ["FileModelStore", "sha256_of"]

_CHUNK = 1 << 20


class FileModelStore:
    """Finds and keeps model files; a `unseen.core.ports.ModelStore`.

    `folders` are the user's own (UNSEEN_MODELS), looked through first. `cache` holds what was fetched, and under
    `user/` what the user added. `fetch_wheel` and `fetch_url` return the bytes that a source holds, `installed` the
    path of a wheel's member where that package is installed here. Hashes are computed anew in each process.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path],
        cache: Path,
        fetch_wheel: Callable[[ModelEntry, WheelMember], bytes],
        fetch_url: Callable[[ModelEntry, UrlSource], bytes],
        installed: Callable[[WheelMember], Path | None],
        catalogue: Mapping[str, ModelEntry] = CATALOGUE,
    ) -> None:
        self._folders = tuple(folders)
        self._cache = cache
        self._fetch_wheel = fetch_wheel
        self._fetch_url = fetch_url
        self._installed = installed
        self._catalogue = catalogue
        self._hashes: dict[tuple[str, int, int], str] = {}

    @property
    def catalogue(self) -> Mapping[str, ModelEntry]:
        """The entries that this store knows, by name."""
        return self._catalogue

    @property
    def places(self) -> tuple[tuple[str, Path], ...]:
        """Where files are looked for, in order: what it is, and the folder."""
        own = tuple(("UNSEEN_MODELS", folder) for folder in self._folders)
        return (*own, ("cache, added by the user", self._user_cache), ("cache, fetched", self._cache))

    def find(self, name: str) -> ModelFile | None:
        """Return the file of a catalogue entry, or None if it is not on this machine.

        Raises ModelUnavailable for an unknown name, a folder in UNSEEN_MODELS that is not there or one that may not be
        read, and ModelCorrupt when a file in the cache is no longer what was put there.
        """
        entry = entry_named(name, self._catalogue)
        return self._own(entry) or self._added(entry) or self._fetched(entry) or self._from_package(entry)

    def require(self, name: str) -> ModelFile:
        """Return the file, fetching it from its pinned source if need be; raises ModelUnavailable or ModelCorrupt."""
        return self.find(name) or self.fetch(name)

    def fetch(self, name: str) -> ModelFile:
        """Fetch a pinned file into the cache, over what lies there, and return it.

        The bytes are compared with the pinned hash before anything is kept. Raises ModelUnavailable, with the reason
        of the last source, or ModelCorrupt.
        """
        entry = entry_named(name, self._catalogue)
        refusal = ModelUnavailable(f"{name} is not on this machine and is not downloaded: {entry.how_to_get}")
        for source in entry.sources:
            try:
                data = (
                    self._fetch_wheel(entry, source)
                    if isinstance(source, WheelMember)
                    else self._fetch_url(entry, source)
                )
            except ModelUnavailable as error:
                refusal = error
                continue
            found = hashlib.sha256(data).hexdigest()
            if found != entry.sha256:
                raise ModelCorrupt(
                    f"{name}: what was fetched has SHA-256 {found}, not the pinned one; nothing was kept"
                )
            path = self._cache / entry.filename
            _write(path, data)
            return ModelFile(entry, path, found, "catalogue")
        raise refusal

    def add(self, file: Path, name: str) -> ModelFile:
        """Copy a file of the user's own into the cache under a catalogue name, with its hash, and return it.

        Raises ModelUnavailable when the name is unknown or the file cannot be read.
        """
        entry = entry_named(name, self._catalogue)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ModelUnavailable(f"cannot read {file}: {error.strerror}") from error
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._user_cache / entry.filename
        _write(path, data)
        _write(_record_of(path), json.dumps({"name": name, "sha256": sha256}).encode())
        return ModelFile(entry, path, sha256, _origin(entry, sha256))

    @property
    def _user_cache(self) -> Path:
        return self._cache / "user"

    def _own(self, entry: ModelEntry) -> ModelFile | None:
        """Look in the user's folders; a folder that is not there is a mistake, not an empty folder."""
        for folder in self._folders:
            if not _is(stat.S_ISDIR, folder):
                raise ModelUnavailable(f"UNSEEN_MODELS names {folder}, which is not a folder; correct or unset it")
            path = folder / entry.filename
            if _is(stat.S_ISREG, path):
                sha256 = self._hash(path)
                return ModelFile(entry, path, sha256, _origin(entry, sha256))
        return None

    def _added(self, entry: ModelEntry) -> ModelFile | None:
        path = self._user_cache / entry.filename
        if not _is(stat.S_ISREG, path):
            return None
        sha256 = self._hash(path)
        if sha256 != _recorded_hash(path):
            raise ModelCorrupt(f"{path} is not the file that was added; add it again with `unseen models add`")
        return ModelFile(entry, path, sha256, _origin(entry, sha256))

    def _fetched(self, entry: ModelEntry) -> ModelFile | None:
        path = self._cache / entry.filename
        if entry.sha256 is None or not _is(stat.S_ISREG, path):
            return None
        if self._hash(path) != entry.sha256:
            raise ModelCorrupt(
                f"{path} does not have the pinned SHA-256; run `unseen models pull {entry.name}` to replace it"
            )
        return ModelFile(entry, path, entry.sha256, "catalogue")

    def _from_package(self, entry: ModelEntry) -> ModelFile | None:
        """Use the file of an installed package, of whatever version, if it is the pinned one to the byte."""
        for source in entry.sources:
            path = self._installed(source) if isinstance(source, WheelMember) else None
            if path is not None and entry.sha256 is not None and self._hash(path) == entry.sha256:
                return ModelFile(entry, path, entry.sha256, "catalogue")
        return None

    def _hash(self, path: Path) -> str:
        """Hash a file, once a process for as long as its size and time of change stay the same."""
        try:
            status = path.stat()
            key = (str(path), status.st_size, status.st_mtime_ns)
            if key not in self._hashes:
                self._hashes[key] = sha256_of(path)
            return self._hashes[key]
        except OSError as error:
            raise _unreadable(path, error) from error


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    """Whether something of that kind lies there; raises ModelUnavailable where that cannot be told, because another
    model than the user's own may then be taken."""
    try:
        return kind(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelUnavailable:
    return ModelUnavailable(
        f"cannot look for a model at {path} ({error.strerror}); give this user the right to, or name another folder "
        "in UNSEEN_MODELS (your own models) or XDG_CACHE_HOME (those that were fetched)"
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _origin(entry: ModelEntry, sha256: str) -> Literal["catalogue", "user"]:
    return "catalogue" if sha256 == entry.sha256 else "user"


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _recorded_hash(path: Path) -> str | None:
    try:
        record = json.loads(_record_of(path).read_bytes())
    except (OSError, ValueError):
        return None
    return record.get("sha256") if isinstance(record, dict) else None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, so that two runs may write it at the same time."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise ModelUnavailable(
            f"cannot keep {path.name} in {path.parent}: {error.strerror}; free space or name another folder in "
            "UNSEEN_MODELS and put the file there"
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
