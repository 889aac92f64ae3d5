"""Content credentials through c2pa-python: written and read without a network, a thumbnail or a time-stamp server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from unseen.core.credentials import REDACTION, Signatory, Statement
from unseen.core.names import display
from unseen.errors import DamagedInput, OutputFailed, UnreadableInput, UnsupportedInput, UsageError

__all__ = ["C2paCredentials", "Read", "read_credentials"]

_PARENT = "original"
_LIBRARIES = {"linux": "libc2pa_c.so", "darwin": "libc2pa_c.dylib", "win32": "c2pa_c.dll"}
_PLATFORMS = (
    "", "apple-darwin", "unknown-linux-gnu", "pc-windows-msvc", "universal-apple-darwin", "aarch64-apple-darwin",
    "x86_64-apple-darwin", "x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc", "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
)  # fmt: skip
_NO = {"enabled": False}
#: Everything that would reach for a network, copy a picture, or add a word that we did not say, is off.
_SETTINGS: dict[str, Any] = {
    "version": 1,
    "core": {"allowed_network_hosts": [], "allow_redirects": False, "decode_identity_assertions": False},
    "verify": {
        "verify_after_reading": True,
        "verify_after_sign": True,
        "verify_trust": True,
        "ocsp_fetch": False,
        "remote_manifest_fetch": False,
    },
    "builder": {
        "thumbnail": _NO,
        "actions": {"auto_created_action": _NO, "auto_opened_action": _NO, "auto_placed_action": _NO},
        "auto_timestamp_assertion": _NO,
        "prefer_box_hash": False,
        "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient", REDACTION],
    },
}


@dataclass(frozen=True, slots=True)
class C2paCredentials:
    """Writes statements into files, signed; the original stands in them as a bare "there was one"."""

    signatory: Signatory
    version: str

    def embed(self, source: Path, target: Path, media_type: str, statement: Statement) -> None:
        """Write a copy of a file with its credentials; raises OutputFailed and leaves nothing then."""
        c2pa = _library()
        who = self.signatory
        manifest = json.dumps(_manifest(statement, self.version))
        try:
            info = c2pa.C2paSignerInfo(who.algorithm, who.chain, who.key, None)
            with (
                source.open("rb") as read,
                target.open("w+b") as written,
                c2pa.Context.from_dict(_SETTINGS) as context,
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(manifest, context) as builder,
            ):
                builder.sign(signer, media_type, read, written)
        except (c2pa.C2paError, OSError) as error:
            target.unlink(missing_ok=True)
            why = error.strerror if isinstance(error, OSError) else _kind(error)
            way = "check the certificate" if why == "Signature" else "free some space, or leave the file out"
            raise OutputFailed(f"the content credentials cannot be written ({why}); {way}") from error
        except BaseException:
            target.unlink(missing_ok=True)
            raise


@dataclass(frozen=True, slots=True)
class Read:
    """What is read of a file's credentials: "Trusted", "Valid" or "Invalid", what speaks against them, who signed
    with which certificate, and the active manifest as plain values."""

    state: str
    failures: tuple[str, ...]
    issuer: str
    manifest: Mapping[str, Any]


def read_credentials(path: Path, media_type: str, roots: bytes = b"") -> Read | None:
    """Return a file's credentials, checked against its bytes and, with `roots` (PEM), against whom they are trusted by.

    None where it has none. Raises UnreadableInput, UnsupportedInput, or DamagedInput for what is no such file.
    """
    c2pa, name = _library(), display(path.name)
    settings = {**_SETTINGS, "trust": {"trust_anchors": roots.decode("ascii", "replace")}} if roots else _SETTINGS
    try:
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(media_type, file, context=context) as reader,
        ):
            told = json.loads(reader.json())
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check its permissions") from error
    except c2pa.C2paError as error:
        if _kind(error) == "ManifestNotFound":
            return None
        raise _unread(error, name) from error
    manifest = told["manifests"][told["active_manifest"]]
    signed = manifest.get("signature_info") or {}
    failures = told.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = tuple(dict.fromkeys(str(each.get("code")) for each in failures))
    return Read(str(told.get("validation_state")), codes, str(signed.get("issuer") or "?"), manifest)


def _unread(error: Exception, name: str) -> UnsupportedInput | DamagedInput:
    if _kind(error) == "NotSupported":
        return UnsupportedInput(f"{name}: is no file that can have content credentials")
    return DamagedInput(f"{name}: its content credentials cannot be read ({_kind(error)}); it was changed or cut")


def _manifest(statement: Statement, version: str) -> dict[str, Any]:
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}
    return {
        "claim_generator_info": [{"name": "Unseen", "version": version}],
        "ingredients": [{"relationship": "parentOf", "label": _PARENT}],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [opened, statement.edited()]}},
            {"label": REDACTION, "data": statement.redaction()},
        ],
    }


def _kind(error: Exception) -> str:
    """Return an error's kind alone: its text may quote the file."""
    word = str(error).partition(":")[0].strip()
    return word if word.isidentifier() else type(error).__name__.lstrip("_")


@cache
def _library() -> Any:
    """Import c2pa; raises UsageError where it would load a library from the working folder, as it looks there first."""
    here, name = Path.cwd(), _LIBRARIES.get(sys.platform, "")
    places = [here / above / below / name for above in ("", "artifacts", "libs") for below in _PLATFORMS]
    if name and any(os.path.lexists(place) for place in places):
        raise UsageError(f"this folder holds a {name}, which would be run; work in another folder")
    import c2pa

    return c2pa
