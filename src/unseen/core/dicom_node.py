"""What a DICOM node is told: where it listens, whom it lets in, where it sends, and where it keeps what waits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from unseen.core.access import Access
from unseen.errors import UsageError

__all__ = [
    "Fate",
    "Gate",
    "NodeFigures",
    "NodeJob",
    "NodeTls",
    "Target",
    "TargetUnavailable",
    "is_title",
    "parse_listen",
    "parse_target",
]

#: What became of an object that was sent: it is there, or the target will never take it.
Fate = Literal["stored", "refused"]


class TargetUnavailable(Exception):
    """The target cannot take anything just now: what waits goes on waiting. The text names nobody."""


_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")


def is_title(text: str) -> bool:
    """Whether a text is an application entity title (PS3.5 6.2: at most 16 characters, no backslash)."""
    return _TITLE.fullmatch(text) is not None


def _title(text: str) -> str:
    """Return an application entity title; raises UsageError."""
    if not is_title(text):
        raise UsageError(f"{text!r} is no AE title; it has 1 to 16 ASCII characters and no backslash")
    return text


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may send: titles and networks; an empty list lets in nobody. Raises UsageError for what is none."""

    titles: frozenset[str] = frozenset()
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def of(cls, titles: str, addresses: str) -> Gate:
        """Return the gate that two lists with commas describe; addresses may be networks ("10.1.0.0/16")."""
        try:
            networks = tuple(ipaddress.ip_network(word.strip()) for word in addresses.split(",") if word.strip())
        except ValueError as error:
            raise UsageError(f"--allow-address: {error}; say an address or a network as 10.1.0.0/16") from error
        return cls(frozenset(_title(word.strip()) for word in titles.split(",") if word.strip()), networks)

    def admits(self, title: str, address: str) -> bool:
        """Whether a peer may send; both have to be on the lists."""
        try:
            there = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = there.ipv4_mapped if isinstance(there, ipaddress.IPv6Address) else None
        known = any(
            (mapped or there) in network for network in self.networks if network.version == (mapped or there).version
        )
        return known and title.strip() in self.titles


@dataclass(frozen=True, slots=True)
class Target:
    """Where cleaned objects go: a C-STORE receiver ("dicom", "dicoms" with TLS) or a STOW-RS service ("http", "https").

    `path` is that of the service up to /studies, "" for C-STORE, of which `title` is the called AE title.
    """

    scheme: Literal["dicom", "dicoms", "http", "https"]
    host: str
    port: int
    title: str = ""
    path: str = ""

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme in ("dicoms", "https")

    def __str__(self) -> str:
        who = f"{self.title}@" if self.title else ""
        return f"{self.scheme}://{who}{self.host}:{self.port}{self.path}"


def parse_target(text: str) -> Target:
    """Return the target of dicom(s)://TITLE@HOST:PORT or http(s)://HOST:PORT/PATH; raises UsageError."""
    help_ = (
        "say dicom://TITLE@HOST:PORT, dicoms://TITLE@HOST:PORT (TLS), or the http(s):// address of a STOW-RS service"
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--forward: no address; {help_}") from error
    if parts.scheme not in ("dicom", "dicoms", "http", "https") or not parts.hostname:
        raise UsageError(f"--forward: no address; {help_}")
    if parts.scheme in ("http", "https"):
        if parts.username or parts.password:
            raise UsageError("--forward: no name and password in an address, which others see; use --forward-auth FILE")
        standard = 443 if parts.scheme == "https" else 80
        path = parts.path.rstrip("/")
        path = path if path.endswith("/studies") else f"{path}/studies"
        return Target("https" if standard == 443 else "http", parts.hostname, port or standard, path=path)
    if not parts.username or port is None or parts.path.strip("/"):
        raise UsageError(f"--forward: title or port is missing; {help_}")
    scheme: Literal["dicom", "dicoms"] = "dicoms" if parts.scheme == "dicoms" else "dicom"
    return Target(scheme, parts.hostname, port, _title(parts.username))


def parse_listen(text: str) -> tuple[str, str, int]:
    """Return title, address and port of TITLE@ADDRESS:PORT; raises UsageError."""
    title, _, where = text.rpartition("@")
    host, _, port = where.rpartition(":")
    if not title or not host or not port.isdigit() or int(port) > 65535:
        raise UsageError("--listen: say TITLE@ADDRESS:PORT, as UNSEEN@127.0.0.1:11112; port 0 takes a free one")
    return _title(title), host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class NodeTls:
    """Certificate and key of this node, and the certificates of those whom it trusts; paths of PEM files."""

    certificate: Path | None = None
    key: Path | None = None
    trusted: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise UsageError("--tls-cert and --tls-key belong together; name both")


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """What a node did since it started: objects received and cleaned, not released, forwarded, refused by the target;
    how many wait, and what is wrong with the target just now; how many the policy refused, and the SHA-256 of it."""

    received: int = 0
    not_released: int = 0
    forwarded: int = 0
    refused: int = 0
    waiting: int = 0
    trouble: str = ""
    denied: int = 0
    policy: str = ""

    def __str__(self) -> str:
        counts = f"{self.received} received, {self.forwarded} forwarded, {self.waiting} waiting"
        bad = f", {self.not_released} not released" if self.not_released else ""
        bad += f", {self.refused} refused by the target" if self.refused else ""
        bad += f", {self.denied} refused by the policy" if self.denied else ""
        bad += f", policy {self.policy}" if self.policy else ""
        return f"{counts}{bad}" + (f" ({self.trouble})" if self.trouble else "")


@dataclass(frozen=True, slots=True)
class NodeJob:
    """One node: it listens as `title` at `host`:`port`, and keeps what waits in `folder`.

    `most_waiting` objects at most wait for the target; further ones are refused for the time being, so that senders
    keep them. `access` says what it is done for, by whom and under which policy.
    """

    title: str
    host: str
    port: int
    gate: Gate
    target: Target
    folder: Path
    key_file: Path
    tls: NodeTls = field(default_factory=NodeTls)
    listen_secure: bool = False
    auth_file: Path | None = None
    most_waiting: int = 100_000
    access: Access = field(default_factory=Access)

    def __post_init__(self) -> None:
        if not self.gate.titles or not self.gate.networks:
            raise UsageError("nobody may send: name --allow-title and --allow-address")
        if self.listen_secure and self.tls.certificate is None:
            raise UsageError("--tls needs --tls-cert and --tls-key")
        if self.most_waiting < 1:
            raise UsageError(f"--most-waiting must be at least 1, got {self.most_waiting}")
