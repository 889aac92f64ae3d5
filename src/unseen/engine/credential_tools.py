"""Certificates for content credentials made, and credentials of files shown and checked, all without a network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unseen.adapters.files_output import write_private
from unseen.core.credentials import media_type_of
from unseen.core.formats import KEEPABLE, is_video
from unseen.core.names import display
from unseen.engine.needs import need_c2pa
from unseen.errors import OutputTaken, UnreadableInput, UnsupportedInput
from unseen.verify.containers.findings import Malformed
from unseen.verify.credentials import Told, form_findings, told
from unseen.verify.metadata import findings_text, scan
from unseen.verify.streams import scan_video

__all__ = ["KEY", "ROOT", "SIGNER", "Checked", "check", "make_identity", "show"]

#: What a folder with a new certificate holds: the certificate, its private key, and what vouches for it.
SIGNER, KEY, ROOT = "signer.pem", "signer.key", "root.pem"


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a file is as it was signed, what speaks against it, who signed, whether the certificate is vouched for
    by the root that was named, and what is in its credentials beside what Unseen writes, "" for nothing.

    What C2PA's hash leaves out, as free space in an MP4, speaks against a file of our own form where it is in use.
    """

    intact: bool
    failures: tuple[str, ...]
    issuer: str
    vouched: bool
    foreign: str
    told: Told | None


def make_identity(folder: Path, name: str, years: int) -> None:
    """Write a certificate, its private key and the root that vouches for it to new files in a folder.

    Raises UsageError, OutputTaken or OutputFailed.
    """
    need_c2pa()
    from unseen.adapters.certificates import make_certificate

    taken = [each for each in (SIGNER, KEY, ROOT) if (folder / each).exists()]
    if taken:
        raise OutputTaken(f"{display(folder / taken[0])}: is there already; choose another folder")
    leaf, private, root = make_certificate(name, years, datetime.now(UTC))
    write_private(folder / KEY, [private], "the key")
    for each, data, what in ((ROOT, root, "the root's certificate"), (SIGNER, leaf, "the certificate")):
        write_private(folder / each, [data], what)
        (folder / each).chmod(0o644)


def check(path: Path, root: Path | None) -> Checked:
    """Check a file's content credentials; raises UnreadableInput, UnsupportedInput or DamagedInput."""
    need_c2pa()
    from unseen.adapters.credentials_c2pa import read_credentials

    found = read_credentials(path, _media_type(path), b"" if root is None else _roots(root))
    if found is None:
        raise UnsupportedInput(f"{display(path.name)}: has no content credentials")
    failures = tuple(each for each in found.failures if each != "signingCredential.untrusted")
    foreign = form_findings(path)
    beyond = () if foreign else _beyond(path)
    return Checked(
        intact=found.state in ("Valid", "Trusted") and not beyond,
        failures=failures + beyond,
        issuer=found.issuer,
        vouched=root is not None and found.state == "Trusted",
        foreign=findings_text(foreign) if foreign else "",
        told=None if foreign else _told(path),
    )


def _beyond(path: Path) -> tuple[str, ...]:
    """Return what the whole of a file of our own holds beside pictures, sound and what may be kept."""
    if is_video(path.name):
        return scan_video(path, keep=frozenset({"audio", "datetime", "credentials"}))[:1]
    found = scan(path.read_bytes(), keep=frozenset({*KEEPABLE, "credentials"}))
    return (findings_text(found[:1]),) if found else ()


def show(path: Path) -> dict[str, Any]:
    """Return a file's active manifest as plain values; raises UnreadableInput, UnsupportedInput or DamagedInput."""
    need_c2pa()
    from unseen.adapters.credentials_c2pa import read_credentials

    found = read_credentials(path, _media_type(path))
    if found is None:
        raise UnsupportedInput(f"{display(path.name)}: has no content credentials")
    return dict(found.manifest)


def _told(path: Path) -> Told | None:
    try:
        return told(path)
    except Malformed:
        return None


def _media_type(path: Path) -> str:
    kind = media_type_of(path.name)
    if kind is None:
        raise UnsupportedInput(f"{display(path.name)}: is of a kind that cannot have content credentials")
    return kind


def _roots(root: Path) -> bytes:
    try:
        data = root.read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{display(root)}: cannot be read ({error.strerror}); check the name") from error
    if b"BEGIN CERTIFICATE" not in data:
        raise UnsupportedInput(f"{display(root)}: holds no certificate; name the signer's root.pem")
    return data
