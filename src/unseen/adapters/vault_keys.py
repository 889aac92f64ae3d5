"""A vault's key file: the key-encryption secrets, under the master key; replaced at each rotation, never kept twice."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from unseen.adapters.master_keys import MasterKey
from unseen.adapters.private_files import force_names, place_new, stage_private
from unseen.core.ledger import canonical
from unseen.core.names import display
from unseen.crypto.wrap import derived_key
from unseen.errors import KeyUnusable, UsageError

__all__ = ["VaultKeys", "make_vault_keys", "open_vault_keys"]

_KIND = "unseen vault key 1"
_SECRET = 32
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Held:
    """What is under the master key: the secrets by generation; two while a rotation is under way."""

    index: bytes = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    current: str
    following: str | None = None


class VaultKeys:
    """The secrets that wraps are made with; the master key stays in memory to write the file anew.

    A generation is one secret. A rotation has two steps: `begin` adds the next one, and once no wrap needs the old one,
    `finish` writes a file without it, and overwrites the file that held it.
    """

    def __init__(self, path: Path, unlock: Mapping[str, Any], vault: str, master: bytes) -> None:
        self._path, self._unlock, self.vault = path, dict(unlock), vault
        self._cipher = AESGCM(derived_key(master, "vault key file"))
        self._held: _Held | None = None

    @property
    def _now(self) -> _Held:
        return self._held if self._held is not None else self.reload()

    @property
    def index(self) -> bytes:
        """The secret behind the names under which items are kept; it stays the same."""
        return self._now.index

    @property
    def current(self) -> str:
        """The generation that wraps are made with."""
        return self._now.current

    @property
    def following(self) -> str | None:
        """The next generation while a rotation is under way."""
        return self._now.following

    def secret(self, generation: str) -> bytes | None:
        """Return the secret of a generation, None if it was destroyed."""
        return self._now.secrets.get(generation)

    def both(self) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
        """Return the current and the next generation with their secrets; raises KeyError outside a rotation."""
        now = self._now
        following = now.following or ""
        return (now.current, now.secrets[now.current]), (following, now.secrets[following])

    def start(self) -> None:
        """Write the first file; raises UsageError if there is one."""
        generation = secrets.token_hex(8)
        held = _Held(secrets.token_bytes(_SECRET), {generation: secrets.token_bytes(_SECRET)}, generation)
        try:
            place_new(self._written(held), self._path)
        except FileExistsError as error:
            raise UsageError(f"{display(self._path)}: is there already; name another key file, or move it") from error
        self._held = held

    def begin(self) -> str:
        """Add the next generation, durably, and return it."""
        generation, now = secrets.token_hex(8), self._now
        self._replace(
            _Held(now.index, {**now.secrets, generation: secrets.token_bytes(_SECRET)}, now.current, generation)
        )
        return generation

    def finish(self) -> None:
        """Make the next generation the only one, and destroy the old one."""
        now = self._now
        if now.following is not None:
            self._replace(_Held(now.index, {now.following: now.secrets[now.following]}, now.following))

    def reload(self) -> _Held:
        """Read the file again, as another process may have rotated; raises KeyUnusable."""
        words = _read(self._path)
        try:
            nonce, box = bytes.fromhex(words["nonce"]), bytes.fromhex(words["box"])
            inner = json.loads(self._cipher.decrypt(nonce, box, self._bound()))
        except InvalidTag as error:
            raise KeyUnusable(
                f"{display(self._path)}: does not open; the passphrase or master key is another one"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise KeyUnusable(f"{display(self._path)}: is damaged; restore it from a backup") from error
        made = {generation: bytes.fromhex(secret) for generation, secret in inner["secrets"].items()}
        self._held = _Held(bytes.fromhex(inner["index"]), made, inner["current"], inner["following"])
        return self._held

    def _bound(self) -> bytes:
        return canonical({"kind": _KIND, "unlock": self._unlock, "vault": self.vault})

    def _written(self, held: _Held) -> Path:
        """Write a file beside the one there is, durably, and return its name."""
        inner = canonical(
            {
                "current": held.current,
                "following": held.following,
                "index": held.index.hex(),
                "secrets": {generation: secret.hex() for generation, secret in held.secrets.items()},
            }
        )
        nonce = secrets.token_bytes(_NONCE)
        box = self._cipher.encrypt(nonce, inner, self._bound())
        words = {"kind": _KIND, "vault": self.vault, "unlock": self._unlock, "nonce": nonce.hex(), "box": box.hex()}
        try:
            return stage_private(self._path, [json.dumps(words, indent=1).encode() + b"\n"])
        except OSError as error:
            raise KeyUnusable(
                f"{display(self._path)}: cannot be written ({error.strerror}); free some space"
            ) from error

    def _replace(self, held: _Held) -> None:
        """Replace the file in one step, then overwrite the one that was there, as far as the disk lets one."""
        part = self._written(held)
        try:
            with contextlib.ExitStack() as stack:
                # Windows replaces no file that is open; what was there cannot be overwritten on it.
                old = None if os.name == "nt" else stack.enter_context(self._path.open("r+b", buffering=0))
                part.replace(self._path)
                force_names(self._path.parent)
                if old is not None:
                    _overwrite(old)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise KeyUnusable(f"{display(self._path)}: cannot be replaced ({error.strerror}); check it") from error
        self._held = held


def _overwrite(file: IO[bytes]) -> None:
    """Write over a file that has no name any more; its successor is in place, so nothing depends on it."""
    with contextlib.suppress(OSError):
        file.write(secrets.token_bytes(os.fstat(file.fileno()).st_size))
        os.fsync(file.fileno())


def make_vault_keys(path: Path, by: str, sources: Mapping[str, MasterKey]) -> VaultKeys:
    """Write the key file of a new vault, whose master key comes `by` one of `sources`; raises UsageError."""
    if path.exists():
        raise UsageError(f"{display(path)}: is there already; name another key file, or move it")
    vault = secrets.token_hex(8)
    master, noted = _source(by, sources).new(vault)
    keys = VaultKeys(path, {"by": by, **noted}, vault, master)
    keys.start()
    return keys


def open_vault_keys(path: Path, sources: Mapping[str, MasterKey]) -> VaultKeys:
    """Open a key file with what its master key comes by; raises KeyUnusable or UsageError."""
    if os.name != "nt" and path.is_file() and path.stat().st_mode & 0o077:
        raise KeyUnusable(f"{display(path)}: other users can read the key; say: chmod 600 {display(path)}")
    words = _read(path)
    try:
        unlock, vault = dict(words["unlock"]), str(words["vault"])
        by = str(unlock["by"])
    except (KeyError, TypeError, ValueError) as error:
        raise KeyUnusable(f"{display(path)}: is damaged; restore it from a backup") from error
    keys = VaultKeys(path, unlock, vault, _source(by, sources).again(vault, unlock))
    keys.reload()
    return keys


def _source(by: str, sources: Mapping[str, MasterKey]) -> MasterKey:
    if by not in sources:
        raise UsageError(f"a master key comes by {', '.join(sources)}, not by {display(by)}")
    return sources[by]


def _read(path: Path) -> dict[str, Any]:
    try:
        words = json.loads(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot read the vault's key file ({error.strerror}); name it") from error
    except ValueError as error:
        raise KeyUnusable(f"{display(path)}: is damaged; restore it from a backup") from error
    if not isinstance(words, dict) or words.get("kind") != _KIND:
        raise KeyUnusable(f"{display(path)}: is no key file of a vault")
    return words
