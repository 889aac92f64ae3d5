"""Live cameras: where pictures come from, where they go, and how a job and its encoded pictures are told."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from unseen.core.access import Access
from unseen.core.counts import Counting
from unseen.core.live_address import CAMERA_NAME, SCHEME, looks_like_address, mask_url
from unseen.core.names import display
from unseen.core.recipe import Recipe
from unseen.errors import Refused, UsageError

__all__ = [
    "MOST_LOOK_AHEAD",
    "CameraSource",
    "Listening",
    "LiveJob",
    "Segments",
    "StreamHead",
    "Target",
    "Unit",
    "UnitKind",
    "is_loopback",
    "mask_url",
    "parse_source",
    "parse_target",
]

SourceKind = Literal["rtsp", "http", "webcam", "file"]
TargetKind = Literal["http", "rtsp", "segments"]
UnitKind = Literal["jpeg", "h264", "mp4"]

#: Seconds that a frame may wait at most.
MOST_LOOK_AHEAD = 10.0

_NAMED = re.compile(rf"({CAMERA_NAME})=(.+)", re.S)
#: What stands where a name does, and holds no sign that a password may be behind or in front of.
_MISNAMED = re.compile(r"([^=/\\:@?&]*)=(.+)", re.S)
_WEBCAM = re.compile(r"/dev/video\d+|webcam:(\d+)")
_CAMERA = "{camera}"
_TAKEN = ("status", "metrics")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own loopback address; names other than localhost are not trusted to be."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class CameraSource:
    """A camera: its name in addresses and metrics, and where its pictures come from; `url` may hold a password."""

    name: str
    kind: SourceKind
    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        return mask_url(self.url)


def _never(_: str) -> bool:
    return False


def parse_source(text: str, number: int, *, exists: Callable[[str], bool] = _never) -> CameraSource:
    """Read "[NAME=]SOURCE"; without a name it is camera1, camera2 ... by `number`, which counts from 0.

    A source is rtsp://, rtsps://, http:// or https:// (MJPEG), /dev/video0 or webcam:0, or a file; a file that looks
    like an address is one only if it `exists`. Raises UsageError.
    """
    if not text.strip():
        raise UsageError("a source is empty; name rtsp://, http://, a webcam or a file")
    name, rest = _named(text, f"camera{number + 1}", exists)
    if name in _TAKEN:
        raise UsageError(f"a camera cannot be called {name}, which is a page of its own; give it another name")
    scheme = SCHEME.match(rest)
    if scheme is None:
        webcam = _WEBCAM.fullmatch(rest)
        if webcam:
            return CameraSource(name, "webcam", f"/dev/video{webcam[1]}" if webcam[1] else rest)
        if looks_like_address(rest) and not exists(rest):
            raise UsageError(
                f"{name}: neither an address nor a file that is there; write rtsp://USER:PASSWORD@HOST/PATH, "
                "or check the file's name"
            )
        return CameraSource(name, "file", rest)
    word = scheme[1].lower()
    if word not in ("rtsp", "rtsps", "http", "https"):
        raise UsageError(f"{mask_url(rest)}: no camera is read by {word}; name rtsp://, http://, a webcam or a file")
    _split(rest)
    return CameraSource(name, "rtsp" if word.startswith("rtsp") else "http", rest)


def _named(text: str, otherwise: str, exists: Callable[[str], bool]) -> tuple[str, str]:
    """Divide a word into a camera's name and what is behind it; raises UsageError if it cannot be called so."""
    named, misnamed = _NAMED.fullmatch(text), _MISNAMED.fullmatch(text)
    if misnamed is None or (exists(text) and not _is_source(misnamed[2], exists)):
        return otherwise, text
    if named is None and _is_source(misnamed[2], exists):
        raise UsageError(
            f"{display(misnamed[1])}: a camera cannot be called so; a name has up to 32 letters, digits, - and _, "
            "and begins with a letter or digit"
        )
    return (named[1], named[2]) if named else (otherwise, text)


def _is_source(text: str, exists: Callable[[str], bool]) -> bool:
    return bool(SCHEME.match(text) or _WEBCAM.fullmatch(text) or exists(text.removeprefix("@")))


@dataclass(frozen=True, slots=True)
class Target:
    """Where hidden pictures go; `url` may hold a password. `host` and `port` are set for what listens."""

    kind: TargetKind
    url: str = field(repr=False)
    host: str = ""
    port: int = 0
    tls: bool = False

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        return mask_url(self.url)

    def for_camera(self, name: str) -> str:
        """Return the address for one camera: "{camera}" stands for its name."""
        return self.url.replace(_CAMERA, name)


def parse_target(text: str, *, cameras: int = 1, exists: Callable[[str], bool] = _never) -> Target:
    """Read a target: http://HOST:PORT or https://HOST:PORT listens, rtsp:// pushes, anything else is a folder.

    Raises UsageError; with several cameras an rtsp:// address needs "{camera}" in it. A folder that looks like an
    address has to begin with "/" or ".", and is one only if it `exists`, so that none is made of a mistyped address.
    """
    if not text.strip():
        raise UsageError("a target to --publish to is empty; name http://, https://, rtsp:// or a folder")
    scheme = SCHEME.match(text)
    if scheme is None:
        if looks_like_address(text) and not (text.startswith(("/", ".")) and exists(text)):
            raise UsageError(
                "a target looks like an address but is none; write http://HOST:PORT or rtsp://USER:PASSWORD@HOST/PATH, "
                "or make the folder and write its whole path"
            )
        return Target("segments", text)
    word, parts = scheme[1].lower(), _split(text)
    if word in ("rtsp", "rtsps"):
        if cameras > 1 and _CAMERA not in text:
            raise UsageError(f"{mask_url(text)}: several cameras need {_CAMERA} in the address, to tell them apart")
        return Target("rtsp", text)
    if word not in ("http", "https"):
        raise UsageError(
            f"{mask_url(text)}: nothing is published by {word}; name http://, https://, rtsp:// or a folder"
        )
    if parts.path not in ("", "/") or parts.query or parts.username or not parts.hostname:
        raise UsageError(f"{mask_url(text)}: an address to listen at is http://HOST:PORT, without a path or a user")
    port = parts.port if parts.port is not None else (443 if word == "https" else 80)
    return Target("http", text, parts.hostname, port, word == "https")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{mask_url(url)}: is no address; check host and port, and escape the password") from error
    if not parts.hostname:
        raise UsageError(f"{mask_url(url)}: names no host; write it as in rtsp://HOST:554/PATH")
    return parts


@dataclass(frozen=True, slots=True)
class Listening:
    """How viewers get in: certificate and key of TLS as PEM files, and the token that they have to know."""

    certificate: Path | None = None
    key: Path | None = None
    token: str | None = field(default=None, repr=False)

    def check(self, target: Target) -> None:
        """Raise Refused unless the target is on loopback, or has TLS and a token; UsageError without a certificate."""
        if not is_loopback(target.host) and not (target.tls and self.token):
            raise Refused(
                f"{target.shown}: listens beyond this machine, which needs TLS and a token; "
                "say https:// with --tls-cert, --tls-key and --token-file, or listen at 127.0.0.1"
            )
        if target.tls and (self.certificate is None or self.key is None):
            raise UsageError(f"{target.shown}: https needs --tls-cert and --tls-key")


@dataclass(frozen=True, slots=True)
class Segments:
    """How files are cut and kept: seconds of each, seconds and bytes of all of a camera's (None: no limit)."""

    seconds: float = 60.0
    keep_seconds: float | None = 24 * 3600.0
    keep_bytes: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds >= 1):
            raise UsageError(f"a segment lasts at least 1 second, got {self.seconds}")
        for what in (self.keep_seconds, self.keep_bytes):
            if what is not None and not what > 0:
                raise UsageError(f"what is kept must be more than 0, got {what}")


@dataclass(frozen=True, slots=True)
class LiveJob:
    """One call of `unseen live`.

    `look_ahead` is how many seconds a frame waits, so that what is found a little later is hidden in it, too; `looks`
    is how many frames a second are looked at, at most; `side` the longer side in pixels of what is looked at. `loop`
    begins files again at their end. `stop_after` seconds end the run, None goes on until it is told to stop.
    `purpose` and `actor` say what it is done for, and by whom.
    `counting` asks for counts of what passes before the camera, which need no target. `read` are the files that the job
    was read from, which must stay as they are.
    """

    sources: tuple[CameraSource, ...]
    targets: tuple[Target, ...]
    recipe: Recipe
    look_ahead: float = 0.4
    looks: float = 8.0
    side: int = 640
    loop: bool = False
    listening: Listening = field(default_factory=Listening)
    segments: Segments = field(default_factory=Segments)
    policy_file: Path | None = None
    device: str = "auto"
    report: Path | None = None
    stop_after: float | None = None
    purpose: str | None = None
    actor: str | None = None
    counting: Counting | None = None
    read: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        _check_between("look-ahead", self.look_ahead * 1000, 100.0, MOST_LOOK_AHEAD * 1000, "milliseconds")
        _check_between("number of looks", self.looks, 0.5, 60.0, "a second")
        _check_between("side", self.side, 160, 1920, "pixels")
        if self.stop_after is not None and not self.stop_after > 0:
            raise UsageError(f"the run must last more than 0 seconds, got {self.stop_after}")
        if self.counting is not None:
            self._check_counting(self.counting)
        elif not self.sources or not self.targets:
            raise UsageError("a live job needs a source and a target; name a camera, and where to --publish it")
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"two cameras are called {twice[0]}; give each a name of its own, as in door=rtsp://...")
        for target in self.targets:
            if target.kind == "http":
                self.listening.check(target)

    @property
    def access(self) -> Access:
        """For what, by whom and under which policy it is done."""
        return Access(self.purpose, self.actor, self.policy_file)

    def _check_counting(self, counting: Counting) -> None:
        if len(self.sources) != 1:
            raise UsageError("a scene belongs to one camera; count each camera in a run of its own")
        if counting.starts:
            raise UsageError("live counts have the time of this machine's clock; leave --start out")


def _check_between(what: str, value: float, least: float, most: float, unit: str) -> None:
    if not least <= value <= most:
        raise UsageError(f"the {what} must be from {least:g} to {most:g} {unit}, got {value:g}")


@dataclass(frozen=True, slots=True)
class StreamHead:
    """What a viewer needs before the first picture of a stream: size, rate, codec (RFC 6381) and MP4's first part."""

    width: int
    height: int
    rate: Fraction
    codec: str
    init: bytes = field(repr=False)
    parameters: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """One encoded picture: a JPEG, an H.264 access unit (Annex B), or a fragment of MP4 (ISO/IEC 14496-12).

    `at` is its time in seconds; `key` says that decoding can begin here; `head` belongs to H.264 and MP4, `ticks` is
    MP4's own time.
    """

    kind: UnitKind
    data: bytes = field(repr=False)
    at: float
    key: bool = True
    head: StreamHead | None = None
    ticks: int = 0
