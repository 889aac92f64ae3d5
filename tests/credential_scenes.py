"""A certificate for tests, files that it signed, and files that other programs gave credentials to."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pillow_heif
from PIL import Image

from tests.adapters.video_clips import scene
from unseen.adapters.certificates import make_certificate, read_signatory
from unseen.adapters.credentials_c2pa import C2paCredentials, read_credentials
from unseen.adapters.video_av import open_writer
from unseen.core.credentials import Facts, Signatory, Statement, area_of, distinct, media_type_of
from unseen.core.receipts import Verdict
from unseen.core.regions import Box
from unseen.core.video import ColourTags, VideoFrame, VideoInfo

#: One of each container that can carry credentials; the WebP has an odd number of bytes in its block.
FORMS = ("a.jpg", "a.png", "a.webp", "a.gif", "a.avif", "a.heic", "a.mp4", "a.mov")
FACTS = Facts(
    "a" * 64, "b" * 64, {"centerface": "c" * 64}, {"face": "fill", "plate": "solid", "text": "mosaic:5"},
    ("unseen-ledger/0123456789abcdef", 7, "d" * 64),
)  # fmt: skip
_FILM = VideoInfo(
    container="mp4", codec="h264", width=64, height=48, rate=Fraction(25), time_base=Fraction(1, 12800),
    pixel_format="yuv420p", colour=ColourTags(1, 1, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """A certificate, its key and its root as files."""

    certificate: Path
    key: Path
    root: Path

    @property
    def signatory(self) -> Signatory:
        return read_signatory(self.certificate, self.key, datetime.now(UTC))

    @property
    def options(self) -> tuple[str, ...]:
        return ("--credentials", str(self.certificate), "--credentials-key", str(self.key))


@cache
def _pems(name: str) -> tuple[bytes, bytes, bytes]:
    return make_certificate(name, 1, datetime.now(UTC))


def identity(folder: Path, name: str = "City of Example") -> Identity:
    """Write a certificate of one organisation, always the same within a run of tests."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Identity(folder / "signer.pem", folder / "signer.key", folder / "root.pem")
    for path, data in zip((made.certificate, made.key, made.root), _pems(name), strict=True):
        path.write_bytes(data)
    made.key.chmod(0o600)
    return made


def statement(*boxes: Box) -> Statement:
    """Return what is said of a picture of 96 x 64 pixels in which boxes are hidden."""
    return Statement(FACTS, Verdict("pass", ("face",), ("plate",)), distinct(area_of(box, 96, 64) for box in boxes))


def media_of(path: Path) -> str:
    """Return what C2PA calls a file."""
    kind = media_type_of(path.name)
    assert kind is not None
    return kind


def picture(path: Path) -> Path:
    """Write a small photo or video with nothing in it but pixels."""
    pixels = np.random.default_rng(3).integers(60, 200, (64, 96, 3), dtype=np.uint8)
    if path.suffix in (".mp4", ".mov"):
        with open_writer(path, _FILM) as writer:
            for index in range(4):
                writer.write(VideoFrame(scene(index, 64, 48, _FILM.pixel_format), index, 1024 + index * 512))
    elif path.suffix == ".heic":
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(path)
    else:
        Image.fromarray(pixels).save(path)
    return path


def signed(folder: Path, name: str, said: Statement | None = None) -> tuple[Path, Path]:
    """Write a picture and a copy with credentials; return both."""
    folder.mkdir(parents=True, exist_ok=True)
    plain, copy = picture(folder / f"plain-{name}"), folder / name
    writer = C2paCredentials(identity(folder / "id").signatory, "0.1.0")
    writer.embed(plain, copy, media_of(copy), statement(Box(10, 9, 40, 40)) if said is None else said)
    return plain, copy


def by_others(source: Path, title: str, folder: Path, *, parent: Path | None = None) -> bytes:
    """Return a file with credentials as other programs write them: title, thumbnail, the parent with its picture."""
    who = identity(folder).signatory
    first: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    if parent is not None:
        first = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
    manifest: dict[str, Any] = {
        "title": title,
        "claim_generator_info": [{"name": "Camera", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [first]}}],
    }
    kind, out = media_of(source), io.BytesIO()
    with (
        c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": True}}}) as context,
        c2pa.Signer.from_info(c2pa.C2paSignerInfo(who.algorithm, who.chain, who.key, None)) as signer,
        c2pa.Builder(json.dumps(manifest), context) as builder,
    ):
        if parent is not None:
            said = json.dumps({"title": title, "relationship": "parentOf", "label": "parent"})
            builder.add_ingredient(said, media_of(parent), io.BytesIO(parent.read_bytes()))
        builder.sign(signer, kind, io.BytesIO(source.read_bytes()), out)
    return out.getvalue()


def flipped(data: bytes, at: int) -> bytes:
    """Return bytes with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def is_intact(path: Path, root: Path) -> bool:
    """Whether C2PA's own reader finds a file as it was signed by somebody whom a root vouches for."""
    found = read_credentials(path, media_of(path), root.read_bytes())
    return found is not None and found.state == "Trusted" and not found.failures
